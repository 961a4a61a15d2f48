//! What `qd` remembers from one start to the next: one SQLite file that any number of `qd` share.
//!
//! Every change is one transaction, synced before it is acknowledged (WAL, `synchronous = FULL`): a `kill -9` or a full
//! disk at any moment loses nothing that was acknowledged. A thread of its own does the waiting.

mod audit;
mod error;
mod schema;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::domain::audit::AuditRow;

pub use audit::{AuditLog, BrokenChain};
pub use error::StoreError;

/// The file's name in the state folder.
pub const FILE: &str = "quarterdeck.sqlite3";
/// How many requests may wait.
const QUEUE: usize = 64;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The store. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
}

impl Store {
    /// Opens the store in a state folder; makes both where they are missing, for their owner alone.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let (opened, done) = oneshot::channel();
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let file = path.clone();
        let worker = std::thread::Builder::new().name("qd-store".to_owned()).spawn(move || {
            let mut connection = match connect(&file) {
                Ok(connection) => connection,
                Err(error) => return drop(opened.send(Err(error))),
            };
            let _ = opened.send(Ok(()));
            while let Some(job) = queue.blocking_recv() {
                job(&mut connection);
            }
        });
        worker.map_err(|error| StoreError::Open { path: path.clone(), why: error.to_string() })?;
        done.await.map_err(|_| gone(&path))??;
        Ok(Self { path, jobs })
    }

    /// Adds a row to the audit; it is on the disk when this returns.
    pub async fn append(&self, row: AuditRow) -> Result<(), StoreError> {
        self.ask(move |connection| audit::append(connection, &row)).await
    }

    /// The audit's rows, and whether its chain holds.
    pub async fn audit(&self) -> Result<AuditLog, StoreError> {
        self.ask(audit::read).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| drop(answer.send(job(connection))));
        self.jobs.send(job).await.map_err(|_| gone(&self.path))?;
        answered.await.map_err(|_| gone(&self.path))?.map_err(|error| StoreError::of(&self.path, &error))
    }
}

/// The thread has ended, which only a panic in it does.
fn gone(path: &Path) -> StoreError {
    StoreError::Failed { path: path.to_owned(), why: "its thread has ended".to_owned() }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let cannot = |error: std::io::Error| StoreError::Open { path: path.to_owned(), why: error.to_string() };
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
    }
    // SQLite gives the files beside it the same mode.
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(cannot)?;
    let mut connection = Connection::open(path).map_err(|error| StoreError::of(path, &error))?;
    schema::prepare(&mut connection, path)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use chrono::DateTime;

    use super::*;
    use crate::domain::audit::{Ending, Verdict};

    fn row(n: u64) -> AuditRow {
        let time = DateTime::UNIX_EPOCH;
        AuditRow::End(Ending { id: n.to_string(), time, result: Verdict::Ok, rc: None, ms: n, hosts: vec![] })
    }

    #[tokio::test]
    async fn two_handles_on_one_file_write_one_chain_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state/quarterdeck");
        let (one, two) = (Store::open(&state).await.unwrap(), Store::open(&state).await.unwrap());
        for n in 0..20 {
            let (a, b) = tokio::join!(one.append(row(n)), two.append(row(100 + n)));
            a.unwrap();
            b.unwrap();
        }
        let log = one.audit().await.unwrap();
        assert_eq!((log.rows.len(), log.chain), (40, Ok(())));
        for file in fs::read_dir(&state).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        }
    }

    #[tokio::test]
    async fn a_newer_layout_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path()).await.unwrap());
        let connection = Connection::open(folder.path().join(FILE)).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = Store::open(folder.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Store::open(&file.join("state")).await.unwrap_err().to_string();
        assert!(error.contains("file/state"), "{error}");
    }
}
