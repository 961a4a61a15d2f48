//! The parsed fields of one line, made only when somebody looks at it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{Format, Shape, json, logfmt, syslog, web};

/// No line shows more fields than this.
const MAX: usize = 256;

/// Names and values in the order of the line, each name once. Text formats give strings; JSON keeps its own types.
pub fn fields<'s>(shape: impl Into<Shape<'s>>, raw: &[u8], now: i64) -> Vec<(String, Value)> {
    let shape = shape.into();
    let mut out = Fields::default();
    let raw = shape.body(raw).0;
    match shape.format {
        // A line that is cut or broken has the members before the damage: what was collected stays.
        Format::Json | Format::Docker => {
            let _ = serde_json::Deserializer::from_slice(raw).deserialize_map(Members(&mut out));
        }
        format => text_fields(format, raw, now, &mut |name, value| {
            let text = String::from_utf8_lossy(&value).into_owned();
            out.put(String::from_utf8_lossy(name).into_owned(), Value::String(text));
            out.0.len() < MAX
        }),
    }
    let Some(part) = shape.part else { return out.0 };
    // What a line says does not pass for what its tool says of it.
    let known = part.fields().map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())));
    known.chain(out.0.into_iter().filter(|(name, _)| part.field(name).is_none())).collect()
}

/// The value of one field as text, without looking at more of the line than has to be. A member of a nested object has
/// its path for a name. JSON's numbers are as they are written.
pub fn field<'a, 's>(shape: impl Into<Shape<'s>>, raw: &'a [u8], now: i64, name: &str) -> Option<Cow<'a, [u8]>> {
    let shape = shape.into();
    if let Some(known) = shape.field(name) {
        return Some(known);
    }
    let raw = shape.body(raw).0;
    let mut found = None;
    match shape.format {
        Format::Json | Format::Docker => return member(raw, name),
        format => text_fields(format, raw, now, &mut |key, value| {
            if key == name.as_bytes() {
                // Each name once: the last of several.
                found = Some(value);
            }
            true
        }),
    }
    found
}

/// The member of this name, else the one with this path.
fn member<'a>(raw: &'a [u8], path: &str) -> Option<Cow<'a, [u8]>> {
    let (mut found, mut below) = (None, None);
    json::members(raw, |key, value| {
        let key = plain(&raw[key]);
        if *key == *path.as_bytes() {
            found = Some(value);
        } else if let Some(rest) = path.as_bytes().strip_prefix(&*key)
            && rest.first() == Some(&b'.')
            && raw[value.start] == b'{'
        {
            below = Some((value, path.len() - rest.len() + 1));
        }
        true
    });
    match (found, below) {
        (Some(value), _) => {
            let text = &raw[value];
            let inner = text.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\""));
            Some(inner.map_or(Cow::Borrowed(text), plain))
        }
        (None, Some((value, from))) => member(&raw[value], &path[from..]),
        (None, None) => None,
    }
}

/// The inside of a JSON string without its escapes.
fn plain(inner: &[u8]) -> Cow<'_, [u8]> {
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let quoted = [b"\"", inner, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).map_or(Cow::Borrowed(inner), |text| Cow::Owned(text.into_bytes()))
}

/// What takes a field's name and value, and says whether it wants more.
type Each<'e, 'a> = &'e mut dyn FnMut(&[u8], Cow<'a, [u8]>) -> bool;

/// Calls `each` with the fields of a line that is not JSON, in order; of the same name, the last one holds.
fn text_fields<'a>(format: Format, raw: &'a [u8], now: i64, each: Each<'_, 'a>) {
    match format {
        Format::Access => access(raw, each),
        Format::Syslog | Format::Syslog5424 => syslog_fields(format, raw, now, each),
        Format::Plain | Format::Json | Format::Docker => {}
        // Python, Go, Rust and others put pairs into their messages; nginx adds `key: value`, which is no pair.
        _ => pairs(raw, each),
    }
}

fn pairs<'a>(raw: &'a [u8], each: Each<'_, 'a>) {
    logfmt::pairs(raw, |key, value| {
        let quoted = value.start > 0 && raw[value.start - 1] == b'"';
        let text = &raw[value];
        if quoted && text.contains(&b'\\') {
            each(&raw[key], Cow::Owned(unescape(text).into_bytes()))
        } else {
            each(&raw[key], Cow::Borrowed(text))
        }
    });
}

/// What a message says does not pass for what its frame says: a program's `pid=7` is not syslog's.
fn pairs_but<'a>(own: &[&str], raw: &'a [u8], each: Each<'_, 'a>) {
    pairs(raw, &mut |name, value| own.iter().any(|own| own.as_bytes() == name) || each(name, value));
}

fn access<'a>(raw: &'a [u8], each: Each<'_, 'a>) {
    let Some(parts) = web::access(raw) else { return };
    let mut front = raw[parts.front].split(|c| *c == b' ').filter(|word| !word.is_empty());
    for name in ["client", "ident", "user"] {
        if let Some(word) = front.next().filter(|word| *word != b"-") {
            each(name.as_bytes(), Cow::Borrowed(word));
        }
    }
    each(b"time", Cow::Borrowed(&raw[parts.time]));
    let mut request = raw[parts.request].splitn(3, |c| *c == b' ');
    for name in ["method", "path", "protocol"] {
        if let Some(word) = request.next() {
            each(name.as_bytes(), Cow::Borrowed(word));
        }
    }
    each(b"status", Cow::Borrowed(&raw[parts.status]));
    let mut rest = &raw[parts.rest];
    for name in ["bytes", "referer", "user_agent"] {
        let Some((word, after)) = word_or_quoted(rest) else { return };
        if word != b"-" {
            each(name.as_bytes(), Cow::Borrowed(word));
        }
        rest = after;
    }
    let own =
        ["client", "ident", "user", "time", "method", "path", "protocol", "status", "bytes", "referer", "user_agent"];
    pairs_but(&own, rest, each);
}

fn syslog_fields<'a>(format: Format, raw: &'a [u8], now: i64, each: Each<'_, 'a>) {
    let parts = if format == Format::Syslog { syslog::bsd(raw, now) } else { syslog::rfc5424(raw, now) };
    let Some(parts) = parts else { return };
    if let Some(priority) = parts.priority {
        each(b"facility", Cow::Owned((priority / 8).to_string().into_bytes()));
        each(b"severity", Cow::Owned((priority % 8).to_string().into_bytes()));
    }
    for (name, range) in [("host", parts.host), ("program", parts.program), ("pid", parts.pid)] {
        if !range.is_empty() && &raw[range.clone()] != b"-" {
            each(name.as_bytes(), Cow::Borrowed(&raw[range]));
        }
    }
    pairs_but(&["facility", "severity", "host", "program", "pid"], &raw[parts.message], each);
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
