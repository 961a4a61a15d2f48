//! What a person puts on lines: bookmarks with notes.

use std::sync::Arc;

use crate::domain::host::HostName;
use crate::domain::log::Source;
use crate::domain::log_view::{LogRow, RowContent, RowId};
use chrono::{DateTime, TimeDelta, Utc};

/// Longest text of a line that is kept with its bookmark, in characters.
pub const KEPT: usize = 300;
/// A line that is read again may be given another time by so much: the clock's correction is measured anew.
const DRIFT: TimeDelta = TimeDelta::seconds(3);

/// A line to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// The row, in this session; none for one of an earlier session that has not been seen yet.
    pub id: Option<RowId>,
    /// Where the line came from.
    pub host: HostName,
    /// The source's name.
    pub source: Arc<str>,
    /// Its time.
    pub time: DateTime<Utc>,
    /// How it begins.
    pub text: String,
    /// What somebody has to say about it.
    pub note: String,
}

impl Bookmark {
    /// A bookmark on a row; none for a ledger row.
    pub fn on(row: &LogRow, source: &Source) -> Option<Self> {
        let RowContent::Line { text, .. } = &row.content else { return None };
        Some(Self {
            id: Some(row.id),
            host: source.host.clone(),
            source: source.name.clone(),
            time: row.time,
            text: text.chars().take(KEPT).collect(),
            note: String::new(),
        })
    }

    /// Whether it is on this row.
    pub fn is_on(&self, row: &LogRow, source: Option<&Source>) -> bool {
        if let Some(id) = self.id {
            return id == row.id;
        }
        let RowContent::Line { text, .. } = &row.content else { return false };
        (row.time - self.time).abs() <= DRIFT
            && source.is_some_and(|source| source.host == self.host && source.name == self.source)
            && text.starts_with(&self.text)
    }

    /// What it is told apart by in a list.
    pub fn key(&self) -> String {
        format!("{} {} {} {}", self.time.timestamp_micros(), self.host, self.source, self.text)
    }
}
