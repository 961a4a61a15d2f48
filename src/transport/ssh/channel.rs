//! One channel of a session, as a state machine that never blocks.
//!
//! libssh2 sends one packet at a time: when an operation could write only a part of its packet, that very operation has
//! to be repeated before any other sends. So every operation says whether it would block, and the driver asks the
//! session in which direction.

use std::io::{ErrorKind, Read, Write};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::pool::{Job, What};
use crate::transport::loader::Launch;
use crate::transport::{Exit, Outbox, SHELL_PATIENCE, not_begun};

/// The most that one channel takes in one turn, in bytes.
const TURN: usize = 256 << 10;
/// The standard error of a command (RFC 4254, section 5.2).
const STDERR: i32 = ssh2::EXTENDED_DATA_STDERR;

/// How far an operation got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something happened; there may be more.
    Progress,
    /// Nothing to do now.
    Idle,
    /// It would block.
    Blocked,
}

/// The connection is gone.
#[derive(Debug)]
pub(super) struct Lost(pub String);

/// The operations that send, in the order of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Start,
    Write,
    Out,
    Err,
    Close,
}

const OPERATIONS: [Operation; 5] =
    [Operation::Start, Operation::Write, Operation::Out, Operation::Err, Operation::Close];

enum Phase {
    /// The command is being requested.
    Starting(String),
    /// It runs, or the connection is open.
    Running,
    /// It is over for the caller; the server has yet to agree.
    Closing,
    /// Nothing is left.
    Gone,
}

/// One channel.
pub(super) struct Channel {
    ssh: ssh2::Channel,
    phase: Phase,
    /// Whether it is a command; else a TCP connection.
    command: bool,
    outbox: Option<Outbox>,
    /// Input taken from the caller and not yet sent.
    pending: Bytes,
    input: Option<mpsc::Receiver<Bytes>>,
    /// Whether the end of the input has been told.
    input_ended: bool,
    cancel: Option<oneshot::Receiver<()>>,
    deadline: Option<Instant>,
    /// When the login shell must have begun the command.
    begins_by: Instant,
    /// Since when an answer of the server is awaited that no counter shows.
    asked: Option<Instant>,
    runtime: Handle,
}

impl Channel {
    /// What an open channel was opened for.
    pub fn new(ssh: ssh2::Channel, job: Job, runtime: &Handle) -> Self {
        let mut channel = Self::unwanted(ssh, runtime);
        (channel.phase, channel.pending) = match job.what {
            What::Command(Launch { line, script }) => (Phase::Starting(line), script),
            What::Dial(..) => (Phase::Running, Bytes::new()),
        };
        channel.command = matches!(channel.phase, Phase::Starting(_));
        channel.outbox = Some(job.producer.outbox);
        channel.input = job.producer.input;
        channel.cancel = Some(job.producer.cancel);
        channel.deadline = job.deadline;
        channel
    }

    /// A channel that nobody wants any more; it only has to be closed.
    pub fn unwanted(ssh: ssh2::Channel, runtime: &Handle) -> Self {
        Self {
            ssh,
            phase: Phase::Closing,
            command: false,
            outbox: None,
            pending: Bytes::new(),
            input: None,
            input_ended: false,
            cancel: None,
            deadline: None,
            begins_by: Instant::now() + SHELL_PATIENCE,
            asked: Some(Instant::now()),
            runtime: runtime.clone(),
        }
    }

    /// Whether no caller is behind it any more.
    pub fn is_unwanted(&self) -> bool {
        self.outbox.is_none()
    }

    /// Whether nothing is left of it.
    pub fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone)
    }

    /// Whether the server's data is wanted for it: not when the caller lets it wait.
    pub fn wants_input(&self) -> bool {
        match self.phase {
            Phase::Running => self.outbox.as_ref().is_some_and(Outbox::wants_more),
            Phase::Starting(_) | Phase::Closing => true,
            Phase::Gone => false,
        }
    }

    /// When it has to be looked at without any event.
    pub fn deadline(&self) -> Option<Instant> {
        let outbox = self.outbox.as_ref()?;
        let begins_by = outbox.is_waiting().then_some(self.begins_by);
        self.deadline.into_iter().chain(begins_by).min()
    }

    /// Since when an answer is awaited that only a further look shows.
    pub fn asked(&self) -> Option<Instant> {
        self.asked
    }

    /// Whether something was read off the wire for it that it has not taken: another channel's read took it there.
    pub fn has_unread(&self) -> bool {
        let running = matches!(self.phase, Phase::Running) && self.wants_input();
        running && (self.ssh.read_window().available > 0 || self.ssh.eof() && self.asked.is_none())
    }

    /// Ends it for the caller; the channel is closed without waiting for the command.
    pub fn finish(&mut self, exit: Exit) {
        if let Some(outbox) = self.outbox.take() {
            self.runtime.spawn(outbox.finish(exit));
        }
        self.input = None;
        self.cancel = None;
        self.pending = Bytes::new();
        if !self.is_gone() {
            self.phase = Phase::Closing;
            self.asked = Some(Instant::now());
        }
    }

    /// One turn: what the caller wants, then every operation that has something to do. Stops at an operation that would
    /// block while sending (`sending` asks the session) and names it.
    pub fn turn(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        buffer: &mut [u8],
        sending: &dyn Fn() -> bool,
    ) -> Result<(Step, Option<Operation>), Lost> {
        self.notice(cx, now);
        let mut result = Step::Idle;
        for operation in OPERATIONS {
            match self.perform(operation, cx, buffer)? {
                Step::Progress => result = Step::Progress,
                Step::Idle => {}
                Step::Blocked if sending() => return Ok((result, Some(operation))),
                Step::Blocked => {}
            }
        }
        if let Some(outbox) = &mut self.outbox
            && matches!(outbox.poll_flush(cx), Poll::Ready(Err(())))
        {
            self.finish(Exit::Cancelled);
        }
        Ok((result, None))
    }

    /// A cancel or a timeout.
    fn notice(&mut self, cx: &mut Context<'_>, now: Instant) {
        let cancelled = self.cancel.as_mut().is_some_and(|cancel| std::pin::Pin::new(cancel).poll(cx).is_ready());
        if cancelled {
            self.finish(Exit::Cancelled);
        } else if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.finish(Exit::TimedOut);
        } else if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.finish(not_begun());
        }
    }

    /// One operation.
    pub fn perform(&mut self, operation: Operation, cx: &mut Context<'_>, buffer: &mut [u8]) -> Result<Step, Lost> {
        match (operation, &self.phase) {
            (Operation::Start, Phase::Starting(_)) => self.start(),
            (Operation::Write, Phase::Running) => self.write(cx),
            (Operation::Out, Phase::Running) => self.read(0, cx, buffer),
            (Operation::Err, Phase::Running) if self.command => self.read(STDERR, cx, buffer),
            (Operation::Close, Phase::Running) => self.end(),
            (Operation::Close, Phase::Closing) => Ok(self.close()),
            _ => Ok(Step::Idle),
        }
    }

    fn start(&mut self) -> Result<Step, Lost> {
        let Phase::Starting(line) = &self.phase else { return Ok(Step::Idle) };
        match self.ssh.exec(line) {
            Ok(()) => {
                self.phase = Phase::Running;
                self.asked = None;
                Ok(Step::Progress)
            }
            Err(error) if again(&error) => Ok(Step::Blocked),
            // LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED
            Err(error) if error.code() == ssh2::ErrorCode::Session(-22) => {
                self.finish(Exit::Refused("the host runs no commands for this account".to_owned()));
                Ok(Step::Progress)
            }
            Err(error) => Err(Lost(error.message().to_owned())),
        }
    }

    /// Sends input, and its end once the caller has closed it.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<Step, Lost> {
        let mut result = Step::Idle;
        let mut sent = 0;
        while !self.input_ended && sent < TURN {
            if !self.pending.is_empty() {
                match self.ssh.write(&self.pending) {
                    Ok(n) => {
                        self.pending.advance(n);
                        sent += n;
                        result = Step::Progress;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        // The window may open by a packet that another channel's read takes off the wire.
                        self.asked.get_or_insert_with(Instant::now);
                        return Ok(Step::Blocked);
                    }
                    // The other side takes no more; what it says is still wanted.
                    Err(_) => self.drop_input(),
                }
                continue;
            }
            self.asked = None;
            match self.input.as_mut().map(|input| input.poll_recv(cx)) {
                Some(Poll::Pending) => return Ok(result),
                Some(Poll::Ready(Some(bytes))) => self.pending = bytes,
                Some(Poll::Ready(None)) | None => match self.ssh.send_eof() {
                    Ok(()) => self.drop_input(),
                    Err(error) if again(&error) => return Ok(Step::Blocked),
                    Err(_) => self.drop_input(),
                },
            }
        }
        Ok(result)
    }

    fn drop_input(&mut self) {
        self.input_ended = true;
        self.input = None;
        self.pending = Bytes::new();
        self.asked = None;
    }

    fn read(&mut self, id: i32, cx: &mut Context<'_>, buffer: &mut [u8]) -> Result<Step, Lost> {
        let mut taken = 0;
        let mut stream = self.ssh.stream(id);
        while taken < TURN {
            let Some(outbox) = self.outbox.as_mut().filter(|outbox| outbox.wants_more()) else { break };
            match stream.read(buffer) {
                Ok(0) => break,
                Ok(n) => {
                    let bytes = Bytes::copy_from_slice(&buffer[..n]);
                    if id == 0 {
                        outbox.out(bytes)
                    } else {
                        outbox.err(bytes)
                    }
                    // Nobody listens: noticed at the end of the turn.
                    let _ = outbox.poll_flush(cx);
                    taken += n;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(if taken > 0 { Step::Progress } else { Step::Blocked });
                }
                Err(error) => return Err(Lost(error.to_string())),
            }
        }
        Ok(if taken > 0 { Step::Progress } else { Step::Idle })
    }

    /// After the end of both outputs: the exit. `exit_status()` is zero for a lost connection and for a signal, so it
    /// counts only when the server has closed the channel and names no signal.
    fn end(&mut self) -> Result<Step, Lost> {
        if !self.ssh.eof() {
            return Ok(Step::Idle);
        }
        if !self.command {
            self.finish(Exit::Code(0));
            return Ok(Step::Progress);
        }
        match self.ssh.wait_close() {
            Ok(()) => {}
            Err(error) if again(&error) => {
                self.asked.get_or_insert_with(Instant::now);
                return Ok(Step::Blocked);
            }
            Err(error) => return Err(Lost(error.message().to_owned())),
        }
        let signal = self.ssh.exit_signal().map_err(|error| Lost(error.message().to_owned()))?.exit_signal;
        let exit = match signal {
            Some(name) => Exit::Signal(name),
            None => Exit::Code(self.ssh.exit_status().map_err(|error| Lost(error.message().to_owned()))?),
        };
        self.finish(exit);
        Ok(Step::Progress)
    }

    fn close(&mut self) -> Step {
        match self.ssh.close() {
            Err(error) if again(&error) => Step::Blocked,
            // Closed, or no longer to be closed.
            _ => {
                self.phase = Phase::Gone;
                self.asked = None;
                Step::Progress
            }
        }
    }
}

/// Whether an operation only has to be repeated.
pub(super) fn again(error: &ssh2::Error) -> bool {
    /// `LIBSSH2_ERROR_EAGAIN`.
    const EAGAIN: i32 = -37;
    error.code() == ssh2::ErrorCode::Session(EAGAIN)
}

/// How soon a channel that awaits an answer is looked at again: at once at first, then at leisure, since the answer
/// nearly always makes the socket readable and only an answer that another channel's read took along does not.
pub(super) fn patience(asked: Instant, now: Instant) -> Duration {
    let waited = now.saturating_duration_since(asked);
    if waited < Duration::from_secs(2) { Duration::from_millis(10) } else { Duration::from_secs(1) }
}
