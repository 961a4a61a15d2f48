//! Rows in order, in blocks, within a hard cap on memory: the oldest block goes first, and what it held is counted.
//! All but the newest blocks are compressed.

mod events;
mod forget;
mod glance;
mod helper;
mod reorder;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

pub use self::events::Events;
use self::glance::Shelf;
pub use self::glance::{Glance, Opened};
use self::helper::{Done, Helper};
use super::block::{Block, Entry, Packed, Press, Rows};
use super::merge::Released;
use crate::domain::log::SourceId;
use crate::domain::log_view::RowId;

/// How large blocks are, and how many stay in the open.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Bytes of text in a block; one that late rows have doubled is split.
    pub text: usize,
    /// Rows in a block.
    pub rows: usize,
    /// So many full blocks stay in the open: what is looked at most, and where late rows go.
    pub hot: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { text: 256 << 10, rows: 8192, hot: 16 }
    }
}

/// Compressed blocks that are kept in the open beside it because they are being looked at: as many as a screen has rows,
/// each of which may be of another block when little passes. With fewer, every frame would expand them all again.
const SHELF: usize = 32;

/// The rows that are held.
#[derive(Debug)]
pub struct Store {
    blocks: VecDeque<Block>,
    numbers: u64,
    /// Rows and bytes in all blocks but the last, whose own change too often.
    rows: usize,
    bytes: usize,
    cap: usize,
    shape: Shape,
    evicted: u64,
    /// Blocks before the newest ones that late rows have brought into the open.
    thawed: usize,
    press: Press,
    /// Who compresses beside us, where there is one; and what it has not brought back yet.
    helper: Option<Helper>,
    pressing: Vec<(u64, u64)>,
    shelf: RefCell<Shelf>,
}

impl Store {
    /// An empty one that holds so many bytes.
    pub fn new(cap: u64) -> Self {
        Self::shaped(cap, Shape::default())
    }

    /// An empty one with other blocks.
    pub fn shaped(cap: u64, shape: Shape) -> Self {
        let cap = usize::try_from(cap).unwrap_or(usize::MAX).max(4 * shape.text);
        Self {
            blocks: VecDeque::new(),
            numbers: 0,
            rows: 0,
            bytes: 0,
            cap,
            shape,
            evicted: 0,
            thawed: 0,
            press: Press::default(),
            helper: None,
            pressing: Vec::new(),
            shelf: RefCell::default(),
        }
    }

    /// The same with a thread beside it that compresses. When blocks come faster than that, they are compressed here
    /// too.
    pub fn helped(self) -> Self {
        Self { helper: Helper::start(), ..self }
    }

    /// Puts a row in its place. An event's lines are in one block, so that it is let go as a whole; what comes for one
    /// that has been let go goes after it.
    pub fn insert(&mut self, row: Released) {
        let at_end = self.blocks.back().and_then(Block::last).is_none_or(|last| last < row.id);
        let oldest = self.blocks.front().and_then(Block::first);
        if row.record.continues && self.evicted > 0 && oldest.is_some_and(|oldest| row.id < oldest) {
            self.evicted += 1;
            return;
        }
        if at_end {
            let length = row.record.line().map_or(0, <[u8]>::len);
            let full = |block: &Block| !row.record.continues && self.shape.is_full(block, length, 1);
            if self.blocks.back().is_none_or(full) {
                self.begin_block();
            }
            if let Some(last) = self.blocks.back_mut() {
                let doubled = |block: &Block| self.shape.is_full(block, 0, 2);
                let before = doubled(last);
                last.insert(row, &mut self.press);
                // Late rows came nearly so far, and the rest of an event goes on from there. An event that is as long by
                // itself stays whole, and is not tried again with each of its lines.
                if !before && doubled(last) {
                    self.split(self.blocks.len() - 1);
                }
            }
            return;
        }
        let at = self.block_of(row.id);
        let inner = at + 1 < self.blocks.len();
        let block = &mut self.blocks[at];
        let (before, packed) = (block.cost(), block.packed().is_some());
        block.insert(row, &mut self.press);
        if inner {
            self.rows += 1;
            self.bytes = self.bytes + block.cost() - before;
        }
        self.thawed += usize::from(packed);
        if self.shape.is_full(block, 0, 2) {
            self.split(at);
        }
        if self.thawed > self.shape.hot {
            self.cool();
        }
        self.evict();
    }

    fn begin_block(&mut self) {
        if let Some(last) = self.blocks.back_mut() {
            last.seal();
            self.rows += last.len();
            self.bytes += last.cost();
        }
        self.numbers += 1;
        self.blocks.push_back(Block::new(self.numbers));
        self.cool();
        self.evict();
    }

    /// Puts in what was compressed beside us, where it still is what the block holds.
    fn settle(&mut self) {
        let Some(helper) = &self.helper else { return };
        for Done { block: id, packed } in helper.done() {
            self.pressing.retain(|other| *other != id);
            let Some(block) = self.blocks.iter_mut().rev().find(|block| block.number == id.0) else { continue };
            // A row put at the end leaves the version as it is.
            let same = |packed: &Packed| block.version == id.1 && block.len() == packed.rows();
            match packed.filter(|packed| block.packed().is_none() && same(packed)) {
                Some(packed) => {
                    self.bytes -= block.cost();
                    block.pack(packed);
                    self.bytes += block.cost();
                }
                None => self.thawed += 1,
            }
        }
    }

    /// Compresses what is no longer new.
    fn cool(&mut self) {
        self.settle();
        let until = self.blocks.len().saturating_sub(1 + self.shape.hot);
        let from = if self.thawed > 0 { 0 } else { until.saturating_sub(1) };
        for block in self.blocks.range_mut(from..until).filter(|block| block.packed().is_none()) {
            self.bytes -= block.cost();
            let (id, rows) = block.share();
            let pressed = self.pressing.contains(&id);
            if pressed || self.helper.as_ref().is_some_and(|helper| helper.takes(id, &rows)) {
                self.pressing.extend((!pressed).then_some(id));
            } else {
                drop(rows);
                block.freeze(&mut self.press);
            }
            self.bytes += block.cost();
        }
        self.thawed = 0;
    }

    /// Splits a block in two of about equal text, between two events.
    fn split(&mut self, at: usize) {
        let Some(middle) = self.blocks.get(at).and_then(Block::rows).and_then(Rows::middle) else { return };
        let Some(old) = self.blocks.remove(at) else { return };
        let Some(rows) = old.rows() else { return self.blocks.insert(at, old) };
        let last = at == self.blocks.len();
        let mut halves = [Block::new(self.numbers + 1), Block::new(self.numbers + 2)];
        self.numbers += 2;
        for (row, entry) in rows.entries().iter().enumerate() {
            halves[usize::from(row >= middle)].copy(rows, row, entry.id().micros, &mut self.press);
        }
        if !last {
            self.rows -= old.len();
            self.bytes -= old.cost();
        }
        for (n, mut half) in halves.into_iter().enumerate() {
            half.seal();
            if !last || n == 0 {
                self.rows += half.len();
                self.bytes += half.cost();
            }
            self.blocks.insert(at + n, half);
        }
        self.thawed += 1;
    }

    fn evict(&mut self) {
        while self.bytes + self.shape.text > self.cap && self.blocks.len() > 1 {
            let Some(oldest) = self.blocks.pop_front() else { return };
            self.bytes -= oldest.cost();
            self.rows -= oldest.len();
            self.evicted += oldest.len() as u64;
        }
    }

    /// How many rows have been dropped since the beginning.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many rows are held.
    pub fn len(&self) -> usize {
        self.rows + self.blocks.back().map_or(0, Block::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that the rows take.
    pub fn cost(&self) -> usize {
        self.bytes + self.blocks.back().map_or(0, Block::cost)
    }

    /// The blocks, oldest first; none is empty.
    pub fn blocks(&self) -> &VecDeque<Block> {
        &self.blocks
    }

    /// The number of the block that holds this id's place.
    pub fn block_of(&self, id: RowId) -> usize {
        self.blocks.partition_point(|block| block.first().is_some_and(|first| first <= id)).saturating_sub(1)
    }

    /// Where the oldest line of a source stands.
    pub fn oldest(&self, source: SourceId) -> Option<RowId> {
        self.blocks.iter().enumerate().filter(|(_, block)| block.sources().contains(&source)).find_map(|(n, _)| {
            let rows = self.open(n)?;
            let ours = |entry: &&Entry| entry.source() == source && !entry.is_ledger();
            rows.entries().iter().find(ours).map(Entry::id)
        })
    }

    /// The rows of a block, in the open; those that are compressed are expanded, and kept a while.
    pub fn open(&self, block: usize) -> Option<Opened<'_>> {
        let block = self.blocks.get(block)?;
        let Some(packed) = block.packed() else { return block.rows().map(Opened::Hot) };
        let shelf = &mut *self.shelf.borrow_mut();
        let place =
            shelf.rows.iter().position(|(number, version, _)| (*number, *version) == (block.number, block.version));
        let found = match place.and_then(|at| shelf.rows.remove(at)) {
            Some(found) => found,
            None => (block.number, block.version, Arc::new(packed.unpack(&mut shelf.press))),
        };
        let rows = found.2.clone();
        shelf.rows.push_front(found);
        shelf.rows.truncate(SHELF);
        Some(Opened::Cold(rows))
    }

    /// Looks at a block's text (where its lines are in the order of its rows), and at its index only if that is asked
    /// for. Nothing is kept.
    pub fn glance<T>(&self, block: &Block, look: impl FnOnce(&mut Glance<'_>) -> T) -> T {
        let shelf = &mut *self.shelf.borrow_mut();
        look(&mut Glance::new(block, shelf))
    }
}

impl Shape {
    /// Whether a block with `more` bytes of text would be `times` as large as a block should be.
    fn is_full(&self, block: &Block, more: usize, times: usize) -> bool {
        block.text_len() + more >= times * self.text || block.len() >= times * self.rows
    }
}

#[cfg(test)]
mod tests;
