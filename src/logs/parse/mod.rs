//! What a raw line says: its time, its level, whether it continues the event before it; and, only when asked, its
//! message and fields.
//!
//! The format is detected per source and kept: one scan of that format is all that a line costs. Nothing here panics on
//! any input, allocates per line, or uses a regex.

mod detect;
mod fields;
mod json;
mod level;
mod logfmt;
mod part;
mod request;
mod stamped;
mod syslog;
mod time;
mod trace;
mod web;

use std::ops::Range;

pub use self::fields::{field, fields};
pub use self::part::{Naming, Part, Shape};
pub use self::request::{Request, request};
pub use self::time::{Stamp, TimeField};
use self::trace::Trace;
pub use self::trace::names_error;
use crate::domain::log::Level;

/// The shape of a source's lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// No shape that is known.
    #[default]
    Plain,
    /// One JSON object a line.
    Json,
    /// Docker's json-file driver.
    Docker,
    /// `key=value` pairs.
    Logfmt,
    /// nginx's and Apache's access log, common or combined.
    Access,
    /// nginx's error log.
    NginxError,
    /// Apache's error log.
    ApacheError,
    /// RFC 3164, or an ISO stamp with a host and a program.
    Syslog,
    /// RFC 5424.
    Syslog5424,
    /// Python's logging.
    Python,
    /// logback, log4j, Spring Boot.
    Java,
    /// Go's log.
    Go,
    /// tracing, env_logger.
    Rust,
    /// A time, then text.
    Stamped,
}

impl Format {
    /// Its name as the sidebar shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Json => "json",
            Self::Docker => "docker",
            Self::Logfmt => "logfmt",
            Self::Access => "access",
            Self::NginxError => "nginx-error",
            Self::ApacheError => "apache-error",
            Self::Syslog => "syslog",
            Self::Syslog5424 => "syslog5424",
            Self::Python => "python",
            Self::Java => "java",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::Stamped => "stamped",
        }
    }

    fn scan(self, raw: &[u8], now: i64) -> Option<Scan> {
        match self {
            Self::Plain => None,
            Self::Json => json::scan(raw, now),
            Self::Docker => json::scan_docker(raw, now),
            Self::Logfmt => logfmt::scan(raw, now),
            Self::Access => web::scan_access(raw, now),
            Self::NginxError => web::scan_nginx_error(raw, now),
            Self::ApacheError => web::scan_apache_error(raw, now),
            Self::Syslog => syslog::scan_bsd(raw, now),
            Self::Syslog5424 => syslog::scan_rfc5424(raw, now),
            Self::Python => stamped::scan_python(raw, now),
            Self::Java | Self::Go | Self::Rust | Self::Stamped => stamped::scan(raw, now),
        }
    }
}

/// What a line of the expected shape says.
#[derive(Clone, Copy, Debug)]
struct Scan {
    time: TimeField,
    level: Option<Level>,
}

impl Default for Scan {
    fn default() -> Self {
        Self { time: TimeField::Missing, level: None }
    }
}

/// What one line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Its time.
    pub time: TimeField,
    /// Its own level; a continuation has none.
    pub level: Option<Level>,
    /// It continues the event before it.
    pub continues: bool,
}

/// So many lines in a row that are not of the kept format, and it is detected anew.
const PATIENCE: u32 = 64;

/// Reads the lines of one source, in order.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    format: Format,
    misses: u32,
    trace: Trace,
}

impl Parser {
    /// The format as detected so far.
    pub fn format(&self) -> Format {
        self.format
    }

    /// One for other lines of the same source: it knows the format, and no line before.
    pub fn afresh(&self) -> Self {
        Self { format: self.format, ..Self::default() }
    }

    /// Reads one line that arrived at `now` (nanoseconds since the epoch).
    pub fn line(&mut self, raw: &[u8], now: i64) -> Parsed {
        let raw = trim_return(raw);
        if let Some(scan) = self.fitting(raw, now) {
            self.misses = 0;
            if self.format == Format::Docker {
                return self.docker(raw, scan);
            }
            self.trace.end();
            return Parsed { time: scan.time, level: scan.level, continues: false };
        }
        if self.trace.continues(raw) {
            return Parsed { time: TimeField::Missing, level: None, continues: true };
        }
        self.misses = self.misses.saturating_add(1);
        if self.format == Format::Plain && self.misses <= PATIENCE || self.misses.is_multiple_of(PATIENCE) {
            self.format = detect::detect(raw, now);
            if let Some(scan) = self.format.scan(raw, now) {
                self.misses = 0;
                return Parsed { time: scan.time, level: scan.level, continues: false };
            }
        }
        let level = trace::death(raw).map(|(_, level)| level).or_else(|| level::guess(raw));
        Parsed { time: TimeField::Missing, level, continues: false }
    }

    /// A line that docker wrote down: each line of a stack trace is an entry of its own, with a time of its own.
    fn docker(&mut self, raw: &[u8], scan: Scan) -> Parsed {
        let text = json::docker_text(raw);
        if self.trace.continues(text) {
            return Parsed { time: scan.time, level: None, continues: true };
        }
        let level = trace::death(text).map(|(_, level)| level).or(scan.level);
        Parsed { time: scan.time, level, continues: false }
    }

    /// The scan of a line that has the kept format's shape. An indented line has it only where nothing but the shape
    /// itself can follow the blanks: a JSON object, or a time.
    fn fitting(&self, raw: &[u8], now: i64) -> Option<Scan> {
        let indented = matches!(raw.first(), Some(b' ' | b'\t'));
        match self.format {
            Format::Logfmt | Format::Access if indented => None,
            format => format.scan(raw, now),
        }
    }
}

/// The range of the message in a line of this shape; the whole line when it has none.
pub fn message<'s>(shape: impl Into<Shape<'s>>, raw: &[u8], now: i64) -> Range<usize> {
    let shape = shape.into();
    let (body, front) = shape.body(raw);
    moved(body_message(shape.format, body, now), front)
}

fn moved(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

fn body_message(format: Format, raw: &[u8], now: i64) -> Range<usize> {
    let end = trim_return(raw).len();
    let raw = &raw[..end];
    let from = match format {
        Format::Json | Format::Docker => return json::message(raw).unwrap_or(0..end),
        Format::Logfmt => return logfmt::message(raw).unwrap_or(0..end),
        Format::Plain => 0,
        Format::Access => web::access(raw).map_or(0, |parts| parts.request.start - 1),
        Format::NginxError => web::nginx_message(raw).unwrap_or(0),
        Format::ApacheError => web::apache_message(raw),
        Format::Syslog => syslog::bsd(raw, now).map_or(0, |parts| parts.message.start),
        Format::Syslog5424 => syslog::rfc5424(raw, now).map_or(0, |parts| parts.message.start),
        _ if format.scan(raw, now).is_none() => 0,
        _ => stamped::message(raw, now),
    };
    from.min(end)..end
}

/// The range of what tells a line's kind: its message; of a request what was asked for and the status, not by whom nor
/// how many bytes it got.
pub fn saying<'s>(shape: impl Into<Shape<'s>>, raw: &[u8], now: i64) -> Range<usize> {
    let shape = shape.into();
    let (body, front) = shape.body(raw);
    let range = match shape.format {
        Format::Access => web::access(body).map_or(0..body.len(), |parts| parts.request.start..parts.status.end),
        format => body_message(format, body, now),
    };
    moved(range, front)
}

fn trim_return(raw: &[u8]) -> &[u8] {
    raw.strip_suffix(b"\r").unwrap_or(raw)
}

#[cfg(test)]
mod tests;
