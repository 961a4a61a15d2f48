//! A time as it is typed.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::app::argument::seconds;

/// How a time is written, to tell whoever has written it otherwise.
pub const FORMS: &str = "14:26, 14:26:03, -10m or 2026-01-31 14:26";

/// Reads a time: of today's (or the latest past) day, ago, or with its date; in UTC.
pub fn read(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(ago) = text.strip_prefix('-') {
        return now.checked_sub_signed(TimeDelta::try_seconds(seconds(ago)?)?);
    }
    for format in ["%H:%M", "%H:%M:%S"] {
        let padded = if format == "%H:%M" { format!("{text}:00") } else { text.to_owned() };
        if let Ok(time) = NaiveTime::parse_from_str(&padded, "%H:%M:%S") {
            let today = now.date_naive().and_time(time).and_utc();
            return Some(if today > now { today - TimeDelta::days(1) } else { today });
        }
    }
    let plain = text.replacen('T', " ", 1);
    let dated = ["", ":00", " 00:00:00"]
        .into_iter()
        .find_map(|rest| NaiveDateTime::parse_from_str(&format!("{plain}{rest}"), "%Y-%m-%d %H:%M:%S").ok());
    dated.map(|time| time.and_utc()).or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_said() {
        let now: DateTime<Utc> = "2026-11-21T03:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("02:30", "2026-11-21T02:30:00Z"),
            ("14:26", "2026-11-20T14:26:00Z"),
            ("02:30:05", "2026-11-21T02:30:05Z"),
            ("-10m", "2026-11-21T02:50:00Z"),
            ("-2h", "2026-11-21T01:00:00Z"),
            ("2026-01-31 14:26", "2026-01-31T14:26:00Z"),
            ("2026-01-31T14:26", "2026-01-31T14:26:00Z"),
            ("2026-01-31T14:26:07Z", "2026-01-31T14:26:07Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
        ] {
            assert_eq!(read(text, now), expected.parse().ok(), "{text}");
        }
        assert!(read("soon", now).is_none() && read("-99999999999999999d", now).is_none());
    }
}
