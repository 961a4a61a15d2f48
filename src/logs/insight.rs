//! What lines tell beside themselves: figures of their sources, names of fields, kinds of messages, requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::meter::Meter;
use super::names::Names;
use super::parse;
use super::record::{Ingest, Record, SourceState};
use super::status::Figures;
use crate::domain::host::HostName;
use crate::domain::log::{Level, SourceId, TimeFrom};
use crate::domain::log_view::{LogQuery, LogWindow};
use crate::domain::redact;
use crate::domain::template::{Change, Comparison, Seen, Templates};
use crate::domain::traffic::Traffic;

/// Errors are listed over so many microseconds: ten minutes.
const TROUBLES: i64 = 600_000_000;
/// What is worked out from many lines is told anew this often.
const EVERY: Duration = Duration::from_secs(1);

/// What is known beside the lines.
#[derive(Debug, Default)]
pub struct Insight {
    figures: Vec<Figures>,
    names: Names,
    templates: Templates,
    meter: Meter,
    told: Told,
}

/// What is worked out from many lines: dear.
#[derive(Debug, Default)]
struct Told {
    at: Option<Instant>,
    redacted: bool,
    traffic: Arc<Traffic>,
    metered: (u64, i64),
    comparison: Option<Arc<Comparison>>,
    troubles: Arc<Vec<Change>>,
}

impl Insight {
    /// The figures of a source.
    pub fn figures(&mut self, id: SourceId) -> &mut Figures {
        let at = id.0 as usize;
        if self.figures.len() <= at {
            self.figures.resize(at + 1, Figures::default());
        }
        &mut self.figures[at]
    }

    /// Looks at a line as it comes.
    pub fn look(&mut self, record: &Record, state: &SourceState, now: DateTime<Utc>) {
        self.figures(record.source).count(record, state, now);
        self.names.look(record, state);
        let (micros, now) = (corrected(record, state), now.timestamp_micros());
        // What claims to be of the future is of now.
        let micros = micros.min(now);
        self.meter.count(record, state, micros, now);
        self.mine(record, state, micros);
    }

    /// Looks at a line that was written before all that came so far.
    pub fn look_back(&mut self, record: &Record, state: &SourceState) {
        self.names.look(record, state);
        self.mine(record, state, corrected(record, state));
    }

    /// A service on a host reports this version from now on.
    pub fn set_version(&mut self, host: HostName, service: &str, version: Option<&str>) {
        self.meter.set_version(host, service, version);
    }

    /// Takes a line's message among the kinds of messages: that of an event's head, and the line of a trace that names
    /// the error.
    fn mine(&mut self, record: &Record, state: &SourceState, micros: i64) {
        let Some(line) = record.line() else { return };
        let body = state.shape().body(line).0;
        let message = match record.continues {
            true if !parse::names_error(body) => return,
            true => body,
            false => &line[parse::saying(state.shape(), line, record.time.nanos)],
        };
        let service = state.source.service.as_ref();
        self.templates.note(Seen { service, source: record.source, micros, level: record.level, message });
    }

    /// Puts into a window what is known beside its rows.
    pub fn tell(&mut self, window: &mut LogWindow, query: &LogQuery, ingest: &Ingest, now: DateTime<Utc>) {
        let states = ingest.sources().iter().zip(&self.figures).zip(0..);
        window.sources = states.map(|((state, figures), id)| figures.status(SourceId(id), state, now)).collect();
        window.rate = window.sources.iter().map(|source| source.rate).sum();
        window.fields = self.names.all();
        if query.redact {
            for (_, message) in window.sources.iter_mut().filter_map(|source| source.newest_error.as_mut()) {
                *message = redact::text(message).into_owned();
            }
        }
        let asked = self.told.comparison.as_ref().map(|comparison| comparison.since);
        let fresh = self.told.at.is_some_and(|at| at.elapsed() < EVERY);
        if !fresh || asked != query.compare || self.told.redacted != query.redact {
            self.work_out(query, ingest, now.timestamp_micros());
        }
        window.traffic = self.told.traffic.clone();
        window.comparison = self.told.comparison.clone();
        window.troubles = self.told.troubles.clone();
    }

    fn work_out(&mut self, query: &LogQuery, ingest: &Ingest, now: i64) {
        let clean = |changes: &mut Vec<Change>| {
            for change in changes.iter_mut().filter(|_| query.redact) {
                change.text = redact::text(&change.text).into_owned();
            }
        };
        let mut comparison = query.compare.map(|since| self.templates.since(since, now));
        comparison.iter_mut().for_each(|comparison| clean(&mut comparison.changes));
        let mut troubles = self.templates.troubles(Level::Error, now - TROUBLES, now);
        clean(&mut troubles);
        let told = &mut self.told;
        (told.at, told.redacted) = (Some(Instant::now()), query.redact);
        (told.comparison, told.troubles) = (comparison.map(Arc::new), Arc::new(troubles));
        // Where nothing comes, nothing is drawn anew.
        let metered = self.meter.state(now);
        if told.metered != metered {
            told.metered = metered;
            told.traffic = Arc::new(self.meter.traffic(ingest, now));
        }
    }
}

/// Where a record stands in time, corrected for its host's clock; microseconds since the epoch.
fn corrected(record: &Record, state: &SourceState) -> i64 {
    let skew = if record.time_from == TimeFrom::Arrival { 0 } else { state.skew };
    record.time.micros().saturating_sub(skew)
}
