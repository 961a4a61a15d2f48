//! Some of a block's rows: one bit each.

use std::ops::Range;

/// A set of row numbers below a length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    words: Vec<u64>,
    len: usize,
}

impl RowSet {
    /// None of so many rows.
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// All of so many rows from one on.
    pub fn from(first: usize, len: usize) -> Self {
        let mut set = Self { words: vec![u64::MAX; len.div_ceil(64)], len };
        set.words[..first / 64].fill(0);
        if let Some(word) = set.words.get_mut(first / 64) {
            *word &= u64::MAX << (first % 64);
        }
        set.trim();
        set
    }

    /// Forgets what lies beyond the length.
    fn trim(&mut self) {
        if let Some(last) = self.words.last_mut()
            && !self.len.is_multiple_of(64)
        {
            *last &= (1 << (self.len % 64)) - 1;
        }
    }

    /// How many rows there could be.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no row.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// How many rows it holds.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Takes a row in.
    pub fn insert(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Leaves a row out.
    pub fn remove(&mut self, row: usize) {
        self.words[row / 64] &= !(1 << (row % 64));
    }

    /// Whether it holds a row.
    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word & (1 << (row % 64)) != 0)
    }

    /// Whether it holds any row of a range.
    pub fn any(&self, rows: &Range<usize>) -> bool {
        self.masks(rows).any(|(word, mask)| self.words[word] & mask != 0)
    }

    /// Takes in all rows of a range.
    pub fn fill(&mut self, rows: &Range<usize>) {
        for (word, mask) in self.masks(rows) {
            self.words[word] |= mask;
        }
    }

    /// Leaves out all rows of a range.
    pub fn clear(&mut self, rows: &Range<usize>) {
        for (word, mask) in self.masks(rows) {
            self.words[word] &= !mask;
        }
    }

    /// The words in which a range lies, and which of their bits are of it.
    fn masks(&self, rows: &Range<usize>) -> impl Iterator<Item = (usize, u64)> + use<> {
        let (from, to) = (rows.start.min(self.len), rows.end.min(self.len));
        (from / 64..to.div_ceil(64)).filter(move |_| from < to).map(move |word| {
            let (low, high) = (from.saturating_sub(word * 64), (to - word * 64).min(64));
            (word, (u64::MAX >> (64 - (high - low))) << low)
        })
    }

    /// Makes room for more rows, none of which is in it.
    pub fn grow(&mut self, len: usize) {
        self.words.resize(len.div_ceil(64), 0);
        self.len = len;
    }

    /// Takes in what another holds.
    pub fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Leaves out what another holds.
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Leaves out what another does not hold.
    pub fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// What two hold in common.
    pub fn common(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(word, other)| word & other).collect();
        Self { words, len: self.len.min(other.len) }
    }

    /// How many rows before this one it holds.
    pub fn rank(&self, row: usize) -> usize {
        let whole: usize = self.words.iter().take(row / 64).map(|word| word.count_ones() as usize).sum();
        let part = self.words.get(row / 64).map_or(0, |word| (word & ((1 << (row % 64)) - 1)).count_ones() as usize);
        whole + part
    }

    /// The row before which it holds `rank` others.
    pub fn select(&self, rank: usize) -> Option<usize> {
        let mut left = rank;
        for (n, word) in self.words.iter().enumerate() {
            let here = word.count_ones() as usize;
            if left < here {
                let mut word = *word;
                for _ in 0..left {
                    word &= word - 1;
                }
                return Some(n * 64 + word.trailing_zeros() as usize);
            }
            left -= here;
        }
        None
    }

    /// Its rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(n, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let row = (word != 0).then(|| n * 64 + word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(row)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(a in proptest::collection::btree_set(0_usize..200, 0..80), b in proptest::collection::btree_set(0_usize..200, 0..80), first in 0_usize..200, row in 0_usize..200) {
            let make = |rows: &BTreeSet<usize>| {
                let mut set = RowSet::none(100);
                set.grow(200);
                rows.iter().for_each(|row| set.insert(*row));
                set
            };
            let (x, y) = (make(&a), make(&b));
            let rows = |set: &RowSet| set.iter().collect::<BTreeSet<usize>>();
            prop_assert_eq!(rows(&x), a.clone());
            prop_assert_eq!((x.count(), x.is_empty(), x.contains(row)), (a.len(), a.is_empty(), a.contains(&row)));
            prop_assert_eq!(x.rank(row), a.range(..row).count());
            prop_assert_eq!(x.select(first), a.iter().nth(first).copied());
            let (mut sum, mut rest, mut both) = (x.clone(), x.clone(), x.clone());
            sum.add(&y);
            rest.subtract(&y);
            both.keep(&y);
            prop_assert_eq!(x.common(&y), both.clone());
            prop_assert_eq!(rows(&sum), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(rows(&rest), a.difference(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(rows(&both), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            let range = first.min(row)..first.max(row);
            let (mut full, mut bare) = (x.clone(), x.clone());
            full.fill(&range);
            bare.clear(&range);
            prop_assert_eq!(x.any(&range), a.range(range.clone()).next().is_some());
            prop_assert_eq!(rows(&full), a.iter().copied().chain(range.clone()).collect::<BTreeSet<_>>());
            prop_assert_eq!(rows(&bare), a.iter().copied().filter(|row| !range.contains(row)).collect::<BTreeSet<_>>());
            prop_assert_eq!(rows(&RowSet::from(first, 200)), (first..200).collect::<BTreeSet<_>>());
            prop_assert_eq!(RowSet::from(first, first), RowSet::none(first));
        }
    }
}
