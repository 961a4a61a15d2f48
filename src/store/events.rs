//! Events: each is kept once, whoever saw it first.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::time;
use crate::domain::chronicle::VersionSeen;
use crate::domain::event::{Event, EventKind, Turn};

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

/// Keeps that things began or ended, all or none; says of each whether that is news.
pub(super) fn turns(connection: &mut Connection, turns: &[Turn]) -> rusqlite::Result<Vec<bool>> {
    // The lock comes before the look, so that of several processes one is the first.
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let news = turns.iter().map(|one| turn(&step, one)).collect::<rusqlite::Result<_>>()?;
    step.commit()?;
    Ok(news)
}

/// False when that is how it is known to stand already; what is not known to have begun cannot end.
fn turn(step: &Connection, Turn { of, note, event }: &Turn) -> rusqlite::Result<bool> {
    let changed = match event.kind {
        EventKind::AlertResolved => {
            step.execute("DELETE FROM seen WHERE fleet = ?1 AND of = ?2", params![event.fleet, of])?
        }
        _ => step.execute(
            "INSERT INTO seen (fleet, of, what, time) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![event.fleet, of, note, event.time.timestamp_millis()],
        )?,
    };
    if changed == 0 {
        return Ok(false);
    }
    let count: i64 = step.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))?;
    record(step, &Event { key: format!("{of}\u{1f}{count}"), ..event.clone() })
}

/// What has begun and not ended of a fleet, of everything whose name begins so, with the event that it began with.
pub(super) fn standing(connection: &Connection, fleet: &str, prefix: &str) -> rusqlite::Result<Vec<Turn>> {
    let mut statement = connection.prepare(
        "SELECT e.fleet, e.key, e.time, e.kind, e.service, e.environment, e.host, e.text, s.of, s.what
         FROM seen s JOIN events e ON e.fleet = s.fleet AND e.key BETWEEN s.of || char(31) AND s.of || char(32)
         WHERE s.fleet = ?1 AND substr(s.of, 1, length(?2)) = ?2 ORDER BY s.of, e.seq DESC",
    )?;
    let rows = statement.query_map([fleet, prefix], |row| Ok((event(row)?, row.get(8)?, row.get(9)?)))?;
    let mut all: Vec<Turn> = Vec::new();
    for row in rows {
        let (event, of, note) = row?;
        // The newest of each comes first.
        if let (Some(event), true) = (event, all.last().is_none_or(|last| last.of != of)) {
            all.push(Turn { of, note, event });
        }
    }
    Ok(all)
}

/// Keeps a version; true when another was kept before.
pub(super) fn saw_version(connection: &mut Connection, seen: &VersionSeen) -> rusqlite::Result<bool> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let kept = step.query_row(
        "SELECT what, time FROM seen WHERE fleet = ?1 AND of = ?2",
        params![seen.fleet, seen.of()],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)),
    );
    let kept = kept.optional()?;
    if kept.as_ref().is_some_and(|(_, at)| *at > seen.seen.timestamp_millis()) {
        return Ok(false);
    }
    step.execute(
        "INSERT INTO seen (fleet, of, what, time) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET what = excluded.what, time = excluded.time",
        params![seen.fleet, seen.of(), seen.version, seen.seen.timestamp_millis()],
    )?;
    let news = match &kept {
        Some((before, at)) if *before != seen.version => {
            record(&step, &seen.event(before, time(*at).unwrap_or(DateTime::UNIX_EPOCH)))?
        }
        _ => false,
    };
    step.commit()?;
    Ok(news)
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
    connection.execute("DELETE FROM seen WHERE time < ?1", [oldest])?;
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
            let one = Turn { of: of.to_owned(), note: "page".to_owned(), event: Event { kind, ..event("", 40) } };
            assert_eq!(turns(&mut connection, &[one]).unwrap(), [news], "{of} {kind:?}");
        }
        let left = standing(&connection, "acme", "x").unwrap();
        let left: Vec<_> = left.iter().map(|one| (&*one.of, &*one.note, one.event.kind, &*one.event.key)).collect();
        assert_eq!(
            left,
            [
                ("x", "page", EventKind::AlertFiring, "x\u{1f}102"),
                ("xy", "page", EventKind::AlertFiring, "xy\u{1f}100")
            ]
        );
        assert_eq!(standing(&connection, "acme", "xy").unwrap().len(), 1);
        assert_eq!(standing(&connection, "beta", "").unwrap(), []);
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
