//! Rows as JSON, with the keys and the order that scripts rest on.

use std::fmt::Write as _;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::domain::log::{Level, Source, SourceEvent};
use crate::domain::text::is_unsafe;
use crate::logs::parse::{Stamp, fields};
use crate::logs::record::{Record, SourceState};

#[derive(serde::Serialize)]
struct Line<'a> {
    time: String,
    time_from: &'static str,
    host: &'a str,
    service: Option<&'a str>,
    source: &'a str,
    level: Option<&'static str>,
    message: Message<'a>,
    fields: Fields,
    continues: bool,
}

#[derive(serde::Serialize)]
struct Event<'a> {
    event: &'static str,
    time: String,
    host: &'a str,
    source: &'a str,
    seconds: Option<f64>,
    lines: Option<u64>,
    bytes: Option<u64>,
    lost: Option<u64>,
    detail: Option<&'a str>,
}

/// How a line is written as JSON.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    /// Over several lines.
    pub pretty: bool,
    /// A message that is a JSON object or array stands as that.
    pub extended: bool,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Message<'a> {
    Text(&'a str),
    Json(&'a Value),
}

/// Members in the order of the line.
struct Fields(Vec<(String, Value)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Writes a line of a log.
pub(super) fn line(
    out: &mut Vec<u8>,
    state: &SourceState,
    record: &Record,
    bytes: &[u8],
    shape: Shape,
    terminal: bool,
) {
    let source = &state.source;
    let text = String::from_utf8_lossy(bytes);
    let value: Option<Value> = Some(&text)
        .filter(|text| shape.extended && text.trim_start().starts_with(['{', '[']))
        .and_then(|text| serde_json::from_str(text).ok());
    let object = Line {
        time: record.time.to_string(),
        time_from: record.time_from.as_str(),
        host: source.host.as_str(),
        service: source.service.as_deref(),
        source: &source.name,
        level: record.level.map(Level::as_str),
        message: value.as_ref().map_or(Message::Text(&text), Message::Json),
        fields: Fields(if record.continues { Vec::new() } else { fields(state.shape(), bytes, record.time.nanos) }),
        continues: record.continues,
    };
    write(out, &object, shape.pretty, terminal);
}

/// Writes a ledger row.
pub(super) fn event(out: &mut Vec<u8>, source: &Source, event: &SourceEvent, pretty: bool, terminal: bool) {
    let object = Event {
        event: event.kind.as_str(),
        time: Stamp::new(event.at, 3).map_or_else(|| event.at.to_rfc3339(), |stamp| stamp.to_string()),
        host: source.host.as_str(),
        source: &source.name,
        seconds: event.seconds,
        lines: event.lines,
        bytes: event.bytes,
        lost: event.lost,
        detail: Some(event.detail.as_str()).filter(|detail| !detail.is_empty()),
    };
    write(out, &object, pretty, terminal);
}

fn write(out: &mut Vec<u8>, object: &impl Serialize, pretty: bool, terminal: bool) {
    let begin = out.len();
    let written =
        if pretty { serde_json::to_writer_pretty(&mut *out, object) } else { serde_json::to_writer(&mut *out, object) };
    written.expect("strings, numbers and string keys are JSON, and a vector takes every byte");
    // JSON escapes only C0; on a terminal the rest of what is unsafe is escaped too, which says the same to a reader.
    if terminal && let Ok(text) = std::str::from_utf8(&out[begin..]) {
        let unsafe_here = |c: char| is_unsafe(c) && c != '\n';
        if text.contains(unsafe_here) {
            let safe = escaped(text, unsafe_here);
            out.truncate(begin);
            out.extend_from_slice(safe.as_bytes());
        }
    }
}

fn escaped(text: &str, is_unsafe: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}
