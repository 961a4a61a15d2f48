//! The layout of the store, and how an older one becomes it.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::error::StoreError;

/// Each step from one layout to the next; a layout's number is how many of these it has seen. Never edited, only added
/// to. The triggers keep the audit append-only against slips; against malice there is the chain.
const STEPS: &[&str] = &[
    "
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        body TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
    CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
    ",
    // Times are milliseconds since the epoch.
    "
    CREATE TABLE counters (
        fleet TEXT NOT NULL,
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        unit TEXT NOT NULL,
        span TEXT NOT NULL,
        slot INTEGER NOT NULL,
        time INTEGER NOT NULL,
        figure INTEGER NOT NULL,
        PRIMARY KEY (fleet, account, name, unit, span, slot)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE runs (
        id TEXT NOT NULL PRIMARY KEY,
        fleet TEXT NOT NULL,
        began INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        ended INTEGER,
        body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_by_time ON runs (fleet, began);
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        fleet TEXT NOT NULL,
        key TEXT NOT NULL,
        time INTEGER NOT NULL,
        kind TEXT NOT NULL,
        service TEXT,
        environment TEXT,
        host TEXT,
        text TEXT NOT NULL,
        UNIQUE (fleet, key)
    ) STRICT;
    CREATE INDEX events_by_time ON events (fleet, time);
    ",
    // What was seen last of things whose change is an event, and when that was first seen.
    "
    CREATE TABLE seen (
        fleet TEXT NOT NULL,
        of TEXT NOT NULL,
        what TEXT NOT NULL,
        time INTEGER NOT NULL,
        PRIMARY KEY (fleet, of)
    ) STRICT, WITHOUT ROWID;
    ",
];

/// How long another process may hold the store.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a fresh connection ready: durable at each commit, patient, in the newest layout.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::of(path, &error);
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    // On a file system that cannot share memory SQLite answers with another mode, which is as safe and slower.
    // While another process makes the same change SQLite answers "busy" at once, whatever its timeout.
    let until = Instant::now() + PATIENCE;
    while let Err(error) = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
        let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        if !busy || Instant::now() >= until {
            return Err(failed(error));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    connection.pragma_update(None, "synchronous", "full").map_err(failed)?;
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found: u32 = step.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let known = STEPS.len() as u32;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for sql in STEPS.iter().skip(found as usize) {
        step.execute_batch(sql).map_err(failed)?;
    }
    if found < known {
        step.pragma_update(None, "user_version", known).map_err(failed)?;
    }
    step.commit().map_err(failed)
}
