//! SSH by the system's `ssh` program, for what only it can do.
//!
//! A connection is one `ssh -M -N` that listens on a control socket in a private folder (0700); each command and each
//! dial is a small `ssh -S` that talks to it. That costs 5 ms a command where a connection of its own would cost a
//! handshake, and the master's end is the loss of the link. Like libssh2's sessions, a master takes eight channels and
//! then another one is started. Where the config names a ControlPath that is live, that is used and none is started.
//!
//! What it cannot tell: a remote signal is exit code 255, since `ssh` says no more.

mod args;
mod clerk;
mod control;
mod keys;
mod stderr;
mod words;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::error::{fail, here, refused_dial, sessions_full};
use super::folder::Folder;
use super::loader::Launch;
use super::process::{self, Ended, Run};
use super::remote::{Attempt, Connected, Failed, Session};
use super::{ExecSpec, Exit, Producer};
use crate::domain::host::{LinkError, LinkErrorKind};
use crate::domain::settings::HostKeyPolicy;
use control::{Asking, Master};
use keys::Keys;

/// Channels that a master takes (sshd's MaxSessions is 10).
const CHANNELS: usize = 8;
/// Masters to one host.
const MASTERS: usize = 8;
/// How long the end of a master may lag behind the end of what ran through it.
const LAG: Duration = Duration::from_millis(300);

/// Connects by the system's ssh.
pub(super) async fn connect(attempt: Attempt) -> Result<Connected, Failed> {
    let host = attempt.target.host.as_str();
    let folder = Folder::new().map_err(|error| {
        here(host, "no folder for ssh's control socket", &error, "make the temporary folder writable")
    })?;
    let asking = asking(&attempt, &folder).await;
    let shared = Arc::new(Shared {
        attempt,
        folder,
        asking,
        masters: Mutex::default(),
        lost: watch::Sender::new(None),
        runtime: Handle::current(),
    });
    let session = OpenSsh(Arc::clone(&shared));
    let master = shared.add(&mut shared.masters.lock().expect("nothing panics under this lock"));
    master.ready().await?;
    Ok((Arc::new(session), None))
}

/// How this connection's ssh asks; `None` where it cannot.
async fn asking(attempt: &Attempt, folder: &Folder) -> Option<Asking> {
    let program = attempt.connector.askpass().await?;
    let asks = attempt.target.host_keys == HostKeyPolicy::Ask;
    let keys = asks.then(|| Keys::new(folder.path(), &attempt.target, &attempt.connector.questions).ok()).flatten();
    Some(Asking { program, keys: keys.map(Arc::new) })
}

struct OpenSsh(Arc<Shared>);

struct Shared {
    attempt: Attempt,
    folder: Folder,
    asking: Option<Asking>,
    masters: Mutex<Vec<Arc<Seat>>>,
    lost: watch::Sender<Option<LinkError>>,
    runtime: Handle,
}

/// One master, and how many channels it carries.
struct Seat {
    master: Master,
    load: AtomicUsize,
}

impl Seat {
    async fn ready(&self) -> Result<(), LinkError> {
        self.master.ready().await
    }
}

/// Gives a channel back.
struct Taken(Arc<Seat>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.load.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Session for OpenSsh {
    fn exec(&self, spec: ExecSpec, mut producer: Producer) {
        producer.outbox.skip_to_ready();
        let launch = Launch::new(&spec.command);
        let run = move |socket: PathBuf| {
            let mut command = Command::new("ssh");
            command.args(args::through(&socket)).args(["-T", "--", "host", &launch.line]);
            Run { command, first: launch.script, deadline: process::deadline(spec.timeout), forward_err: true }
        };
        self.start(producer, run, Shared::exec_exit);
    }

    fn dial(&self, host: &str, port: u16, producer: Producer) {
        let place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let to = place.clone();
        let run = move |socket: PathBuf| {
            let mut command = Command::new("ssh");
            command.args(args::through(&socket)).args(["-W", &to, "--", "host"]);
            Run { command, first: Bytes::new(), deadline: process::deadline(None), forward_err: false }
        };
        self.start(producer, run, move |shared, code, said, why| shared.dial_exit(&place, code, said, why));
    }

    fn lost(&self) -> BoxFuture<'static, LinkError> {
        let (mut lost, host) = (self.0.lost.subscribe(), self.0.attempt.target.host.clone());
        Box::pin(async move {
            let error = lost.wait_for(Option::is_some).await.ok().and_then(|error| error.clone());
            error.unwrap_or_else(|| fail(LinkErrorKind::Lost, format!("{host}: closed"), "connect again"))
        })
    }

    fn shut(&self) {
        let host = &self.0.attempt.target.host;
        self.0.lose(fail(LinkErrorKind::Lost, format!("{host}: closed"), "connect again"));
    }
}

impl Drop for OpenSsh {
    fn drop(&mut self) {
        self.shut();
    }
}

impl OpenSsh {
    /// Runs a small `ssh` through a master with room.
    fn start(
        &self,
        mut producer: Producer,
        run: impl FnOnce(PathBuf) -> Run + Send + 'static,
        exit: impl Fn(&Shared, Option<i32>, &str, Option<String>) -> Exit + Send + 'static,
    ) {
        let shared = Arc::clone(&self.0);
        let taken = shared.take();
        self.0.runtime.spawn(async move {
            let taken = match taken {
                Ok(taken) => taken,
                Err(exit) => return producer.outbox.finish(exit).await,
            };
            if let Err(error) = taken.0.ready().await {
                return producer.outbox.finish(Exit::Refused(error.message)).await;
            }
            let mut lost = shared.lost.subscribe();
            let gone = async {
                let _ = lost.wait_for(Option::is_some).await;
            };
            let end = match run(taken.0.master.socket().to_owned()).run(&mut producer, gone).await {
                Ended::Early(early) => early,
                Ended::Itself(status, said) => {
                    // The master's end may be noticed a little later than that of what ran through it.
                    let mut lost = shared.lost.subscribe();
                    let failed = status.code() == Some(255);
                    if failed && tokio::time::timeout(LAG, lost.wait_for(Option::is_some)).await.is_ok() {
                        Exit::ConnectionLost
                    } else {
                        let said = String::from_utf8_lossy(&said);
                        let refused = failed && said.contains("refused by peer");
                        let why = if refused { taken.0.master.refusal().await } else { None };
                        exit(&shared, status.code(), &said, why)
                    }
                }
            };
            drop(taken);
            producer.outbox.finish(end).await;
        });
    }
}

impl Shared {
    /// A place at a master with room, or at a new one.
    fn take(self: &Arc<Self>) -> Result<Taken, Exit> {
        let mut masters = self.masters.lock().expect("nothing panics under this lock");
        if self.lost.borrow().is_some() {
            return Err(Exit::ConnectionLost);
        }
        masters.retain(|seat| !seat.master.failed());
        let free = masters.iter().find(|seat| seat.load.load(Ordering::Acquire) < CHANNELS).cloned();
        let seat = match free {
            Some(seat) => seat,
            None if masters.len() < MASTERS => self.add(&mut masters),
            None => {
                let open = masters.len() * CHANNELS;
                let host = &self.attempt.target.host;
                return Err(Exit::Refused(format!("{open} channels are open to {host} already")));
            }
        };
        seat.load.fetch_add(1, Ordering::AcqRel);
        Ok(Taken(seat))
    }

    fn add(self: &Arc<Self>, masters: &mut Vec<Arc<Seat>>) -> Arc<Seat> {
        let first = masters.is_empty();
        let shared = Arc::downgrade(self);
        let ended = move |error| {
            if let Some(shared) = shared.upgrade() {
                shared.lose(error);
            }
        };
        let (socket, asking) = (self.folder.socket(), self.asking.as_ref());
        let master = Master::start(&self.attempt, socket, asking, first, self.lost.subscribe(), ended);
        let seat = Arc::new(Seat { master, load: AtomicUsize::new(0) });
        masters.push(Arc::clone(&seat));
        seat
    }

    fn lose(&self, error: LinkError) {
        self.attempt.link.lost(error.clone());
        self.lost.send_if_modified(|lost| {
            let first = lost.is_none();
            if first {
                *lost = Some(error);
            }
            first
        });
    }

    fn exec_exit(&self, code: Option<i32>, said: &str, why: Option<String>) -> Exit {
        match code {
            Some(255) if said.contains("refused by peer") => {
                let open = self.masters.lock().expect("nothing panics under this lock").len();
                let why = why.as_deref().unwrap_or("refused by peer");
                let error = sessions_full(self.attempt.target.host.as_str(), open, why);
                let text = error.to_string();
                self.attempt.link.note(error);
                Exit::Refused(text)
            }
            Some(code) => Exit::Code(code),
            // Our own ssh was ended from outside: what it ran is not known to have ended.
            None => Exit::ConnectionLost,
        }
    }

    fn dial_exit(&self, place: &str, code: Option<i32>, said: &str, why: Option<String>) -> Exit {
        let why = why.as_deref().unwrap_or(said.trim());
        match code {
            Some(0) => Exit::Code(0),
            Some(_) => Exit::Refused(refused_dial(self.attempt.target.host.as_str(), place, why)),
            None => Exit::ConnectionLost,
        }
    }
}
