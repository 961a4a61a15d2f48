//! What stands around a line that came alone: a store of its own, so that there it is whole and in order, and nothing
//! of it is told apart from what is held.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::merge::Released;
use super::parse::Stamp;
use super::record::{Ingest, Place};
use super::store::Store;
use super::view::View;
use crate::domain::log::{RawLine, Source, TimeFrom};
use crate::domain::log_view::{LogQuery, LogWindow, RowId};

/// More than is ever read around a line.
const ROOM: u64 = 64 << 20;

/// Lines of one source that follow on each other.
#[derive(Debug)]
pub struct Excerpt {
    line: RowId,
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
        let mut rows = Vec::with_capacity(lines.len());
        for line in lines {
            rows.push(ingest.line(id, line, now)?);
        }
        // Lines before the first that says when it was written stand with it.
        let time = |(_, place): &(_, Place)| if let Place::Time(at) = place { Some(*at) } else { None };
        let mut micros = rows.iter().find_map(time).unwrap_or(now.timestamp_micros());
        let (mut store, mut line) = (Store::new(ROOM), None);
        for (n, (mut record, place)) in rows.into_iter().enumerate() {
            if let Place::Time(own) = place {
                micros = own.max(micros);
            }
            if record.time_from == TimeFrom::Arrival {
                // It arrived now, but that is not when it was written.
                (record.time, record.time_from) =
                    (Stamp { nanos: micros.saturating_mul(1000), digits: 6 }, TimeFrom::Previous);
            }
            let id = RowId { micros, source: id, seq: record.seq };
            if n == at {
                line = Some(id);
            }
            store.insert(Released { id, late: false, record });
        }
        Some(Self { line: line?, store, ingest, view: View::default() })
    }

    /// The line that they are around.
    pub fn line(&self) -> RowId {
        self.line
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
