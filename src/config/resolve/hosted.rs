//! `[statuscake]`, `[stripe]`, `[gitlab]`, `[slack]`.

use std::time::Duration;

use super::{UNNAMED, copied, text};
use crate::config::raw::service::Service as RawService;
use crate::config::raw::{Config, api};
use crate::config::read::{At, OneOf};
use crate::config::values::{Secret, Url};
use crate::domain::hosted::{
    CheckOwner, GitLabProject, GitLabSettings, HostedSettings, SecretPlace, SlackSend, SlackSettings,
    StatusCakeSettings, StripeSettings,
};
use crate::domain::service::Service;

/// Every hosted API that is written.
pub fn hosted(config: &Config, services: &[Service]) -> HostedSettings {
    let stripe = match config.stripe.as_ref().map(|stripe| &stripe.value) {
        Some(OneOf::One(account)) => std::slice::from_ref(account),
        Some(OneOf::Other(accounts)) => accounts,
        None => &[],
    };
    HostedSettings {
        statuscake: config.statuscake.as_ref().map(|raw| StatusCakeSettings {
            base: base(&raw.url, "https://api.statuscake.com", "/v1"),
            token: secret(&raw.token),
            tags: raw.tags.as_ref().map(|tags| tags.value.clone()).unwrap_or_default(),
            owners: config
                .service
                .iter()
                .flat_map(|all| all.iter())
                .filter_map(|raw| owner(raw, config, services))
                .collect(),
        }),
        stripe: stripe.iter().map(account).collect(),
        gitlab: config.gitlab.as_ref().map(|raw| GitLabSettings {
            base: base(&raw.url, "https://gitlab.com", "/api/v4"),
            token: secret(&raw.token),
            ca_file: raw.ca_file.as_ref().map(|path| path.0.clone()),
            projects: raw.projects.iter().flat_map(|all| all.iter()).filter_map(project).collect(),
        }),
        slack: config.slack.as_ref().map(|raw| SlackSettings {
            webhook: secret(&raw.webhook),
            send: raw
                .send
                .as_ref()
                .map_or_else(|| vec![SlackSend::Page, SlackSend::Ticket, SlackSend::Deploy], |send| send.value.clone()),
        }),
    }
}

fn owner(raw: &RawService, config: &Config, services: &[Service]) -> Option<CheckOwner> {
    let (service, patterns) = (text(&raw.name)?, raw.statuscake.as_ref()?.value.clone());
    // A service without hosts may still be watched from outside.
    let of_fleet = || config.fleet.as_ref().and_then(|fleet| text(&fleet.environment));
    let known = services.iter().find(|known| known.name == service).map(|known| known.environment.clone());
    let environment = known.or_else(of_fleet).unwrap_or_else(|| UNNAMED.to_owned());
    Some(CheckOwner { service, environment, patterns })
}

fn account(raw: &api::Stripe) -> StripeSettings {
    StripeSettings {
        name: text(&raw.name).unwrap_or_else(|| "main".to_owned()),
        base: base(&raw.url, "https://api.stripe.com", "/v1"),
        key: secret(&raw.key),
        timezone: raw.timezone.as_ref().map_or(chrono_tz::UTC, |zone| zone.0),
        refresh: copied(&raw.refresh).unwrap_or(Duration::from_secs(60)),
    }
}

fn project(raw: &api::GitlabProject) -> Option<GitLabProject> {
    let path = text(&raw.path)?;
    let service = text(&raw.service).unwrap_or_else(|| path.rsplit('/').next().unwrap_or(&path).to_owned());
    let environments =
        raw.environments.iter().flat_map(|all| all.iter()).map(|(theirs, ours)| (theirs.clone(), ours.0.clone()));
    Some(GitLabProject { service, environments: environments.collect(), path })
}

fn secret(written: &Option<At<Secret>>) -> Option<SecretPlace> {
    written.as_ref().map(|secret| secret.value.clone())
}

/// A URL with what every path of the API begins with; whoever has written that too means the same.
fn base(url: &Option<At<Url>>, default: &str, version: &str) -> String {
    let url = url.as_ref().map_or(default, |url| url.0.as_str()).trim_end_matches('/');
    if url.ends_with(version) { url.to_owned() } else { format!("{url}{version}") }
}
