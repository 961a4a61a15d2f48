//! What differs from one message of a kind to the next, taken out: numbers, addresses, ids and times.
//!
//! A run of letters and digits that holds a digit is a number (`<n>`), or an id (`<id>`) when it is long enough and all
//! hexadecimal, or very long; digits among letters (`web7`, `12ms`) are taken out by themselves. What joins two of them
//! (`10.0.0.1:80`, a UUID) belongs to them. The status after a request (`HTTP/1.1" 502`) stays: it says what happened.

use crate::domain::text::clean;

/// Stands for a number.
pub const NUMBER: &str = "<n>";
/// Stands for an id.
pub const ID: &str = "<id>";
/// Stands for a word that has been seen to vary.
pub const WORD: &str = "<*>";

/// So much of a message is looked at.
const MOST: usize = 400;
/// A run of hexadecimal digits of this length is an id.
const HEX: usize = 6;
/// A run of letters and digits of this length is an id.
const LONG: usize = 16;

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'m> {
    Text(&'m [u8]),
    Number,
    Id,
}

/// The masked text, made safe.
pub fn text(message: &[u8]) -> String {
    let mut out = String::new();
    parts(message, |part| match part {
        Part::Text(text) => out.push_str(&clean(&String::from_utf8_lossy(text))),
        Part::Number => out.push_str(NUMBER),
        Part::Id => out.push_str(ID),
    });
    out
}

/// A number that is the same for messages that are the same but for what is masked: [`text`] without making it.
pub fn shape(message: &[u8], seed: u64) -> u64 {
    let mut hash = Hash(seed);
    parts(message, |part| match part {
        Part::Text(text) => hash.bytes(text),
        Part::Number => hash.word(1 << 56),
        Part::Id => hash.word(2 << 56),
    });
    hash.0
}

/// A quick hash (multiply and rotate, as in Firefox and rustc); no defence against who knows it.
#[derive(Clone, Copy, Debug)]
pub struct Hash(pub u64);

impl Hash {
    /// Takes a number in.
    pub fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// Takes bytes in; where one call ends and the next begins is part of it.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[7] = bytes.len() as u8 | 0x80;
        self.word(u64::from_le_bytes(last));
    }
}

/// Kinds of bytes: digits, letters that are hexadecimal digits too, other letters, what may join two numbers, others.
const DIGIT: u8 = 1;
const HEXAL: u8 = 2;
const OTHER: u8 = 4;
const JOIN: u8 = 8;
const WORDY: u8 = DIGIT | HEXAL | OTHER;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEXAL,
            b'g'..=b'z' | b'G'..=b'Z' | b'_' | 0x80..=0xff => OTHER,
            b'.' | b':' | b',' | b'-' | b'/' | b'+' => JOIN,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

fn kind(byte: u8) -> u8 {
    KINDS[byte as usize]
}

/// Where the run of letters and digits that begins at `from` ends, and the kinds of its bytes together.
fn run(message: &[u8], from: usize) -> (usize, u8) {
    let (mut end, mut kinds) = (from, 0);
    while let Some(kind) = message.get(end).map(|byte| kind(*byte)).filter(|kind| kind & WORDY != 0) {
        kinds |= kind;
        end += 1;
    }
    (end, kinds)
}

/// What a whole run stands for, if it is masked as a whole.
fn masked(run: &[u8], kinds: u8) -> Option<Part<'static>> {
    if kinds == DIGIT {
        return Some(Part::Number);
    }
    let digits = kinds & DIGIT != 0;
    let hex = kinds & OTHER == 0 && run.len() >= HEX || run.starts_with(b"0x");
    (digits && (hex || run.len() >= LONG)).then_some(Part::Id)
}

fn parts<'m>(message: &'m [u8], mut each: impl FnMut(Part<'m>)) {
    let message = &message[..message.len().min(MOST)];
    let (mut at, mut from) = (0, 0);
    let mut request = false;
    while at < message.len() {
        if kind(message[at]) & WORDY == 0 {
            at += 1;
            continue;
        }
        let (end, kinds) = run(message, at);
        let status = request && &message[from..at] == b"\" " && end - at == 3;
        if kinds & DIGIT == 0 || status {
            at = end;
            continue;
        }
        request = message[from..at].ends_with(b"HTTP/");
        if from < at {
            each(Part::Text(&message[from..at]));
        }
        match masked(&message[at..end], kinds) {
            Some(mut part) => {
                at = end;
                // What is joined to it is of it.
                while message.get(at).is_some_and(|byte| kind(*byte) == JOIN) {
                    let (end, kinds) = run(message, at + 1);
                    let joined = masked(&message[at + 1..end], kinds)
                        .or((kinds & OTHER == 0 && end > at + 2 && part == Part::Id).then_some(Part::Id));
                    let Some(joined) = joined else { break };
                    if joined == Part::Id {
                        part = Part::Id;
                    }
                    at = end;
                }
                each(part);
            }
            None => digits_among(&message[at..end], &mut each),
        }
        at = at.max(end);
        from = at;
    }
    if from < message.len() {
        each(Part::Text(&message[from..]));
    }
}

/// Takes the digits out of a word.
fn digits_among<'m>(word: &'m [u8], each: &mut impl FnMut(Part<'m>)) {
    let mut rest = word;
    while let Some(first) = rest.first() {
        let digits = first.is_ascii_digit();
        let end = rest.iter().position(|byte| byte.is_ascii_digit() != digits).unwrap_or(rest.len());
        each(if digits { Part::Number } else { Part::Text(&rest[..end]) });
        rest = &rest[end..];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_varies_is_taken_out() {
        for (message, masked) in [
            ("connection from 10.0.0.17:5432 refused", "connection from <n> refused"),
            ("job 4711 took 12.5ms", "job <n> took <n>.<n>ms"),
            ("user 7f3a9b01c failed", "user <id> failed"),
            ("trace 6fa459ea-ee8a-3ca4-894e-db77e160355e", "trace <id>"),
            ("at 0xdeadbeef", "at <id>"),
            ("on 2026-11-18 08:00:01,123", "on <n> <n>"),
            ("GET /cart/42/items HTTP/1.1", "GET /cart/<n>/items HTTP/<n>"),
            ("\"GET /cart HTTP/1.1\" 502 150", "\"GET /cart HTTP/<n>\" 502 <n>"),
            ("\"GET /cart HTTP/1.1\" 5020", "\"GET /cart HTTP/<n>\" <n>"),
            ("KeyError: 'cart'", "KeyError: 'cart'"),
            ("web-7 and web8", "web-<n> and web<n>"),
            ("facade decade", "facade decade"),
            ("key AbCdEfGhIjKlMnOp1", "key <id>"),
            ("\u{1b}[31mred", "␛[<n>mred"),
            ("", ""),
        ] {
            assert_eq!(text(message.as_bytes()), masked, "{message}");
        }
    }

    proptest! {
        /// The shape says of two messages what their masked texts say; no bytes are too odd.
        #[test]
        fn shapes_are_the_same_where_texts_are(
            a in "[ab1 .:f-]{0,12}", b in "[ab1 .:f-]{0,12}", odd in proptest::collection::vec(any::<u8>(), 0..500)
        ) {
            let same = text(a.as_bytes()) == text(b.as_bytes());
            prop_assert_eq!(shape(a.as_bytes(), 7) == shape(b.as_bytes(), 7), same, "{} {}", a, b);
            prop_assert_eq!(shape(&odd, 1), shape(&odd, 1));
            let _ = text(&odd);
        }

        #[test]
        fn numbers_never_matter(n in 0_u32..1_000_000, m in 0_u32..1_000_000) {
            let of = |n: u32| text(format!("took {n} of web-{n} at 10.{n}.1").as_bytes());
            prop_assert_eq!(of(n), of(m));
        }
    }
}
