//! Watching one host: what is known of it comes as events for as long as the handle lives.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::board::Board;
use super::checks;
use super::processes;
use super::session::Sampler;
use super::slots::Slots;
use crate::domain::host::HostName;
use crate::domain::sample::{HostFacts, Process, Sample};
use crate::domain::service::{Service, ServiceOnHost};
use crate::integrations::http::HostHttp;
use crate::transport::SharedTransport;

/// How much slower a host is sampled that nobody looks at.
pub const UNFOCUSED: u32 = 3;

/// What to watch on a host, and how often.
#[derive(Clone, Debug)]
pub struct HostPlan {
    /// Its name.
    pub host: HostName,
    /// The fast tier while somebody looks at the host; otherwise three times that.
    pub every: Duration,
    /// The slow tier: disks, units and containers.
    pub slow: Duration,
    /// The heartbeat. Three of them without a word, and the connection is declared dead.
    pub beat: Duration,
    /// Units of interest; those of the services are added.
    pub units: Vec<String>,
    /// The services that run on this host.
    pub services: Vec<Service>,
    /// Folders in which runs of their deploys are kept.
    pub states: Vec<String>,
}

impl HostPlan {
    /// The longest time between two words of a live host.
    pub const BEAT: Duration = Duration::from_secs(5);

    /// Every unit to ask for, each once, those of the services last.
    fn all_units(&self) -> Vec<String> {
        let mut units: Vec<String> = Vec::new();
        for unit in self.units.iter().chain(self.services.iter().filter_map(|service| service.unit.as_ref())) {
            if !units.contains(unit) {
                units.push(unit.clone());
            }
        }
        units
    }
}

/// News of one host.
#[derive(Clone, Debug, PartialEq)]
pub enum HostEvent {
    /// It said something at this time.
    Heard(DateTime<Utc>),
    /// A new look at it. Each has a later `at` than the one before.
    Sampled(Box<Sample>),
    /// What it is; once a connection.
    Facts(HostFacts),
    /// What a service of it is doing, whole.
    Service {
        /// The service's name.
        service: String,
        /// Its environment.
        environment: String,
        /// Everything known of it on this host.
        status: ServiceOnHost,
    },
    /// The processes asked for, or why they cannot be had.
    Processes(Result<Vec<Process>, String>),
    /// Why it is not measured though its connection stands; `None` once it is.
    Unmeasured(Option<String>),
    /// A run of a deploy of this id has begun there, or had when the host was first asked.
    Run(String),
    /// Samples do not continue from the one before: the link was lost, or the host started anew.
    Gap,
}

/// A host that is being watched; dropping it stops that.
#[derive(Debug)]
pub struct HostWatch {
    controls: Arc<Controls>,
    /// Aborts everything when dropped.
    #[expect(dead_code, reason = "its drop is what it is for")]
    tasks: JoinSet<()>,
}

/// What a person may change while it is watched.
#[derive(Debug)]
pub(super) struct Controls {
    pub focus: watch::Sender<bool>,
    /// Counts requests to look at everything now.
    pub refresh: watch::Sender<u64>,
    pub processes: Notify,
}

/// What the tasks of one host share.
pub(super) struct Shared {
    pub transport: SharedTransport,
    pub plan: HostPlan,
    pub units: Vec<String>,
    pub slots: Slots,
    pub board: Board,
    pub controls: Arc<Controls>,
}

impl Shared {
    /// Seconds between two fast ticks now.
    pub fn every(&self) -> Duration {
        if *self.controls.focus.borrow() { self.plan.every } else { self.plan.every * UNFOCUSED }
    }

    /// Tells of services whose status has changed.
    pub fn services_changed(&self, changed: Vec<usize>) {
        for index in changed {
            if let (Some(service), Some(status)) = (self.plan.services.get(index), self.board.status(index)) {
                let (service, environment) = (service.name.clone(), service.environment.clone());
                self.slots.put(HostEvent::Service { service, environment, status });
            }
        }
    }
}

/// Starts to watch a host over its connection, through losses and reconnections. Must be called inside a tokio runtime.
/// A slow reader of the events misses what is out of date, and holds up nothing.
pub fn watch(transport: SharedTransport, plan: HostPlan, events: mpsc::Sender<(HostName, HostEvent)>) -> HostWatch {
    let controls = Arc::new(Controls {
        focus: watch::Sender::new(false),
        refresh: watch::Sender::new(0),
        processes: Notify::new(),
    });
    let shared = Arc::new(Shared {
        board: Board::new(&plan.services),
        units: plan.all_units(),
        slots: Slots::default(),
        controls: Arc::clone(&controls),
        transport: Arc::clone(&transport),
        plan,
    });
    let http = Arc::new(HostHttp::new(transport));
    let mut tasks = JoinSet::new();
    tasks.spawn(deliver(Arc::clone(&shared), events));
    tasks.spawn(Sampler::new(Arc::clone(&shared)).run());
    tasks.spawn(processes::run(Arc::clone(&shared)));
    for (index, service) in shared.plan.services.iter().enumerate() {
        if let Some(check) = service.health.clone() {
            tasks.spawn(checks::health(Arc::clone(&shared), Arc::clone(&http), index, check));
        }
        if let Some(source) = service.version.clone() {
            let every = service.health.as_ref().map_or(checks::VERSION_EVERY, |health| health.every);
            tasks.spawn(checks::version(Arc::clone(&shared), Arc::clone(&http), index, source, every));
        }
    }
    HostWatch { controls, tasks }
}

impl HostWatch {
    /// Somebody looks at the host, or no longer does.
    pub fn focus(&self, focused: bool) {
        self.controls.focus.send_if_modified(|now| std::mem::replace(now, focused) != focused);
    }

    /// Looks at everything now, slow tier and services too.
    pub fn refresh(&self) {
        self.controls.refresh.send_modify(|count| *count += 1);
    }

    /// Asks for the processes: a list at once, and where no earlier look tells the shares of a processor, a second one
    /// with them soon after.
    pub fn processes(&self) {
        self.controls.processes.notify_one();
    }
}

async fn deliver(shared: Arc<Shared>, events: mpsc::Sender<(HostName, HostEvent)>) {
    // Room first, then the event: what is out of date by the time there is room is never sent.
    while let Ok(room) = events.reserve().await {
        let event = tokio::select! {
            event = shared.slots.next() => event,
            () = events.closed() => return,
        };
        room.send((shared.plan.host.clone(), event));
    }
}
