//! The Logs tab's own state.

use crate::domain::log_view::{LogQuery, LogWindow, RowId};
use crate::domain::query::{self, Query, QueryError};

/// The Logs tab's own state.
#[derive(Debug, Default)]
pub struct LogsState {
    /// The query last sent.
    pub query: LogQuery,
    /// The newest answer.
    pub window: LogWindow,
    /// Following the tail.
    pub follow: bool,
    /// The selected row; none while following.
    pub selected: Option<RowId>,
    /// Long lines wrap.
    pub wrap: bool,
    /// First column shown while not wrapping.
    pub column: usize,
    /// How the time column looks.
    pub times: TimeColumn,
    /// The sidebar has the keys.
    pub sidebar: bool,
    /// The selected source in the sidebar.
    pub source: Option<crate::domain::log::SourceId>,
    /// The selected row is shown whole, with its fields.
    pub detail: bool,
    /// Earlier searches, newest last.
    pub history: Vec<String>,
    /// The row to select when the answer to the query comes.
    pub landing: Option<Landing>,
    /// Rows that passed the filter when follow was paused; the difference is what is new since.
    pub paused_at: Option<u64>,
}

impl LogsState {
    /// Reads a filter, with the fields that lines have had so far.
    pub fn read_query(&self, text: &str) -> Result<Query, QueryError> {
        query::parse(text, |name| self.window.fields.contains(name))
    }
}

/// Which row of the next answer becomes the selected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// The first.
    Top,
    /// The last.
    Bottom,
    /// What a seek found; the row it began at, to tell when nothing was found.
    Found(RowId),
}

/// How the time column of the logs looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeColumn {
    /// `03:06:02.114`
    #[default]
    Short,
    /// Date, time and zone.
    Full,
    /// `-1m12s`
    Relative,
    /// None.
    Off,
}
