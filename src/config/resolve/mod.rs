//! From the config as typed to the config as meant.

mod actions;
mod deploys;
mod hosted;
mod hosts;
mod policy;
mod program;
mod services;

use std::path::{Path, PathBuf};

use super::LoadOptions;
use super::inventory::InventoryHost;
use super::machine;
use super::raw::Config;
use super::read::{At, Reader};
use super::source::Files;
use super::ssh_names::{self, SshNames};
use crate::domain::settings::{Environment, ReadOnly, Settings};

/// What resolving needs besides the config itself; gathered once, at load.
#[derive(Clone, Debug)]
pub struct Basis {
    files: Files,
    home: PathBuf,
    /// Whether the config may be acted on.
    trusted: bool,
    /// Names in the ssh config, for inventories.
    ssh_names: Vec<String>,
    /// The ssh config's files, where an inventory reads them.
    pub(super) ssh_files: Vec<PathBuf>,
    /// What to watch when the config names no host at all.
    machine: Option<machine::Machine>,
    /// What the fleet is called when the config does not say.
    fallback_name: String,
}

impl Basis {
    /// Reads what the config needs to know of this machine.
    pub(super) fn new(
        config: &Config,
        files: Files,
        options: &LoadOptions,
        found: Option<&Path>,
        trusted: bool,
    ) -> Self {
        let inventory = config.fleet.as_ref().and_then(|fleet| fleet.inventory.as_ref());
        let wanted = trusted && inventory.is_some_and(|all| all.iter().any(|one| one.ssh_config.is_some()));
        let names = wanted.then(|| {
            let own = config.ssh.as_ref().and_then(|ssh| ssh.config.as_ref()).map(|path| path.0.clone());
            ssh_names::read(&own.unwrap_or_else(|| options.dirs.home.join(".ssh/config")), &options.dirs.home)
        });
        let SshNames { names: ssh_names, files: ssh_files } = names.unwrap_or_default();
        let hostless = config.host.as_ref().is_none_or(|hosts| hosts.is_empty()) && inventory.is_none();
        let folder = found.and_then(|file| file.parent()?.file_name()).filter(|_| !hostless);
        let fallback_name = folder.map_or_else(machine::name, |name| name.to_string_lossy().into_owned());
        let machine = hostless.then(machine::Machine::look);
        Self { files, home: options.dirs.home.clone(), trusted, ssh_names, ssh_files, machine, fallback_name }
    }

    /// A reader for what is found while resolving.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader::new(&self.files, &self.home)
    }
}

/// The environment of hosts that name none, in a fleet that names none.
pub const UNNAMED: &str = "default";

/// Works out what the config means, with what commands of its inventory have answered.
pub(super) fn resolve(
    config: &Config,
    basis: &Basis,
    answers: &[Vec<InventoryHost>],
    reader: &mut Reader<'_>,
) -> Settings {
    policy::check(config, reader);
    let fleet = config.fleet.as_ref();
    let name = fleet.and_then(|fleet| fleet.name.as_ref()).map(|name| name.value.clone());
    let mut settings = Settings {
        fleet: name.unwrap_or_else(|| basis.fallback_name.clone()),
        hosts: hosts::hosts(config, &basis.ssh_names, answers, reader),
        ssh: program::ssh(config, basis.trusted),
        logs: program::logs(config, reader),
        stats: program::stats(config, reader),
        store: program::store(config),
        ui: program::ui(config, reader),
        ..Settings::default()
    };
    if let Some(machine) = &basis.machine {
        settings.unconfigured = true;
        settings.hosts = vec![machine.host()];
        settings.services = machine.services();
    }
    // What a command of the inventory has yet to say may be just what a glob is meant for.
    let complete = fleet.and_then(|fleet| fleet.inventory.as_ref()).is_none_or(|all| {
        let commands = all.iter().filter(|one| one.command.is_some()).count();
        answers.iter().filter(|answer| !answer.is_empty()).count() >= commands && basis.trusted
    });
    settings.services.extend(services::services(config, &settings.hosts, complete, reader));
    settings.hosted = hosted::hosted(config, &settings.services);
    settings.actions = actions::actions(config, &settings.hosts, &settings.services, reader);
    settings.deploys = deploys::deploys(config, &settings.services, reader);
    settings.freezes = deploys::freezes(config, reader);
    settings.environments = environments(config, &settings);
    settings
}

/// Environments that are written, then those that only hosts and services name.
fn environments(config: &Config, settings: &Settings) -> Vec<Environment> {
    let mut environments = Vec::new();
    for raw in config.environment.iter().flat_map(|all| all.iter()) {
        let Some(name) = &raw.name else { continue };
        let mut environment = environment(&name.0);
        environment.careful = copied(&raw.careful).unwrap_or(environment.careful);
        if !environment.careful {
            environment.read_only = ReadOnly::No;
            "accent".clone_into(&mut environment.accent);
        }
        environment.read_only = copied(&raw.read_only).unwrap_or(environment.read_only);
        environment.arm_for = copied(&raw.arm_for).unwrap_or(environment.arm_for);
        if let Some(accent) = &raw.accent {
            environment.accent.clone_from(&accent.0);
        }
        environments.push(environment);
    }
    let hosts = settings.hosts.iter().map(|host| &host.environment);
    let forge = settings.hosted.gitlab.iter().flat_map(|gitlab| &gitlab.projects);
    let services = settings.services.iter().map(|service| &service.environment);
    for name in hosts.chain(services).chain(forge.flat_map(|project| project.environments.values())) {
        if !environments.iter().any(|known| known.name == *name) {
            environments.push(environment(name));
        }
    }
    // What is done at an API counts somewhere, also in a config that names no host.
    if environments.is_empty() {
        let named = config.fleet.as_ref().and_then(|fleet| text(&fleet.environment));
        environments.push(environment(named.as_deref().unwrap_or(UNNAMED)));
    }
    environments
}

/// An environment of which nothing is written. Its name decides how careful it is; so does having none.
fn environment(name: &str) -> Environment {
    let careful = matches!(name, "production" | "prod" | "live" | UNNAMED | machine::ENVIRONMENT);
    Environment {
        name: name.to_owned(),
        careful,
        read_only: if careful { ReadOnly::UntilArmed } else { ReadOnly::No },
        arm_for: std::time::Duration::from_secs(15 * 60),
        accent: if careful { "danger" } else { "accent" }.to_owned(),
    }
}

/// A written value, where there is one.
fn copied<T: Copy>(value: &Option<At<T>>) -> Option<T> {
    value.as_ref().map(|value| value.value)
}

/// The text of a written value, where there is one.
fn text<T: AsRef<str>>(value: &Option<At<T>>) -> Option<String> {
    value.as_ref().map(|value| value.value.as_ref().to_owned())
}
