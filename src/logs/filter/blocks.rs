//! A filter over a whole block: what is cheap to ask is asked first, and the rest only of the rows that are left.
//!
//! An event is asked as a whole: what is asked of it holds when it holds for any of its lines, and what passes is shown
//! with all of them; `!x` is for events of which no line says x. Beside that it is known of each line whether it passes
//! by itself, which is what ripgrep counts.

use super::{Filter, Line, Node, Text};
use crate::logs::record::SourceState;
use crate::logs::rowset::RowSet;
use crate::logs::store::{Events, Glance};

/// With fewer rows than one of so many left, each is asked by itself.
const FEW: usize = 24;

/// What passes of some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passing {
    /// Lines that pass by themselves.
    pub lines: RowSet,
    /// All lines of the events that pass.
    pub shown: RowSet,
}

impl Passing {
    fn same(rows: RowSet) -> Self {
        Self { lines: rows.clone(), shown: rows }
    }

    fn none(len: usize) -> Self {
        Self::same(RowSet::none(len))
    }
}

impl Filter {
    /// The rows of a block, from one on that begins an event, that pass. `known` says what is certain of each source by
    /// its number: none of its rows pass, or all do, or (none) it depends on them. Ledger rows pass wherever lines of
    /// their source can.
    pub fn rows(&self, glance: &mut Glance, from: usize, sources: &[SourceState], known: &[Option<bool>]) -> Passing {
        let verdict =
            |source: crate::domain::log::SourceId| known.get(source.0 as usize).copied().unwrap_or(Some(false));
        let len = glance.block().len();
        let mut verdicts = glance.block().sources().iter().map(|source| verdict(*source));
        let first = verdicts.next().unwrap_or(Some(false));
        let same = verdicts.all(|other| other == first);
        if same && first == Some(true) {
            return Passing::same(RowSet::from(from, len));
        }
        if same && first == Some(false) {
            return Passing::none(len);
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
        let asked = Asked { from, sources, events: glance.events(from) };
        let mut passing = self.query.rows(glance, &open, &asked);
        passing.shown.keep(&open);
        passing.shown.add(&certain);
        passing.lines.add(&certain);
        passing
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

/// What is asked beside the filter's own words.
struct Asked<'a> {
    /// The first row.
    from: usize,
    sources: &'a [SourceState],
    events: Events,
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

    /// Those of some rows, which are lines, that pass. Of an event of which not every line is among them only the
    /// lines' own part of the answer holds.
    fn rows(&self, glance: &mut Glance, among: &RowSet, asked: &Asked) -> Passing {
        if among.is_empty() {
            return Passing::same(among.clone());
        }
        match self {
            Self::And(parts) => {
                let mut passing = Passing::same(among.clone());
                for part in parts {
                    let mut left = passing.shown.clone();
                    left.add(&passing.lines);
                    let more = part.rows(glance, &left, asked);
                    passing.lines.keep(&more.lines);
                    passing.shown.keep(&more.shown);
                }
                passing
            }
            Self::Or(parts) => {
                let mut passing = Passing::none(among.len());
                for part in parts {
                    // What passes in both ways need not be asked again.
                    let (mut left, mut settled) = (among.clone(), passing.shown.clone());
                    settled.keep(&passing.lines);
                    left.subtract(&settled);
                    let more = part.rows(glance, &left, asked);
                    passing.lines.add(&more.lines);
                    passing.shown.add(&more.shown);
                }
                passing
            }
            Self::Not(inner) => {
                let mut passing = Passing::same(among.clone());
                let not = inner.rows(glance, among, asked);
                passing.lines.subtract(&not.lines);
                passing.shown.subtract(&not.shown);
                passing
            }
            leaf => {
                let lines = leaf.lines(glance, among, asked);
                let shown = asked.events.whole(&lines);
                Passing { lines, shown }
            }
        }
    }

    /// Those lines of some that pass by themselves.
    fn lines(&self, glance: &mut Glance, among: &RowSet, asked: &Asked) -> RowSet {
        let mut found = RowSet::none(among.len());
        match self {
            Self::Text(text) => return matching(text, glance, among, asked.from),
            Self::Level(op, wanted) => {
                let mark = glance.marks();
                for row in among.iter().filter(|row| mark(*row).1.is_some_and(|level| op.holds(level.cmp(wanted)))) {
                    found.insert(row);
                }
            }
            Self::LevelName(_) | Self::Host(_) | Self::Service(_) | Self::Source(_) => {
                let entries = glance.entries();
                for row in among.iter() {
                    let entry = &entries[row];
                    let Some(state) = asked.sources.get(entry.source().0 as usize) else { continue };
                    if self.wants(&Line::new(&[], entry.level, state, 0)) {
                        found.insert(row);
                    }
                }
            }
            Self::Message(_) | Self::Field(..) | Self::And(_) | Self::Or(_) | Self::Not(_) => {
                let (entries, line) = glance.lines();
                for row in among.iter() {
                    let entry = &entries[row];
                    let Some(state) = asked.sources.get(entry.source().0 as usize) else { continue };
                    if self.wants(&Line::new(line(row), entry.level, state, entry.time().nanos)) {
                        found.insert(row);
                    }
                }
            }
        }
        found
    }
}
