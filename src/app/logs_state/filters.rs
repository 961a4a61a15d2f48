//! What decides which lines are shown: what was typed, filters kept under a name, an id that is followed, everything
//! around a line.

use std::sync::Arc;

use crate::domain::log::{Source, SourceId};
use crate::domain::log_reach::Reached;
use crate::domain::log_view::{Ends, LookedThrough, RowId, Sought};
use crate::domain::query::Query;

/// A filter that is kept under a name, to be put on and off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFilter {
    /// Its name.
    pub name: String,
    /// What lines must be like.
    pub query: Query,
    /// It is on.
    pub on: bool,
}

/// An id that is followed over all hosts, and what to go back to.
#[derive(Clone, Debug)]
pub struct Following {
    /// As it is written on the screen.
    pub label: String,
    /// The lines that have it.
    pub query: Query,
    /// What was typed before.
    pub typed: Query,
    /// Names of the filters that were on.
    pub on: Vec<String>,
    /// Sources that were hidden.
    pub hidden: Vec<SourceId>,
    /// The line it was followed from.
    pub from: RowId,
}

/// Everything around a line is shown, and what passes the filter is marked.
#[derive(Clone, Debug)]
pub struct Around {
    /// Which lines are around it: all, or those of its own source.
    pub query: Query,
    /// What was read around a line that came alone.
    pub excerpt: Option<Excerpt>,
}

/// What was read around a line that came alone, from its host.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The line's row among what is held.
    pub row: RowId,
    /// Its row among what was read.
    pub there: RowId,
    /// Its source.
    pub source: Arc<Source>,
    /// Where it goes on.
    pub ends: Ends,
    /// No more of it is held.
    pub is_full: bool,
    /// More is being read.
    pub reading: Option<ReadingOn>,
}

/// More of what is around a line is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingOn {
    /// The number of the question.
    pub number: u64,
    /// What was written before, not after.
    pub older: bool,
    /// What is done with it.
    pub then: Onward,
    /// The row that was selected.
    pub from: Option<RowId>,
}

/// What is done when more was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// So many rows on; negative is up.
    Move(i64),
    /// The search goes on.
    Search,
}

/// Older lines were looked for: above what had been brought, only those that were found are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedBack {
    /// What was sought.
    pub sought: Sought,
    /// What was looked through for it.
    pub through: LookedThrough,
    /// And how far back.
    pub reached: Reached,
}

/// Older lines are being brought, or looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookingBack {
    /// The number of the question.
    pub number: u64,
    /// The row that was searched from; none: more was wanted above the first.
    pub from: Option<RowId>,
    /// How far it has come.
    pub through: LookedThrough,
}

/// A named filter that is being edited: until it is taken its text is what is typed.
#[derive(Clone, Debug)]
pub struct Editing {
    /// Its name.
    pub name: String,
    /// Whether it was on.
    pub on: bool,
}

impl super::LogsState {
    /// Works out anew which lines are wanted.
    pub fn compose(&mut self) {
        let following = self.following.iter().map(|following| &following.query);
        let on = self.named.iter().filter(|filter| filter.on).map(|filter| &filter.query);
        let wanted = Query::all(following.chain(std::iter::once(&self.typed)).chain(on).cloned().collect());
        match &self.around {
            Some(around) => (self.query.filter.query, self.query.mark) = (around.query.clone(), Some(wanted)),
            None => (self.query.filter.query, self.query.mark) = (wanted, None),
        }
        self.query.excerpt =
            self.around.as_ref().and_then(|around| around.excerpt.as_ref()).map(|excerpt| excerpt.there);
        // What was found for another filter is let go with it.
        if self.looked_back.as_ref().is_some_and(|back| back.sought.query != *self.wanted()) {
            self.looked_back = None;
        }
    }

    /// Lets go of what was found for a search that is over.
    pub fn search_over(&mut self) {
        let search = &self.query.search;
        self.looked_back.take_if(|back| back.sought.search.is_some() && back.sought.search != *search);
    }

    /// What lines must be like, also while everything around one is shown.
    pub fn wanted(&self) -> &Query {
        self.query.mark.as_ref().unwrap_or(&self.query.filter.query)
    }

    /// What is on, each as the screen writes it.
    pub fn chips(&self) -> Vec<String> {
        let following = self.following.iter().map(|following| following.label.clone());
        let on = self.named.iter().filter(|filter| filter.on).map(|filter| format!("[{}]", filter.name));
        following.chain(self.typed.chips()).chain(on).collect()
    }

    /// Whether lines are kept from being shown.
    pub fn is_filtered(&self) -> bool {
        self.around.is_some() || !self.query.filter.query.is_everything() || !self.query.filter.hidden.is_empty()
    }

    /// Takes every filter off; those that have a name stay known.
    pub fn clear_filters(&mut self) {
        (self.typed, self.following, self.around) = (Query::default(), None, None);
        self.named.iter_mut().for_each(|filter| filter.on = false);
        self.query.filter.hidden.clear();
        self.compose();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::LogsState;
    use crate::domain::query::Op;

    #[test]
    fn filters_that_are_on_all_hold_and_each_is_told_by_its_name() {
        let named = |name: &str, text: &str, on| NamedFilter { name: name.into(), query: Query::text(text), on };
        let mut logs = LogsState {
            typed: Query::field("level", Op::AtLeast, "warn"),
            named: vec![named("carts", "cart", true), named("health", "healthz", false)],
            ..LogsState::default()
        };
        logs.compose();
        assert_eq!(logs.query.filter.query.to_string(), "level>=warn cart");
        assert_eq!(logs.chips(), ["level>=warn", "[carts]"]);
        logs.around = Some(Around { query: Query::default(), excerpt: None });
        logs.compose();
        assert!(logs.query.filter.query.is_everything() && logs.is_filtered());
        assert_eq!(logs.query.mark.as_ref().map(ToString::to_string).as_deref(), Some("level>=warn cart"));
        logs.clear_filters();
        assert!(!logs.is_filtered() && logs.named.len() == 2 && logs.query.mark.is_none());
    }
}
