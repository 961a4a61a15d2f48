//! The parsed fields of one line, made only when somebody looks at it.

use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{Format, logfmt, syslog, web};

/// No line shows more fields than this.
const MAX: usize = 256;

/// Names and values in the order of the line, each name once. Text formats give strings; JSON keeps its own types.
pub fn fields(format: Format, raw: &[u8], now: i64) -> Vec<(String, Value)> {
    let mut out = Fields::default();
    match format {
        Format::Json | Format::Docker => out.object(raw),
        Format::Access => out.access(raw),
        Format::Syslog | Format::Syslog5424 => out.syslog(format, raw, now),
        Format::Plain => {}
        // Python, Go, Rust and others put pairs into their messages; nginx adds `key: value`, which is no pair.
        _ => out.pairs(raw),
    }
    out.0
}

#[derive(Default)]
struct Fields(Vec<(String, Value)>);

impl Fields {
    fn put(&mut self, name: String, value: Value) {
        if let Some(known) = self.0.iter_mut().find(|(known, _)| *known == name) {
            known.1 = value;
        } else if self.0.len() < MAX {
            self.0.push((name, value));
        }
    }

    fn text(&mut self, name: &str, value: &[u8]) {
        self.put(name.to_owned(), Value::String(String::from_utf8_lossy(value).into_owned()));
    }

    fn pairs(&mut self, raw: &[u8]) {
        logfmt::pairs(raw, |key, value| {
            let quoted = value.start > 0 && raw[value.start - 1] == b'"';
            let name = String::from_utf8_lossy(&raw[key]);
            if quoted && raw[value.clone()].contains(&b'\\') {
                self.put(name.into_owned(), Value::String(unescape(&raw[value])));
            } else {
                self.text(&name, &raw[value]);
            }
            self.0.len() < MAX
        });
    }

    fn object(&mut self, raw: &[u8]) {
        // A line that is cut or broken has the members before the damage: what was collected stays.
        let _ = serde_json::Deserializer::from_slice(raw).deserialize_map(Members(self));
    }

    fn access(&mut self, raw: &[u8]) {
        let Some(parts) = web::access(raw) else { return };
        let mut front = raw[parts.front].split(|c| *c == b' ').filter(|word| !word.is_empty());
        for name in ["client", "ident", "user"] {
            if let Some(word) = front.next().filter(|word| *word != b"-") {
                self.text(name, word);
            }
        }
        self.text("time", &raw[parts.time]);
        let mut request = raw[parts.request].splitn(3, |c| *c == b' ');
        for name in ["method", "path", "protocol"] {
            if let Some(word) = request.next() {
                self.text(name, word);
            }
        }
        self.text("status", &raw[parts.status]);
        let mut rest = &raw[parts.rest];
        for name in ["bytes", "referer", "user_agent"] {
            let Some((word, after)) = word_or_quoted(rest) else { return };
            if word != b"-" {
                self.text(name, word);
            }
            rest = after;
        }
        self.pairs(rest);
    }

    fn syslog(&mut self, format: Format, raw: &[u8], now: i64) {
        let parts = if format == Format::Syslog { syslog::bsd(raw, now) } else { syslog::rfc5424(raw, now) };
        let Some(parts) = parts else { return };
        if let Some(priority) = parts.priority {
            self.put("facility".to_owned(), Value::String((priority / 8).to_string()));
            self.put("severity".to_owned(), Value::String((priority % 8).to_string()));
        }
        for (name, range) in [("host", parts.host), ("program", parts.program), ("pid", parts.pid)] {
            if !range.is_empty() && &raw[range.clone()] != b"-" {
                self.text(name, &raw[range]);
            }
        }
        self.pairs(&raw[parts.message]);
    }
}

/// The next word, or the inside of the next quotes, and what follows.
fn word_or_quoted(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = rest.trim_ascii_start();
    if let Some(inner) = rest.strip_prefix(b"\"") {
        let close = memchr::memchr(b'"', inner)?;
        return Some((&inner[..close], &inner[close + 1..]));
    }
    if rest.is_empty() {
        return None;
    }
    Some(rest.split_at(memchr::memchr(b' ', rest).unwrap_or(rest.len())))
}

/// Go's and logfmt's escapes; an unknown one stays as it is.
fn unescape(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(c @ ('"' | '\\')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

/// Collects an object's members in their order.
struct Members<'f>(&'f mut Fields);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while self.0.0.len() < MAX {
            let Some((name, value)) = map.next_entry::<String, Value>()? else { return Ok(()) };
            self.0.put(name, value);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}
