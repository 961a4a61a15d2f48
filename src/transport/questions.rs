//! What only a person can answer, asked once.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use secrecy::SecretString;

use super::Asker;
use crate::domain::host::HostName;
use crate::domain::question::{Answer, Question};

/// Puts questions, and remembers the answers that hold for the whole run.
pub(super) struct Questions {
    asker: Arc<dyn Asker>,
    /// Held while a passphrase is asked for, so that twenty hosts with one key ask once. `None` is a refusal.
    passphrases: tokio::sync::Mutex<HashMap<PathBuf, Option<SecretString>>>,
    /// Host keys accepted for this run, by the name that they were looked up under.
    accepted: Mutex<HashSet<(String, Vec<u8>)>>,
}

impl Questions {
    /// Nothing asked yet.
    pub fn new(asker: Arc<dyn Asker>) -> Self {
        Self { asker, passphrases: tokio::sync::Mutex::default(), accepted: Mutex::default() }
    }

    /// Puts a question.
    pub async fn ask(&self, question: Question) -> Answer {
        self.asker.ask(question).await.unwrap_or(Answer::Refuse)
    }

    /// The passphrase of a key file, asked for at most once; `None` when refused.
    pub async fn passphrase(&self, identity: &Path, host: &HostName) -> Option<SecretString> {
        let mut known = self.passphrases.lock().await;
        if let Some(answer) = known.get(identity) {
            return answer.clone();
        }
        let question = Question::Passphrase { identity: identity.display().to_string(), host: host.clone() };
        let answer = match self.ask(question).await {
            Answer::Secret(secret) => Some(secret),
            _ => None,
        };
        known.insert(identity.to_owned(), answer.clone());
        answer
    }

    /// A passphrase that was wrong; it is asked for anew.
    pub async fn forget_passphrase(&self, identity: &Path) {
        self.passphrases.lock().await.remove(identity);
    }

    /// A person wants another try: what was refused may be asked again.
    pub async fn forget_refusals(&self) {
        self.passphrases.lock().await.retain(|_, answer| answer.is_some());
    }

    /// Accepts a host key for this run.
    pub fn accept(&self, name: &str, blob: &[u8]) {
        self.accepted.lock().expect("nothing panics under this lock").insert((name.to_owned(), blob.to_vec()));
    }

    /// Whether a host key was accepted for this run.
    pub fn is_accepted(&self, name: &str, blob: &[u8]) -> bool {
        let key = (name.to_owned(), blob.to_vec());
        self.accepted.lock().expect("nothing panics under this lock").contains(&key)
    }
}
