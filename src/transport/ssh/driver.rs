//! The thread that drives one session.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ssh2::BlockDirections;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::channel::{Channel, Lost, Operation, Step, patience};
use super::handshake::{Context, open};
use super::opening::{Opening, STALLED};
use super::pool::{Job, Seat, Shared};
use super::wake::WakeFd;
use super::wire::Wire;
use crate::domain::host::{HostName, LinkErrorKind};
use crate::domain::text::one_line;
use crate::transport::Exit;
use crate::transport::background::step_back;
use crate::transport::error::{QUOTED, fail};

/// A thread's stack: enough for every key exchange, RSA and encrypted keys of the tests; Rust's own default is eight
/// times that.
const STACK: usize = 256 << 10;
/// What is read at once, in bytes.
const BUFFER: usize = 64 << 10;
/// Silent periods after which the peer is dead.
const SILENT_PERIODS: u32 = 3;
/// The longest sleep.
const LONGEST: Duration = Duration::from_secs(3600);

/// What a driver starts with.
pub(super) struct Start {
    pub wire: Arc<Wire>,
    pub wake: Arc<WakeFd>,
    pub seat: Arc<Seat>,
    pub jobs: mpsc::UnboundedReceiver<Job>,
    pub context: Context,
    pub pool: Weak<Shared>,
}

/// Starts the thread.
pub(super) fn spawn(start: Start) -> std::io::Result<()> {
    let name = format!("ssh {}", start.context.target.host);
    std::thread::Builder::new().name(name).stack_size(STACK).spawn(move || run(start)).map(drop)
}

fn run(start: Start) {
    let Start { wire, wake, seat, mut jobs, mut context, pool } = start;
    let runtime = context.runtime.clone();
    let opened = open(&wire, &mut context);
    // The next host may shake hands.
    context.turn = None;
    let session = match opened {
        Ok(session) => session,
        Err(failed) => {
            wire.shutdown();
            if let Some(pool) = pool.upgrade() {
                pool.refuse_all(&mut jobs);
            }
            let _ = context.outcome.send(Err(failed));
            return;
        }
    };
    // Not before: a handshake has to be over in a given time, on a busy machine too.
    step_back();
    let Context { target, outcome, .. } = context;
    session.set_blocking(false);
    wire.acknowledge();
    let now = Instant::now();
    let mut driver = Driver {
        host: target.host.clone(),
        keepalive: target.keepalive,
        session,
        waker: wake.waker(),
        wire,
        wake,
        seat,
        jobs,
        pool,
        runtime,
        waiting: VecDeque::new(),
        opening: None,
        channels: Vec::new(),
        blocked: None,
        heard: now,
        listening: false,
        doubted: false,
        measured: now,
        carried: now,
        buffer: vec![0; BUFFER],
    };
    if outcome.send(Ok(())).is_ok() {
        let lost = driver.serve();
        if let (Some(lost), Some(pool)) = (lost, driver.pool.upgrade()) {
            pool.lose(fail(
                LinkErrorKind::Lost,
                format!("{}: the connection was lost: {}", driver.host, one_line(&lost.0, QUOTED)),
                "it is dialed anew",
            ));
        }
    }
    driver.end();
}

/// What would block while sending, and has to be repeated before anything else is sent.
pub(super) enum Blocked {
    Open,
    Channel(usize, Operation),
}

/// What the thread works with.
pub(super) struct Driver {
    pub(super) host: HostName,
    pub(super) keepalive: Duration,
    pub(super) session: ssh2::Session,
    pub(super) wire: Arc<Wire>,
    pub(super) wake: Arc<WakeFd>,
    pub(super) waker: Waker,
    pub(super) seat: Arc<Seat>,
    pub(super) jobs: mpsc::UnboundedReceiver<Job>,
    pub(super) pool: Weak<Shared>,
    pub(super) runtime: Handle,
    pub(super) waiting: VecDeque<Job>,
    pub(super) opening: Option<Opening>,
    pub(super) channels: Vec<Channel>,
    pub(super) blocked: Option<Blocked>,
    /// When the peer last sent anything.
    pub(super) heard: Instant,
    /// Whether the socket was watched for reading in the last sleep: only then does silence mean anything.
    pub(super) listening: bool,
    /// Whether the peer has to give a sign of life at once.
    pub(super) doubted: bool,
    /// When a round trip was last measured.
    pub(super) measured: Instant,
    /// When it last carried anything for a caller.
    pub(super) carried: Instant,
    pub(super) buffer: Vec<u8>,
}

impl Driver {
    /// Serves until the connection is lost; `None` when it was only not needed any more.
    fn serve(&mut self) -> Option<Lost> {
        loop {
            let busy = match self.round() {
                Ok(busy) => busy,
                Err(lost) => return Some(lost),
            };
            let now = Instant::now();
            if self.opening.as_ref().is_some_and(|opening| opening.job.is_some())
                || !self.channels.iter().all(Channel::is_unwanted)
            {
                self.carried = now;
            } else if self.retires(now) {
                return None;
            }
            let timeout = if busy { Duration::ZERO } else { self.sleep_for() };
            if let Err(lost) = self.sleep(timeout) {
                return Some(lost);
            }
        }
    }

    /// Gives every channel a turn; whether there is more to do at once.
    fn round(&mut self) -> Result<bool, Lost> {
        let waker = self.waker.clone();
        let mut cx = TaskContext::from_waker(&waker);
        while let Poll::Ready(job) = self.jobs.poll_recv(&mut cx) {
            match job {
                Some(job) => self.waiting.push_back(job),
                None => return Err(Lost("closed".to_owned())),
            }
        }
        let now = Instant::now();
        if !self.repeat_blocked(&mut cx)? {
            return Ok(false);
        }
        let mut busy = self.open(&mut cx, now)?;
        for n in 0..self.channels.len() {
            if self.blocked.is_some() {
                break;
            }
            let session = &self.session;
            let sending = || sends(session);
            let (step, blocked) = self.channels[n].turn(&mut cx, now, &mut self.buffer, &sending)?;
            busy |= step == Step::Progress;
            self.blocked = blocked.map(|operation| Blocked::Channel(n, operation));
        }
        if self.blocked.is_none() {
            let before = self.channels.len();
            self.channels.retain(|channel| !channel.is_gone());
            busy |= self.channels.len() < before;
            self.count();
        }
        Ok(busy || self.blocked.is_none() && self.channels.iter().any(Channel::has_unread))
    }

    /// Repeats what could send only a part of its packet; whether the way is free.
    fn repeat_blocked(&mut self, cx: &mut TaskContext<'_>) -> Result<bool, Lost> {
        let step = match self.blocked.take() {
            None => return Ok(true),
            Some(Blocked::Open) => {
                self.blocked = Some(Blocked::Open);
                self.advance_open(cx)?
            }
            Some(Blocked::Channel(n, operation)) => {
                self.blocked = Some(Blocked::Channel(n, operation));
                self.channels[n].perform(operation, cx, &mut self.buffer)?
            }
        };
        if step != Step::Blocked || !sends(&self.session) {
            self.blocked = None;
        }
        Ok(self.blocked.is_none())
    }

    /// Tells the pool how many channels are taken.
    fn count(&self) {
        let opening = usize::from(self.opening.as_ref().is_some_and(|opening| opening.job.is_some()));
        self.seat.load.store(self.channels.len() + opening + self.waiting.len() + self.jobs.len(), Ordering::Release);
    }

    /// How long there is nothing to do without an event.
    fn sleep_for(&self) -> Duration {
        let now = Instant::now();
        let deadlines = self.channels.iter().filter_map(Channel::deadline);
        let opening = self.opening.as_ref().into_iter().flat_map(|opening| {
            let stall = (!self.seat.stalled.load(Ordering::Acquire)).then_some(opening.since + STALLED);
            let look = now + patience(opening.since, now);
            [opening.job.as_ref().and_then(|job| job.deadline), stall, Some(look)].into_iter().flatten()
        });
        let answers = self.channels.iter().filter_map(|channel| Some(now + patience(channel.asked()?, now)));
        let silence = self.heard + if self.opening.is_some() { self.dead_after() } else { self.quiet_after() };
        let next = deadlines.chain(opening).chain(answers).chain([silence, self.measured + self.dead_after()]).min();
        next.map_or(LONGEST, |next| next.saturating_duration_since(now)).min(LONGEST)
    }

    /// A little longer than the keepalive: what is asked as often by itself, as samples are, would be asked twice.
    pub(super) fn quiet_after(&self) -> Duration {
        self.keepalive + self.keepalive / 4
    }

    pub(super) fn dead_after(&self) -> Duration {
        self.keepalive * SILENT_PERIODS
    }

    /// Whether anything is to be read off the wire: not while every channel lets the server wait.
    fn listens(&self) -> bool {
        self.opening.is_some() || self.channels.iter().any(Channel::wants_input)
    }

    /// Sleeps until the socket, the async side or the clock has something.
    fn sleep(&mut self, timeout: Duration) -> Result<(), Lost> {
        let listens = self.listens();
        // With no channel at all nobody reads; then only the end of the connection is of interest.
        let idle = self.channels.is_empty() && self.opening.is_none();
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, listens);
        #[cfg(target_os = "linux")]
        flags.set(PollFlags::RDHUP, idle);
        flags.set(PollFlags::OUT, self.blocked.is_some());
        let (seconds, nanos) = (i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX), timeout.subsec_nanos());
        let timeout = Timespec { tv_sec: seconds, tv_nsec: nanos.into() };
        let mut fds = [PollFd::new(&*self.wire, flags), PollFd::from_borrowed_fd(self.wake.fd(), PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Lost(error.to_string())),
        }
        let (socket, woken) = (fds[0].revents(), !fds[1].revents().is_empty());
        if woken {
            self.wake.quiet();
        }
        let now = Instant::now();
        if !self.listening || socket.intersects(PollFlags::IN) {
            self.heard = now;
        }
        self.listening = listens || idle;
        // The end of an idle connection: libssh2 finds it out by asking for a sign of life.
        self.doubted = idle && !socket.is_empty();
        if socket.intersects(PollFlags::NVAL) || socket.intersects(PollFlags::ERR) && !listens {
            return Err(Lost("the socket failed".to_owned()));
        }
        let opening = self.opening.as_ref().is_some_and(|opening| opening.dial.is_some());
        if listens && !opening && now.saturating_duration_since(self.heard) >= self.dead_after() {
            let seconds = self.dead_after().as_secs();
            return Err(Lost(format!("no sign of life for {seconds} s")));
        }
        Ok(())
    }

    /// Ends every stream. The socket is shut down first, so that nothing here waits for the other side.
    fn end(mut self) {
        self.wire.shutdown();
        self.jobs.close();
        let mut jobs: Vec<Job> = self.opening.take().and_then(|opening| opening.job).into_iter().collect();
        jobs.extend(self.waiting.drain(..));
        while let Ok(job) = self.jobs.try_recv() {
            jobs.push(job);
        }
        for job in jobs {
            self.runtime.spawn(job.producer.outbox.finish(Exit::ConnectionLost));
        }
        for channel in &mut self.channels {
            channel.finish(Exit::ConnectionLost);
        }
    }
}

/// Whether the session waits to send the rest of a packet.
pub(super) fn sends(session: &ssh2::Session) -> bool {
    matches!(session.block_directions(), BlockDirections::Outbound | BlockDirections::Both)
}
