//! A filter over a whole block: what is cheap to ask is asked first, and the rest only of the rows that are left.

use super::{Filter, Line, Node, Text};
use crate::logs::record::SourceState;
use crate::logs::rowset::RowSet;
use crate::logs::store::Glance;

/// With fewer rows than one of so many left, each is asked by itself.
const FEW: usize = 24;

impl Filter {
    /// The rows of a block, from one on, that pass. `known` says what is certain of each source by its number: none of
    /// its rows pass, or all do, or (none) it depends on them. Ledger rows pass wherever lines of their source can.
    pub fn rows(&self, glance: &mut Glance, from: usize, sources: &[SourceState], known: &[Option<bool>]) -> RowSet {
        let verdict =
            |source: crate::domain::log::SourceId| known.get(source.0 as usize).copied().unwrap_or(Some(false));
        let len = glance.block().len();
        let mut verdicts = glance.block().sources().iter().map(|source| verdict(*source));
        let first = verdicts.next().unwrap_or(Some(false));
        let same = verdicts.all(|other| other == first);
        if same && first == Some(true) {
            return RowSet::from(from, len);
        }
        if same && first == Some(false) {
            return RowSet::none(len);
        }
        // What passes whatever its line says, and what has to be asked.
        let (mut certain, mut open) = (RowSet::none(len), RowSet::none(len));
        if same && !glance.block().has_ledger() {
            open = RowSet::from(from, len);
        } else {
            for (row, entry) in glance.entries().iter().enumerate().skip(from) {
                match verdict(entry.source()) {
                    Some(true) => certain.insert(row),
                    None if entry.is_ledger() => certain.insert(row),
                    None => open.insert(row),
                    Some(false) => {}
                }
            }
        }
        certain.add(&self.query.rows(glance, &open, from, sources));
        certain
    }
}

/// Those of some rows that a regex matches; all of them are `from` or later. Ledger rows match nothing.
pub fn matching(text: &Text, glance: &mut Glance, among: &RowSet, from: usize) -> RowSet {
    if among.count() * FEW >= among.len()
        && text.takes_blocks()
        && let Some(found) = in_text(text, glance, among.len(), from)
    {
        let mut found = found;
        found.keep(among);
        if glance.block().has_ledger() {
            let ledger: Vec<usize> = ledger(glance, &found);
            ledger.into_iter().for_each(|row| found.remove(row));
        }
        return found;
    }
    let mut found = RowSet::none(among.len());
    if !among.is_empty() {
        let (entries, line) = glance.lines();
        for row in among.iter().filter(|row| !entries[*row].is_ledger() && text.is_match(line(*row))) {
            found.insert(row);
        }
    }
    found
}

fn ledger(glance: &mut Glance, among: &RowSet) -> Vec<usize> {
    let entries = glance.entries();
    among.iter().filter(|row| entries[*row].is_ledger()).collect()
}

fn in_text(text: &Text, glance: &mut Glance, len: usize, from: usize) -> Option<RowSet> {
    let begin = if from == 0 { 0 } else { glance.entries().get(from).map_or(usize::MAX, |entry| entry.begin()) };
    let mut found = RowSet::none(len);
    text.rows(glance.text()?.get(begin..).unwrap_or_default(), from, &mut found);
    Some(found)
}

impl Node {
    /// How dear it is to ask.
    pub(super) fn cost(&self) -> u8 {
        match self {
            Self::Host(_) | Self::Service(_) | Self::Source(_) | Self::Level(..) | Self::LevelName(_) => 0,
            Self::Text(_) => 1,
            Self::Message(_) => 2,
            Self::Field(..) => 3,
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::cost).max().unwrap_or(0),
            Self::Not(inner) => inner.cost(),
        }
    }

    /// Those of some rows, which are lines and `from` or later, that pass.
    fn rows(&self, glance: &mut Glance, among: &RowSet, from: usize, sources: &[SourceState]) -> RowSet {
        if among.is_empty() {
            return among.clone();
        }
        match self {
            Self::And(parts) => {
                let mut left = among.clone();
                for part in parts {
                    left = part.rows(glance, &left, from, sources);
                }
                left
            }
            Self::Or(parts) => {
                let (mut left, mut found) = (among.clone(), RowSet::none(among.len()));
                for part in parts {
                    let more = part.rows(glance, &left, from, sources);
                    left.subtract(&more);
                    found.add(&more);
                }
                found
            }
            Self::Not(inner) => {
                let mut left = among.clone();
                left.subtract(&inner.rows(glance, among, from, sources));
                left
            }
            Self::Text(text) => matching(text, glance, among, from),
            Self::Level(op, wanted) => {
                let mut found = RowSet::none(among.len());
                let mark = glance.marks();
                for row in among.iter().filter(|row| mark(*row).1.is_some_and(|level| op.holds(level.cmp(wanted)))) {
                    found.insert(row);
                }
                found
            }
            Self::LevelName(_) | Self::Host(_) | Self::Service(_) | Self::Source(_) => {
                let mut found = RowSet::none(among.len());
                let entries = glance.entries();
                for row in among.iter() {
                    let entry = &entries[row];
                    let Some(state) = sources.get(entry.source().0 as usize) else { continue };
                    if self.wants(&Line::new(&[], entry.level, state, 0)) {
                        found.insert(row);
                    }
                }
                found
            }
            Self::Message(_) | Self::Field(..) => {
                let mut found = RowSet::none(among.len());
                let (entries, line) = glance.lines();
                for row in among.iter() {
                    let entry = &entries[row];
                    let Some(state) = sources.get(entry.source().0 as usize) else { continue };
                    if self.wants(&Line::new(line(row), entry.level, state, entry.time().nanos)) {
                        found.insert(row);
                    }
                }
                found
            }
        }
    }
}
