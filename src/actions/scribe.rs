//! Writing a run down as it goes on, so that everybody on this machine sees it, and what is left of it later.

use chrono::Utc;

use super::record::Recorder;
use crate::domain::deployment::DeploymentStatus;
use crate::domain::event::{Event, EventKind, RunSeen};
use crate::domain::run::{RunHost, RunRecord};
use crate::domain::text::one_line;
use crate::store::Store;

/// The longest detail that is kept, in characters.
const DETAIL: usize = 300;

/// What a run is, before anything has happened.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Its id.
    pub id: &'a str,
    /// What is done, by its name in the registry.
    pub action: &'a str,
    /// To which service.
    pub service: Option<&'a str>,
    /// In which environment.
    pub environment: &'a str,
    /// The version that it is to make live.
    pub to: Option<&'a str>,
    /// Each host, and what is live there.
    pub hosts: Vec<(String, Option<String>)>,
}

/// Writes one run down. What cannot be written is no reason to stop it.
pub struct Scribe {
    store: Option<Store>,
    record: RunRecord,
}

impl Scribe {
    /// Writes down that it begins.
    pub async fn begin(recorder: &Recorder, subject: Subject<'_>) -> Self {
        let now = Utc::now();
        let mut versions: Vec<&Option<String>> = subject.hosts.iter().map(|(_, from)| from).collect();
        versions.dedup();
        let from = if let [one] = versions.as_slice() { (*one).clone() } else { None };
        let host = |(host, from): &(String, Option<String>)| RunHost {
            host: host.clone(),
            state: "queued".to_owned(),
            step: None,
            from: from.clone(),
            detail: None,
        };
        let record = RunRecord {
            id: subject.id.to_owned(),
            fleet: recorder.fleet.clone(),
            action: subject.action.to_owned(),
            service: subject.service.map(str::to_owned),
            environment: subject.environment.to_owned(),
            from,
            to: subject.to.map(str::to_owned),
            by: recorder.who.clone(),
            machine: recorder.from.clone(),
            began: now,
            updated: now,
            ended: None,
            status: DeploymentStatus::Running,
            detail: None,
            hosts: subject.hosts.iter().map(host).collect(),
            job: None,
        };
        let scribe = Self { store: recorder.store.as_ref().ok().cloned(), record };
        scribe.write().await;
        scribe.event(EventKind::DeployBegun, "begins").await;
        scribe
    }

    /// Goes on with a run that somebody has begun, here or elsewhere.
    pub async fn resume(recorder: &Recorder, subject: Subject<'_>, by: &str) -> Self {
        let known = match &recorder.store {
            Ok(store) => store.run(subject.id).await.ok().flatten(),
            Err(_) => None,
        };
        match known {
            Some(record) => Self { store: recorder.store.as_ref().ok().cloned(), record },
            None => {
                let mut scribe = Self::begin(recorder, subject).await;
                scribe.record.by = one_line(by, 100);
                scribe
            }
        }
    }

    /// Writes down what a change makes of it, when it makes anything of it.
    pub async fn note(&mut self, change: impl FnOnce(&mut RunRecord)) {
        let before = self.record.clone();
        change(&mut self.record);
        if self.record != before {
            self.record.updated = Utc::now();
            self.write().await;
        }
    }

    /// Where a host is, and why.
    pub async fn host(&mut self, host: &str, state: &str, step: Option<&str>, why: Option<&str>) {
        self.note(|record| {
            if let Some(known) = record.hosts.iter_mut().find(|known| known.host == host) {
                known.state = state.to_owned();
                known.step = step.map(str::to_owned);
                known.detail = why.map(|why| one_line(why, DETAIL));
            }
        })
        .await;
    }

    /// Writes down how it ended.
    pub async fn end(mut self, status: DeploymentStatus, why: &[String]) {
        self.record.status = status;
        self.record.ended = Some(Utc::now());
        self.record.updated = Utc::now();
        self.record.detail = (!why.is_empty()).then(|| one_line(&why.join("; "), DETAIL));
        self.write().await;
        self.event(EventKind::DeployEnded, status.as_str()).await;
    }

    async fn write(&self) {
        if let Some(store) = &self.store {
            // The audit says what happened; this is only for those who look on.
            let _ = store.save_run(self.record.clone()).await;
        }
    }

    /// What rulers and timelines show of deploys and rollbacks.
    async fn event(&self, kind: EventKind, word: &str) {
        let record = &self.record;
        let (Some(store), Some(to)) = (&self.store, &record.to) else { return };
        let seen = RunSeen {
            id: &record.id,
            action: &record.action,
            service: record.service.as_deref(),
            environment: &record.environment,
            to,
            by: &record.by,
        };
        let _ = store.record(Event::of_run(&record.fleet, &seen, kind, word, record.updated)).await;
    }
}
