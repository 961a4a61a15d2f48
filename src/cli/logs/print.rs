//! How a log line is printed.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::ValueEnum;
use regex::bytes::Regex;
use serde_json::{Map, Value, json};

use super::Timestamps;
use crate::cli::exit::Failure;
use crate::cli::hosts::rfc3339;
use crate::domain::log::{Feed, Level, Source, SourceEvent};
use crate::domain::text::clean_bytes;
use crate::logs::merge::Merge;
use crate::logs::parse;
use crate::logs::record::{Body, Ingest, Record};

/// Forms of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Host, service and line.
    Default,
    /// The line as it is.
    Raw,
    /// One JSON object a line.
    Json,
    /// The same, for people.
    Ppjson,
}

/// What is printed, and how.
pub(super) struct Printer {
    pub output: Output,
    pub timestamps: Option<Timestamps>,
    pub zone: Tz,
    pub colored: bool,
    pub terminal: bool,
    pub events: bool,
    pub only_log_lines: bool,
    pub include: Vec<Regex>,
    pub exclude: Vec<Regex>,
    pub highlight: Vec<Regex>,
    pub level: Option<Level>,
    pub since: Option<DateTime<Utc>>,
}

/// ANSI colours of hosts; red is kept for trouble.
const COLORS: [u8; 10] = [36, 32, 33, 34, 35, 96, 92, 93, 94, 95];

/// The stream of lines on its way to standard output.
pub(super) struct Stream {
    printer: Printer,
    ingest: Ingest,
    out: BufWriter<Stdout>,
}

impl Stream {
    pub(super) fn new(printer: Printer) -> Self {
        Self { printer, ingest: Ingest::default(), out: BufWriter::with_capacity(64 << 10, io::stdout()) }
    }

    pub(super) fn failed(&self, source: &Source, why: &str) {
        if !self.printer.only_log_lines {
            eprintln!("qd: {source}: {why}");
        }
    }

    pub(super) fn close(&mut self, source: &Arc<Source>, merge: &mut Merge) {
        let id = self.ingest.number(source);
        merge.close(id);
    }

    pub(super) fn take(&mut self, feed: Feed, merge: &mut Merge, live: bool) {
        let now = Instant::now();
        match feed {
            Feed::Opened(source) => {
                let id = self.ingest.number(&source);
                merge.open(id);
            }
            Feed::CaughtUp(source) if !live => self.close(&source, merge),
            Feed::Lines(source, lines) => {
                let (id, arrival) = (self.ingest.number(&source), Utc::now());
                for line in lines {
                    if let Some(record) = self.ingest.line(id, line, arrival) {
                        merge.push(record, now);
                    }
                }
            }
            Feed::Event(source, event) if self.printer.events => {
                let id = self.ingest.number(&source);
                if let Some(record) = self.ingest.event(id, event) {
                    merge.push(record, now);
                }
            }
            Feed::Event(source, event) if !self.printer.only_log_lines => eprintln!("{}", event_text(&source, &event)),
            Feed::Event(..) | Feed::CaughtUp(_) | Feed::Failed(..) | Feed::Finished(_) => {}
        }
    }

    /// Prints the rows whose turn it is.
    pub(super) fn release(&mut self, merge: &mut Merge) -> Result<(), Failure> {
        let now = Instant::now();
        while let Some(record) = merge.pop(now) {
            self.print(&record)?;
        }
        Ok(self.out.flush()?)
    }

    /// Prints all that is left.
    pub(super) fn drain(&mut self, merge: &mut Merge) -> Result<(), Failure> {
        for record in merge.drain().collect::<Vec<_>>() {
            self.print(&record)?;
        }
        Ok(self.out.flush()?)
    }

    fn print(&mut self, record: &Record) -> io::Result<()> {
        let Some(source) = self.ingest.source(record.id.source).map(|state| state.source.clone()) else {
            return Ok(());
        };
        let printer = &self.printer;
        let line = match &record.body {
            Body::Line { bytes, .. } => bytes,
            Body::Event(event) => {
                return match printer.output {
                    Output::Json | Output::Ppjson => writeln!(self.out, "{}", event_json(&source, event)),
                    Output::Default | Output::Raw => writeln!(self.out, "{}", event_text(&source, event)),
                };
            }
        };
        if printer.level.is_some_and(|least| record.level.is_some_and(|level| level < least))
            || printer.since.is_some_and(|since| record.time.utc() < since)
            || !printer.include.iter().all(|regex| regex.is_match(line))
            || printer.exclude.iter().any(|regex| regex.is_match(line))
        {
            return Ok(());
        }
        match printer.output {
            Output::Raw if !printer.terminal => {
                self.out.write_all(line)?;
                self.out.write_all(b"\n")
            }
            Output::Raw => writeln!(self.out, "{}", clean_bytes(line)),
            Output::Json => writeln!(self.out, "{}", line_json(&source, record, line)),
            Output::Ppjson => writeln!(self.out, "{:#}", line_json(&source, record, line)),
            Output::Default => {
                let text = printer.text(&source, record, line);
                writeln!(self.out, "{text}")
            }
        }
    }
}

impl Printer {
    fn text(&self, source: &Source, record: &Record, line: &[u8]) -> String {
        let time = match self.timestamps {
            None => String::new(),
            Some(form) => {
                let format = if form == Timestamps::Short { "%m-%d %H:%M:%S " } else { "%Y-%m-%dT%H:%M:%S%.3f%:z " };
                record.time.utc().with_timezone(&self.zone).format(format).to_string()
            }
        };
        let what = source.service.as_deref().unwrap_or(&source.name);
        let text = clean_bytes(line);
        if !self.colored {
            return format!("{time}{} {what} {text}", source.host);
        }
        let hash = source.host.as_str().bytes().fold(0_usize, |hash, b| hash.wrapping_mul(31) + usize::from(b));
        let color = COLORS[hash % COLORS.len()];
        let body = match record.level {
            Some(level) if level >= Level::Error => format!("\x1b[31m{text}\x1b[0m"),
            _ => self.highlighted(text),
        };
        format!("{time}\x1b[{color}m{} {what}\x1b[0m {body}", source.host)
    }

    /// The text with what is to be highlighted in reverse.
    fn highlighted(&self, mut text: String) -> String {
        for regex in &self.highlight {
            let replaced = regex.replace_all(text.as_bytes(), |found: &regex::bytes::Captures<'_>| {
                [b"\x1b[7m", &found[0], b"\x1b[27m"].concat()
            });
            text = String::from_utf8_lossy(&replaced).into_owned();
        }
        text
    }
}

fn line_json(source: &Source, record: &Record, line: &[u8]) -> Value {
    let fields: Map<String, Value> =
        parse::fields(line).into_iter().map(|(name, value)| (name, json!(value))).collect();
    json!({
        "time": record.time.to_string(),
        "time_from": record.time_from.as_str(),
        "host": source.host.as_str(),
        "service": source.service.as_deref(),
        "source": &*source.name,
        "level": record.level.map(Level::as_str),
        "message": String::from_utf8_lossy(line),
        "fields": fields,
        "continues": record.continues,
    })
}

fn event_json(source: &Source, event: &SourceEvent) -> Value {
    json!({
        "event": event.kind.as_str(),
        "time": rfc3339(event.at),
        "host": source.host.as_str(),
        "source": &*source.name,
        "seconds": event.seconds,
        "lines": event.lines,
        "bytes": event.bytes,
        "lost": event.lost,
    })
}

fn event_text(source: &Source, event: &SourceEvent) -> String {
    let mut text = format!("{} {source}: {}", rfc3339(event.at), event.kind.as_str());
    if let (Some(seconds), Some(lines)) = (event.seconds, event.lines) {
        let lost = event.lost.map_or("an unknown number".to_owned(), |lost| lost.to_string());
        text = format!("{text}, away {seconds} s: {lines} lines recovered, {lost} lost");
    }
    if !event.detail.is_empty() {
        text = format!("{text}, {}", event.detail);
    }
    text
}
