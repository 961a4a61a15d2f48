//! The audit: rows that are only ever added, each bound to the one before by a hash.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use crate::domain::audit::AuditRow;

/// What the first row is bound to.
const GENESIS: [u8; 32] = [0; 32];

/// What is wrong with the audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit was tampered with or damaged at row {seq}: {why}")]
pub struct BrokenChain {
    /// The first row that does not fit.
    pub seq: i64,
    /// In which way.
    pub why: &'static str,
}

/// The audit as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditLog {
    /// The rows, oldest first.
    pub rows: Vec<AuditRow>,
    /// Whether every row since the first fits the one before it.
    pub chain: Result<(), BrokenChain>,
}

fn link(previous: &[u8], body: &str) -> Vec<u8> {
    Sha256::new().chain_update(previous).chain_update(body.as_bytes()).finalize().to_vec()
}

/// Adds a row; it is on the disk when this returns.
pub(super) fn append(connection: &mut Connection, row: &AuditRow) -> rusqlite::Result<()> {
    let body = serde_json::to_string(row).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    // The lock comes before the look, so that two processes never bind to the same row.
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let newest = step.query_row("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| row.get::<_, Vec<u8>>(0));
    let previous = newest.optional()?.unwrap_or(GENESIS.to_vec());
    let hash = link(&previous, &body);
    step.execute("INSERT INTO audit (body, hash) VALUES (?1, ?2)", params![body, hash])?;
    step.commit()
}

/// Every row, and whether the whole chain holds.
pub(super) fn read(connection: &mut Connection) -> rusqlite::Result<AuditLog> {
    let step = connection.transaction()?;
    let given: i64 = step
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'audit'", [], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let mut log = AuditLog { rows: Vec::new(), chain: Ok(()) };
    let mut broken = |seq, why| {
        if log.chain.is_ok() {
            log.chain = Err(BrokenChain { seq, why });
        }
    };
    let (mut previous, mut expected) = (GENESIS.to_vec(), 1);
    let mut statement = step.prepare("SELECT seq, body, hash FROM audit ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, body, hash): (i64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if seq != expected {
            broken(expected, "it is missing");
        }
        if hash != link(&previous, &body) {
            broken(seq, "its hash does not fit");
        }
        match serde_json::from_str(&body) {
            Ok(row) => log.rows.push(row),
            Err(_) => broken(seq, "it cannot be read"),
        }
        (previous, expected) = (hash, seq + 1);
    }
    if expected <= given {
        broken(expected, "it is missing");
    }
    Ok(log)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::{DateTime, TimeDelta};

    use super::super::schema;
    use super::*;
    use crate::domain::audit::{Ending, Verdict};

    fn memory() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection, Path::new("memory")).unwrap();
        connection
    }

    fn row(n: i64) -> AuditRow {
        let time = DateTime::UNIX_EPOCH + TimeDelta::seconds(n);
        AuditRow::End(Ending { id: n.to_string(), time, result: Verdict::Ok, rc: None, ms: 0, hosts: vec![] })
    }

    fn filled() -> Connection {
        let mut connection = memory();
        (1..=5).for_each(|n| append(&mut connection, &row(n)).unwrap());
        connection
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let mut connection = filled();
        let all = read(&mut connection).unwrap();
        assert_eq!(all, AuditLog { rows: (1..=5).map(row).collect(), chain: Ok(()) });
    }

    #[test]
    fn nothing_is_changed_or_removed_by_a_slip() {
        let connection = filled();
        for sql in ["UPDATE audit SET body = ''", "DELETE FROM audit WHERE seq = 2"] {
            assert!(connection.execute(sql, []).unwrap_err().to_string().contains("append-only"), "{sql}");
        }
    }

    #[test]
    fn what_is_done_behind_the_triggers_shows() {
        let cases = [
            ("UPDATE audit SET body = replace(body, '\"3\"', '\"9\"') WHERE seq = 3", 3, "its hash does not fit"),
            ("DELETE FROM audit WHERE seq = 2", 2, "it is missing"),
            ("DELETE FROM audit WHERE seq >= 4", 4, "it is missing"),
            ("UPDATE audit SET hash = x'00' WHERE seq = 1", 1, "its hash does not fit"),
        ];
        for (sql, seq, why) in cases {
            let mut connection = filled();
            connection.execute_batch("DROP TRIGGER audit_keeps; DROP TRIGGER audit_stays;").unwrap();
            connection.execute_batch(sql).unwrap();
            assert_eq!(read(&mut connection).unwrap().chain, Err(BrokenChain { seq, why }), "{sql}");
        }
    }

    #[test]
    fn a_full_disk_takes_no_half_row_and_breaks_nothing() {
        let mut connection = memory();
        let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        connection.pragma_update_and_check(None, "max_page_count", pages + 3, |_| Ok(())).unwrap();
        let mut kept = 0;
        let error = loop {
            match append(&mut connection, &row(kept + 1)) {
                Ok(()) => kept += 1,
                Err(error) => break error,
            }
            assert!(kept < 10_000, "it never fills");
        };
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DiskFull));
        let log = read(&mut connection).unwrap();
        assert_eq!((log.rows.len() as i64, log.chain), (kept, Ok(())));
        connection.pragma_update_and_check(None, "max_page_count", pages + 100, |_| Ok(())).unwrap();
        append(&mut connection, &row(kept + 1)).unwrap();
        assert_eq!(read(&mut connection).unwrap().chain, Ok(()), "room again, and it goes on");
    }
}
