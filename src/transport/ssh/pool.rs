//! The sessions to one host.
//!
//! sshd allows ten channels a connection by default (MaxSessions); a session takes eight, then another one is made. A
//! session whose server refuses earlier learns its limit, and one whose open hangs (a dial into nowhere) gets no more
//! to open until that is over. The loss of any of them is the loss of the link.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{self, Start};
use super::handshake::{Context, Patience};
use super::wake::WakeFd;
use super::wire::{self, Wire};
use crate::domain::host::{LinkError, LinkErrorKind};
use crate::transport::error::{fail, here};
use crate::transport::loader::Launch;
use crate::transport::remote::{Attempt, Failed, Session};
use crate::transport::{ExecSpec, Exit, Producer};

/// Channels that a session takes: two below sshd's default, for whatever else the connection may need.
pub(super) const CHANNELS: usize = 8;
/// Sessions to one host.
const SESSIONS: usize = 8;

/// Something to open.
pub(super) struct Job {
    /// What.
    pub what: What,
    /// When it has to be over.
    pub deadline: Option<Instant>,
    /// The stream's other end.
    pub producer: Producer,
}

/// What is opened.
pub(super) enum What {
    /// A command.
    Command(Launch),
    /// A TCP connection from the host.
    Dial(String, u16),
}

impl Job {
    fn takes_a_channel(&self) -> bool {
        matches!(self.what, What::Command(_))
    }
}

/// What the pool knows of one session.
pub(super) struct Seat {
    /// Its channels and what waits to become one.
    pub load: AtomicUsize,
    /// How many it takes.
    pub limit: AtomicUsize,
    /// Whether an open hangs.
    pub stalled: AtomicBool,
    jobs: mpsc::UnboundedSender<Job>,
    wake: Arc<WakeFd>,
    wire: Mutex<Option<Arc<Wire>>>,
}

impl Seat {
    fn has_room(&self, job: &Job) -> bool {
        let room = !job.takes_a_channel() || self.load.load(Ordering::Acquire) < self.limit.load(Ordering::Acquire);
        room && !self.stalled.load(Ordering::Acquire)
    }

    /// Hands a job over; it comes back when the session has ended.
    fn give(&self, job: Job) -> Option<Job> {
        self.load.fetch_add(1, Ordering::AcqRel);
        let refused = self.jobs.send(job).err().map(|refused| refused.0);
        self.wake.ring();
        refused
    }
}

/// The sessions to one host, behind the handle that the transport holds.
pub(super) struct Pool(Arc<Shared>);

/// The sessions to one host.
pub(super) struct Shared {
    attempt: Attempt,
    seats: Mutex<Vec<Arc<Seat>>>,
    lost: watch::Sender<Option<LinkError>>,
    runtime: Handle,
}

impl Pool {
    /// Makes the first session.
    pub async fn connect(attempt: Attempt) -> Result<(Self, Option<Duration>), Failed> {
        let shared = Arc::new(Shared {
            attempt,
            seats: Mutex::default(),
            lost: watch::Sender::new(None),
            runtime: Handle::current(),
        });
        // Dropped with the attempt, which ends the thread wherever it is.
        let pool = Self(Arc::clone(&shared));
        let (seat, jobs) = shared.seat()?;
        let rtt = shared.start(seat, jobs).await?;
        Ok((pool, rtt))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Session for Pool {
    fn exec(&self, spec: ExecSpec, mut producer: Producer) {
        producer.outbox.skip_to_ready();
        let deadline = spec.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.0.submit(Job { what: What::Command(Launch::new(&spec.command)), deadline, producer });
    }

    fn dial(&self, host: &str, port: u16, producer: Producer) {
        self.0.submit(Job { what: What::Dial(host.to_owned(), port), deadline: None, producer });
    }

    fn lost(&self) -> BoxFuture<'static, LinkError> {
        let (mut lost, host) = (self.0.lost.subscribe(), self.0.attempt.target.host.clone());
        Box::pin(async move {
            let error = lost.wait_for(Option::is_some).await.ok().and_then(|error| error.clone());
            error.unwrap_or_else(|| fail(LinkErrorKind::Lost, format!("{host}: closed"), "connect again"))
        })
    }

    fn shut(&self) {
        self.0.shut();
    }
}

impl Shared {
    /// Finds a session for a job, or makes one.
    pub fn submit(self: &Arc<Self>, job: Job) {
        let mut seats = self.seats.lock().expect("nothing panics under this lock");
        if self.lost.borrow().is_some() {
            return self.refuse(job, Exit::ConnectionLost);
        }
        let free = seats.iter().find(|seat| seat.has_room(&job)).cloned();
        let seat = match free {
            Some(seat) => seat,
            None if seats.len() < SESSIONS => match self.add(&mut seats) {
                Ok(seat) => seat,
                Err(error) => return self.refuse(job, Exit::Refused(error.message)),
            },
            None => {
                let host = &self.attempt.target.host;
                let why = if seats.iter().any(|seat| seat.stalled.load(Ordering::Acquire)) {
                    format!("every connection to {host} is full, or waits for a dial that is not answered")
                } else {
                    format!("{} channels are open to {host} already", seats.len() * CHANNELS)
                };
                return self.refuse(job, Exit::Refused(why));
            }
        };
        if let Some(job) = seat.give(job) {
            self.refuse(job, Exit::ConnectionLost);
        }
    }

    /// Ends a job without having begun it.
    fn refuse(&self, job: Job, exit: Exit) {
        self.runtime.spawn(job.producer.outbox.finish(exit));
    }

    /// Ends the jobs that waited for a session that never came to be.
    pub fn refuse_all(&self, jobs: &mut mpsc::UnboundedReceiver<Job>) {
        jobs.close();
        while let Ok(job) = jobs.try_recv() {
            let exit = match &*self.lost.borrow() {
                Some(_) => Exit::ConnectionLost,
                None => Exit::Refused("another connection to the host could not be made".to_owned()),
            };
            self.refuse(job, exit);
        }
    }

    /// The link is lost, once and for all sessions.
    pub fn lose(&self, error: LinkError) {
        self.attempt.link.lost(error.clone());
        self.lost.send_if_modified(|lost| {
            let first = lost.is_none();
            if first {
                *lost = Some(error);
            }
            first
        });
        self.shut();
    }

    /// Gives up a further session that is not needed; the first is the link itself. Under the lock nothing new can be
    /// given to it.
    pub fn retire(&self, seat: &Arc<Seat>) -> bool {
        let mut seats = self.seats.lock().expect("nothing panics under this lock");
        let further = seats.first().is_some_and(|first| !Arc::ptr_eq(first, seat));
        let free = seat.load.load(Ordering::Acquire) == 0;
        if further && free {
            seats.retain(|other| !Arc::ptr_eq(other, seat));
        }
        further && free
    }

    /// Something about the live link that a person should know.
    pub fn note(&self, error: LinkError) {
        self.attempt.link.note(error);
    }

    /// A round trip to the host was measured.
    pub fn rtt(&self, rtt: Duration) {
        self.attempt.link.rtt(rtt);
    }

    /// Ends every session without waiting for anything.
    fn shut(&self) {
        for seat in self.seats.lock().expect("nothing panics under this lock").iter() {
            if let Some(wire) = &*seat.wire.lock().expect("nothing panics under this lock") {
                wire.shutdown();
            }
            seat.wake.ring();
        }
    }

    /// A further session's place; its connection is made in the background, and its jobs wait for it.
    fn add(self: &Arc<Self>, seats: &mut Vec<Arc<Seat>>) -> Result<Arc<Seat>, LinkError> {
        let (seat, jobs) = self.new_seat()?;
        seats.push(Arc::clone(&seat));
        let (shared, started) = (Arc::clone(self), Arc::clone(&seat));
        self.runtime.spawn(async move {
            let mut lost = shared.lost.subscribe();
            let made = tokio::select! {
                made = shared.start(Arc::clone(&started), jobs) => made.is_ok(),
                _ = lost.wait_for(Option::is_some) => false,
            };
            if !made {
                let mut seats = shared.seats.lock().expect("nothing panics under this lock");
                seats.retain(|seat| !Arc::ptr_eq(seat, &started));
            }
        });
        Ok(seat)
    }

    fn seat(&self) -> Result<(Arc<Seat>, mpsc::UnboundedReceiver<Job>), LinkError> {
        let (seat, jobs) = self.new_seat()?;
        self.seats.lock().expect("nothing panics under this lock").push(Arc::clone(&seat));
        Ok((seat, jobs))
    }

    fn new_seat(&self) -> Result<(Arc<Seat>, mpsc::UnboundedReceiver<Job>), LinkError> {
        let host = self.attempt.target.host.as_str();
        let wake = WakeFd::new().map_err(|error| {
            here(host, "no descriptor to be woken by", &error, "see what this machine's limits are")
        })?;
        let (jobs, received) = mpsc::unbounded_channel();
        let seat = Seat {
            load: AtomicUsize::new(0),
            limit: AtomicUsize::new(CHANNELS),
            stalled: AtomicBool::new(false),
            jobs,
            wake,
            wire: Mutex::default(),
        };
        Ok((Arc::new(seat), received))
    }

    /// Dials, and hands the socket and the seat to a thread of their own; over when that has authenticated.
    async fn start(
        self: &Arc<Self>,
        seat: Arc<Seat>,
        jobs: mpsc::UnboundedReceiver<Job>,
    ) -> Result<Option<Duration>, Failed> {
        let mut waiting = Waiting { pool: self, jobs: Some(jobs) };
        let (wire, rtt) = wire::dial(&self.attempt).await?;
        let turn = self.attempt.connector.turn().await;
        let wire = Arc::new(wire);
        *seat.wire.lock().expect("nothing panics under this lock") = Some(Arc::clone(&wire));
        // Whatever ends this future early (a close, an attempt given up) also ends the thread's blocking calls.
        let guard = ShutOnDrop(Some(Arc::clone(&wire)));
        let (outcome, authenticated) = oneshot::channel();
        let context = Context {
            target: Arc::clone(&self.attempt.target),
            connector: Arc::clone(&self.attempt.connector),
            link: self.attempt.link.clone(),
            runtime: self.runtime.clone(),
            patience: Patience::new(self.attempt.connector.settings.connect_timeout),
            turn: Some(turn),
            outcome,
        };
        let Some(jobs) = waiting.jobs.take() else { return Ok(rtt) };
        let wake = Arc::clone(&seat.wake);
        driver::spawn(Start { wire, wake, seat, jobs, context, pool: Arc::downgrade(self) }).map_err(|error| {
            fail(
                LinkErrorKind::Unreachable,
                format!("{}: this machine gives no more threads: {error}", self.attempt.target.host),
                "raise the limit of processes (ulimit -u)",
            )
        })?;
        let outcome = authenticated.await.unwrap_or_else(|_| {
            let host = &self.attempt.target.host;
            Err(fail(LinkErrorKind::Protocol, format!("{host}: its driver stopped"), "it is dialed anew").into())
        });
        outcome?;
        guard.keep();
        Ok(rtt)
    }
}

/// Ends the jobs that wait for a session that never came to be.
struct Waiting<'p> {
    pool: &'p Shared,
    jobs: Option<mpsc::UnboundedReceiver<Job>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(jobs) = &mut self.jobs {
            self.pool.refuse_all(jobs);
        }
    }
}

struct ShutOnDrop(Option<Arc<Wire>>);

impl ShutOnDrop {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for ShutOnDrop {
    fn drop(&mut self) {
        if let Some(wire) = &self.0 {
            wire.shutdown();
        }
    }
}
