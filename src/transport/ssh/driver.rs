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

use super::channel::{Channel, Lost, Operation, Step, again, patience};
use super::handshake::{Context, open};
use super::pool::{Job, Seat, Shared, What};
use super::wake::WakeFd;
use super::wire::Wire;
use crate::domain::host::{HostName, LinkErrorKind};
use crate::domain::text::one_line;
use crate::transport::Exit;
use crate::transport::error::{QUOTED, fail, sessions_full};

/// A thread's stack. What libssh2 and OpenSSL need of it is measured by a test; Rust's own default is eight times that.
const STACK: usize = 256 << 10;
/// What is read at once, in bytes.
const BUFFER: usize = 64 << 10;
/// Silent periods after which the peer is dead.
const SILENT_PERIODS: u32 = 3;
/// An open that takes longer holds up no other: they go to another session.
const STALLED: Duration = Duration::from_secs(1);
/// A further session that carries nothing for this long is closed.
const SPARE: Duration = Duration::from_secs(30);
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
    let session = match open(&wire, &mut context) {
        Ok(session) => session,
        Err(failed) => {
            wire.shutdown();
            jobs.close();
            while let Ok(job) = jobs.try_recv() {
                let why = "another connection to the host could not be made".to_owned();
                runtime.spawn(job.producer.outbox.finish(Exit::Refused(why)));
            }
            let _ = context.outcome.send(Err(failed));
            return;
        }
    };
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

/// What is being opened. libssh2 opens one channel at a time.
struct Opening {
    since: Instant,
    /// `None` for a ping (a channel that is closed at once: any answer is a sign of life), and for a job that was ended
    /// while it was being opened.
    job: Option<Job>,
    /// The address of a dial.
    dial: Option<(String, u16)>,
}

/// What would block while sending, and has to be repeated before anything else is sent.
enum Blocked {
    Open,
    Channel(usize, Operation),
}

struct Driver {
    host: HostName,
    keepalive: Duration,
    session: ssh2::Session,
    wire: Arc<Wire>,
    wake: Arc<WakeFd>,
    waker: Waker,
    seat: Arc<Seat>,
    jobs: mpsc::UnboundedReceiver<Job>,
    pool: Weak<Shared>,
    runtime: Handle,
    waiting: VecDeque<Job>,
    opening: Option<Opening>,
    channels: Vec<Channel>,
    blocked: Option<Blocked>,
    /// When the peer last sent anything.
    heard: Instant,
    /// Whether the socket was watched for reading in the last sleep: only then does silence mean anything.
    listening: bool,
    /// Whether the peer has to give a sign of life at once.
    doubted: bool,
    /// When it last carried anything for a caller.
    carried: Instant,
    buffer: Vec<u8>,
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

    /// Begins the next open, or goes on with the one that is under way.
    fn open(&mut self, cx: &mut TaskContext<'_>, now: Instant) -> Result<bool, Lost> {
        if self.opening.is_none() {
            let quiet = self.listening && now.saturating_duration_since(self.heard) >= self.keepalive;
            let silent = quiet || self.doubted;
            let job = self.next_job(cx);
            if job.is_none() && !silent {
                return Ok(false);
            }
            let dial = match job.as_ref().map(|job| &job.what) {
                Some(What::Dial(host, port)) => Some((host.clone(), *port)),
                _ => None,
            };
            self.opening = Some(Opening { since: now, job, dial });
        }
        let step = self.advance_open(cx)?;
        if step == Step::Blocked && sends(&self.session) {
            self.blocked = Some(Blocked::Open);
        }
        if let Some(opening) = &self.opening
            && now.saturating_duration_since(opening.since) >= STALLED
            && !self.seat.stalled.swap(true, Ordering::AcqRel)
        {
            self.give_back();
        }
        Ok(step == Step::Progress)
    }

    /// The next job whose caller still wants it.
    fn next_job(&mut self, cx: &mut TaskContext<'_>) -> Option<Job> {
        while let Some(mut job) = self.waiting.pop_front() {
            if std::pin::Pin::new(&mut job.producer.cancel).poll(cx).is_pending() {
                return Some(job);
            }
            self.runtime.spawn(job.producer.outbox.finish(Exit::Cancelled));
        }
        None
    }

    /// Whether this is a further session that carries nothing, or only an open that hangs and that nobody waits for,
    /// and the pool agrees that it is not needed.
    fn retires(&mut self, now: Instant) -> bool {
        let pinging = self.opening.as_ref().is_some_and(|opening| opening.job.is_none() && opening.dial.is_none());
        let useless = match &self.opening {
            Some(opening) if !pinging => opening.job.is_none() && self.seat.stalled.load(Ordering::Acquire),
            _ => now.saturating_duration_since(self.carried) >= SPARE,
        };
        let empty = self.channels.iter().all(Channel::is_unwanted) && self.waiting.is_empty();
        useless && empty && self.pool.upgrade().is_some_and(|pool| pool.retire(&self.seat))
    }

    /// What waits behind an open that hangs goes to another session.
    fn give_back(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        for job in self.waiting.drain(..) {
            pool.submit(job);
        }
    }

    fn advance_open(&mut self, cx: &mut TaskContext<'_>) -> Result<Step, Lost> {
        let Some(opening) = &mut self.opening else { return Ok(Step::Idle) };
        // The caller may have lost interest; the open itself cannot be taken back.
        if let Some(job) = &mut opening.job {
            let cancelled = std::pin::Pin::new(&mut job.producer.cancel).poll(cx).is_ready();
            let late = job.deadline.is_some_and(|deadline| deadline <= Instant::now());
            if let Some(job) = opening.job.take_if(|_| cancelled || late) {
                let exit = if cancelled { Exit::Cancelled } else { Exit::TimedOut };
                self.runtime.spawn(job.producer.outbox.finish(exit));
            }
        }
        let opened = match &opening.dial {
            Some((host, port)) => self.session.channel_direct_tcpip(host, *port, None),
            None => self.session.channel_session(),
        };
        if matches!(&opened, Err(error) if again(error)) {
            return Ok(Step::Blocked);
        }
        let job = self.opening.take().and_then(|opening| opening.job);
        self.seat.stalled.store(false, Ordering::Release);
        match (opened, job) {
            (Ok(ssh), Some(job)) => self.channels.push(Channel::new(ssh, job, &self.runtime)),
            (Ok(ssh), None) => self.channels.push(Channel::unwanted(ssh, &self.runtime)),
            // LIBSSH2_ERROR_CHANNEL_FAILURE: the server answered, and said no.
            (Err(error), job) if error.code() == ssh2::ErrorCode::Session(-21) => {
                if let Some(job) = job {
                    self.refused(job, error.message());
                }
            }
            (Err(error), job) => {
                if let Some(job) = job {
                    self.runtime.spawn(job.producer.outbox.finish(Exit::ConnectionLost));
                }
                return Err(Lost(error.message().to_owned()));
            }
        }
        Ok(Step::Progress)
    }

    /// A dial that failed is refused. A command found MaxSessions full: the seat remembers how many the server takes,
    /// and the command goes to another session, unless the server takes none at all.
    fn refused(&mut self, job: Job, why: &str) {
        let why = one_line(why.trim_start_matches("Channel open failure").trim(), QUOTED);
        let why = why.trim_start_matches('(').trim_end_matches(')');
        let open = self.channels.len();
        let why = match (&job.what, self.pool.upgrade()) {
            (What::Dial(host, port), _) => format!("{host}:{port}: {why}"),
            (What::Command(_), Some(pool)) if open > 0 => {
                self.seat.limit.store(open, Ordering::Release);
                return pool.submit(job);
            }
            (What::Command(_), pool) => {
                let error = sessions_full(self.host.as_str(), open, why);
                let text = error.to_string();
                if let Some(pool) = pool {
                    pool.note(error);
                }
                text
            }
        };
        self.runtime.spawn(job.producer.outbox.finish(Exit::Refused(why)));
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
        let silence = self.heard + if self.opening.is_some() { self.dead_after() } else { self.keepalive };
        let next = deadlines.chain(opening).chain(answers).chain([silence]).min();
        next.map_or(LONGEST, |next| next.saturating_duration_since(now)).min(LONGEST)
    }

    fn dead_after(&self) -> Duration {
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
fn sends(session: &ssh2::Session) -> bool {
    matches!(session.block_directions(), BlockDirections::Outbound | BlockDirections::Both)
}
