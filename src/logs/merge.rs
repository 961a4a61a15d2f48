//! Many sources in one order: by time, after a stated hold; each source's own order is never broken.
//!
//! A row is handed on when every source that spoke within the hold has come past it (the watermark), or when it has
//! waited for the hold: a quiet source never blocks. What comes for a place that has been passed is marked late. Sources
//! that are read to an end are merged completely: a row is handed on when no source can bring an earlier one.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use super::record::{Body, Place, Record};
use crate::domain::log::SourceId;
use crate::domain::log_view::RowId;

/// A line that claims to be further in the future than this stands where it arrived.
const AHEAD_MICROS: i64 = 60_000_000;

/// When a row is handed on.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Live.
    Hold {
        /// How long a row waits for slower sources.
        hold: Duration,
        /// How long it waits instead while sources are still being read up to now.
        history: Duration,
    },
    /// Read to the end: as soon as the order is certain.
    Complete,
}

/// A row whose turn has come.
#[derive(Debug)]
pub struct Released {
    /// Its place among all rows.
    pub id: RowId,
    /// It came after its place had been passed.
    pub late: bool,
    /// The row.
    pub record: Record,
}

/// The merge of all sources.
#[derive(Debug)]
pub struct Merge {
    rule: Rule,
    lanes: Vec<Lane>,
    /// The first row of every lane that has one.
    heads: BinaryHeap<Reverse<RowId>>,
    /// Ledger rows stand at their own time and leave their source's order alone.
    events: BTreeMap<RowId, (Instant, Record)>,
    passed: Option<RowId>,
    /// Sources may still be announced: a complete merge hands nothing on.
    expecting: bool,
}

#[derive(Debug)]
struct Lane {
    queue: VecDeque<Held>,
    /// Where the newest row stands.
    last: Option<i64>,
    /// Where the newest row stands that was handed on.
    passed: i64,
    /// Whether the newest row's place came from a line's own time, not from its arrival.
    timed: bool,
    heard: Option<Instant>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Being read up to now, since then.
    History(Instant),
    /// At its end, where new lines come as they are written.
    Live,
    /// Nothing more comes.
    Ended,
}

#[derive(Debug)]
struct Held {
    id: RowId,
    since: Instant,
    /// It is of its source's history: nothing that was there before we looked is late.
    history: bool,
    record: Record,
}

impl Merge {
    /// A merge by this rule.
    pub fn new(rule: Rule) -> Self {
        let expecting = matches!(rule, Rule::Complete);
        Self { rule, lanes: Vec::new(), heads: BinaryHeap::new(), events: BTreeMap::new(), passed: None, expecting }
    }

    /// A source will bring rows, its history first.
    pub fn open(&mut self, source: SourceId, now: Instant) {
        let lane = self.lane(source);
        if lane.stage == Stage::Live && lane.last.is_none() {
            lane.stage = Stage::History(now);
        }
    }

    /// A source has brought its history.
    pub fn caught_up(&mut self, source: SourceId) {
        let lane = self.lane(source);
        if lane.stage != Stage::Ended {
            lane.stage = Stage::Live;
        }
    }

    /// A source brings no more rows.
    pub fn close(&mut self, source: SourceId) {
        self.lane(source).stage = Stage::Ended;
    }

    /// Every source has been announced: a complete merge may begin to hand on.
    pub fn all_known(&mut self) {
        self.expecting = false;
    }

    /// Takes a row that arrived at `arrival` (microseconds since the epoch) and `now`.
    pub fn push(&mut self, record: Record, place: Place, arrival: i64, now: Instant) {
        let (source, seq) = (record.source, record.seq);
        let live = matches!(self.rule, Rule::Hold { .. });
        if let (Body::Event(_), Place::Time(at)) = (&record.body, place) {
            // Never among the lines of an event, all of which stand at its place.
            let at = self.lane(source).last.map_or(at, |last| at.max(last.saturating_add(1)));
            self.events.insert(RowId { micros: at, source, seq }, (now, record));
            return;
        }
        let lane = self.lane(source);
        let mut disordered = false;
        let micros = match (place, lane.last) {
            (Place::Time(at), last) => {
                let at = if live { at.min(arrival.saturating_add(AHEAD_MICROS)) } else { at };
                match last {
                    Some(last) if lane.timed => at.max(last),
                    // Lines without a time at a source's beginning were placed by arrival, for want of better: they
                    // belong before this one.
                    Some(_) => {
                        let at = at.max(lane.passed);
                        disordered = lane.pull_back(at);
                        at
                    }
                    None => at,
                }
            }
            (Place::Previous, Some(last)) => last,
            (Place::Arrival, Some(last)) => arrival.max(last),
            (Place::Previous | Place::Arrival, None) => arrival,
        };
        lane.timed = matches!(place, Place::Time(_)) || lane.timed && place == Place::Previous;
        lane.last = Some(micros);
        lane.heard = Some(now);
        let id = RowId { micros, source, seq };
        let history = lane.stage != Stage::Live;
        let first = lane.queue.is_empty();
        lane.queue.push_back(Held { id, since: now, history, record });
        if disordered {
            self.sort_heads();
        } else if first {
            self.heads.push(Reverse(id));
        }
    }

    /// The places of a source have moved by so many microseconds, because its host's clock was measured anew. What was
    /// passed before says nothing of the new order.
    pub fn shift(&mut self, source: SourceId, micros: i64) {
        let lane = self.lane(source);
        lane.last = lane.last.map(|last| last.saturating_add(micros));
        lane.passed = lane.passed.saturating_add(micros);
        for held in &mut lane.queue {
            held.id.micros = held.id.micros.saturating_add(micros);
        }
        self.passed = None;
        self.sort_heads();
    }

    fn sort_heads(&mut self) {
        self.heads = self.lanes.iter().filter_map(|lane| lane.queue.front()).map(|held| Reverse(held.id)).collect();
    }

    /// Hands on every row whose turn has come, in order.
    pub fn release(&mut self, now: Instant, out: impl FnMut(Released)) {
        self.release_some(now, || true, out);
    }

    /// The same as long as `more` says so; whether that was all.
    pub fn release_some(
        &mut self,
        now: Instant,
        mut more: impl FnMut() -> bool,
        mut out: impl FnMut(Released),
    ) -> bool {
        let Some(bound) = self.bound(now) else { return true };
        while more() {
            let line = self.heads.peek().map(|head| head.0).filter(|id| id.micros <= bound);
            let event = self.events.first_key_value().map(|(id, _)| *id).filter(|id| id.micros <= bound);
            let released = match (line, event) {
                (None, None) => return true,
                (Some(line), event) if event.is_none_or(|event| line < event) => self.pop_line(line),
                _ => self.events.pop_first().map(|(id, (_, record))| Released { id, late: false, record }),
            };
            let Some(released) = released else { return true };
            self.passed = self.passed.max(Some(released.id));
            out(released);
        }
        false
    }

    /// Hands on everything: the end.
    pub fn drain(&mut self, out: impl FnMut(Released)) {
        self.rule = Rule::Hold { hold: Duration::ZERO, history: Duration::ZERO };
        self.release(Instant::now(), out);
    }

    /// When a row will have waited long enough, if nothing else comes.
    pub fn next_turn(&self) -> Option<Instant> {
        let wait = self.wait(Instant::now())?;
        let lines = self.lanes.iter().filter_map(|lane| lane.queue.front()).map(|held| held.since);
        lines.chain(self.events.values().map(|(since, _)| *since)).min().map(|since| since + wait)
    }

    /// How many rows wait.
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.queue.len()).sum::<usize>() + self.events.len()
    }

    fn lane(&mut self, source: SourceId) -> &mut Lane {
        let at = source.0 as usize;
        while self.lanes.len() <= at {
            self.lanes.push(Lane {
                queue: VecDeque::new(),
                last: None,
                passed: i64::MIN,
                timed: false,
                heard: None,
                stage: Stage::Live,
            });
        }
        &mut self.lanes[at]
    }

    fn pop_line(&mut self, id: RowId) -> Option<Released> {
        let passed = self.passed;
        let lane = self.lanes.get_mut(id.source.0 as usize)?;
        let held = lane.queue.pop_front()?;
        lane.passed = held.id.micros;
        // A line of an event stands with it, however much later it comes.
        // A time of whole seconds says nothing of where in its second it was: within that it is not late.
        let upto = RowId { micros: held.id.micros.saturating_add(held.record.time.tick() - 1), ..held.id };
        let late = !held.history && !held.record.continues && passed.is_some_and(|passed| upto < passed);
        // The next row of the same source is often the first of all again: in the place of the one that goes, one
        // comparison tells.
        match (lane.queue.front(), self.heads.peek_mut()) {
            (Some(next), Some(mut head)) => *head = Reverse(next.id),
            (_, head) => _ = head.map(PeekMut::pop),
        }
        Some(Released { id: held.id, late, record: held.record })
    }

    /// How long a row waits at most; forever in a complete merge.
    fn wait(&self, now: Instant) -> Option<Duration> {
        let Rule::Hold { hold, history } = self.rule else { return None };
        let reading = self.lanes.iter().any(|lane| lane.reads_history(now, history));
        Some(if reading { history.max(hold) } else { hold })
    }

    /// The time up to which rows are handed on.
    fn bound(&self, now: Instant) -> Option<i64> {
        let Some(wait) = self.wait(now) else { return self.certain() };
        let Rule::Hold { hold, history } = self.rule else { return None };
        let spoke = |lane: &&Lane| {
            lane.stage != Stage::Ended && lane.heard.is_some_and(|heard| now.saturating_duration_since(heard) < hold)
                || lane.reads_history(now, history)
        };
        let watermark = self.lanes.iter().filter(spoke).map(|lane| lane.last.unwrap_or(i64::MIN)).min();
        let waited = |since: Instant| now.saturating_duration_since(since) >= wait;
        let lines = self.lanes.iter().filter_map(|lane| {
            let count = lane.queue.partition_point(|held| waited(held.since));
            lane.queue.get(count.checked_sub(1)?).map(|held| held.id.micros)
        });
        let events = self.events.iter().filter(|(_, (since, _))| waited(*since)).map(|(id, _)| id.micros);
        watermark.into_iter().chain(lines).chain(events).max()
    }

    /// What no source can come before any more.
    fn certain(&self) -> Option<i64> {
        if self.expecting {
            return None;
        }
        let reading = self.lanes.iter().filter(|lane| lane.stage != Stage::Ended);
        // A later row of a source may stand at the very place of its newest one, so that place is not certain yet.
        reading.map(|lane| lane.last.map_or(i64::MIN, |last| last.saturating_sub(1))).min().or(Some(i64::MAX))
    }
}

impl Lane {
    fn reads_history(&self, now: Instant, patience: Duration) -> bool {
        let Stage::History(since) = self.stage else { return false };
        let heard = self.heard.map_or(since, |heard| heard.max(since));
        now.saturating_duration_since(heard) < patience
    }

    /// Places the rows that wait no later than `at`; whether that changed any.
    fn pull_back(&mut self, at: i64) -> bool {
        let mut changed = false;
        for held in self.queue.iter_mut().rev().take_while(|held| held.id.micros > at) {
            held.id.micros = at;
            changed = true;
        }
        changed
    }
}

#[cfg(test)]
mod tests;
