//! From a connected socket to an authenticated session. Blocks its thread; a shutdown of the socket ends it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ssh2::{ErrorCode, MethodType, Session};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::auth;
use super::wire::Wire;
use crate::domain::host::{LinkError, LinkErrorKind};
use crate::domain::question::{Answer, Question};
use crate::domain::settings::HostKeyPolicy;
use crate::domain::text::one_line;
use crate::transport::connector::Connector;
use crate::transport::error::{QUOTED, fail};
use crate::transport::host_key;
use crate::transport::known_hosts::{KnownHosts, Verdict, fingerprint, key_type};
use crate::transport::link::LinkCell;
use crate::transport::remote::Failed;
use crate::transport::resolve::Target;

/// libssh2's names for errors (libssh2.h).
mod code {
    pub const BANNER_RECV: i32 = -2;
    pub const KEX_FAILURE: i32 = -5;
    pub const KEY_EXCHANGE_FAILURE: i32 = -8;
    pub const TIMEOUT: i32 = -9;
    pub const HOSTKEY_INIT: i32 = -10;
    pub const SOCKET_DISCONNECT: i32 = -13;
    pub const METHOD_NONE: i32 = -17;
    pub const METHOD_NOT_SUPPORTED: i32 = -33;
    pub const SOCKET_RECV: i32 = -43;
}

/// The host key algorithms that are offered: those that sign without SHA-1, in OpenSSH's order.
const HOST_KEY_ALGORITHMS: [(&str, &str); 6] = [
    ("ssh-ed25519", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    ("ssh-rsa", "rsa-sha2-512"),
    ("ssh-rsa", "rsa-sha2-256"),
];

/// What a session is made for, and whom to ask.
pub(super) struct Context {
    pub target: Arc<Target>,
    pub connector: Arc<Connector>,
    pub link: LinkCell,
    pub runtime: Handle,
    /// Where the outcome goes; closed when nobody waits for this session any more.
    pub outcome: oneshot::Sender<Result<(), Failed>>,
    pub patience: Patience,
    /// The turn to shake hands; given up while a person is asked.
    pub turn: Option<OwnedSemaphorePermit>,
}

/// The time that is left for connecting. Waiting for a person does not count.
pub(super) struct Patience {
    until: Instant,
}

impl Patience {
    /// Starts now.
    pub fn new(all: Duration) -> Self {
        Self { until: Instant::now() + all }
    }

    /// What is left, for the next blocking call; never zero, which libssh2 takes for no limit.
    pub fn apply(&self, session: &Session) {
        let left = self.until.saturating_duration_since(Instant::now()).max(Duration::from_millis(50));
        session.set_timeout(u32::try_from(left.as_millis()).unwrap_or(u32::MAX));
    }

    /// Gives back the time that a person took.
    fn extend(&mut self, by: Duration) {
        self.until += by;
    }
}

impl Context {
    /// Puts a question and waits, unless nobody waits for the session any more.
    pub fn wait<T>(&mut self, answer: impl Future<Output = T>) -> Option<T> {
        let begun = Instant::now();
        self.turn = None;
        let outcome = &mut self.outcome;
        let answer = self.runtime.block_on(async {
            tokio::select! {
                answer = answer => Some(answer),
                () = outcome.closed() => None,
            }
        });
        self.patience.extend(begun.elapsed());
        answer
    }

    /// Puts a question.
    pub fn ask(&mut self, question: Question) -> Answer {
        let connector = Arc::clone(&self.connector);
        self.wait(connector.questions.ask(question)).unwrap_or(Answer::Refuse)
    }
}

/// Shakes hands, checks the host key and authenticates.
pub(super) fn open(wire: &Arc<Wire>, context: &mut Context) -> Result<Session, Failed> {
    let target = Arc::clone(&context.target);
    let broken = |error: ssh2::Error| handshake_error(&target, &error, "algorithm");
    let mut session = Session::new().map_err(broken)?;
    let known = KnownHosts::load(target.known_hosts.iter().map(std::path::PathBuf::as_path));
    session.method_pref(MethodType::HostKey, &preference(&known.types(&target.known_as))).map_err(broken)?;
    session.set_compress(target.compression);
    session.set_tcp_stream(Arc::clone(wire));
    context.patience.apply(&session);
    session.handshake().map_err(|error| handshake_error(&target, &error, missing(&session)))?;
    check_host_key(&session, &known, context)?;
    auth::authenticate(&session, context)?;
    Ok(session)
}

/// The algorithms to offer: those of the known keys first, so that a host with several keys shows one that is known.
fn preference(known: &[&str]) -> String {
    let (first, rest): (Vec<_>, Vec<_>) = HOST_KEY_ALGORITHMS.iter().partition(|(kind, _)| known.contains(kind));
    let names: Vec<&str> = first.iter().chain(&rest).map(|(_, algorithm)| *algorithm).collect();
    names.join(",")
}

/// What libssh2 and the server have none of in common, where they agree on too little: it picks a key exchange and a host
/// key type together, then ciphers, then MACs.
fn missing(session: &Session) -> &'static str {
    let none = |kinds: [MethodType; 2]| kinds.into_iter().any(|kind| session.methods(kind).is_none());
    if none([MethodType::Kex, MethodType::HostKey]) {
        "key exchange method or host key type"
    } else if none([MethodType::CryptCs, MethodType::CryptSc]) {
        "cipher"
    } else if none([MethodType::MacCs, MethodType::MacSc]) {
        "MAC"
    } else {
        "algorithm"
    }
}

fn handshake_error(target: &Target, error: &ssh2::Error, missing: &str) -> Failed {
    let (host, place) = (&target.host, target.place());
    let (ErrorCode::Session(code) | ErrorCode::SFTP(code)) = error.code();
    let said = one_line(error.message(), QUOTED);
    Failed::Link(match code {
        code::TIMEOUT => silent(target),
        code::KEX_FAILURE
        | code::KEY_EXCHANGE_FAILURE
        | code::METHOD_NONE
        | code::METHOD_NOT_SUPPORTED
        | code::HOSTKEY_INIT => {
            return Failed::Negotiation(fail(
                LinkErrorKind::Protocol,
                format!("{host}: libssh2 and {place} have no {missing} in common ({said})"),
                "set transport = \"openssh\" for it, which knows more of them, or update its sshd",
            ));
        }
        code::SOCKET_DISCONNECT | code::SOCKET_RECV => fail(
            LinkErrorKind::Protocol,
            format!("{host}: {place} closed the connection during the handshake"),
            "see sshd's log there: MaxStartups, a firewall, or TCP wrappers",
        ),
        code::BANNER_RECV => fail(
            LinkErrorKind::Protocol,
            format!("{host}: {place} did not say that it speaks SSH"),
            "see whether the port is sshd's; else MaxStartups or TCP wrappers may refuse this machine",
        ),
        _ => fail(
            LinkErrorKind::Protocol,
            format!("{host}: the handshake with {place} failed: {said}"),
            "try transport = \"openssh\" for it",
        ),
    })
}

/// The server has stopped answering.
pub(super) fn silent(target: &Target) -> LinkError {
    fail(
        LinkErrorKind::Unreachable,
        format!("{}: {} took the connection but does not answer", target.host, target.place()),
        "the host may be frozen or overloaded; see its console",
    )
}

fn check_host_key(session: &Session, known: &KnownHosts, context: &mut Context) -> Result<(), LinkError> {
    let target = Arc::clone(&context.target);
    let host = &target.host;
    let Some((blob, _)) = session.host_key() else {
        return Err(fail(LinkErrorKind::Protocol, format!("{host}: it showed no host key"), "see its sshd"));
    };
    let kind = one_line(key_type(blob).unwrap_or("unknown"), QUOTED);
    let print = fingerprint(blob);
    let verdict = known.check(&target.known_as, blob);
    match &verdict {
        Verdict::Known => return Ok(()),
        Verdict::Changed(place) => {
            return Err(fail(
                LinkErrorKind::HostKeyChanged,
                format!("{host}: its {kind} key {print} is not the one in {place}"),
                format!(
                    "somebody may be in between; when the host was rebuilt, check the key on its console and remove \
                     that line (ssh-keygen -R '{}' -f {})",
                    target.known_as,
                    place.file.display()
                ),
            ));
        }
        Verdict::Revoked(place) => {
            return Err(fail(
                LinkErrorKind::HostKeyChanged,
                format!("{host}: its {kind} key {print} is marked @revoked in {place}"),
                "do not connect: the key is known to be compromised; give the host a new one",
            ));
        }
        Verdict::Unknown | Verdict::OtherTypes(_) => {}
    }
    if context.connector.questions.is_accepted(&target.known_as, blob) {
        return Ok(());
    }
    let other = match &verdict {
        Verdict::OtherTypes(place) => format!(" (a key of another type is known: {place})"),
        _ => String::new(),
    };
    let unknown = |remedy: &str| host_key::unknown(&target, &kind, &print, &other, remedy);
    let keep = |blob: &[u8]| host_key::keep(&target, blob);
    match target.host_keys {
        HostKeyPolicy::Strict => Err(unknown(&format!(
            "compare it with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_*.pub there), then add it to known_hosts \
             (ssh {host}, or ssh-keyscan)"
        ))),
        HostKeyPolicy::AcceptNew if verdict == Verdict::Unknown => keep(blob),
        HostKeyPolicy::AcceptNew | HostKeyPolicy::Ask => {
            let error = unknown(host_key::ACCEPT);
            context.link.asking_host_key(error.clone());
            let answer = context.ask(Question::HostKey {
                host: host.clone(),
                address: target.place(),
                key_type: kind.clone(),
                fingerprint: print.clone(),
            });
            match answer {
                Answer::AcceptAndSave => keep(blob)?,
                Answer::AcceptOnce => {}
                Answer::Refuse | Answer::Secret(_) => return Err(error),
            }
            context.connector.questions.accept(&target.known_as, blob);
            context.link.connecting();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types_are_offered_first_and_sha1_never() {
        assert!(preference(&[]).starts_with("ssh-ed25519,"));
        assert!(preference(&["ssh-rsa"]).starts_with("rsa-sha2-512,rsa-sha2-256,ssh-ed25519,"));
        assert!(preference(&["ecdsa-sha2-nistp384", "ssh-dss"]).starts_with("ecdsa-sha2-nistp384,ssh-ed25519,"));
        for known in [&["ssh-rsa"][..], &[]] {
            assert!(!preference(known).split(',').any(|name| name == "ssh-rsa"));
            assert_eq!(preference(known).split(',').count(), HOST_KEY_ALGORITHMS.len());
        }
    }
}
