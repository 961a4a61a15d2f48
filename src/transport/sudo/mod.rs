//! Rights on a host beyond the login user's: `sudo`, silently, or with a password that a person gave once.
//!
//! A password goes over standard input (`sudo -S`), never into an argument, the environment or a file, and nobody but
//! sudo can come to read it, whatever sudoers says:
//!
//! - where sudo lets a shell run, a line that was made up for this stream follows the password, and the root shell
//!   first of all reads up to that line: whether sudo took the password or did not want one, the script's own input
//!   begins behind it ([`shell`]);
//! - where sudo lets only certain programs run, it is told a prompt that was made up for this stream, and the password
//!   is sent when that prompt is seen and not before ([`prompted`]).
//!
//! `-k` everywhere: neither is a ticket of sudo's used, nor left on the host.

mod asking;
mod prompted;
mod shell;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::loader::quote;
use super::{Asker, Backlog, ExecSpec, Exit, RemoteCommand, SharedTransport, Stream};
use crate::domain::host::HostName;
use crate::domain::settings::SudoPolicy;

/// A password that was seen to work this long ago is tried before it is used again: where it was changed meanwhile,
/// many streams that open with the old one would lock the account.
const FRESH: Duration = Duration::from_secs(60);

/// What sudo takes on each host. Each host is asked about by itself: a question that nobody answers holds up only that
/// host's own streams.
pub struct Sudo {
    policy: SudoPolicy,
    asker: Arc<dyn Asker>,
    hosts: Mutex<HashMap<HostName, Place>>,
}

/// What is known of one host. Held while it is asked, so that many sources of a host ask once.
type Place = Arc<tokio::sync::Mutex<Option<Known>>>;

/// What sudo takes on one host.
#[derive(Clone)]
enum Known {
    /// Nothing: it lets the login user, or it does not (`sudo -n`).
    Silent,
    /// Nothing that we have, and why.
    Refused(&'static str),
    /// A password.
    Password {
        /// The password.
        password: SecretString,
        /// Whether a shell may be run with it, or only certain programs.
        shell: bool,
        /// When it was last seen to work.
        seen: Instant,
    },
}

impl std::fmt::Debug for Sudo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sudo").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Sudo {
    /// Nothing asked yet.
    pub fn new(policy: SudoPolicy, asker: Arc<dyn Asker>) -> Self {
        Self { policy, asker, hosts: Mutex::default() }
    }

    /// Opens a stream for a script that is run as root where sudo lets a shell run. Else `otherwise` is run as the login
    /// user (the same script where there is none), which writes `$qd_asroot COMMAND ARGUMENT…` for what needs root.
    /// Where `$qd_asks` is not empty a password is asked for each time, on standard error and standard input: one
    /// command after the other, in the foreground, with these two as they are, and what the caller writes goes nowhere. A
    /// person may be asked first; who refuses
    /// is not asked again before [`Self::retry`]. Waits for the answer, not for the link: the host has to be up.
    pub async fn exec(&self, transport: &SharedTransport, spec: ExecSpec, otherwise: Option<String>) -> Stream {
        let RemoteCommand::Script(script) = &spec.command else { return transport.exec(spec) };
        let otherwise = otherwise.unwrap_or_else(|| script.clone());
        let opened = match self.known(transport).await {
            Some(Known::Password { password, shell: true, .. }) => shell::open(transport, spec, &password).await,
            Some(Known::Password { password, shell: false, .. }) => {
                prompted::open(transport, spec, &otherwise, password)
            }
            Some(Known::Silent | Known::Refused(_)) | None => Ok(transport.exec(silently(spec, &otherwise))),
        };
        opened.unwrap_or_else(|error| refused(format!("no random numbers on this machine: {error}")))
    }

    /// A person wants another try on a host: what was refused may be asked again.
    pub fn retry(&self, host: &HostName) {
        let place = self.place(host);
        // Who holds it is asking just now.
        if let Ok(mut known) = place.try_lock()
            && matches!(*known, Some(Known::Refused(_)))
        {
            *known = None;
        }
    }

    /// Why there are no more rights on a host than those that need no password, where a person was asked for one.
    pub fn why_not(&self, host: &HostName) -> Option<&'static str> {
        match *self.place(host).try_lock().ok()? {
            Some(Known::Refused(why)) => Some(why),
            _ => None,
        }
    }

    fn place(&self, host: &HostName) -> Place {
        let mut hosts = self.hosts.lock().expect("nothing panics under this lock");
        Arc::clone(hosts.entry(host.clone()).or_default())
    }

    /// What sudo takes on a host, asked now where it is not known; `None` when the link went away before that was known.
    async fn known(&self, transport: &SharedTransport) -> Option<Known> {
        if self.policy == SudoPolicy::NoPassword {
            return Some(Known::Silent);
        }
        let place = self.place(transport.host());
        let mut known = place.lock().await;
        if let Some(Known::Password { password, seen, .. }) = &mut *known
            && seen.elapsed() >= FRESH
        {
            match asking::accepts(transport, password, "-v").await? {
                Ok(()) => *seen = Instant::now(),
                Err(_) => *known = None,
            }
        }
        if known.is_none() {
            *known = asking::ask(&*self.asker, transport).await;
        }
        known.clone()
    }
}

/// A script with what needs no password.
fn silently(mut spec: ExecSpec, otherwise: &str) -> ExecSpec {
    if let RemoteCommand::Script(script) = &mut spec.command {
        // `sudo -l` would not do: it answers without a password as soon as any command needs none.
        *script = format!(
            "if sudo -n /bin/sh -c : </dev/null >/dev/null 2>&1; then exec sudo -n /bin/sh -c {}; fi\n\
             qd_asroot='sudo -n --' qd_asks=\n{otherwise}",
            quote(script)
        );
    }
    spec
}

/// Lines that hold a secret, in memory that is zeroed when the last of those who write it to the host lets go of it.
fn secret_lines(password: &SecretString, more: &[&str]) -> Bytes {
    let length = more.iter().map(|line| line.len() + 1).sum::<usize>();
    // Its whole size at once: a buffer that grows leaves copies behind.
    let mut lines = Zeroizing::new(Vec::with_capacity(password.expose_secret().len() + 1 + length));
    for line in std::iter::once(password.expose_secret()).chain(more.iter().copied()) {
        lines.extend_from_slice(line.as_bytes());
        lines.push(b'\n');
    }
    Bytes::from_owner(lines)
}

/// A stream that was never opened.
fn refused(why: String) -> Stream {
    let (stream, producer) = Stream::new(0, false, Backlog::Stall);
    tokio::spawn(producer.outbox.finish(Exit::Refused(why)));
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_line_of_its_own_before_what_follows() {
        let lines = secret_lines(&"open sesame".into(), &["until"]);
        assert_eq!(&lines[..], b"open sesame\nuntil\n");
    }
}
