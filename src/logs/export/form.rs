//! Rows in the forms that they have outside.

use std::collections::BTreeSet;
use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::{Exported, Redactor, takes_ledger};
use crate::domain::log::Level;
use crate::domain::log_export::ExportForm;
use crate::domain::query::Query;
use crate::domain::redact;
use crate::domain::settings::TimeZoneChoice;
use crate::domain::text::{clean, clean_bytes};
use crate::logs::block::Rows;
use crate::logs::output::{Form, Palette, Style, event_text};
use crate::logs::record::{Body, SourceState};

/// Writes rows, and what stands before and after them.
pub(super) struct Writer {
    form: ExportForm,
    redactor: Option<Redactor>,
    filter: String,
    pub(super) exported: Exported,
    style: Style,
    row: Vec<u8>,
    /// Markdown says first what it holds: it is kept until the end.
    kept: String,
    hosts: BTreeSet<String>,
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Writer {
    pub(super) fn new(form: ExportForm, redact: bool, query: &Query) -> Self {
        let text = match form {
            ExportForm::Json => Form::Json,
            _ => Form::Raw,
        };
        Self {
            form,
            redactor: redact.then(Redactor::default),
            filter: query.to_string(),
            exported: Exported::default(),
            style: Style {
                form: text,
                stamps: None,
                zone: TimeZoneChoice::Utc,
                colored: false,
                terminal: false,
                highlight: Vec::new(),
                redact: false,
                palette: Palette::default(),
            },
            row: Vec::new(),
            kept: String::new(),
            hosts: BTreeSet::new(),
            times: None,
        }
    }

    /// Writes one row.
    pub(super) fn row(&mut self, to: &mut dyn Write, rows: &Rows, at: usize, state: &SourceState) -> io::Result<()> {
        let mut record = rows.record(at);
        self.row.clear();
        match &mut record.body {
            Body::Event(_) if !takes_ledger(self.form) => return Ok(()),
            Body::Event(event) => {
                event.detail = redact::text(&event.detail).into_owned();
                match self.form {
                    ExportForm::Markdown => {
                        self.marked(state, record.time.utc(), None, &event_text(&state.source, event))
                    }
                    _ => self.style.event(&mut self.row, &state.source, event),
                }
            }
            Body::Line { bytes, .. } => {
                if let Some(clean) = self.redactor.as_mut().and_then(|it| it.line(record.source, bytes)) {
                    *bytes = clean.into();
                    self.exported.redacted += 1;
                }
                let text = bytes.clone();
                match self.form {
                    ExportForm::Raw | ExportForm::Json => self.style.line(&mut self.row, state, &record, Utc::now()),
                    ExportForm::Csv => {
                        if self.exported.rows == 0 {
                            self.row.extend_from_slice(b"time,host,service,source,level,line\r\n");
                        }
                        let source = &state.source;
                        let level = record.level.map_or("", Level::as_str);
                        let time = record.time.to_string();
                        let service = source.service.as_deref().unwrap_or("");
                        let line = String::from_utf8_lossy(&text);
                        cells(&mut self.row, &[&time, source.host.as_str(), service, &source.name, level, &line]);
                    }
                    ExportForm::Markdown => {
                        self.marked(state, record.time.utc(), record.level, &clean_bytes(&text));
                    }
                }
            }
        }
        self.exported.rows += 1;
        to.write_all(&self.row)
    }

    fn marked(&mut self, state: &SourceState, time: DateTime<Utc>, level: Option<Level>, text: &str) {
        let host = clean(state.source.host.as_str()).into_owned();
        let level = level.map_or("", Level::as_str);
        self.kept.push_str(&format!("{} {host} {level:<6} {text}\n", time.format("%H:%M:%S%.3f")));
        self.hosts.insert(host);
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }

    /// Writes what stands at the end.
    pub(super) fn end(&mut self, to: &mut dyn Write) -> io::Result<()> {
        let (ExportForm::Markdown, Some((first, last))) = (self.form, self.times) else { return Ok(()) };
        let hosts = self.hosts.iter().cloned().collect::<Vec<_>>().join(", ");
        let (date, clock) = ("%Y-%m-%d %H:%M:%S", "%H:%M:%SZ");
        let mut words = format!("**Logs** of {hosts}, {} to {}", first.format(date), last.format(clock));
        if first.date_naive() != last.date_naive() {
            words = format!("**Logs** of {hosts}, {} to {}Z", first.format(date), last.format(date));
        }
        if !self.filter.is_empty() {
            let fence = fence(&self.filter, 1);
            let blank = if fence.len() > 1 { " " } else { "" };
            words.push_str(&format!(", filter {fence}{blank}{}{blank}{fence}", clean(&redact::text(&self.filter))));
        }
        // What is in the text can end no block of it.
        let fence = fence(&self.kept, 3);
        write!(to, "{words}\n\n{fence}text\n{}{fence}\n", self.kept)
    }
}

/// Backticks longer than any run of them in a text.
fn fence(text: &str, least: usize) -> String {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat((longest + 1).max(least))
}

/// A row of comma-separated values. What a spreadsheet would take for a formula gets an apostrophe before it.
fn cells(out: &mut Vec<u8>, values: &[&str]) {
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']) && value.parse::<f64>().is_err();
        let quoted = formula || value.contains([',', '"', '\n', '\r']);
        if !quoted {
            out.extend_from_slice(value.as_bytes());
            continue;
        }
        out.push(b'"');
        if formula {
            out.push(b'\'');
        }
        out.extend_from_slice(value.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(b"\r\n");
}
