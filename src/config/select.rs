//! `--env`, `--host`, `--tag` and `--service`: a part of the fleet.

use std::fmt;

use crate::domain::glob::matches;
use crate::domain::host::Host;
use crate::domain::nearest::nearest;
use crate::domain::service::Service;
use crate::domain::settings::Settings;

/// What is asked for. Each list holds names and globs, any of which may hold; an empty one asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Environments.
    pub environments: Vec<String>,
    /// Hosts.
    pub hosts: Vec<String>,
    /// Tags of hosts.
    pub tags: Vec<String>,
    /// Services, as `api` or `api@production`.
    pub services: Vec<String>,
}

/// A pattern that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NothingSelected {
    message: String,
}

impl fmt::Display for NothingSelected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NothingSelected {}

/// The settings with only what was asked for: hosts that are in the environments, bear the names and the tags, and run
/// the services; services that have such hosts. A pattern that stands for nothing, and patterns that leave nothing
/// between them, are errors.
pub fn select(settings: &Settings, selection: &Selection) -> Result<Settings, NothingSelected> {
    let Selection { environments, hosts, tags, services } = selection;
    let names = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    known("environment", environments, &names(settings.environments.iter().map(|e| e.name.as_str()).collect()))?;
    known("host", hosts, &names(settings.hosts.iter().map(|host| host.name.as_str()).collect()))?;
    known("tag", tags, &names(settings.hosts.iter().flat_map(|host| &host.tags).map(String::as_str).collect()))?;
    let mut service_names = names(settings.services.iter().map(|service| service.name.as_str()).collect());
    service_names.extend(settings.services.iter().map(full_name));
    known("service", services, &service_names)?;

    let any = |patterns: &[String], name: &str| patterns.is_empty() || patterns.iter().any(|p| matches(p, name));
    let asked_service = |service: &Service| any(services, &service.name) || any(services, &full_name(service));
    let asked_host = |host: &Host| {
        let runs = |service: &&Service| asked_service(service) && service.hosts.contains(&host.name);
        any(environments, &host.environment)
            && any(hosts, host.name.as_str())
            && (tags.is_empty() || host.tags.iter().any(|tag| any(tags, tag)))
            && (services.is_empty() || settings.services.iter().any(|service| runs(&service)))
    };
    let mut narrowed = settings.clone();
    narrowed.hosts.retain(asked_host);
    let by_host = !(hosts.is_empty() && tags.is_empty());
    narrowed.services.retain_mut(|service| {
        service.hosts.retain(|name| narrowed.hosts.iter().any(|host| host.name == *name));
        asked_service(service) && any(environments, &service.environment) && !(by_host && service.hosts.is_empty())
    });
    for action in &mut narrowed.actions {
        action.hosts.retain(|name| narrowed.hosts.iter().any(|host| host.name == *name));
    }
    narrowed.environments.retain(|environment| any(environments, &environment.name));
    if narrowed.hosts.is_empty() && *selection != Selection::default() {
        return Err(NothingSelected { message: "no host is left: nothing fits all that was asked for".to_owned() });
    }
    Ok(narrowed)
}

fn full_name(service: &Service) -> String {
    format!("{}@{}", service.name, service.environment)
}

/// Whether each pattern stands for something of this sort.
pub fn known(what: &str, patterns: &[String], names: &[String]) -> Result<(), NothingSelected> {
    let Some(stray) = patterns.iter().find(|pattern| !names.iter().any(|name| matches(pattern, name))) else {
        return Ok(());
    };
    let mut message = format!("there is no {what} \"{}\"", crate::domain::text::one_line(stray, 100));
    match nearest(stray, names.iter().map(String::as_str)) {
        Some(name) => message.push_str(&format!("; did you mean \"{name}\"?")),
        None if names.is_empty() => message.push_str(&format!("; the config names no {what}")),
        None => {
            let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
            all.sort_unstable();
            all.dedup();
            let more = if all.len() > 8 { ", …" } else { "" };
            message.push_str(&format!("; there is {}{more}", all[..all.len().min(8)].join(", ")));
        }
    }
    Err(NothingSelected { message })
}
