//! `qd demo`: an embedded fleet, so that one command shows the product on any machine.
//!
//! N made-up hosts listen on random ports of 127.0.0.1 with keys generated at the start. The cockpit reaches them as it
//! reaches real hosts: over SSH, with its ordinary transport, probe and tails. Behind the server side of SSH (russh, in
//! this process) stands a folder for each host that looks like the root of a file system; a seeded [`world`] writes
//! `/proc` and logs into it as time goes by, and commands run there by the real `sh` with `QD_ROOT` naming that folder.
//!
//! The company whose hosts these are has its hosted APIs on loopback too ([`apis`]): StatusCake, Stripe and GitLab tell of
//! the same services, versions and outages as the hosts.
//!
//! Nothing of the person's own is read (no config, agent, `~/.ssh` or store), nothing is reached but 127.0.0.1, and
//! everything written is in one temporary [`folder`], which goes when the demo ends.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use crate::domain::settings::Settings;

mod apis;
pub mod company;
mod folder;
mod http;
mod keys;
mod log_file;
mod server;
mod settings;
mod stage;
pub mod world;

use apis::{Apis, Tokens};
use folder::Folder;
use server::Server;
use world::World;
pub use world::story::Scenario;

/// The most hosts a demo has; each costs some 20 small file writes a second.
pub const MOST_HOSTS: usize = 50;

/// What to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// How many hosts, 1 to [`MOST_HOSTS`].
    pub hosts: usize,
    /// The same seed gives the same world.
    pub seed: u64,
    /// What happens in it.
    pub scenario: Scenario,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { hosts: 3, seed: 1, scenario: Scenario::default() }
    }
}

/// A running demo. Dropping it closes the servers, kills what runs on them and removes the folder.
#[derive(Debug)]
pub struct Demo {
    /// The config that a person would have written for these hosts.
    pub settings: Settings,
    // Dropped in this order: first nothing new is written or started, then the folder goes.
    clock: Option<stage::Clock>,
    servers: Vec<Arc<Server>>,
    _apis: Apis,
    folder: Folder,
}

impl Demo {
    /// The folder that holds everything the demo writes.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.clock = None;
        for server in &self.servers {
            server.close();
        }
        self.folder.remove();
    }
}

/// Makes the world, writes its last ten minutes, and starts its servers; when it returns they accept connections.
///
/// # Errors
/// When the number of hosts is out of range, or the temporary folder or a port cannot be had.
pub async fn start(options: DemoOptions) -> Result<Demo> {
    ensure!(
        (1..=MOST_HOSTS).contains(&options.hosts),
        "a demo has 1 to {MOST_HOSTS} hosts, not {}; give another --hosts",
        options.hosts
    );
    let folder =
        Folder::create().context("the demo needs a temporary folder; set TMPDIR to one that can be written")?;
    let world = World::new(options.seed, options.scenario, options.hosts, chrono::Utc::now());
    let names: Vec<String> = world.host_names().map(str::to_owned).collect();
    let (company, webs) = (world.company(), world.web_names());

    let root = folder.path().to_owned();
    let stage = tokio::task::spawn_blocking(move || stage::Stage::build(&root, world)).await??;

    let client = keys::generate()?;
    let mut servers = Vec::new();
    let mut known_hosts = String::new();
    for (name, live) in names.iter().zip(stage.live()) {
        let host_key = keys::generate()?;
        let public = host_key.public_key().clone();
        let server = Server::listen(name, folder.path(), host_key, client.public_key().clone(), live).await?;
        known_hosts.push_str(&keys::known_hosts_line(server.port(), &public)?);
        servers.push(server);
    }
    let identity = folder.path().join("id_ed25519");
    let known = folder.path().join("known_hosts");
    keys::write_identity(&identity, &client)?;
    tokio::fs::write(&known, known_hosts).await.context("cannot write the demo's known_hosts")?;

    let ports: Vec<u16> = servers.iter().map(|server| server.port()).collect();
    let tokens = Tokens::generate();
    let apis = Apis::listen(company, tokens.clone(), webs).await?;
    let settings = settings::settings(&settings::Parts {
        folder: folder.path(),
        names: &names,
        ports: &ports,
        identity: &identity,
        known_hosts: &known,
        apis: apis.port(),
        tokens: &tokens,
    })?;
    let clock = Some(stage.start().context("cannot start a thread for the demo's world")?);
    Ok(Demo { settings, clock, servers, _apis: apis, folder })
}
