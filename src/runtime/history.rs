//! What figures were: each refresh is kept, and what is shown is compared with what was.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use crate::app::message::Message;
use crate::domain::alert::{Alert, AlertState, Severity};
use crate::domain::chronicle::Told;
use crate::domain::counter::{CounterSet, PERIOD};
use crate::domain::deploy::known::KnownRun;
use crate::domain::event::{Event, EventKind, Turn};
use crate::domain::run::RunRecord;
use crate::domain::settings::StoreSettings;
use crate::store::{CountersOf, Store, StoreError};

/// How often a cockpit keeps what figures are, whatever changes meanwhile: as finely as the store holds them.
pub const KEPT_EVERY: Duration = Duration::from_secs(60);
/// What alerts are called in the store, before their ids.
const ALERT: &str = "alert ";
/// How far back runs are shown.
const RUNS: TimeDelta = TimeDelta::days(90);
/// How often the store is looked at for what another process has written.
const RUNS_EVERY: Duration = Duration::from_secs(2);
/// So many events are told of, the newest; and how often the store is looked at for more.
const EVENTS: u32 = 2000;
const EVENTS_EVERY: Duration = Duration::from_secs(5);
/// A host's clock may run ahead of ours by so much, and what it tells is shown all the same.
const AHEAD: TimeDelta = TimeDelta::hours(1);
/// How often what is too old is forgotten.
const THINNED_EVERY: Duration = Duration::from_secs(6 * 60 * 60);
/// How much further back than a period is looked for what was a period ago.
const FURTHER: TimeDelta = TimeDelta::days(8);

/// What is kept of a fleet.
#[derive(Clone, Debug)]
pub struct History {
    store: Store,
    fleet: String,
    settings: StoreSettings,
}

impl History {
    /// Those of a fleet in a store, kept for as long as the config says.
    pub fn new(store: Store, fleet: &str, settings: StoreSettings) -> Self {
        Self { store, fleet: fleet.to_owned(), settings }
    }

    /// Keeps what the states of a set are. They are of the time of the oldest that they rest on: what could not be had
    /// anew is not what it is now.
    pub async fn keep(&self, set: &CounterSet) -> Result<(), StoreError> {
        let (Some(of), Some(at)) = (self.of(set), set.as_of) else { return Ok(()) };
        self.store.keep_counters(of, at, set.states().cloned().collect()).await
    }

    /// Fills in what the states of a set were a period before a time, and their trend.
    pub async fn compare(&self, set: &mut CounterSet, at: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(of) = self.of(set) else { return Ok(()) };
        let kept = self.store.counters(of, at - PERIOD - FURTHER, at, TimeDelta::days(1)).await?;
        set.compare(&kept, at);
        Ok(())
    }

    /// Puts what was kept in place of what sources only tell of now.
    pub async fn recall(
        &self,
        set: &mut CounterSet,
        at: DateTime<Utc>,
        only_of_now: impl Fn(&str) -> bool,
    ) -> Result<(), StoreError> {
        let Some(of) = self.of(set) else { return Ok(()) };
        let kept = self.store.counters(of, at - TimeDelta::days(1), at, TimeDelta::minutes(5)).await?;
        set.recall(&kept, at, only_of_now);
        Ok(())
    }

    /// The runs that began since a time, newest first.
    pub async fn runs(&self, since: DateTime<Utc>) -> Result<Vec<RunRecord>, StoreError> {
        self.store.runs(&self.fleet, since).await
    }

    /// Tells of the runs of the last months, and again whenever one of them changes, whoever changes it.
    pub async fn follow_runs(self, messages: mpsc::Sender<Message>) {
        follow(RUNS_EVERY, || self.runs(Utc::now() - RUNS), Message::Runs, &messages).await;
    }

    /// Tells of what happened in the last months, and again whenever there is more, whoever saw it.
    pub async fn follow_events(self, messages: mpsc::Sender<Message>) {
        let ask = || {
            let now = Utc::now();
            self.store.events(&self.fleet, now - RUNS, now + AHEAD, EVENTS)
        };
        follow(EVENTS_EVERY, ask, Message::Events, &messages).await;
    }

    /// Keeps what happened to runs that hosts tell of.
    pub async fn saw_runs(&self, runs: &[KnownRun]) {
        for event in runs.iter().flat_map(|run| run.events(&self.fleet)) {
            if let Err(error) = self.store.record(event).await {
                tracing::warn!("runs are not kept: {error}");
                return;
            }
        }
    }

    /// Keeps what a host told of a service.
    pub async fn saw(&self, told: Told) -> Result<(), StoreError> {
        match told {
            Told::Started(event) => self.store.record(event).await.map(drop),
            Told::Version(seen) => self.store.saw_version(seen).await.map(drop),
        }
    }

    /// The fleet that it is the history of.
    pub fn fleet(&self) -> &str {
        &self.fleet
    }

    /// Keeps that alerts began or ended. True for each that no other cockpit has seen before.
    pub async fn turns(&self, alerts: &[&Alert], now: DateTime<Utc>) -> Result<Vec<bool>, StoreError> {
        let turn = |alert: &&Alert| {
            let (kind, time) = match alert.state {
                AlertState::Resolved => (EventKind::AlertResolved, alert.ended),
                AlertState::Firing | AlertState::Pending => (EventKind::AlertFiring, alert.since),
            };
            let event = Event {
                fleet: self.fleet.clone(),
                key: String::new(),
                time: time.unwrap_or(now),
                kind,
                service: alert.service.clone(),
                environment: alert.environment.clone(),
                host: alert.host.clone(),
                text: alert.title.clone(),
            };
            Turn { of: format!("{ALERT}{}", alert.id), note: alert.severity.as_str().to_owned(), event }
        };
        self.store.turns(alerts.iter().map(turn).collect()).await
    }

    /// The alerts of a source that began, as far as anybody was told, and did not end.
    pub async fn standing_alerts(&self, source: &str) -> Result<Vec<Alert>, StoreError> {
        let alert = |Turn { of, note, event }: Turn| {
            let id = of.strip_prefix(ALERT)?;
            let severity = Severity::ALL.into_iter().find(|severity| severity.as_str() == note)?;
            Some(Alert {
                host: event.host,
                service: event.service,
                environment: event.environment,
                since: Some(event.time),
                ..Alert::firing(id.to_owned(), id.split(':').nth(1)?, source, severity, event.text)
            })
        };
        let standing = self.store.standing(&self.fleet, &format!("{ALERT}{source}:")).await?;
        Ok(standing.into_iter().filter_map(alert).collect())
    }

    /// Forgets what is too old.
    pub async fn thin(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.thin(self.settings, now).await
    }

    /// Forgets what is too old, now and every few hours, until it is dropped.
    pub async fn keep_thin(self) {
        loop {
            if let Err(error) = self.thin(Utc::now()).await {
                tracing::warn!("the store could not be thinned: {error}");
            }
            tokio::time::sleep(THINNED_EVERY).await;
        }
    }

    fn of(&self, set: &CounterSet) -> Option<CountersOf> {
        Some(CountersOf { fleet: self.fleet.clone(), account: set.account()? })
    }
}

/// Tells of what the store holds, and again whenever that is something else; until nobody listens.
async fn follow<T, F>(
    every: Duration,
    ask: impl Fn() -> F,
    message: impl Fn(Vec<T>) -> Message,
    messages: &mpsc::Sender<Message>,
) where
    T: Clone + PartialEq,
    F: Future<Output = Result<Vec<T>, StoreError>>,
{
    let mut told: Option<Vec<T>> = None;
    loop {
        match ask().await {
            Ok(found) if told.as_ref() != Some(&found) => {
                told = Some(found.clone());
                if messages.send(message(found)).await.is_err() {
                    return;
                }
            }
            Ok(_) if messages.is_closed() => return,
            Ok(_) => {}
            Err(error) => tracing::warn!("the store cannot be read: {error}"),
        }
        tokio::time::sleep(every).await;
    }
}
