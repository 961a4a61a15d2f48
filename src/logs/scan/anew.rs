//! Another filter or search: what is known of the one before says something of one that was typed further.

use super::{Scan, Seen};
use crate::logs::filter::{Filter, Text};
use crate::logs::rowset::RowSet;

impl Scan {
    /// Begins anew with another filter and search. Where nothing passed a filter, nothing passes one that was typed
    /// further: those blocks need not be looked at again.
    pub fn restart(&mut self, filter: Filter, search: Option<Text>, fold: bool) {
        let mut seen = std::mem::take(&mut self.seen);
        if !fold && !self.fold && filter.narrows(&self.filter) {
            seen.retain(|_, seen| seen.rows.is_empty() && seen.lines == 0);
            seen.values_mut().for_each(Seen::find_none);
        } else {
            seen.clear();
        }
        *self = Self { filter, search, fold, seen, width: self.width, ..Self::default() };
        (self.from, self.hits_from) = (usize::MAX, usize::MAX);
    }

    /// Searches for something else among the same rows.
    pub fn search_anew(&mut self, search: Option<Text>) {
        let narrower = self.search.as_ref().zip(search.as_ref()).is_some_and(|(old, new)| new.narrows(old));
        self.search = search;
        self.hits_from = usize::MAX;
        for seen in self.seen.values_mut() {
            if narrower && seen.searched == seen.upto && seen.hits.is_empty() {
                seen.find_none();
            } else {
                (seen.hits, seen.matching, seen.searched) = (RowSet::default(), 0, 0);
            }
        }
    }
}

impl Seen {
    /// None of its rows match the search, whatever it is.
    fn find_none(&mut self) {
        (self.hits, self.matching, self.searched) = (RowSet::none(self.upto), 0, self.upto);
    }
}
