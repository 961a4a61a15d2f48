//! Lines that are one event: a line, and those that continue it.

use std::ops::Range;

use super::Glance;
use crate::logs::rowset::RowSet;

/// The events of a block that have more than one line, in order: ranges of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events(Vec<Range<usize>>);

impl Events {
    /// Some rows, and all others of the events that they are of.
    pub fn whole(&self, rows: &RowSet) -> RowSet {
        let mut whole = rows.clone();
        for event in self.0.iter().filter(|event| rows.any(event)) {
            whole.fill(event);
        }
        whole
    }

    /// Of how many events these are all the rows.
    pub fn count(&self, rows: &RowSet) -> usize {
        let more = self.0.iter().filter(|event| rows.contains(event.start)).map(|event| event.len() - 1);
        rows.count() - more.sum::<usize>()
    }

    /// Only the first rows of events that these are all the rows of.
    pub fn heads(&self, rows: &RowSet) -> RowSet {
        let mut heads = rows.clone();
        self.0.iter().for_each(|event| heads.clear(&(event.start + 1..event.end)));
        heads
    }
}

impl Glance<'_> {
    /// The events that begin at a row or later. Rows of one event stand together: a line that continues another has its
    /// source and its place, and the next number.
    pub fn events(&mut self, from: usize) -> Events {
        let mut events: Vec<Range<usize>> = Vec::new();
        if !self.block.continues() {
            return Events(events);
        }
        let len = self.block.len();
        let continues = self.continuing();
        for row in (from + 1..len).filter(|row| continues(*row)) {
            match events.last_mut() {
                Some(last) if last.end == row => last.end += 1,
                _ => events.push(row - 1..row + 1),
            }
        }
        Events(events)
    }

    /// The first row of the event that a row is of.
    pub fn head(&mut self, row: usize) -> usize {
        if !self.block.continues() || row >= self.block.len() {
            return row;
        }
        let continues = self.continuing();
        (1..=row).rev().find(|row| !continues(*row)).unwrap_or(0)
    }

    fn continuing(&mut self) -> impl Fn(usize) -> bool {
        self.expand_marks();
        let (rows, marks) = (self.block.rows(), &self.shelf.marks);
        move |at: usize| match rows {
            Some(rows) => rows.entries()[at].continues(),
            None => marks[at].continues(),
        }
    }
}
