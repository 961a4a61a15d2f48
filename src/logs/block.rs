//! A stretch of rows, disjoint in time from every other: in the open while it is new, compressed when it has cooled.

mod packed;
mod rows;

use std::sync::Arc;

pub use self::packed::{Mark, Packed, Press};
pub use self::rows::{Content, Entry, Rows};
use super::merge::Released;
use crate::domain::log::{Level, SourceId};
use crate::domain::log_view::RowId;

/// A stretch of rows.
#[derive(Debug)]
pub struct Block {
    /// Its number, never reused.
    pub number: u64,
    /// Counts changes other than rows put at its end.
    pub version: u64,
    /// In the open; empty while they are packed.
    rows: Arc<Rows>,
    packed: Option<Packed>,
    first: Option<RowId>,
    last: Option<RowId>,
    worst: Option<Level>,
    /// Some of its rows continue others.
    continues: bool,
    /// Its sources, in the order they came.
    sources: Vec<SourceId>,
}

impl Block {
    /// An empty one.
    pub fn new(number: u64) -> Self {
        let rows = Arc::default();
        Self {
            number,
            version: 0,
            rows,
            packed: None,
            first: None,
            last: None,
            worst: None,
            continues: false,
            sources: Vec::new(),
        }
    }

    /// Its rows, while they are in the open.
    pub fn rows(&self) -> Option<&Rows> {
        self.packed.is_none().then_some(&self.rows)
    }

    /// Its rows, while they are compressed.
    pub fn packed(&self) -> Option<&Packed> {
        self.packed.as_ref()
    }

    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.packed.as_ref().map_or(self.rows.entries.len(), Packed::rows)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of text in the open.
    pub fn text_len(&self) -> usize {
        self.packed.as_ref().map_or(self.rows.text.len(), Packed::text_len)
    }

    /// Bytes of memory it takes.
    pub fn cost(&self) -> usize {
        let rows = self.packed.as_ref().map_or_else(|| self.rows.cost(), Packed::cost);
        rows + size_of::<Self>() + self.sources.capacity() * size_of::<SourceId>()
    }

    /// The id of its first row.
    pub fn first(&self) -> Option<RowId> {
        self.first
    }

    /// The id of its last row.
    pub fn last(&self) -> Option<RowId> {
        self.last
    }

    /// The most severe of its rows' levels.
    pub fn worst(&self) -> Option<Level> {
        self.worst
    }

    /// Whether some of its rows continue others.
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Whether some of its rows are of the ledger.
    pub fn has_ledger(&self) -> bool {
        self.packed.as_ref().map_or(!self.rows.events.is_empty(), Packed::has_ledger)
    }

    /// Whose rows it holds.
    pub fn sources(&self) -> &[SourceId] {
        &self.sources
    }

    /// Puts a row in its place.
    pub fn insert(&mut self, row: Released, press: &mut Press) {
        self.note(row.id, row.record.level, row.record.continues);
        let at_end = self.thawed(press).insert(row);
        self.version += u64::from(!at_end);
    }

    /// Puts a copy of another block's row in its place, at another time.
    pub fn copy(&mut self, from: &Rows, at: usize, micros: i64, press: &mut Press) {
        let entry = &from.entries()[at];
        self.note(RowId { micros, ..entry.id() }, entry.level, entry.continues());
        let at_end = self.thawed(press).copy(from, at, micros);
        self.version += u64::from(!at_end);
    }

    fn note(&mut self, id: RowId, level: Option<Level>, continues: bool) {
        self.continues |= continues;
        self.first = Some(self.first.map_or(id, |first| first.min(id)));
        self.last = Some(self.last.map_or(id, |last| last.max(id)));
        self.worst = self.worst.max(level);
        if !self.sources.contains(&id.source) {
            self.sources.push(id.source);
        }
    }

    /// Its rows in the open, to be changed.
    fn thawed(&mut self, press: &mut Press) -> &mut Rows {
        if let Some(packed) = self.packed.take() {
            self.rows = Arc::new(packed.unpack(press));
        }
        Arc::make_mut(&mut self.rows)
    }

    /// Only its rows.
    pub fn into_rows(mut self, press: &mut Press) -> Rows {
        self.thawed(press);
        Arc::unwrap_or_clone(self.rows)
    }

    /// No more rows will be put at its end: its lines are put in order, and room that was set aside is given back.
    pub fn seal(&mut self) {
        if !self.rows.is_sealed() {
            Arc::make_mut(&mut self.rows).seal();
        }
    }

    /// Compresses its rows.
    pub fn freeze(&mut self, press: &mut Press) {
        if self.packed.is_none() {
            self.seal();
            if let Some(packed) = Packed::pack(&self.rows, press) {
                self.pack(packed);
            }
        }
    }

    /// Its rows, shared with who compresses them, and which they are: the block's number and version.
    pub fn share(&mut self) -> ((u64, u64), Arc<Rows>) {
        self.seal();
        ((self.number, self.version), self.rows.clone())
    }

    /// Puts compressed rows, which are its own, in place of those in the open.
    pub fn pack(&mut self, packed: Packed) {
        self.packed = Some(packed);
        self.rows = Arc::default();
    }
}
