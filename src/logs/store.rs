//! Rows in order, in blocks, within a hard cap on memory: the oldest block goes first, and what it held is counted.

use std::collections::{HashMap, VecDeque};

use super::block::Block;
use super::merge::Released;
use crate::domain::log::{SourceId, TimeFrom};
use crate::domain::log_view::RowId;

/// Bytes of text in a block, and rows. A block that late rows have doubled is split.
const BLOCK: usize = 256 << 10;
const ROWS: usize = 8192;

/// The rows that are held.
#[derive(Debug)]
pub struct Store {
    blocks: VecDeque<Block>,
    numbers: u64,
    /// Rows and bytes in all blocks but the last, whose own change too often.
    rows: usize,
    bytes: usize,
    cap: usize,
    evicted: u64,
}

impl Store {
    /// An empty one that holds so many bytes.
    pub fn new(cap: u64) -> Self {
        let cap = usize::try_from(cap).unwrap_or(usize::MAX).max(4 * BLOCK);
        Self { blocks: VecDeque::new(), numbers: 0, rows: 0, bytes: 0, cap, evicted: 0 }
    }

    /// Puts a row in its place.
    pub fn insert(&mut self, row: Released) {
        let at_end = self.blocks.back().and_then(Block::last).is_none_or(|last| last < row.id);
        if at_end {
            let length = row.record.line().map_or(0, <[u8]>::len);
            if self.blocks.back().is_none_or(|block| is_full(block, length, 1)) {
                self.begin_block();
            }
            if let Some(last) = self.blocks.back_mut() {
                last.insert(row);
            }
            return;
        }
        let at =
            self.blocks.partition_point(|block| block.first().is_some_and(|first| first <= row.id)).saturating_sub(1);
        let inner = at + 1 < self.blocks.len();
        let block = &mut self.blocks[at];
        let before = block.cost();
        block.insert(row);
        if inner {
            self.rows += 1;
            self.bytes += block.cost() - before;
        }
        if is_full(block, 0, 2) {
            self.split(at);
        }
        self.evict();
    }

    fn begin_block(&mut self) {
        if let Some(last) = self.blocks.back_mut() {
            last.seal();
            self.rows += last.entries().len();
            self.bytes += last.cost();
        }
        self.numbers += 1;
        self.blocks.push_back(Block::new(self.numbers));
        self.evict();
    }

    /// Splits a block in two of equal text.
    fn split(&mut self, at: usize) {
        let Some(old) = self.blocks.remove(at) else { return };
        let last = at == self.blocks.len();
        let mut halves = [Block::new(self.numbers + 1), Block::new(self.numbers + 2)];
        self.numbers += 2;
        for (row, entry) in old.entries().iter().enumerate() {
            let half = usize::from(halves[0].text_len() >= old.text_len() / 2);
            halves[half].copy(&old, row, entry.id().micros);
        }
        if !last {
            self.rows -= old.entries().len();
            self.bytes -= old.cost();
        }
        for (n, mut half) in halves.into_iter().enumerate() {
            half.seal();
            if !last || n == 0 {
                self.rows += half.entries().len();
                self.bytes += half.cost();
            }
            self.blocks.insert(at + n, half);
        }
    }

    fn evict(&mut self) {
        while self.bytes + BLOCK > self.cap && self.blocks.len() > 1 {
            let Some(oldest) = self.blocks.pop_front() else { return };
            self.bytes -= oldest.cost();
            self.rows -= oldest.entries().len();
            self.evicted += oldest.entries().len() as u64;
        }
    }

    /// Sorts everything anew after hosts' clocks were measured: `shift` says by how much a source's times move, in
    /// microseconds. Each source keeps its own order. Rows placed by arrival move with the line before them.
    pub fn reorder(&mut self, shift: impl Fn(SourceId) -> i64) {
        let old = std::mem::take(&mut self.blocks);
        let mut places = Vec::with_capacity(self.rows);
        let mut lines: HashMap<SourceId, (i64, i64)> = HashMap::new();
        for (number, block) in old.iter().enumerate() {
            for (row, entry) in block.entries().iter().enumerate() {
                let mut id = entry.id();
                if !entry.is_ledger() {
                    // The newest place of the source, and how far its last timed line moved.
                    let (newest, moved) = lines.entry(id.source).or_insert((i64::MIN, 0));
                    if entry.time_from == TimeFrom::Line {
                        *moved = shift(id.source);
                    }
                    id.micros = id.micros.saturating_add(*moved).max(*newest);
                    *newest = id.micros;
                }
                places.push((id, number, row));
            }
        }
        places.sort_unstable_by_key(|(id, ..)| *id);
        (self.rows, self.bytes) = (0, 0);
        for (id, number, row) in places {
            if self.blocks.back().is_none_or(|block| is_full(block, 0, 1)) {
                self.begin_block();
            }
            if let Some(last) = self.blocks.back_mut() {
                last.copy(&old[number], row, id.micros);
            }
        }
    }

    /// How many rows have been dropped since the beginning.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many rows are held.
    pub fn len(&self) -> usize {
        self.rows + self.blocks.back().map_or(0, |block| block.entries().len())
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
}

/// Whether a block with `more` bytes of text would be `times` as large as a block should be.
fn is_full(block: &Block, more: usize, times: usize) -> bool {
    block.text_len() + more >= times * BLOCK || block.entries().len() >= times * ROWS
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::block::Content;
    use crate::logs::parse::Stamp;
    use crate::logs::record::{Body, Record};

    fn row(micros: i64, source: u32, seq: u64, text: &str) -> Released {
        let source = SourceId(source);
        let record = Record {
            source,
            seq,
            time: Stamp { nanos: micros * 1000, digits: 6 },
            time_from: TimeFrom::Line,
            level: None,
            continues: false,
            body: Body::Line { bytes: Bytes::copy_from_slice(text.as_bytes()), truncated: 0 },
        };
        Released { id: RowId { micros, source, seq }, late: false, record }
    }

    fn contents(store: &Store) -> Vec<(RowId, String)> {
        let mut out = Vec::new();
        for block in store.blocks() {
            for (at, entry) in block.entries().iter().enumerate() {
                let Content::Line(line) = block.content(at) else { continue };
                out.push((entry.id(), String::from_utf8_lossy(line).into_owned()));
            }
        }
        out
    }

    proptest! {
        /// Rows in any order are held sorted, whole and once; splitting and reordering keep that.
        #[test]
        fn rows_are_held_in_order(rows in proptest::collection::vec((0_i64..60, 0_u32..3, 1_usize..30_000), 1..120), shift in -50_i64..50) {
            let mut store = Store::new(1 << 30);
            let mut want = Vec::new();
            for (seq, (micros, source, length)) in (0..).zip(&rows) {
                let text = format!("{seq}{}", "x".repeat(*length));
                want.push((RowId { micros: *micros, source: SourceId(*source), seq }, text.clone()));
                store.insert(row(*micros, *source, seq, &text));
            }
            want.sort();
            prop_assert_eq!(store.len(), want.len());
            prop_assert_eq!(contents(&store), want.clone());
            prop_assert!(store.blocks().iter().all(|block| !is_full(block, 0, 2)));
            store.reorder(|source| if source.0 == 1 { shift } else { 0 });
            for (id, _) in &mut want {
                id.micros += if id.source.0 == 1 { shift } else { 0 };
            }
            want.sort();
            prop_assert_eq!(store.len(), want.len());
            prop_assert_eq!(contents(&store), want);
        }
    }

    #[test]
    fn the_cap_holds_and_the_oldest_go_first() {
        let cap = 8 << 20;
        let mut store = Store::new(cap);
        let line = "x".repeat(100);
        for n in 0..200_000 {
            store.insert(row(n, 0, n.unsigned_abs(), &line));
            assert!(store.cost() <= usize::try_from(cap).unwrap() * 105 / 100, "{}", store.cost());
        }
        assert!(store.cost() >= usize::try_from(cap).unwrap() * 85 / 100, "{}", store.cost());
        assert_eq!(store.len() as u64 + store.evicted(), 200_000);
        let first = store.blocks()[0].first().unwrap();
        assert_eq!(first.seq, store.evicted());
        // Late rows count too.
        for n in 0..100_000 {
            store.insert(row(first.micros + 1000, 1, n, &line));
        }
        assert!(store.cost() <= usize::try_from(cap).unwrap() * 105 / 100, "{}", store.cost());
    }
}
