//! What is taken out of the logs: copied, or saved to a file.

use super::log_view::{LogFilter, RowId};

/// One thing taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// Which rows.
    pub what: Taken,
    /// In which form.
    pub form: ExportForm,
    /// Secrets are taken out.
    pub redact: bool,
}

/// Which rows are taken out.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// This one.
    Line(RowId),
    /// The whole event that this one is of: a line and what continues it, such as a stack trace.
    Event(RowId),
    /// The value of one field of this one.
    Field(RowId, String),
    /// Those that pass the filter, from one to another.
    Between(LogFilter, RowId, RowId),
    /// Every one that passes the filter.
    Passing(LogFilter),
}

/// Forms of rows outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportForm {
    /// Lines as they came; no ledger rows.
    Raw,
    /// One JSON object a line, as `qd logs --output json` prints them.
    Json,
    /// Comma-separated values (RFC 4180) with a header; no ledger rows.
    Csv,
    /// For a ticket or a chat: what it is in words, then the lines with time and host, as they stand on the screen.
    Markdown,
}

impl ExportForm {
    /// The form that a file's name asks for: JSON, CSV and Markdown by their endings, else raw.
    pub fn of_file(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
            Some("json" | "jsonl" | "ndjson") => Self::Json,
            Some("csv") => Self::Csv,
            Some("md" | "markdown") => Self::Markdown,
            _ => Self::Raw,
        }
    }
}
