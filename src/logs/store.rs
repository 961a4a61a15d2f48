//! Rows in order, within a hard cap on memory; the oldest go first and are counted.

use std::collections::VecDeque;

use super::record::Record;
use crate::domain::log_view::RowId;

/// The rows that are held.
#[derive(Debug)]
pub struct Store {
    rows: VecDeque<Record>,
    bytes: usize,
    cap: usize,
    evicted: u64,
}

impl Store {
    /// An empty one that holds so many bytes.
    pub fn new(cap: u64) -> Self {
        let cap = usize::try_from(cap).unwrap_or(usize::MAX).max(1 << 20);
        Self { rows: VecDeque::new(), bytes: 0, cap, evicted: 0 }
    }

    /// Puts a row in its place; whether that was the end.
    pub fn insert(&mut self, record: Record) -> bool {
        self.bytes += record.cost();
        let at_end = self.rows.back().is_none_or(|last| last.id < record.id);
        if at_end {
            self.rows.push_back(record);
        } else {
            let at = self.rows.partition_point(|row| row.id < record.id);
            self.rows.insert(at, record);
        }
        while self.bytes > self.cap {
            let Some(oldest) = self.rows.pop_front() else { break };
            self.bytes -= oldest.cost();
            self.evicted += 1;
        }
        at_end
    }

    /// How many rows have been dropped since the beginning.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many rows are held.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every row, oldest first.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.rows.iter()
    }

    /// Rows from this id on.
    pub fn from(&self, id: RowId) -> impl Iterator<Item = &Record> {
        let at = self.rows.partition_point(|row| row.id < id);
        self.rows.range(at..)
    }

    /// A row by its id.
    pub fn get(&self, id: RowId) -> Option<&Record> {
        let at = self.rows.partition_point(|row| row.id < id);
        self.rows.get(at).filter(|row| row.id == id)
    }

    /// The id of the oldest row.
    pub fn first(&self) -> Option<RowId> {
        self.rows.front().map(|row| row.id)
    }
}
