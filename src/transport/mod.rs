//! How a host is reached: one trait, three transports, one contract.
//!
//! A transport keeps one host's connection alive by itself (dial, authenticate, keep alive, reconnect) and publishes
//! what it is doing as a [`Link`]. Streams are opened on a live link and die with it; whoever opened them decides
//! what to do next. Nothing here blocks the caller.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::host::{HostName, Link};
use crate::domain::question::{Answer, Question};

pub mod askpass;
pub mod background;
pub mod backoff;
mod carry;
mod choose;
pub mod connector;
mod error;
pub mod folder;
mod hop;
mod host_key;
pub mod known_hosts;
mod link;
pub mod loader;
pub mod local;
mod openssh;
mod outbox;
mod process;
mod questions;
mod remote;
pub mod resolve;
pub mod shell;
pub mod signal;
mod ssh;
mod sudo;
mod token;

pub use backoff::jitter;
pub use carry::carry;
pub use connector::Connector;
pub use outbox::Outbox;
pub use sudo::Sudo;

/// How long a login shell may take before it begins a command: its files may do much, but not for ever.
pub const SHELL_PATIENCE: Duration = Duration::from_secs(30);

/// How a command ends that was never begun.
fn not_begun() -> Exit {
    let seconds = SHELL_PATIENCE.as_secs();
    Exit::Refused(format!(
        "the login shell there has not begun the command in {seconds} s; see what its .bashrc or the like waits for"
    ))
}

/// One host's connection.
pub trait Transport: Send + Sync {
    /// The host at the other end.
    fn host(&self) -> &HostName;
    /// Starts a command. On a link that is not up the stream ends at once with [`Exit::ConnectionLost`]. One that ends so
    /// because its link was lost ends after the link says that.
    fn exec(&self, spec: ExecSpec) -> Stream;
    /// Opens a TCP connection *from the host* to an address as the host sees it (`direct-tcpip`); the stream's output
    /// is what the peer sends. Ends with `Exit::Code(0)` when the peer closes, [`Exit::Refused`] when it cannot be had.
    fn dial(&self, host: &str, port: u16) -> Stream;
    /// The link, now and whenever it changes.
    fn link(&self) -> watch::Receiver<Link>;
    /// A person wants it now: skip the rest of a retry delay, and try again even after an authentication failure.
    fn reconnect(&self);
    /// Someone above (the sampler's heartbeat) is sure that the peer is dead: drop this connection and dial anew.
    /// `generation` names the connection meant, so that a late report does not kill its successor.
    fn declare_dead(&self, generation: u64, why: &str);
    /// Ends everything; the link goes [`crate::domain::host::LinkState::Down`]. Never waits for a remote command.
    fn close(&self);
}

/// A command to run on a host.
#[derive(Clone, Debug)]
pub struct ExecSpec {
    /// What to run.
    pub command: RemoteCommand,
    /// Whether the caller will write to its standard input after the start (else it is closed after the script).
    pub stdin: bool,
    /// End it after this long with [`Exit::TimedOut`].
    pub timeout: Option<Duration>,
    /// What to do when the caller reads too slowly.
    pub backlog: Backlog,
}

/// What to run on a host.
#[derive(Clone, Debug)]
pub enum RemoteCommand {
    /// A POSIX shell script, handed to `sh` over standard input so that the login shell and quoting never matter
    /// ([`loader`]). Its own standard input is what the caller writes.
    Script(String),
    /// A program and its arguments. Each is quoted for a POSIX shell; nothing is interpolated.
    Argv(Vec<String>),
}

/// What to do with output that nobody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// Let the remote side wait (flow control); nothing is lost.
    Stall,
    /// Drop the oldest, and say so with [`Chunk::Dropped`].
    DropOldest,
}

impl ExecSpec {
    /// A script that runs to its end within a time, its output read whole.
    pub fn script(script: impl Into<String>, timeout: Duration) -> Self {
        Self {
            command: RemoteCommand::Script(script.into()),
            stdin: false,
            timeout: Some(timeout),
            backlog: Backlog::Stall,
        }
    }

    /// A script that runs until it is cancelled, for tails and samplers. Its standard input stays open: the script can
    /// read it, and sees its end when the link dies.
    pub fn stream(script: impl Into<String>) -> Self {
        Self { command: RemoteCommand::Script(script.into()), stdin: true, timeout: None, backlog: Backlog::Stall }
    }
}

/// A running command or connection. Dropping it cancels: the remote side sees its standard input end.
#[derive(Debug)]
pub struct Stream {
    /// What it says, ending with exactly one [`Chunk::End`]. Bounded.
    pub output: mpsc::Receiver<Chunk>,
    /// Its standard input; dropping the sender closes it.
    pub input: Option<mpsc::Sender<Bytes>>,
    /// Cancels when dropped.
    pub cancel: Cancel,
    /// The link generation under which it was opened.
    pub generation: u64,
}

/// Ends a stream when dropped (or when the stream is).
#[derive(Debug)]
pub struct Cancel(#[expect(dead_code, reason = "its drop is the signal")] oneshot::Sender<()>);

impl Cancel {
    /// A guard and the receiver that fires (with an error) when the guard is dropped.
    pub fn new() -> (Self, oneshot::Receiver<()>) {
        let (tx, rx) = oneshot::channel();
        (Self(tx), rx)
    }
}

/// One piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// From standard output.
    Out(Bytes),
    /// From standard error.
    Err(Bytes),
    /// Output that had to be dropped because nobody read it ([`Backlog::DropOldest`]).
    Dropped {
        /// How many bytes.
        bytes: u64,
        /// How many line ends were among them.
        lines: u64,
    },
    /// The end; nothing follows.
    End(Exit),
}

/// How a stream ended. There is no default: success is only what the host said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command's own exit code.
    Code(i32),
    /// Ended by a signal, by name without `SIG`.
    Signal(String),
    /// We cancelled it.
    Cancelled,
    /// It ran past its timeout.
    TimedOut,
    /// The link was lost, or was not up.
    ConnectionLost,
    /// The host refused to open the channel, and why (MaxSessions, forwarding forbidden, connection refused).
    Refused(String),
}

/// The other end of a [`Stream`]: what a transport (or a test's stand-in) works with.
pub struct Producer {
    /// Where the output goes, ended by [`Outbox::finish`].
    pub outbox: Outbox,
    /// What the caller writes; `None` when it may not.
    pub input: Option<mpsc::Receiver<Bytes>>,
    /// Fires when the caller is no longer interested.
    pub cancel: oneshot::Receiver<()>,
}

impl Stream {
    /// A stream and its other end.
    pub fn new(generation: u64, input: bool, backlog: Backlog) -> (Self, Producer) {
        let (tx, output) = mpsc::channel(outbox::CHANNEL_CHUNKS);
        let (cancel, cancelled) = Cancel::new();
        let (input, received) = input.then(|| mpsc::channel(outbox::CHANNEL_CHUNKS)).unzip();
        let producer = Producer { outbox: Outbox::new(tx, backlog), input: received, cancel: cancelled };
        (Self { output, input, cancel, generation }, producer)
    }

    /// Reads to the end: standard output, standard error (each capped at `cap` bytes; the rest is read and thrown
    /// away) and the exit.
    pub async fn collect(mut self, cap: usize) -> Output {
        self.input = None;
        let (mut out, mut err, mut exit) = (Vec::new(), Vec::new(), Exit::ConnectionLost);
        while let Some(chunk) = self.output.recv().await {
            let (buffer, bytes) = match chunk {
                Chunk::Out(bytes) => (&mut out, bytes),
                Chunk::Err(bytes) => (&mut err, bytes),
                Chunk::Dropped { .. } => continue,
                Chunk::End(end) => {
                    exit = end;
                    break;
                }
            };
            let room = cap.saturating_sub(buffer.len()).min(bytes.len());
            buffer.extend_from_slice(&bytes[..room]);
        }
        Output { out, err, exit }
    }
}

/// A command's whole output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
    /// How it ended.
    pub exit: Exit,
}

/// Whoever can answer questions: the cockpit's overlays, the terminal, or nobody.
pub trait Asker: Send + Sync {
    /// Puts a question; the answer comes on the receiver. A dropped sender means no answer, which is a refusal.
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer>;
}

/// Answers every question with no: scripts and cron.
#[derive(Debug, Default)]
pub struct Nobody;

impl Asker for Nobody {
    fn ask(&self, _: Question) -> oneshot::Receiver<Answer> {
        let (tx, rx) = oneshot::channel();
        let _ = tx.send(Answer::Refuse);
        rx
    }
}

/// A transport shared by everything that reads from the host.
pub type SharedTransport = Arc<dyn Transport>;
