//! The `ssh -M` that holds a connection.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::args::How;
use super::clerk::Clerk;
use super::keys::Keys;
use super::words::{Refusal, Words};
use super::{args, stderr};
use crate::domain::host::{LinkError, LinkErrorKind};
use crate::domain::text::one_line;
use crate::programs;
use crate::transport::askpass::{self, Desk};
use crate::transport::carry::carry;
use crate::transport::error::{QUOTED, fail, here};
use crate::transport::hop::reach;
use crate::transport::process::end_tree;
use crate::transport::remote::{Attempt, Remote};
use crate::transport::resolve::Target;

/// How often a starting master is looked at.
const LOOK: Duration = Duration::from_millis(15);
/// How often a borrowed master is asked whether it lives.
const CHECK: Duration = Duration::from_secs(5);
/// Runs `ssh` with the arguments after the first, which is the folder that goes with it.
const WATCHED: &str = "d=$1; shift; ssh \"$@\" & p=$!; exec 2>&-; read -r x; kill $p; rm -rf \"$d\"";
/// How long the reason of a refusal may lag behind the refusal.
const LAG: Duration = Duration::from_millis(200);

/// One master.
pub(super) struct Master {
    socket: PathBuf,
    state: watch::Receiver<Option<Result<(), LinkError>>>,
    refusal: Refusal,
}

impl Master {
    /// Starts one, or takes over the one that a live ControlPath names. `closed` ends it; `ended` hears of its own end
    /// after it was ready. The first one's failure is the attempt's.
    pub fn start(
        attempt: &Attempt,
        socket: PathBuf,
        asking: Option<&Asking>,
        first: bool,
        mut closed: watch::Receiver<Option<LinkError>>,
        ended: impl FnOnce(LinkError) + Send + 'static,
    ) -> Self {
        let (publish, state) = watch::channel(None);
        let target = Arc::clone(&attempt.target);
        let borrowed = target.options.some("controlpath").map(PathBuf::from).filter(|path| first && path.exists());
        let socket = borrowed.clone().unwrap_or(socket);
        let mut hold = Hold {
            clerk: Clerk {
                connector: Arc::clone(&attempt.connector),
                target: Arc::clone(&target),
                link: attempt.link.clone(),
                keys: asking.and_then(|asking| asking.keys.clone()),
                turn: None,
                given: HashMap::new(),
            },
            target,
            hop: attempt.hop.clone(),
            asking: asking.cloned(),
            modern: false,
            socket: socket.clone(),
            borrowed: borrowed.is_some(),
            refusal: Refusal::default(),
        };
        let refusal = Arc::clone(&hold.refusal);
        tokio::spawn(async move {
            tokio::select! {
                error = hold.run(&publish) => {
                    // Whoever waits for it hears of it; else it was up, and the link is lost.
                    if publish.borrow().is_none() {
                        let _ = publish.send(Some(Err(error)));
                    } else {
                        ended(error);
                    }
                }
                _ = closed.wait_for(Option::is_some) => {}
            }
        });
        Self { socket, state, refusal }
    }

    /// Its control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Why the server has just refused to open a channel, where ssh says so.
    pub async fn refusal(&self) -> Option<String> {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < LAG {
            if let Some(why) = self.refusal.lock().expect("nothing panics under this lock").take() {
                return Some(why);
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    /// Waits until it can be used.
    pub async fn ready(&self) -> Result<(), LinkError> {
        let mut state = self.state.clone();
        match state.wait_for(Option::is_some).await {
            Ok(state) => state.clone().unwrap_or(Ok(())),
            Err(_) => Err(fail(LinkErrorKind::Lost, "the connection was closed", "connect again")),
        }
    }

    /// Whether it never came to be.
    pub fn failed(&self) -> bool {
        matches!(&*self.state.borrow(), Some(Err(_)))
    }
}

/// How the masters of one connection may ask.
#[derive(Clone)]
pub(super) struct Asking {
    /// The program that ssh starts for it.
    pub program: PathBuf,
    /// Where host keys go that are accepted; `None` where none may be.
    pub keys: Option<Arc<Keys>>,
}

/// What a master's task works with.
struct Hold {
    clerk: Clerk,
    target: Arc<Target>,
    asking: Option<Asking>,
    /// Whether the program knows the options of OpenSSH 8.7.
    modern: bool,
    hop: Option<Arc<Remote>>,
    socket: PathBuf,
    borrowed: bool,
    refusal: Refusal,
}

impl Hold {
    /// Runs the master until it ends, and says why it did.
    async fn run(&mut self, publish: &watch::Sender<Option<Result<(), LinkError>>>) -> LinkError {
        if self.borrowed {
            return self.watch_borrowed(publish).await;
        }
        let bridge = match &self.hop {
            Some(hop) => match bridge(hop, &self.target).await {
                Ok(port) => Some(port),
                Err(error) => return error,
            },
            None => None,
        };
        self.clerk.turn = Some(self.clerk.connector.turn().await);
        let mut desk_socket = self.socket.clone().into_os_string();
        desk_socket.push("a");
        let desk = match self.asking.as_ref().map(|_| Desk::open(desk_socket.into())).transpose() {
            Ok(desk) => desk,
            Err(error) => return no_start(&self.target, "the socket for ssh's questions", &error),
        };
        self.modern = self.clerk.connector.modern_ssh().await;
        let mut master = match programs::start(|| self.command(bridge, desk.as_ref()).spawn()) {
            Ok(child) => EndOnDrop(Some(child)),
            Err(error) => return no_start(&self.target, "the ssh program", &error),
        };
        let mut stderr = master.0.as_mut().and_then(|child| child.stderr.take());
        let mut said = Words::new(Arc::clone(&self.refusal));
        let words = async {
            if let Some(stderr) = &mut stderr {
                let mut buffer = [0; 1024];
                while let Ok(n @ 1..) = stderr.read(&mut buffer).await {
                    said.take(&buffer[..n]);
                }
            }
        };
        let (keys, connector) = (self.clerk.keys.clone(), Arc::clone(&self.clerk.connector));
        let settle = || keys.iter().try_for_each(|keys| keys.settle(&self.target, &connector.questions));
        let up = async {
            while !self.socket.exists() {
                tokio::time::sleep(LOOK).await;
            }
            settle()
        };
        // The program's own timeout covers the connection, not the authentication after it.
        let patience = self.target.connect_timeout * 2;
        let mut words = std::pin::pin!(words);
        let over = tokio::select! {
            () = &mut words => None,
            up = up => Some(up),
            error = self.clerk.serve(desk.as_ref(), patience) => {
                let _ = settle();
                return error;
            }
        };
        // From now on nobody asks.
        drop(desk);
        self.clerk.turn = None;
        match over {
            Some(Ok(())) => {
                let _ = publish.send(Some(Ok(())));
                words.await;
            }
            Some(Err(error)) => return error,
            None => drop(settle()),
        }
        let said = said.all();
        if publish.borrow().is_some() {
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("ssh ended");
            return fail(
                LinkErrorKind::Lost,
                format!("{}: the connection was lost: {}", self.target.host, one_line(last, QUOTED)),
                "it is dialed anew",
            );
        }
        stderr::read(&self.target, &said)
    }

    /// The ssh, and a shell beside it that ends it when this program does, however that comes about: the shell's standard
    /// input ends with us, and then the connection and its folder are of no more use to anybody.
    fn command(&self, bridge: Option<u16>, desk: Option<&Desk>) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", WATCHED, "sh"]).arg(self.socket.parent().unwrap_or(&self.socket));
        let how = How {
            socket: Some(&self.socket),
            bridge,
            asks: desk.is_some(),
            accepted: self.clerk.keys.as_ref().map(|keys| keys.file()),
            modern: self.modern,
        };
        command.args(args::master(&self.target, &self.clerk.connector.settings, how));
        if let (Some(desk), Some(asking)) = (desk, &self.asking) {
            command.envs(askpass::environment(&asking.program, desk));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        command
    }

    async fn watch_borrowed(&self, publish: &watch::Sender<Option<Result<(), LinkError>>>) -> LinkError {
        loop {
            let mut check = Command::new("ssh");
            check.args(args::through(&self.socket)).args(["-O", "check", "--", "host"]).kill_on_drop(true);
            check.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if !programs::start(|| check.status()).await.is_ok_and(|status| status.success()) {
                let socket = self.socket.display();
                return fail(
                    LinkErrorKind::Lost,
                    format!("{}: the ssh that holds {socket} is gone", self.target.host),
                    "start it again, or remove ControlPath for it",
                );
            }
            publish.send_if_modified(|state| {
                let first = state.is_none();
                *state = Some(Ok(()));
                first
            });
            tokio::time::sleep(CHECK).await;
        }
    }
}

fn no_start(target: &Target, what: &str, error: &std::io::Error) -> LinkError {
    let remedy = "install OpenSSH's client, and see whether the temporary folder can be written to";
    here(target.host.as_str(), &format!("{what} cannot be started"), error, remedy)
}

/// Ends the program with the task that holds it.
struct EndOnDrop(Option<Child>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        if let Some(child) = self.0.take() {
            tokio::spawn(end_tree(child));
        }
    }
}

/// A port on loopback whose one connection goes through the jump host. Whoever else takes it reaches no more than the
/// target's sshd, and our own ssh then fails its host-key check or finds nobody.
async fn bridge(hop: &Remote, target: &Target) -> Result<u16, LinkError> {
    let (stream, first) = reach(hop, target).await?;
    let listening = async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    };
    let (listener, port) = listening.await.map_err(|error: std::io::Error| {
        let remedy = "see whether the loopback interface is up";
        here(target.host.as_str(), "no port on this machine", &error, remedy)
    })?;
    let patience = target.connect_timeout;
    tokio::spawn(async move {
        if let Ok(Ok((socket, _))) = tokio::time::timeout(patience, listener.accept()).await {
            drop(listener);
            carry(stream, socket.into_split(), first).await;
        }
    });
    Ok(port)
}
