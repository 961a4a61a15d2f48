//! The log engine: a thread of its own that takes what sources bring, and answers queries with windows.

mod handle;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};

pub use self::handle::EngineHandle;
use self::handle::Order;
use super::excerpt::Excerpt;
use super::export::Running;
use super::insight::Insight;
use super::lone::Sieved;
use super::merge::{Merge, Released, Rule};
use super::parse::Part;
use super::record::Ingest;
use super::skew::Skews;
use super::store::Store;
use super::survey;
use super::view::View;
use crate::domain::log::{Feed, RawLine, Source, SourceEventKind, SourceId};
use crate::domain::log_view::LogWindow;
use crate::domain::settings::LogSettings;
use crate::transport::background::step_back;

/// Batches of lines that wait for the engine; beyond that the sources wait.
const FEED_BATCHES: usize = 256;
/// Queries and measured clocks that wait; keys and samples give a few a second, and all are taken at once.
const ORDERS: usize = 1024;
/// Windows are made at most this often for new rows; a query is answered at once.
const FRAME: Duration = Duration::from_millis(33);
/// Figures beside the stream change without new rows too.
const IDLE: Duration = Duration::from_secs(1);
/// A filter is run over older rows for so long at a time; then new lines and queries have their turn.
const SLICE: Duration = Duration::from_millis(8);

/// Starts an engine.
pub fn start(settings: &LogSettings) -> EngineHandle {
    let (feed, feeds) = mpsc::channel(FEED_BATCHES);
    let (orders, ordered) = mpsc::channel(ORDERS);
    let (windows, seen) = watch::channel(Arc::new(LogWindow::default()));
    let engine = Engine {
        ingest: Ingest::default(),
        merge: Merge::new(Rule::Hold { hold: settings.hold, history: settings.hold }),
        store: Store::new(settings.memory).helped(),
        view: View::default(),
        skews: Skews::default(),
        exports: VecDeque::new(),
        survey: None,
        insight: Insight::default(),
        waiting: false,
        older: VecDeque::new(),
        sieved: Sieved::default(),
        excerpt: None,
        settling: Vec::new(),
        windows,
    };
    // A runtime of its own keeps the regexes and the sorting away from everything that talks to hosts.
    let spawned = std::thread::Builder::new().name("qd-logs".to_owned()).spawn(move || {
        step_back();
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
    skews: Skews,
    /// What is being taken out; the first is worked on.
    exports: VecDeque<Running>,
    /// What is being counted.
    survey: Option<survey::Running>,
    insight: Insight,
    /// Rows whose turn has come wait for the next one.
    waiting: bool,
    /// Rows from before all others, on their way into the store.
    older: VecDeque<Released>,
    /// Rows that came without those around them.
    sieved: Sieved,
    /// What was read around one of them.
    excerpt: Option<Excerpt>,
    /// Who waits until so many more batches are in the store.
    settling: Vec<(usize, oneshot::Sender<()>)>,
    windows: watch::Sender<Arc<LogWindow>>,
}

impl Engine {
    async fn run(mut self, mut feeds: mpsc::Receiver<Feed>, mut orders: mpsc::Receiver<Order>) {
        let mut published = Instant::now();
        // Rows have come, or a query has, since the last window.
        let (mut grown, mut asked) = (false, false);
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => asked |= self.obey(order, &mut orders, feeds.len()),
                    None => return,
                },
                feed = feeds.recv() => {
                    let Some(feed) = feed else { return };
                    self.take(feed);
                    // What is there already is taken at once, but keys come first.
                    let until = Instant::now() + SLICE;
                    while Instant::now() < until
                        && let Ok(feed) = feeds.try_recv()
                    {
                        self.take(feed);
                    }
                }
                () = tokio::time::sleep(self.pause(grown || asked, published)) => {}
            }
            grown |= self.release();
            let due = published.elapsed() >= if grown { FRAME } else { IDLE };
            if asked || due || !self.view.is_complete() {
                let until = Instant::now() + SLICE;
                self.view.advance_first(&self.store, &self.ingest, || Instant::now() < until);
            }
            if let Some(running) = self.exports.pop_front() {
                let until = Instant::now() + SLICE;
                let (store, ingest) = self.shown();
                let left = running.advance(store, ingest, || Instant::now() < until);
                left.into_iter().for_each(|running| self.exports.push_front(running));
            }
            if let Some(running) = self.survey.take() {
                let until = Instant::now() + SLICE;
                let (store, ingest) = self.shown();
                self.survey = running.advance(store, ingest, || Instant::now() < until);
            }
            if (asked || due) && self.publish() {
                published = Instant::now();
                // A filter that still runs over older rows will have more to say.
                (grown, asked) = (!self.view.is_complete(), false);
            }
        }
    }

    /// How long nothing has to be done.
    fn pause(&self, grown: bool, published: Instant) -> Duration {
        if self.waiting || !self.view.is_complete() || !self.exports.is_empty() || self.survey.is_some() {
            return Duration::ZERO;
        }
        let frame = (if grown { FRAME } else { IDLE }).saturating_sub(published.elapsed());
        let turn = self.merge.next_turn().map(|turn| turn.saturating_duration_since(Instant::now()));
        turn.map_or(frame, |turn| turn.min(frame)).max(Duration::from_millis(1))
    }

    /// Obeys all orders that are there; `coming` batches wait to be taken. Whether there was a query among them.
    fn obey(&mut self, order: Order, orders: &mut mpsc::Receiver<Order>, coming: usize) -> bool {
        let (mut query, mut next) = (None, Some(order));
        while let Some(order) = next {
            match order {
                Order::Query(asked) => query = Some(*asked),
                Order::Skew(host, milliseconds, error) => self.skews.measured(host, milliseconds, error),
                Order::Version(host, service, version) => {
                    self.insight.set_version(host, &service, version.as_deref());
                }
                Order::Export(order) => self.exports.extend(Running::begin(order)),
                Order::Survey(order) => self.survey = survey::Running::begin(order),
                Order::Excerpt(source, lines, at, done) => {
                    self.excerpt = Excerpt::new(&self.ingest, &source, lines, at, Utc::now());
                    // Whoever asked is told by the lack of an answer.
                    let _ = self.excerpt.as_ref().map(|excerpt| done.send(excerpt.line()));
                }
                Order::ReadOn(line, lines, older, done) => {
                    if let Some(excerpt) = self.excerpt.as_mut().filter(|excerpt| excerpt.line() == line) {
                        match older {
                            true => excerpt.prepend(lines, Utc::now()),
                            false => drop(excerpt.append(lines, Utc::now())),
                        }
                        // Whoever asked may be gone.
                        let _ = done.send(!excerpt.is_full());
                    }
                }
                Order::Settle(done) => self.settling.push((coming, done)),
            }
            next = orders.try_recv().ok();
        }
        let asked = query.is_some();
        if let Some(query) = query {
            self.skews.use_raw(query.raw_time);
            // What was looked for by one filter would be a lie under another.
            if query.sought != self.view.query().sought {
                self.forget_sieved();
            }
            self.view.ask(query);
        }
        self.skews.apply(&mut self.ingest, &mut self.merge, &mut self.store);
        asked
    }

    fn take(&mut self, feed: Feed) {
        let (now, instant) = (Utc::now(), Instant::now());
        self.settling.iter_mut().for_each(|(coming, _)| *coming = coming.saturating_sub(1));
        match feed {
            Feed::Opened(source) => {
                let id = self.ingest.number(&source);
                self.merge.open(id, instant);
            }
            Feed::CaughtUp(source) => {
                let id = self.ingest.number(&source);
                let figures = self.insight.figures(id);
                (figures.live, figures.caught_up) = (true, true);
                self.merge.caught_up(id);
            }
            Feed::Lines(source, lines) => {
                let id = self.ingest.number(&source);
                for line in lines {
                    let Some((record, place)) = self.ingest.line(id, line, now) else { continue };
                    if let Some(state) = self.ingest.source(id) {
                        self.insight.look(&record, state, now);
                    }
                    self.merge.push(record, place, now.timestamp_micros(), instant);
                }
            }
            Feed::Older(source, lines) => {
                let id = self.ingest.number(&source);
                let rows = self.older(id, lines, now);
                if let Some(state) = self.ingest.source(id) {
                    rows.iter().for_each(|row| self.insight.look_back(&row.record, state));
                }
                self.older.extend(rows);
            }
            Feed::Sieved(source, lines, sought) => {
                // Something else is wanted by now.
                if self.view.query().sought.as_deref() != Some(&*sought) {
                    return;
                }
                let id = self.ingest.number(&source);
                let last = self.ingest.lowest(id);
                let (lines, spots): (_, Vec<_>) = lines.into_iter().map(|lone| (lone.line, lone.spot)).unzip();
                let rows = self.older(id, lines, now);
                self.sieved.add(id, last, rows.iter().map(|row| row.id.seq).zip(spots));
                self.older.extend(rows);
            }
            Feed::Event(source, event) => {
                let id = self.ingest.number(&source);
                // What a tool says of its own may be why it cannot go on.
                if event.kind != SourceEventKind::Said {
                    let figures = self.insight.figures(id);
                    figures.live = event.kind != SourceEventKind::Disconnected;
                    if figures.live {
                        figures.error = None;
                    }
                    self.parts_are(&source, event.kind != SourceEventKind::Disconnected);
                }
                // That a source is read is seen in the sidebar.
                if event.kind == SourceEventKind::Connected {
                    return;
                }
                if let Some((record, place)) = self.ingest.event(id, event) {
                    self.merge.push(record, place, now.timestamp_micros(), instant);
                }
            }
            Feed::Failed(source, why) | Feed::Unreached(source, why) => {
                let id = self.ingest.number(&source);
                let figures = self.insight.figures(id);
                (figures.live, figures.error) = (false, Some(why));
                self.parts_are(&source, false);
            }
            Feed::Finished(_) => {}
        }
    }

    /// The parts of what a command says are read as long as it is.
    fn parts_are(&mut self, command: &Source, live: bool) {
        let begin = Part::source(&command.name, "");
        for (state, id) in self.ingest.sources().iter().zip(0..) {
            let Source { host, service, name } = &*state.source;
            if *host == command.host && *service == command.service && name.starts_with(&begin) {
                self.insight.figures(SourceId(id)).live = live;
            }
        }
    }

    /// Lines from before a source's oldest as rows.
    fn older(&mut self, id: SourceId, lines: Vec<RawLine>, now: DateTime<Utc>) -> Vec<Released> {
        // Of what is still on its way here nothing is in the store.
        let coming = self.older.iter().find(|row| row.id.source == id).map(|row| row.id.micros);
        let held = self.store.oldest(id).map(|oldest| oldest.micros);
        let before = coming.into_iter().chain(held).min().unwrap_or(now.timestamp_micros());
        self.ingest.older(id, lines, before, now)
    }

    /// Lets go of the rows that came for a filter or a search alone.
    fn forget_sieved(&mut self) {
        let sieved = std::mem::take(&mut self.sieved);
        if sieved.is_empty() {
            return;
        }
        self.older.retain(|row| !sieved.has(row.id));
        self.store.forget(|id| sieved.has(id), |source| sieved.of(source).is_some());
        sieved.sources().for_each(|(id, last)| self.ingest.begin_before(id, last));
        let query = self.view.query().clone();
        self.view = View::default();
        self.view.ask(query);
    }

    /// Moves the rows whose turn it is into the store; whether there were any.
    fn release(&mut self) -> bool {
        let (mut any, store) = (false, &mut self.store);
        // Keys come first here too, however much has been waited for.
        let (until, mut turn) = (Instant::now() + SLICE, 0_u32);
        let more = || {
            turn += 1;
            !turn.is_multiple_of(256) || Instant::now() < until
        };
        self.waiting = !self.merge.release_some(Instant::now(), more, |row| {
            any = true;
            store.insert(row);
        });
        while Instant::now() < until
            && let Some(row) = self.older.pop_front()
        {
            any = true;
            store.insert(row);
        }
        self.waiting |= !self.older.is_empty();
        if self.older.is_empty() {
            for (_, done) in self.settling.extract_if(.., |(coming, _)| *coming == 0) {
                // Nobody may wait any more.
                let _ = done.send(());
            }
        }
        any
    }

    /// The rows that are shown, and the sources they are of.
    fn shown(&self) -> (&Store, &Ingest) {
        let wanted = self.view.query().excerpt;
        let excerpt = self.excerpt.as_ref().filter(|excerpt| wanted == Some(excerpt.line()));
        excerpt.map_or((&self.store, &self.ingest), Excerpt::held)
    }

    /// Sends a window when it can be made and is another than the last; whether it could be made.
    fn publish(&mut self) -> bool {
        let now = Utc::now();
        let wanted = self.view.query().excerpt;
        let window = match self.excerpt.as_mut().filter(|excerpt| wanted == Some(excerpt.line())) {
            Some(excerpt) => excerpt.window(self.view.query()),
            None => self.view.window(&self.store, &self.ingest).map(|mut window| {
                window.rows.iter_mut().for_each(|row| row.spot = self.sieved.spot(row.id));
                window
            }),
        };
        let Some(mut window) = window else { return false };
        self.insight.tell(&mut window, self.view.query(), &self.ingest, now);
        self.windows.send_if_modified(|last| {
            let changed = **last != window;
            if changed {
                *last = Arc::new(window);
            }
            changed
        });
        true
    }
}

#[cfg(test)]
mod tests;
