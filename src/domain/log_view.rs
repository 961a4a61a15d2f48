//! What the screen asks of the log engine, and what it gets back: a snapshot of the visible rows.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::host::HostName;
use super::log::{Level, LineSpot, Source, SourceEvent, SourceId, TimeFrom};
use super::query::Query;
use super::template::{Change, Comparison};
use super::text::{clean, size};
use super::traffic::Traffic;

/// A row's stable id: rows sort by it in the order they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// Corrected time in microseconds since the epoch.
    pub micros: i64,
    /// The source.
    pub source: SourceId,
    /// The row's number within its source.
    pub seq: u64,
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogFilter {
    /// What a line must be like.
    pub query: Query,
    /// Sources toggled off.
    pub hidden: Vec<SourceId>,
}

/// What is looked for further back than everything that was brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// What a line must be like.
    pub query: Query,
    /// A regex that a line of its event matches.
    pub search: Option<String>,
}

/// What was looked through for what is sought, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookedThrough {
    /// Lines that were found, with those of their events.
    pub lines: u64,
    /// Bytes that the hosts sent.
    pub sent: u64,
    /// Of so many bytes of files.
    pub bytes: u64,
    /// And of so many entries of journals.
    pub entries: u64,
}

impl LookedThrough {
    /// Takes in what came of another look.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.sent += other.sent;
        self.bytes += other.bytes;
        self.entries += other.entries;
    }

    /// Whether nothing was looked through.
    pub fn is_nothing(&self) -> bool {
        (self.bytes, self.entries) == (0, 0)
    }

    /// `12 kB of 293 MB`
    pub fn words(&self) -> String {
        let entries = || format!("{} journal entries", self.entries);
        let of = match (self.bytes, self.entries) {
            (bytes, 0) => size(bytes),
            (0, _) => entries(),
            (bytes, _) => format!("{} + {}", size(bytes), entries()),
        };
        format!("{} of {of}", size(self.sent))
    }
}

/// Where what was read around a line goes on in what its source wrote; none: there is nothing beyond it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// What was written before it ends here.
    pub before: Option<LineSpot>,
    /// What was written after it begins here.
    pub after: Option<LineSpot>,
}

/// More was read of what is around a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoreAround {
    /// So many lines.
    pub lines: usize,
    /// Where it goes on; none: there is nothing beyond it.
    pub end: Option<LineSpot>,
    /// More than that would take too much memory.
    pub is_full: bool,
}

/// Where the window stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Anchor {
    /// At the newest row, moving along.
    #[default]
    Tail,
    /// This row (or the first after it) is the window's top.
    Top(RowId),
    /// The first row at or after this time is at the window's top.
    Time(DateTime<Utc>),
}

/// What the screen wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogQuery {
    /// Counts queries; an answer to an older one is ignored.
    pub number: u64,
    /// Which rows.
    pub filter: LogFilter,
    /// Regex to highlight and to count, while a search is on.
    pub search: Option<String>,
    /// Where the window stands.
    pub anchor: Anchor,
    /// Rows to move from the anchor, in filtered rows: negative is back in time.
    pub offset: i64,
    /// When set, move from the anchor to the next (`true`) or previous (`false`) row that matches.
    pub seek: Option<(Seek, bool)>,
    /// How many rows fit.
    pub rows: usize,
    /// How many columns the histogram has; 0: none.
    pub histogram: usize,
    /// The rows of what was read around a line are wanted, of which this is the line.
    pub excerpt: Option<RowId>,
    /// What was found further back for this is wanted too; what was found for anything else is let go.
    pub sought: Option<Box<Sought>>,
    /// Use the hosts' own clocks instead of corrected time.
    pub raw_time: bool,
    /// Secrets are taken out of what is shown.
    pub redact: bool,
    /// Rows that pass this are marked.
    pub mark: Option<Query>,
    /// Events that say the same as the one shown before them, numbers and ids apart, are shown as one.
    pub fold: bool,
    /// What has changed since this moment is wanted; see [`LogWindow::comparison`].
    pub compare: Option<DateTime<Utc>>,
    /// The newest row when the tail was left; see [`LogWindow::newer`].
    pub left: Option<RowId>,
}

/// What to move to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek {
    /// A row that matches the search.
    Match,
    /// A row at least this severe.
    Level(Level),
}

/// One visible row.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    /// Its id.
    pub id: RowId,
    /// Its source's number; see [`LogWindow::sources`].
    pub source: SourceId,
    /// Its time: corrected for the host's skew unless raw time was asked for.
    pub time: DateTime<Utc>,
    /// Where the time came from.
    pub time_from: TimeFrom,
    /// Severity, where known.
    pub level: Option<Level>,
    /// What is shown: a line of a log, or a ledger row.
    pub content: RowContent,
    /// It came later than the hold and was put in its place.
    pub late: bool,
    /// It continues the event before it.
    pub continues: bool,
    /// It passes [`LogQuery::mark`].
    pub marked: bool,
    /// How often it was said one after the other, where repeats are folded and there are any.
    pub repeats: Option<Repeats>,
    /// It was brought without the lines around it; those are to be had here.
    pub spot: Option<LineSpot>,
}

/// Events that say the same one after the other, of which the first is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// How many there are, the first among them.
    pub count: u64,
    /// The hosts that said it, by name.
    pub hosts: Vec<HostName>,
    /// Hosts of the same services that did not.
    pub missing: Vec<HostName>,
    /// When it was said last: corrected time.
    pub last: DateTime<Utc>,
}

impl Repeats {
    /// `×214 on 9/10 hosts (not web-7)`; of few hosts their names, of one among one nothing. Safe to show.
    pub fn words(&self) -> String {
        let of = self.hosts.len() + self.missing.len();
        let names = |hosts: &[HostName]| hosts.iter().map(|host| clean(host.as_str())).collect::<Vec<_>>().join(" ");
        let on = match (self.hosts.len(), self.missing.len()) {
            (1, 0) => String::new(),
            (_, 0) => format!(" on {of} hosts"),
            (hosts, missing) if hosts <= NAMED && hosts <= missing => format!(" on {}", names(&self.hosts)),
            (hosts, missing) if missing <= NAMED => format!(" on {hosts}/{of} hosts (not {})", names(&self.missing)),
            (hosts, _) => format!(" on {hosts}/{of} hosts"),
        };
        format!("×{}{on}", self.count)
    }
}

/// So many hosts are named; of more their number is told.
const NAMED: usize = 2;

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub enum RowContent {
    /// A log line.
    Line {
        /// The whole raw line, made safe and capped for the screen.
        text: String,
        /// Byte ranges of `text` that match the search.
        hits: Vec<Range<usize>>,
        /// Byte range of `text` that is the message, where the format is known.
        message: Range<usize>,
        /// Parsed fields, name and value, made safe; members of nested objects by their path.
        fields: Vec<(String, String)>,
    },
    /// Something that happened to the source.
    Ledger(SourceEvent),
}

/// The answer: the visible rows and the figures around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogWindow {
    /// The query's number.
    pub number: u64,
    /// Visible rows, oldest first.
    pub rows: Vec<LogRow>,
    /// Rows above the window. All rows of an event that passes the filter are shown.
    pub above: u64,
    /// Rows below the window.
    pub below: u64,
    /// Rows that came after [`LogQuery::left`].
    pub newer: u64,
    /// Rows in the store.
    pub total: u64,
    /// Lines that pass the filter by themselves: as many as ripgrep counts.
    pub matching: u64,
    /// Events that pass: those of which any line does (of `!x`: of which none says x).
    pub events: u64,
    /// Shown rows that match the search, and the number of the one under the cursor, from 1.
    pub hits: Option<(u64, Option<u64>)>,
    /// Every source.
    pub sources: Vec<SourceStatus>,
    /// Events by severity over time, oldest first.
    pub histogram: Vec<Bucket>,
    /// Rows that the memory cap has dropped so far.
    pub evicted: u64,
    /// Lines dropped because they came too fast.
    pub dropped: u64,
    /// Lines per second taken in lately.
    pub rate: f64,
    /// A filter or search that cannot be used: the regex engine's words, one line.
    pub error: Option<String>,
    /// Names of fields that lines have had so far, sorted.
    pub fields: Arc<BTreeSet<String>>,
    /// The filter is still being run over older rows: the counts grow.
    pub counting: bool,
    /// Kinds of messages that are new, gone or more frequent since [`LogQuery::compare`], of all sources; worked out
    /// once a second.
    pub comparison: Option<Arc<Comparison>>,
    /// Kinds of messages at error or worse of the last ten minutes, the most frequent first.
    pub troubles: Arc<Vec<Change>>,
    /// Requests of the last five minutes, by service, host and reported version.
    pub traffic: Arc<Traffic>,
}

/// One source as the sidebar shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceStatus {
    /// Its number.
    pub id: SourceId,
    /// What it is.
    pub source: Arc<Source>,
    /// Whether it is being read now.
    pub live: bool,
    /// Why it is not.
    pub error: Option<String>,
    /// Lines per second lately.
    pub rate: f64,
    /// Lines so far.
    pub lines: u64,
    /// Errors and worse in the last minute.
    pub errors_min: u64,
    /// Errors per minute over the last minutes, oldest first.
    pub errors: Vec<u64>,
    /// The newest of those errors: its time in microseconds since the epoch, and its message, made safe.
    pub newest_error: Option<(i64, String)>,
    /// When its newest line arrived.
    pub newest: Option<DateTime<Utc>>,
    /// Seconds between a line's own time and its arrival, lately.
    pub lag_s: Option<f64>,
    /// Format as detected, such as `logfmt`.
    pub format: &'static str,
}

/// One column of the histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Start, in seconds since the epoch.
    pub start: i64,
    /// Events at error or worse.
    pub errors: u32,
    /// Events at warn.
    pub warnings: u32,
    /// All other events.
    pub others: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_told_in_few_words() {
        let hosts = |from: usize, to: usize| (from..to).map(|n| format!("web-{n}").as_str().into()).collect();
        let words = |on: usize, of: usize| {
            let last = DateTime::default();
            Repeats { count: 214, hosts: hosts(0, on), missing: hosts(on, of), last }.words()
        };
        assert_eq!(words(1, 1), "×214");
        assert_eq!(words(10, 10), "×214 on 10 hosts");
        assert_eq!(words(9, 10), "×214 on 9/10 hosts (not web-9)");
        assert_eq!(words(2, 10), "×214 on web-0 web-1");
        assert_eq!(words(5, 10), "×214 on 5/10 hosts");
    }
}
