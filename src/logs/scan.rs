//! Which rows of the store pass a filter and match a search: looked through block by block, newest first, and only once.

mod anew;
mod fold;
mod histogram;

use std::collections::HashMap;

use self::fold::Folds;
pub use self::fold::Run;
use super::block::Block;
use super::filter::{Filter, Text, matching};
use super::record::{Ingest, SourceState};
use super::rowset::RowSet;
use super::store::{Glance, Opened, Store};
use crate::domain::log::{Level, SourceId};
use crate::domain::log_view::{Bucket, RowId};

/// What is known of the store's blocks.
#[derive(Debug, Default)]
pub struct Scan {
    filter: Filter,
    search: Option<Text>,
    /// Repeats are shown as one.
    fold: bool,
    /// Whether a source's rows pass, by number: none, all, or as their lines are.
    sources: Vec<Option<bool>>,
    seen: HashMap<u64, Seen>,
    /// The first block from which on it is known of every block which rows pass.
    from: usize,
    /// The same for which of them match the search.
    hits_from: usize,
    /// Seconds in a column of the histogram.
    width: i64,
}

/// What is known of one block.
#[derive(Debug, Default)]
struct Seen {
    version: u64,
    /// So many of its rows have been looked at, and so many searched.
    upto: usize,
    searched: usize,
    /// Rows of events that pass.
    rows: RowSet,
    /// Those of them that are shown, where repeats are folded; and how many are shown.
    shown: Option<RowSet>,
    passing: usize,
    folds: Folds,
    /// How many events that is, and how many lines pass by themselves.
    events: usize,
    lines: usize,
    /// Those of them that match the search, and how many there are.
    hits: RowSet,
    matching: usize,
    histogram: Vec<Bucket>,
}

/// How much passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows of events that pass.
    pub rows: u64,
    /// Those events.
    pub events: u64,
    /// Lines that pass by themselves.
    pub lines: u64,
    /// Rows of events that pass which match the search.
    pub hits: u64,
}

impl Seen {
    /// The rows that are shown.
    fn shown(&self) -> &RowSet {
        self.shown.as_ref().unwrap_or(&self.rows)
    }

    /// How many of the rows that are shown match the search.
    fn found(&self) -> usize {
        if self.shown.is_some() { self.hits.common(self.shown()).count() } else { self.matching }
    }

    /// Forgets what was found of the last event, whose head is row `from`, because more of it has come.
    fn forget(&mut self, from: usize, width: i64, glance: &mut Glance) {
        if from >= self.upto {
            return;
        }
        let rest = from..self.upto;
        if self.rows.contains(from) {
            self.events -= 1;
            if width > 0 {
                histogram::uncount(&mut self.histogram, width, glance, from);
            }
        }
        self.rows.clear(&rest);
        self.passing = self.rows.count();
        self.hits.clear(&rest);
        self.matching = self.hits.count();
        self.searched = self.searched.min(from);
    }
}

/// A row that passes: its block, and its number among the block's rows that pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    block: usize,
    row: usize,
}

impl Scan {
    /// The search, where there is one.
    pub fn search(&self) -> Option<&Text> {
        self.search.as_ref()
    }

    /// Looks through what has not been looked through, newest block first, as long as `more` says so, which is told how
    /// many rows are shown of the blocks until then.
    pub fn advance(&mut self, store: &Store, ingest: &Ingest, mut more: impl FnMut(usize) -> bool) {
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
        (self.from, self.hits_from) = (blocks.len(), blocks.len());
        let mut shown = 0;
        for (n, block) in blocks.iter().enumerate().rev() {
            self.look(store, block, sources);
            (self.from, self.hits_from) = (n, n);
            shown += self.passing(store, n);
            if n > 0 && !self.is_searched(&blocks[n - 1]) && !more(shown) {
                break;
            }
        }
        // Which rows pass may be known of more than which of them match.
        while self.from > 0 && self.is_looked_at(&blocks[self.from - 1]) {
            self.from -= 1;
        }
        self.join(store);
    }

    /// Whether every block has been looked through.
    pub fn is_complete(&self) -> bool {
        self.from == 0 && self.hits_from == 0
    }

    fn is_looked_at(&self, block: &Block) -> bool {
        self.seen.get(&block.number).is_some_and(|seen| seen.version == block.version && seen.upto == block.len())
    }

    fn is_searched(&self, block: &Block) -> bool {
        self.is_looked_at(block)
            && (self.search.is_none() || self.seen.get(&block.number).is_some_and(|seen| seen.searched == block.len()))
    }

    fn look(&mut self, store: &Store, block: &Block, sources: &[SourceState]) {
        if self.is_searched(block) {
            return;
        }
        let seen = self.seen.entry(block.number).or_default();
        if seen.version != block.version {
            *seen = Seen { version: block.version, ..Seen::default() };
        }
        store.glance(block, |glance| {
            let len = block.len();
            let mut new = None;
            if seen.upto < len {
                let known = seen.upto;
                let from = glance.head(known);
                seen.forget(from, self.width, glance);
                let passing = self.filter.rows(glance, from, sources, &self.sources);
                let rows = passing.shown;
                seen.rows.grow(len);
                seen.rows.add(&rows);
                seen.passing += rows.count();
                seen.lines += passing.lines.count() - passing.lines.rank(known);
                let heads = glance.events(from).heads(&rows);
                seen.events += heads.count();
                if self.width > 0 && !heads.is_empty() {
                    histogram::count(&mut seen.histogram, self.width, glance, &heads);
                }
                new = (from == seen.searched).then_some(rows);
                seen.upto = len;
                if self.fold {
                    seen.fold(glance, sources);
                }
            }
            if let Some(search) = &self.search {
                let among = new.unwrap_or_else(|| {
                    let mut rest = RowSet::from(seen.searched, len);
                    rest.keep(&seen.rows);
                    rest
                });
                let hits = matching(search, glance, &among, seen.searched);
                seen.hits.grow(len);
                seen.hits.add(&hits);
                seen.matching += hits.count();
                seen.searched = len;
            }
        });
    }

    fn seen(&self, store: &Store, block: usize) -> Option<&Seen> {
        if block < self.from {
            return None;
        }
        self.seen.get(&store.blocks().get(block)?.number)
    }

    /// How many rows of a block are known to pass.
    fn passing(&self, store: &Store, block: usize) -> usize {
        self.seen(store, block).map_or(0, |seen| seen.passing)
    }

    /// How much passes.
    pub fn totals(&self, store: &Store) -> Totals {
        let mut totals = Totals::default();
        for seen in (self.from..store.blocks().len()).filter_map(|n| self.seen(store, n)) {
            totals.rows += seen.passing as u64;
            totals.events += seen.events as u64;
            totals.lines += seen.lines as u64;
            totals.hits += seen.found() as u64;
        }
        totals
    }

    /// How many rows pass before this one.
    pub fn before(&self, store: &Store, spot: Spot) -> u64 {
        (self.from..spot.block).map(|n| self.passing(store, n) as u64).sum::<u64>() + spot.row as u64
    }

    /// The number of a row among those that match the search, from 1.
    pub fn hit_number(&self, store: &Store, spot: Spot) -> Option<u64> {
        let seen = self.seen(store, spot.block)?;
        let row = seen.shown().select(spot.row).filter(|row| seen.hits.contains(*row))?;
        let earlier: usize = (self.from..spot.block).filter_map(|n| self.seen(store, n)).map(Seen::found).sum();
        Some((earlier + seen.hits.common(seen.shown()).rank(row) + 1) as u64)
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
        let seen = self.seen(store, block)?;
        let rows = store.open(block)?;
        let row = seen.shown().rank(rows.entries().partition_point(|entry| entry.id() < id));
        Some(self.normal(store, Spot { block, row }))
    }

    /// A spot past its block's last row is the first of the next block that has one.
    fn normal(&self, store: &Store, mut spot: Spot) -> Spot {
        while spot.block < store.blocks().len() && spot.row >= self.passing(store, spot.block) {
            spot = Spot { block: spot.block + 1, row: 0 };
        }
        spot
    }

    /// So many rows further on, or at the end.
    pub fn forward(&self, store: &Store, spot: Spot, count: u64) -> Spot {
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        let mut at = spot;
        while at.block < store.blocks().len() {
            let here = self.passing(store, at.block) - at.row;
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
            at = Spot { block, row: self.passing(store, block) };
        }
        (Spot { row: at.row - left, ..at }, false)
    }

    /// The rows of a spot's block, and its number among them.
    pub fn block_row<'s>(&self, store: &'s Store, spot: Spot) -> Option<(Opened<'s>, usize)> {
        let row = self.seen(store, spot.block)?.shown().select(spot.row)?;
        Some((store.open(spot.block)?, row))
    }

    /// Whether there is a row at a spot.
    pub fn is_row(&self, store: &Store, spot: Spot) -> bool {
        spot.row < self.passing(store, spot.block)
    }

    /// The next spot after (or the nearest before) this one that a test accepts. `Err` when there is none in what has
    /// been looked through: with true when more may turn up.
    pub fn seek(&self, store: &Store, from: Spot, forward: bool, wanted: Wanted) -> Result<Spot, bool> {
        if forward {
            let mut first = from.row + 1;
            for block in from.block..store.blocks().len() {
                if let Some(row) = self.nearest(store, block, wanted, |row| row >= first, true) {
                    return Ok(Spot { block, row });
                }
                first = 0;
            }
            return Err(wanted == Wanted::Hit && self.hits_from > from.block);
        }
        let known = if wanted == Wanted::Hit { self.hits_from } else { self.from };
        let mut limit = from.row;
        for block in (known..=from.block).rev() {
            if let Some(row) = self.nearest(store, block, wanted, |row| row < limit, false) {
                return Ok(Spot { block, row });
            }
            limit = usize::MAX;
        }
        Err(known > 0)
    }

    /// The first (or last) row of a block that is wanted and accepted, by its number among those that pass.
    fn nearest(
        &self,
        store: &Store,
        block: usize,
        wanted: Wanted,
        accept: impl Fn(usize) -> bool,
        first: bool,
    ) -> Option<usize> {
        let seen = self.seen(store, block)?;
        let pick = |rows: &mut dyn Iterator<Item = usize>| {
            let shown = seen.shown();
            let mut rows =
                rows.filter(|row| shown.contains(*row)).map(|row| shown.rank(row)).filter(|row| accept(*row));
            if first { rows.next() } else { rows.last() }
        };
        match wanted {
            Wanted::Hit => pick(&mut seen.hits.iter()),
            Wanted::Level(least) => {
                let inside = store.blocks().get(block)?;
                // Most blocks hold nothing as bad as that: they need not be opened.
                inside.worst().filter(|worst| *worst >= least)?;
                store.glance(inside, |glance| {
                    let entries = glance.entries();
                    let bad = |row: &usize| {
                        let entry = &entries[*row];
                        !entry.continues() && entry.level.is_some_and(|level| level >= least)
                    };
                    pick(&mut seen.shown().iter().filter(bad))
                })
            }
        }
    }
}

/// What is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A row that matches the search.
    Hit,
    /// An event at least this severe.
    Level(Level),
}
