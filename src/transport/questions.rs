//! What only a person can answer, asked once.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use secrecy::{ExposeSecret, SecretString};

use super::Asker;
use crate::domain::host::HostName;
use crate::domain::question::{Answer, Question};

/// What a person said to the question for one passphrase; `Some(None)` is a refusal. Held while it is asked for, so that
/// twenty hosts with one key ask once, and nobody waits for another key's.
type Given = Arc<tokio::sync::Mutex<Option<Option<SecretString>>>>;

/// Puts questions, and remembers the answers that hold for the whole run.
pub(super) struct Questions {
    asker: Arc<dyn Asker>,
    passphrases: Mutex<HashMap<PathBuf, Given>>,
    /// Host keys accepted for this run, by the name that they were looked up under.
    accepted: Mutex<HashSet<(String, Vec<u8>)>>,
}

impl Questions {
    /// Nothing asked yet.
    pub fn new(asker: Arc<dyn Asker>) -> Self {
        Self { asker, passphrases: Mutex::default(), accepted: Mutex::default() }
    }

    /// Puts a question.
    pub async fn ask(&self, question: Question) -> Answer {
        self.asker.ask(question).await.unwrap_or(Answer::Refuse)
    }

    /// The passphrase of a key file, asked for at most once; `None` when refused.
    pub async fn passphrase(&self, identity: &Path, host: &HostName) -> Option<SecretString> {
        let given = self.given(identity);
        let mut given = given.lock().await;
        if let Some(answer) = &*given {
            return answer.clone();
        }
        let question = Question::Passphrase { identity: identity.display().to_string(), host: host.clone() };
        let answer = match self.ask(question).await {
            Answer::Secret(secret) => Some(secret),
            _ => None,
        };
        *given = Some(answer.clone());
        answer
    }

    /// A passphrase that was wrong; unless another one was given meanwhile, it is asked for anew.
    pub async fn forget_passphrase(&self, identity: &Path, wrong: &SecretString) {
        let given = self.given(identity);
        let mut given = given.lock().await;
        if let Some(Some(answer)) = &*given
            && answer.expose_secret() == wrong.expose_secret()
        {
            *given = None;
        }
    }

    /// A person wants another try: what was refused may be asked again.
    pub fn forget_refusals(&self) {
        for given in self.passphrases.lock().expect("nothing panics under this lock").values() {
            // Who holds it is asking just now.
            if let Ok(mut given) = given.try_lock()
                && matches!(*given, Some(None))
            {
                *given = None;
            }
        }
    }

    fn given(&self, identity: &Path) -> Given {
        let mut passphrases = self.passphrases.lock().expect("nothing panics under this lock");
        Arc::clone(passphrases.entry(identity.to_owned()).or_default())
    }

    /// Accepts a host key for this run.
    pub fn accept(&self, name: &str, blob: &[u8]) {
        self.accepted.lock().expect("nothing panics under this lock").insert((name.to_owned(), blob.to_vec()));
    }

    /// The host keys accepted for this run under a name.
    pub fn accepted(&self, name: &str) -> Vec<Vec<u8>> {
        let accepted = self.accepted.lock().expect("nothing panics under this lock");
        accepted.iter().filter(|(known, _)| known == name).map(|(_, blob)| blob.clone()).collect()
    }

    /// Whether a host key was accepted for this run.
    pub fn is_accepted(&self, name: &str, blob: &[u8]) -> bool {
        let key = (name.to_owned(), blob.to_vec());
        self.accepted.lock().expect("nothing panics under this lock").contains(&key)
    }
}
