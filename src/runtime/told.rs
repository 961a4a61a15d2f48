//! What the workers tell, put into messages for the screen.

use tokio::sync::{mpsc, watch};

use super::chronicler::Chronicler;
use crate::app::message::Message;
use crate::domain::host::{HostName, Link};
use crate::hosts::watch::HostEvent;
use crate::logs::engine::EngineHandle;

/// A host's link, whenever it changes.
pub(super) async fn links(host: HostName, mut link: watch::Receiver<Link>, messages: mpsc::Sender<Message>) {
    loop {
        let now = link.borrow_and_update().clone();
        if messages.send(Message::Link(host.clone(), now)).await.is_err() || link.changed().await.is_err() {
            return;
        }
    }
}

/// What hosts say becomes messages; a measured skew goes to the log engine, and what happened is kept.
pub(super) async fn host_events(
    mut events: mpsc::Receiver<(HostName, HostEvent)>,
    engine: EngineHandle,
    chronicler: Option<Chronicler>,
    began: mpsc::Sender<String>,
    messages: mpsc::Sender<Message>,
) {
    while let Some((host, event)) = events.recv().await {
        if let Some(chronicler) = &chronicler {
            chronicler.hear(&host, &event);
        }
        let message = match event {
            HostEvent::Heard(at) => Message::Heard(host, at),
            HostEvent::Sampled(sample) => {
                if let (Some(skew), Some(error)) = (sample.clock_skew_ms, sample.clock_error_ms) {
                    engine.set_skew(host.clone(), skew, error);
                }
                Message::Sampled(host, sample)
            }
            HostEvent::Facts(facts) => Message::Facts(host, facts),
            HostEvent::Service { service, environment, status } => {
                engine.set_version(host.clone(), service.clone(), status.version.clone());
                Message::Service { service, environment, host, status }
            }
            HostEvent::Unmeasured(why) => Message::Unmeasured(host, why),
            HostEvent::Processes(list) => Message::Processes(host, list),
            HostEvent::Run(id) => {
                // Where so many wait, somebody looks already.
                let _ = began.try_send(id);
                continue;
            }
            HostEvent::Gap => continue,
        };
        if messages.send(message).await.is_err() {
            return;
        }
    }
}

/// The newest window of the logs, as fast as the screen takes it.
pub(super) async fn windows(engine: EngineHandle, messages: mpsc::Sender<Message>) {
    let mut windows = engine.windows();
    while windows.changed().await.is_ok() {
        let window = (**windows.borrow_and_update()).clone();
        if messages.send(Message::Logs(Box::new(window))).await.is_err() {
            return;
        }
    }
}
