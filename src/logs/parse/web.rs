//! What web servers write: access logs (common and combined, nginx and Apache) and error logs of both.

use std::ops::Range;

use super::{Scan, level, time};

/// The parts of an access line.
pub struct Access {
    /// The client and identities, before the time.
    pub front: Range<usize>,
    /// The time, inside its brackets.
    pub time: Range<usize>,
    /// The request, inside its quotes.
    pub request: Range<usize>,
    /// The status' three digits.
    pub status: Range<usize>,
    /// What follows the status.
    pub rest: Range<usize>,
}

/// Takes an access line apart; `None` when it is none.
pub fn access(raw: &[u8]) -> Option<Access> {
    let mut open = 0;
    // A user name may hold a bracket; the time is the first bracket that a date follows.
    for _ in 0..4 {
        open += memchr::memchr(b'[', &raw[open..])? + 1;
        if raw.get(open + 2) == Some(&b'/') && raw.get(open + 6) == Some(&b'/') {
            break;
        }
    }
    let close = open + memchr::memchr(b']', raw.get(open..open + 40).unwrap_or(&raw[open..]))?;
    if raw.get(close + 1..close + 3) != Some(b" \"") || open < 2 {
        return None;
    }
    let request = close + 3;
    let mut end = request;
    loop {
        end += memchr::memchr(b'"', &raw[end..])?;
        let status = raw.get(end + 2..end + 5);
        let digits = status.is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
        if raw.get(end + 1) == Some(&b' ') && digits && matches!(raw.get(end + 5), Some(b' ') | None) {
            break;
        }
        end += 1;
    }
    let rest = (end + 6).min(raw.len());
    Some(Access {
        front: 0..open - 1,
        time: open..close,
        request: request..end,
        status: end + 2..end + 5,
        rest: rest..raw.len(),
    })
}

/// Reads one access line: its level is its status.
pub fn scan_access(raw: &[u8], now: i64) -> Option<Scan> {
    let parts = access(raw)?;
    let (time, _) = time::clf(&raw[parts.time], now)?;
    Some(Scan { time, level: time::digits(&raw[parts.status]).and_then(level::status) })
}

/// Reads one line of nginx's error log: `2026/11/18 08:00:00 [error] 7#7: *1 …`.
pub fn scan_nginx_error(raw: &[u8], now: i64) -> Option<Scan> {
    let (time, end) = time::iso(raw, now).filter(|_| raw[4] == b'/')?;
    let word = raw.get(end..)?.strip_prefix(b" [")?;
    let close = memchr::memchr(b']', &word[..word.len().min(12)])?;
    Some(Scan { time, level: Some(level::word(&word[..close])?) })
}

/// Where the message of an nginx error line begins: after `pid#tid: ` and the connection's number.
pub fn nginx_message(raw: &[u8]) -> Option<usize> {
    let close = memchr::memchr(b']', raw)?;
    let colon = close + memchr::memmem::find(&raw[close..], b": ")? + 2;
    if raw.get(colon) == Some(&b'*') {
        return Some(colon + memchr::memchr(b' ', &raw[colon..])? + 1);
    }
    Some(colon)
}

/// Reads one line of Apache's error log: `[Wed Nov 18 08:00:00.123456 2026] [core:error] [pid 7] …`.
pub fn scan_apache_error(raw: &[u8], now: i64) -> Option<Scan> {
    let (time, end) = time::leading(raw.strip_prefix(b"[")?, now)?;
    let module = raw.get(end + 1..)?.strip_prefix(b"] [")?;
    let close = memchr::memchr(b']', &module[..module.len().min(60)])?;
    let word = module[..close].rsplit(|c| *c == b':').next()?;
    // Apache's trace1 to trace8 are finer than debug.
    let word = if word.starts_with(b"trace") { b"trace" } else { word };
    Some(Scan { time, level: Some(level::word(word)?) })
}

/// Where the message of an Apache error line begins: after the last of its leading brackets.
pub fn apache_message(raw: &[u8]) -> usize {
    let mut at = 0;
    while raw.get(at) == Some(&b'[') {
        let Some(close) = memchr::memchr(b']', &raw[at..]) else { break };
        at += close + 1;
        at += usize::from(raw.get(at) == Some(&b' '));
    }
    at
}
