//! Rows as text: for people, as they came, or as JSON.

mod json;
mod template;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use chrono::{DateTime, Local, TimeZone, Utc};
use regex::bytes::Regex;

pub use self::template::Template;
use super::record::{Body, Record, SourceState};
use crate::domain::log::{Level, Source, SourceEvent, SourceEventKind};
use crate::domain::redact;
use crate::domain::settings::TimeZoneChoice;
use crate::domain::text::{clean_bytes, spread};

/// Forms of the output.
#[derive(Clone, Debug)]
pub enum Form {
    /// Host, service and source before the line.
    Default,
    /// The line's bytes as they are; made safe on a terminal.
    Raw,
    /// One JSON object a line.
    Json,
    /// JSON over several lines, for people.
    PrettyJson,
    /// The same with a message that is JSON as that, not as a text; over several lines or in one.
    ExtendedJson {
        /// Over several lines.
        pretty: bool,
    },
    /// As a person says.
    Template(Template),
}

/// Forms of the time before a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamps {
    /// Date, time and offset.
    Full,
    /// Month, day and time.
    Short,
    /// How long ago.
    Relative,
}

/// How rows are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// Their form.
    pub form: Form,
    /// A time before each line; default form only.
    pub stamps: Option<Stamps>,
    /// The zone of those times.
    pub zone: TimeZoneChoice,
    /// Colours are wanted; default form only.
    pub colored: bool,
    /// It goes to a terminal: nothing may reach it that is not text.
    pub terminal: bool,
    /// What is to stand out; default form only.
    pub highlight: Vec<Regex>,
    /// Secrets are taken out.
    pub redact: bool,
    /// The colours of hosts and of services.
    pub palette: Palette,
}

/// Colours of hosts and services, as the numbers that stand in an escape sequence (`ESC [ … m`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Of hosts.
    pub hosts: Vec<String>,
    /// Of services.
    pub services: Vec<String>,
}

/// The name of the source that is standard input.
pub const STDIN: &str = "stdin";

/// Colours that tell names apart; red is kept for trouble.
const COLORS: [u8; 10] = [36, 33, 35, 32, 34, 96, 93, 95, 92, 94];

impl Default for Palette {
    fn default() -> Self {
        let all: Vec<String> = COLORS.iter().map(u8::to_string).collect();
        Self { hosts: all.clone(), services: all }
    }
}

impl Palette {
    /// Reads `91,92` or `38;5;91,1;32`: codes of one colour each (SGR parameters of ECMA-48).
    pub fn parse(text: &str) -> Result<Vec<String>, String> {
        let code = |code: &str| {
            let numbers = code.trim().split(';').map(str::parse::<u8>);
            let fine = numbers.fold(!code.trim().is_empty(), |fine, number| fine && number.is_ok());
            fine.then(|| code.trim().to_owned())
                .ok_or_else(|| format!("`{code}` is no colour: numbers such as 91,92 or 38;5;91"))
        };
        text.split(',').map(code).collect()
    }

    fn pick<'p>(colors: &'p [String], name: &str) -> &'p str {
        colors.get(spread(name, colors.len())).map_or("0", String::as_str)
    }

    /// That of a host: the same every day.
    pub fn host(&self, name: &str) -> &str {
        Self::pick(&self.hosts, name)
    }

    /// That of a service, or of anything else that has a name.
    pub fn service(&self, name: &str) -> &str {
        Self::pick(&self.services, name)
    }
}

/// A line made safe. Its tabs stay: they do no harm to a terminal, and `cut` and the eye go by them.
fn printable(line: &[u8]) -> String {
    line.split(|byte| *byte == b'\t').map(clean_bytes).collect::<Vec<_>>().join("\t")
}

impl Style {
    /// Writes a line of a log. Ledger rows are [`Style::event`]'s.
    pub fn line(&self, out: &mut Vec<u8>, state: &SourceState, record: &Record, now: DateTime<Utc>) {
        let Body::Line { bytes, truncated, returned } = &record.body else { return };
        let bytes = if self.redact { redact::bytes(bytes) } else { Cow::Borrowed(&bytes[..]) };
        let bytes = &*bytes;
        match &self.form {
            Form::Raw if !self.terminal => {
                out.extend_from_slice(bytes);
                out.extend(Some(b'\r').filter(|_| *returned));
            }
            Form::Raw => out.extend_from_slice(printable(bytes).as_bytes()),
            Form::Json => json::line(out, state, record, bytes, json::Shape::default(), self.terminal),
            Form::PrettyJson => {
                json::line(out, state, record, bytes, json::Shape { pretty: true, extended: false }, self.terminal)
            }
            Form::ExtendedJson { pretty } => {
                let shape = json::Shape { pretty: *pretty, extended: true };
                json::line(out, state, record, bytes, shape, self.terminal);
            }
            Form::Template(template) => out.extend_from_slice(template.fill(self, state, record, bytes).as_bytes()),
            Form::Default => self.labelled(out, &state.source, record, bytes, *truncated, now),
        }
        out.push(b'\n');
    }

    /// Writes a ledger row.
    pub fn event(&self, out: &mut Vec<u8>, source: &Source, event: &SourceEvent) {
        match self.form {
            Form::Json | Form::ExtendedJson { pretty: false } => json::event(out, source, event, false, self.terminal),
            Form::PrettyJson | Form::ExtendedJson { pretty: true } => {
                json::event(out, source, event, true, self.terminal)
            }
            Form::Default | Form::Raw | Form::Template(_) => {
                out.extend_from_slice(event_text(source, event).as_bytes())
            }
        }
        out.push(b'\n');
    }

    fn labelled(
        &self,
        out: &mut Vec<u8>,
        source: &Source,
        record: &Record,
        line: &[u8],
        more: u64,
        now: DateTime<Utc>,
    ) {
        let mut text = String::new();
        if let Some(stamps) = self.stamps {
            text.push_str(&self.stamp(stamps, record, now));
            text.push(' ');
        }
        let what = label(source);
        if *source.name == *STDIN {
            // There is but one, and who has piped it knows.
        } else if self.colored {
            let (host, service) = (self.palette.host(source.host.as_str()), self.palette.service(&what));
            let _ = write!(text, "\x1b[{host}m{}\x1b[0m \x1b[{service}m{what}\x1b[0m ", source.host);
        } else {
            let _ = write!(text, "{} {what} ", source.host);
        }
        self.body(&mut text, record.level, &printable(line));
        if more > 0 {
            let _ = write!(text, " … ({more} more bytes)");
        }
        out.extend_from_slice(text.as_bytes());
    }

    fn body(&self, text: &mut String, level: Option<Level>, line: &str) {
        if !self.colored {
            text.push_str(line);
            return;
        }
        let trouble = match level {
            Some(level) if level >= Level::Error => "\x1b[31m",
            Some(Level::Warn) => "\x1b[33m",
            _ => "",
        };
        text.push_str(trouble);
        let mut from = 0;
        for hit in hits(&self.highlight, line) {
            let _ = write!(text, "{}\x1b[7m{}\x1b[27m", &line[from..hit.start], &line[hit.clone()]);
            from = hit.end;
        }
        text.push_str(&line[from..]);
        if !trouble.is_empty() {
            text.push_str("\x1b[0m");
        }
    }

    fn stamp(&self, stamps: Stamps, record: &Record, now: DateTime<Utc>) -> String {
        let time = record.time.utc();
        if stamps == Stamps::Relative {
            let seconds = (now - time).num_seconds();
            let (sign, seconds) = (if seconds < 0 { '+' } else { '-' }, seconds.unsigned_abs());
            return match seconds {
                0..60 => format!("{sign}{seconds}s"),
                60..3600 => format!("{sign}{}m{:02}s", seconds / 60, seconds % 60),
                3600..86_400 => format!("{sign}{}h{:02}m", seconds / 3600, seconds / 60 % 60),
                _ => format!("{sign}{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
            };
        }
        let form = if stamps == Stamps::Short { "%m-%d %H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.3f%:z" };
        match self.zone {
            TimeZoneChoice::Utc => stamp_in(time, form, &Utc),
            TimeZoneChoice::Local => stamp_in(time, form, &Local),
            TimeZoneChoice::Zone(zone) => stamp_in(time, form, &zone),
        }
    }
}

fn stamp_in<Z: TimeZone>(time: DateTime<Utc>, form: &str, zone: &Z) -> String
where
    Z::Offset: std::fmt::Display,
{
    time.with_timezone(zone).format(form).to_string()
}

/// The service and the short name of the source, such as `api/app.log`.
fn label(source: &Source) -> String {
    let (kind, rest) = source.name.split_once(':').unwrap_or(("", &source.name));
    let short = match kind {
        "file" => rest.rsplit('/').next().unwrap_or(rest),
        "journal" if rest.is_empty() => "journal",
        "journal" => rest.strip_suffix(".service").unwrap_or(rest),
        "command" => rest.split(' ').next().unwrap_or(rest),
        _ => rest,
    };
    source.service.as_deref().map_or_else(|| short.to_owned(), |service| format!("{service}/{short}"))
}

/// Where any of the regexes matches, in order and without overlap, on character boundaries.
fn hits(regexes: &[Regex], line: &str) -> Vec<Range<usize>> {
    let found = regexes.iter().flat_map(|regex| regex.find_iter(line.as_bytes()).map(|hit| hit.range()));
    let whole = |hit: &Range<usize>| !hit.is_empty() && line.get(hit.clone()).is_some();
    let mut all: Vec<Range<usize>> = found.filter(whole).collect();
    all.sort_by_key(|hit| hit.start);
    let mut out: Vec<Range<usize>> = Vec::with_capacity(all.len());
    for hit in all {
        match out.last_mut() {
            Some(last) if hit.start <= last.end => last.end = last.end.max(hit.end),
            _ => out.push(hit),
        }
    }
    out
}

/// A ledger row in one line.
pub fn event_text(source: &Source, event: &SourceEvent) -> String {
    let mut text = match event.kind {
        SourceEventKind::Connected => format!("+ {source}"),
        SourceEventKind::Disconnected => format!("- {source}"),
        SourceEventKind::Recovered => {
            let seconds = event.seconds.map_or("for a while".to_owned(), |seconds| format!("{seconds:.0} s"));
            let lines = event.lines.map_or("all".to_owned(), |lines| lines.to_string());
            let lost = event.lost.map_or("an unknown number of".to_owned(), |lost| lost.to_string());
            format!("~ {source} was away {seconds}: {lines} lines recovered, {lost} bytes lost")
        }
        SourceEventKind::Filtered => format!("~ {source} filtered on the host"),
        SourceEventKind::Said => format!("~ {source} says"),
        kind => {
            let lost = match event.lost {
                Some(0) => String::new(),
                Some(lost) => format!(", {lost} bytes lost"),
                None if kind == SourceEventKind::Gap => ", an unknown number of bytes lost".to_owned(),
                None => String::new(),
            };
            format!("~ {source} {}{lost}", kind.as_str())
        }
    };
    if !event.detail.is_empty() {
        let _ = write!(text, ": {}", event.detail);
    }
    text
}

#[cfg(test)]
mod tests;
