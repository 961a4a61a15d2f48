//! A block's rows in the open: their raw bytes in one piece, and an index of 40 bytes a row.

use crate::domain::log::{Level, SourceEvent, SourceId, TimeFrom};
use crate::domain::log_view::RowId;
use crate::logs::merge::Released;
use crate::logs::parse::Stamp;
use crate::logs::record::{Body, Record};

/// A row of the index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    pub(super) micros: i64,
    pub(super) seq: u64,
    pub(super) nanos: i64,
    pub(super) source: SourceId,
    /// Where its bytes begin; the number of a ledger row among them.
    pub(super) offset: u32,
    /// How many there are; where a ledger row's empty line is.
    pub(super) length: u32,
    pub(super) digits: u8,
    /// Where its time came from.
    pub time_from: TimeFrom,
    /// Severity, where known.
    pub level: Option<Level>,
    pub(super) flags: u8,
}

pub(super) const LATE: u8 = 1;
pub(super) const CONTINUES: u8 = 2;
pub(super) const LEDGER: u8 = 4;

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

    /// Where its line begins in the text of its block.
    pub fn begin(&self) -> usize {
        (if self.is_ledger() { self.length } else { self.offset }) as usize
    }

    /// Its line in the text of its block; none for a ledger row.
    pub fn line_in<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        if self.is_ledger() {
            return &[];
        }
        let begin = self.offset as usize;
        &text[begin..begin + self.length as usize]
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

/// Rows with their index.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Lines, each with a newline after it; a ledger row's is empty.
    pub(super) text: Vec<u8>,
    /// In order of ids.
    pub(super) entries: Vec<Entry>,
    pub(super) events: Vec<SourceEvent>,
    /// Some row came between others: the text is in another order than the rows.
    pub(super) mixed: bool,
}

impl Rows {
    /// Their index, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Their text in one piece, line after line; none when a row came between others, because then the lines are not in
    /// the order of the rows.
    pub fn text(&self) -> Option<&[u8]> {
        (!self.mixed).then_some(&self.text)
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
        self.entries[at].line_in(&self.text)
    }

    /// Row `at` as it came; a copy of its line.
    pub fn record(&self, at: usize) -> Record {
        let entry = &self.entries[at];
        let body = match self.content(at) {
            Content::Line(line) => {
                Body::Line { bytes: bytes::Bytes::copy_from_slice(line), truncated: 0, returned: false }
            }
            Content::Ledger(event) => Body::Event(Box::new(event.clone())),
        };
        Record {
            source: entry.source,
            seq: entry.seq,
            time: entry.time(),
            time_from: entry.time_from,
            level: entry.level,
            continues: entry.continues(),
            body,
        }
    }

    /// The row between two events before which about half of the text is; none where there is but one event.
    pub fn middle(&self) -> Option<usize> {
        let mut before = 0;
        let half = self.entries.iter().position(|entry| {
            before += if entry.is_ledger() { 1 } else { entry.length as usize + 1 };
            before >= self.text.len() / 2
        })?;
        let begins = |row: &usize| !self.entries[*row].continues();
        (half.max(1)..self.entries.len()).find(begins).or_else(|| (1..half).rev().find(begins))
    }

    /// Bytes of memory they take.
    pub(super) fn cost(&self) -> usize {
        self.text.capacity() + self.entries.capacity() * size_of::<Entry>() + events_cost(&self.events)
    }

    /// Puts a row in its place; whether that was after every other.
    pub(super) fn insert(&mut self, row: Released) -> bool {
        let Released { id, late, record } = row;
        let (length, flags) = match &record.body {
            Body::Line { bytes, .. } => (bytes.len(), 0),
            Body::Event(_) => (self.text.len(), LEDGER),
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
        entry.offset = match record.body {
            Body::Line { bytes, .. } => self.keep(&bytes),
            Body::Event(event) => self.keep_event(*event),
        };
        self.place(entry)
    }

    fn keep(&mut self, line: &[u8]) -> u32 {
        let offset = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        offset
    }

    fn keep_event(&mut self, event: SourceEvent) -> u32 {
        self.text.push(b'\n');
        self.events.push(event);
        u32::try_from(self.events.len() - 1).unwrap_or(u32::MAX)
    }

    fn place(&mut self, entry: Entry) -> bool {
        let last = self.entries.last().is_none_or(|last| last.id() < entry.id());
        if last {
            self.entries.push(entry);
        } else {
            let at = self.entries.partition_point(|other| other.id() < entry.id());
            self.entries.insert(at, entry);
            self.mixed = true;
        }
        last
    }

    /// Puts a copy of another's row in its place, at another time; whether that was after every other.
    pub(super) fn copy(&mut self, from: &Self, at: usize, micros: i64) -> bool {
        let mut entry = Entry { micros, ..from.entries[at] };
        entry.offset = match from.content(at) {
            Content::Line(line) => self.keep(line),
            Content::Ledger(event) => {
                entry.length = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
                self.keep_event(event.clone())
            }
        };
        self.place(entry)
    }

    /// The same rows with their lines in order, and no room to spare.
    pub(super) fn seal(&mut self) {
        if self.mixed {
            let mut sorted = Self::default();
            sorted.text.reserve_exact(self.text.len());
            sorted.entries.reserve_exact(self.entries.len());
            for at in 0..self.entries.len() {
                sorted.copy(self, at, self.entries[at].micros);
            }
            *self = sorted;
        }
        self.text.shrink_to_fit();
        self.entries.shrink_to_fit();
    }

    /// Whether there is nothing left to [`seal`](Self::seal).
    pub(super) fn is_sealed(&self) -> bool {
        !self.mixed && self.text.capacity() == self.text.len() && self.entries.capacity() == self.entries.len()
    }
}

/// Bytes of memory that ledger rows take.
pub(super) fn events_cost(events: &[SourceEvent]) -> usize {
    size_of_val(events) + events.iter().map(|event| event.detail.capacity()).sum::<usize>()
}
