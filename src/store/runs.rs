//! Runs: a row for each, which is written anew as the run goes on.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::run::RunRecord;

/// More than anybody reads; the oldest go first.
const MOST: i64 = 10_000;

/// Writes a run down, or what is new of it. What is older than what is there, or would have an ended run go on, changes
/// nothing: two `qd` may follow the same run.
pub(super) fn save(connection: &Connection, run: &RunRecord) -> rusqlite::Result<()> {
    let body = serde_json::to_string(run).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection.execute(
        "INSERT INTO runs (id, fleet, began, updated, ended, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET updated = excluded.updated, ended = excluded.ended, body = excluded.body
         WHERE excluded.updated >= updated AND (ended IS NULL OR excluded.ended IS NOT NULL)",
        params![
            run.id,
            run.fleet,
            run.began.timestamp_millis(),
            run.updated.timestamp_millis(),
            run.ended.map(|ended| ended.timestamp_millis()),
            body
        ],
    )?;
    Ok(())
}

/// The newest runs of a fleet that began since a time, newest first.
pub(super) fn since(connection: &Connection, fleet: &str, since: DateTime<Utc>) -> rusqlite::Result<Vec<RunRecord>> {
    let mut statement = connection
        .prepare("SELECT body FROM runs WHERE fleet = ?1 AND began >= ?2 ORDER BY began DESC, id DESC LIMIT ?3")?;
    let rows = statement
        .query_map(params![fleet, since.timestamp_millis(), MOST], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    // What a newer `qd` wrote in words that are not known here is left out.
    Ok(rows.iter().filter_map(|body| serde_json::from_str(body).ok()).collect())
}

/// One run.
pub(super) fn one(connection: &Connection, id: &str) -> rusqlite::Result<Option<RunRecord>> {
    let body = connection.query_row("SELECT body FROM runs WHERE id = ?1", [id], |row| row.get::<_, String>(0));
    Ok(body.optional()?.and_then(|body| serde_json::from_str(&body).ok()))
}

/// Forgets what began before a time, and what is too much.
pub(super) fn thin(connection: &Connection, oldest: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM runs WHERE began < ?1", [oldest])?;
    connection.execute(
        "DELETE FROM runs WHERE began < (SELECT began FROM runs ORDER BY began DESC LIMIT 1 OFFSET ?1)",
        [MOST],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::TimeDelta;

    use super::super::schema;
    use super::*;
    use crate::domain::deployment::DeploymentStatus;
    use crate::domain::run::RunHost;

    fn run(id: &str, began: i64, updated: i64, state: &str) -> RunRecord {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let host = RunHost {
            host: "web-1".to_owned(),
            state: state.to_owned(),
            step: Some("gate".to_owned()),
            from: Some("1.4.2".to_owned()),
            detail: None,
        };
        RunRecord {
            id: id.to_owned(),
            fleet: "acme".to_owned(),
            action: "deploy".to_owned(),
            service: Some("api".to_owned()),
            environment: "production".to_owned(),
            from: None,
            to: Some("1.5.0".to_owned()),
            by: "ana".to_owned(),
            machine: "laptop".to_owned(),
            began: at(began),
            updated: at(updated),
            ended: (state == "done").then(|| at(updated)),
            status: if state == "done" { DeploymentStatus::Success } else { DeploymentStatus::Running },
            detail: None,
            hosts: vec![host],
            job: None,
        }
    }

    fn memory() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection, Path::new("memory")).unwrap();
        connection
    }

    #[test]
    fn a_run_is_as_it_was_last_and_what_has_ended_stays_so() {
        let connection = memory();
        let states = [
            ("staging", 1, "staging"),
            ("going", 5, "going"),
            ("staging", 3, "going"),
            ("done", 9, "done"),
            ("going", 12, "done"),
        ];
        for (state, updated, wanted) in states {
            save(&connection, &run("A", 1, updated, state)).unwrap();
            let kept = one(&connection, "A").unwrap().unwrap();
            assert_eq!(kept.hosts[0].state, wanted, "after {state} at {updated}");
        }
        assert_eq!(one(&connection, "A").unwrap(), Some(run("A", 1, 9, "done")));
        assert_eq!(one(&connection, "B").unwrap(), None);
    }

    #[test]
    fn a_fleets_runs_come_newest_first_and_the_oldest_are_forgotten() {
        let connection = memory();
        for (id, began) in [("A", 10), ("C", 30), ("B", 20)] {
            save(&connection, &run(id, began, began, "done")).unwrap();
        }
        save(&connection, &RunRecord { fleet: "beta".to_owned(), ..run("X", 25, 25, "done") }).unwrap();
        connection.execute("INSERT INTO runs VALUES ('N', 'acme', 1, 1, 1, '{\"of\":\"a newer qd\"}')", []).unwrap();
        let ids = |from: i64| {
            let all = since(&connection, "acme", DateTime::UNIX_EPOCH + TimeDelta::seconds(from)).unwrap();
            all.into_iter().map(|run| run.id).collect::<Vec<_>>()
        };
        assert_eq!((ids(0), ids(20)), (vec!["C".to_owned(), "B".into(), "A".into()], vec!["C".to_owned(), "B".into()]));
        thin(&connection, 20_000).unwrap();
        assert_eq!(ids(0), ["C", "B"]);
    }
}
