//! JSON lines: a scan that stops as soon as it knows the time and the level. Docker's json-file is JSON whose `log`
//! member is the line; journald's export keys are known too.

use std::ops::Range;

use super::time::{self, TimeField};
use super::{Scan, level};
use crate::domain::log::Level;

/// Calls `each` with the ranges of key (without quotes) and value (as written) of the outermost object's members until
/// it returns false. `None` when the line is no object; a cut or broken line gives the members before the damage.
pub fn members(raw: &[u8], mut each: impl FnMut(Range<usize>, Range<usize>) -> bool) -> Option<()> {
    let mut at = blanks(raw, 0);
    if raw.get(at) != Some(&b'{') {
        return None;
    }
    at = blanks(raw, at + 1);
    if raw.get(at) == Some(&b'}') {
        return Some(());
    }
    let first = at;
    loop {
        let Some(key) = string(raw, at) else { return (at > first).then_some(()) };
        at = blanks(raw, key.end + 1);
        if raw.get(at) != Some(&b':') {
            return (key.start > first + 1).then_some(());
        }
        at = blanks(raw, at + 1);
        let Some(end) = value(raw, at) else { return Some(()) };
        if !each(key, at..end) {
            return Some(());
        }
        at = blanks(raw, end);
        if raw.get(at) != Some(&b',') {
            return Some(());
        }
        at = blanks(raw, at + 1);
    }
}

fn blanks(raw: &[u8], mut at: usize) -> usize {
    while matches!(raw.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The inside of the string that begins at `at`.
fn string(raw: &[u8], at: usize) -> Option<Range<usize>> {
    if raw.get(at) != Some(&b'"') {
        return None;
    }
    let mut end = at + 1;
    loop {
        end += memchr::memchr2(b'"', b'\\', raw.get(end..)?)?;
        if raw[end] == b'"' {
            return Some(at + 1..end);
        }
        end += 2;
    }
}

/// Where the value that begins at `at` ends; nesting is counted, not recursed into.
fn value(raw: &[u8], mut at: usize) -> Option<usize> {
    match raw.get(at)? {
        b'"' => Some(string(raw, at)?.end + 1),
        b'{' | b'[' => {
            let mut depth = 0_usize;
            loop {
                match raw.get(at)? {
                    b'"' => at = string(raw, at)?.end,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            let length =
                raw[at..].iter().position(|c| matches!(c, b',' | b'}' | b' ' | b'\t')).unwrap_or(raw.len() - at);
            (length > 0).then_some(at + length)
        }
    }
}

/// Whether a key names the time.
pub fn is_time(key: &[u8]) -> bool {
    matches!(
        key,
        b"ts"
            | b"time"
            | b"timestamp"
            | b"@timestamp"
            | b"t"
            | b"@t"
            | b"date"
            | b"datetime"
            | b"asctime"
            | b"time_local"
            | b"time_iso8601"
            | b"Timestamp"
            | b"__REALTIME_TIMESTAMP"
    )
}

/// Whether a key names the severity.
pub fn is_level(key: &[u8]) -> bool {
    matches!(
        key,
        b"level"
            | b"lvl"
            | b"severity"
            | b"loglevel"
            | b"log.level"
            | b"levelname"
            | b"@l"
            | b"Level"
            | b"LogLevel"
            | b"PRIORITY"
    )
}

/// Whether a key names the message.
pub fn is_message(key: &[u8]) -> bool {
    matches!(key, b"msg" | b"message" | b"MESSAGE" | b"@m" | b"@mt" | b"log" | b"text" | b"event" | b"Message")
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").map_or(value, |inner| inner.strip_suffix(b"\"").unwrap_or(inner))
}

/// A time as a member's value gives it.
pub fn time_value(value: &[u8], now: i64) -> TimeField {
    let text = unquoted(value);
    if text.first() == Some(&b'{') {
        // MongoDB's extended JSON: {"$date": "…"}.
        let mut found = TimeField::Missing;
        let _ = members(value, |key, inner| {
            let date = &value[key] == b"$date";
            if date && value[inner.start] != b'{' {
                found = time_value(&value[inner], now);
            }
            !date
        });
        return found;
    }
    if let Some((field, _)) = time::leading(text, now) {
        return field;
    }
    if text.is_empty() || text == b"null" { TimeField::Missing } else { TimeField::Bad }
}

/// A level as a member's value gives it: a word, a bunyan number, or a syslog severity under its own key.
pub fn level_value(key: &[u8], value: &[u8]) -> Option<Level> {
    let text = unquoted(value);
    match time::digits(text) {
        Some(number) if matches!(key, b"PRIORITY" | b"severity") => level::syslog(number),
        Some(number) => level::bunyan(number),
        None => level::word(text),
    }
}

/// Reads one line; `None` when it is no JSON object.
pub fn scan(raw: &[u8], now: i64) -> Option<Scan> {
    let mut found = Scan::default();
    let (mut timed, mut leveled) = (false, false);
    members(raw, |key, value| {
        let key = &raw[key];
        if !timed && is_time(key) {
            timed = true;
            found.time = time_value(&raw[value], now);
        } else if timed && !leveled && key == b"s" && matches!(&raw[value.clone()], [b'"', _, b'"']) {
            // MongoDB's severity, after its time: a letter.
            found.level = level::letter(raw[value.start + 1]);
            leveled = found.level.is_some();
        } else if !leveled && is_level(key) {
            leveled = true;
            found.level = level_value(key, &raw[value]);
        }
        !(timed && leveled)
    })?;
    Some(found)
}

/// Whether a JSON line is one of docker's json-file.
pub fn is_docker(raw: &[u8]) -> bool {
    let mut keys = 0_u8;
    let mut other = false;
    let object = members(raw, |key, _| {
        match &raw[key] {
            b"log" => keys |= 1,
            b"stream" => keys |= 2,
            b"time" => keys |= 4,
            b"attrs" => {}
            _ => other = true,
        }
        !other
    });
    object.is_some() && keys == 7 && !other
}

/// Reads one line of docker's json-file: its time is docker's, its level what the line inside says.
pub fn scan_docker(raw: &[u8], now: i64) -> Option<Scan> {
    let mut found = Scan::default();
    members(raw, |key, value| {
        match &raw[key] {
            b"log" => found.level = level::guess(unquoted(&raw[value])),
            b"time" => found.time = time_value(&raw[value], now),
            _ => {}
        }
        true
    })?;
    Some(found)
}

/// What the program wrote, of a line of docker's json-file: without its line end, and with a blank where it begins with a
/// tab; other escapes are as written.
pub fn docker_text(raw: &[u8]) -> &[u8] {
    let text = &raw[message(raw).unwrap_or(0..0)];
    let text = text.strip_suffix(b"\\n").unwrap_or(text);
    let text = text.strip_suffix(b"\\r").unwrap_or(text);
    if text.starts_with(b"\\t") { b"\t" } else { text }
}

/// The range of the message, inside its quotes and with its escapes as written.
pub fn message(raw: &[u8]) -> Option<Range<usize>> {
    let mut found = None;
    members(raw, |key, value| {
        if is_message(&raw[key]) && raw[value.start] == b'"' {
            found = Some(value.start + 1..value.end - 1);
        }
        found.is_none()
    });
    found
}
