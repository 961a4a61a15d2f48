//! How a session's channels are opened: one at a time, since libssh2 keeps one open's state only.

use std::sync::atomic::Ordering;
use std::task::Context as TaskContext;
use std::time::{Duration, Instant};

use super::channel::{Channel, Lost, Step, again};
use super::driver::{Blocked, Driver, sends};
use super::pool::{Job, What};
use crate::domain::text::one_line;
use crate::transport::Exit;
use crate::transport::error::{QUOTED, refused_dial, sessions_full};

/// A dial that takes longer holds up nothing else: that goes to another session.
pub(super) const STALLED: Duration = Duration::from_secs(1);
/// A further session that carries nothing for this long is closed.
const SPARE: Duration = Duration::from_secs(30);

/// What is being opened. libssh2 opens one channel at a time.
pub(super) struct Opening {
    pub(super) since: Instant,
    /// `None` for a ping (a channel that is closed at once: any answer is a sign of life), and for a job that was ended
    /// while it was being opened.
    pub(super) job: Option<Job>,
    /// The address of a dial.
    pub(super) dial: Option<(String, u16)>,
}

impl Driver {
    /// Begins the next open, or goes on with the one that is under way.
    pub(super) fn open(&mut self, cx: &mut TaskContext<'_>, now: Instant) -> Result<bool, Lost> {
        if self.opening.is_none() {
            let quiet = self.listening && now.saturating_duration_since(self.heard) >= self.quiet_after();
            // A host that talks all the time is asked now and then as well, for the round trip.
            let unmeasured = now.saturating_duration_since(self.measured) >= self.dead_after();
            let silent = quiet || self.doubted || unmeasured;
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
        // A server answers for its own sessions at once, or is dead; only a dial waits for somebody else.
        if let Some(opening) = self.opening.as_ref().filter(|opening| opening.dial.is_some())
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
    pub(super) fn retires(&mut self, now: Instant) -> bool {
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

    pub(super) fn advance_open(&mut self, cx: &mut TaskContext<'_>) -> Result<Step, Lost> {
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
        let Some(opening) = self.opening.take() else { return Ok(Step::Idle) };
        let answered = opened.is_ok() || matches!(&opened, Err(error) if refused(error));
        if answered {
            // A near host's answer is read before the socket is looked at again.
            self.heard = Instant::now();
        }
        // A dial waits for somebody else, too.
        if answered && opening.dial.is_none() {
            self.measured = Instant::now();
            if let Some(pool) = self.pool.upgrade() {
                pool.rtt(opening.since.elapsed());
            }
        }
        let job = opening.job;
        self.seat.stalled.store(false, Ordering::Release);
        match (opened, job) {
            (Ok(ssh), Some(job)) => self.channels.push(Channel::new(ssh, job, &self.runtime)),
            (Ok(ssh), None) => self.channels.push(Channel::unwanted(ssh, &self.runtime)),
            (Err(error), job) if refused(&error) => {
                if let Some(job) = job {
                    self.refused(job, error.message());
                }
            }
            (Err(error), job) => {
                self.waiting.extend(job);
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
            (What::Dial(host, port), _) => refused_dial(self.host.as_str(), &format!("{host}:{port}"), why),
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
}

/// Whether the server answered, and said no: `LIBSSH2_ERROR_CHANNEL_FAILURE`.
fn refused(error: &ssh2::Error) -> bool {
    error.code() == ssh2::ErrorCode::Session(-21)
}
