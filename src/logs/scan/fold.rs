//! Repeats: events that say the same as the event shown before them, shown as one.

use super::{Scan, Seen, Spot};
use crate::domain::log::SourceId;
use crate::domain::template::mask::{Hash, shape};
use crate::logs::block::Entry;
use crate::logs::parse;
use crate::logs::record::SourceState;
use crate::logs::rowset::RowSet;
use crate::logs::store::{Glance, Store};

/// Events of one kind in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// What they say, numbers and ids apart, and how severe it is. None: something that is never folded.
    key: Option<u64>,
    /// How many there are.
    pub events: u64,
    /// Of which sources.
    pub sources: Vec<SourceId>,
    /// Where the last of them stands, in microseconds since the epoch.
    pub last: i64,
}

/// The runs of a block.
#[derive(Debug, Default)]
pub(super) struct Folds {
    /// How many there are.
    runs: usize,
    /// The first and the last of them.
    first: Run,
    last: Run,
    /// The rows of the first event.
    head: std::ops::Range<usize>,
    /// The first run goes on from an earlier block: its first event is not shown either.
    joined: bool,
}

impl Run {
    fn add(&mut self, entry: &Entry) {
        self.events += 1;
        self.last = entry.id().micros;
        if let Err(place) = self.sources.binary_search(&entry.source()) {
            self.sources.insert(place, entry.source());
        }
    }

    fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.last = self.last.max(other.last);
        for source in &other.sources {
            if let Err(place) = self.sources.binary_search(source) {
                self.sources.insert(place, *source);
            }
        }
    }

    fn goes_on(&self, other: &Self) -> bool {
        self.key.is_some() && self.key == other.key
    }
}

impl Seen {
    /// Finds the runs among the rows that pass, and which rows are shown of them.
    pub(super) fn fold(&mut self, glance: &mut Glance, sources: &[SourceState]) {
        let (entries, line) = glance.lines();
        let mut shown = RowSet::none(self.rows.len());
        let mut folds = Folds::default();
        let mut rows = self.rows.iter().peekable();
        while let Some(at) = rows.next() {
            let entry = &entries[at];
            let state = sources.get(entry.source().0 as usize).filter(|_| !entry.is_ledger());
            let mut key = state.map(|state| head_key(entry, line(at), state));
            let mut end = at + 1;
            while let Some(next) = rows.next_if(|next| *next == end && entries[*next].continues()) {
                key = key.map(|key| {
                    let body = state.map_or(line(next), |state| state.shape().body(line(next)).0);
                    if parse::names_error(body) { joined(key, body) } else { key }
                });
                end = next + 1;
            }
            let mut run = Run { key, ..Run::default() };
            if !folds.last.goes_on(&run) {
                run.add(entry);
                shown.fill(&(at..end));
                if folds.runs == 0 {
                    folds.head = at..end;
                } else if folds.runs == 1 {
                    folds.first = std::mem::take(&mut folds.last);
                }
                folds.runs += 1;
                folds.last = run;
            } else {
                folds.last.add(entry);
            }
        }
        if folds.runs == 1 {
            folds.first = folds.last.clone();
        }
        self.passing = shown.count();
        self.shown = Some(shown);
        self.folds = folds;
    }

    /// Says whether the first run goes on from an earlier block.
    fn join(&mut self, joined: bool) {
        let Some(shown) = &mut self.shown else { return };
        if std::mem::replace(&mut self.folds.joined, joined) == joined {
            return;
        }
        if joined {
            shown.clear(&self.folds.head);
        } else {
            shown.fill(&self.folds.head);
        }
        self.passing = shown.count();
    }
}

/// What an event's first line says.
fn head_key(entry: &Entry, line: &[u8], state: &SourceState) -> u64 {
    let mut hash = Hash(entry.level.map_or(0, |level| level as u64 + 1));
    hash.bytes(state.source.service.as_deref().unwrap_or("").as_bytes());
    let message = parse::saying(state.shape(), line, entry.time().nanos);
    shape(&line[message], hash.0)
}

/// What an event says with one more line. Where a line ends is part of it: an empty one is not nothing.
fn joined(key: u64, line: &[u8]) -> u64 {
    let mut hash = Hash(key);
    hash.word(u64::from(b'\n'));
    shape(line, hash.0)
}

impl Scan {
    /// Joins the runs of neighbouring blocks.
    pub(super) fn join(&mut self, store: &Store) {
        if !self.fold {
            return;
        }
        let mut before: Option<Run> = None;
        for block in store.blocks().range(self.from.min(store.blocks().len())..) {
            let Some(seen) = self.seen.get_mut(&block.number).filter(|seen| seen.folds.runs > 0) else { continue };
            let joined = before.as_ref().is_some_and(|before| before.goes_on(&seen.folds.first));
            seen.join(joined);
            before = Some(Run { key: seen.folds.last.key, ..Run::default() });
        }
    }

    /// The run of which a shown row's event is the first. None: nothing is folded, or the row is not an event's first.
    pub fn run(&self, store: &Store, spot: Spot) -> Option<Run> {
        let seen = self.seen(store, spot.block).filter(|_| self.fold)?;
        let shown = seen.shown.as_ref()?;
        let row = shown.select(spot.row)?;
        let open = store.open(spot.block)?;
        let entries = open.entries();
        if entries[row].continues() || entries[row].is_ledger() {
            return None;
        }
        let mut run = Run::default();
        let mut next = None;
        for at in seen.rows.iter().skip(seen.rows.rank(row)) {
            if entries[at].continues() {
                continue;
            }
            if at > row && shown.contains(at) {
                next = Some(at);
                break;
            }
            run.add(&entries[at]);
        }
        if next.is_some() {
            return Some(run);
        }
        for block in spot.block + 1..store.blocks().len() {
            let Some(later) = self.seen(store, block) else { break };
            match later.folds.runs {
                0 => {}
                _ if !later.folds.joined => break,
                runs => {
                    run.merge(&later.folds.first);
                    if runs > 1 {
                        break;
                    }
                }
            }
        }
        Some(run)
    }
}
