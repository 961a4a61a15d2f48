//! A block's rows compressed: the text, and the index column by column, each with zstd.

use zstd::bulk::{Compressor, Decompressor};

use super::rows::{CONTINUES, Entry, LEDGER, Rows};
use crate::domain::log::{Level, SourceEvent, SourceId, TimeFrom};

/// Fast, and most of what higher levels gain: a reference corpus of logs shrinks to 15 %.
const LEVEL: i32 = 1;

/// Compressed rows.
#[derive(Debug)]
pub struct Packed {
    text: Squeezed,
    /// Of the index what histograms and levels need, and the rest.
    marks: Squeezed,
    index: Squeezed,
    rows: usize,
    events: Vec<SourceEvent>,
}

/// Compressed bytes, and how many they were.
#[derive(Debug)]
struct Squeezed {
    bytes: Box<[u8]>,
    len: usize,
}

/// Where a row stands, in microseconds since the epoch, and its level.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Its place.
    pub micros: i64,
    /// Level and flags in one.
    bits: u8,
}

impl Mark {
    /// It continues the event before it.
    pub fn continues(self) -> bool {
        self.bits & CONTINUES != 0
    }

    /// Its level.
    pub fn level(self) -> Option<Level> {
        usize::from(self.bits >> 3).checked_sub(1).and_then(|level| Level::ALL.get(level).copied())
    }
}

/// Reused between blocks: contexts of zstd are dear to make.
#[derive(Default)]
pub struct Press {
    compressor: Option<Compressor<'static>>,
    decompressor: Option<Decompressor<'static>>,
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Press")
    }
}

impl Press {
    fn squeeze(&mut self, bytes: &[u8]) -> Option<Squeezed> {
        if self.compressor.is_none() {
            self.compressor = Compressor::new(LEVEL).ok();
        }
        let squeezed = self.compressor.as_mut()?.compress(bytes).ok()?.into_boxed_slice();
        Some(Squeezed { bytes: squeezed, len: bytes.len() })
    }

    fn expand(&mut self, squeezed: &Squeezed, out: &mut Vec<u8>) {
        if self.decompressor.is_none() {
            self.decompressor = Decompressor::new().ok();
        }
        let len = squeezed.len;
        out.clear();
        out.reserve(len);
        let expanded = self.decompressor.as_mut().map(|it| it.decompress_to_buffer(&squeezed.bytes, out));
        // What was compressed in this very process can be expanded; out of memory it could not be.
        if !matches!(expanded, Some(Ok(n)) if n == len) {
            tracing::error!("a block of log rows could not be decompressed");
            out.clear();
            out.resize(len, b'\n');
        }
    }
}

impl Packed {
    /// Compresses rows whose lines are in order. None: it could not be done.
    pub fn pack(rows: &Rows, press: &mut Press) -> Option<Self> {
        rows.text()?;
        let packed = Self {
            text: press.squeeze(&rows.text)?,
            marks: press.squeeze(&marks(&rows.entries))?,
            index: press.squeeze(&columns(&rows.entries))?,
            rows: rows.entries.len(),
            events: rows.events.clone(),
        };
        Some(packed)
    }

    /// The rows in the open again.
    pub fn unpack(&self, press: &mut Press) -> Rows {
        let mut rows = Rows { events: self.events.clone(), ..Rows::default() };
        self.text(press, &mut rows.text);
        let (mut scratch, mut marks) = (Vec::new(), Vec::new());
        self.marks(press, &mut scratch, &mut marks);
        self.entries(press, &marks, &mut scratch, &mut rows.entries);
        rows
    }

    /// Only their text.
    pub fn text(&self, press: &mut Press, out: &mut Vec<u8>) {
        press.expand(&self.text, out);
    }

    /// Only their places and levels; `scratch` is used on the way.
    pub fn marks(&self, press: &mut Press, scratch: &mut Vec<u8>, out: &mut Vec<Mark>) {
        press.expand(&self.marks, scratch);
        read_marks(scratch, self.rows, out);
    }

    /// Only their index; `scratch` is used on the way.
    pub fn entries(&self, press: &mut Press, marks: &[Mark], scratch: &mut Vec<u8>, out: &mut Vec<Entry>) {
        press.expand(&self.index, scratch);
        read_columns(scratch, marks, out);
    }

    /// Whether some rows are of the ledger.
    pub fn has_ledger(&self) -> bool {
        !self.events.is_empty()
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of text in the open.
    pub fn text_len(&self) -> usize {
        self.text.len
    }

    /// Bytes of memory they take.
    pub fn cost(&self) -> usize {
        let squeezed = self.text.bytes.len() + self.marks.bytes.len() + self.index.bytes.len();
        squeezed + super::rows::events_cost(&self.events) + size_of::<Self>()
    }
}

/// Places as differences from the row before, then levels and flags.
fn marks(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 4);
    let mut previous = 0;
    for entry in entries {
        put(&mut out, entry.micros.wrapping_sub(std::mem::replace(&mut previous, entry.micros)));
    }
    out.extend(entries.iter().map(|entry| entry.level.map_or(0, |level| level as u8 + 1) << 3 | entry.flags));
    out
}

fn read_marks(bytes: &[u8], rows: usize, out: &mut Vec<Mark>) {
    let (mut at, mut previous) = (0, 0_i64);
    out.clear();
    out.extend((0..rows).map(|_| {
        previous = previous.wrapping_add(take(bytes, &mut at));
        Mark { micros: previous, bits: 0 }
    }));
    for (mark, bits) in out.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        mark.bits = *bits;
    }
}

/// The other columns one after the other, numbers as differences from the row before: what compresses best.
fn columns(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 8);
    let mut previous = 0;
    // Most times are their own place, give or take the host's clock.
    for entry in entries {
        let own = entry.nanos.wrapping_sub(entry.micros.wrapping_mul(1000));
        put(&mut out, own.wrapping_sub(std::mem::replace(&mut previous, own)));
    }
    entries.iter().for_each(|entry| put(&mut out, i64::from(entry.source.0)));
    let mut last = Vec::new();
    for entry in entries {
        put(&mut out, (entry.seq as i64).wrapping_sub(*last_of(&mut last, entry.source)));
        *last_of(&mut last, entry.source) = entry.seq as i64;
    }
    entries.iter().for_each(|entry| put(&mut out, if entry.is_ledger() { 0 } else { i64::from(entry.length) }));
    out.extend(entries.iter().map(|entry| entry.digits << 2 | entry.time_from as u8));
    out
}

fn read_columns(bytes: &[u8], marks: &[Mark], out: &mut Vec<Entry>) {
    let mut at = 0;
    let begun = |mark: &Mark| Entry {
        micros: mark.micros,
        seq: 0,
        nanos: 0,
        source: SourceId(0),
        offset: 0,
        length: 0,
        digits: 0,
        time_from: TimeFrom::Line,
        level: mark.level(),
        flags: mark.bits & 7,
    };
    out.clear();
    out.extend(marks.iter().map(begun));
    let mut previous = 0_i64;
    for entry in out.iter_mut() {
        previous = previous.wrapping_add(take(bytes, &mut at));
        entry.nanos = previous.wrapping_add(entry.micros.wrapping_mul(1000));
    }
    out.iter_mut().for_each(|entry| entry.source = SourceId(take(bytes, &mut at) as u32));
    let mut last = Vec::new();
    for entry in out.iter_mut() {
        let last = last_of(&mut last, entry.source);
        *last = last.wrapping_add(take(bytes, &mut at));
        entry.seq = *last as u64;
    }
    out.iter_mut().for_each(|entry| entry.length = take(bytes, &mut at) as u32);
    for (entry, byte) in out.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        entry.digits = byte >> 2;
        entry.time_from = [TimeFrom::Line, TimeFrom::Previous, TimeFrom::Arrival][usize::from(byte & 3).min(2)];
    }
    let (mut offset, mut event) = (0, 0);
    for entry in out.iter_mut() {
        if entry.flags & LEDGER != 0 {
            (entry.offset, entry.length) = (event, offset);
            (event, offset) = (event + 1, offset + 1);
        } else {
            entry.offset = offset;
            offset += entry.length + 1;
        }
    }
}

/// The last number of a source; sources are few in a block.
fn last_of(last: &mut Vec<(SourceId, i64)>, source: SourceId) -> &mut i64 {
    let at = last.iter().position(|(id, _)| *id == source).unwrap_or_else(|| {
        last.push((source, 0));
        last.len() - 1
    });
    &mut last[at].1
}

/// A number in seven bits a byte, small ones of either sign in one (protocol buffers' zigzag varint).
fn put(out: &mut Vec<u8>, number: i64) {
    let mut left = (number << 1 ^ number >> 63) as u64;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

fn take(bytes: &[u8], at: &mut usize) -> i64 {
    let (mut value, mut shift) = (0_u64, 0_u32);
    while let Some(byte) = bytes.get(*at) {
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
