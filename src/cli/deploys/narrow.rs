//! `--env` and `--service` over what GitLab knows, and `--host` and `--tag` over what the config does.

use chrono::Utc;

use super::super::args::Global;
use super::super::exit::{Exit, Failure};
use super::super::opened::Opened;
use super::{PARTS, client};
use crate::config::{Selection, known};
use crate::domain::delivery::Delivery;
use crate::domain::glob::matches;
use crate::domain::hosted::GitLabSettings;
use crate::domain::settings::Settings;
use crate::integrations::gitlab::Watch;

/// `--env`, `--service`, and what `--host` and `--tag` leave.
pub struct Narrow {
    environments: Vec<String>,
    services: Vec<String>,
    /// Services and environments that run on the hosts that were asked for.
    on_hosts: Option<Vec<(String, String)>>,
}

impl Narrow {
    /// As the call says.
    pub fn new(global: &Global, opened: &Opened) -> Self {
        let by_host = opened.selection != Selection::default();
        let on_hosts = opened.settings.services.iter().map(|one| (one.name.clone(), one.environment.clone()));
        Self {
            environments: global.env.clone(),
            services: global.service.clone(),
            on_hosts: by_host.then(|| on_hosts.collect()),
        }
    }

    /// GitLab, for the projects that may be asked for.
    pub fn open(&self, settings: &GitLabSettings) -> Watch {
        let mut settings = settings.clone();
        settings.projects.retain(|project| {
            let on_hosts = self.on_hosts.as_ref().is_none_or(|all| all.iter().any(|(one, _)| *one == project.service));
            on_hosts
                && (self.services.is_empty()
                    || self.services.iter().any(|pattern| matches(service_of(pattern), &project.service)))
        });
        Watch::new(client(&settings), &PARTS, Utc::now())
    }

    /// Whether it is about a service in an environment.
    pub fn wants(&self, service: &str, environment: &str) -> bool {
        let full = format!("{service}@{environment}");
        let any = |patterns: &[String], names: &[&str]| {
            patterns.is_empty() || patterns.iter().any(|pattern| names.iter().any(|name| matches(pattern, name)))
        };
        let on_hosts = |all: &Vec<(String, String)>| all.iter().any(|(s, e)| s == service && e == environment);
        any(&self.environments, &[environment])
            && any(&self.services, &[service, &full])
            && self.on_hosts.as_ref().is_none_or(on_hosts)
    }

    /// Whether each pattern stands for something, in the config or at GitLab. What GitLab has not said that it has, it may.
    pub fn check(&self, delivery: &Delivery, settings: &Settings) -> Result<(), Failure> {
        let services = settings.services.iter().map(|one| one.name.clone());
        let projects = settings.hosted.gitlab.iter().flat_map(|gitlab| &gitlab.projects);
        let services: Vec<String> = projects.map(|project| project.service.clone()).chain(services).collect();
        let mut environments: Vec<String> = settings.environments.iter().map(|one| one.name.clone()).collect();
        for project in &delivery.projects {
            environments.extend(project.environments.iter().map(|one| one.environment.clone()));
            environments.extend(project.deployments.iter().map(|one| one.environment.clone()));
        }
        let patterns: Vec<String> = self.services.iter().map(|pattern| service_of(pattern).to_owned()).collect();
        let heard = delivery.projects.iter().all(|project| project.trouble.is_empty());
        let environments = if heard { known("environment", &self.environments, &environments) } else { Ok(()) };
        known("service", &patterns, &services)
            .and(environments)
            .map_err(|stray| Failure::new(Exit::Usage, stray.to_string()))
    }
}

/// The service that a pattern such as `api@production` names.
fn service_of(pattern: &str) -> &str {
    pattern.split('@').next().unwrap_or("")
}
