//! From what sources bring to what is printed: merged, filtered, written.

use std::collections::HashSet;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use regex::bytes::Regex;
use tokio::sync::mpsc;

use crate::cli::exit::{Exit, Failure, Outcome};
use crate::domain::log::{Feed, Level, Source, SourceId, TimeFrom};
use crate::domain::text::size;
use crate::logs::filter::{Filter, Line};
use crate::logs::merge::{Merge, Released};
use crate::logs::output::{Style, event_text};
use crate::logs::record::{Body, Ingest, Record, SourceState};

/// Batches that are taken before what they released is written.
const TURN: usize = 64;

/// Which lines are wanted.
pub(super) struct Wanted {
    /// Any of these must match, when there are any.
    pub include: Vec<Regex>,
    /// None of these may match.
    pub exclude: Vec<Regex>,
    /// What `--filter` says.
    pub filter: Filter,
    /// Least level, as `level>=…` in a filter: a line without one does not pass.
    pub level: Option<Level>,
    /// Nothing that a line says was before this.
    pub since: Option<DateTime<Utc>>,
}

impl Wanted {
    fn wants(&self, record: &Record, line: &[u8], state: &SourceState) -> bool {
        let early = |since: DateTime<Utc>| record.time_from != TimeFrom::Arrival && record.time.utc() < since;
        self.level.is_none_or(|least| record.level.is_some_and(|level| level >= least))
            && !self.since.is_some_and(early)
            && (self.include.is_empty() || self.include.iter().any(|regex| regex.is_match(line)))
            && !self.exclude.iter().any(|regex| regex.is_match(line))
            && self.filter.wants(&Line::new(line, record.level, state, record.time.nanos))
    }
}

/// What is known beforehand of sources that are read to their end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// How many tails will say that they have finished.
    pub tails: usize,
    /// How many of them may bring several sources.
    pub several: usize,
}

/// The stream of lines on its way to the output.
pub(super) struct Stream<W: Write> {
    out: W,
    style: Style,
    wanted: Wanted,
    merge: Merge,
    ingest: Ingest,
    expected: Option<Expected>,
    opened: usize,
    finished: usize,
    /// What a stream that ends ends with: sources that could not be read, hosts that could not be reached.
    exit: Exit,
    events: bool,
    only_log_lines: bool,
    /// Sources of which it was told that a line of theirs is too long.
    cut: HashSet<SourceId>,
    text: Vec<u8>,
}

impl<W: Write> Stream<W> {
    /// A stream that ends when what is expected has come, or never.
    pub(super) fn new(out: W, style: Style, wanted: Wanted, merge: Merge, expected: Option<Expected>) -> Self {
        Self {
            out,
            style,
            wanted,
            merge,
            ingest: Ingest::default(),
            expected,
            opened: 0,
            finished: 0,
            exit: Exit::Fine,
            events: false,
            only_log_lines: false,
            cut: HashSet::new(),
            text: Vec::new(),
        }
    }

    /// Whether source events are printed among the lines, and whether they are told on standard error otherwise.
    pub(super) fn events(self, among_lines: bool, only_log_lines: bool) -> Self {
        Self { events: among_lines, only_log_lines, ..self }
    }

    /// Prints what comes until all that was expected has been printed. A source that could not be read makes a stream
    /// that ends fail; one that goes on says so and tries again.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Feed>) -> Outcome {
        while self.expected.is_none_or(|expected| self.finished < expected.tails) {
            let turn = self.merge.next_turn().map(|turn| turn.saturating_duration_since(Instant::now()));
            tokio::select! {
                feed = inbox.recv() => {
                    let Some(feed) = feed else { break };
                    self.take(feed);
                    for _ in 1..TURN {
                        match inbox.try_recv() {
                            Ok(feed) => self.take(feed),
                            Err(_) => break,
                        }
                    }
                }
                () = tokio::time::sleep(turn.unwrap_or(Duration::MAX)) => {}
            }
            self.write(|merge, text| merge.release(Instant::now(), text))?;
        }
        self.write(|merge, text| merge.drain(text))?;
        let ends = self.expected.is_some();
        Ok(if ends { self.exit } else { Exit::Fine })
    }

    fn failed(&mut self, source: &std::sync::Arc<Source>, why: &str) {
        let id = self.ingest.number(source);
        if self.expected.is_some() {
            self.merge.close(id)
        } else {
            self.merge.caught_up(id)
        }
        eprintln!("qd: {source}: {why}");
    }

    fn take(&mut self, feed: Feed) {
        let (now, arrival) = (Instant::now(), Utc::now());
        match feed {
            Feed::Opened(source) => {
                let id = self.ingest.number(&source);
                self.merge.open(id, now);
                self.opened += 1;
            }
            Feed::CaughtUp(source) => {
                let id = self.ingest.number(&source);
                if self.expected.is_some() { self.merge.close(id) } else { self.merge.caught_up(id) }
            }
            Feed::Failed(source, why) => {
                if self.exit == Exit::Fine {
                    self.exit = Exit::Problems;
                }
                self.failed(&source, &why);
            }
            Feed::Unreached(source, why) => {
                self.exit = Exit::NotConnected;
                self.failed(&source, &why);
            }
            // Nobody asks for what was before.
            Feed::Older(..) | Feed::Sieved(..) => {}
            Feed::Finished(_) => self.finished += 1,
            Feed::Lines(source, lines) => {
                let id = self.ingest.number(&source);
                for line in lines {
                    if line.truncated > 0 && !self.only_log_lines && self.cut.insert(id) {
                        let whole = size(line.bytes.len() as u64 + line.truncated);
                        let kept = size(line.bytes.len() as u64);
                        eprintln!(
                            "qd: {source}: a line of {whole} is cut: only its first {kept} are searched and printed"
                        );
                    }
                    if let Some((record, place)) = self.ingest.line(id, line, arrival) {
                        self.merge.push(record, place, arrival.timestamp_micros(), now);
                    }
                }
            }
            Feed::Event(source, event) if self.events => {
                let id = self.ingest.number(&source);
                if let Some((record, place)) = self.ingest.event(id, event) {
                    self.merge.push(record, place, arrival.timestamp_micros(), now);
                }
            }
            Feed::Event(..) if self.only_log_lines => {}
            Feed::Event(source, event) => eprintln!("{}", event_text(&source, &event)),
        }
        // With no glob among them every source is known once it is opened, and lines can be printed as they come.
        let known = self.expected.is_some_and(|expected| match expected.several {
            0 => self.opened >= expected.tails,
            _ => self.finished >= expected.tails,
        });
        if known {
            self.merge.all_known();
        }
    }

    /// Writes the rows that a step of the merge hands on.
    fn write(&mut self, step: impl FnOnce(&mut Merge, &mut dyn FnMut(Released))) -> Result<(), Failure> {
        let Self { out, style, wanted, merge, ingest, text, .. } = self;
        let mut result = Ok(());
        let now = Utc::now();
        let mut put = |text: &mut Vec<u8>| {
            if result.is_ok() {
                result = out.write_all(text);
            }
            text.clear();
        };
        step(merge, &mut |row| {
            let Some(state) = ingest.source(row.record.source) else { return };
            match &row.record.body {
                Body::Line { bytes, .. } if wanted.wants(&row.record, bytes, state) => {
                    style.line(text, state, &row.record, now)
                }
                Body::Line { .. } => {}
                Body::Event(event) => style.event(text, &state.source, event),
            }
            if text.len() >= 64 << 10 {
                put(text);
            }
        });
        put(text);
        let flushed: io::Result<()> = result.and_then(|()| out.flush());
        Ok(flushed?)
    }
}

#[cfg(test)]
mod tests;
