//! Bytes as they arrive, cut into lines.

use bytes::{Bytes, BytesMut};

use crate::domain::log::RawLine;

/// The most that is kept of one line; what goes beyond is counted.
pub const LONGEST: usize = 64 << 10;

/// Cuts a stream of bytes into lines, over any cuts of the stream, in bounded memory.
#[derive(Debug)]
pub struct Lines {
    /// The most that is kept of one line.
    longest: usize,
    partial: BytesMut,
    /// Bytes of the partial line that were not kept.
    beyond: u64,
    /// Where the partial line begins.
    begins: u64,
    /// What comes up to the next line end is the rest of a line whose beginning is lost.
    torn: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self::up_to(LONGEST)
    }
}

impl Lines {
    /// A cutter that keeps so many bytes of a line.
    pub fn up_to(longest: usize) -> Self {
        Self { longest, partial: BytesMut::new(), beyond: 0, begins: 0, torn: false }
    }

    /// A cutter whose first byte has this offset.
    pub fn at(offset: u64) -> Self {
        Self { begins: offset, ..Self::default() }
    }

    /// Takes bytes; complete lines are appended to `out`.
    pub fn push(&mut self, mut bytes: Bytes, out: &mut Vec<RawLine>) {
        while let Some(end) = memchr::memchr(b'\n', &bytes) {
            let piece = bytes.split_to(end + 1);
            if std::mem::take(&mut self.torn) {
                self.begins += piece.len() as u64;
                continue;
            }
            let line = if self.partial.is_empty() && self.beyond == 0 && end <= self.longest {
                piece.slice(..end)
            } else {
                self.keep(&piece[..end]);
                self.partial.split().freeze()
            };
            out.push(self.line(line));
            self.begins += 1;
        }
        if self.torn {
            self.begins += bytes.len() as u64;
        } else {
            self.keep(&bytes);
        }
    }

    /// So many bytes with so many line ends are missing from here on; how many lines that makes, with the one whose
    /// rest is still to come.
    pub fn skip(&mut self, bytes: u64, ends: u64) -> u64 {
        let partial = self.partial.len() as u64 + self.beyond;
        // The rest of a line that was lost before may have been among them; it has been counted.
        let counted = u64::from(self.torn);
        *self = Self { begins: self.begins + partial + bytes, torn: true, ..Self::up_to(self.longest) };
        ends + 1 - counted
    }

    /// What comes up to the next line end is the rest of a line that began before.
    pub fn tear(&mut self) {
        self.torn = true;
    }

    /// The last line, which has no end, when there is one.
    pub fn finish(&mut self, out: &mut Vec<RawLine>) {
        if !self.partial.is_empty() || self.beyond > 0 {
            let line = self.partial.split().freeze();
            out.push(self.line(line));
        }
    }

    /// Throws the partial line away; how many bytes it had.
    pub fn drop_partial(&mut self) -> u64 {
        let lost = self.partial.len() as u64 + self.beyond;
        *self = Self::up_to(self.longest);
        lost
    }

    /// Where the line begins whose end has not come yet.
    pub fn begins(&self) -> u64 {
        self.begins
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.longest.saturating_sub(self.partial.len()).min(bytes.len());
        self.partial.extend_from_slice(&bytes[..room]);
        self.beyond += (bytes.len() - room) as u64;
    }

    fn line(&mut self, line: Bytes) -> RawLine {
        let (offset, truncated) = (self.begins, std::mem::take(&mut self.beyond));
        self.begins += line.len() as u64 + truncated;
        // A program on the other side may end its lines as Windows does.
        let returned = truncated == 0 && line.last() == Some(&b'\r');
        let bytes = if returned { line.slice(..line.len() - 1) } else { line };
        RawLine { bytes, truncated, offset: Some(offset), time: None, level: None, returned }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(text in "[ab\n]{0,60}", cuts in proptest::collection::vec(0_usize..60, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.sort_unstable();
            let (mut lines, mut out, mut from) = (Lines::at(0), Vec::new(), 0);
            for cut in cuts.into_iter().chain([text.len()]) {
                lines.push(Bytes::copy_from_slice(&text.as_bytes()[from..cut]), &mut out);
                from = cut;
            }
            lines.finish(&mut out);
            let expected: Vec<&str> = text.lines().collect();
            let seen: Vec<String> = out.iter().map(|l| String::from_utf8_lossy(&l.bytes).into_owned()).collect();
            prop_assert_eq!(seen, expected);
            for line in &out {
                let at = usize::try_from(line.offset.unwrap()).unwrap();
                prop_assert_eq!(&text.as_bytes()[at..at + line.bytes.len()], &line.bytes[..]);
            }
        }
    }

    #[test]
    fn what_is_missing_is_counted_in_whole_lines_and_tears_none() {
        let (mut lines, mut out) = (Lines::at(0), Vec::new());
        let all: Vec<String> = (0..100).map(|n| format!("line {n}\n")).collect();
        let text = all.concat();
        let mut lost = 0;
        // Cuts within a line and between two, and two gaps in a row.
        for (from, to, kept) in
            [(0, 20, true), (20, 33, false), (33, 40, false), (40, 64, true), (64, 72, false), (72, text.len(), true)]
        {
            let part = Bytes::copy_from_slice(&text.as_bytes()[from..to]);
            if kept {
                lines.push(part, &mut out);
            } else {
                lost += lines.skip(part.len() as u64, memchr::memchr_iter(b'\n', &part).count() as u64);
            }
        }
        assert_eq!(out.len() as u64 + lost, 100);
        for line in &out {
            let whole = format!("{}\n", String::from_utf8_lossy(&line.bytes));
            assert!(all.contains(&whole), "{whole:?}");
            let at = usize::try_from(line.offset.unwrap()).unwrap();
            assert_eq!(&text[at..at + whole.len()], whole);
        }
    }

    #[test]
    fn a_huge_line_is_capped_and_counted_and_the_next_one_whole() {
        let (mut lines, mut out) = (Lines::at(0), Vec::new());
        for _ in 0..100 {
            lines.push(Bytes::from(vec![b'x'; 100_000]), &mut out);
        }
        lines.push(Bytes::from_static(b"\nnext\n"), &mut out);
        assert_eq!((out[0].bytes.len(), out[0].truncated), (LONGEST, 10_000_000 - LONGEST as u64));
        assert_eq!((&out[1].bytes[..], out[1].offset), (&b"next"[..], Some(10_000_001)));
    }
}
