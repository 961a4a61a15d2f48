//! Times in the zone that the person reads them in.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};

use super::look::Look;
use crate::app::state::State;
use crate::domain::settings::TimeZoneChoice;

/// The zone of the screen.
#[derive(Clone, Copy, Debug)]
pub enum Zone {
    /// UTC, written `Z`.
    Utc,
    /// A named zone, written by its abbreviation of the day.
    Named(chrono_tz::Tz),
    /// This machine's offset, written as one.
    Fixed(FixedOffset),
}

impl Zone {
    /// The zone in force.
    pub fn of(state: &State, look: &Look) -> Self {
        match state.settings.ui.time {
            _ if state.utc => Self::Utc,
            TimeZoneChoice::Zone(zone) => Self::Named(zone),
            TimeZoneChoice::Utc | TimeZoneChoice::Local => Self::Fixed(look.local),
        }
    }

    /// A time on the clocks of this zone.
    pub fn local(self, time: DateTime<Utc>) -> NaiveDateTime {
        let utc = time.naive_utc();
        let offset = match self {
            Self::Utc => return utc,
            Self::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
            Self::Fixed(offset) => offset,
        };
        utc.checked_add_offset(offset).unwrap_or(utc)
    }

    /// The day that a time is of.
    pub fn day(self, time: DateTime<Utc>) -> NaiveDate {
        self.local(time).date()
    }

    /// What stands after a time: `Z`, ` CEST`, `+02:00`.
    pub fn suffix(self, time: DateTime<Utc>) -> String {
        match self {
            Self::Utc => "Z".to_owned(),
            Self::Named(zone) => format!(" {}", zone.from_utc_datetime(&time.naive_utc()).format("%Z")),
            Self::Fixed(offset) => offset.to_string(),
        }
    }

    /// `03:12Z`
    pub fn minutes(self, time: DateTime<Utc>) -> String {
        format!("{}{}", self.local(time).format("%H:%M"), self.suffix(time))
    }

    /// `03:06:02.114`
    pub fn millis(self, time: DateTime<Utc>) -> String {
        self.local(time).format("%H:%M:%S%.3f").to_string()
    }

    /// `2026-11-21 03:06:02.114Z`
    pub fn full(self, time: DateTime<Utc>) -> String {
        format!("{}{}", self.local(time).format("%Y-%m-%d %H:%M:%S%.3f"), self.suffix(time))
    }
}

/// `Wed 2026-11-18`
pub fn day_words(day: NaiveDate) -> String {
    day.format("%a %Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_their_zone() {
        let summer: DateTime<Utc> = "2026-07-01T22:30:05.25Z".parse().unwrap();
        let berlin = Zone::Named(chrono_tz::Europe::Berlin);
        assert_eq!(Zone::Utc.minutes(summer), "22:30Z");
        assert_eq!(berlin.minutes(summer), "00:30 CEST");
        assert_eq!(berlin.full(summer), "2026-07-02 00:30:05.250 CEST");
        assert_eq!(Zone::Fixed(FixedOffset::east_opt(-3600).unwrap()).minutes(summer), "21:30-01:00");
        assert_eq!(
            Zone::Fixed(FixedOffset::east_opt(3600).unwrap()).local(DateTime::<Utc>::MAX_UTC),
            DateTime::<Utc>::MAX_UTC.naive_utc()
        );
    }
}
