//! Rights on a host beyond the login user's: `sudo`, silently, or with a password that a person gave once.
//!
//! A password goes over standard input (`sudo -S`), never into an argument, the environment or a file.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use tokio::sync::Mutex;

use super::loader::quote;
use super::{Asker, ExecSpec, Exit, RemoteCommand, SharedTransport, Stream};
use crate::domain::host::HostName;
use crate::domain::question::{Answer, Question};
use crate::domain::settings::SudoPolicy;

/// How often a password is asked for, as sudo itself does.
const TRIES: usize = 3;
/// How long sudo may take to judge a password: PAM delays a wrong one by some seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// What sudo takes on each host, asked once a session.
pub struct Sudo {
    policy: SudoPolicy,
    asker: Arc<dyn Asker>,
    known: Mutex<HashMap<HostName, Rights>>,
}

/// What sudo takes on one host.
#[derive(Clone)]
pub enum Rights {
    /// Nothing: it lets the login user, or it does not (`sudo -n`).
    Silent,
    /// This password.
    Password(SecretString),
}

impl std::fmt::Debug for Sudo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sudo").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Sudo {
    /// Nothing asked yet.
    pub fn new(policy: SudoPolicy, asker: Arc<dyn Asker>) -> Self {
        Self { policy, asker, known: Mutex::default() }
    }

    /// What sudo takes on a host. A person is asked at most once, and again for a wrong password; who refuses is not
    /// asked again. Waits for the answer, not for the link.
    pub async fn rights(&self, transport: &SharedTransport) -> Rights {
        if self.policy == SudoPolicy::NoPassword {
            return Rights::Silent;
        }
        // Held while it is asked, so that many sources of a host ask once.
        let mut known = self.known.lock().await;
        if let Some(rights) = known.get(transport.host()) {
            return rights.clone();
        }
        match self.ask(transport).await {
            Some(rights) => known.entry(transport.host().clone()).or_insert(rights).clone(),
            None => Rights::Silent,
        }
    }

    /// `None` when the link went away before it was known.
    async fn ask(&self, transport: &SharedTransport) -> Option<Rights> {
        let silent = transport.exec(ExecSpec::script("sudo -n -v", PATIENCE)).collect(1024).await;
        match silent.exit {
            Exit::Code(0) => return Some(Rights::Silent),
            Exit::Code(_) => {}
            _ => return None,
        }
        let host = transport.host();
        for attempt in 0..TRIES {
            let again = if attempt > 0 { "sorry, try again; " } else { "" };
            let question = Question::Password {
                host: host.clone(),
                account: host.to_string(),
                prompt: format!("{again}sudo's password there:"),
                echo: false,
            };
            let Ok(Answer::Secret(password)) = self.asker.ask(question).await else { return Some(Rights::Silent) };
            let rights = Rights::Password(password);
            let spec = ExecSpec::script("exec sudo -k -S -p '' -v", PATIENCE);
            match rights.open(transport, spec).await.collect(1024).await.exit {
                Exit::Code(0) => return Some(rights),
                Exit::Code(_) => {}
                _ => return None,
            }
        }
        Some(Rights::Silent)
    }
}

impl Rights {
    /// A script as it is run with these rights: as root where a shell may run so, else as it is `otherwise`.
    pub fn elevated(&self, script: &str, otherwise: &str) -> String {
        let script = quote(script);
        match self {
            Self::Silent => {
                format!("if sudo -n -l /bin/sh >/dev/null 2>&1; then exec sudo -n /bin/sh -c {script}; fi\n{otherwise}")
            }
            Self::Password(_) => format!("exec sudo -k -S -p '' /bin/sh -c {script}\n"),
        }
    }

    /// Opens a stream whose script begins with sudo, and tells it the password.
    pub async fn open(&self, transport: &SharedTransport, mut spec: ExecSpec) -> Stream {
        let Self::Password(password) = self else { return transport.exec(spec) };
        debug_assert!(matches!(spec.command, RemoteCommand::Script(_)), "sudo is named in a script");
        let stays = std::mem::replace(&mut spec.stdin, true);
        let mut stream = transport.exec(spec);
        if let Some(input) = &stream.input {
            let line = Zeroizing::new(format!("{}\n", password.expose_secret()));
            // A stream that has ended says so by itself.
            let _ = input.send(Bytes::copy_from_slice(line.as_bytes())).await;
        }
        if !stays {
            stream.input = None;
        }
        stream
    }
}
