//! Keeping what hosts tell of their services: starts and versions.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::history::History;
use crate::domain::chronicle::Chronicle;
use crate::domain::host::HostName;
use crate::domain::service::ServiceOnHost;
use crate::hosts::watch::HostEvent;

/// Words that wait for a slow disk. One that finds no room is lost: what a service is doing is told again and again.
const WAITING: usize = 256;

/// What of a host's news is listened to.
#[derive(Debug)]
enum Word {
    Lost,
    Units { at: DateTime<Utc>, skew: TimeDelta },
    Service { service: String, environment: String, status: Box<ServiceOnHost> },
}

/// Keeps what it hears, until it is dropped.
#[derive(Debug)]
pub struct Chronicler {
    words: mpsc::Sender<(HostName, Word)>,
}

impl Chronicler {
    /// One that writes to a history. Must be called inside a tokio runtime.
    pub fn start(history: History) -> Self {
        let (words, heard) = mpsc::channel(WAITING);
        tokio::spawn(write(history, heard));
        Self { words }
    }

    /// Listens to news of a host.
    pub fn hear(&self, host: &HostName, event: &HostEvent) {
        let word = match event {
            HostEvent::Gap => Word::Lost,
            HostEvent::Sampled(sample) => {
                let Some(slow) = &sample.slow else { return };
                // What may be more the way than the clock is no reason to correct a time.
                let skew = sample.clock_skew_ms.zip(sample.clock_error_ms).filter(|(skew, error)| skew.abs() > *error);
                let skew = TimeDelta::milliseconds(skew.map_or(0, |(skew, _)| skew as i64));
                Word::Units { at: slow.at, skew }
            }
            HostEvent::Service { service, environment, status } => Word::Service {
                service: service.clone(),
                environment: environment.clone(),
                status: Box::new(status.clone()),
            },
            HostEvent::Heard(_)
            | HostEvent::Facts(_)
            | HostEvent::Processes(_)
            | HostEvent::Unmeasured(_)
            | HostEvent::Run(_) => return,
        };
        let _ = self.words.try_send((host.clone(), word));
    }
}

async fn write(history: History, mut heard: mpsc::Receiver<(HostName, Word)>) {
    let mut chronicle = Chronicle::new(history.fleet());
    let mut well = true;
    while let Some((host, word)) = heard.recv().await {
        let told = match word {
            Word::Lost => {
                chronicle.lost(&host, Utc::now());
                continue;
            }
            Word::Units { at, skew } => chronicle.units(&host, at, skew),
            Word::Service { service, environment, status } => chronicle.take(&host, &service, &environment, &status),
        };
        for told in told {
            let kept = history.saw(told).await;
            if let Err(error) = &kept {
                chronicle.forget(&host);
                if well {
                    tracing::warn!("what happened on {host} is not kept: {error}");
                }
            }
            well = kept.is_ok();
        }
    }
}
