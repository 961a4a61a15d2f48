//! Sorting everything anew when hosts' clocks were measured.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use super::Store;
use crate::domain::log::{SourceId, TimeFrom};
use crate::domain::log_view::RowId;
use crate::logs::block::Rows;

/// A row on its way to its new place; ordered by that alone.
struct Moving {
    id: RowId,
    rows: Arc<Rows>,
    at: usize,
}

impl PartialEq for Moving {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Moving {}

impl PartialOrd for Moving {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moving {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.id.cmp(&other.id)
    }
}

impl Store {
    /// Sorts everything anew after hosts' clocks were measured: `shift` says by how much a source's times move, in
    /// microseconds. Each source keeps its own order. Rows placed by arrival move with the line before them.
    ///
    /// No more of it is in the open at once than what the largest shift spans.
    pub fn reorder(&mut self, shift: impl Fn(SourceId) -> i64) {
        let mut old = std::mem::take(&mut self.blocks);
        let sources = old.iter().flat_map(|block| block.sources().iter());
        let earliest = sources.map(|source| shift(*source)).min().unwrap_or(0).min(0);
        let mut lines: HashMap<SourceId, (i64, i64)> = HashMap::new();
        let mut moving: BinaryHeap<Reverse<Moving>> = BinaryHeap::new();
        (self.rows, self.bytes, self.thawed) = (0, 0, 0);
        while let Some(block) = old.pop_front() {
            let rows = Arc::new(block.into_rows(&mut self.press));
            for (at, entry) in rows.entries().iter().enumerate() {
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
                moving.push(Reverse(Moving { id, rows: rows.clone(), at }));
            }
            // No row of the blocks to come can go before this.
            let until = old.front().and_then(|next| next.first()).map(|next| next.micros.saturating_add(earliest));
            while let Some(Reverse(next)) = moving.peek()
                && until.is_none_or(|until| next.id.micros < until)
            {
                let Some(Reverse(next)) = moving.pop() else { break };
                self.append(&next);
            }
        }
    }

    fn append(&mut self, row: &Moving) {
        let continues = row.rows.entries()[row.at].continues();
        if self.blocks.back().is_none_or(|block| !continues && self.shape.is_full(block, 0, 1)) {
            self.begin_block();
        }
        if let Some(last) = self.blocks.back_mut() {
            last.copy(&row.rows, row.at, row.id.micros, &mut self.press);
        }
    }
}
