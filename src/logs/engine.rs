//! The log engine: a thread of its own that takes what sources bring, and answers queries with windows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::{mpsc, watch};

use super::merge::Merge;
use super::record::Ingest;
use super::status::Figures;
use super::store::Store;
use super::view::View;
use crate::domain::host::HostName;
use crate::domain::log::{Feed, Source, SourceEventKind, SourceId};
use crate::domain::log_view::{LogQuery, LogWindow};
use crate::domain::settings::LogSettings;

/// Batches of lines that wait for the engine; beyond that the sources wait.
const FEED_BATCHES: usize = 256;
/// Windows are made at most this often for new rows; a query is answered at once.
const FRAME: Duration = Duration::from_millis(40);
/// Figures beside the stream change without new rows too.
const IDLE: Duration = Duration::from_secs(1);

/// The other side of a running engine. It ends when the last handle and feed are gone.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    feed: mpsc::Sender<Feed>,
    orders: mpsc::Sender<Order>,
    windows: watch::Receiver<Arc<LogWindow>>,
}

#[derive(Debug)]
enum Order {
    Query(LogQuery),
    Skew(HostName, f64),
}

impl EngineHandle {
    /// Where sources bring what they have.
    pub fn feed(&self) -> mpsc::Sender<Feed> {
        self.feed.clone()
    }

    /// Asks for a window; the newest question is answered.
    pub fn query(&self, query: LogQuery) {
        if self.orders.try_send(Order::Query(query)).is_err() {
            tracing::warn!("the log engine is behind; a question was dropped");
        }
    }

    /// A host's clock runs ahead by so many milliseconds.
    pub fn set_skew(&self, host: HostName, milliseconds: f64) {
        let _ = self.orders.try_send(Order::Skew(host, milliseconds));
    }

    /// The newest window, and whenever there is a newer one.
    pub fn windows(&self) -> watch::Receiver<Arc<LogWindow>> {
        self.windows.clone()
    }
}

/// Starts an engine. Must be called inside a tokio runtime.
pub fn start(settings: &LogSettings) -> EngineHandle {
    let (feed, feeds) = mpsc::channel(FEED_BATCHES);
    let (orders, ordered) = mpsc::channel(256);
    let (windows, seen) = watch::channel(Arc::new(LogWindow::default()));
    let engine = Engine {
        ingest: Ingest::default(),
        merge: Merge::live(settings.hold),
        store: Store::new(settings.memory),
        view: View::default(),
        figures: Vec::new(),
        windows,
    };
    // A runtime of its own keeps the regexes and the sorting away from everything that talks to hosts.
    let spawned = std::thread::Builder::new().name("qd-logs".to_owned()).spawn(move || {
        match tokio::runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime.block_on(engine.run(feeds, ordered)),
            Err(error) => tracing::error!(%error, "the log engine cannot start"),
        }
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "the log engine cannot start");
    }
    EngineHandle { feed, orders, windows: seen }
}

struct Engine {
    ingest: Ingest,
    merge: Merge,
    store: Store,
    view: View,
    figures: Vec<Figures>,
    windows: watch::Sender<Arc<LogWindow>>,
}

impl Engine {
    async fn run(mut self, mut feeds: mpsc::Receiver<Feed>, mut orders: mpsc::Receiver<Order>) {
        let mut published = Instant::now();
        let mut grown = false;
        loop {
            let asked = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.obey(order, &mut orders),
                    None => return,
                },
                feed = feeds.recv() => {
                    let Some(feed) = feed else { return };
                    self.take(feed);
                    // What is there already is taken at once, but keys come first.
                    for _ in 0..64 {
                        match feeds.try_recv() {
                            Ok(feed) => self.take(feed),
                            Err(_) => break,
                        }
                    }
                    false
                }
                () = tokio::time::sleep(self.pause(grown, published)) => false,
            };
            grown |= self.release();
            let due = published.elapsed() >= if grown { FRAME } else { IDLE };
            if asked || due {
                self.publish();
                published = Instant::now();
                grown = false;
            }
        }
    }

    /// How long nothing has to be done.
    fn pause(&self, grown: bool, published: Instant) -> Duration {
        let frame = (if grown { FRAME } else { IDLE }).saturating_sub(published.elapsed());
        let turn = self.merge.next_turn().map(|turn| turn.saturating_duration_since(Instant::now()));
        turn.map_or(frame, |turn| turn.min(frame)).max(Duration::from_millis(1))
    }

    fn obey(&mut self, order: Order, orders: &mut mpsc::Receiver<Order>) -> bool {
        let mut query = None;
        let mut next = Some(order);
        while let Some(order) = next {
            match order {
                Order::Query(asked) => query = Some(asked),
                Order::Skew(host, milliseconds) => self.ingest.set_skew(host, milliseconds),
            }
            next = orders.try_recv().ok();
        }
        let asked = query.is_some();
        if let Some(query) = query {
            self.view.ask(query, &self.store, &self.ingest);
        }
        asked
    }

    fn number(&mut self, source: &Arc<Source>) -> SourceId {
        let id = self.ingest.number(source);
        if self.figures.len() <= id.0 as usize {
            self.figures.resize(id.0 as usize + 1, Figures::default());
        }
        id
    }

    fn take(&mut self, feed: Feed) {
        let (now, instant) = (Utc::now(), Instant::now());
        match feed {
            Feed::Opened(source) => {
                self.number(&source);
            }
            Feed::CaughtUp(source) => {
                let id = self.number(&source);
                self.figures[id.0 as usize].live = true;
            }
            Feed::Lines(source, lines) => {
                let id = self.number(&source);
                for line in lines {
                    if let Some(record) = self.ingest.line(id, line, now) {
                        self.figures[id.0 as usize].count(&record, now);
                        self.merge.push(record, instant);
                    }
                }
            }
            Feed::Event(source, event) => {
                let id = self.number(&source);
                let figures = &mut self.figures[id.0 as usize];
                figures.live = event.kind != SourceEventKind::Disconnected;
                if event.kind == SourceEventKind::Connected {
                    figures.error = None;
                    return;
                }
                if let Some(record) = self.ingest.event(id, event) {
                    self.merge.push(record, instant);
                }
            }
            Feed::Failed(source, why) => {
                let id = self.number(&source);
                let figures = &mut self.figures[id.0 as usize];
                (figures.live, figures.error) = (false, Some(why));
            }
            Feed::Finished(_) => {}
        }
    }

    /// Moves the rows whose turn it is into the store; whether there were any.
    fn release(&mut self) -> bool {
        let now = Instant::now();
        let (mut any, mut out_of_place) = (false, false);
        while let Some(record) = self.merge.pop(now) {
            any = true;
            if record.late {
                out_of_place |= !self.store.insert(record);
            } else {
                if !out_of_place {
                    self.view.take(&record, &self.ingest);
                }
                self.store.insert(record);
            }
        }
        if let Some(first) = self.store.first().filter(|_| any) {
            self.view.forget_before(first);
        }
        if out_of_place {
            self.view.rebuild(&self.store, &self.ingest);
        }
        any
    }

    fn publish(&mut self) {
        let now = Utc::now();
        let mut window = self.view.window(&self.store, &self.ingest);
        let ids = (0..self.figures.len()).filter_map(|n| u32::try_from(n).ok().map(SourceId));
        window.sources = ids.filter_map(|id| self.figures[id.0 as usize].status(id, &self.ingest, now)).collect();
        window.rate = window.sources.iter().map(|source| source.rate).sum();
        self.windows.send_if_modified(|last| {
            let changed = **last != window;
            if changed {
                *last = Arc::new(window);
            }
            changed
        });
    }
}
