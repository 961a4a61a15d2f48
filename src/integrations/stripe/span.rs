//! The stretches of time that figures are of.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::wire::Seconds;
use crate::domain::counter::Window;

/// A day of 24 hours, whatever the clocks of a place do.
pub const DAY: Seconds = 86_400;

/// From after one second to the end of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The last second before it.
    pub after: Seconds,
    /// Its last second.
    pub until: Seconds,
}

impl Span {
    /// Whether a time is in it.
    pub fn has(self, time: Seconds) -> bool {
        self.after < time && time <= self.until
    }
}

/// The stretch of a window that ends at a time, and the one before it. Today begins at midnight where the account is;
/// the day before is taken up to the same time after its midnight.
pub fn spans(window: Window, at: DateTime<Utc>, zone: Tz) -> (Span, Span) {
    let now = at.timestamp();
    match window {
        Window::Days(days) => {
            let length = i64::from(days) * DAY;
            (Span { after: now - length, until: now }, Span { after: now - 2 * length, until: now - length })
        }
        Window::Today => {
            let today = at.with_timezone(&zone).date_naive();
            let yesterday = today.checked_sub_days(Days::new(1)).unwrap_or(today);
            let (begun, before) = (midnight(today, zone), midnight(yesterday, zone));
            (Span { after: begun - 1, until: now }, Span { after: before - 1, until: before + (now - begun) })
        }
    }
}

/// The first second of a day in a zone. Where the clocks skip midnight, the first that there is.
fn midnight(day: NaiveDate, zone: Tz) -> Seconds {
    let start = day.and_time(NaiveTime::MIN);
    (0..=12)
        .filter_map(|quarters| zone.from_local_datetime(&(start + TimeDelta::minutes(15 * quarters))).earliest())
        .map(|time| time.timestamp())
        .next()
        .unwrap_or_else(|| start.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn today(now: &str, zone: &str) -> (Span, Span) {
        spans(Window::Today, at(now), zone.parse().unwrap())
    }

    #[test]
    fn today_begins_at_midnight_where_the_account_is() {
        for (now, zone, begins) in [
            ("2026-03-18T14:30:00Z", "UTC", "2026-03-18T00:00:00Z"),
            ("2026-03-18T03:59:59Z", "America/New_York", "2026-03-17T04:00:00Z"),
            ("2026-03-18T04:00:00Z", "America/New_York", "2026-03-18T04:00:00Z"),
            ("2026-03-18T14:30:00Z", "Asia/Kolkata", "2026-03-17T18:30:00Z"),
            ("2026-03-18T14:30:00Z", "Pacific/Kiritimati", "2026-03-18T10:00:00Z"),
            // The day the clocks go forward, and the day after: midnights are 23 hours apart.
            ("2026-03-08T18:00:00Z", "America/New_York", "2026-03-08T05:00:00Z"),
            ("2026-03-09T18:00:00Z", "America/New_York", "2026-03-09T04:00:00Z"),
            // Midnight does not exist here: the day begins at one.
            ("2018-11-04T12:00:00Z", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ] {
            let (span, _) = today(now, zone);
            assert_eq!(span.after + 1, at(begins).timestamp(), "{now} in {zone}");
            assert_eq!(span.until, at(now).timestamp());
        }
    }

    #[test]
    fn the_day_before_is_taken_up_to_the_same_time() {
        let (_, before) = today("2026-03-18T14:30:00Z", "UTC");
        assert_eq!(
            (before.after + 1, before.until),
            (at("2026-03-17T00:00:00Z").timestamp(), at("2026-03-17T14:30:00Z").timestamp())
        );
        let (_, short) = today("2026-03-09T18:00:00Z", "America/New_York");
        assert_eq!(
            (short.after + 1, short.until),
            (at("2026-03-08T05:00:00Z").timestamp(), at("2026-03-08T19:00:00Z").timestamp())
        );
    }

    proptest! {
        #[test]
        fn periods_of_days_follow_each_other_without_a_gap(now in 0_i64..4_000_000_000, days in 1_u32..400) {
            let (span, before) = spans(Window::Days(days), DateTime::from_timestamp(now, 999).unwrap(), chrono_tz::UTC);
            prop_assert_eq!(span.after, before.until);
            prop_assert_eq!(span.until - span.after, before.until - before.after);
            prop_assert!(span.has(now) && !span.has(now + 1) && !span.has(span.after) && before.has(span.after));
        }

        #[test]
        fn today_is_never_longer_than_25_hours_and_holds_now(now in 0_i64..4_000_000_000, zone in proptest::sample::select(chrono_tz::TZ_VARIANTS.to_vec())) {
            let (span, before) = spans(Window::Today, DateTime::from_timestamp(now, 0).unwrap(), zone);
            prop_assert!(span.has(now));
            prop_assert!(span.until - span.after <= 25 * 3600 + 1, "{}", span.until - span.after);
            prop_assert_eq!(before.until - before.after, span.until - span.after);
        }
    }
}
