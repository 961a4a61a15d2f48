//! A stream whose other end is a process or socket on this machine: what the local and openssh transports share.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::error::here;
use super::{Exit, Outbox, Producer, SHELL_PATIENCE, not_begun};

use crate::programs;

/// Between asking a process tree to end and ending it.
const GRACE: Duration = Duration::from_millis(300);
/// The most that is read at once.
const READ_BYTES: usize = 64 << 10;
/// The most that is remembered of a program's standard error.
const TAIL_BYTES: usize = 2 << 10;
/// How far away a deadline is that nobody set.
const NEVER: Duration = Duration::from_secs(86_400 * 365);

/// Why a stream's own work ended early.
async fn interrupted(
    cancel: &mut tokio::sync::oneshot::Receiver<()>,
    deadline: Instant,
    begun: impl Future<Output = ()>,
    lost: impl Future<Output = ()>,
) -> Exit {
    let never_begins = async {
        if timeout(SHELL_PATIENCE, begun).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = cancel => Exit::Cancelled,
        () = never_begins => not_begun(),
        () = sleep_until(deadline) => Exit::TimedOut,
        () = lost => Exit::ConnectionLost,
    }
}

/// When something with this timeout, started now, has to be over.
pub(super) fn deadline(timeout: Option<Duration>) -> Instant {
    Instant::now() + timeout.unwrap_or(NEVER).min(NEVER)
}

/// A program to run around a stream.
pub(super) struct Run {
    /// The program.
    pub command: Command,
    /// What its standard input begins with.
    pub first: Bytes,
    /// When it has to be over.
    pub deadline: Instant,
    /// Whether its standard error is the stream's too; else it is only remembered.
    pub forward_err: bool,
}

/// How a program ended.
pub(super) enum Ended {
    /// Before its own end.
    Early(Exit),
    /// By itself, with the last of what it said on standard error.
    Itself(ExitStatus, Vec<u8>),
}

impl Run {
    /// Runs it; `lost` ends it with [`Exit::ConnectionLost`]. The stream's end is the caller's to send.
    pub async fn run(mut self, producer: &mut Producer, lost: impl Future<Output = ()>) -> Ended {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = match programs::start(|| self.command.spawn()) {
            Ok(child) => child,
            Err(error) => {
                let program = self.command.as_std().get_program().to_string_lossy().into_owned();
                let error = here(&program, "cannot be started", &error, "install it on this machine");
                return Ended::Early(Exit::Refused(error.to_string()));
            }
        };
        let writer = tokio::spawn(feed(child.stdin.take(), self.first, producer.input.take()));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let mut tail = Tail { kept: Vec::new(), forward: self.forward_err };
        let begun = producer.outbox.begun();
        let ended = {
            let mut interrupted = std::pin::pin!(interrupted(&mut producer.cancel, self.deadline, begun, lost));
            // After its output has ended the program may still run: it is waited for as long as the stream may last.
            tokio::select! {
                early = &mut interrupted => Err(early),
                () = read_all(out, err, &mut producer.outbox, &mut tail) => tokio::select! {
                    early = interrupted => Err(early),
                    status = child.wait() => status.map_err(|_| Exit::ConnectionLost),
                },
            }
        };
        writer.abort();
        match ended {
            Ok(status) => Ended::Itself(status, tail.kept),
            Err(early) => {
                tokio::spawn(end_tree(child));
                Ended::Early(early)
            }
        }
    }
}

/// The last of a program's standard error.
pub(super) struct Tail {
    kept: Vec<u8>,
    forward: bool,
}

impl Tail {
    fn take(&mut self, bytes: Bytes, outbox: &mut Outbox) {
        self.kept.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        let surplus = self.kept.len().saturating_sub(TAIL_BYTES);
        self.kept.drain(..surplus);
        if self.forward {
            outbox.err(bytes);
        }
    }
}

/// Ends a process and everything it started: its group is asked, then made to. The leader is reaped last, so that the
/// group's number cannot have passed to anyone else.
pub(super) async fn end_tree(mut child: Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::TERM);
        tokio::time::sleep(GRACE).await;
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait().await;
}

/// Writes the script, then whatever the caller sends, then the end.
pub(super) async fn feed(to: Option<impl AsyncWrite + Unpin>, first: Bytes, input: Option<mpsc::Receiver<Bytes>>) {
    let Some(mut to) = to else { return };
    if to.write_all(&first).await.is_err() {
        return;
    }
    if let Some(mut input) = input {
        while let Some(bytes) = input.recv().await {
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    }
    let _ = to.shutdown().await;
}

/// Moves both outputs into the outbox until both have ended; an unread stream lets the source wait.
pub(super) async fn read_all(
    out: Option<impl AsyncRead + Unpin>,
    err: Option<impl AsyncRead + Unpin>,
    outbox: &mut Outbox,
    tail: &mut Tail,
) {
    let (mut out, mut err) = (out, err);
    let (mut out_buffer, mut err_buffer) = (BytesMut::new(), BytesMut::new());
    while out.is_some() || err.is_some() {
        let more = outbox.wants_more();
        tokio::select! {
            flushed = outbox.flush(), if !outbox.is_empty() => {
                if flushed.is_err() {
                    return;
                }
            }
            bytes = read(&mut out, &mut out_buffer), if more && out.is_some() => match bytes {
                Some(bytes) => outbox.out(bytes),
                None => out = None,
            },
            bytes = read(&mut err, &mut err_buffer), if more && err.is_some() => match bytes {
                Some(bytes) => tail.take(bytes, outbox),
                None => err = None,
            },
        }
        // Hands on what fits without waiting for more room.
        let _ = futures_util::poll!(std::pin::pin!(outbox.flush()));
    }
}

async fn read(from: &mut Option<impl AsyncRead + Unpin>, buffer: &mut BytesMut) -> Option<Bytes> {
    buffer.reserve(READ_BYTES);
    match from.as_mut()?.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(buffer.split().freeze()),
    }
}

/// Moves a connected socket's two directions; the peer's close is the end.
pub(super) async fn run_socket(
    connect: impl Future<Output = std::io::Result<tokio::net::TcpStream>>,
    mut producer: Producer,
    patience: Duration,
    lost: impl Future<Output = ()>,
) {
    let socket = match timeout_at(Instant::now() + patience, connect).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return producer.outbox.finish(Exit::Refused(error.to_string())).await,
        Err(_) => return producer.outbox.finish(Exit::Refused("no answer in time".to_owned())).await,
    };
    let (read, write) = socket.into_split();
    let writer = tokio::spawn(feed(Some(write), Bytes::new(), producer.input.take()));
    let mut tail = Tail { kept: Vec::new(), forward: false };
    let end = tokio::select! {
        early = interrupted(&mut producer.cancel, deadline(None), producer.outbox.begun(), lost) => early,
        () = read_all(Some(read), None::<tokio::io::Empty>, &mut producer.outbox, &mut tail) => Exit::Code(0),
    };
    writer.abort();
    producer.outbox.finish(end).await;
}
