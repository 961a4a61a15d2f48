//! Hosts' clocks against ours: measured now and then, applied when it matters.

use std::collections::HashMap;

use super::merge::Merge;
use super::record::Ingest;
use super::store::Store;
use crate::domain::host::HostName;
use crate::domain::log::SourceId;

/// What clocks of well-kept hosts differ by, and what a measurement over a busy link is worth: below it, a correction
/// would disturb more than it mends.
const MATTERS_MS: f64 = 50.0;
/// A later measurement that differs by less is noise of the network.
const CHANGE_MS: f64 = 100.0;

/// What was measured, and what the rows are corrected by.
#[derive(Debug, Default)]
pub struct Skews {
    measured: HashMap<HostName, f64>,
    raw: bool,
    stale: bool,
}

impl Skews {
    /// A host's clock runs ahead by so many milliseconds, give or take an error. What could as well be none is none.
    pub fn measured(&mut self, host: HostName, milliseconds: f64, error: f64) {
        if !milliseconds.is_finite() || !error.is_finite() {
            return;
        }
        let matters = milliseconds.abs() >= MATTERS_MS.max(error);
        let milliseconds = if matters { milliseconds } else { 0.0 };
        let known = self.measured.get(&host).copied().unwrap_or(0.0);
        let noise = if known == 0.0 || milliseconds == 0.0 { 0.0 } else { CHANGE_MS.max(error) };
        if (milliseconds - known).abs() > noise {
            self.measured.insert(host, milliseconds);
            self.stale = true;
        }
    }

    /// Whether the hosts' own clocks are believed instead.
    pub fn use_raw(&mut self, raw: bool) {
        self.stale |= self.raw != raw;
        self.raw = raw;
    }

    /// Corrects what is there and what will come, when anything has changed.
    pub fn apply(&mut self, ingest: &mut Ingest, merge: &mut Merge, store: &mut Store) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let before: Vec<i64> = ingest.sources().iter().map(|state| state.skew).collect();
        for (host, milliseconds) in &self.measured {
            ingest.set_skew(host, if self.raw { 0.0 } else { *milliseconds });
        }
        let shifts: Vec<i64> = ingest.sources().iter().zip(before).map(|(state, before)| before - state.skew).collect();
        if shifts.iter().all(|shift| *shift == 0) {
            return;
        }
        for (shift, id) in shifts.iter().zip(0..).filter(|(shift, _)| **shift != 0) {
            merge.shift(SourceId(id), *shift);
        }
        store.reorder(|source| shifts.get(source.0 as usize).copied().unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_off_is_corrected() {
        let cases: [(&[(f64, f64)], f64); 7] = [
            (&[(30.0, 1.0)], 0.0),
            (&[(400.0, 500.0)], 0.0),
            (&[(400.0, 20.0)], 400.0),
            (&[(2000.0, 600.0), (2100.0, 90.0)], 2000.0),
            (&[(2000.0, 600.0), (2300.0, 90.0)], 2300.0),
            (&[(2000.0, 10.0), (10.0, 5.0)], 0.0),
            (&[(-300.0, 10.0), (f64::NAN, 5.0)], -300.0),
        ];
        for (measurements, expected) in cases {
            let mut skews = Skews::default();
            for (skew, error) in measurements {
                skews.measured("h".into(), *skew, *error);
            }
            assert_eq!(skews.measured.get(&"h".into()).copied().unwrap_or(0.0), expected, "{measurements:?}");
        }
    }
}
