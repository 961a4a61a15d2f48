//! Lines that begin with a time and go on as their program likes: the defaults of Python's logging, logback and log4j,
//! Go's log, Rust's tracing and env_logger, PostgreSQL, Redis and many more. A level may stand before the time, as glog,
//! Ruby's logger and Dropwizard have it.

use super::time::{self, TimeField};
use super::{Format, Scan, level};
use crate::domain::log::Level;

/// Where the text begins after colour codes, blanks and one opening bracket.
fn opening(raw: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match raw.get(at) {
            Some(b' ') => at += 1,
            Some(0x1b) => match colour(raw, at) {
                Some(end) => at = end,
                None => return at,
            },
            Some(b'[') => return at + 1,
            _ => return at,
        }
    }
}

/// Where the colour code (`ESC [ … m`) that begins at `at` ends.
fn colour(raw: &[u8], at: usize) -> Option<usize> {
    let inner = raw.get(at + 1..)?.strip_prefix(b"[")?;
    let length = inner.iter().take(20).position(|c| !c.is_ascii_digit() && *c != b';')?;
    (inner[length] == b'm').then_some(at + 2 + length + 1)
}

/// Redis puts `pid:role ` before its time.
fn after_redis_role(raw: &[u8]) -> Option<usize> {
    let digits = raw.iter().take(8).take_while(|c| c.is_ascii_digit()).count();
    let role = matches!(raw.get(digits..digits + 3), Some([b':', b'M' | b'S' | b'C' | b'X', b' ']));
    (digits > 0 && role).then_some(digits + 3)
}

/// A level's word before the time, and where it ends: `[INFO] `, `INFO  [`, `WARN - `, Ruby's `I, [`.
fn front(raw: &[u8]) -> Option<(Level, usize)> {
    let at = opening(raw);
    let text = raw.get(at..)?;
    let word = text.iter().take(12).position(|c| !c.is_ascii_alphabetic())?;
    let level = match &text[..word] {
        [letter] if text[word..].starts_with(b", [") => level::letter(*letter),
        word => level::word(word),
    }?;
    let between = text[word..].iter().take(8).take_while(|c| matches!(c, b' ' | b']' | b'[' | b':' | b',' | b'-'));
    let length = between.count();
    (length > 0).then_some((level, at + word + length))
}

/// The time a line begins with, and where it ends.
fn stamp(raw: &[u8], now: i64) -> Option<(TimeField, usize)> {
    let at = after_redis_role(raw).unwrap_or_else(|| opening(raw));
    let text = raw.get(at..)?;
    let own = || time::leading(text, now).or_else(|| time::klog(text, now)).or_else(|| time::twelve_hours(text, now));
    let (at, (time, length)) = match own() {
        Some(found) => (at, found),
        None => {
            let (_, at) = front(raw)?;
            let dated = [2, 4].into_iter().any(|after| matches!(raw.get(at + after), Some(b'-' | b'/')));
            (at, time::leading(&raw[at..], now).filter(|_| dated)?)
        }
    };
    let end = at + length;
    // A number that merely begins like a time is none.
    let ends = raw.get(end).is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, b'/' | b'_'));
    ends.then_some((time, end))
}

/// Reads one line; `None` when it begins with no time.
pub fn scan(raw: &[u8], now: i64) -> Option<Scan> {
    let (time, end) = stamp(raw, now)?;
    let at = opening(raw);
    let before = match raw.get(at).filter(|_| time::klog(&raw[at..], now).is_some()) {
        Some(letter) => level::letter(*letter),
        None => front(raw).map(|(level, _)| level),
    };
    Some(Scan { time, level: before.or_else(|| level::guess(&raw[after_colours(raw, end)..])) })
}

/// Python's default without a time: `LEVEL:logger:message`.
pub fn scan_python(raw: &[u8], now: i64) -> Option<Scan> {
    if let Some(found) = scan(raw, now) {
        return Some(found);
    }
    let colon = memchr::memchr(b':', &raw[..raw.len().min(9)])?;
    memchr::memchr(b':', raw.get(colon + 1..colon + 64).unwrap_or(&raw[colon + 1..]))?;
    let word = &raw[..colon];
    let level = level::word(word).filter(|_| word.iter().all(u8::is_ascii_uppercase))?;
    Some(Scan { time: TimeField::Missing, level: Some(level) })
}

fn after_colours(raw: &[u8], mut at: usize) -> usize {
    loop {
        match raw.get(at) {
            Some(0x1b) => match colour(raw, at) {
                Some(end) => at = end,
                None => return at,
            },
            Some(b' ' | b']') => at += 1,
            _ => return at,
        }
    }
}

/// A word without the colour codes around it.
fn uncoloured(word: &[u8]) -> &[u8] {
    let inner = colour(word, 0).map_or(word, |end| &word[end..]);
    &inner[..memchr::memchr(0x1b, inner).unwrap_or(inner.len())]
}

/// Which default a stamped line looks like.
pub fn kind(raw: &[u8], now: i64) -> Option<Format> {
    let Some((_, end)) = stamp(raw, now) else { return scan_python(raw, now).map(|_| Format::Python) };
    let begin = opening(raw);
    let written = &raw[begin.min(end)..end];
    let rest = &raw[after_colours(raw, end)..];
    if written.get(4) == Some(&b'/') {
        return Some(Format::Go);
    }
    if time::twelve_hours(written, now).is_some() {
        return Some(Format::Java);
    }
    if written.contains(&b'T') {
        let word = &rest[..memchr::memchr2(b' ', 0x1b, rest).unwrap_or(rest.len())];
        return Some(if level::word(word).is_some() { Format::Rust } else { Format::Stamped });
    }
    if rest.starts_with(b"- ") {
        return Some(Format::Python);
    }
    let front = &rest[..rest.len().min(80)];
    let threaded = rest.starts_with(b"[") && memchr::memmem::find(front, b"] ").is_some();
    if memchr::memmem::find(front, b" --- [").is_some()
        || threaded && level::guess(rest).is_some() && !rest[1].is_ascii_digit()
    {
        return Some(Format::Java);
    }
    if written.contains(&b',') {
        return Some(Format::Python);
    }
    Some(Format::Stamped)
}

/// Where the message begins: after the time, the level and what stands between them.
pub fn message(raw: &[u8], now: i64) -> usize {
    let mut at = stamp(raw, now).map_or(0, |(_, end)| after_colours(raw, end));
    // Up to and with the level's word, when one of the first words is it.
    let mut end = at;
    for _ in 0..6 {
        let rest = &raw[end..];
        let blank = rest.iter().position(|c| !c.is_ascii_whitespace()).unwrap_or(rest.len());
        let from = end + blank;
        let word = from + memchr::memchr(b' ', &raw[from..]).unwrap_or(raw.len() - from);
        if word == from {
            break;
        }
        let token = uncoloured(raw[from..word].trim_ascii());
        let token = token.strip_prefix(b"[").unwrap_or(token);
        let token = token.strip_suffix(b"]").or(token.strip_suffix(b":")).unwrap_or(token);
        if level::word(token).is_some() {
            at = word;
            break;
        }
        end = word;
    }
    while matches!(raw.get(at), Some(b' ' | b'-' | b':' | b']')) {
        at += 1;
    }
    at
}
