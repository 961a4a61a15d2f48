//! `key=value` lines: logfmt and what looks like it.

use std::ops::Range;

use super::{Scan, json};

/// Calls `each` with the ranges of key and value (inside its quotes) of every pair until it returns false. Words that
/// are no pair are passed over.
pub fn pairs(raw: &[u8], mut each: impl FnMut(Range<usize>, Range<usize>) -> bool) {
    let mut at = 0;
    while at < raw.len() {
        if raw[at] == b' ' || raw[at] == b'\t' {
            at += 1;
            continue;
        }
        let key = at;
        while at < raw.len() && !matches!(raw[at], b'=' | b' ' | b'\t' | b'"') {
            at += 1;
        }
        if raw.get(at) != Some(&b'=') || at == key {
            // No pair: on to the next blank.
            at += memchr::memchr2(b' ', b'\t', &raw[at..]).unwrap_or(raw.len() - at);
            continue;
        }
        let equals = at;
        at += 1;
        let value = if raw.get(at) == Some(&b'"') {
            let end = quoted(raw, at + 1);
            let range = at + 1..end;
            at = (end + 1).min(raw.len());
            range
        } else {
            let end = at + memchr::memchr2(b' ', b'\t', &raw[at..]).unwrap_or(raw.len() - at);
            let range = at..end;
            at = end;
            range
        };
        if !each(key..equals, value) {
            return;
        }
    }
}

/// Where the quoted text from `at` on ends: at its closing quote, or at the end of the line.
fn quoted(raw: &[u8], mut at: usize) -> usize {
    while let Some(step) = raw.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += step;
        if raw[at] == b'"' {
            return at;
        }
        at += 2;
    }
    raw.len()
}

/// Whether a key is made of what keys are made of.
fn is_key(key: &[u8]) -> bool {
    key.first().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, b'_' | b'@'))
        && key.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b'@' | b'/'))
}

/// Whether the line begins with a pair and is logfmt beyond doubt: a pair that names time, level or message, or two.
pub fn fits(raw: &[u8]) -> bool {
    let (mut count, mut known) = (0, false);
    let mut first = None;
    pairs(raw, |key, _| {
        first.get_or_insert(key.start);
        let key = &raw[key];
        if is_key(key) {
            count += 1;
            known |= json::is_time(key) || json::is_level(key) || json::is_message(key);
        }
        count < 2 && !known
    });
    first == Some(0) && (known || count >= 2)
}

/// Reads one line; `None` when it does not begin with a pair.
pub fn scan(raw: &[u8], now: i64) -> Option<Scan> {
    let mut found = Scan::default();
    let (mut timed, mut leveled, mut first) = (false, false, false);
    pairs(raw, |key, value| {
        first |= key.start == 0 && is_key(&raw[key.clone()]);
        let key = &raw[key];
        if !timed && json::is_time(key) {
            timed = true;
            found.time = json::time_value(&raw[value], now);
        } else if !leveled && json::is_level(key) {
            leveled = true;
            found.level = json::level_value(key, &raw[value]);
        }
        first && !(timed && leveled)
    });
    first.then_some(found)
}

/// The range of the message's value.
pub fn message(raw: &[u8]) -> Option<Range<usize>> {
    let mut found = None;
    pairs(raw, |key, value| {
        if json::is_message(&raw[key]) {
            found = Some(value);
        }
        found.is_none()
    });
    found
}
