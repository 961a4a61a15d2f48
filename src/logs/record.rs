//! A line with its time, level and source: what is merged, stored and printed.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::merge::Released;
use super::parse::{Format, Parser, Part, Shape, Stamp, TimeField};
use crate::domain::host::HostName;
use crate::domain::log::{Level, RawLine, Source, SourceEvent, SourceId, TimeFrom};
use crate::domain::log_view::RowId;

/// An event has at most so many lines and bytes: less than a block of the store. The line after that begins another, of
/// the same time and level.
pub const EVENT_LINES: usize = 2000;
const EVENT_BYTES: usize = 128 << 10;

/// The number before that of a source's first row; what was written before it and is brought later has lower ones.
pub(super) const BEFORE: u64 = 1 << 32;

/// One row: a line, or something that happened to its source.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its source.
    pub source: SourceId,
    /// Its number within the source: they grow by one.
    pub seq: u64,
    /// Its own time, uncorrected.
    pub time: Stamp,
    /// Where the time came from.
    pub time_from: TimeFrom,
    /// Severity, where known; a continuation has its event's.
    pub level: Option<Level>,
    /// It continues the event before it.
    pub continues: bool,
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
        /// How many more bytes it had.
        truncated: u64,
        /// Its line end was CR LF, as far as that is known: a store does not keep it.
        returned: bool,
    },
    /// A ledger row.
    Event(Box<SourceEvent>),
}

impl Record {
    /// The line's bytes; a ledger row has none.
    pub fn line(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Line { bytes, .. } => Some(bytes),
            Body::Event(_) => None,
        }
    }
}

/// Where a record wants to stand among the rows of all sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this time: its own, corrected for its host's clock; microseconds since the epoch.
    Time(i64),
    /// With the record before it.
    Previous,
    /// Where it arrived.
    Arrival,
}

/// Gives lines their time, level and place: keeps what each source said last.
#[derive(Debug, Default)]
pub struct Ingest {
    sources: Vec<SourceState>,
    numbers: HashMap<Arc<Source>, SourceId>,
    skews: HashMap<HostName, i64>,
}

/// What is remembered of one source.
#[derive(Debug)]
pub struct SourceState {
    /// What it is.
    pub source: Arc<Source>,
    /// How far its host's clock runs ahead of ours, in microseconds.
    pub skew: i64,
    parser: Parser,
    /// The part of a command's output that it is.
    part: Option<Part>,
    /// Its records carry times of the source's own (a journal).
    journal: bool,
    seq: u64,
    /// Rows that are brought later go to this number and below.
    low: u64,
    /// How many lines and bytes its last event has so far.
    event: (usize, usize),
    /// The time of the last record, and whether a line said it.
    last: Option<(Stamp, bool)>,
    level: Option<Level>,
}

impl SourceState {
    /// The format of its lines, as detected.
    pub fn format(&self) -> Format {
        self.parser.format()
    }

    /// The shape of its lines.
    pub fn shape(&self) -> Shape<'_> {
        Shape { format: self.format(), part: self.part.as_ref() }
    }

    /// The name of the format, as the sidebar shows it.
    pub fn format_name(&self) -> &'static str {
        if self.journal && self.format() == Format::Plain { "journal" } else { self.format().as_str() }
    }

    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// A line becomes a record. `arrival` is when it came here.
    fn line(&mut self, source: SourceId, raw: RawLine, arrival: Stamp) -> (Record, Place) {
        let front = self.part.as_ref().map_or(0, |part| part.front(&raw.bytes));
        let parsed = self.parser.line(&raw.bytes[front..], arrival.nanos);
        let continues = parsed.continues && self.event.0 > 0;
        // What a journal says of the time holds; of the level only when the line itself says nothing, because
        // everything that a program prints is filed as info.
        let given = raw.time.and_then(|time| Stamp::new(time, 6));
        self.journal |= given.is_some() && self.source.name.starts_with("journal:");
        let own = given.map_or(parsed.time, TimeField::At);
        let level = if continues { self.level } else { parsed.level.or(raw.level) };
        let (lines, bytes) = self.event;
        let continuing = continues && lines < EVENT_LINES && bytes + raw.bytes.len() <= EVENT_BYTES;
        self.event = if continuing { (lines + 1, bytes + raw.bytes.len()) } else { (1, raw.bytes.len()) };
        let expected = continues || self.parser.format() != Format::Plain;
        let (time, time_from, place) = match (own, self.last) {
            (TimeField::At(time), _) => (time, TimeFrom::Line, Place::Time(time.micros().saturating_sub(self.skew))),
            (TimeField::Bad, _) => (arrival, TimeFrom::Arrival, Place::Previous),
            (TimeField::Missing, Some((last, said))) if expected && (said || continues) => {
                (last, TimeFrom::Previous, Place::Previous)
            }
            (TimeField::Missing, _) => (arrival, TimeFrom::Arrival, Place::Arrival),
        };
        // A time that could not be believed is nothing for the lines after it to lean on.
        if own != TimeField::Bad {
            let said =
                time_from == TimeFrom::Line || self.last.is_some_and(|(_, said)| said && place == Place::Previous);
            self.last = Some((time, said));
        }
        self.level = level;
        let place = if continues { Place::Previous } else { place };
        let body = Body::Line { bytes: raw.bytes, truncated: raw.truncated, returned: raw.returned };
        (Record { source, seq: self.next(), time, time_from, level, continues: continuing, body }, place)
    }
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
            skew: self.skews.get(&source.host).copied().unwrap_or(0),
            parser: Parser::default(),
            part: Part::of_source(&source.name),
            journal: false,
            seq: BEFORE,
            low: BEFORE,
            event: (0, 0),
            last: None,
            level: None,
        });
        id
    }

    /// One that has read nothing, with the same sources and clocks.
    pub fn like(&self) -> Self {
        let mut like = Self { skews: self.skews.clone(), ..Self::default() };
        for state in &self.sources {
            like.number(&state.source);
        }
        like
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
    pub fn set_skew(&mut self, host: &HostName, milliseconds: f64) {
        let micros = (milliseconds * 1000.0) as i64;
        self.skews.insert(host.clone(), micros);
        for state in self.sources.iter_mut().filter(|state| state.source.host == *host) {
            state.skew = micros;
        }
    }

    /// A line of source `id`, arrived now, becomes a record. None for a source that has no number.
    pub fn line(&mut self, id: SourceId, raw: RawLine, now: DateTime<Utc>) -> Option<(Record, Place)> {
        let arrival = Stamp::new(now, 6)?;
        Some(self.sources.get_mut(id.0 as usize)?.line(id, raw, arrival))
    }

    /// Lines of a source that were written before its oldest row, which stands at `before` (microseconds since the
    /// epoch): their rows, in order. Lines without a time stand with the line before them, or else with the one after.
    pub fn older(&mut self, id: SourceId, lines: Vec<RawLine>, before: i64, now: DateTime<Utc>) -> Vec<Released> {
        let (Some(arrival), Some(state)) = (Stamp::new(now, 6), self.sources.get_mut(id.0 as usize)) else {
            return Vec::new();
        };
        let first = state.low.saturating_sub(lines.len() as u64);
        // A reader of their own: what the newest lines said is nothing to these.
        let mut reader = SourceState {
            source: state.source.clone(),
            skew: state.skew,
            parser: state.parser.afresh(),
            part: state.part.clone(),
            journal: state.journal,
            seq: first,
            low: first,
            event: (0, 0),
            last: None,
            level: None,
        };
        state.low = first;
        let mut place = None;
        let mut rows: Vec<(Record, Option<i64>)> = Vec::with_capacity(lines.len());
        for (n, line) in lines.into_iter().enumerate() {
            let (mut record, wanted) = reader.line(id, line, arrival);
            record.continues &= n > 0;
            place = match wanted {
                Place::Time(at) => Some(at),
                Place::Previous => place,
                Place::Arrival => None,
            };
            rows.push((record, place));
        }
        let mut next = before;
        let mut out: Vec<Released> = (rows.into_iter().rev())
            .map(|(mut record, place)| {
                next = place.map_or(next, |at| at.min(next));
                if record.time_from == TimeFrom::Arrival {
                    // They arrived now, but that is not when they were written.
                    (record.time, record.time_from) =
                        (Stamp { nanos: next.saturating_mul(1000), digits: 6 }, TimeFrom::Previous);
                }
                let id = RowId { micros: next, source: id, seq: record.seq };
                Released { id, late: false, record }
            })
            .collect();
        out.reverse();
        out
    }

    /// The number of a source's first row is above this.
    pub fn lowest(&self, id: SourceId) -> u64 {
        self.source(id).map_or(BEFORE, |state| state.low)
    }

    /// Rows of a source up to a number are let go: what is brought next goes there.
    pub fn begin_before(&mut self, id: SourceId, number: u64) {
        if let Some(state) = self.sources.get_mut(id.0 as usize) {
            state.low = number;
        }
    }

    /// A ledger row becomes a record.
    pub fn event(&mut self, id: SourceId, event: SourceEvent) -> Option<(Record, Place)> {
        let state = self.sources.get_mut(id.0 as usize)?;
        let time = Stamp::new(event.at, 3)?;
        let (seq, body) = (state.next(), Body::Event(Box::new(event)));
        let record =
            Record { source: id, seq, time, time_from: TimeFrom::Arrival, level: None, continues: false, body };
        Some((record, Place::Time(time.micros())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<(Record, Place)> {
        let mut ingest = Ingest::default();
        let id = ingest.number(&Arc::new(Source { host: "h".into(), service: None, name: "file:/x".into() }));
        let now: DateTime<Utc> = "2026-11-18T09:00:00Z".parse().expect("a time");
        let raw = |text: &&str| RawLine {
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            truncated: 0,
            offset: None,
            time: None,
            level: None,
            returned: false,
        };
        ingest.set_skew(&"h".into(), 1500.0);
        lines.iter().map(|line| ingest.line(id, raw(line), now).expect("a known source")).collect()
    }

    #[test]
    fn a_line_without_a_time_takes_that_of_the_line_before_and_a_trace_the_level_too() {
        let rows = read(&[
            "ts=2026-11-18T08:00:00.5Z level=error a=1",
            "  at x",
            "level=info no=time",
            "ts=1970-01-01T00:00:00Z a=1",
        ]);
        let seen: Vec<_> = rows.iter().map(|(r, _)| (r.time.to_string(), r.time_from, r.level, r.continues)).collect();
        let half = "2026-11-18T08:00:00.5Z".to_owned();
        assert_eq!(seen[0], (half.clone(), TimeFrom::Line, Some(Level::Error), false));
        assert_eq!(seen[1], (half.clone(), TimeFrom::Previous, Some(Level::Error), true));
        assert_eq!(seen[2], (half, TimeFrom::Previous, Some(Level::Info), false));
        assert_eq!(seen[3].1, TimeFrom::Arrival);
        // Places are corrected for the clock that runs 1.5 s ahead.
        assert_eq!(rows[0].1, Place::Time(1_794_988_799_000_000));
        assert!(rows[1..].iter().all(|(_, place)| *place == Place::Previous));
    }

    #[test]
    fn plain_lines_stand_where_they_arrived() {
        let rows = read(&["hello", "  world", "again"]);
        assert!(rows.iter().all(|(r, _)| r.time.to_string() == "2026-11-18T09:00:00.000000Z"));
        assert_eq!([rows[0].1, rows[1].1, rows[2].1], [Place::Arrival, Place::Previous, Place::Arrival]);
    }

    #[test]
    fn an_event_without_end_is_cut_and_keeps_its_level() {
        let lines: Vec<String> = std::iter::once("ts=2026-11-18T08:00:00Z level=error a=1".to_owned())
            .chain((0..2 * EVENT_LINES).map(|n| format!("  at {n}")))
            .collect();
        let rows = read(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let heads: Vec<usize> = (0..rows.len()).filter(|n| !rows[*n].0.continues).collect();
        assert_eq!(heads, [0, EVENT_LINES, 2 * EVENT_LINES]);
        assert!(rows.iter().all(|(record, _)| record.level == Some(Level::Error)));
        assert!(rows[1..].iter().all(|(_, place)| *place == Place::Previous));
        let long = format!("  {}", "x".repeat(60 << 10));
        let rows = read(&["ts=2026-11-18T08:00:00Z level=error a=1", &long, &long, &long]);
        assert!(rows[2].0.continues && !rows[3].0.continues);
    }
}
