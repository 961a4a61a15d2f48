//! Processes on this machine as a host: no network, the same contract.

use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use chrono::Utc;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::loader::Launch;
use super::process::{Ended, Run};
use super::signal::signal_name;
use super::{Backlog, ExecSpec, Exit, Producer, Stream, Transport, process};
use crate::domain::host::{HostName, Link, LinkState, TransportKind};

/// How long a dial to a local address may take.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Over when the link is lost.
type Lost = Pin<Box<dyn Future<Output = ()> + Send>>;

/// This machine as a host. Its link is up at once.
pub struct Local {
    host: HostName,
    link: watch::Sender<Link>,
    runtime: Handle,
}

impl Local {
    /// This machine under the given name. Must be called inside a tokio runtime, which runs its processes.
    pub fn new(host: HostName) -> Self {
        let mut link = Link::connecting(TransportKind::Local, Utc::now());
        link.state = LinkState::Up;
        link.generation = 1;
        Self { host, link: watch::Sender::new(link), runtime: Handle::current() }
    }

    /// Opens a stream and starts its work, which is handed a future that is over when the link is lost.
    fn open<W: Future<Output = ()> + Send + 'static>(
        &self,
        input: bool,
        backlog: Backlog,
        work: impl FnOnce(Producer, Lost) -> W,
    ) -> Stream {
        let mut link = self.link.subscribe();
        let Link { generation, state, .. } = *link.borrow_and_update();
        let (stream, producer) = Stream::new(generation, input, backlog);
        if state != LinkState::Up {
            self.runtime.spawn(producer.outbox.finish(Exit::ConnectionLost));
            return stream;
        }
        let lost = Box::pin(async move {
            let _ = link.wait_for(|link| !link.is_up() || link.generation != generation).await;
        });
        self.runtime.spawn(work(producer, lost));
        stream
    }
}

impl Transport for Local {
    fn host(&self) -> &HostName {
        &self.host
    }

    fn exec(&self, spec: ExecSpec) -> Stream {
        let launch = Launch::new(&spec.command);
        let mut command = Command::new("sh");
        command.arg("-c").arg(&launch.line);
        if let Some(home) = std::env::var_os("HOME").filter(|home| std::path::Path::new(home).is_dir()) {
            command.current_dir(home);
        }
        let run = Run { command, first: launch.script, deadline: process::deadline(spec.timeout), forward_err: true };
        self.open(spec.stdin, spec.backlog, |mut producer, lost| async move {
            producer.outbox.skip_to_ready();
            let end = match run.run(&mut producer, lost).await {
                Ended::Early(exit) => exit,
                Ended::Itself(status, _) => exit(status),
            };
            producer.outbox.finish(end).await;
        })
    }

    fn dial(&self, host: &str, port: u16) -> Stream {
        let address = (host.to_owned(), port);
        let connect = async move { TcpStream::connect((address.0.as_str(), address.1)).await };
        self.open(true, Backlog::Stall, |producer, lost| process::run_socket(connect, producer, DIAL_TIMEOUT, lost))
    }

    fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    fn reconnect(&self) {}

    fn declare_dead(&self, generation: u64, _: &str) {
        self.link.send_if_modified(|link| {
            let current = link.is_up() && link.generation == generation;
            if current {
                link.generation += 1;
                link.since = Utc::now();
            }
            current
        });
    }

    fn close(&self) {
        self.link.send_modify(|link| {
            link.state = LinkState::Down;
            link.since = Utc::now();
        });
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.close();
    }
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal_name(signal)),
        (None, None) => Exit::ConnectionLost,
    }
}
