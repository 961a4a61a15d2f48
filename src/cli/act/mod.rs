//! What the commands that act have in common: who may, whether it is meant, and what came of it.

pub mod confirm;
pub mod custom;
pub mod exec;
pub mod hosted;
mod meant;
pub mod report;
pub mod unit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use futures_util::future::join_all;

use super::args::Global;
use super::deploy::lock::LockArgs;
use super::deploy::run::RunVerb;
use super::deploy::{self, DeployArgs, RollbackArgs};
use super::exit::{Exit, Failure, Outcome};
use super::interruptible;
use super::opened::Opened;
use crate::actions::reach::reach;
use crate::actions::record::Recorder;
use crate::config::machine;
use crate::domain::action::ActionKind;
use crate::domain::confirm::Standing;
use crate::domain::host::HostName;
use crate::domain::nearest::nearest;
use crate::domain::settings::{Environment, Settings};
use crate::domain::text::one_line;
use crate::runtime::terminal_asker::TerminalAsker;
use crate::store::Store;
use crate::transport::{Connector, SharedTransport};

/// The commands that act.
#[derive(Debug, Subcommand)]
pub enum ActVerb {
    /// Restart a service's unit, host after host, each judged well before the next.
    Restart(unit::RestartArgs),
    /// Have a service's unit read its configuration anew, host after host.
    Reload(unit::UnitArgs),
    /// Start a service's unit, host after host.
    Start(unit::UnitArgs),
    /// Stop a service's unit, host after host.
    Stop(unit::UnitArgs),
    /// Run one command on many hosts, its output with the host's name before it.
    Exec(exec::ExecArgs),
    /// Run a command that the config names, or list them.
    Action(custom::CustomArgs),
    /// Put a release live, batch after batch, each host judged before the next.
    Deploy(DeployArgs),
    /// Take each host back to its own last good release.
    Rollback(RollbackArgs),
    /// Runs of deploys: list them, look on, take one over, stop one.
    #[command(subcommand)]
    Run(RunVerb),
    /// Keep everybody from deploying a service.
    Lock(LockArgs),
    /// Let a service be deployed again.
    Unlock(LockArgs),
}

/// Runs one of them.
pub async fn run(global: &Global, verb: ActVerb) -> Outcome {
    match verb {
        ActVerb::Restart(args) => unit::restart(global, args).await,
        ActVerb::Reload(args) => unit::run(global, ActionKind::Reload, args).await,
        ActVerb::Start(args) => unit::run(global, ActionKind::Start, args).await,
        ActVerb::Stop(args) => unit::run(global, ActionKind::Stop, args).await,
        ActVerb::Exec(args) => exec::run(global, args).await,
        ActVerb::Action(args) => custom::run(global, args).await,
        ActVerb::Deploy(args) => deploy::deploy(global, args).await,
        ActVerb::Rollback(args) => deploy::rollback(global, args).await,
        ActVerb::Run(verb) => deploy::run::run(global, verb).await,
        ActVerb::Lock(args) => interruptible(deploy::lock::run(global, args, ActionKind::Lock)).await,
        ActVerb::Unlock(args) => interruptible(deploy::lock::run(global, args, ActionKind::Unlock)).await,
    }
}

/// Options of every command that acts.
#[derive(Clone, Debug, Default, Args)]
pub struct ActFlags {
    /// Show the plan, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking (level 3 also wants --confirm).
    #[arg(long)]
    pub yes: bool,
    /// Why; kept in the audit.
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Lets this command act in an environment that is read-only until it is armed.
    #[arg(long, value_name = "ENV")]
    pub arm: Vec<String>,
    /// What level 3 wants typed: the environment and the service.
    #[arg(long, value_name = "ENV/SERVICE")]
    pub confirm: Option<String>,
    /// One JSON document: the plan with --dry-run, else what came of it.
    #[arg(long)]
    pub json: bool,
}

/// Whether every action is to be refused.
pub fn read_only(global: &Global) -> bool {
    global.read_only || std::env::var_os("QUARTERDECK_READ_ONLY").is_some_and(|set| !set.is_empty())
}

/// A config that may be acted on, and what this call may do.
pub struct Acting {
    /// The config.
    pub opened: Opened,
    /// What may be done.
    pub standing: Standing,
}

impl Acting {
    /// Loads the config. A key that nobody knows could be what was to keep this from happening, so it is an error here.
    pub async fn open(global: &Global, flags: &ActFlags) -> Result<Self, Failure> {
        let opened = Opened::load(global).await?;
        if let Some(unknown) = opened.loaded.unknown_keys().next() {
            let message = format!("the config has a key that nobody knows, so nothing is done with it\n{unknown}");
            return Err(Failure::new(Exit::Usage, message));
        }
        opened.print_warnings();
        let mut standing = Standing::new(read_only(global));
        for name in &flags.arm {
            let names = || opened.settings.environments.iter().map(|environment| environment.name.as_str());
            let Some(environment) = opened.settings.environment(name) else {
                let hint = nearest(name, names()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
                return Err(Failure::new(
                    Exit::Usage,
                    format!("--arm {}: no such environment{hint}", one_line(name, 60)),
                ));
            };
            // For this one command, however long that takes. What cannot be armed is told of where it matters.
            let _ = standing.arm(environment, DateTime::<Utc>::MAX_UTC);
        }
        Ok(Self { opened, standing })
    }

    /// The config's meaning.
    pub fn settings(&self) -> &Settings {
        &self.opened.settings
    }

    /// The environment of an action, once it may happen there; a plan may be looked at anywhere.
    pub fn environment(&self, name: &str, flags: &ActFlags) -> Result<Environment, Failure> {
        let known = self.settings().environment(name).cloned();
        let environment = known.ok_or_else(|| Failure::new(Exit::Bug, format!("there is no environment {name}")))?;
        if !flags.dry_run {
            self.standing.permits(&environment, Utc::now()).map_err(refused)?;
        }
        Ok(environment)
    }

    /// The audit of this machine.
    pub async fn recorder(&self) -> Recorder {
        let store = Store::open(&self.opened.options.dirs.state).await.map_err(|error| error.to_string());
        Recorder { store, who: machine::person(), from: machine::name(), fleet: self.opened.settings.fleet.clone() }
    }
}

/// A refusal is exit code 4.
pub fn refused(why: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Refused, why.to_string())
}

/// Hosts, connected as far as they can be.
pub struct Connected {
    /// Those that can be asked.
    pub links: BTreeMap<HostName, SharedTransport>,
    /// The others, and why.
    pub missing: Vec<(HostName, String)>,
}

impl Connected {
    /// Connects to some of the hosts of a config, and waits until each is up or has failed.
    pub async fn to(settings: &Settings, hosts: &[HostName]) -> Self {
        // Beyond its own patience a dial may wait for its turn.
        let patience = settings.ssh.connect_timeout * 2 + Duration::from_secs(2);
        let asker = Arc::new(TerminalAsker::default());
        let connector = Connector::new(settings.ssh.clone(), settings.hosts.clone(), asker);
        let known = settings.hosts.iter().filter(|host| hosts.contains(&host.name));
        let all: BTreeMap<HostName, SharedTransport> =
            known.map(|host| (host.name.clone(), connector.connect(host))).collect();
        let reached = join_all(hosts.iter().map(|host| async {
            match all.get(host) {
                Some(transport) => reach(transport, patience).await,
                None => Err("the config has no such host".to_owned()),
            }
        }));
        let mut connected = Self { links: BTreeMap::new(), missing: Vec::new() };
        for (host, reached) in hosts.iter().zip(reached.await) {
            match (reached, all.get(host)) {
                (Ok(()), Some(transport)) => drop(connected.links.insert(host.clone(), transport.clone())),
                (Err(why), _) => connected.missing.push((host.clone(), why)),
                (Ok(()), None) => {}
            }
        }
        connected
    }

    /// One line for each host that cannot be asked.
    pub fn faults(&self) -> Vec<String> {
        self.missing.iter().map(|(host, why)| format!("{host} cannot be reached: {why}")).collect()
    }
}

/// The names that a typed prefix must tell apart.
pub fn names(settings: &Settings) -> Vec<&str> {
    settings.names()
}
