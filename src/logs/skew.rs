//! Hosts' clocks against ours: measured now and then, applied when it matters.

use std::collections::HashMap;

use super::merge::Merge;
use super::record::Ingest;
use super::store::Store;
use crate::domain::host::HostName;
use crate::domain::log::SourceId;

/// A first measurement below this, and a later one that differs by less than [`CHANGE_MS`], is noise of the network.
const FIRST_MS: f64 = 5.0;
const CHANGE_MS: f64 = 100.0;

/// What was measured, and what the rows are corrected by.
#[derive(Debug, Default)]
pub struct Skews {
    measured: HashMap<HostName, f64>,
    raw: bool,
    stale: bool,
}

impl Skews {
    /// A host's clock runs ahead by so many milliseconds.
    pub fn measured(&mut self, host: HostName, milliseconds: f64) {
        let (known, noise) = self.measured.get(&host).map_or((0.0, FIRST_MS), |known| (*known, CHANGE_MS));
        let differs = milliseconds.is_finite() && (milliseconds - known).abs() >= noise;
        if differs || milliseconds.is_finite() && noise == FIRST_MS {
            self.measured.insert(host, if differs { milliseconds } else { 0.0 });
        }
        self.stale |= differs;
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
