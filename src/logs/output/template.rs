//! `--template`: a line as a person says, such as `{time} {host|color} {level:5} {message}`.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::{Style, json, printable, stamp_in};
use crate::domain::log::Level;
use crate::domain::settings::TimeZoneChoice;
use crate::domain::text::{clean, clean_bytes};
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
#[derive(Clone, Debug)]
enum How {
    /// In a colour of its own, the same every day; a level in that of its severity.
    Color,
    /// In the colour of the line's severity.
    LevelColor,
    /// In one colour.
    Ansi(u8),
    /// A time without its date.
    Short,
    /// A time in a form of strftime(3).
    Time(String),
    /// Quoted, as JSON has it.
    Json,
    /// JSON over several lines.
    Pretty,
    /// In capitals.
    Upper,
    /// In at least so many columns.
    Width(usize),
}

/// Colours by name, as ANSI numbers.
const NAMED: [(&str, u8); 8] = [
    ("black", 30),
    ("red", 31),
    ("green", 32),
    ("yellow", 33),
    ("blue", 34),
    ("magenta", 35),
    ("cyan", 36),
    ("white", 37),
];

const VALUES: &str = "time, host, service, source, level, line, message, fields, json or fields.NAME";

impl Template {
    /// Takes a template apart; the error says which word is unknown.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(go) = ["{{.", "{{ .", "{{color ", "{{json "].into_iter().find(|go| text.contains(go)) {
            return Err(format!(
                "`{go}` begins a template of stern's; here {{{{.Message}}}} is {{line}}, {{{{color .PodColor .PodName}}}} \
                 is {{host|color}} and {{{{json .}}}} is {{json}}"
            ));
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let text = unescaped(text);
        let mut rest = text.as_str();
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

/// `\n` and `\t` as in printf(1); a `\` before anything else is itself.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let meant = match (c, chars.peek()) {
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('\\')) => Some('\\'),
            _ => None,
        };
        if meant.is_some() {
            chars.next();
        }
        out.push(meant.unwrap_or(c));
    }
    out
}

/// What stands in braces: a value, then `|` and how it is written, or `:` and how wide.
fn value(inside: &str) -> Result<Part, String> {
    // A form of a time has colons of its own.
    let last = inside.rsplit_once(':').filter(|(_, width)| !width.contains('%'));
    let (rest, width) = match last {
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
            "level" => How::LevelColor,
            "short" => How::Short,
            "json" => How::Json,
            "pretty" => How::Pretty,
            "upper" => How::Upper,
            form if form.contains('%') && matches!(what, What::Time) && is_form(form) => How::Time(form.to_owned()),
            word => match NAMED.iter().find(|(name, _)| *name == word) {
                Some((_, color)) => How::Ansi(*color),
                None => {
                    return Err(format!(
                        "`{{{inside}}}`: `{word}` is unknown: color, level, red (and its like), short, %H:%M (of a \
                         time), json, pretty or upper"
                    ));
                }
            },
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
            How::Pretty => text = pretty(&text).unwrap_or(text),
            How::Upper => text = text.to_uppercase(),
            How::Color => color = Some(color_of(style, what, &text, record.level)),
            How::LevelColor => color = Some(of_level(record.level).to_string()),
            How::Ansi(number) => color = Some(number.to_string()),
            How::Width(columns) => text.extend(std::iter::repeat_n(' ', columns.saturating_sub(text.width()))),
            How::Short | How::Time(_) => {}
        }
    }
    match color.filter(|_| style.colored) {
        Some(color) => _ = write!(out, "\x1b[{color}m{text}\x1b[0m"),
        None => out.push_str(&text),
    }
}

fn color_of(style: &Style, what: &What, text: &str, level: Option<Level>) -> String {
    match what {
        What::Level => of_level(level).to_string(),
        What::Host => style.palette.host(text).to_owned(),
        _ => style.palette.service(text).to_owned(),
    }
}

fn of_level(level: Option<Level>) -> u8 {
    match level {
        Some(Level::Error | Level::Fatal) => 31,
        Some(Level::Warn) => 33,
        _ => 32,
    }
}

/// Whether strftime knows every part of a form.
fn is_form(form: &str) -> bool {
    chrono::format::StrftimeItems::new(form).all(|item| !matches!(item, chrono::format::Item::Error))
}

/// JSON over several lines, made safe line by line; none of what is no JSON.
fn pretty(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let lines = serde_json::to_string_pretty(&value).ok()?;
    Some(lines.lines().map(clean).collect::<Vec<_>>().join("\n"))
}

fn plain(style: &Style, what: &What, how: &[How], state: &SourceState, record: &Record, line: &[u8]) -> String {
    let (shape, now) = (state.shape(), record.time.nanos);
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => clean(text).into_owned(),
        other => clean(&other.to_string()).into_owned(),
    };
    match what {
        What::Time => {
            let form = how.iter().find_map(|how| match how {
                How::Short => Some("%H:%M:%S%.3f"),
                How::Time(form) => Some(form.as_str()),
                _ => None,
            });
            let Some(form) = form else { return record.time.to_string() };
            let time = record.time.utc();
            match style.zone {
                TimeZoneChoice::Utc => stamp_in(time, form, &chrono::Utc),
                TimeZoneChoice::Local => stamp_in(time, form, &chrono::Local),
                TimeZoneChoice::Zone(zone) => stamp_in(time, form, &zone),
            }
        }
        What::Host => state.source.host.as_str().to_owned(),
        What::Service => state.source.service.as_deref().unwrap_or("-").to_owned(),
        What::Source => clean(&state.source.name).into_owned(),
        What::Level => record.level.map_or("-", Level::as_str).to_owned(),
        What::Line => printable(line),
        What::Message => printable(&line[parse::message(shape, line, now)]),
        What::Json => {
            let mut out = Vec::new();
            json::line(&mut out, state, record, line, json::Shape::default(), style.terminal);
            String::from_utf8_lossy(&out).into_owned()
        }
        What::Fields => {
            let fields = parse::fields(shape, line, now);
            let pairs = fields.iter().map(|(name, value)| format!("{}={}", clean(name), shown(value)));
            pairs.collect::<Vec<_>>().join(" ")
        }
        What::Field(name) => {
            parse::field(shape, line, now, name).map_or_else(|| "-".to_owned(), |value| clean_bytes(&value))
        }
    }
}
