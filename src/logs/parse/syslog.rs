//! Syslog files and streams: RFC 3164 with its own or ISO stamps, and RFC 5424.

use std::ops::Range;

use super::time::{self, TimeField};
use super::{Scan, level};
use crate::domain::log::Level;

/// The parts of a syslog line.
pub struct Syslog {
    /// What its stamp says.
    pub time: TimeField,
    /// Facility and severity as one number, where it has them.
    pub priority: Option<i64>,
    /// The machine that wrote it.
    pub host: Range<usize>,
    /// The program.
    pub program: Range<usize>,
    /// The process, where given; empty otherwise.
    pub pid: Range<usize>,
    /// The message.
    pub message: Range<usize>,
}

/// `<13>`: the number and where it ends.
fn priority(raw: &[u8]) -> Option<(i64, usize)> {
    let inner = raw.strip_prefix(b"<")?;
    let close = memchr::memchr(b'>', &inner[..inner.len().min(4)])?;
    Some((time::digits(&inner[..close]).filter(|number| *number <= 191)?, close + 2))
}

/// The blank-delimited word at `at`, not empty.
fn token(raw: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = raw.get(at..)?;
    let length = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    (length > 0).then_some(at..at + length)
}

/// Takes a line after RFC 3164 apart, or one with an ISO stamp as rsyslog and others write it.
pub fn bsd(raw: &[u8], now: i64) -> Option<Syslog> {
    let (priority, at) = priority(raw).map_or((None, 0), |(number, end)| (Some(number), end));
    let (time, length) = match raw.get(at)? {
        b'A'..=b'Z' | b'0'..=b'9' => time::leading(&raw[at..], now)?,
        _ => return None,
    };
    let after = at + length;
    if raw.get(after) != Some(&b' ') {
        return None;
    }
    let host = token(raw, after + 1)?;
    // `2026-… ERROR main: text` is a program's own log, not a machine called ERROR.
    if level::word(&raw[host.clone()]).is_some() || raw[host.start] == b'[' {
        return None;
    }
    let tag = token(raw, host.end + 1)?;
    let word = &raw[tag.clone()];
    let colon = memchr::memchr(b':', word)?;
    if colon + 1 != word.len() {
        return None;
    }
    let bracket = memchr::memchr(b'[', &word[..colon]).filter(|_| word[colon - 1] == b']');
    let program = tag.start..tag.start + bracket.unwrap_or(colon);
    if program.is_empty() {
        return None;
    }
    let pid = bracket.map_or(tag.start..tag.start, |open| tag.start + open + 1..tag.start + colon - 1);
    let message = (tag.end + 1).min(raw.len())..raw.len();
    Some(Syslog { time, priority, host, program, pid, message })
}

/// Takes a line after RFC 5424 apart: `<34>1 2026-11-18T08:00:00Z host app 7 ID47 [sd] message`.
pub fn rfc5424(raw: &[u8], now: i64) -> Option<Syslog> {
    let (priority, at) = priority(raw)?;
    let stamp = at + 2;
    if raw.get(at..stamp) != Some(b"1 ") {
        return None;
    }
    let (time, length) = match raw.get(stamp)? {
        b'-' => (TimeField::Missing, 1),
        _ => time::iso(&raw[stamp..], now)?,
    };
    let host = token(raw, stamp + length + 1)?;
    let program = token(raw, host.end + 1)?;
    let pid = token(raw, program.end + 1)?;
    let id = token(raw, pid.end + 1)?;
    let begin = (structured_data(raw, id.end + 1)? + 1).min(raw.len());
    let begin = begin + if raw[begin..].starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    Some(Syslog { time, priority: Some(priority), host, program, pid, message: begin..raw.len() })
}

/// Where the structured data that begins at `at` ends: `-`, or any number of `[…]` with quoted values.
fn structured_data(raw: &[u8], mut at: usize) -> Option<usize> {
    if raw.get(at)? == &b'-' {
        return Some(at + 1);
    }
    let mut quoted = false;
    loop {
        match raw.get(at)? {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted && raw.get(at + 1) != Some(&b'[') => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
}

/// The level by the priority, else what the message looks like.
fn level_of(raw: &[u8], parts: &Syslog) -> Option<Level> {
    parts.priority.map_or_else(|| level::guess(&raw[parts.message.clone()]), |number| level::syslog(number % 8))
}

/// Reads one line after RFC 3164.
pub fn scan_bsd(raw: &[u8], now: i64) -> Option<Scan> {
    let parts = bsd(raw, now)?;
    Some(Scan { time: parts.time, level: level_of(raw, &parts) })
}

/// Reads one line after RFC 5424.
pub fn scan_rfc5424(raw: &[u8], now: i64) -> Option<Scan> {
    let parts = rfc5424(raw, now)?;
    Some(Scan { time: parts.time, level: level_of(raw, &parts) })
}
