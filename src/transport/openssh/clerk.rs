//! Answers what an ssh asks while it connects.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::keys::Keys;
use crate::domain::host::{HostName, LinkError, LinkErrorKind};
use crate::domain::question::{Answer, Question};
use crate::transport::askpass::{Desk, Prompt, Said};
use crate::transport::connector::Connector;
use crate::transport::error::{fail, timed_out};
use crate::transport::host_key::{self, unknown};
use crate::transport::link::LinkCell;
use crate::transport::resolve::Target;

/// How many bytes of a key file's path ssh writes into its prompt.
const SHOWN: usize = 100;

/// What answering needs.
pub(super) struct Clerk {
    pub connector: Arc<Connector>,
    pub target: Arc<Target>,
    pub link: LinkCell,
    /// Where accepted keys go; without it ssh does not ask about any.
    pub keys: Option<Arc<Keys>>,
    /// The turn to shake hands; given up while a person is asked.
    pub turn: Option<OwnedSemaphorePermit>,
    /// The passphrase that was last given for a key file.
    pub given: HashMap<PathBuf, SecretString>,
}

impl Clerk {
    /// Answers until the attempt has to end, and says why. A person's time does not count.
    pub async fn serve(&mut self, desk: Option<&Desk>, patience: Duration) -> LinkError {
        let mut until = Instant::now() + patience;
        loop {
            let next = async {
                match desk {
                    Some(desk) => desk.next().await,
                    None => std::future::pending().await,
                }
            };
            let mut visitor = match timeout_at(until, next).await {
                Ok(Ok(visitor)) => visitor,
                // Nobody can ask any more; what it cannot ask, ssh itself will say.
                Ok(Err(_)) => {
                    tokio::time::sleep_until(until).await;
                    return self.late();
                }
                Err(_) => return self.late(),
            };
            let begun = Instant::now();
            let prompt = std::mem::take(&mut visitor.prompt);
            self.turn = None;
            if visitor.notice {
                self.notice(&prompt, visitor.gone()).await;
            } else {
                let said = tokio::select! {
                    said = self.answer(&prompt) => Some(said),
                    () = visitor.gone() => None,
                };
                match said {
                    Some(Ok(said)) => visitor.answer(said).await,
                    // The visitor is kept waiting: with no answer at all ssh would try an empty one.
                    Some(Err(error)) => return error,
                    None => {}
                }
            }
            until += begun.elapsed();
        }
    }

    fn late(&self) -> LinkError {
        timed_out(self.target.host.as_str(), &self.target.place())
    }

    async fn answer(&mut self, prompt: &str) -> Result<Said, LinkError> {
        match Prompt::read(prompt, &self.target.user, &self.target.account()) {
            Prompt::HostKey { name, key_type, fingerprint } => self.host_key(&name, key_type, fingerprint).await,
            Prompt::Passphrase { file } => Ok(self.passphrase(&file).await),
            Prompt::Other { text } => self.secret(text).await,
        }
    }

    /// The passphrase of a key; without one ssh tries the next key.
    async fn passphrase(&mut self, shown: &str) -> Said {
        let whole = |file: &&PathBuf| {
            let name = file.display().to_string();
            name == shown || shown.len() >= SHOWN - 3 && name.starts_with(shown)
        };
        let file = self.target.identity_files.iter().find(whole).cloned().unwrap_or_else(|| PathBuf::from(shown));
        let questions = &self.connector.questions;
        // Asked again: it was wrong.
        if let Some(wrong) = self.given.remove(&file) {
            questions.forget_passphrase(&file, &wrong).await;
        }
        match questions.passphrase(&file, &self.target.host).await {
            Some(passphrase) => {
                self.given.insert(file, passphrase.clone());
                Said::Answer(passphrase)
            }
            None => Said::Nothing,
        }
    }

    /// A password or code. An empty one would be tried, and counted by the server.
    async fn secret(&self, prompt: String) -> Result<Said, LinkError> {
        let account = self.target.account();
        match self.connector.questions.ask(self.question(prompt.clone())).await {
            Answer::Secret(secret) => Ok(Said::Answer(secret)),
            _ => Err(fail(
                LinkErrorKind::Auth,
                format!(
                    "permission denied for {account}: nobody answered when the system's ssh asked for {:?}",
                    prompt.trim_end_matches([':', ' '])
                ),
                "try again and answer, or load a key with ssh-add",
            )),
        }
    }

    fn question(&self, prompt: String) -> Question {
        Question::Password { host: self.target.host.clone(), account: self.target.account(), prompt, echo: false }
    }

    /// Shows what ssh wants done (a touch of a security key), until it is.
    async fn notice(&self, prompt: &str, over: impl Future<Output = ()>) {
        let text = match Prompt::read(prompt, &self.target.user, &self.target.account()) {
            Prompt::Other { text } => text,
            Prompt::HostKey { .. } | Prompt::Passphrase { .. } => String::new(),
        };
        let shown = async {
            let _ = self.connector.questions.ask(self.question(text)).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = over => {}
            () = shown => {}
        }
    }

    async fn host_key(&self, name: &str, key_type: String, fingerprint: String) -> Result<Said, LinkError> {
        let target = &self.target;
        // A ProxyCommand may be an ssh of its own, which asks about another host.
        let other = !name.eq_ignore_ascii_case(&target.known_as);
        let of = if other { format!(" (that is {name}'s, on the way)") } else { String::new() };
        let error = unknown(target, &key_type, &fingerprint, &of, host_key::ACCEPT);
        let (Some(keys), host) = (&self.keys, HostName::clone(&target.host)) else { return Err(error) };
        self.link.asking_host_key(error.clone());
        let address = if other { name.to_owned() } else { target.place() };
        let question = Question::HostKey { host, address, key_type, fingerprint: fingerprint.clone() };
        let kept = match self.connector.questions.ask(question).await {
            Answer::AcceptAndSave => true,
            // What an ssh of the person's own accepts it keeps: that would be more than was said.
            Answer::AcceptOnce if !other => false,
            Answer::AcceptOnce => {
                let remedy = "its ProxyCommand keeps what it accepts: accept it for good, or connect once with ssh";
                return Err(LinkError { remedy: remedy.to_owned(), ..error });
            }
            Answer::Refuse | Answer::Secret(_) => return Err(error),
        };
        if !other {
            keys.accept(fingerprint, kept);
        }
        self.link.connecting();
        Ok(Said::Answer("yes".into()))
    }
}
