//! A line with its time, level and place: what is merged, stored and printed.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::parse::time::Stamp;
use super::parse::{Parsed, parse};
use crate::domain::host::HostName;
use crate::domain::log::{Level, RawLine, Source, SourceEvent, SourceId, TimeFrom};
use crate::domain::log_view::RowId;

/// One row: a line, or something that happened to its source.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place among all rows.
    pub id: RowId,
    /// Its own time, uncorrected.
    pub time: Stamp,
    /// Where the time came from.
    pub time_from: TimeFrom,
    /// Severity, where known.
    pub level: Option<Level>,
    /// It continues the event before it.
    pub continues: bool,
    /// It came after its place had been passed.
    pub late: bool,
    /// What it is.
    pub body: Body,
}

/// What a record holds.
#[derive(Clone, Debug)]
pub enum Body {
    /// A line as it came.
    Line {
        /// Its bytes.
        bytes: Bytes,
        /// Where the message stands.
        message: (u32, u32),
        /// How many more bytes it had.
        truncated: u64,
    },
    /// A ledger row.
    Event(Box<SourceEvent>),
}

impl Record {
    /// Bytes of memory it takes, about.
    pub fn cost(&self) -> usize {
        size_of::<Self>()
            + match &self.body {
                Body::Line { bytes, .. } => bytes.len() + 24,
                Body::Event(event) => size_of::<SourceEvent>() + event.detail.len(),
            }
    }

    /// The line's bytes; a ledger row has none.
    pub fn line(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Line { bytes, .. } => Some(bytes),
            Body::Event(_) => None,
        }
    }
}

/// Gives lines their time, level and place: keeps what each source said last.
#[derive(Debug, Default)]
pub struct Ingest {
    sources: Vec<SourceState>,
    numbers: HashMap<Arc<Source>, SourceId>,
    skew_micros: HashMap<HostName, i64>,
}

/// What is remembered of one source.
#[derive(Debug)]
pub struct SourceState {
    /// What it is.
    pub source: Arc<Source>,
    /// The format of its last line.
    pub format: &'static str,
    /// Rows so far.
    seq: u64,
    /// The time of the last line that had one.
    last: Option<Stamp>,
    /// The place of the last row: a source never runs backwards.
    place: i64,
    level: Option<Level>,
}

impl Ingest {
    /// The number of a source; a new one for a new source.
    pub fn number(&mut self, source: &Arc<Source>) -> SourceId {
        if let Some(id) = self.numbers.get(source) {
            return *id;
        }
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.numbers.insert(source.clone(), id);
        self.sources.push(SourceState {
            source: source.clone(),
            format: "",
            seq: 0,
            last: None,
            place: i64::MIN,
            level: None,
        });
        id
    }

    /// Every source, by number.
    pub fn sources(&self) -> &[SourceState] {
        &self.sources
    }

    /// What a source is.
    pub fn source(&self, id: SourceId) -> Option<&SourceState> {
        self.sources.get(id.0 as usize)
    }

    /// A host's clock runs ahead of ours by so many milliseconds (negative: behind). Rows from now on are corrected.
    pub fn set_skew(&mut self, host: HostName, milliseconds: f64) {
        self.skew_micros.insert(host, (milliseconds * 1000.0) as i64);
    }

    /// The correction of a host's times in microseconds.
    pub fn skew_micros(&self, host: &HostName) -> i64 {
        self.skew_micros.get(host).copied().unwrap_or(0)
    }

    /// A line becomes a record.
    pub fn line(&mut self, id: SourceId, raw: RawLine, now: DateTime<Utc>) -> Option<Record> {
        let arrival = Stamp::new(now, 6)?;
        let skew = self.source(id).map_or(0, |state| self.skew_micros(&state.source.host));
        let state = self.sources.get_mut(id.0 as usize)?;
        let parsed = match raw.time {
            // The journal knows the time and level itself; the message may still be structured.
            Some(time) => Parsed {
                time: Stamp::new(time, 6),
                level: raw.level,
                message: 0..raw.bytes.len(),
                continues: false,
                format: "journal",
            },
            None => parse(&raw.bytes, arrival.nanos),
        };
        let (time, time_from) = match (parsed.time, state.last) {
            (Some(time), _) => (time, TimeFrom::Line),
            (None, Some(last)) => (last, TimeFrom::Previous),
            (None, None) => (arrival, TimeFrom::Arrival),
        };
        if parsed.time.is_some() {
            state.last = Some(time);
        }
        let continues = parsed.continues && state.seq > 0;
        let level = if continues { state.level } else { parsed.level };
        state.level = level;
        state.format = parsed.format;
        let corrected = if time_from == TimeFrom::Arrival { time.micros() } else { time.micros() - skew };
        let body = Body::Line {
            bytes: raw.bytes,
            message: (parsed.message.start as u32, parsed.message.end as u32),
            truncated: raw.truncated,
        };
        Some(Record { id: state.place(id, corrected), time, time_from, level, continues, late: false, body })
    }

    /// A ledger row becomes a record, placed where the source stands.
    pub fn event(&mut self, id: SourceId, event: SourceEvent) -> Option<Record> {
        let state = self.sources.get_mut(id.0 as usize)?;
        let time = state.last.or_else(|| Stamp::new(event.at, 3))?;
        let at = if state.place == i64::MIN { time.micros() } else { state.place };
        let body = Body::Event(Box::new(event));
        let id = state.place(id, at);
        Some(Record { id, time, time_from: TimeFrom::Arrival, level: None, continues: false, late: false, body })
    }
}

impl SourceState {
    fn place(&mut self, source: SourceId, micros: i64) -> RowId {
        self.place = self.place.max(micros);
        self.seq += 1;
        RowId { micros: self.place, source, seq: self.seq }
    }
}
