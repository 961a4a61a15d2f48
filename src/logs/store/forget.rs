//! Letting go of rows that were only there for a while.

use std::collections::VecDeque;

use super::Store;
use crate::domain::log::SourceId;
use crate::domain::log_view::RowId;
use crate::logs::block::Block;

impl Store {
    /// Lets go of some rows of some sources, as if they had never come.
    pub fn forget(&mut self, is_gone: impl Fn(RowId) -> bool, of: impl Fn(SourceId) -> bool) {
        let mut blocks = VecDeque::with_capacity(self.blocks.len());
        for block in std::mem::take(&mut self.blocks) {
            if !block.sources().iter().any(|source| of(*source)) {
                blocks.push_back(block);
                continue;
            }
            let unpacked = block.packed().map(|packed| packed.unpack(&mut self.press));
            let Some(rows) = block.rows().or(unpacked.as_ref()) else { continue };
            if !rows.entries().iter().any(|entry| is_gone(entry.id())) {
                blocks.push_back(block);
                continue;
            }
            self.numbers += 1;
            let mut left = Block::new(self.numbers);
            for (row, entry) in rows.entries().iter().enumerate().filter(|(_, entry)| !is_gone(entry.id())) {
                left.copy(rows, row, entry.id().micros, &mut self.press);
            }
            if !left.is_empty() {
                left.seal();
                blocks.push_back(left);
            }
        }
        self.blocks = blocks;
        let inner = self.blocks.len().saturating_sub(1);
        self.rows = self.blocks.range(..inner).map(Block::len).sum();
        self.bytes = self.blocks.range(..inner).map(Block::cost).sum();
        self.thawed = 1;
        self.cool();
    }
}
