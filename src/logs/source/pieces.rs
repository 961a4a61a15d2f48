//! Lines that docker's json-file driver wrote in pieces: of a line of over 16 KiB it makes entries of 16 KiB each, of
//! which only the last ends with a line end. They are one line again here, as `docker logs` shows them: an entry with the
//! texts of all of them, and the time of the first.
//!
//! An entry is `{"log":"…","stream":"stdout","time":"…"}`, with `"attrs":{…}` before the time where labels are logged.
//! Standard output and standard error are pieced together by themselves.

use bytes::Bytes;

use super::lines::LONGEST;
use crate::domain::log::RawLine;

/// How an entry begins, and what follows on its text. (A quote within a text stands behind a backslash.)
const HEAD: &[u8] = b"{\"log\":\"";
const STREAM: &[u8] = b"\",\"stream\":\"";
/// How much of a line is in every piece but the last; as JSON it is no shorter.
const PIECE: usize = 16 << 10;
/// There are two streams.
const STREAMS: usize = 2;

/// What is known of lines whose last piece has not come.
#[derive(Debug, Default)]
pub(super) struct Pieces(Vec<Held>);

#[derive(Debug)]
struct Held {
    /// The first entry, without its text and what follows it.
    line: RawLine,
    stream: Bytes,
    text: Vec<u8>,
    /// What follows on the text.
    tail: Bytes,
}

/// Where the parts of an entry stand.
struct Entry {
    /// How long it is up to the end of its text.
    text: usize,
    stream: std::ops::Range<usize>,
    /// Its text ends with a line end.
    ends: bool,
}

impl Entry {
    fn of(line: &[u8]) -> Option<Self> {
        let text = line.strip_prefix(HEAD).filter(|_| line.ends_with(b"}"))?;
        let end = memchr::memmem::find(text, STREAM)?;
        let from = HEAD.len() + end + STREAM.len();
        let stream = from..from + memchr::memchr(b'"', &line[from..])?;
        let ends = text[..end].strip_suffix(b"n").is_some_and(|rest| {
            let backslashes = rest.iter().rev().take_while(|byte| **byte == b'\\').count();
            backslashes % 2 == 1
        });
        Some(Self { text: HEAD.len() + end, stream, ends })
    }

    /// It is a piece that another one follows.
    fn goes_on(&self) -> bool {
        !self.ends && self.text - HEAD.len() >= PIECE
    }
}

/// Whether a line is a piece of one that goes on in another entry.
pub(super) fn is_piece(line: &[u8]) -> bool {
    line.len() > PIECE && Entry::of(line).is_some_and(|entry| entry.goes_on())
}

/// All lines of a stretch of a file, pieced together; each stands where it begins.
pub(super) fn whole(lines: Vec<RawLine>) -> Vec<RawLine> {
    if !lines.iter().any(|line| is_piece(&line.bytes)) {
        return lines;
    }
    // They may be of several files: for as long as this takes each has its number for an offset.
    let offsets: Vec<Option<u64>> = lines.iter().map(|line| line.offset).collect();
    let numbered = lines.into_iter().zip(0..).map(|(line, number)| RawLine { offset: Some(number), ..line });
    let mut pieces = Pieces::default();
    let mut lines = pieces.join(numbered.collect());
    lines.extend(pieces.release());
    lines.sort_by_key(|line| line.offset);
    for line in &mut lines {
        line.offset = line.offset.and_then(|number| offsets[number as usize]);
    }
    lines
}

impl Pieces {
    /// Whether nothing is waited for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the next lines of a file: those that are whole now, in the order in which they became so.
    pub(super) fn join(&mut self, lines: Vec<RawLine>) -> Vec<RawLine> {
        if self.is_empty() && !lines.iter().any(|line| is_piece(&line.bytes)) {
            return lines;
        }
        let mut out = Vec::with_capacity(lines.len());
        for line in lines {
            match Entry::of(&line.bytes).filter(|_| line.truncated == 0) {
                Some(entry) => self.take(line, &entry, &mut out),
                None => out.push(line),
            }
        }
        out
    }

    /// What was waited for does not come: what there is of it.
    pub(super) fn release(&mut self) -> Vec<RawLine> {
        std::mem::take(&mut self.0).into_iter().map(Held::finish).collect()
    }

    fn take(&mut self, line: RawLine, entry: &Entry, out: &mut Vec<RawLine>) {
        let stream = line.bytes.slice(entry.stream.clone());
        match self.0.iter().position(|held| held.stream == stream) {
            Some(at) => {
                self.0[at].append(&line.bytes[HEAD.len()..entry.text]);
                if !entry.goes_on() {
                    out.push(self.0.remove(at).finish());
                }
            }
            None if entry.goes_on() && self.0.len() < STREAMS => {
                let tail = line.bytes.slice(entry.text..);
                let bytes = line.bytes.clone();
                let mut held = Held { line, stream, text: Vec::new(), tail };
                held.append(&bytes[HEAD.len()..entry.text]);
                self.0.push(held);
            }
            None => out.push(line),
        }
    }
}

impl Held {
    /// Adds a text, as far as there is room for it; what goes beyond is counted.
    fn append(&mut self, text: &[u8]) {
        let held = HEAD.len() + self.text.len() + self.tail.len();
        let room = if self.line.truncated > 0 { 0 } else { LONGEST.saturating_sub(held) };
        let kept = cut(text, room);
        self.text.extend_from_slice(&text[..kept]);
        self.line.truncated += (text.len() - kept) as u64;
    }

    fn finish(self) -> RawLine {
        let bytes = [HEAD, &self.text, &self.tail].concat();
        RawLine { bytes: bytes.into(), ..self.line }
    }
}

/// How much of the inside of a JSON string, at most so much, is the inside of one: no escape and no character is cut.
fn cut(text: &[u8], most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let mut at = 0;
    while let Some(escape) = memchr::memchr(b'\\', &text[at..most]) {
        let length = if text.get(at + escape + 1) == Some(&b'u') { 6 } else { 2 };
        if at + escape + length > most {
            return at + escape;
        }
        at += escape + length;
    }
    (at..=most).rev().find(|at| text[*at] & 0xc0 != 0x80).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The entries that docker makes of a text, at a time each: 16 KiB in every piece but the last.
    fn entries(stream: &str, text: &str, time: &mut u32) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        let pieces = chars.chunks(PIECE).map(|piece| piece.iter().collect::<String>());
        pieces
            .map(|piece| {
                *time += 1;
                let log = serde_json::to_string(&piece).unwrap();
                format!("{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"2026-11-21T08:00:00.{time:09}Z\"}}")
            })
            .collect()
    }

    fn raw(texts: &[String]) -> Vec<RawLine> {
        let mut offset = 0;
        let mut line = |text: &String| {
            let line = RawLine {
                bytes: Bytes::from(text.clone()),
                truncated: 0,
                offset: Some(offset),
                time: None,
                level: None,
                returned: false,
            };
            offset += text.len() as u64 + 1;
            line
        };
        texts.iter().map(&mut line).collect()
    }

    fn log(line: &RawLine) -> (String, String) {
        let value: serde_json::Value = serde_json::from_slice(&line.bytes).unwrap();
        (value["log"].as_str().unwrap().to_owned(), value["stream"].as_str().unwrap().to_owned())
    }

    #[test]
    fn the_pieces_of_a_line_are_one_line_and_each_stream_has_its_own() {
        let mut time = 0;
        let (long, other) = (format!("{}\"\\n é\n", "a".repeat(40_000)), format!("{}\n", "b".repeat(20_000)));
        let (out, err) = (entries("stdout", &long, &mut time), entries("stderr", &other, &mut time));
        let short = entries("stderr", "between\n", &mut time);
        let mixed = [&out[0], &short[0], &err[0], &out[1], &err[1], &out[2], &short[0]].map(String::clone);
        for cut in 0..=mixed.len() {
            let lines = raw(&mixed);
            let mut pieces = Pieces::default();
            let mut seen = pieces.join(lines[..cut].to_vec());
            seen.extend(pieces.join(lines[cut..].to_vec()));
            assert!(pieces.is_empty());
            let said: Vec<(String, String)> = seen.iter().map(log).collect();
            let is = |stream: &str, text: &str| (text.to_owned(), stream.to_owned());
            let short = is("stderr", "between\n");
            assert!(said == [short.clone(), is("stderr", &other), is("stdout", &long), short], "cut at {cut}");
            assert_eq!((seen[2].offset, seen[2].truncated), (Some(0), 0));
            assert!(seen[2].bytes.ends_with(b"00.000000001Z\"}"), "the time of the first");
        }
        let ordered: Vec<Option<u64>> = whole(raw(&mixed)).iter().map(|line| line.offset).collect();
        assert!(ordered.is_sorted() && ordered.len() == 4, "{ordered:?}");
    }

    #[test]
    fn what_has_no_end_is_given_up_and_nothing_else_is_held() {
        let mut time = 0;
        let mut pieces = Pieces::default();
        let long = entries("stdout", &"a".repeat(PIECE + 5), &mut time);
        assert!(pieces.join(raw(&long[..1])).is_empty() && !pieces.is_empty());
        let released = pieces.release();
        assert!(pieces.is_empty() && released.len() == 1 && log(&released[0]).0.len() == PIECE);
        // A prompt, a line of just that length, other JSON, and what is no entry.
        let whole_piece = format!("{}\n", "a".repeat(PIECE - 1));
        let others = [
            entries("stdout", "name: ", &mut time).concat(),
            entries("stdout", &whole_piece, &mut time).concat(),
            format!("{{\"log\":\"{}\"}}", "x".repeat(PIECE)),
            "x".repeat(2 * PIECE),
        ];
        assert_eq!(pieces.join(raw(&others)).len(), others.len());
        assert!(pieces.is_empty());
    }

    #[test]
    fn a_line_without_end_is_cut_and_stays_json() {
        let mut time = 0;
        for text in ["x", "\"", "\u{1}", "é", "\u{1f980}\\"] {
            let text = format!("{}\n", text.repeat(400_000 / text.len()));
            let entries = entries("stdout", &text, &mut time);
            // What is longer than a line may be as JSON is left as it is.
            let lines: Vec<RawLine> = raw(&entries).into_iter().filter(|line| line.bytes.len() <= LONGEST).collect();
            let all: usize = lines.iter().map(|line| line.bytes.len()).sum();
            let seen = whole(lines);
            for line in &seen {
                assert!(
                    line.bytes.len() <= LONGEST
                        && log(line).0.starts_with(&text[..text.chars().next().map_or(0, char::len_utf8)]),
                    "{}",
                    line.bytes.len()
                );
            }
            let kept: usize = seen.iter().map(|line| line.bytes.len() + line.truncated as usize).sum();
            assert!(seen.is_empty() || kept <= all && kept + 100 * entries.len() >= all, "{kept} of {all}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_cut_between_its_characters(text in "[a\"\\\\\u{1}é\u{1f980}]{0,40}", most in 0_usize..60) {
            let json = serde_json::to_string(&text).unwrap();
            let inner = &json.as_bytes()[1..json.len() - 1];
            let kept = cut(inner, most);
            prop_assert!(kept <= most);
            let quoted = [b"\"", &inner[..kept], b"\""].concat();
            let read: String = serde_json::from_slice(&quoted).unwrap();
            prop_assert!(text.starts_with(&read) && (kept == inner.len() || kept + 6 >= most));
        }

        #[test]
        fn any_lines_are_taken(lines in proptest::collection::vec("(\\{\"log\":\")?[\\\\n\"a]{0,6}(\",\"stream\":\"o\"\\})?", 0..9)) {
            let mut pieces = Pieces::default();
            prop_assert_eq!(pieces.join(raw(&lines)).len(), lines.len());
        }
    }
}
