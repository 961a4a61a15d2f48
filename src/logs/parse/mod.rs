//! What a line says: its time, level, message and fields, in the formats that servers write. Every function takes any
//! bytes, never panics, and allocates no more than the line is long.

pub mod level;
pub mod time;

use std::ops::Range;

use serde_json::Value;

use crate::domain::log::Level;
use time::{Stamp, TimeField};

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// When, by the line's own word.
    pub time: Option<Stamp>,
    /// How severe.
    pub level: Option<Level>,
    /// Where the message stands in the line.
    pub message: Range<usize>,
    /// It belongs to the event before it.
    pub continues: bool,
    /// The format, such as `logfmt`.
    pub format: &'static str,
}

/// Keys under which programs write the time, the level and the message.
const TIME_KEYS: [&str; 7] = ["ts", "time", "timestamp", "@timestamp", "t", "date", "datetime"];
const LEVEL_KEYS: [&str; 5] = ["level", "lvl", "severity", "levelname", "log.level"];
const MESSAGE_KEYS: [&str; 4] = ["msg", "message", "event", "MESSAGE"];
/// The most fields that are read of one line.
const MOST_FIELDS: usize = 200;

/// Reads a line that arrived at `now` (nanoseconds since the epoch).
pub fn parse(line: &[u8], now: i64) -> Parsed {
    let whole = 0..line.len();
    let plain = Parsed { time: None, level: None, message: whole, continues: false, format: "plain" };
    if line.first() == Some(&b'{')
        && let Some(parsed) = json(line, now)
    {
        return parsed;
    }
    if is_continuation(line) {
        return Parsed { continues: true, ..plain };
    }
    if let Some(parsed) = access(line, now) {
        return parsed;
    }
    // RFC 5424 and 3164 may begin with a priority in angle brackets: facility times eight plus severity.
    let (priority, begin) = priority(line);
    if let Some((time, length)) = time::leading(&line[begin..], now) {
        let mut rest = begin + length;
        while rest < line.len() && matches!(line[rest], b' ' | b']' | b':' | b',' | b'\t' | b'-') {
            rest += 1;
        }
        let level = priority.or_else(|| logfmt_level(&line[rest..])).or_else(|| level::guess(&line[rest..]));
        let format = if begin > 0 { "syslog" } else { "text" };
        return Parsed { time: believed(time), level, message: rest..line.len(), continues: false, format };
    }
    if let Some(parsed) = logfmt(line, now) {
        return parsed;
    }
    Parsed { level: level::guess(line), ..plain }
}

/// Names and values of a line, in their order.
pub fn fields(line: &[u8]) -> Vec<(String, String)> {
    if line.first() == Some(&b'{')
        && let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(line)
    {
        return object.into_iter().take(MOST_FIELDS).map(|(name, value)| (name, text_of(&value))).collect();
    }
    if let Some(request) = Access::read(line) {
        return request.fields();
    }
    pairs(line).take(MOST_FIELDS).map(|(name, value)| (lossy(&line[name]), unquoted(&line[value]))).collect()
}

fn believed(field: TimeField) -> Option<Stamp> {
    match field {
        TimeField::At(stamp) => Some(stamp),
        _ => None,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Lines that go on with what the line before began: indented ones, and what the traces of Python, Java, Go and Rust
/// put at the margin.
fn is_continuation(line: &[u8]) -> bool {
    let begins = |word: &[u8]| line.starts_with(word);
    matches!(line.first(), Some(b' ' | b'\t'))
        || begins(b"Traceback (most recent call last)")
        || begins(b"Caused by: ")
        || begins(b"goroutine ")
        || begins(b"stack backtrace:")
        || begins(b"During handling of the above exception")
        || begins(b"The above exception was")
}

fn priority(line: &[u8]) -> (Option<Level>, usize) {
    let none = (None, 0);
    if line.first() != Some(&b'<') {
        return none;
    }
    let Some(end) = line.iter().take(5).position(|&b| b == b'>') else { return none };
    let Some(number) = time::digits(&line[1..end]) else { return none };
    // RFC 5424 puts its version after the priority.
    let version = if line[end + 1..].starts_with(b"1 ") { 2 } else { 0 };
    (level::syslog(number % 8), end + 1 + version)
}

fn json(line: &[u8], now: i64) -> Option<Parsed> {
    let Value::Object(object) = serde_json::from_slice(line).ok()? else { return None };
    let get = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key));
    let time = get(&TIME_KEYS).and_then(|value| match value {
        Value::String(text) => time::leading(text.as_bytes(), now).map(|(field, _)| field),
        Value::Number(number) => time::epoch(number.to_string().as_bytes(), now).map(|(field, _)| field),
        _ => None,
    });
    let level = get(&LEVEL_KEYS).and_then(|value| match value {
        Value::String(text) => level::word(text.as_bytes()),
        Value::Number(number) => level::bunyan(number.as_i64()?),
        _ => None,
    });
    let message = get(&MESSAGE_KEYS).and_then(Value::as_str).and_then(|text| {
        let at = memchr::memmem::find(line, text.as_bytes())?;
        Some(at..at + text.len())
    });
    let message = message.unwrap_or(0..line.len());
    Some(Parsed { time: time.and_then(believed), level, message, continues: false, format: "json" })
}

fn logfmt(line: &[u8], now: i64) -> Option<Parsed> {
    let (mut time, mut level, mut message, mut seen) = (None, None, 0..line.len(), 0);
    for (name, value) in pairs(line).take(MOST_FIELDS) {
        seen += 1;
        let (key, text) = (&line[name], trimmed(line, &value));
        let is = |keys: &[&str]| keys.iter().any(|k| k.as_bytes() == key);
        if time.is_none() && is(&TIME_KEYS) {
            time = time::leading(&line[text.clone()], now).map(|(field, _)| field);
        } else if level.is_none() && is(&LEVEL_KEYS) {
            level = level::word(&line[text.clone()]);
        } else if is(&MESSAGE_KEYS) {
            message = text;
        }
    }
    let format = if seen >= 2 || time.is_some() { "logfmt" } else { return None };
    let level = level.or_else(|| level::guess(line));
    Some(Parsed { time: time.and_then(believed), level, message, continues: false, format })
}

fn logfmt_level(line: &[u8]) -> Option<Level> {
    let at = memchr::memmem::find(line, b"level=")? + 6;
    let end = line[at..].iter().position(|b| !b.is_ascii_alphabetic()).map_or(line.len(), |n| at + n);
    level::word(&line[at..end])
}

/// The `name=value` words of a line: where each name and value stands; a value may be quoted.
fn pairs(line: &[u8]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < line.len() {
            let begin = at;
            let word = |b: &u8| b.is_ascii_alphanumeric() || b"_.-@".contains(b);
            while at < line.len() && word(&line[at]) {
                at += 1;
            }
            if at == begin || line.get(at) != Some(&b'=') {
                // Not a name: on to the next word.
                while at < line.len() && line[at] != b' ' {
                    at += 1;
                }
                at += 1;
                continue;
            }
            let name = begin..at;
            at += 1;
            let value = at;
            if line.get(at) == Some(&b'"') {
                at += 1;
                while at < line.len() && line[at] != b'"' {
                    at += if line[at] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(line.len());
            } else {
                while at < line.len() && line[at] != b' ' {
                    at += 1;
                }
            }
            return Some((name, value..at));
        }
        None
    })
}

/// A value without its quotes.
fn trimmed(line: &[u8], value: &Range<usize>) -> Range<usize> {
    let quoted = value.len() >= 2 && line[value.start] == b'"' && line[value.end - 1] == b'"';
    if quoted { value.start + 1..value.end - 1 } else { value.clone() }
}

fn unquoted(value: &[u8]) -> String {
    let inner = trimmed(value, &(0..value.len()));
    lossy(&value[inner]).replace("\\\"", "\"")
}

/// A line of nginx's or Apache's access log (common or combined).
struct Access<'a> {
    client: &'a [u8],
    time: &'a [u8],
    request: Range<usize>,
    line: &'a [u8],
    status: i64,
    bytes: &'a [u8],
}

impl<'a> Access<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let client = line.split(|&b| b == b' ').next()?;
        let open = memchr::memchr(b'[', line)?;
        let close = open + memchr::memchr(b']', &line[open..])?;
        // The address, the identity and the user stand before the time, and nothing else.
        if line[..open].iter().filter(|&&b| b == b' ').count() != 3 || line.get(close + 1..close + 3) != Some(b" \"") {
            return None;
        }
        let begin = close + 3;
        let end = begin + memchr::memchr(b'"', &line[begin..])?;
        let mut rest = line.get(end + 1..)?.split(|&b| b == b' ').filter(|word| !word.is_empty());
        let status = time::digits(rest.next()?)?;
        let bytes = rest.next().unwrap_or_default();
        Some(Self { client, time: &line[open + 1..close], request: begin..end, line, status, bytes })
    }

    fn fields(&self) -> Vec<(String, String)> {
        let mut request = self.line[self.request.clone()].split(|&b| b == b' ');
        let (method, path) = (request.next().unwrap_or_default(), request.next().unwrap_or_default());
        [
            ("client", lossy(self.client)),
            ("method", lossy(method)),
            ("path", lossy(path)),
            ("status", self.status.to_string()),
            ("bytes", lossy(self.bytes)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

fn access(line: &[u8], now: i64) -> Option<Parsed> {
    let request = Access::read(line)?;
    let time = time::clf(request.time, now).map(|(field, _)| field).and_then(believed);
    time?;
    Some(Parsed {
        time,
        level: level::status(request.status),
        message: request.request.start..line.len(),
        continues: false,
        format: "access",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-18T09:00:00Z.
    const NOW: i64 = 1_795_078_800_000_000_000;

    #[test]
    fn every_format_gives_its_time_and_level() {
        for (line, time, level, format) in [
            (
                r#"{"ts":"2026-11-18T08:00:00.104Z","level":"error","msg":"no"}"#,
                "2026-11-18T08:00:00.104Z",
                Some(Level::Error),
                "json",
            ),
            (
                "ts=2026-11-18T08:00:00Z level=warn msg=\"slow query\" ms=7",
                "2026-11-18T08:00:00Z",
                Some(Level::Warn),
                "logfmt",
            ),
            (
                "1.2.3.4 - - [18/Nov/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 502 12 \"-\" \"curl\"",
                "2026-11-18T08:00:00Z",
                Some(Level::Error),
                "access",
            ),
            ("<11>Nov 18 08:00:00 web-1 app[3]: it broke", "2026-11-18T08:00:00Z", Some(Level::Error), "syslog"),
            (
                "<165>1 2026-11-18T08:00:00.5Z web-1 app 3 - - fine",
                "2026-11-18T08:00:00.5Z",
                Some(Level::Notice),
                "syslog",
            ),
            ("2026-11-18 08:00:00,104 ERROR [main] no", "2026-11-18T08:00:00.104Z", Some(Level::Error), "text"),
            ("2026/11/18 08:00:00 [error] 3#3: upstream", "2026-11-18T08:00:00Z", Some(Level::Error), "text"),
            ("2026-11-18T08:00:00Z level=error msg=x", "2026-11-18T08:00:00Z", Some(Level::Error), "text"),
        ] {
            let parsed = parse(line.as_bytes(), NOW);
            assert_eq!(parsed.time.map(|t| t.to_string()).as_deref(), Some(time), "{line}");
            assert_eq!((parsed.level, parsed.format), (level, format), "{line}");
        }
    }

    #[test]
    fn traces_continue_and_plain_lines_have_no_time() {
        for line in ["  File \"a.py\", line 3", "\tat com.x.Y", "Traceback (most recent call last):", "Caused by: x"] {
            assert!(parse(line.as_bytes(), NOW).continues, "{line}");
        }
        let plain = parse(b"hello", NOW);
        assert!(plain.time.is_none() && !plain.continues && plain.level.is_none());
    }

    #[test]
    fn fields_are_those_of_the_line() {
        let show = |line: &str| {
            fields(line.as_bytes()).into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("|")
        };
        assert_eq!(show("level=info msg=\"a \\\"b\\\" c\" n=3 word"), "level=info|msg=a \"b\" c|n=3");
        assert_eq!(show(r#"{"a":1,"b":"x"}"#), "a=1|b=x");
        let access = "1.2.3.4 - - [18/Nov/2026:08:00:00 +0000] \"GET /x HTTP/1.1\" 200 12";
        assert_eq!(show(access), "client=1.2.3.4|method=GET|path=/x|status=200|bytes=12");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let parsed = parse(&line, NOW);
            prop_assert!(parsed.message.end <= line.len() && parsed.message.start <= parsed.message.end);
            fields(&line);
        }

        #[test]
        fn any_text_of_the_alphabet_of_logs_is_taken(line in "[ \\[\\]\"{}:=<>0-9aTZ.,/-]{0,80}") {
            parse(line.as_bytes(), NOW);
            fields(line.as_bytes());
        }
    }
}
