//! Events by severity over time.

use super::Scan;
use crate::domain::log::Level;
use crate::domain::log_view::Bucket;
use crate::logs::block::Block;
use crate::logs::rowset::RowSet;
use crate::logs::store::{Glance, Store};

/// Round widths of a histogram's column, in seconds: up to a year.
const WIDTHS: [i64; 20] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800, 2_592_000,
    31_536_000,
];

impl Scan {
    /// Events by severity over time, in at most `columns` columns of a round width.
    pub fn histogram(&mut self, store: &Store, columns: usize) -> Vec<Bucket> {
        let (first, last) =
            (store.blocks().front().and_then(Block::first), store.blocks().back().and_then(Block::last));
        let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
        let (first, last) = (first.micros.div_euclid(1_000_000), last.micros.div_euclid(1_000_000));
        let columns = i64::try_from(columns).unwrap_or(i64::MAX);
        if columns == 0 {
            return Vec::new();
        }
        let fits = |width: i64| last.div_euclid(width) - first.div_euclid(width) < columns;
        let Some(width) = WIDTHS.into_iter().find(|width| fits(*width)) else { return Vec::new() };
        if width != self.width {
            self.recount(store, width);
        }
        let begin = first.div_euclid(width);
        let mut out: Vec<Bucket> =
            (begin..=last.div_euclid(width)).map(|n| Bucket { start: n * width, ..Bucket::default() }).collect();
        let seen = (self.from..store.blocks().len()).filter_map(|n| self.seen(store, n));
        for bucket in seen.flat_map(|seen| &seen.histogram) {
            let at = usize::try_from(bucket.start.div_euclid(width) - begin);
            let Some(sum) = at.ok().and_then(|at| out.get_mut(at)) else { continue };
            sum.errors += bucket.errors;
            sum.warnings += bucket.warnings;
            sum.others += bucket.others;
        }
        out
    }

    /// Counts anew in columns of another width. Where the new ones are made of whole old ones, those are added up.
    fn recount(&mut self, store: &Store, width: i64) {
        let whole = self.width > 0 && width % self.width == 0;
        self.width = width;
        for block in store.blocks() {
            let Some(seen) = self.seen.get_mut(&block.number).filter(|seen| seen.version == block.version) else {
                continue;
            };
            let old = std::mem::take(&mut seen.histogram);
            if whole {
                for bucket in old {
                    let sum = column(&mut seen.histogram, width, bucket.start);
                    sum.errors += bucket.errors;
                    sum.warnings += bucket.warnings;
                    sum.others += bucket.others;
                }
            } else if !seen.rows.is_empty() {
                store.glance(block, |glance| {
                    let heads = glance.events(0).heads(&seen.rows);
                    count(&mut seen.histogram, width, glance, &heads);
                });
            }
        }
    }
}

/// Counts rows, which come in order of time.
pub(super) fn count(histogram: &mut Vec<Bucket>, width: i64, glance: &mut Glance, rows: &RowSet) {
    let mark = glance.marks();
    for (micros, level) in rows.iter().map(mark) {
        let bucket = column(histogram, width, micros.div_euclid(1_000_000));
        match level {
            Some(level) if level >= Level::Error => bucket.errors += 1,
            Some(Level::Warn) => bucket.warnings += 1,
            _ => bucket.others += 1,
        }
    }
}

/// Takes back what was counted for a row.
pub(super) fn uncount(histogram: &mut [Bucket], width: i64, glance: &mut Glance, row: usize) {
    let (micros, level) = glance.marks()(row);
    let start = micros.div_euclid(1_000_000).div_euclid(width) * width;
    let Some(bucket) = histogram.iter_mut().rev().find(|bucket| bucket.start == start) else { return };
    match level {
        Some(level) if level >= Level::Error => bucket.errors = bucket.errors.saturating_sub(1),
        Some(Level::Warn) => bucket.warnings = bucket.warnings.saturating_sub(1),
        _ => bucket.others = bucket.others.saturating_sub(1),
    }
}

/// The column of a second: the last one, or a new one after it.
fn column(histogram: &mut Vec<Bucket>, width: i64, second: i64) -> &mut Bucket {
    let start = second.div_euclid(width) * width;
    if histogram.last().is_none_or(|bucket| bucket.start != start) {
        histogram.push(Bucket { start, ..Bucket::default() });
    }
    let last = histogram.len() - 1;
    &mut histogram[last]
}
