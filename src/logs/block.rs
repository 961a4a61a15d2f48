//! A stretch of rows: their raw bytes in one piece, and an index of 40 bytes a row.

use super::merge::Released;
use super::parse::Stamp;
use super::record::Body;
use crate::domain::log::{Level, SourceEvent, SourceId, TimeFrom};
use crate::domain::log_view::RowId;

/// A row of the index.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    micros: i64,
    seq: u64,
    nanos: i64,
    source: SourceId,
    /// Where its bytes begin, or the number of its ledger row.
    offset: u32,
    length: u32,
    digits: u8,
    /// Where its time came from.
    pub time_from: TimeFrom,
    /// Severity, where known.
    pub level: Option<Level>,
    flags: u8,
}

const LATE: u8 = 1;
const CONTINUES: u8 = 2;
const LEDGER: u8 = 4;

impl Entry {
    /// Its id.
    pub fn id(&self) -> RowId {
        RowId { micros: self.micros, source: self.source, seq: self.seq }
    }

    /// Its source.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// Its own time, uncorrected.
    pub fn time(&self) -> Stamp {
        Stamp { nanos: self.nanos, digits: self.digits }
    }

    /// It came later than the hold.
    pub fn late(&self) -> bool {
        self.flags & LATE != 0
    }

    /// It continues the event before it.
    pub fn continues(&self) -> bool {
        self.flags & CONTINUES != 0
    }

    /// It is a ledger row, not a line.
    pub fn is_ledger(&self) -> bool {
        self.flags & LEDGER != 0
    }
}

/// What a row holds.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A line's bytes.
    Line(&'a [u8]),
    /// Something that happened to its source.
    Ledger(&'a SourceEvent),
}

/// Rows in order, disjoint in time from every other block.
#[derive(Debug, Default)]
pub struct Block {
    /// Its number, never reused.
    pub number: u64,
    /// Counts changes other than rows put at its end.
    pub version: u64,
    /// Lines in the order they came, each with a newline after it.
    bytes: Vec<u8>,
    /// In order of ids.
    entries: Vec<Entry>,
    events: Vec<SourceEvent>,
}

impl Block {
    /// An empty one.
    pub fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// Its rows, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Bytes of text it holds.
    pub fn text_len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of memory it takes.
    pub fn cost(&self) -> usize {
        let details: usize = self.events.iter().map(|event| event.detail.capacity()).sum();
        self.bytes.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.events.capacity() * size_of::<SourceEvent>()
            + details
    }

    /// The id of its first row.
    pub fn first(&self) -> Option<RowId> {
        self.entries.first().map(Entry::id)
    }

    /// The id of its last row.
    pub fn last(&self) -> Option<RowId> {
        self.entries.last().map(Entry::id)
    }

    /// What row `at` holds.
    pub fn content(&self, at: usize) -> Content<'_> {
        let entry = &self.entries[at];
        if entry.is_ledger() {
            Content::Ledger(&self.events[entry.offset as usize])
        } else {
            Content::Line(self.line(at))
        }
    }

    /// The bytes of row `at`; none for a ledger row.
    pub fn line(&self, at: usize) -> &[u8] {
        let entry = &self.entries[at];
        if entry.is_ledger() {
            return &[];
        }
        let begin = entry.offset as usize;
        &self.bytes[begin..begin + entry.length as usize]
    }

    /// Puts a row in its place.
    pub fn insert(&mut self, row: Released) {
        let Released { id, late, record } = row;
        let (length, flags) = match &record.body {
            Body::Line { bytes, .. } => (bytes.len(), 0),
            Body::Event(_) => (0, LEDGER),
        };
        let mut entry = Entry {
            micros: id.micros,
            seq: id.seq,
            nanos: record.time.nanos,
            source: id.source,
            offset: 0,
            length: u32::try_from(length).unwrap_or(u32::MAX),
            digits: record.time.digits,
            time_from: record.time_from,
            level: record.level,
            flags: flags | if late { LATE } else { 0 } | if record.continues { CONTINUES } else { 0 },
        };
        match record.body {
            Body::Line { bytes, .. } => entry.offset = self.keep(&bytes),
            Body::Event(event) => entry.offset = self.keep_event(*event),
        }
        self.place(entry);
    }

    fn keep(&mut self, line: &[u8]) -> u32 {
        let offset = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        offset
    }

    fn keep_event(&mut self, event: SourceEvent) -> u32 {
        self.events.push(event);
        u32::try_from(self.events.len() - 1).unwrap_or(u32::MAX)
    }

    fn place(&mut self, entry: Entry) {
        if self.last().is_none_or(|last| last < entry.id()) {
            self.entries.push(entry);
        } else {
            let at = self.entries.partition_point(|other| other.id() < entry.id());
            self.entries.insert(at, entry);
            self.version += 1;
        }
    }

    /// Puts a copy of another block's row in its place, at another time.
    pub fn copy(&mut self, from: &Self, at: usize, micros: i64) {
        let mut entry = Entry { micros, ..from.entries[at] };
        entry.offset = match from.content(at) {
            Content::Line(line) => self.keep(line),
            Content::Ledger(event) => self.keep_event(event.clone()),
        };
        self.place(entry);
    }

    /// No more rows will be put at its end: what was set aside for them is given back.
    pub fn seal(&mut self) {
        self.bytes.shrink_to_fit();
        self.entries.shrink_to_fit();
    }
}
