//! Log records and where they come from.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::host::HostName;
use super::log_view::Sought;

/// Severity of a record, least first. Names as in `qd logs --output json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Finer than debug.
    Trace,
    /// For developers.
    Debug,
    /// Business as usual.
    Info,
    /// Usual, but worth a look (syslog).
    Notice,
    /// May become a problem.
    Warn,
    /// Something failed.
    Error,
    /// The program, or more, is going down (also syslog crit, alert, emerg).
    Fatal,
}

impl Level {
    /// Every level, least first.
    pub const ALL: [Self; 7] =
        [Self::Trace, Self::Debug, Self::Info, Self::Notice, Self::Warn, Self::Error, Self::Fatal];

    /// The least levels that keys go through; the others can be typed.
    pub const STEPS: [Self; 4] = [Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The level of this name, in any case, by the names that people type.
    pub fn named(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let known = match word.as_str() {
            "warning" => "warn",
            "err" => "error",
            "critical" | "crit" => "fatal",
            word => word,
        };
        Self::ALL.into_iter().find(|level| level.as_str() == known)
    }
}

/// A log source as the config writes it; one spec may become several sources (a glob, several hosts).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceSpec {
    /// What is read.
    pub kind: SourceKind,
    /// Read through `sudo -n`.
    pub sudo: bool,
}

/// What kind of thing a source reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A path or glob on the host.
    File(String),
    /// A systemd unit's journal; empty means the whole journal.
    Journal(String),
    /// A command (argv) whose output is the log.
    Command(Vec<String>),
}

/// One live source: one file, journal or command of one service on one host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Where it is.
    pub host: HostName,
    /// Whose it is; none for a source that no service claims.
    pub service: Option<Arc<str>>,
    /// `file:/path`, `journal:unit` or `command:…`, with the glob already expanded.
    pub name: Arc<str>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.host, self.name)
    }
}

/// A source's number in a store; small, dense, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// Where a record's time was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimeFrom {
    /// The line itself.
    Line,
    /// The line before it in the same source.
    Previous,
    /// The moment it arrived here.
    Arrival,
}

impl TimeFrom {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Previous => "previous",
            Self::Arrival => "arrival",
        }
    }
}

/// One line as it came, before parsing: what a source hands to the store, in order per source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLine {
    /// The bytes without the line end, capped (see `truncated`).
    pub bytes: bytes::Bytes,
    /// How many more bytes the line had; 0 for nearly all.
    pub truncated: u64,
    /// Byte offset in the file where it begins, for file sources.
    pub offset: Option<u64>,
    /// A time that the source itself supplies (journal), before any parsing.
    pub time: Option<DateTime<Utc>>,
    /// A level that the source itself supplies (journal PRIORITY).
    pub level: Option<Level>,
    /// Its line end was CR LF, as Windows and terminals have it: the CR is not among the bytes.
    pub returned: bool,
}

/// A line that came without those around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lone {
    /// The line.
    pub line: RawLine,
    /// Where those around it are to be had, where that is known.
    pub spot: Option<LineSpot>,
}

/// Where a line stands in what its source wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineSpot {
    /// So many bytes after the beginning of a file.
    File(Arc<FileId>, u64),
    /// In an entry of a unit's journal: its cursor.
    Journal(Arc<str>, Arc<str>),
}

/// By what a file is known again after it was rotated or packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId {
    /// The path that is followed.
    pub name: String,
    /// `DEV:INO:BIRTH`; of a packed one its path.
    pub inode: String,
    /// How it begins, in hex; `-` where it is not known.
    pub fingerprint: String,
}

/// Something that happened to a source: a row of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceEvent {
    /// What happened.
    pub kind: SourceEventKind,
    /// When it was noticed here.
    pub at: DateTime<Utc>,
    /// How long the source was away, where that applies.
    pub seconds: Option<f64>,
    /// Lines recovered, where that applies.
    pub lines: Option<u64>,
    /// Bytes recovered, where that applies.
    pub bytes: Option<u64>,
    /// Bytes lost: 0 when none, none when it cannot be known.
    pub lost: Option<u64>,
    /// One line to show, such as the reason; safe to show.
    pub detail: String,
}

/// Kinds of ledger rows. Names as in `qd logs --events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceEventKind {
    /// The source is being read.
    Connected,
    /// The link under it went away, or it could not be read.
    Disconnected,
    /// Back after being away, with everything that was written meanwhile.
    Recovered,
    /// Something is missing here.
    Gap,
    /// The file was replaced by a new one; the old one was read to its end.
    Rotated,
    /// The file was cut short in place.
    Truncated,
    /// Its host looked for what was wanted, and sent so many bytes.
    Filtered,
    /// The tool that shows a container's log says something of its own: no line of the log.
    Said,
}

impl SourceEventKind {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Recovered => "recovered",
            Self::Gap => "gap",
            Self::Rotated => "rotated",
            Self::Truncated => "truncated",
            Self::Filtered => "filtered",
            Self::Said => "said",
        }
    }
}

/// What a source sends to the ingest side, in order.
#[derive(Clone, Debug)]
pub enum Feed {
    /// A source came into being (a file matched, a journal was opened).
    Opened(Arc<Source>),
    /// Lines, in the order of the source; shared so that a batch is one message.
    Lines(Arc<Source>, Vec<RawLine>),
    /// Lines that were written before the oldest of this source that was brought, in order.
    Older(Arc<Source>, Vec<RawLine>),
    /// The same, but only what was found for a filter or a search, with the events it belongs to; between them there is
    /// more.
    Sieved(Arc<Source>, Vec<Lone>, Arc<Sought>),
    /// A ledger row.
    Event(Arc<Source>, SourceEvent),
    /// The source has delivered everything it had at the start (`--no-follow`: it ends here).
    CaughtUp(Arc<Source>),
    /// A configured source that could not be opened, and why; the spec's own name is in `Source::name`.
    Failed(Arc<Source>, String),
    /// A source whose host could not be reached, and why.
    Unreached(Arc<Source>, String),
    /// Every source of this host's one spec is done (`--no-follow`).
    Finished(HostName),
}
