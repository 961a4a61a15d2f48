//! The SSH server of one made-up host: a port of 127.0.0.1, one key that may come in, commands and one HTTP service.

use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Config, run_stream};
use russh::{MethodKind, MethodSet};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::world::Live;
use group::Groups;
use guest::Guest;

mod exec;
mod group;
mod guest;
mod http;

/// A listening server. [`Server::close`] ends it; until then it also holds what runs on the host.
#[derive(Debug)]
pub struct Server {
    port: u16,
    accepting: AbortHandle,
    groups: Arc<Groups>,
}

/// What every connection to one host shares.
struct Shared {
    /// The folder that stands for `/` on this host.
    root: PathBuf,
    /// The only key that may log in.
    client: PublicKey,
    /// What the world says of the host now.
    live: watch::Receiver<Live>,
    /// What runs on it.
    groups: Arc<Groups>,
}

impl Server {
    /// Starts to listen on a port that the system chooses. `folder` holds the root folder of every host by its name.
    pub async fn listen(
        name: &str,
        folder: &Path,
        host_key: PrivateKey,
        client: PublicKey,
        live: watch::Receiver<Live>,
    ) -> Result<Arc<Self>> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port of 127.0.0.1 can be had")?;
        let port = listener.local_addr()?.port();
        let config = Arc::new(Config {
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            keys: vec![host_key],
            // Clients ask with "none" first; only a wrong key is worth slowing down.
            auth_rejection_time_initial: Some(Duration::ZERO),
            inactivity_timeout: None,
            nodelay: true,
            ..Config::default()
        });
        let groups = Arc::new(Groups::default());
        let shared = Arc::new(Shared { root: folder.join(name), client, live, groups: Arc::clone(&groups) });
        let accepting = tokio::spawn(accept(listener, config, shared)).abort_handle();
        Ok(Arc::new(Self { port, accepting, groups }))
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills what runs on the host, at once, and ends its connections.
    pub fn close(&self) {
        self.accepting.abort();
        self.groups.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

/// Takes connections for ever; being aborted ends them all.
async fn accept(listener: TcpListener, config: Arc<Config>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            // A host that is cut off hangs up before a word is said.
            Ok(_) if !shared.live.borrow().reachable => {}
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&config), Arc::clone(&shared)));
            }
            // Out of file descriptors, most likely: it passes.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, until the client leaves or the host is cut off.
async fn serve(stream: TcpStream, config: Arc<Config>, shared: Arc<Shared>) {
    let Ok((stream, _hang_up)) = HangUp::guard(stream) else { return };
    let mut live = shared.live.clone();
    let session = async move {
        // Errors are the client's: it went away, or it spoke no SSH.
        if let Ok(session) = run_stream(config, stream, Guest::new(shared)).await {
            let _ = session.await;
        }
    };
    tokio::select! {
        () = session => {}
        _ = live.wait_for(|live| !live.reachable) => {}
    }
}

/// Cuts a connection when dropped: russh's own task for it would go on otherwise.
struct HangUp(std::net::TcpStream);

impl HangUp {
    fn guard(stream: TcpStream) -> std::io::Result<(TcpStream, Self)> {
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        let guard = Self(stream.try_clone()?);
        Ok((TcpStream::from_std(stream)?, guard))
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
