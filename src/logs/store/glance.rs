//! Looking into blocks: those that are compressed are expanded, and only what is asked of them.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use crate::domain::log::Level;
use crate::logs::block::{Block, Entry, Mark, Press, Rows};

/// Compressed blocks that were looked at last, in the open.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) press: Press,
    pub(super) rows: VecDeque<(u64, u64, Arc<Rows>)>,
    text: Vec<u8>,
    index: Vec<u8>,
    pub(super) marks: Vec<Mark>,
    entries: Vec<Entry>,
}

/// A block's rows to look at.
#[derive(Clone, Debug)]
pub enum Opened<'s> {
    /// They are in the open.
    Hot(&'s Rows),
    /// They had to be expanded.
    Cold(Arc<Rows>),
}

impl Deref for Opened<'_> {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        match self {
            Self::Hot(rows) => rows,
            Self::Cold(rows) => rows,
        }
    }
}

/// One block that is being looked through.
pub struct Glance<'g> {
    pub(super) block: &'g Block,
    pub(super) shelf: &'g mut Shelf,
    has_text: bool,
    has_marks: bool,
    has_entries: bool,
}

impl<'g> Glance<'g> {
    pub(super) fn new(block: &'g Block, shelf: &'g mut Shelf) -> Self {
        Self { block, shelf, has_text: false, has_marks: false, has_entries: false }
    }

    /// Whose rows they are.
    pub fn block(&self) -> &'g Block {
        self.block
    }

    /// Its text in one piece; none where its lines are not in the order of its rows.
    pub fn text(&mut self) -> Option<&[u8]> {
        self.expand_text();
        match self.block.rows() {
            Some(rows) => rows.text(),
            None => Some(&self.shelf.text),
        }
    }

    /// Where its rows stand, in microseconds since the epoch, and their levels, by their numbers: less than the whole
    /// index costs.
    pub fn marks(&mut self) -> impl Fn(usize) -> (i64, Option<Level>) {
        self.expand_marks();
        let (rows, marks) = (self.block.rows(), &self.shelf.marks);
        move |at: usize| match rows {
            Some(rows) => (rows.entries()[at].id().micros, rows.entries()[at].level),
            None => (marks[at].micros, marks[at].level()),
        }
    }

    /// Its index.
    pub fn entries(&mut self) -> &[Entry] {
        self.expand_entries();
        self.block.rows().map_or(&self.shelf.entries, Rows::entries)
    }

    /// Its index and its lines by their numbers.
    pub fn lines<'s>(&'s mut self) -> (&'s [Entry], impl Fn(usize) -> &'s [u8]) {
        self.expand_text();
        self.expand_entries();
        let (rows, shelf) = (self.block.rows(), &*self.shelf);
        let entries: &'s [Entry] = rows.map_or(shelf.entries.as_slice(), Rows::entries);
        (entries, move |at: usize| match rows {
            Some(rows) => rows.line(at),
            None => entries[at].line_in(&shelf.text),
        })
    }

    fn expand_text(&mut self) {
        if let Some(packed) = self.block.packed()
            && !std::mem::replace(&mut self.has_text, true)
        {
            packed.text(&mut self.shelf.press, &mut self.shelf.text);
        }
    }

    pub(super) fn expand_marks(&mut self) {
        let Shelf { press, index, marks, .. } = &mut *self.shelf;
        if let Some(packed) = self.block.packed()
            && !std::mem::replace(&mut self.has_marks, true)
        {
            packed.marks(press, index, marks);
        }
    }

    fn expand_entries(&mut self) {
        self.expand_marks();
        let Shelf { press, index, marks, entries, .. } = &mut *self.shelf;
        if let Some(packed) = self.block.packed()
            && !std::mem::replace(&mut self.has_entries, true)
        {
            packed.entries(press, marks, index, entries);
        }
    }
}
