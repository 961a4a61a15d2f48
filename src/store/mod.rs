//! What `qd` remembers from one start to the next: one SQLite file that any number of `qd` share.
//!
//! Every change is one transaction, synced before it is acknowledged (WAL, `synchronous = FULL`): a `kill -9` or a full
//! disk at any moment loses nothing that was acknowledged. A thread of its own does the waiting.
//!
//! | what | written by | read by |
//! |---|---|---|
//! | **audit**: [`Store::append`], [`Store::audit`] | every action, before and after | `qd audit`, a second restart |
//! | **runs**: [`Store::save_run`], [`Store::runs`], [`Store::run`] | whoever steers or follows a run, with each change | history of deploys |
//! | **events**: [`Store::record`], [`Store::turns`], [`Store::saw_version`], [`Store::events`] | whoever sees one; the first to do so is told | rulers, what Slack was told |
//! | **counters**: [`Store::keep_counters`], [`Store::counters`] | each refresh of an account | period before, trend |
//!
//! Several fleets share a store, so everything but the audit names its own (`[fleet] name`). The audit is for ever; the
//! rest is forgotten by [`Store::thin`] as `[store]` says, which is called by whoever writes it for long.

mod audit;
mod counters;
mod error;
mod events;
mod runs;
mod schema;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::domain::audit::AuditRow;
use crate::domain::chronicle::VersionSeen;
use crate::domain::counter::{Counter, KeptFigure};
use crate::domain::event::{Event, Turn};
use crate::domain::run::RunRecord;
use crate::domain::settings::StoreSettings;

pub use audit::{AuditLog, BrokenChain};
pub use counters::CountersOf;
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

    /// Writes a run down as it is now; call it at each change of its state or its hosts'. On the disk when this returns.
    /// A save that is older than what is there changes nothing, and neither does one that would have an ended run go on.
    pub async fn save_run(&self, run: RunRecord) -> Result<(), StoreError> {
        self.ask(move |connection| runs::save(connection, &run)).await
    }

    /// The runs of a fleet that began since a time, newest first.
    pub async fn runs(&self, fleet: &str, since: DateTime<Utc>) -> Result<Vec<RunRecord>, StoreError> {
        let fleet = fleet.to_owned();
        self.ask(move |connection| runs::since(connection, &fleet, since)).await
    }

    /// A run by its id.
    pub async fn run(&self, id: &str) -> Result<Option<RunRecord>, StoreError> {
        let id = id.to_owned();
        self.ask(move |connection| runs::one(connection, &id)).await
    }

    /// Keeps an event, once. True for the one `qd` of all on this store that was the first to see it: what is to happen
    /// only once follows from that.
    pub async fn record(&self, event: Event) -> Result<bool, StoreError> {
        self.ask(move |connection| events::record(connection, &event)).await
    }

    /// Keeps the version of a service on a host. True for the one `qd` of all on this store that is the first to see that
    /// it is another than before: that is an event. What was seen earlier than what is kept changes nothing.
    pub async fn saw_version(&self, seen: VersionSeen) -> Result<bool, StoreError> {
        self.ask(move |connection| events::saw_version(connection, &seen)).await
    }

    /// Keeps that things began or ended. True for the one `qd` of all on this store that was the first to see it, and false
    /// when it is known to stand so already.
    pub async fn turns(&self, turns: Vec<Turn>) -> Result<Vec<bool>, StoreError> {
        self.ask(move |connection| events::turns(connection, &turns)).await
    }

    /// What has begun and not ended, of everything whose name begins so.
    pub async fn standing(&self, fleet: &str, prefix: &str) -> Result<Vec<Turn>, StoreError> {
        let (fleet, prefix) = (fleet.to_owned(), prefix.to_owned());
        self.ask(move |connection| events::standing(connection, &fleet, &prefix)).await
    }

    /// The newest `most` events of a fleet between two times (both within), oldest first.
    pub async fn events(
        &self,
        fleet: &str,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let fleet = fleet.to_owned();
        self.ask(move |connection| events::between(connection, &fleet, since, until, most)).await
    }

    /// Keeps what figures are at a time, exactly. Those that are none are left out.
    pub async fn keep_counters(
        &self,
        of: CountersOf,
        at: DateTime<Utc>,
        counters: Vec<Counter>,
    ) -> Result<(), StoreError> {
        self.ask(move |connection| counters::keep(connection, &of, at, &counters)).await
    }

    /// What figures were between two times, oldest first, of each `every` the last. Nothing of after `until` is in it,
    /// whatever is known by now.
    pub async fn counters(
        &self,
        of: CountersOf,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        every: TimeDelta,
    ) -> Result<Vec<KeptFigure>, StoreError> {
        let every = every.num_milliseconds();
        self.ask(move |connection| counters::history(connection, &of, since, until, every)).await
    }

    /// Forgets what is older than the config wants it kept. The audit stays.
    pub async fn thin(&self, settings: StoreSettings, now: DateTime<Utc>) -> Result<(), StoreError> {
        let before = |age| {
            let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
            now.checked_sub_signed(age).unwrap_or(DateTime::<Utc>::MIN_UTC).timestamp_millis()
        };
        let (fine, oldest) = (before(settings.metrics), before(settings.events));
        self.ask(move |connection| {
            let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            counters::thin(&step, fine, oldest)?;
            runs::thin(&step, oldest)?;
            events::thin(&step, oldest)?;
            step.commit()
        })
        .await
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

/// A time as it is kept; none when it is beyond all calendars.
fn time(millis: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis)
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
    async fn an_older_layout_becomes_the_newest_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path()).await.unwrap().append(row(1)).await.unwrap();
        let connection = Connection::open(folder.path().join(FILE)).unwrap();
        connection
            .execute_batch(
                "DROP TABLE counters; DROP TABLE runs; DROP TABLE events; DROP TABLE seen; PRAGMA user_version = 1;",
            )
            .unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        assert_eq!(store.audit().await.unwrap().rows, [row(1)]);
        let (since, until) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
        assert_eq!(store.runs("acme", since).await.unwrap(), []);
        assert_eq!(store.events("acme", since, until, 1).await.unwrap(), []);
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 3);
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
