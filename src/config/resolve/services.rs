//! Services: each selects hosts, and becomes one service for each environment of theirs.

use std::time::Duration;

use super::{UNNAMED, copied, text};
use crate::config::diagnostic::{Kind, Severity};
use crate::config::raw::Config;
use crate::config::raw::service::{LogSource, Service as RawService};
use crate::config::read::{At, OneOf, Reader};
use crate::config::values::Selector;
use crate::domain::glob;
use crate::domain::host::Host;
use crate::domain::log::{SourceKind, SourceSpec};
use crate::domain::nearest::nearest;
use crate::domain::service::{HealthCheck, Service, VersionSource};

/// Every service of every environment, in config order. With `complete`, all hosts are known, and a selector that
/// stands for none of them is reported.
pub fn services(config: &Config, hosts: &[Host], complete: bool, reader: &mut Reader<'_>) -> Vec<Service> {
    let fleet = config.fleet.as_ref();
    let fallback = fleet.and_then(|fleet| text(&fleet.environment)).unwrap_or_else(|| UNNAMED.to_owned());
    let mut services: Vec<Service> = Vec::new();
    for raw in config.service.iter().flat_map(|all| all.iter()) {
        let Some(name) = &raw.name else { continue };
        let selected = select(raw, hosts, complete, reader);
        let mut environments: Vec<&str> = Vec::new();
        for host in &selected {
            if !environments.contains(&host.environment.as_str()) {
                environments.push(&host.environment);
            }
        }
        if environments.is_empty() {
            environments.push(&fallback);
        }
        let template = service(raw, &name.0, reader);
        for environment in environments {
            if services.iter().any(|other| other.name == name.0 && other.environment == environment) {
                let message = format!("the service {}@{environment} is written twice", name.0);
                reader.conflict(name.at, &message, "give one of them another name, or hosts of another environment");
                continue;
            }
            let mine = selected.iter().filter(|host| host.environment == environment);
            services.push(Service {
                environment: environment.to_owned(),
                hosts: mine.map(|host| host.name.clone()).collect(),
                ..template.clone()
            });
        }
    }
    services
}

/// The hosts that a service's names, globs and tags stand for, in config order.
fn select<'h>(raw: &RawService, hosts: &'h [Host], complete: bool, reader: &mut Reader<'_>) -> Vec<&'h Host> {
    let Some(selectors) = &raw.hosts else { return hosts.iter().collect() };
    for selector in selectors.iter() {
        if complete && !hosts.iter().any(|host| selects(selector, host)) {
            let help = if glob::is_glob(&selector.0) {
                None
            } else {
                let tags = hosts.iter().flat_map(|host| &host.tags).map(|tag| format!("tag:{tag}"));
                let words: Vec<String> = hosts.iter().map(|host| host.name.as_str().to_owned()).chain(tags).collect();
                nearest(&selector.0, words.iter().map(String::as_str)).map(|word| format!("did you mean \"{word}\"?"))
            };
            let message = format!("\"{}\" stands for no host", selector.0);
            reader.report(selector.at, Severity::Warning, Kind::NoMatch, &message, help);
        }
    }
    hosts.iter().filter(|host| selectors.iter().any(|selector| selects(selector, host))).collect()
}

/// Whether a name, glob or tag stands for a host.
pub(super) fn selects(selector: &Selector, host: &Host) -> bool {
    match selector.0.strip_prefix("tag:") {
        Some(tag) => host.tags.iter().any(|own| glob::matches(tag, own)),
        None => glob::matches(&selector.0, host.name.as_str()),
    }
}

/// The service without its environment and hosts.
fn service(raw: &RawService, name: &str, reader: &mut Reader<'_>) -> Service {
    if let (Some(_), Some(container)) = (&raw.unit, &raw.container) {
        reader.conflict(container.at, "a service is a unit or a container", "keep one of unit and container");
    }
    Service {
        name: name.to_owned(),
        environment: String::new(),
        hosts: Vec::new(),
        unit: raw.unit.as_ref().map(|unit| unit_name(&unit.0)),
        container: text(&raw.container),
        critical: copied(&raw.critical).unwrap_or(false),
        health: health(raw, reader),
        version: version(raw, reader),
        access_log: text(&raw.access_log),
        runbook: text(&raw.runbook),
        logs: raw.logs.iter().flat_map(|logs| logs.iter()).filter_map(|log| source(log, reader)).collect(),
    }
}

/// A unit's whole name: systemd takes `nginx` for `nginx.service`, and answers with the latter.
fn unit_name(unit: &str) -> String {
    const KINDS: [&str; 11] =
        ["service", "socket", "timer", "target", "mount", "path", "slice", "scope", "device", "swap", "automount"];
    let whole = unit.is_empty() || unit.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind));
    if whole { unit.to_owned() } else { format!("{unit}.service") }
}

fn health(raw: &RawService, reader: &mut Reader<'_>) -> Option<HealthCheck> {
    let asked = |url: &str| HealthCheck {
        url: url.to_owned(),
        status: vec![(200, 299)],
        timeout: Duration::from_secs(5),
        every: Duration::from_secs(15),
    };
    let At { value, at } = raw.health.as_ref()?;
    match value {
        OneOf::One(url) => Some(asked(&url.0)),
        OneOf::Other(table) => {
            let Some(url) = &table.url else {
                reader.conflict(*at, "this health check asks nothing", "write its url");
                return None;
            };
            let mut check = asked(&url.0);
            if let Some(status) = &table.status {
                check.status.clone_from(&status.0);
            }
            check.timeout = copied(&table.timeout).unwrap_or(check.timeout);
            check.every = copied(&table.every).unwrap_or(check.every).max(Duration::from_secs(1));
            Some(check)
        }
    }
}

fn version(raw: &RawService, reader: &mut Reader<'_>) -> Option<VersionSource> {
    let At { value, at } = raw.version.as_ref()?;
    match value {
        OneOf::One(url) => Some(VersionSource::Url(url.0.clone())),
        OneOf::Other(table) => match &table.command {
            Some(command) if !command.0.is_empty() => Some(VersionSource::Command(command.0.clone())),
            _ => {
                reader.conflict(*at, "this version asks nothing", "write a URL, or its command");
                None
            }
        },
    }
}

fn source(raw: &LogSource, reader: &mut Reader<'_>) -> Option<SourceSpec> {
    let kinds = [
        raw.file.as_ref().map(|file| SourceKind::File(file.0.clone())),
        raw.journal.as_ref().map(|unit| SourceKind::Journal(unit_name(&unit.0))),
        raw.command.as_ref().filter(|command| !command.0.is_empty()).map(|argv| SourceKind::Command(argv.0.clone())),
    ];
    let mut kinds = kinds.into_iter().flatten();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        reader.conflict(raw.at, "a log is exactly one of file, journal and command", "write one entry for each");
        return None;
    };
    Some(SourceSpec { kind, sudo: raw.sudo.as_ref().is_some_and(|sudo| sudo.0) })
}
