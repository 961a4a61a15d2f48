//! How long until a file system is full, by the trend of its free space.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

/// The least time between two points: the trend is one of hours.
const STEP: TimeDelta = TimeDelta::seconds(120);
/// Points kept: four hours.
const POINTS: usize = 120;
/// A trend needs this many points…
const LEAST_POINTS: usize = 10;
/// …over this time.
const LEAST_TIME: TimeDelta = TimeDelta::hours(1);
/// Further away than this is never.
const FOREVER_HOURS: f64 = 24.0 * 365.0;

/// The free space of one host's file systems over the last hours, by mount point.
#[derive(Clone, Debug, Default)]
pub struct Fill {
    free: BTreeMap<String, VecDeque<(DateTime<Utc>, u64)>>,
}

impl Fill {
    /// Takes what is mounted now with the bytes free; what is no longer there is forgotten.
    pub fn push<'a>(&mut self, at: DateTime<Utc>, mounts: impl Iterator<Item = (&'a str, u64)>) {
        let mut before = std::mem::take(&mut self.free);
        for (mount, free) in mounts {
            let mut ring = before.remove(mount).unwrap_or_default();
            if ring.back().is_none_or(|(last, _)| at - *last >= STEP) {
                if ring.len() == POINTS {
                    ring.pop_front();
                }
                ring.push_back((at, free));
            }
            self.free.insert(mount.to_owned(), ring);
        }
    }

    /// Hours until no byte is free, from the least-squares line through the points; none with less than an hour and ten
    /// points known, and when the space does not shrink.
    pub fn hours_to_full(&self, mount: &str, free_now: u64) -> Option<f64> {
        let ring = self.free.get(mount)?;
        let (first, last) = (ring.front()?.0, ring.back()?.0);
        if ring.len() < LEAST_POINTS || last - first < LEAST_TIME {
            return None;
        }
        let points = ring.iter().map(|(at, free)| ((*at - first).as_seconds_f64() / 3600.0, *free as f64));
        let hours = free_now as f64 / -slope(points)?;
        (hours.is_finite() && (0.0..=FOREVER_HOURS).contains(&hours)).then_some(hours)
    }
}

/// The slope of the least-squares line.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let n = points.clone().count() as f64;
    let (sx, sy) = points.clone().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
    let (mx, my) = (sx / n, sy / n);
    let (sxy, sxx) =
        points.fold((0.0, 0.0), |(sxy, sxx), (x, y)| (sxy + (x - mx) * (y - my), sxx + (x - mx) * (x - mx)));
    (sxx > 0.0).then(|| sxy / sxx)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(minutes: std::ops::Range<i64>, free: impl Fn(i64) -> u64) -> Fill {
        let mut fill = Fill::default();
        for minute in minutes {
            let at = DateTime::from_timestamp(minute * 60, 0).unwrap();
            fill.push(at, [("/", free(minute))].into_iter());
        }
        fill
    }

    #[test]
    fn a_steady_loss_has_an_end() {
        // 1 GB an hour, 10 GB at the start, 8.5 GB after 90 minutes.
        let fill = filled(0..91, |minute| 10_000_000_000 - minute as u64 * 16_666_667);
        let hours = fill.hours_to_full("/", 8_500_000_000).unwrap();
        assert!((hours - 8.5).abs() < 0.01, "{hours}");
        assert_eq!(fill.hours_to_full("/other", 1), None);
    }

    #[test]
    fn too_little_is_no_trend() {
        assert_eq!(filled(0..59, |m| 1_000_000 - m as u64).hours_to_full("/", 1000), None);
        let mut sparse = Fill::default();
        for hour in 0..9 {
            sparse.push(DateTime::from_timestamp(hour * 3600, 0).unwrap(), [("/", 1000 - hour as u64)].into_iter());
        }
        assert_eq!(sparse.hours_to_full("/", 991), None);
    }

    #[test]
    fn what_does_not_shrink_is_never_full() {
        assert_eq!(filled(0..100, |_| 1000).hours_to_full("/", 1000), None);
        assert_eq!(filled(0..100, |m| m as u64).hours_to_full("/", 1000), None);
    }

    #[test]
    fn the_past_is_bounded_and_what_is_unmounted_forgotten() {
        let mut fill = filled(0..10_000, |m| m as u64);
        assert!(fill.free["/"].len() <= POINTS);
        fill.push(DateTime::from_timestamp(1, 0).unwrap(), std::iter::empty());
        assert!(fill.free.is_empty());
    }
}
