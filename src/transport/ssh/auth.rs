//! Authentication: the agent's keys, key files, questions, a password; in OpenSSH's order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use ssh2::{Agent as SshAgent, ErrorCode, KeyboardInteractivePrompt, Prompt, PublicKey, Session};

use super::handshake::{Context, silent};
use super::identity::{self, KeyFile};
use crate::domain::host::{LinkError, LinkErrorKind};
use crate::domain::question::{Answer, Question};
use crate::domain::text::one_line;
use crate::transport::error::{QUOTED, fail};
use crate::transport::resolve::{Agent, Target};

/// Keys to try: sshd hangs up at the sixth failure (MaxAuthTries 6).
const KEY_TRIES: usize = 5;
/// How often a passphrase or password is asked for.
const SECRET_TRIES: usize = 3;
/// The most questions of a server that are put to a person in one round.
const PROMPTS: usize = 8;

/// What has been tried, for the error.
#[derive(Default)]
struct Tried {
    notes: Vec<String>,
    keys: usize,
    /// A key that nobody gave the passphrase of.
    locked: Option<String>,
}

/// Why nothing more can be tried on the connection.
#[derive(Clone, Copy, PartialEq)]
enum Broken {
    /// The server ended it: sshd hangs up after too many failures.
    HungUp,
    /// The server did not answer in time, which refuses nothing.
    Silent,
}

/// Whether a try was accepted.
type Accepted = Result<bool, Broken>;

/// Authenticates, or says what was tried.
pub(super) fn authenticate(session: &Session, context: &mut Context) -> Result<(), LinkError> {
    let target = Arc::clone(&context.target);
    let mut tried = Tried::default();
    context.patience.apply(session);
    let mut methods = methods(session, &target);
    let mut done = session.authenticated();
    let mut broken = None;
    if !done && offers(&methods, "publickey") && target.pubkey {
        match keys(session, context, &mut tried) {
            Ok(accepted) => done = accepted,
            Err(how) => broken = Some(how),
        }
        // A key may have been the first of several factors: what is asked for next is another list.
        if !done && broken.is_none() {
            context.patience.apply(session);
            methods = self::methods(session, &target).or(methods);
        }
    }
    if !done && broken.is_none() && offers(&methods, "keyboard-interactive") && target.keyboard_interactive {
        match interactive(session, context, &mut tried) {
            Ok(accepted) => done = accepted,
            Err(how) => broken = Some(how),
        }
    }
    if !done && broken.is_none() && offers(&methods, "password") && target.password {
        match password(session, context, &mut tried) {
            Ok(accepted) => done = accepted,
            Err(how) => broken = Some(how),
        }
    }
    if done { Ok(()) } else { Err(refused(&target, methods.as_deref(), &tried, broken)) }
}

fn refused(target: &Target, methods: Option<&str>, tried: &Tried, broken: Option<Broken>) -> LinkError {
    if broken == Some(Broken::Silent) {
        return silent(target);
    }
    let account = target.account();
    let notes = if tried.notes.is_empty() { "nothing: no key was found".to_owned() } else { tried.notes.join(", ") };
    let Some(methods) = methods else {
        return fail(
            LinkErrorKind::Lost,
            format!("{}: the connection broke while authenticating as {}", target.host, target.user),
            "it is dialed anew",
        );
    };
    let hung_up = if broken.is_some() { " and it hung up (MaxAuthTries, or a lost connection)" } else { "" };
    fail(
        LinkErrorKind::Auth,
        format!("permission denied ({methods}) for {account}{hung_up}; tried {notes}"),
        match &tried.locked {
            Some(key) => format!("unlock the key with ssh-add {key}, or answer where qd asks for its passphrase"),
            None => "correct user or identity_file, or add a key there".to_owned(),
        },
    )
}

/// The methods that the server lists; `None` when it broke off.
fn methods(session: &Session, target: &Target) -> Option<String> {
    match session.auth_methods(&target.user) {
        Ok(list) => Some(one_line(list, QUOTED)),
        Err(_) if session.authenticated() => Some(String::new()),
        Err(_) => None,
    }
}

fn offers(methods: &Option<String>, wanted: &str) -> bool {
    methods.as_ref().is_some_and(|methods| methods.split(',').any(|method| method == wanted))
}

/// Whether a failed try left the connection usable.
fn judge(result: Result<(), ssh2::Error>) -> Accepted {
    /// `LIBSSH2_ERROR_SOCKET_SEND`, `_SOCKET_DISCONNECT`, `_SOCKET_RECV`.
    const HUNG_UP: [i32; 3] = [-7, -13, -43];
    /// `LIBSSH2_ERROR_TIMEOUT`, `_SOCKET_TIMEOUT`.
    const SILENT: [i32; 2] = [-9, -30];
    match result {
        Ok(()) => Ok(true),
        Err(error) => match error.code() {
            ErrorCode::Session(code) if HUNG_UP.contains(&code) => Err(Broken::HungUp),
            ErrorCode::Session(code) if SILENT.contains(&code) => Err(Broken::Silent),
            _ => Ok(false),
        },
    }
}

fn keys(session: &Session, context: &mut Context, tried: &mut Tried) -> Accepted {
    let target = Arc::clone(&context.target);
    let blobs: Vec<Option<Vec<u8>>> = target.identity_files.iter().map(|file| identity::public_blob(file)).collect();
    let held = agent_keys(session, &target, tried);
    let mut in_agent: Vec<Vec<u8>> = Vec::new();
    if let Some((agent, mut keys)) = held {
        // As for ssh: keys that the config names first, in its order, then the agent's others, unless it forbids them.
        let rank = |key: &PublicKey| blobs.iter().position(|blob| blob.as_deref() == Some(key.blob()));
        keys.retain(|key| !target.identities_only || rank(key).is_some());
        keys.sort_by_key(|key| rank(key).unwrap_or(usize::MAX));
        for key in keys {
            if tried.keys >= KEY_TRIES {
                tried.notes.push("no more: a server hangs up after six (IdentitiesOnly limits them)".to_owned());
                return Ok(false);
            }
            tried.keys += 1;
            tried.notes.push(format!("agent key {}", one_line(key.comment(), 60)));
            context.patience.apply(session);
            if judge(agent.userauth(&target.user, &key))? {
                return Ok(true);
            }
            in_agent.push(key.blob().to_vec());
        }
    }
    for (file, blob) in target.identity_files.iter().zip(blobs) {
        let certificate = identity::certificate(file, &target.certificate_files);
        // What the agent has just offered in vain need not be offered again, unless a certificate vouches for it.
        if certificate.is_none() && blob.is_some_and(|blob| in_agent.contains(&blob)) {
            continue;
        }
        if key_file(session, context, tried, file, certificate)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn agent_keys(session: &Session, target: &Target, tried: &mut Tried) -> Option<(SshAgent, Vec<PublicKey>)> {
    let named = match &target.agent {
        Agent::No => return None,
        Agent::Environment => None,
        Agent::Socket(path) => Some(path),
    };
    if named.is_none() && std::env::var_os("SSH_AUTH_SOCK").is_none() {
        return None;
    }
    let mut agent = session.agent().ok()?;
    if let Some(path) = named {
        agent.set_identity_path(path).ok()?;
    }
    if agent.connect().and_then(|()| agent.list_identities()).is_err() {
        tried.notes.push("the agent (it does not answer)".to_owned());
        return None;
    }
    let keys = agent.identities().unwrap_or_default();
    Some((agent, keys))
}

fn key_file(
    session: &Session,
    context: &mut Context,
    tried: &mut Tried,
    file: &Path,
    certificate: Option<PathBuf>,
) -> Accepted {
    let shown = short(file);
    let text = match std::fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        // Default keys that are not there are not worth a word.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if context.target.identity_files.len() == 1 {
                tried.notes.push(format!("{shown} (it does not exist)"));
            }
            return Ok(false);
        }
        Err(error) => {
            tried.notes.push(format!("{shown} (it cannot be read: {error})"));
            return Ok(false);
        }
    };
    let kind = identity::examine(&text);
    if kind == KeyFile::Unusable {
        tried.notes.push(format!("{shown} (not a key that libssh2 reads)"));
        return Ok(false);
    }
    if tried.keys >= KEY_TRIES {
        return Ok(false);
    }
    tried.keys += 1;
    let user = context.target.user.clone();
    let offer = |context: &Context, passphrase: Option<&str>| {
        context.patience.apply(session);
        session.userauth_pubkey_file(&user, certificate.as_deref(), file, passphrase)
    };
    if kind == KeyFile::Plain {
        tried.notes.push(shown);
        return judge(offer(context, None));
    }
    for _ in 0..SECRET_TRIES {
        let Some(passphrase) = passphrase(context, file) else {
            tried.notes.push(format!("{shown} (no passphrase was given)"));
            tried.locked = Some(shown);
            return Ok(false);
        };
        let result = offer(context, Some(passphrase.expose_secret()));
        if !wrong_passphrase(&result) {
            tried.notes.push(shown);
            return judge(result);
        }
        let connector = Arc::clone(&context.connector);
        context.wait(connector.questions.forget_passphrase(file, &passphrase));
    }
    tried.notes.push(format!("{shown} (wrong passphrase)"));
    Ok(false)
}

fn passphrase(context: &mut Context, file: &Path) -> Option<SecretString> {
    let (connector, host) = (Arc::clone(&context.connector), context.target.host.clone());
    context.wait(connector.questions.passphrase(file, &host)).flatten()
}

/// An encrypted key that could not be read: `LIBSSH2_ERROR_FILE` or `LIBSSH2_ERROR_KEYFILE_AUTH_FAILED`.
fn wrong_passphrase(result: &Result<(), ssh2::Error>) -> bool {
    matches!(result, Err(error) if matches!(error.code(), ErrorCode::Session(-16 | -48)))
}

fn interactive(session: &Session, context: &mut Context, tried: &mut Tried) -> Accepted {
    let user = context.target.user.clone();
    for _ in 0..SECRET_TRIES {
        context.patience.apply(session);
        let mut prompter = Prompter { context, refused: false };
        let result = session.userauth_keyboard_interactive(&user, &mut prompter);
        let refused = prompter.refused;
        if judge(result)? {
            return Ok(true);
        }
        if refused {
            tried.notes.push("keyboard-interactive (nobody answered)".to_owned());
            return Ok(false);
        }
    }
    tried.notes.push("keyboard-interactive".to_owned());
    Ok(false)
}

/// Puts a server's questions to a person.
struct Prompter<'c> {
    context: &'c mut Context,
    refused: bool,
}

impl KeyboardInteractivePrompt for Prompter<'_> {
    fn prompt(&mut self, _: &str, instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        let mut answers = Vec::new();
        for prompt in prompts.iter().take(PROMPTS) {
            let text = [instructions, &prompt.text].map(|text| one_line(text, QUOTED)).join(" ");
            // libssh2 takes the answer as plain text and frees it; this copy is gone with the round.
            match secret(self.context, text.trim().to_owned(), prompt.echo) {
                Some(secret) if !self.refused => answers.push(secret.expose_secret().to_owned()),
                _ => {
                    self.refused = true;
                    answers.push(String::new());
                }
            }
        }
        answers
    }
}

fn password(session: &Session, context: &mut Context, tried: &mut Tried) -> Accepted {
    for _ in 0..SECRET_TRIES {
        let prompt = format!("{}'s password:", context.target.account());
        let Some(secret) = secret(context, prompt, false) else {
            tried.notes.push("password (nobody answered)".to_owned());
            return Ok(false);
        };
        context.patience.apply(session);
        if judge(session.userauth_password(&context.target.user, secret.expose_secret()))? {
            return Ok(true);
        }
    }
    tried.notes.push("password".to_owned());
    Ok(false)
}

fn secret(context: &mut Context, prompt: String, echo: bool) -> Option<SecretString> {
    let (host, account) = (context.target.host.clone(), context.target.account());
    match context.ask(Question::Password { host, account, prompt, echo }) {
        Answer::Secret(secret) => Some(secret),
        _ => None,
    }
}

/// A path as people write it.
fn short(file: &Path) -> String {
    let home = directories::BaseDirs::new();
    match home.as_ref().and_then(|dirs| file.strip_prefix(dirs.home_dir()).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => file.display().to_string(),
    }
}
