//! `--template`: a line as a person says, such as `{time} {host|color} {level:5} {message}`.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::{COLORS, Style, stamp_in};
use crate::domain::log::Level;
use crate::domain::settings::TimeZoneChoice;
use crate::domain::text::{clean, clean_bytes, spread};
use crate::logs::parse;
use crate::logs::record::{Record, SourceState};

/// Widest column that a value may be given.
const WIDEST: usize = 500;

/// A template, taken apart.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Value { what: What, how: Vec<How> },
}

#[derive(Clone, Debug)]
enum What {
    Time,
    Host,
    Service,
    Source,
    Level,
    Line,
    Message,
    Fields,
    Json,
    Field(String),
}

/// How a value is written.
#[derive(Clone, Copy, Debug)]
enum How {
    /// In a colour of its own, the same every day; a level in that of its severity.
    Color,
    /// A time without its date.
    Short,
    /// Quoted, as JSON has it.
    Json,
    /// In at least so many columns.
    Width(usize),
}

const VALUES: &str = "time, host, service, source, level, line, message, fields, json or fields.NAME";

impl Template {
    /// Takes a template apart; the error says which word is unknown.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let Some((inside, after)) = rest.split_once('}').filter(|_| brace == "{") else {
                return Err(format!("`{brace}` without its partner; write it twice to mean itself"));
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(value(inside)?);
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// Fills it in for one line, made safe.
    pub(super) fn fill(&self, style: &Style, state: &SourceState, record: &Record, line: &[u8]) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value { what, how } => written(&mut out, style, what, how, state, record, line),
            }
        }
        out
    }
}

/// What stands in braces: a value, then `|` and how it is written, or `:` and how wide.
fn value(inside: &str) -> Result<Part, String> {
    let (rest, width) = match inside.rsplit_once(':') {
        Some((rest, width)) => {
            let width = width.parse().ok().filter(|width| *width <= WIDEST);
            (rest, Some(width.ok_or_else(|| format!("`{{{inside}}}`: after `:` stands a number of columns"))?))
        }
        None => (inside, None),
    };
    let mut words = rest.split('|');
    let what = match words.next().unwrap_or_default() {
        "time" => What::Time,
        "host" => What::Host,
        "service" => What::Service,
        "source" => What::Source,
        "level" => What::Level,
        "line" => What::Line,
        "message" => What::Message,
        "fields" => What::Fields,
        "json" => What::Json,
        name => match name.strip_prefix("fields.") {
            Some(field) => What::Field(field.to_owned()),
            None => return Err(format!("`{{{inside}}}` is unknown: {VALUES}")),
        },
    };
    let mut how = Vec::new();
    for word in words {
        how.push(match word {
            "color" | "colour" => How::Color,
            "short" => How::Short,
            "json" => How::Json,
            word => return Err(format!("`{{{inside}}}`: `{word}` is unknown: color, short or json")),
        });
    }
    how.extend(width.map(How::Width));
    Ok(Part::Value { what, how })
}

fn written(
    out: &mut String,
    style: &Style,
    what: &What,
    how: &[How],
    state: &SourceState,
    record: &Record,
    line: &[u8],
) {
    let mut text = plain(style, what, how, state, record, line);
    let mut color = None;
    for how in how {
        match how {
            How::Json => text = serde_json::Value::String(text).to_string(),
            How::Color => color = Some(color_of(what, &text, record.level)),
            How::Width(columns) => text.extend(std::iter::repeat_n(' ', columns.saturating_sub(text.width()))),
            How::Short => {}
        }
    }
    match color.filter(|_| style.colored) {
        Some(color) => _ = write!(out, "\x1b[{color}m{text}\x1b[0m"),
        None => out.push_str(&text),
    }
}

fn color_of(what: &What, text: &str, level: Option<Level>) -> u8 {
    match (what, level) {
        (What::Level, Some(Level::Error | Level::Fatal)) => 31,
        (What::Level, Some(Level::Warn)) => 33,
        (What::Level, _) => 32,
        _ => COLORS[spread(text, COLORS.len())],
    }
}

fn plain(style: &Style, what: &What, how: &[How], state: &SourceState, record: &Record, line: &[u8]) -> String {
    let (format, now) = (state.format(), record.time.nanos);
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => clean(text).into_owned(),
        other => clean(&other.to_string()).into_owned(),
    };
    match what {
        What::Time if how.iter().any(|how| matches!(how, How::Short)) => {
            let (time, short) = (record.time.utc(), "%H:%M:%S%.3f");
            match style.zone {
                TimeZoneChoice::Utc => stamp_in(time, short, &chrono::Utc),
                TimeZoneChoice::Local => stamp_in(time, short, &chrono::Local),
                TimeZoneChoice::Zone(zone) => stamp_in(time, short, &zone),
            }
        }
        What::Time => record.time.to_string(),
        What::Host => state.source.host.as_str().to_owned(),
        What::Service => state.source.service.as_deref().unwrap_or("-").to_owned(),
        What::Source => clean(&state.source.name).into_owned(),
        What::Level => record.level.map_or("-", Level::as_str).to_owned(),
        What::Line => clean_bytes(line),
        What::Message => clean_bytes(&line[parse::message(format, line, now)]),
        What::Json => {
            let mut out = Vec::new();
            super::json::line(&mut out, state, record, line, false, style.terminal);
            String::from_utf8_lossy(&out).into_owned()
        }
        What::Fields => {
            let fields = parse::fields(format, line, now);
            let pairs = fields.iter().map(|(name, value)| format!("{}={}", clean(name), shown(value)));
            pairs.collect::<Vec<_>>().join(" ")
        }
        What::Field(name) => {
            let fields = parse::fields(format, line, now);
            fields.iter().find(|(known, _)| known == name).map_or_else(|| "-".to_owned(), |(_, value)| shown(value))
        }
    }
}
