//! Points in time as log lines write them.
//!
//! Everything here works on bytes, allocates nothing and believes nothing: a date that cannot be, a zone that does not
//! exist or a year that is implausible is [`TimeField::Bad`], and the line is then placed by its arrival.

use std::fmt;

use chrono::{DateTime, Datelike, Timelike, Utc};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A point in time and how precisely it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds since the epoch.
    pub nanos: i64,
    /// Digits after the second's point, 0 to 9.
    pub digits: u8,
}

impl Stamp {
    /// A time from elsewhere, to be shown with `digits` digits; none when nanoseconds cannot hold it (years 1677 to 2262).
    pub fn new(time: DateTime<Utc>, digits: u8) -> Option<Self> {
        Some(Self { nanos: time.timestamp_nanos_opt()?, digits })
    }

    /// Microseconds since the epoch, rounded down.
    pub fn micros(self) -> i64 {
        self.nanos.div_euclid(1000)
    }

    /// Its finest step as it was written, in microseconds, at least one.
    pub fn tick(self) -> i64 {
        10_i64.pow(6_u32.saturating_sub(u32::from(self.digits)))
    }

    /// The same for chrono.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.nanos)
    }
}

/// RFC 3339 in UTC, with just the digits that the stamp came with.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.utc();
        let (year, month, day) = (t.year(), t.month(), t.day());
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())?;
        match self.digits.min(9) {
            0 => f.write_str("Z"),
            digits => {
                let fraction = self.nanos.rem_euclid(SECOND) / 10_i64.pow(9 - u32::from(digits));
                write!(f, ".{fraction:0width$}Z", width = usize::from(digits))
            }
        }
    }
}

/// What a line says about its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeField {
    /// Nothing.
    Missing,
    /// Something that cannot be believed.
    Bad,
    /// This.
    At(Stamp),
}

/// The time that stands at the beginning of `b`, in any of the forms known here, and how many bytes it takes.
/// `now` is the line's arrival in nanoseconds: it completes what has no year or no date, and bounds what is plausible.
pub fn leading(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    match *b.first()? {
        b'0'..=b'9' => match (b.get(2)?, b.get(4)) {
            (b'/', _) => clf(b, now),
            (b':', _) => time_of_day(b, now),
            (b' ' | b'-', _) => day_first(b, now),
            (_, Some(b'-' | b'/')) => iso(b, now),
            _ => epoch(b, now),
        },
        b'A'..=b'Z' => match b.get(3)? {
            b' ' => month_first(b, now).or_else(|| weekday_first(b, now)),
            _ => None,
        },
        _ => None,
    }
}

/// `2026-11-18T08:00:00.104Z` and its kin: `T` or a blank, `-` or `/`, point or comma, any offset or none (then UTC).
pub fn iso(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let separator = *b.get(4)?;
    if !matches!(separator, b'-' | b'/') || b.get(7) != Some(&separator) || !matches!(b.get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let year = two(b, 0)? * 100 + two(b, 2)?;
    let (month, day) = (two(b, 5)?, two(b, 8)?);
    let clock = clock(b, 11)?;
    let (zone, end) = zone(b, clock.end);
    Some((zone.map_or(TimeField::Bad, |zone| dated(year, month, day, clock, zone, now)), end))
}

/// `18/Nov/2026:08:00:00 +0000`, the common log format; with a blank before the hour as Django's server writes it.
pub fn clf(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    if b.get(2) != Some(&b'/') || b.get(6) != Some(&b'/') || !matches!(b.get(11), Some(b':' | b' ')) {
        return None;
    }
    let (day, month) = (two(b, 0)?, month(b, 3)?);
    let year = two(b, 7)? * 100 + two(b, 9)?;
    let clock = clock(b, 12)?;
    let (zone, end) = zone(b, clock.end);
    Some((zone.map_or(TimeField::Bad, |zone| dated(year, month, day, clock, zone, now)), end))
}

/// `Nov 18 08:00:00`, without a year.
fn month_first(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let month = month(b, 0)?;
    let day = padded_day(b, 4)?;
    let clock = clock(b, 7)?;
    Some((yearless(month, day, clock, now), clock.end))
}

/// `I1118 08:00:00.123456`, a severity's letter, month and day: glog and Kubernetes' klog.
pub fn klog(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    if !matches!(b.first()?, b'I' | b'W' | b'E' | b'F') || b.get(5) != Some(&b' ') {
        return None;
    }
    let (month, day, clock) = (two(b, 1)?, two(b, 3)?, clock(b, 6)?);
    Some((yearless(month, day, clock, now), clock.end))
}

/// `Nov 18, 2026 8:00:00 AM`, as java.util.logging writes it.
pub fn twelve_hours(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let month = month(b, 0)?;
    let number = |at: usize| match b.get(at + 1)?.is_ascii_digit() {
        true => Some((two(b, at)?, at + 2)),
        false => Some((two(&[b'0', *b.get(at)?], 0)?, at + 1)),
    };
    let (day, at) = number(4)?;
    if b.get(at..at + 2)? != b", " {
        return None;
    }
    let year = two(b, at + 2)? * 100 + two(b, at + 4)?;
    let (hour, at) = number(at + 7)?;
    let (minute, second) = (two(b, at + 1)?, two(b, at + 4)?);
    let half = match b.get(at + 6..at + 9)? {
        b" AM" => 0,
        b" PM" => 12,
        _ => return None,
    };
    if b[at] != b':' || b[at + 3] != b':' || !(1..=12).contains(&hour) || minute > 59 || second > 60 {
        return None;
    }
    let seconds = i64::from((hour % 12 + half) * 3600 + minute * 60 + second);
    let clock = Clock { seconds, nanos: 0, digits: 0, end: at + 9 };
    Some((dated(year, month, day, clock, 0, now), clock.end))
}

/// A date without its year is of the last year that does not put it in the future: a log tells of what has been. Two
/// days of grace are for zones and for clocks that are ahead.
fn yearless(month: u32, day: u32, clock: Clock, now: i64) -> TimeField {
    let this_year = civil(now.div_euclid(DAY)).0;
    // Eight years back there has been a 29 February, whatever the century.
    let last = (this_year - 8..=this_year + 1).rev().find_map(|year| {
        let field = dated(u32::try_from(year).ok()?, month, day, clock, 0, now);
        matches!(field, TimeField::At(stamp) if stamp.nanos <= now.saturating_add(2 * DAY)).then_some(field)
    });
    last.unwrap_or(TimeField::Bad)
}

/// `Wed Nov 18 08:00:00.123456 2026`, as Apache's error log and ctime write it.
fn weekday_first(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let month = month(b, 4)?;
    let day = padded_day(b, 8)?;
    let clock = clock(b, 11)?;
    if b.get(clock.end) != Some(&b' ') {
        return None;
    }
    let year = two(b, clock.end + 1)? * 100 + two(b, clock.end + 3)?;
    Some((dated(year, month, day, clock, 0, now), clock.end + 5))
}

/// `18 Nov 2026 08:00:00.123`, as Redis writes it, or with `-` within the date, as Tomcat and BIND do.
fn day_first(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let (day, month) = (two(b, 0)?, month(b, 3)?);
    if b.get(2) != b.get(6) || b.get(11) != Some(&b' ') {
        return None;
    }
    let year = two(b, 7)? * 100 + two(b, 9)?;
    let clock = clock(b, 12)?;
    Some((dated(year, month, day, clock, 0, now), clock.end))
}

/// `08:00:00.123` alone: the last such moment. What is up to six hours ahead is of today all the same: whoever writes no
/// date may well write the time of a zone to the east.
fn time_of_day(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let clock = clock(b, 0)?;
    let latest = now.checked_add(6 * 3600 * SECOND)?;
    let midnight = latest.div_euclid(DAY).checked_mul(DAY)?;
    let today = midnight.checked_add(clock.seconds * SECOND + clock.nanos)?;
    let last = if today > latest { today.checked_sub(DAY)? } else { today };
    Some((believed(last, clock.digits, now), clock.end))
}

/// Seconds since the epoch with or without a fraction, or milli-, micro- or nanoseconds, told apart by their length.
pub fn epoch(b: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let whole = b.iter().take(20).take_while(|c| c.is_ascii_digit()).count();
    let number = digits(&b[..whole])?;
    let (unit, places) = match whole {
        9 | 10 => (SECOND, 0),
        12 | 13 => (1_000_000, 3),
        15 | 16 => (1000, 6),
        18 | 19 => (1, 9),
        _ => return None,
    };
    let Some(mut nanos) = number.checked_mul(unit) else { return Some((TimeField::Bad, whole)) };
    let (mut end, mut precision) = (whole, places);
    if let Some((fraction, digits, after)) = fraction(b, whole).filter(|_| unit == SECOND) {
        nanos = nanos.saturating_add(fraction);
        (end, precision) = (after, digits);
    }
    Some((believed(nanos, precision, now), end))
}

/// A time of day.
#[derive(Clone, Copy)]
struct Clock {
    seconds: i64,
    nanos: i64,
    digits: u8,
    end: usize,
}

fn clock(b: &[u8], at: usize) -> Option<Clock> {
    let (hour, minute, second) = (two(b, at)?, two(b, at + 3)?, two(b, at + 6)?);
    if b[at + 2] != b':' || b[at + 5] != b':' || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    let (nanos, digits, end) = fraction(b, at + 8).unwrap_or((0, 0, at + 8));
    Some(Clock { seconds, nanos, digits, end })
}

/// `.104` or `,104` at `at`: nanoseconds, digits (those past nine are passed over), and where it ends.
fn fraction(b: &[u8], at: usize) -> Option<(i64, u8, usize)> {
    if !matches!(b.get(at)?, b'.' | b',') {
        return None;
    }
    let (mut nanos, mut digits, mut end) = (0, 0, at + 1);
    while let Some(c) = b.get(end).filter(|c| c.is_ascii_digit()) {
        if digits < 9 {
            nanos = nanos * 10 + i64::from(c - b'0');
            digits += 1;
        }
        end += 1;
    }
    (digits > 0).then(|| (nanos * 10_i64.pow(9 - u32::from(digits)), digits, end))
}

/// The offset from UTC in seconds that stands at `at`; UTC when there is none, `None` when it cannot be.
fn zone(b: &[u8], at: usize) -> (Option<i64>, usize) {
    let none = (Some(0), at);
    match b.get(at) {
        Some(b'Z' | b'z') => (Some(0), at + 1),
        Some(b'+' | b'-') => offset(b, at).unwrap_or(none),
        Some(b' ') => match b.get(at + 1) {
            Some(b'+' | b'-') => offset(b, at + 1).filter(|(_, end)| *end == at + 6).unwrap_or(none),
            Some(b'U' | b'G') if matches!(b.get(at + 1..at + 4), Some(b"UTC" | b"GMT")) => (Some(0), at + 4),
            _ => none,
        },
        _ => none,
    }
}

/// `+HH`, `+HHMM` or `+HH:MM`.
fn offset(b: &[u8], at: usize) -> Option<(Option<i64>, usize)> {
    let hours = two(b, at + 1)?;
    let colon = usize::from(b.get(at + 3) == Some(&b':'));
    let (minutes, end) = match two(b, at + 3 + colon) {
        Some(minutes) => (minutes, at + 5 + colon),
        None => (0, at + 3),
    };
    let seconds = i64::from(hours * 3600 + minutes * 60);
    let believed = hours <= 14 && minutes < 60;
    Some((believed.then_some(if b[at] == b'-' { -seconds } else { seconds }), end))
}

fn dated(year: u32, month: u32, day: u32, clock: Clock, zone: i64, now: i64) -> TimeField {
    if !(1970..2262).contains(&year) || day == 0 || day > month_length(year, month) {
        return TimeField::Bad;
    }
    let seconds = days(i64::from(year), i64::from(month), i64::from(day)) * 86_400 + clock.seconds - zone;
    match seconds.checked_mul(SECOND).and_then(|nanos| nanos.checked_add(clock.nanos)) {
        Some(nanos) => believed(nanos, clock.digits, now),
        None => TimeField::Bad,
    }
}

/// A log line of before 2000 or of more than a year ahead was written by a clock that is not set.
fn believed(nanos: i64, digits: u8, now: i64) -> TimeField {
    const YEAR_2000: i64 = 946_684_800 * SECOND;
    let plausible = nanos >= YEAR_2000 && nanos.saturating_sub(now) <= 366 * DAY;
    if plausible { TimeField::At(Stamp { nanos, digits }) } else { TimeField::Bad }
}

fn two(b: &[u8], at: usize) -> Option<u32> {
    let (tens, ones) = (b.get(at)?.wrapping_sub(b'0'), b.get(at + 1)?.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn padded_day(b: &[u8], at: usize) -> Option<u32> {
    if b.get(at) == Some(&b' ') {
        let ones = b.get(at + 1)?.wrapping_sub(b'0');
        return (ones < 10).then_some(u32::from(ones));
    }
    two(b, at)
}

/// A number of at most 19 digits that fits.
pub fn digits(b: &[u8]) -> Option<i64> {
    if b.is_empty() || b.len() > 19 {
        return None;
    }
    b.iter().try_fold(0_i64, |number, c| {
        let digit = c.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(i64::from(digit)) }
    })
}

/// The number of the month whose English abbreviation stands at `at`.
fn month(b: &[u8], at: usize) -> Option<u32> {
    Some(match b.get(at..at + 3)? {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

fn month_length(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

/// Days since the epoch of a date of the Gregorian calendar (the year counted from March, in eras of 400 years).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The opposite of [`days`]: year, month and day.
fn civil(days: i64) -> (i64, u32, u32) {
    let date = DateTime::from_timestamp(days * 86_400, 0).unwrap_or_default();
    (i64::from(date.year()), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-18T08:00:00Z.
    const NOW: i64 = 1_794_988_800 * SECOND;

    fn read(text: &str) -> String {
        match leading(text.as_bytes(), NOW) {
            None => "nothing".to_owned(),
            Some((TimeField::At(stamp), used)) => format!("{stamp} |{}", &text[used..]),
            Some((field, used)) => format!("{field:?} |{}", &text[used..]),
        }
    }

    #[test]
    fn every_form_is_read_with_its_precision() {
        for (text, want) in [
            ("2026-11-18T08:00:00Z x", "2026-11-18T08:00:00Z | x"),
            ("2026-11-18T08:00:00.104Z", "2026-11-18T08:00:00.104Z |"),
            ("2026-11-18T09:00:00.104567+01:00 x", "2026-11-18T08:00:00.104567Z | x"),
            ("2026-11-18T02:30:00-0530 x", "2026-11-18T08:00:00Z | x"),
            ("2026-11-18 08:00:00,123 - root", "2026-11-18T08:00:00.123Z | - root"),
            ("2026-11-18 08:00:00.123 UTC [7] LOG", "2026-11-18T08:00:00.123Z | [7] LOG"),
            ("2026-11-18 09:00:00 +0100 x", "2026-11-18T08:00:00Z | x"),
            ("2026/11/18 08:00:00 [error] 1#1", "2026-11-18T08:00:00Z | [error] 1#1"),
            ("2026-11-18T08:00:00.1234567891Z", "2026-11-18T08:00:00.123456789Z |"),
            ("18/Nov/2026:08:00:00 +0000] x", "2026-11-18T08:00:00Z |] x"),
            ("Nov 18 08:00:00 sys1 x", "2026-11-18T08:00:00Z | sys1 x"),
            ("Nov  8 08:00:00.5 x", "2026-11-08T08:00:00.5Z | x"),
            ("Wed Nov 18 08:00:00.123456 2026] x", "2026-11-18T08:00:00.123456Z |] x"),
            ("18 Nov 2026 08:00:00.123 * x", "2026-11-18T08:00:00.123Z | * x"),
            ("18-Nov-2026 08:00:00.123 SEVERE [main]", "2026-11-18T08:00:00.123Z | SEVERE [main]"),
            ("18/Nov/2026 08:00:00] \"GET", "2026-11-18T08:00:00Z |] \"GET"),
            ("08:00:00.123 [main]", "2026-11-18T08:00:00.123Z | [main]"),
            ("23:59:59 x", "2026-11-17T23:59:59Z | x"),
            ("1794988800 x", "2026-11-18T08:00:00Z | x"),
            ("1794988800.25 x", "2026-11-18T08:00:00.25Z | x"),
            ("1794988800104", "2026-11-18T08:00:00.104Z |"),
            ("1794988800104000000", "2026-11-18T08:00:00.104000000Z |"),
            ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z |"),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        for text in [
            "1970-01-01T00:00:07Z",
            "2026-02-30T08:00:00Z",
            "2026-13-01T08:00:00Z",
            "2031-01-01T00:00:00Z",
            "9999-01-01T00:00:00Z",
            "2026-11-18T08:00:00+99:00",
            "18/Nov/2026:08:00:00 +2460",
            "9223372036854775807",
        ] {
            assert!(read(text).starts_with("Bad |"), "{text}: {}", read(text));
        }
        for text in ["", "x", "2026", "2026-11-18", "2026-11-18T25:00:00Z", "Nope 18 08:00:00", "12345", "10.4.2.1 - -"]
        {
            assert_eq!(read(text), "nothing", "{text}");
        }
    }

    #[test]
    fn what_is_missing_of_a_date_never_makes_it_the_future() {
        let new_year = 1_798_761_600 * SECOND; // 2027-01-01T00:00:00Z
        let at = |text: &str, now| match leading(text.as_bytes(), now) {
            Some((TimeField::At(stamp), _)) => stamp.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(at("Dec 31 23:59:58 h", new_year), "2026-12-31T23:59:58Z");
        assert_eq!(at("Jan  1 00:00:03 h", new_year - SECOND), "2027-01-01T00:00:03Z");
        assert_eq!(at("Feb 29 00:00:00 h", new_year + 400 * DAY), "2024-02-29T00:00:00Z");
        assert_eq!(at("Feb 29 00:00:00 h", new_year + 425 * DAY), "2028-02-29T00:00:00Z");
        assert_eq!(at("Dec 31 23:59:58 h", NOW), "2025-12-31T23:59:58Z");
        assert_eq!(at("Apr  1 00:00:00 h", NOW), "2026-04-01T00:00:00Z");
        assert_eq!(at("Nov 19 01:00:00 h", NOW), "2026-11-19T01:00:00Z", "a zone to the east");
        assert_eq!(at("23:59:59 x", new_year), "2026-12-31T23:59:59Z");
        // 20:00 of the 18th, and what was written at nine that morning.
        assert_eq!(at("09:00:00 x", NOW + 12 * 3600 * SECOND), "2026-11-18T09:00:00Z");
        assert_eq!(at("07:30:00 x", NOW + 12 * 3600 * SECOND), "2026-11-18T07:30:00Z");
        assert_eq!(at("22:00:00 x", NOW + 12 * 3600 * SECOND), "2026-11-18T22:00:00Z", "a zone to the east");
        assert_eq!(at("01:30:00 x", NOW + 12 * 3600 * SECOND), "2026-11-19T01:30:00Z", "and past its midnight");
    }

    proptest! {
        #[test]
        fn a_time_written_is_the_time_read(nanos in 946_684_800 * SECOND..NOW, digits in 0..=9_u8) {
            let unit = 10_i64.pow(9 - u32::from(digits));
            let stamp = Stamp { nanos: nanos / unit * unit, digits };
            let text = stamp.to_string();
            prop_assert_eq!(leading(text.as_bytes(), NOW), Some((TimeField::At(stamp), text.len())));
        }

        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80), now in any::<i64>()) {
            let _ = leading(&bytes, now);
        }

        #[test]
        fn near_misses_are_survived(text in "[0-9A-Z][0-9a-z/: -]{0,3}[-/ :0-9]{1,20}[T ]?[0-9:.,]{0,20}[Z+-]?[0-9:]{0,6}", now in any::<i64>()) {
            let _ = leading(text.as_bytes(), now);
        }
    }
}
