//! Log sources: files, journals and commands of a host, read over its transport, resumed exactly after a lost link.
//!
//! A file's place is its device and inode, a byte offset, and the fingerprint of its beginning. All of it is counted
//! here, from the bytes that arrived, so a place is exact at every moment and nothing is written on the host.

mod barred;
mod command;
mod file;
mod follow;
mod journal;
pub mod lines;
mod link;
mod older;
mod parts;
mod pieces;
mod resume;
mod tool;
mod unfollowed;
mod words;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
pub use journal::Entry;
use lines::Lines;
pub use older::{Brought, Progress, Sieving, Stretch, Surroundings};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::domain::log::{Feed, LineSpot, RawLine, Source, SourceEvent, SourceEventKind, SourceKind, SourceSpec};
use crate::domain::settings::{Overflow, SudoPolicy};
use crate::logs::sieve::Sieve;
use crate::transport::{Backlog, ExecSpec, Nobody, SharedTransport, Stream, Sudo};

/// Where a tail begins, and how it goes on.
#[derive(Clone, Debug)]
pub struct TailOptions {
    /// Where it begins.
    pub start: Start,
    /// Whether it goes on at the end.
    pub follow: bool,
    /// Between two looks at a file.
    pub poll: Duration,
    /// Who asks for sudo's password, where a source is read through sudo; without it nobody does.
    pub sudo: Option<Arc<Sudo>>,
    /// What becomes of lines that come faster than they are taken.
    pub overflow: Overflow,
    /// Only lines that pass this are wanted of what files held at the start: where it pays, their host looks for them,
    /// and sends those and what they need to be understood. (More than them may come; never less.)
    pub sieve: Option<Arc<Sieve>>,
}

impl Default for TailOptions {
    fn default() -> Self {
        Self {
            start: Start::Lines(100),
            follow: true,
            poll: Duration::from_millis(200),
            sudo: None,
            overflow: Overflow::Stall,
            sieve: None,
        }
    }
}

/// Where a tail begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// About so many lines before the end.
    Lines(u64),
    /// At the beginning of the live file.
    All,
    /// At the beginning of the oldest rotated file that was written since. (Lines before that time are the reader's
    /// to leave out: only it can read their times.)
    Since(DateTime<Utc>),
    /// The same, in the live file only, and at most so many bytes before its end (of a journal: lines of a hundred).
    Lately {
        /// Since when.
        since: DateTime<Utc>,
        /// The most bytes.
        bytes: u64,
    },
    /// At the end.
    Now,
}

/// A running tail; it ends when this is dropped.
pub struct TailHandle {
    running: JoinHandle<()>,
    tail: Tail,
}

impl Drop for TailHandle {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl TailHandle {
    /// Brings about so many bytes of what each of its sources wrote before the oldest that was brought, as
    /// [`Feed::Older`].
    pub fn older(&self, bytes: u64) -> impl Future<Output = Brought> + Send + 'static {
        older::bring(self.tail.clone(), bytes)
    }

    /// Has the host look through about so many bytes of what each of its sources wrote before, and brings what it finds as
    /// [`Feed::Sieved`]; of what cannot be looked through there, so `few` bytes.
    pub fn sieved(&self, bytes: u64, few: u64, sieving: Sieving) -> impl Future<Output = Brought> + Send + 'static {
        older::bring_sieved(self.tail.clone(), bytes, few, sieving)
    }
}

impl TailHandle {
    /// Reads about so many bytes before and after a line of a source. None where the source is not one of these.
    pub fn around(
        &self,
        source: Arc<Source>,
        spot: LineSpot,
        bytes: u64,
    ) -> impl Future<Output = Option<Result<Surroundings, String>>> + Send + 'static {
        older::around(self.tail.clone(), source, spot, bytes)
    }

    /// Reads about so many bytes of a source before a place, or after it. None where the source is not one of these.
    pub fn further(
        &self,
        source: Arc<Source>,
        spot: LineSpot,
        older: bool,
        bytes: u64,
    ) -> impl Future<Output = Option<Result<Stretch, String>>> + Send + 'static {
        older::further(self.tail.clone(), source, spot, older, bytes)
    }
}

/// Reads every source of `spec` on the transport's host. It survives lost links by itself. The feed is bounded: a
/// reader that does not keep up lets the host wait, and nothing is lost.
pub fn tail(
    transport: SharedTransport,
    service: Option<Arc<str>>,
    spec: SourceSpec,
    options: TailOptions,
    feed: mpsc::Sender<Feed>,
) -> TailHandle {
    let silent = || Arc::new(Sudo::new(SudoPolicy::NoPassword, Arc::new(Nobody)));
    let sudo = spec.sudo.then(|| options.sudo.clone().unwrap_or_else(silent));
    let tail = Tail { transport, service, options, feed, sudo, known: older::Known::default() };
    let handle = tail.clone();
    let running = tokio::spawn(async move {
        let host = tail.transport.host().clone();
        let feed = tail.feed.clone();
        match spec.kind {
            SourceKind::File(path) => file::run(tail, path).await,
            SourceKind::Journal(unit) => journal::run(tail, unit).await,
            SourceKind::Command(argv) => command::run(tail, argv).await,
        }
        let _ = feed.send(Feed::Finished(host)).await;
    });
    TailHandle { running, tail: handle }
}

/// What the readers of one spec share.
#[derive(Clone)]
struct Tail {
    transport: SharedTransport,
    service: Option<Arc<str>>,
    options: TailOptions,
    feed: mpsc::Sender<Feed>,
    /// Who runs what as root, where the source is read through sudo.
    sudo: Option<Arc<Sudo>>,
    /// Where the oldest stands that was brought.
    known: older::Known,
}

/// Nobody listens any more.
struct Gone;

impl Tail {
    fn source(&self, name: &str) -> Arc<Source> {
        let host = self.transport.host().clone();
        Arc::new(Source { host, service: self.service.clone(), name: Arc::from(name) })
    }

    async fn send(&self, feed: Feed) -> Result<(), Gone> {
        self.feed.send(feed).await.map_err(|_| Gone)
    }

    async fn lines(&self, source: &Arc<Source>, lines: Vec<RawLine>) -> Result<(), Gone> {
        if lines.is_empty() {
            return Ok(());
        }
        self.send(Feed::Lines(source.clone(), lines)).await
    }

    /// Lines were dropped because they came faster than they were taken: a row of the ledger.
    async fn dropped(&self, source: &Arc<Source>, lines: &mut Lines, bytes: u64, ends: u64) -> Result<(), Gone> {
        let mut gap = event(SourceEventKind::Gap, "lines came faster than they were taken; the oldest were dropped");
        (gap.bytes, gap.lost) = (Some(bytes), Some(lines.skip(bytes, ends)));
        self.event(source, gap).await
    }

    async fn event(&self, source: &Arc<Source>, event: SourceEvent) -> Result<(), Gone> {
        self.send(Feed::Event(source.clone(), event)).await
    }

    /// Opens a stream of a script: as root, where that is wanted and can be had.
    async fn exec(&self, spec: ExecSpec) -> Stream {
        self.exec_or(spec, None).await
    }

    /// The same; where the source is read through sudo and no shell can be had as root, `otherwise` is run in its place,
    /// which calls `asroot` for what needs it.
    async fn exec_or(&self, mut spec: ExecSpec, otherwise: Option<String>) -> Stream {
        // What is asked for a time limit is a question, whose answer is wanted whole.
        if self.options.overflow == Overflow::DropOldest && spec.timeout.is_none() {
            spec.backlog = Backlog::DropOldest;
        }
        match &self.sudo {
            Some(sudo) => sudo.exec(&self.transport, spec, otherwise).await,
            None => self.transport.exec(spec),
        }
    }

    /// What was in the way of root's rights, to be added to an error.
    fn why_not_root(&self) -> String {
        let why = self.sudo.as_ref().and_then(|sudo| sudo.why_not(self.transport.host()));
        why.map_or_else(String::new, |why| format!(" ({why})"))
    }

    /// Why a log cannot be read, where a right is missing.
    fn barred(&self, barred: &barred::Barred) -> String {
        let why = barred.why(&self.transport.host().to_string(), self.sudo.is_some());
        format!("{why}{}", self.why_not_root())
    }

    fn poll_seconds(&self) -> f64 {
        self.options.poll.as_secs_f64().max(0.05)
    }
}

/// A ledger row with nothing but what happened.
fn event(kind: SourceEventKind, detail: impl Into<String>) -> SourceEvent {
    SourceEvent { kind, at: Utc::now(), seconds: None, lines: None, bytes: None, lost: None, detail: detail.into() }
}
