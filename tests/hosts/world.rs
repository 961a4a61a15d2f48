//! What the tests of this folder share.

use std::sync::Arc;
use std::time::Duration;

use quarterdeck::domain::host::{Host, TransportChoice};
use quarterdeck::domain::service::Service;
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::hosts::{HostEvent, HostPlan, HostWatch, watch};
use quarterdeck::transport::{Connector, Nobody, SharedTransport};
use tokio::sync::mpsc;

/// A generous ceiling on anything that must not hang.
pub const SOON: Duration = Duration::from_secs(20);

/// This machine.
pub fn local() -> SharedTransport {
    let mut host = Host::named("here", "test");
    host.transport = TransportChoice::Local;
    Connector::new(SshSettings::default(), vec![], Arc::new(Nobody)).connect(&host)
}

/// A plan that looks often.
pub fn plan(every_ms: u64) -> HostPlan {
    HostPlan {
        states: Vec::new(),
        host: "here".into(),
        every: Duration::from_millis(every_ms),
        slow: Duration::from_secs(30),
        beat: HostPlan::BEAT,
        units: vec![],
        services: vec![],
    }
}

/// A service of which nothing is asked.
pub fn service(name: &str) -> Service {
    Service {
        name: name.to_owned(),
        environment: "test".to_owned(),
        hosts: vec!["here".into()],
        unit: None,
        container: None,
        critical: false,
        health: None,
        version: None,
        access_log: None,
        runbook: None,
        logs: vec![],
    }
}

/// A host that is being watched, and its news.
pub struct Watched {
    /// The handle.
    pub watch: HostWatch,
    transport: SharedTransport,
    events: mpsc::Receiver<(quarterdeck::domain::host::HostName, HostEvent)>,
}

impl Watched {
    /// Watches a host.
    pub fn start(transport: SharedTransport, plan: HostPlan) -> Self {
        let (events, receiver) = mpsc::channel(1);
        Self { watch: watch(Arc::clone(&transport), plan, events), transport, events: receiver }
    }

    /// The first event that gives something; fails the test when none does in time.
    pub async fn wait<T>(&mut self, what: &str, mut wanted: impl FnMut(HostEvent) -> Option<T>) -> T {
        let search = async {
            loop {
                let (_, event) = self.events.recv().await.expect("the watcher lives as long as its handle");
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(SOON, search).await;
        found.unwrap_or_else(|_| panic!("no {what} within {SOON:?}; {:?}", *self.transport.link().borrow()))
    }
}
