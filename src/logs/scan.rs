//! Which rows of the store pass a filter and match a search: looked through block by block, newest first, and only once.

use std::collections::HashMap;

use regex::bytes::Regex;

use super::block::Block;
use super::filter::{Filter, Line};
use super::record::{Ingest, SourceState};
use super::store::Store;
use crate::domain::log::{Level, SourceId};
use crate::domain::log_view::{Bucket, RowId};

/// What is known of the store's blocks.
#[derive(Debug, Default)]
pub struct Scan {
    filter: Filter,
    search: Option<Regex>,
    /// Whether a source's rows pass, by number: none, all, or as their lines are.
    sources: Vec<Option<bool>>,
    seen: HashMap<u64, Seen>,
    /// The first block from which on every block has been looked through.
    from: usize,
    /// Seconds in a column of the histogram.
    width: i64,
}

/// What is known of one block.
#[derive(Debug, Default)]
struct Seen {
    version: u64,
    /// So many of its rows have been looked at.
    upto: usize,
    /// Rows that pass, by number within the block.
    rows: Vec<u32>,
    /// Those of them that match the search.
    hits: Vec<u32>,
    histogram: Vec<Bucket>,
}

/// A row that passes: its block, and its number among the block's rows that pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    block: usize,
    row: usize,
}

impl Scan {
    /// Begins anew with another filter and search.
    pub fn restart(&mut self, filter: Filter, search: Option<Regex>) {
        *self = Self { filter, search, width: self.width, ..Self::default() };
        self.from = usize::MAX;
    }

    /// The search, where there is one.
    pub fn search(&self) -> Option<&Regex> {
        self.search.as_ref()
    }

    /// Looks through what has not been looked through, newest block first, as long as `more` says so.
    pub fn advance(&mut self, store: &Store, ingest: &Ingest, mut more: impl FnMut() -> bool) {
        let sources = ingest.sources();
        for (n, state) in sources.iter().enumerate().skip(self.sources.len()) {
            let id = SourceId(u32::try_from(n).unwrap_or(u32::MAX));
            self.sources.push(self.filter.of_source(id, &state.source));
        }
        let blocks = store.blocks();
        if self.seen.len() > blocks.len() {
            let held: std::collections::HashSet<u64> = blocks.iter().map(|block| block.number).collect();
            self.seen.retain(|number, _| held.contains(number));
        }
        self.from = blocks.len();
        for (n, block) in blocks.iter().enumerate().rev() {
            self.look(block, sources);
            self.from = n;
            if n > 0 && !self.is_current(&blocks[n - 1]) && !more() {
                return;
            }
        }
    }

    /// Whether every block has been looked through.
    pub fn is_complete(&self) -> bool {
        self.from == 0
    }

    fn is_current(&self, block: &Block) -> bool {
        let seen = self.seen.get(&block.number);
        seen.is_some_and(|seen| seen.version == block.version && seen.upto == block.entries().len())
    }

    fn look(&mut self, block: &Block, sources: &[SourceState]) {
        let seen = self.seen.entry(block.number).or_default();
        if seen.version != block.version {
            *seen = Seen { version: block.version, ..Seen::default() };
        }
        for at in seen.upto..block.entries().len() {
            let entry = &block.entries()[at];
            let source = entry.source().0 as usize;
            let Some(state) = sources.get(source) else { continue };
            let (number, line) = (u32::try_from(at).unwrap_or(u32::MAX), block.line(at));
            // Ledger rows pass wherever lines of their source can, and match no search.
            let passes = self.sources.get(source).copied().flatten().unwrap_or_else(|| {
                entry.is_ledger() || self.filter.wants(&Line::new(line, entry.level, state, entry.time().nanos))
            });
            if !passes {
                continue;
            }
            seen.rows.push(number);
            if !entry.is_ledger() && self.search.as_ref().is_some_and(|search| search.is_match(line)) {
                seen.hits.push(number);
            }
            if self.width > 0 {
                count(&mut seen.histogram, self.width, entry.id(), entry.level);
            }
        }
        seen.upto = block.entries().len();
    }

    fn seen(&self, store: &Store, block: usize) -> Option<&Seen> {
        if block < self.from {
            return None;
        }
        self.seen.get(&store.blocks().get(block)?.number)
    }

    fn rows(&self, store: &Store, block: usize) -> &[u32] {
        self.seen(store, block).map_or(&[], |seen| &seen.rows)
    }

    /// How many rows pass, and how many of them match the search.
    pub fn totals(&self, store: &Store) -> (u64, u64) {
        let counted = (self.from..store.blocks().len()).filter_map(|n| self.seen(store, n));
        counted.fold((0, 0), |(rows, hits), seen| (rows + seen.rows.len() as u64, hits + seen.hits.len() as u64))
    }

    /// How many rows pass before this one.
    pub fn before(&self, store: &Store, spot: Spot) -> u64 {
        (self.from..spot.block).map(|n| self.rows(store, n).len() as u64).sum::<u64>() + spot.row as u64
    }

    /// The number of a row among those that match the search, from 1.
    pub fn hit_number(&self, store: &Store, spot: Spot) -> Option<u64> {
        let (_, row) = self.block_row(store, spot)?;
        let here = self.seen(store, spot.block)?.hits.binary_search(&u32::try_from(row).ok()?).ok()?;
        let earlier: usize =
            (self.from..spot.block).filter_map(|n| self.seen(store, n)).map(|seen| seen.hits.len()).sum();
        Some((earlier + here + 1) as u64)
    }

    /// After the last row.
    pub fn end(&self, store: &Store) -> Spot {
        Spot { block: store.blocks().len(), row: 0 }
    }

    /// The first row at or after this id that passes. None: that part has not been looked through yet.
    pub fn find(&self, store: &Store, id: RowId) -> Option<Spot> {
        let block = store.block_of(id);
        if store.is_empty() {
            return Some(self.end(store));
        }
        let entries = store.blocks().get(block)?.entries();
        let rows = &self.seen(store, block)?.rows;
        let row = rows.partition_point(|at| entries[*at as usize].id() < id);
        Some(self.normal(store, Spot { block, row }))
    }

    /// A spot past its block's last row is the first of the next block that has one.
    fn normal(&self, store: &Store, mut spot: Spot) -> Spot {
        while spot.block < store.blocks().len() && spot.row >= self.rows(store, spot.block).len() {
            spot = Spot { block: spot.block + 1, row: 0 };
        }
        spot
    }

    /// So many rows further on, or at the end.
    pub fn forward(&self, store: &Store, spot: Spot, count: u64) -> Spot {
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        let mut at = spot;
        while at.block < store.blocks().len() {
            let here = self.rows(store, at.block).len() - at.row;
            if left < here {
                return Spot { row: at.row + left, ..at };
            }
            left -= here;
            at = Spot { block: at.block + 1, row: 0 };
        }
        at
    }

    /// So many rows back, or at the first row known; and whether more may turn up before that.
    pub fn back(&self, store: &Store, spot: Spot, count: u64) -> (Spot, bool) {
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        let mut at = spot;
        while left > at.row {
            left -= at.row;
            if at.block <= self.from {
                return (self.normal(store, Spot { row: 0, ..at }), self.from > 0);
            }
            let block = at.block - 1;
            at = Spot { block, row: self.rows(store, block).len() };
        }
        (Spot { row: at.row - left, ..at }, false)
    }

    /// The block and the row in it of a spot.
    pub fn block_row<'s>(&self, store: &'s Store, spot: Spot) -> Option<(&'s Block, usize)> {
        let row = *self.rows(store, spot.block).get(spot.row)?;
        Some((&store.blocks()[spot.block], row as usize))
    }

    /// The next spot after (or the nearest before) this one that a test accepts. `Err` when there is none in what has
    /// been looked through: with true when more may turn up.
    pub fn seek(&self, store: &Store, from: Spot, forward: bool, wanted: Wanted) -> Result<Spot, bool> {
        if forward {
            let mut first = from.row + 1;
            for block in from.block..store.blocks().len() {
                if let Some(row) = self.matching(store, block, wanted).find(|row| *row >= first) {
                    return Ok(Spot { block, row });
                }
                first = 0;
            }
            return Err(false);
        }
        let mut limit = from.row;
        for block in (self.from..=from.block).rev() {
            if let Some(row) = self.matching(store, block, wanted).filter(|row| *row < limit).last() {
                return Ok(Spot { block, row });
            }
            limit = usize::MAX;
        }
        Err(self.from > 0)
    }

    /// The rows of a block that are wanted, by their numbers among those that pass.
    fn matching<'s>(&'s self, store: &'s Store, block: usize, wanted: Wanted) -> Box<dyn Iterator<Item = usize> + 's> {
        let Some(seen) = self.seen(store, block) else { return Box::new(std::iter::empty()) };
        match wanted {
            Wanted::Hit => Box::new(seen.hits.iter().filter_map(|hit| seen.rows.binary_search(hit).ok())),
            Wanted::Level(least) => {
                let entries = store.blocks()[block].entries();
                let bad = move |at: &u32| {
                    let entry = &entries[*at as usize];
                    !entry.continues() && entry.level.is_some_and(|level| level >= least)
                };
                Box::new(seen.rows.iter().enumerate().filter(move |(_, at)| bad(at)).map(|(row, _)| row))
            }
        }
    }

    /// Rows by severity over time, in at most `columns` columns of a round width.
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
        for bucket in
            (self.from..store.blocks().len()).filter_map(|n| self.seen(store, n)).flat_map(|seen| &seen.histogram)
        {
            let at = usize::try_from(bucket.start.div_euclid(width) - begin);
            let Some(sum) = at.ok().and_then(|at| out.get_mut(at)) else { continue };
            sum.errors += bucket.errors;
            sum.warnings += bucket.warnings;
            sum.others += bucket.others;
        }
        out
    }

    fn recount(&mut self, store: &Store, width: i64) {
        self.width = width;
        for block in store.blocks() {
            let Some(seen) = self.seen.get_mut(&block.number).filter(|seen| seen.version == block.version) else {
                continue;
            };
            seen.histogram.clear();
            for at in &seen.rows {
                let entry = &block.entries()[*at as usize];
                count(&mut seen.histogram, width, entry.id(), entry.level);
            }
        }
    }
}

/// What is sought.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// A row that matches the search.
    Hit,
    /// An event at least this severe.
    Level(Level),
}

/// Round widths of a histogram's column, in seconds: up to a year.
const WIDTHS: [i64; 20] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800, 2_592_000,
    31_536_000,
];

/// Counts a row; rows come in order of time.
fn count(histogram: &mut Vec<Bucket>, width: i64, id: RowId, level: Option<Level>) {
    let start = id.micros.div_euclid(1_000_000).div_euclid(width) * width;
    if histogram.last().is_none_or(|bucket| bucket.start != start) {
        histogram.push(Bucket { start, ..Bucket::default() });
    }
    let Some(bucket) = histogram.last_mut() else { return };
    match level {
        Some(level) if level >= Level::Error => bucket.errors += 1,
        Some(Level::Warn) => bucket.warnings += 1,
        _ => bucket.others += 1,
    }
}
