//! A host over SSH: keeps one connection alive, whichever way it is made.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::backoff::{Backoff, jitter, knocks};
use super::connector::Connector;
use super::error::{fail, retries};
use super::link::LinkCell;
use super::resolve::{Target, Written, hops};
use super::{Backlog, ExecSpec, Exit, Producer, Stream, Transport, choose, openssh, ssh};
use crate::domain::host::{Host, HostName, Link, LinkError, LinkErrorKind, LinkState, TransportChoice, TransportKind};

/// A link that lasted this long was a good one: the next failure starts from the shortest delay.
const GOOD: Duration = Duration::from_secs(10);
/// Patience for a TCP connection to a host that is knocked at about every second.
const KNOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How long a keeper may take to notice an order.
const NOTICE: Duration = Duration::from_secs(1);
/// The longest chain of jumps.
const CHAIN: usize = 8;

/// One established connection, whichever way it was made.
pub(super) trait Session: Send + Sync {
    /// Runs a command; ends the producer with [`Exit::ConnectionLost`] when the connection is gone.
    fn exec(&self, spec: ExecSpec, producer: Producer);
    /// Opens a TCP connection from the host.
    fn dial(&self, host: &str, port: u16, producer: Producer);
    /// Over when the connection is lost, and why. Its streams end after the attempt's link was told.
    fn lost(&self) -> BoxFuture<'static, LinkError>;
    /// Ends it without waiting for anything.
    fn shut(&self);
}

/// What connecting needs to know.
pub(super) struct Attempt {
    /// What the transports share.
    pub connector: Arc<Connector>,
    /// What is dialed.
    pub target: Arc<Target>,
    /// The host before it, connected.
    pub hop: Option<Arc<Remote>>,
    /// Where questions show.
    pub link: LinkCell,
    /// How long a TCP connection may take.
    pub patience: Duration,
}

/// A failed attempt.
pub(super) enum Failed {
    /// As it is.
    Link(LinkError),
    /// libssh2 and the server have no algorithm in common, or do not get along: the system's ssh might.
    Negotiation(LinkError),
}

impl From<LinkError> for Failed {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

/// A connected session and the round trip that was measured on the way.
pub(super) type Connected = (Arc<dyn Session>, Option<Duration>);

/// A host over SSH.
pub(super) struct Remote {
    host: HostName,
    link: LinkCell,
    live: Arc<Live>,
    orders: mpsc::UnboundedSender<Order>,
    runtime: Handle,
}

/// The session of the current generation.
type Live = Mutex<Option<(u64, Arc<dyn Session>)>>;

enum Order {
    Reconnect,
    Dead { generation: u64, why: String },
    Close,
}

impl Remote {
    /// Starts to connect. `chain` names the hosts that wait for this one as their jump.
    pub fn start(connector: Arc<Connector>, host: Host, chain: Vec<String>) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let (link, live, runtime) = (LinkCell::new(), Arc::new(Live::default()), Handle::current());
        let remote = Self { host: host.name.clone(), link: link.clone(), live: Arc::clone(&live), orders, runtime };
        let keeper = Keeper {
            connector,
            host,
            chain,
            link,
            live,
            hop: None,
            generation: 0,
            lost_at: None,
            failed: None,
            only_openssh: None,
            backoff: Backoff::default(),
        };
        remote.runtime.spawn(keeper.run(received));
        remote
    }

    /// Waits until it is up, or has failed in a way that no patience mends.
    pub async fn ready(&self) -> Result<(), LinkError> {
        let mut link = self.link.subscribe();
        let settled = |link: &Link| {
            link.is_up() || (link.error.is_some() && !matches!(link.state, LinkState::Connecting | LinkState::Retrying))
        };
        let Ok(link) = link.wait_for(settled).await else { return Err(self.gone()) };
        match &link.error {
            Some(error) if !link.is_up() => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// [`Transport::reconnect`], and waits until its failure is no longer what the link shows.
    async fn retry(&self) {
        let mut link = self.link.subscribe();
        self.reconnect();
        let _ = tokio::time::timeout(NOTICE, link.wait_for(|link| link.state == LinkState::Connecting)).await;
    }

    /// The last failure, while it is not up.
    pub fn error(&self) -> Option<LinkError> {
        let link = self.link.subscribe();
        let link = link.borrow();
        link.error.clone().filter(|_| !link.is_up())
    }

    /// The hops to it and itself, outermost first.
    pub fn path(&self) -> Vec<String> {
        let mut path = self.link.subscribe().borrow().via.clone();
        path.push(self.host.to_string());
        path
    }

    fn gone(&self) -> LinkError {
        fail(LinkErrorKind::Lost, format!("{}: the connection was closed", self.host), "connect again")
    }

    fn session(&self) -> Option<(u64, Arc<dyn Session>)> {
        self.live.lock().expect("nothing panics under this lock").clone()
    }

    fn open(&self, input: bool, backlog: Backlog, start: impl FnOnce(&dyn Session, Producer)) -> Stream {
        let session = self.session();
        let generation = session.as_ref().map_or(0, |(generation, _)| *generation);
        let (stream, producer) = Stream::new(generation, input, backlog);
        match session {
            Some((_, session)) => start(&*session, producer),
            None => drop(self.runtime.spawn(producer.outbox.finish(Exit::ConnectionLost))),
        }
        stream
    }
}

impl Transport for Remote {
    fn host(&self) -> &HostName {
        &self.host
    }

    fn exec(&self, spec: ExecSpec) -> Stream {
        self.open(spec.stdin, spec.backlog, |session, producer| session.exec(spec, producer))
    }

    fn dial(&self, host: &str, port: u16) -> Stream {
        self.open(true, Backlog::Stall, |session, producer| session.dial(host, port, producer))
    }

    fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    fn reconnect(&self) {
        let _ = self.orders.send(Order::Reconnect);
    }

    fn declare_dead(&self, generation: u64, why: &str) {
        let _ = self.orders.send(Order::Dead { generation, why: why.to_owned() });
    }

    fn close(&self) {
        let _ = self.orders.send(Order::Close);
    }
}

/// The task that keeps one host connected. Ends when the transport is closed or dropped.
struct Keeper {
    connector: Arc<Connector>,
    host: Host,
    chain: Vec<String>,
    link: LinkCell,
    live: Arc<Live>,
    hop: Option<Arc<Remote>>,
    generation: u64,
    lost_at: Option<Instant>,
    failed: Option<LinkErrorKind>,
    /// Why the system's ssh has to be used, once libssh2 was found not to get along.
    only_openssh: Option<String>,
    backoff: Backoff,
}

impl Keeper {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while self.once(&mut orders).await.is_some() {}
        self.link.down();
        if let Some((_, session)) = self.live.lock().expect("nothing panics under this lock").take() {
            session.shut();
        }
    }

    /// One attempt, and what follows from it; `None` to end.
    async fn once(&mut self, orders: &mut mpsc::UnboundedReceiver<Order>) -> Option<()> {
        self.link.connecting();
        let outcome = tokio::select! {
            outcome = self.attempt() => outcome,
            () = closing(orders) => return None,
        };
        let error = match outcome {
            Ok(connected) => self.serve(connected, orders).await?,
            Err(Failed::Link(error)) => error,
            Err(Failed::Negotiation(error)) if self.host.transport == TransportChoice::Auto => {
                self.only_openssh = Some(error.message);
                return Some(());
            }
            Err(Failed::Negotiation(error)) => error,
        };
        self.failed = Some(error.kind);
        if retries(error.kind) {
            let lost = self.lost_at.map(|at| at.elapsed());
            let delay = self.backoff.bound(error.kind, lost).mul_f64(jitter());
            self.link.failed(error, Some(delay));
            tokio::select! {
                () = tokio::time::sleep(delay) => return Some(()),
                wanted = wanted(orders) => wanted?,
            }
        } else {
            self.link.failed(error, None);
            wanted(orders).await?;
        }
        // A person wants it now.
        self.backoff.reset();
        self.connector.questions.forget_refusals();
        if let Some(hop) = self.hop.as_ref().filter(|hop| hop.error().is_some()) {
            hop.retry().await;
        }
        Some(())
    }

    /// Lets the session live until it is lost; the reason, or `None` to end.
    async fn serve(
        &mut self,
        (session, rtt): Connected,
        orders: &mut mpsc::UnboundedReceiver<Order>,
    ) -> Option<LinkError> {
        let since = Instant::now();
        self.generation += 1;
        *self.live.lock().expect("nothing panics under this lock") = Some((self.generation, Arc::clone(&session)));
        self.link.up(self.generation, rtt);
        let dead = async {
            loop {
                match orders.recv().await? {
                    Order::Close => return None,
                    Order::Dead { generation, why } if generation == self.generation => return Some(why),
                    Order::Dead { .. } | Order::Reconnect => {}
                }
            }
        };
        let error = tokio::select! {
            error = session.lost() => error,
            dead = dead => fail(LinkErrorKind::Lost, format!("{}: {}", self.host.name, dead?), "it is dialed anew"),
        };
        self.link.of(self.generation).lost(error.clone());
        *self.live.lock().expect("nothing panics under this lock") = None;
        session.shut();
        self.lost_at = Some(Instant::now());
        if since.elapsed() >= GOOD {
            self.backoff.reset();
        }
        Some(error)
    }

    async fn attempt(&mut self) -> Result<Connected, Failed> {
        let written = Written::new(&self.host, &self.connector.settings)?;
        let target = self.connector.ssh_g.target(&self.host.name, &written, &self.connector.settings).await?;
        let target = Arc::new(target);
        let (kind, reason) = choose::choose(self.host.transport, &target, self.only_openssh.as_deref());
        self.link.transport(kind, reason);
        let attempt = Attempt {
            connector: Arc::clone(&self.connector),
            hop: self.connect_hop(&target).await?,
            target,
            link: self.link.of(self.generation + 1),
            patience: match self.failed {
                Some(failed) if knocks(failed, self.lost_at.map(|at| at.elapsed())) => KNOCK_PATIENCE,
                _ => self.connector.settings.connect_timeout,
            },
        };
        if kind == TransportKind::OpenSsh { openssh::connect(attempt).await } else { ssh::connect(attempt).await }
    }

    /// The host to jump through, up.
    async fn connect_hop(&mut self, target: &Target) -> Result<Option<Arc<Remote>>, LinkError> {
        let Some(host) = hops(&target.host, target.jump.as_deref(), &self.connector.hosts)? else {
            self.hop = None;
            return Ok(None);
        };
        let mut chain = self.chain.clone();
        chain.push(self.host.name.to_string());
        if chain.len() > CHAIN || chain.iter().any(|waiting| waiting == host.name.as_str()) {
            return Err(fail(
                LinkErrorKind::Config,
                format!("{}: its jump through {} leads back to itself", self.host.name, host.name),
                "correct jump or ProxyJump",
            ));
        }
        let hop = self.connector.hop(&host, chain)?;
        self.hop = Some(Arc::clone(&hop));
        let through = |error: LinkError| LinkError {
            message: format!("{}: through {}: {}", self.host.name, host.name, error.message),
            ..error
        };
        match tokio::time::timeout(self.connector.settings.connect_timeout, hop.ready()).await {
            Ok(ready) => ready.map_err(through)?,
            Err(_) => {
                let last = hop.error();
                return Err(last.map_or_else(|| super::error::timed_out(host.name.as_str(), "it"), through));
            }
        }
        self.link.via(hop.path());
        Ok(Some(hop))
    }
}

/// Over when the transport is closed or dropped; what else is ordered meanwhile is moot.
async fn closing(orders: &mut mpsc::UnboundedReceiver<Order>) {
    while !matches!(orders.recv().await, Some(Order::Close) | None) {}
}

/// Over when a person wants it now; `None` when the transport is closed or dropped.
async fn wanted(orders: &mut mpsc::UnboundedReceiver<Order>) -> Option<()> {
    loop {
        match orders.recv().await? {
            Order::Reconnect => return Some(()),
            Order::Close => return None,
            Order::Dead { .. } => {}
        }
    }
}
