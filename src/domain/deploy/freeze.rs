//! `[[freeze]]`: times at which nothing is deployed.

use chrono::{DateTime, Datelike, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;

/// One freeze.
#[derive(Clone, Debug, PartialEq)]
pub struct Freeze {
    /// Its name.
    pub name: String,
    /// Where it holds; everywhere when empty.
    pub environments: Vec<String>,
    /// When it holds.
    pub window: Window,
    /// Why, for people.
    pub reason: String,
}

/// When a freeze holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// Once, from one moment up to another.
    Once(DateTime<Utc>, DateTime<Utc>),
    /// Every week, from minutes after Monday's midnight up to others, by a zone's clock.
    Weekly(u32, u32, Tz),
}

/// Minutes of a week.
const WEEK: u32 = 7 * 24 * 60;

/// Reads `Fri 16:00` as minutes after Monday's midnight.
pub fn weekly(text: &str) -> Option<u32> {
    let (day, time) = text.split_once(' ')?;
    let day: Weekday = day.parse().ok()?;
    let time = NaiveTime::parse_from_str(time.trim(), "%H:%M").ok()?;
    Some(day.num_days_from_monday() * 24 * 60 + time.num_seconds_from_midnight() / 60)
}

impl Freeze {
    /// Whether it keeps deploys from an environment at a moment.
    pub fn holds(&self, environment: &str, at: DateTime<Utc>) -> bool {
        let here = self.environments.is_empty() || self.environments.iter().any(|name| name == environment);
        here && match &self.window {
            Window::Once(from, to) => (*from..*to).contains(&at),
            Window::Weekly(from, to, zone) => {
                let there = at.with_timezone(zone);
                let now = there.weekday().num_days_from_monday() * 24 * 60 + there.hour() * 60 + there.minute();
                // A window that ends before it begins goes over the turn of the week.
                (now + WEEK - from) % WEEK < (to + WEEK - from) % WEEK
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekend_goes_over_the_turn_of_the_week_by_its_own_clock() {
        let window =
            Window::Weekly(weekly("Fri 16:00").unwrap(), weekly("Mon 08:00").unwrap(), chrono_tz::Europe::Berlin);
        let freeze = Freeze {
            name: "weekend".to_owned(),
            environments: vec!["production".to_owned()],
            window,
            reason: String::new(),
        };
        for (at, holds) in [
            ("2026-11-20T14:59:00Z", false),
            ("2026-11-20T15:00:00Z", true),
            ("2026-11-22T12:00:00Z", true),
            ("2026-11-23T06:59:00Z", true),
            ("2026-11-23T07:00:00Z", false),
            // In summer Berlin is another hour ahead.
            ("2026-07-17T14:00:00Z", true),
        ] {
            assert_eq!(freeze.holds("production", at.parse().unwrap()), holds, "{at}");
        }
        assert!(!freeze.holds("staging", "2026-11-22T12:00:00Z".parse().unwrap()));
        let once = Window::Once("2026-12-24T00:00:00Z".parse().unwrap(), "2026-12-27T00:00:00Z".parse().unwrap());
        let once = Freeze { environments: vec![], window: once, ..freeze };
        assert!(once.holds("any", "2026-12-24T00:00:00Z".parse().unwrap()));
        assert!(!once.holds("any", "2026-12-27T00:00:00Z".parse().unwrap()));
        assert_eq!((weekly("Fri 25:00"), weekly("Fry 16:00"), weekly("16:00")), (None, None, None));
    }
}
