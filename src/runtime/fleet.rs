//! The hosts of a config as running things: one transport each, and what reads over it.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::domain::host::HostName;
use crate::domain::log::{Feed, LineSpot, Source, SourceKind, SourceSpec};
use crate::domain::service::Service;
use crate::domain::settings::{Settings, SshSettings};
use crate::hosts::watch::{HostEvent, HostPlan, HostWatch, watch};
use crate::logs::source::{Brought, Sieving, Stretch, Surroundings, TailHandle, TailOptions, tail};
use crate::transport::{Asker, Connector, SharedTransport, Sudo};

/// Every host is heard at least this often.
pub const HEARTBEAT: Duration = Duration::from_secs(5);

/// Where a host's events go.
pub type HostEvents = mpsc::Sender<(HostName, HostEvent)>;

/// All hosts of one config, connected.
pub struct Fleet {
    settings: Settings,
    members: BTreeMap<HostName, Member>,
    sudo: Arc<Sudo>,
}

/// A connection, closed when nobody has it any more.
pub struct Wire(SharedTransport);

impl Drop for Wire {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// One host's running parts. Dropping it stops them, and closes the connection unless something is still being done
/// over it.
struct Member {
    wire: Arc<Wire>,
    watch: Option<HostWatch>,
    tails: Vec<TailHandle>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.tails.clear();
        self.watch = None;
    }
}

impl Fleet {
    /// Begins to connect to every host; returns at once. Must be called inside a tokio runtime.
    pub fn connect(settings: Settings, asker: Arc<dyn Asker>) -> Self {
        let sudo = Arc::new(Sudo::new(settings.ssh.sudo, Arc::clone(&asker)));
        let ssh = SshSettings { askpass: this_program(), ..settings.ssh.clone() };
        let connector = Connector::new(ssh, settings.hosts.clone(), asker);
        let members = settings
            .hosts
            .iter()
            .map(|host| {
                (
                    host.name.clone(),
                    Member { wire: Arc::new(Wire(connector.connect(host))), watch: None, tails: Vec::new() },
                )
            })
            .collect();
        Self { settings, members, sudo }
    }

    /// Every host and its transport.
    pub fn transports(&self) -> impl Iterator<Item = (&HostName, &SharedTransport)> {
        self.members.iter().map(|(name, member)| (name, &member.wire.0))
    }

    /// The connections of some hosts, open for as long as they are kept.
    pub fn hold(&self, hosts: &[HostName]) -> Vec<(HostName, SharedTransport, Arc<Wire>)> {
        let held = |host: &HostName| {
            let wire = &self.members.get(host)?.wire;
            Some((host.clone(), wire.0.clone(), Arc::clone(wire)))
        };
        hosts.iter().filter_map(held).collect()
    }

    /// Begins to sample every host and to ask its services.
    pub fn watch(&mut self, events: &HostEvents) {
        for (name, member) in &mut self.members {
            let plan = plan(&self.settings, name);
            member.watch = Some(watch(member.wire.0.clone(), plan, events.clone()));
        }
    }

    /// Begins to tail every source of every service on every host of it. A source that two services share is read
    /// once, for the first.
    pub fn tail(
        &mut self,
        options: &TailOptions,
        wanted: impl Fn(&str, &SourceSpec) -> bool,
        feed: &mpsc::Sender<Feed>,
    ) {
        let options = TailOptions { sudo: Some(Arc::clone(&self.sudo)), ..options.clone() };
        for (name, member) in &mut self.members {
            for (service, spec) in sources(&self.settings, name) {
                if wanted(&service, &spec) {
                    let service = Some(Arc::from(service));
                    member.tails.push(tail(member.wire.0.clone(), service, spec, options.clone(), feed.clone()));
                }
            }
        }
    }

    /// Brings about so many bytes of what every source wrote before the oldest that was brought.
    pub fn older(&self, bytes: u64) -> impl Future<Output = Brought> + Send + 'static {
        sum(self.tails().map(|tail| tail.older(bytes)).collect())
    }

    /// Has the hosts look through about so many bytes of that of every source, and brings what they find; of what cannot be
    /// looked through there, `few` bytes.
    pub fn sieved(&self, bytes: u64, few: u64, sieving: &Sieving) -> impl Future<Output = Brought> + Send + 'static {
        sum(self.tails().map(|tail| tail.sieved(bytes, few, sieving.clone())).collect())
    }

    /// Reads about so many bytes before and after a line of a source.
    pub fn around(
        &self,
        source: Arc<Source>,
        spot: LineSpot,
        bytes: u64,
    ) -> impl Future<Output = Result<Surroundings, String>> + Send + 'static {
        first(self.tails().map(|tail| tail.around(source.clone(), spot.clone(), bytes)).collect())
    }

    /// Reads about so many bytes of a source before a place, or after it.
    pub fn further(
        &self,
        source: Arc<Source>,
        spot: LineSpot,
        older: bool,
        bytes: u64,
    ) -> impl Future<Output = Result<Stretch, String>> + Send + 'static {
        first(self.tails().map(|tail| tail.further(source.clone(), spot.clone(), older, bytes)).collect())
    }

    fn tails(&self) -> impl Iterator<Item = &TailHandle> {
        self.members.values().flat_map(|member| &member.tails)
    }

    /// Tries a host again now, and asks again what was refused there.
    pub fn reconnect(&self, host: &HostName) {
        self.sudo.retry(host);
        if let Some(member) = self.members.get(host) {
            member.wire.0.reconnect();
        }
    }

    /// Samples this host at the fast pace, all others at the slow one.
    pub fn focus(&self, host: Option<&HostName>) {
        for (name, watch) in self.watches() {
            watch.focus(Some(name) == host);
        }
    }

    /// Asks every host and service anew now.
    pub fn refresh(&self) {
        for (_, watch) in self.watches() {
            watch.refresh();
        }
    }

    /// Asks a host for its processes; the answer is a [`HostEvent`].
    pub fn processes(&self, host: &HostName) {
        if let Some(watch) = self.members.get(host).and_then(|member| member.watch.as_ref()) {
            watch.processes();
        }
    }

    fn watches(&self) -> impl Iterator<Item = (&HostName, &HostWatch)> {
        self.members.iter().filter_map(|(name, member)| Some((name, member.watch.as_ref()?)))
    }
}

/// What came of all of them.
async fn sum<F>(asked: Vec<F>) -> Brought
where
    F: Future<Output = Brought> + Send + 'static,
{
    let mut sum = Brought::default();
    futures_util::future::join_all(asked).await.into_iter().for_each(|brought| sum.add(brought));
    sum
}

/// What the one said whose source it is.
async fn first<F, T>(asked: Vec<F>) -> Result<T, String>
where
    F: Future<Output = Option<Result<T, String>>> + Send + 'static,
{
    let found = futures_util::future::join_all(asked).await.into_iter().flatten().next();
    found.unwrap_or_else(|| Err("its source is not read any more".to_owned()))
}

/// The file of this program, through which ssh asks; nobody else's program (a test's) knows how to.
fn this_program() -> Option<PathBuf> {
    std::env::current_exe().ok().filter(|exe| exe.file_name().is_some_and(|name| name == "qd"))
}

/// What to ask of one host.
fn plan(settings: &Settings, host: &HostName) -> HostPlan {
    let services: Vec<_> = settings.services.iter().filter(|s| s.hosts.contains(host)).cloned().collect();
    let mut units: Vec<String> = services.iter().filter_map(|s| s.unit.clone()).collect();
    units.sort();
    units.dedup();
    HostPlan {
        host: host.clone(),
        every: settings.stats.every,
        slow: settings.stats.slow,
        units,
        states: states(settings, &services),
        services,
        beat: HEARTBEAT,
    }
}

/// Where the runs of these services are kept on their hosts, each once.
fn states(settings: &Settings, services: &[Service]) -> Vec<String> {
    let state = |service: &Service| settings.deploy_over_hosts(service)?.state.clone();
    let mut states: Vec<String> = services.iter().filter_map(state).collect();
    states.sort();
    states.dedup();
    states
}

/// The log sources of one host, each once, with the service that claims it first.
pub fn sources(settings: &Settings, host: &HostName) -> Vec<(String, SourceSpec)> {
    let mut seen: HashSet<&SourceKind> = HashSet::new();
    let mut out = Vec::new();
    for service in settings.services.iter().filter(|s| s.hosts.contains(host)) {
        for spec in &service.logs {
            if seen.insert(&spec.kind) {
                out.push((service.name.clone(), spec.clone()));
            }
        }
    }
    out
}
