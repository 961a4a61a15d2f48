//! What waits to be told of a host: the newest of each kind only, so that a reader who lags finds what is, not what was,
//! and nothing grows.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::watch::HostEvent;
use crate::domain::sample::{HostFacts, Process, Sample};
use crate::domain::service::ServiceOnHost;

/// The newest event of each kind that has not been taken yet.
#[derive(Debug, Default)]
pub struct Slots {
    waiting: Mutex<Waiting>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    heard: Option<DateTime<Utc>>,
    facts: Option<HostFacts>,
    gap: bool,
    sample: Option<Box<Sample>>,
    /// By service and environment.
    services: BTreeMap<(String, String), ServiceOnHost>,
    processes: Option<Result<Vec<Process>, String>>,
    unmeasured: Option<Option<String>>,
    /// Of the runs that began the newest, whose looker finds the others beside it.
    run: Option<String>,
}

impl Slots {
    /// Puts an event in the place of an older one of its kind.
    pub fn put(&self, event: HostEvent) {
        let mut waiting = self.waiting();
        match event {
            HostEvent::Heard(at) => waiting.heard = Some(at),
            HostEvent::Facts(facts) => waiting.facts = Some(facts),
            HostEvent::Gap => {
                waiting.gap = true;
                waiting.sample = None;
            }
            HostEvent::Sampled(sample) => waiting.sample = Some(sample),
            HostEvent::Service { service, environment, status } => {
                waiting.services.insert((service, environment), status);
            }
            HostEvent::Processes(list) => waiting.processes = Some(list),
            HostEvent::Unmeasured(why) => waiting.unmeasured = Some(why),
            HostEvent::Run(id) => waiting.run = Some(id),
        }
        drop(waiting);
        self.ready.notify_one();
    }

    /// The next event, as soon as there is one. A gap comes before the sample that ended it.
    pub async fn next(&self) -> HostEvent {
        loop {
            if let Some(event) = self.waiting().take() {
                return event;
            }
            self.ready.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self) -> Option<HostEvent> {
        if let Some(at) = self.heard.take() {
            return Some(HostEvent::Heard(at));
        }
        if let Some(why) = self.unmeasured.take() {
            return Some(HostEvent::Unmeasured(why));
        }
        if let Some(facts) = self.facts.take() {
            return Some(HostEvent::Facts(facts));
        }
        if std::mem::take(&mut self.gap) {
            return Some(HostEvent::Gap);
        }
        if let Some(sample) = self.sample.take() {
            return Some(HostEvent::Sampled(sample));
        }
        if let Some(((service, environment), status)) = self.services.pop_first() {
            return Some(HostEvent::Service { service, environment, status });
        }
        if let Some(id) = self.run.take() {
            return Some(HostEvent::Run(id));
        }
        self.processes.take().map(HostEvent::Processes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64) -> Box<Sample> {
        Box::new(Sample { at: DateTime::from_timestamp(second, 0).unwrap(), ..Sample::default() })
    }

    #[tokio::test]
    async fn a_reader_who_lags_finds_the_newest() {
        let slots = Slots::default();
        for second in 0..1000 {
            slots.put(HostEvent::Sampled(sample(second)));
        }
        assert_eq!(slots.next().await, HostEvent::Sampled(sample(999)));
        assert!(slots.waiting().take().is_none());
    }

    #[tokio::test]
    async fn a_gap_stands_before_what_follows_and_takes_what_went_before() {
        let slots = Slots::default();
        slots.put(HostEvent::Sampled(sample(1)));
        slots.put(HostEvent::Gap);
        slots.put(HostEvent::Sampled(sample(2)));
        assert_eq!(slots.next().await, HostEvent::Gap);
        assert_eq!(slots.next().await, HostEvent::Sampled(sample(2)));
    }

    #[tokio::test]
    async fn services_do_not_displace_one_another() {
        let slots = Slots::default();
        for name in ["api", "web", "api"] {
            let (environment, status) = ("production".to_owned(), ServiceOnHost::default());
            slots.put(HostEvent::Service { service: name.to_owned(), environment, status });
        }
        for name in ["api", "web"] {
            assert!(matches!(slots.next().await, HostEvent::Service { service, .. } if service == name));
        }
        assert!(slots.waiting().take().is_none());
    }
}
