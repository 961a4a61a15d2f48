//! Servers that ask: passwords, several rounds of questions, a second factor. The sshd of a test cannot (it has no PAM
//! and may not read the system's passwords), so the server is russh's.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quarterdeck::domain::host::{Host, LinkErrorKind, LinkState, TransportChoice};
use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::domain::settings::{HostKeyPolicy, SshSettings};
use quarterdeck::transport::{Asker, Connector, SharedTransport};
use russh::keys::PrivateKey;
use russh::keys::ssh_key::Algorithm;
use russh::server::{Auth, Config, Handler, PublicKeyOffer, Response, VerifiedPublicKey, run_stream};
use russh::{MethodKind, MethodSet};
use tokio::net::TcpListener;

use crate::answers::Answers;
use crate::contract::{until, up};
use crate::sshd::keygen;

/// What a server wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    Password,
    /// A password, then a code, in two rounds.
    Rounds,
    /// A key, then a code.
    KeyAndCode,
    /// What it can get: its prompt looks like one of ssh's own.
    Mischief,
}

impl Wants {
    fn first(self) -> MethodKind {
        match self {
            Self::Password => MethodKind::Password,
            Self::Rounds | Self::Mischief => MethodKind::KeyboardInteractive,
            Self::KeyAndCode => MethodKind::PublicKey,
        }
    }
}

const MISCHIEF: &str = "Enter passphrase for key '/tmp/id': \u{1b}]0;owned\u{7}\u{202e}";

/// One connection to it.
struct Doorman {
    wants: Wants,
    round: usize,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Doorman {
    fn question(text: &'static str, instructions: &'static str, echo: bool) -> Auth {
        let prompts = vec![(Cow::Borrowed(text), echo)];
        Auth::Partial { name: "door".into(), instructions: instructions.into(), prompts: prompts.into() }
    }
}

impl Handler for Doorman {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, _: &str, _: PublicKeyOffer<'_>) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        let next = MethodSet::from(&[MethodKind::KeyboardInteractive][..]);
        Ok(Auth::Reject { proceed_with_methods: Some(next), partial_success: true })
    }

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, russh::Error> {
        self.heard.lock().unwrap().push(password.to_owned());
        let again = MethodSet::from(&[MethodKind::Password][..]);
        let wrong = Auth::Reject { proceed_with_methods: Some(again), partial_success: false };
        Ok(if password == "sesame" { Auth::Accept } else { wrong })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let said: Vec<String> =
            response.into_iter().flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
        self.heard.lock().unwrap().extend(said.iter().cloned());
        let last = said.last().map(String::as_str);
        Ok(match (self.wants, self.round, last) {
            (Wants::Rounds, 0, None) => Self::question("Password: ", "Speak, friend", false),
            (Wants::Rounds, 0, Some("sesame")) => {
                self.round = 1;
                Self::question("Code: ", "", true)
            }
            (Wants::Mischief, 0, None) => Self::question(MISCHIEF, "\u{1b}[2J", false),
            (Wants::KeyAndCode, 0, None) => Self::question("Code: ", "", true),
            (_, _, Some("424242")) => Auth::Accept,
            _ => {
                self.round = 0;
                Auth::reject()
            }
        })
    }
}

/// A server that asks, on a port of its own.
struct Door {
    folder: tempfile::TempDir,
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Door {
    async fn open(wants: Wants) -> Self {
        let folder = tempfile::tempdir().unwrap();
        keygen(&folder.path().join("id"), &["-t", "ed25519", "-N", ""]);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
        let config = Arc::new(Config {
            methods: MethodSet::from(&[wants.first()][..]),
            keys: vec![key],
            auth_rejection_time: Duration::from_millis(50),
            auth_rejection_time_initial: Some(Duration::ZERO),
            ..Config::default()
        });
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = heard.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let doorman = Doorman { wants, round: 0, heard: ears.clone() };
                let config = config.clone();
                tokio::spawn(async move {
                    if let Ok(session) = run_stream(config, stream, doorman).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { folder, port, heard, accepting }
    }

    fn knock(&self, transport: TransportChoice, asker: Arc<dyn Asker>) -> SharedTransport {
        let mut host = Host::named("door", "test");
        host.address = Some("127.0.0.1".into());
        host.port = Some(self.port);
        host.user = Some("ana".into());
        host.identity_file = Some(self.folder.path().join("id"));
        host.transport = transport;
        let empty = self.folder.path().join("ssh_config");
        std::fs::write(&empty, "").unwrap();
        let settings = SshSettings {
            config: Some(empty),
            host_keys: HostKeyPolicy::AcceptNew,
            known_hosts: vec![self.folder.path().join("known_hosts")],
            use_agent: false,
            askpass: Some(env!("CARGO_BIN_EXE_qd").into()),
            ..SshSettings::default()
        };
        Connector::new(settings, vec![], asker).connect(&host)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

const BOTH: [TransportChoice; 2] = [TransportChoice::Ssh2, TransportChoice::OpenSsh];

/// Answers prompts with these, one after the other; then with no.
fn says(answers: &[&str]) -> Arc<Answers> {
    let answers: Mutex<Vec<String>> = Mutex::new(answers.iter().rev().map(|text| (*text).to_owned()).collect());
    Answers::by(move |question| match question {
        Question::Password { .. } => match answers.lock().unwrap().pop() {
            Some(answer) => Answer::Secret(answer.into()),
            None => Answer::Refuse,
        },
        _ => Answer::AcceptOnce,
    })
}

fn prompts(asker: &Answers) -> Vec<(String, bool)> {
    let prompt = |question| match question {
        Question::Password { prompt, echo, .. } => Some((prompt, echo)),
        _ => None,
    };
    asker.asked().into_iter().filter_map(prompt).collect()
}

/// What is shown of the prompts, and whether the answer may be seen: the system's ssh does not say which may, nor what a
/// server says beside its prompts.
fn shown(transport: TransportChoice, prompts: &[(&str, &str, bool)]) -> Vec<(String, bool)> {
    let shown = |(instructions, prompt, echo): &(&str, &str, bool)| match transport {
        TransportChoice::OpenSsh => ((*prompt).to_owned(), false),
        _ => (format!("{instructions} {prompt}").trim().to_owned(), *echo),
    };
    prompts.iter().map(shown).collect()
}

#[tokio::test]
async fn a_password_is_asked_again_when_it_is_wrong() {
    for transport in BOTH {
        let door = Door::open(Wants::Password).await;
        let asker = says(&["swordfish", "sesame"]);
        let t = door.knock(transport, asker.clone());
        up(&t).await;
        assert_eq!(door.heard(), ["swordfish", "sesame"]);
        let asked = ("", "ana@door's password:", false);
        assert_eq!(prompts(&asker), shown(transport, &[asked, asked]));
    }
}

#[tokio::test]
async fn a_password_that_nobody_gives_is_an_error_that_says_so_and_nothing_retries() {
    for transport in BOTH {
        for answers in [&[][..], &["swordfish", "marlin", "carp", "tuna"]] {
            let door = Door::open(Wants::Password).await;
            let t = door.knock(transport, says(answers));
            let link = until(&t, "state auth_failed", |link| link.state == LinkState::AuthFailed).await;
            let error = link.error.unwrap();
            assert_eq!(error.kind, LinkErrorKind::Auth);
            let text = error.to_string();
            let tried = if answers.is_empty() { "nobody answered" } else { "password" };
            assert!(text.contains("ana@door") && text.contains(tried), "{transport:?}: {text}");
            assert!(!answers.iter().any(|secret| text.contains(secret)), "{text}");
            // Without an answer not even an empty one is tried.
            assert_eq!(door.heard(), answers.iter().take(3).copied().collect::<Vec<_>>(), "three tries");
        }
    }
}

#[tokio::test]
async fn every_round_of_questions_reaches_a_person_with_its_words_and_its_echo() {
    for transport in BOTH {
        let door = Door::open(Wants::Rounds).await;
        let asker = says(&["sesame", "424242"]);
        let t = door.knock(transport, asker.clone());
        up(&t).await;
        assert_eq!(door.heard(), ["sesame", "424242"]);
        let asked = [("Speak, friend", "Password:", false), ("", "Code:", true)];
        assert_eq!(prompts(&asker), shown(transport, &asked));
    }
}

#[tokio::test]
async fn a_wrong_code_begins_the_questions_anew() {
    for transport in BOTH {
        let door = Door::open(Wants::Rounds).await;
        let t = door.knock(transport, says(&["sesame", "000000", "sesame", "424242"]));
        up(&t).await;
        assert_eq!(door.heard(), ["sesame", "000000", "sesame", "424242"]);
    }
}

#[tokio::test]
async fn a_key_may_be_only_the_first_factor() {
    for transport in BOTH {
        let door = Door::open(Wants::KeyAndCode).await;
        let asker = says(&["424242"]);
        let t = door.knock(transport, asker.clone());
        up(&t).await;
        assert_eq!(prompts(&asker), shown(transport, &[("", "Code:", true)]), "{transport:?}");
    }
}

#[tokio::test]
async fn a_server_that_pretends_to_be_ssh_is_shown_as_a_server_that_asks() {
    for transport in BOTH {
        let door = Door::open(Wants::Mischief).await;
        let asker = says(&["424242"]);
        let t = door.knock(transport, asker.clone());
        up(&t).await;
        // Never as the question for a passphrase, which would be answered from memory.
        let [(prompt, false)] = &prompts(&asker)[..] else { panic!("{:?}", asker.asked()) };
        assert!(prompt.contains("Enter passphrase"), "{prompt}");
        assert!(!prompt.chars().any(|c| c.is_control() || c == '\u{202e}'), "{prompt:?}");
    }
}
