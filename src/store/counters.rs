//! What counters were: at most one figure for each five minutes lately, and one a day beyond that.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::time;
use crate::domain::counter::{Counter, KeptFigure, Unit, Window};

/// Within this many milliseconds only the newest figure is kept.
const SLOT: i64 = 5 * 60 * 1000;
/// Slots of a day, which begins at midnight in UTC.
const SLOTS_A_DAY: i64 = 24 * 60 * 60 * 1000 / SLOT;

/// Whose figures they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountersOf {
    /// `[fleet] name`.
    pub fleet: String,
    /// The account, such as `stripe`. Test accounts and live ones are different ones.
    pub account: String,
}

/// Keeps what figures were at a time. What is there and says the same stays as it is.
pub(super) fn keep(
    connection: &mut Connection,
    of: &CountersOf,
    at: DateTime<Utc>,
    counters: &[Counter],
) -> rusqlite::Result<()> {
    let millis = at.timestamp_millis();
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = step.prepare(
            "INSERT INTO counters (fleet, account, name, unit, span, slot, time, figure)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET time = excluded.time, figure = excluded.figure
             WHERE figure <> excluded.figure AND time <= excluded.time",
        )?;
        for counter in counters {
            let Some(figure) = counter.figure else { continue };
            let span = counter.window.map_or(String::new(), Window::name);
            let slot = millis.div_euclid(SLOT);
            let key = (&of.fleet, &of.account, counter.name, counter.unit.word());
            insert.execute(params![key.0, key.1, key.2, key.3, span, slot, millis, figure])?;
        }
    }
    step.commit()
}

/// What figures were between two times, oldest first, of each so many milliseconds the last: nothing of a time after
/// `until` is looked at.
pub(super) fn history(
    connection: &Connection,
    of: &CountersOf,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    every: i64,
) -> rusqlite::Result<Vec<KeptFigure>> {
    // The figure is that of the greatest time: SQLite says so of a query with one max().
    let mut statement = connection.prepare(
        "SELECT name, unit, span, max(time), figure FROM counters
         WHERE fleet = ?1 AND account = ?2 AND time BETWEEN ?3 AND ?4
         GROUP BY name, unit, span, time / ?5 ORDER BY max(time)",
    )?;
    let times = (since.timestamp_millis(), until.timestamp_millis());
    let rows = statement.query_map(params![of.fleet, of.account, times.0, times.1, every.max(1)], kept)?;
    rows.filter_map(Result::transpose).collect()
}

/// A row; none when a newer `qd` wrote something that is not known here.
fn kept(row: &Row<'_>) -> rusqlite::Result<Option<KeptFigure>> {
    let (name, unit, span): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (Some(unit), Some(time)) = (Unit::of(&unit), time(row.get(3)?)) else { return Ok(None) };
    let window = match span.as_str() {
        "" => None,
        span => match Window::of(span) {
            None => return Ok(None),
            known => known,
        },
    };
    Ok(Some(KeptFigure { name, unit, window, time, figure: row.get(4)? }))
}

/// Forgets what is older than `oldest`, and all but the last of each day that is older than `fine`.
pub(super) fn thin(connection: &Connection, fine: i64, oldest: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM counters WHERE time < ?1", [oldest])?;
    connection.execute(
        "DELETE FROM counters WHERE time < ?1 AND EXISTS (
             SELECT 1 FROM counters AS later
             WHERE (later.fleet, later.account, later.name, later.unit, later.span)
                 = (counters.fleet, counters.account, counters.name, counters.unit, counters.span)
             AND later.slot > counters.slot AND later.slot < (counters.slot / ?2 + 1) * ?2)",
        [fine, SLOTS_A_DAY],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::schema;
    use super::*;
    use crate::domain::counter::Past;
    use crate::domain::money::Currency;

    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn memory() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection, Path::new("memory")).unwrap();
        connection
    }

    fn of(account: &str) -> CountersOf {
        CountersOf { fleet: "acme".to_owned(), account: account.to_owned() }
    }

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    fn counter(name: &'static str, unit: Unit, window: Option<Window>, figure: Option<i64>) -> Counter {
        let source = "stripe".to_owned();
        Counter {
            name,
            title: name,
            definition: "",
            source,
            unit,
            window,
            figure,
            previous: None,
            past: Past::default(),
        }
    }

    fn mrr(figure: i64) -> Counter {
        counter("mrr", Unit::Money(Currency::new("usd").unwrap()), None, Some(figure))
    }

    /// What is kept of one account, as times and figures.
    fn figures(connection: &Connection, account: &str, until: i64) -> Vec<(i64, i64)> {
        let kept = history(connection, &of(account), at(0), at(until), 1).unwrap();
        kept.into_iter().map(|kept| (kept.time.timestamp_millis(), kept.figure)).collect()
    }

    #[test]
    fn every_unit_and_window_comes_back_exactly_and_none_is_mixed_with_another() {
        let mut connection = memory();
        let money = |code| Unit::Money(Currency::new(code).unwrap());
        let all = [
            counter("mrr", money("usd"), None, Some(i64::MAX)),
            counter("mrr", money("jpy"), None, Some(-13_600)),
            counter("mrr", money("kwd"), None, Some(1_250)),
            counter("customers", Unit::Count, None, Some(0)),
            counter("logo_churn_pct", Unit::Percent, Some(Window::Days(30)), Some(377)),
            counter("signups", Unit::Count, Some(Window::Today), Some(3)),
            counter("arpu", money("eur"), None, None),
        ];
        keep(&mut connection, &of("stripe"), at(7), &all).unwrap();
        keep(&mut connection, &of("stripe (test)"), at(7), &[mrr(1)]).unwrap();
        let mut kept: Vec<_> = history(&connection, &of("stripe"), at(7), at(7), 1).unwrap();
        kept.sort_by_key(|kept| (kept.name.clone(), kept.unit));
        let mut wanted: Vec<KeptFigure> = all[..6]
            .iter()
            .map(|one| KeptFigure {
                name: one.name.to_owned(),
                unit: one.unit,
                window: one.window,
                time: at(7),
                figure: one.figure.unwrap(),
            })
            .collect();
        wanted.sort_by_key(|kept| (kept.name.clone(), kept.unit));
        assert_eq!(kept, wanted);
        let elsewhere = CountersOf { fleet: "beta".to_owned(), ..of("stripe") };
        assert_eq!(history(&connection, &elsewhere, at(0), at(DAY), 1).unwrap(), []);
    }

    #[test]
    fn lately_each_change_of_five_minutes_is_kept_and_later_the_last_of_a_day() {
        let mut connection = memory();
        let day = 20_000 * DAY;
        for minute in 0..12 {
            keep(&mut connection, &of("stripe"), at(day + minute * MINUTE), &[mrr(minute)]).unwrap();
        }
        let times =
            |figures: Vec<(i64, i64)>| figures.iter().map(|(time, _)| (time - day) / MINUTE).collect::<Vec<_>>();
        assert_eq!(times(figures(&connection, "stripe", day + DAY)), [4, 9, 11]);
        keep(&mut connection, &of("stripe"), at(day + 13 * MINUTE), &[mrr(11)]).unwrap();
        assert_eq!(times(figures(&connection, "stripe", day + DAY)), [4, 9, 11], "the same again is no news");
        keep(&mut connection, &of("stripe"), at(day + 10 * MINUTE), &[mrr(99)]).unwrap();
        assert_eq!(
            figures(&connection, "stripe", day + DAY).last(),
            Some(&(day + 11 * MINUTE, 11)),
            "nor is what is older"
        );
        assert_eq!(times(figures(&connection, "stripe", day + 9 * MINUTE)), [4, 9], "nothing newer than was asked for");
        keep(&mut connection, &of("stripe"), at(day + DAY), &[mrr(50)]).unwrap();
        let daily = history(&connection, &of("stripe"), at(0), at(day + DAY), DAY).unwrap();
        assert_eq!(daily.iter().map(|kept| kept.figure).collect::<Vec<_>>(), [11, 50], "the last of each day");
        thin(&connection, day + 10 * MINUTE, 0).unwrap();
        assert_eq!(times(figures(&connection, "stripe", day + DAY)), [11, 24 * 60], "the last of the day is left");
        thin(&connection, day + DAY, day + 12 * MINUTE).unwrap();
        assert_eq!(times(figures(&connection, "stripe", day + DAY)), [24 * 60]);
    }

    proptest! {
        /// Whatever is kept and thinned: nothing later than asked for, nothing that never was, and a day that had figures
        /// has the last of them.
        #[test]
        fn thinning_keeps_the_last_figure_of_each_day(steps in proptest::collection::vec((1_i64..400 * MINUTE, -5_i64..5), 1..60)) {
            let mut connection = memory();
            let (mut now, mut all) = (20_000 * DAY, Vec::new());
            for (wait, figure) in steps {
                now += wait;
                all.push((now, figure));
                keep(&mut connection, &of("stripe"), at(now), &[mrr(figure)]).unwrap();
            }
            thin(&connection, now, 0).unwrap();
            let kept = figures(&connection, "stripe", now);
            for (time, figure) in &kept {
                prop_assert!(all.contains(&(*time, *figure)));
            }
            let last_of_days: std::collections::BTreeMap<i64, i64> = all.iter().map(|(time, figure)| (time / DAY, *figure)).collect();
            let kept_days: Vec<(i64, i64)> = kept.iter().map(|(time, figure)| (time / DAY, *figure)).collect();
            prop_assert_eq!(kept_days, last_of_days.into_iter().collect::<Vec<_>>());
        }
    }
}
