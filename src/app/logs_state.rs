//! The Logs tab's own state.

mod columns;
mod filters;
mod keep;
mod marks;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::log::Source;
use crate::domain::log_keep::{Kept, View};
use crate::domain::log_look::Highlight;
use crate::domain::log_view::{LogQuery, LogWindow, RowId};
use crate::domain::query::{self, Query, QueryError};

pub use self::columns::TOLD;
pub use self::filters::{Around, Editing, Excerpt, Following, LookedBack, LookingBack, NamedFilter, Onward, ReadingOn};
pub use self::marks::Bookmark;

/// The Logs tab's own state.
#[derive(Debug, Default)]
pub struct LogsState {
    /// The query last sent.
    pub query: LogQuery,
    /// The newest answer.
    pub window: LogWindow,
    /// The filter that was typed; [`Self::compose`] puts it together with the rest.
    pub typed: Query,
    /// Filters kept under a name.
    pub named: Vec<NamedFilter>,
    /// The one of them that is being edited.
    pub editing: Option<Editing>,
    /// An id that is followed over all hosts.
    pub following: Option<Following>,
    /// Everything around a line is shown.
    pub around: Option<Around>,
    /// Patterns that stand out, besides those of the config.
    pub highlights: Vec<Highlight>,
    /// Lines to come back to, by time.
    pub bookmarks: Vec<Bookmark>,
    /// How fields are shown.
    pub fields: FieldsView,
    /// Columns of fields, with the widest value so far: they never shrink while lines stream.
    pub columns: Vec<(String, usize)>,
    /// Fields that are not shown.
    pub hidden_fields: Vec<String>,
    /// Views that have a name.
    pub views: Vec<View>,
    /// Sources that are hidden once they are there, by host and name.
    pub to_hide: Vec<(String, String)>,
    /// What was kept last.
    pub kept: Option<Kept>,
    /// Number of the newest question to count something.
    pub survey: u64,
    /// When that was asked.
    pub surveyed: Option<DateTime<Utc>>,
    /// The row that a jump by the ruler landed on, and the time that it was about: the next jump begins there.
    pub landed: Option<(RowId, DateTime<Utc>)>,
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
    /// What was written before the oldest line is being brought.
    pub looking_back: Option<LookingBack>,
    /// What is around this row of a source is being read.
    pub around_asked: Option<(RowId, Arc<Source>)>,
    /// So often that was asked for.
    pub looks: u64,
    /// What was looked back for, and what was looked through for it.
    pub looked_back: Option<LookedBack>,
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
    /// The same, after it was looked for further back.
    FoundBack(RowId),
    /// This one, or the first after it.
    At(RowId),
    /// The first at or after a time that the ruler shows.
    Ruler(DateTime<Utc>),
}

/// How the fields of lines are shown in the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldsView {
    /// Behind the message.
    #[default]
    Inline,
    /// In columns before the message.
    Columns,
    /// Not at all: only the message.
    Message,
    /// The line as it came.
    Raw,
}

impl FieldsView {
    /// The one after it.
    pub fn next(self) -> Self {
        match self {
            Self::Inline => Self::Columns,
            Self::Columns => Self::Message,
            Self::Message => Self::Raw,
            Self::Raw => Self::Inline,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Columns => "columns",
            Self::Message => "message",
            Self::Raw => "raw",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Inline, Self::Columns, Self::Message, Self::Raw].into_iter().find(|view| view.as_str() == name)
    }
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
    /// Since the line before.
    Elapsed,
    /// None.
    Off,
}

impl TimeColumn {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Short, "short"),
        (Self::Full, "full"),
        (Self::Relative, "relative"),
        (Self::Elapsed, "elapsed"),
        (Self::Off, "off"),
    ];

    /// The one after it.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|(look, _)| *look == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()].0
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(look, _)| *look == self).map_or("short", |(_, name)| name)
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(look, _)| *look)
    }
}
