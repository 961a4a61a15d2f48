//! The other side of a running engine: what it is asked, and what it brings.

use std::io::{self, Write};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::host::HostName;
use crate::domain::log::{Feed, RawLine, Source};
use crate::domain::log_export::Export;
use crate::domain::log_survey::{Survey, Tally};
use crate::domain::log_view::{LogQuery, LogWindow, RowId};
use crate::logs::export::{self, Exported};
use crate::logs::survey;

/// The other side of a running engine. It ends when the last handle and feed are gone.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    pub(super) feed: mpsc::Sender<Feed>,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) windows: watch::Receiver<Arc<LogWindow>>,
}

#[derive(Debug)]
pub(super) enum Order {
    Query(Box<LogQuery>),
    Skew(HostName, f64, f64),
    Version(HostName, String, Option<String>),
    Export(export::Order),
    Survey(survey::Order),
    Settle(oneshot::Sender<()>),
    Excerpt(Arc<Source>, Vec<RawLine>, usize, oneshot::Sender<RowId>),
    /// Older lines, or newer ones, for what was read around a line.
    ReadOn(RowId, Vec<RawLine>, bool, oneshot::Sender<bool>),
}

impl EngineHandle {
    /// Where sources bring what they have.
    pub fn feed(&self) -> mpsc::Sender<Feed> {
        self.feed.clone()
    }

    /// Asks for a window; the newest question is answered.
    pub fn query(&self, query: LogQuery) {
        if let Err(error) = self.orders.try_send(Order::Query(Box::new(query))) {
            tracing::warn!(%error, "the log engine takes no questions");
        }
    }

    /// Takes rows out, and says when that is done; an error of the receiver means that it is not taken on.
    pub fn export(&self, export: Export, to: Box<dyn Write + Send>) -> oneshot::Receiver<io::Result<Exported>> {
        let (done, ended) = oneshot::channel();
        // An order that is not taken is dropped, and with it the sender.
        let _ = self.orders.try_send(Order::Export(export::Order { export, to, done }));
        ended
    }

    /// Counts something among the lines that are held: what is known so far, then the whole, once. A newer question
    /// takes the place of an older one, whose answer ends.
    pub fn survey(&self, survey: Survey) -> mpsc::Receiver<Tally> {
        let (to, tallies) = mpsc::channel(4);
        // An order that is not taken is dropped, and with it the sender.
        let _ = self.orders.try_send(Order::Survey(survey::Order { survey, to }));
        tallies
    }

    /// Waits until everything that was brought so far is there to be shown.
    pub async fn settled(&self) {
        let (done, settled) = oneshot::channel();
        if self.orders.send(Order::Settle(done)).await.is_ok() {
            let _ = settled.await;
        }
    }

    /// Keeps what was read around a line of a source, the one with this number, to be shown to a query that asks for the row
    /// that comes back. What was read around another is let go.
    pub async fn excerpt(&self, source: Arc<Source>, lines: Vec<RawLine>, at: usize) -> Option<RowId> {
        let (done, line) = oneshot::channel();
        self.orders.send(Order::Excerpt(source, lines, at, done)).await.ok()?;
        line.await.ok()
    }

    /// Keeps more of what was read around a line, which stands at this row there: what was written before it, or after it.
    /// Whether there is room for more yet; none where it was let go.
    pub async fn read_on(&self, line: RowId, lines: Vec<RawLine>, older: bool) -> Option<bool> {
        let (done, more) = oneshot::channel();
        self.orders.send(Order::ReadOn(line, lines, older, done)).await.ok()?;
        more.await.ok()
    }

    /// A host's clock runs ahead by so many milliseconds (negative: behind), give or take an error.
    pub fn set_skew(&self, host: HostName, milliseconds: f64, error: f64) {
        // The next sample says it again.
        let _ = self.orders.try_send(Order::Skew(host, milliseconds, error));
    }

    /// A service on a host reports this version from now on: its requests are counted by it.
    pub fn set_version(&self, host: HostName, service: String, version: Option<String>) {
        // The next answer of the service says it again.
        let _ = self.orders.try_send(Order::Version(host, service, version));
    }

    /// The newest window, and whenever there is a newer one. It closes when the engine ends.
    pub fn windows(&self) -> watch::Receiver<Arc<LogWindow>> {
        self.windows.clone()
    }
}
