//! How far back the logs were looked through for something: each source by itself, as they are of unequal size.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::log::Source;

/// How far back one source was looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarBack {
    /// To this time, as its host has it.
    To(DateTime<Utc>),
    /// Further than what is held, to a time that its lines do not tell.
    Untold,
    /// To its beginning.
    Beginning,
}

/// How far back sources were looked through; of those that are not among them nothing but what is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached(HashMap<Arc<Source>, FarBack>);

impl Reached {
    /// A source was looked through so far.
    pub fn set(&mut self, source: &Arc<Source>, reach: FarBack) {
        self.0.insert(source.clone(), reach);
    }

    /// Takes in how far a later look came.
    pub fn add(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How far back is looked through of some sources altogether.
    pub fn of<'s>(&self, sources: impl Iterator<Item = &'s Source>) -> Span {
        let reaches: Vec<Option<FarBack>> = sources.map(|source| self.0.get(source).copied()).collect();
        let time = |reach: &FarBack| if let FarBack::To(time) = reach { Some(*time) } else { None };
        let to = reaches.iter().flatten().filter_map(time).max();
        let further = |reach: &&FarBack| match reach {
            FarBack::To(time) => to.is_some_and(|to| *time < to),
            FarBack::Beginning => to.is_some(),
            FarBack::Untold => false,
        };
        Span {
            sources: reaches.len(),
            searched: reaches.iter().flatten().count(),
            to,
            further: reaches.iter().flatten().filter(further).count(),
            begun: reaches.iter().flatten().filter(|reach| **reach == FarBack::Beginning).count(),
        }
    }
}

/// How far back some sources were looked through altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// So many sources.
    pub sources: usize,
    /// Of those, were looked through further than what is held.
    pub searched: usize,
    /// All that were, were so far at least; none: to their beginning, or nobody knows.
    pub to: Option<DateTime<Utc>>,
    /// Of those, were further than that.
    pub further: usize,
    /// And were to their beginning.
    pub begun: usize,
}

impl Span {
    /// In few words; `done` says what was done with them, such as `searched`, and a time is written by `at`.
    pub fn words(&self, done: &str, at: impl Fn(DateTime<Utc>) -> String) -> String {
        let Self { sources, searched, to, further, begun } = *self;
        let to = to.map(at);
        match (searched == sources, to) {
            (true, None) if begun == sources => format!("{done} to the beginning"),
            (true, None) => format!("all sources {done}"),
            (true, Some(to)) if further == 0 => format!("all {done} to {to}"),
            (true, Some(to)) => format!("{done} to {to}, {further} of {sources} sources further"),
            (false, None) if begun == searched => format!("{searched} of {sources} sources {done} to the beginning"),
            (false, None) => format!("{searched} of {sources} sources {done}"),
            (false, Some(to)) => format!("{done} to {to} on {searched} of {sources} sources"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_holds_for_every_source_that_was_looked_through() {
        let source = |n: usize| Arc::new(Source { host: "web-1".into(), service: None, name: format!("{n}").into() });
        let at = |minute: i64| DateTime::from_timestamp(minute * 60, 0).expect("a time");
        let sources: Vec<_> = (0..3).map(source).collect();
        let words = |reaches: &[FarBack]| {
            let mut reached = Reached::default();
            sources.iter().zip(reaches).for_each(|(source, reach)| reached.set(source, *reach));
            reached
                .of(sources.iter().map(|source| &**source))
                .words("searched", |time| time.format("%H:%M").to_string())
        };
        use FarBack::{Beginning, To, Untold};
        for (reaches, expected) in [
            (vec![To(at(5)), To(at(9)), To(at(7))], "searched to 00:09, 2 of 3 sources further"),
            (vec![To(at(5)), Beginning, To(at(5))], "searched to 00:05, 1 of 3 sources further"),
            (vec![To(at(5)), Untold, To(at(5))], "all searched to 00:05"),
            (vec![Beginning; 3], "searched to the beginning"),
            (vec![Beginning, Untold, Beginning], "all sources searched"),
            (vec![To(at(5)), To(at(9))], "searched to 00:09 on 2 of 3 sources"),
            (vec![Beginning], "1 of 3 sources searched to the beginning"),
            (vec![Untold, Beginning], "2 of 3 sources searched"),
        ] {
            assert_eq!(words(&reaches), expected, "{reaches:?}");
        }
        let mut reached = Reached::default();
        reached.set(&sources[0], To(at(9)));
        let mut later = Reached::default();
        later.set(&sources[0], To(at(3)));
        reached.add(later);
        assert_eq!(reached.of(sources.iter().take(1).map(|source| &**source)).to, Some(at(3)), "the later look holds");
    }
}
