//! What stands around a line that came alone: a store of its own, so that there it is whole and in order, and nothing
//! of it is told apart from what is held.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::merge::Released;
use super::parse::Stamp;
use super::record::{Ingest, Place, Record};
use super::store::Store;
use super::view::View;
use crate::domain::log::{RawLine, Source, SourceId, TimeFrom};
use crate::domain::log_view::{LogQuery, LogWindow, RowId};

/// The most memory that it takes. It is never let go in part: what is read on would have a hole.
const ROOM: u64 = 64 << 20;
/// With so much of it taken, no more is read on: a piece more still fits.
const FULL: usize = 32 << 20;

/// Lines of one source that follow on each other.
#[derive(Debug)]
pub struct Excerpt {
    source: SourceId,
    line: RowId,
    /// The time of its last row, in microseconds since the epoch.
    newest: i64,
    store: Store,
    ingest: Ingest,
    view: View,
}

impl Excerpt {
    /// Of these lines of a source; `at` is the number of the one that they are around. Sources have the numbers that they
    /// have in `all`. None where there is no such line.
    pub fn new(all: &Ingest, source: &Arc<Source>, lines: Vec<RawLine>, at: usize, now: DateTime<Utc>) -> Option<Self> {
        let mut ingest = all.like();
        let id = ingest.number(source);
        let row = RowId { micros: 0, source: id, seq: 0 };
        let (store, view) = (Store::new(ROOM), View::default());
        let mut excerpt = Self { source: id, line: row, newest: i64::MIN, store, ingest, view };
        excerpt.line = *excerpt.append(lines, now).get(at)?;
        Some(excerpt)
    }

    /// The line that they are around.
    pub fn line(&self) -> RowId {
        self.line
    }

    /// Whether no more of what stands around it is held.
    pub fn is_full(&self) -> bool {
        self.store.cost() >= FULL
    }

    /// Takes lines that were written before the first.
    pub fn prepend(&mut self, lines: Vec<RawLine>, now: DateTime<Utc>) {
        let before = self.store.oldest(self.source).map_or(self.newest, |oldest| oldest.micros);
        for row in self.ingest.older(self.source, lines, before, now) {
            self.store.insert(row);
        }
    }

    /// Takes lines that were written after the last; their rows.
    pub fn append(&mut self, lines: Vec<RawLine>, now: DateTime<Utc>) -> Vec<RowId> {
        let line = |line| self.ingest.line(self.source, line, now);
        let rows: Vec<(Record, Place)> = lines.into_iter().filter_map(line).collect();
        if self.newest == i64::MIN {
            // Lines before the first that says when it was written stand with it.
            let time = |(_, place): &(_, Place)| if let Place::Time(at) = place { Some(*at) } else { None };
            self.newest = rows.iter().find_map(time).unwrap_or(now.timestamp_micros());
        }
        let mut out = Vec::with_capacity(rows.len());
        for (mut record, place) in rows {
            if let Place::Time(own) = place {
                self.newest = own.max(self.newest);
            }
            if record.time_from == TimeFrom::Arrival {
                // It arrived now, but that is not when it was written.
                (record.time, record.time_from) =
                    (Stamp { nanos: self.newest.saturating_mul(1000), digits: 6 }, TimeFrom::Previous);
            }
            let id = RowId { micros: self.newest, source: self.source, seq: record.seq };
            self.store.insert(Released { id, late: false, record });
            out.push(id);
        }
        out
    }

    /// The rows, and the sources they are of.
    pub fn held(&self) -> (&Store, &Ingest) {
        (&self.store, &self.ingest)
    }

    /// The window that a query asks for.
    pub fn window(&mut self, query: &LogQuery) -> Option<LogWindow> {
        self.view.ask(query.clone());
        self.view.advance(&self.store, &self.ingest, || true);
        self.view.window(&self.store, &self.ingest)
    }
}
