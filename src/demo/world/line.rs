//! Lines of logs, and the second they are written in.

use chrono::{DateTime, Utc};

/// What is appended to a log file at one time: a line, or a line and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file's path on its host.
    pub file: &'static str,
    /// Milliseconds into the second, 0 to 999.
    pub at_ms: u64,
    /// Ends with a line end.
    pub text: String,
}

/// One second of a host while it is being written, with its time as the various logs put it.
#[derive(Debug)]
pub struct Second {
    /// Microseconds since 1970.
    pub micros: i64,
    /// Such as `2026-11-21T03:06:02`.
    pub iso: String,
    /// Such as `21/Nov/2026:03:06:02 +0000`.
    pub clf: String,
    /// Such as `2026/11/21 03:06:02`.
    pub slashes: String,
    /// Such as `2026-11-21 03:06:02`.
    pub blank: String,
    lines: Vec<Line>,
}

impl Second {
    /// The second that begins at a time.
    pub fn new(at: DateTime<Utc>) -> Self {
        let format = |format: &str| at.format(format).to_string();
        Self {
            micros: at.timestamp_micros(),
            iso: format("%Y-%m-%dT%H:%M:%S"),
            clf: format("%d/%b/%Y:%H:%M:%S +0000"),
            slashes: format("%Y/%m/%d %H:%M:%S"),
            blank: format("%Y-%m-%d %H:%M:%S"),
            lines: Vec::new(),
        }
    }

    /// Writes a line (its line end is added).
    pub fn put(&mut self, file: &'static str, at_ms: u64, mut text: String) {
        text.push('\n');
        self.lines.push(Line { file, at_ms: at_ms.min(999), text });
    }

    /// All that was written, in the order of time.
    pub fn into_lines(mut self) -> Vec<Line> {
        self.lines.sort_by_key(|line| line.at_ms);
        self.lines
    }
}
