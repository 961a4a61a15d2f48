//! Which rows came without those around them, and where those are to be had.

use std::collections::{BTreeMap, HashMap};

use crate::domain::log::{LineSpot, SourceId};
use crate::domain::log_view::RowId;

/// Rows that came for a filter or a search alone: of each source those up to a number.
#[derive(Debug, Default)]
pub struct Sieved {
    sources: HashMap<SourceId, Lone>,
}

#[derive(Debug)]
struct Lone {
    last: u64,
    spots: BTreeMap<u64, LineSpot>,
}

impl Sieved {
    /// More rows of a source, by number; if they are its first, its other rows have numbers above `last`.
    pub fn add(&mut self, source: SourceId, last: u64, rows: impl Iterator<Item = (u64, Option<LineSpot>)>) {
        let lone = self.sources.entry(source).or_insert_with(|| Lone { last, spots: BTreeMap::new() });
        lone.spots.extend(rows.filter_map(|(number, spot)| Some((number, spot?))));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether a row is one of them.
    pub fn has(&self, row: RowId) -> bool {
        self.of(row.source).is_some_and(|last| row.seq <= last)
    }

    /// The number up to which those of a source are; none: it has none.
    pub fn of(&self, source: SourceId) -> Option<u64> {
        self.sources.get(&source).map(|lone| lone.last)
    }

    /// Every source that has some, and up to which number.
    pub fn sources(&self) -> impl Iterator<Item = (SourceId, u64)> {
        self.sources.iter().map(|(id, lone)| (*id, lone.last))
    }

    /// Where a row stands, if it is one of them.
    pub fn spot(&self, row: RowId) -> Option<LineSpot> {
        self.sources.get(&row.source)?.spots.get(&row.seq).cloned()
    }
}
