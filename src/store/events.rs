//! Events: each is kept once, whoever saw it first.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::time;
use crate::domain::event::{Event, EventKind};

/// More than anybody reads; the oldest go first.
const MOST: i64 = 100_000;

/// Keeps an event; false when it is there already.
pub(super) fn record(connection: &Connection, event: &Event) -> rusqlite::Result<bool> {
    let Event { fleet, key, time, kind, service, environment, host, text } = event;
    let changed = connection.execute(
        "INSERT INTO events (fleet, key, time, kind, service, environment, host, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        params![fleet, key, time.timestamp_millis(), kind.as_str(), service, environment, host, text],
    )?;
    Ok(changed == 1)
}

/// Keeps that things began or ended, all or none; says of each whether that is news. Each comes with what it happened to.
pub(super) fn turns(connection: &mut Connection, turns: &[(String, Event)]) -> rusqlite::Result<Vec<bool>> {
    // The lock comes before the look, so that of several processes one is the first.
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let news = turns.iter().map(|(of, event)| turn(&step, of, event)).collect::<rusqlite::Result<_>>()?;
    step.commit()?;
    Ok(news)
}

/// False when that is how it is known to stand already; what is not known to have begun cannot end.
fn turn(step: &Connection, of: &str, event: &Event) -> rusqlite::Result<bool> {
    let newest = step.query_row(
        "SELECT kind FROM events WHERE fleet = ?1 AND key BETWEEN ?2 || char(31) AND ?2 || char(32)
         ORDER BY seq DESC LIMIT 1",
        params![event.fleet, of],
        |row| row.get::<_, String>(0),
    );
    let stands = newest.optional()?.as_deref().and_then(EventKind::of);
    let news = match event.kind {
        EventKind::AlertResolved => stands == Some(EventKind::AlertFiring),
        kind => stands != Some(kind),
    };
    if !news {
        return Ok(false);
    }
    let count: i64 = step.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))?;
    record(step, &Event { key: format!("{of}\u{1f}{count}"), ..event.clone() })
}

/// The newest events of a fleet between two times (both within), oldest first.
pub(super) fn between(
    connection: &Connection,
    fleet: &str,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    most: u32,
) -> rusqlite::Result<Vec<Event>> {
    let mut statement = connection.prepare(
        "SELECT fleet, key, time, kind, service, environment, host, text FROM events
         WHERE fleet = ?1 AND time BETWEEN ?2 AND ?3 ORDER BY time DESC, seq DESC LIMIT ?4",
    )?;
    let times = (since.timestamp_millis(), until.timestamp_millis());
    let rows = statement.query_map(params![fleet, times.0, times.1, most], event)?;
    let mut events: Vec<Event> = rows.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
    events.reverse();
    Ok(events)
}

/// A row; none when a newer `qd` wrote something that is not known here.
fn event(row: &Row<'_>) -> rusqlite::Result<Option<Event>> {
    let kind: String = row.get(3)?;
    let (Some(time), Some(kind)) = (time(row.get(2)?), EventKind::of(&kind)) else { return Ok(None) };
    let (fleet, key, service) = (row.get(0)?, row.get(1)?, row.get(4)?);
    Ok(Some(Event { fleet, key, time, kind, service, environment: row.get(5)?, host: row.get(6)?, text: row.get(7)? }))
}

/// Forgets what is older than a time, and what is too much.
pub(super) fn thin(connection: &Connection, oldest: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM events WHERE time < ?1", [oldest])?;
    connection.execute(
        "DELETE FROM events WHERE seq <= (SELECT seq FROM events ORDER BY seq DESC LIMIT 1 OFFSET ?1)",
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

    fn event(key: &str, seconds: i64) -> Event {
        Event {
            fleet: "acme".to_owned(),
            key: key.to_owned(),
            time: DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds),
            kind: EventKind::Version,
            service: Some("api".to_owned()),
            environment: None,
            host: Some("web-1".to_owned()),
            text: "1.4.2 → 1.5.0".to_owned(),
        }
    }

    #[test]
    fn an_event_is_kept_once_for_each_fleet_and_found_by_its_time() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection, Path::new("memory")).unwrap();
        let beta = Event { fleet: "beta".to_owned(), ..event("a", 10) };
        for (event, first) in [
            (event("a", 10), true),
            (event("a", 11), false),
            (beta, true),
            (event("c", 30), true),
            (event("b", 20), true),
        ] {
            assert_eq!(record(&connection, &event).unwrap(), first, "{event:?}");
        }
        connection
            .execute("INSERT INTO events VALUES (99, 'acme', 'n', 15000, 'newer', NULL, NULL, NULL, '')", [])
            .unwrap();
        let found = |from, to, most| {
            let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            between(&connection, "acme", at(from), at(to), most).unwrap()
        };
        assert_eq!(found(0, 99, 9), [event("a", 10), event("b", 20), event("c", 30)]);
        assert_eq!(found(10, 20, 9), [event("a", 10), event("b", 20)]);
        assert_eq!(found(0, 99, 1), [event("c", 30)], "the newest");
        for (of, kind, news) in [
            ("x", EventKind::AlertResolved, false),
            ("x", EventKind::AlertFiring, true),
            ("xy", EventKind::AlertFiring, true),
            ("x", EventKind::AlertFiring, false),
            ("x", EventKind::AlertResolved, true),
            ("x", EventKind::AlertResolved, false),
            ("xy", EventKind::AlertFiring, false),
            ("x", EventKind::AlertFiring, true),
        ] {
            let one = Event { kind, ..event("", 40) };
            assert_eq!(turns(&mut connection, &[(of.to_owned(), one)]).unwrap(), [news], "{of} {kind:?}");
        }
        connection.execute("DELETE FROM events WHERE time = 40000", []).unwrap();
        let found = |from, to, most| {
            let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            between(&connection, "acme", at(from), at(to), most).unwrap()
        };
        thin(&connection, 20_000).unwrap();
        assert_eq!(found(0, 99, 9), [event("b", 20), event("c", 30)]);
        let again = record(&connection, &event("a", 10)).unwrap();
        assert!(again, "what is forgotten is news again");
    }
}
