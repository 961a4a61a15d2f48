//! The company's hosted APIs on loopback: StatusCake, Stripe and GitLab as far as quarterdeck asks them, with their own
//! errors, limits and shapes, over what the [company](super::company) is like now. What is changed through them stays
//! changed.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::company::Company;
use super::http::{self, Reply, Request};
use super::keys;
use super::world::lock;

mod gitlab;
mod gitlab_changes;
mod gitlab_objects;
mod statuscake;
mod stripe;
mod stripe_objects;

/// The most connections at once; more wait.
const MOST_CONNECTIONS: usize = 64;

/// The company, as the world that moves it and the APIs that tell of it share it.
pub type SharedCompany = Arc<Mutex<Company>>;

/// The secrets that the APIs take: made at each start.
#[derive(Clone)]
pub struct Tokens {
    /// StatusCake's.
    pub statuscake: String,
    /// Stripe's.
    pub stripe: String,
    /// GitLab's.
    pub gitlab: String,
}

impl Tokens {
    /// New ones.
    pub fn generate() -> Self {
        let part = || format!("{:08x}{:08x}{:08x}", keys::random_u32(), keys::random_u32(), keys::random_u32());
        Self { statuscake: part(), stripe: format!("rk_live_{}", part()), gitlab: format!("glpat-{}", part()) }
    }
}

/// What is needed to answer.
struct Desk {
    company: SharedCompany,
    tokens: Tokens,
    /// The web hosts' names.
    hosts: Vec<String>,
    /// Where the APIs are, as they say in links.
    origin: String,
}

/// The listening APIs. Dropping it ends them.
#[derive(Debug)]
pub struct Apis {
    port: u16,
    accepting: AbortHandle,
}

impl Apis {
    /// Starts to listen on a port of 127.0.0.1 that the system chooses.
    pub async fn listen(company: SharedCompany, tokens: Tokens, hosts: Vec<String>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port of 127.0.0.1 can be had")?;
        let port = listener.local_addr()?.port();
        let desk = Arc::new(Desk { company, tokens, hosts, origin: format!("http://127.0.0.1:{port}") });
        let accepting = tokio::spawn(accept(listener, desk)).abort_handle();
        Ok(Self { port, accepting })
    }

    /// The port they listen on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Apis {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Takes connections for ever; being aborted ends them all.
async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= MOST_CONNECTIONS {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&desk)));
            }
            // Out of file descriptors, most likely: it passes.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, desk: Arc<Desk>) {
    if stream.set_nodelay(true).is_ok() {
        http::serve(stream, |request| desk.answer(request)).await;
    }
}

impl Desk {
    fn answer(&self, request: &Request) -> Reply {
        let mut company = lock(&self.company);
        match request.parts()[..] {
            ["statuscake", "v1", ref path @ ..] => {
                statuscake::answer(&mut company, request, path, &self.tokens.statuscake)
            }
            ["stripe", "v1", ref path @ ..] => stripe::answer(&company, request, path, &self.tokens.stripe),
            ["gitlab", "api", "v4", ref path @ ..] => {
                let gitlab = gitlab::GitLab { token: &self.tokens.gitlab, origin: &self.origin, hosts: &self.hosts };
                gitlab.answer(&mut company, request, path)
            }
            _ => Reply::text(404, "not found\n"),
        }
    }
}

/// Whether a request shows a token as `Authorization: Bearer TOKEN`.
fn bears(request: &Request, token: &str) -> bool {
    request.header("authorization").and_then(|shown| shown.strip_prefix("Bearer ")) == Some(token)
}
