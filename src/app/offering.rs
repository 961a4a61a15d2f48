//! Versions that a deploy is offered, while somebody says which: what the hosts and the forge have told so far.

use std::collections::BTreeMap;

use super::input::text_of;
use super::state::State;
use super::view_state::rows;
use crate::domain::deploy::offer::{Lying, Offer, offers};
use crate::domain::deployment::DeploymentStatus;
use crate::domain::host::HostName;
use crate::domain::want::{Subject, Want};
use tui_textarea::TextArea;

/// What is offered for one question.
#[derive(Clone, Debug)]
pub struct Offering {
    /// Its number: answers come under it.
    pub ticket: u64,
    /// The hosts that are asked, and what each has said.
    pub hosts: BTreeMap<HostName, Option<Result<Lying, String>>>,
    /// Only versions that hold this.
    pub find: String,
}

impl Offering {
    /// One for which these hosts are asked.
    pub fn new(ticket: u64, hosts: impl IntoIterator<Item = HostName>) -> Self {
        let hosts = hosts.into_iter().map(|host| (host, None)).collect();
        Self { ticket, hosts, find: String::new() }
    }

    /// Takes what a host has said.
    pub fn take(&mut self, host: &HostName, said: Result<Lying, String>) {
        if let Some(place) = self.hosts.get_mut(host) {
            *place = Some(said);
        }
    }

    /// The versions that what was typed lets through, the newest first.
    pub fn shown(&self, state: &State, want: &Want) -> Vec<Offer> {
        let Subject::Service { name, environment, .. } = &want.subject else { return Vec::new() };
        let heard = self.hosts.iter().filter_map(|(host, said)| Some((host.as_str(), said.as_ref()?.as_ref().ok()?)));
        let hosted = &state.hosted;
        let projects = hosted.delivery.iter().flat_map(|delivery| &delivery.projects);
        let tags = projects.filter(|project| project.service == *name).flat_map(|project| &project.tags);
        let deployed = hosted.deployments.iter().filter(|one| {
            one.service == *name && one.environment == *environment && one.status == Some(DeploymentStatus::Success)
        });
        let tags = tags.map(|tag| tag.name.as_str());
        let mut found = offers(heard, tags, deployed.map(|one| one.version.as_str()));
        found.retain(|offer| offer.version.contains(&self.find));
        // Where no folder is looked at, what is live is what the service itself reports, or else the forge.
        let forge = rows::live(state, name, environment);
        let view =
            state.services.iter().find(|view| view.service.name == *name && view.service.environment == *environment);
        for offer in found.iter_mut().filter(|_| self.hosts.is_empty()) {
            let on = view.into_iter().flat_map(|view| &view.on);
            let reports = on.filter(|(_, on)| on.version.as_deref() == Some(&offer.version));
            offer.live = reports.map(|(host, _)| host.to_string()).collect();
            offer.last = forge.as_ref() == Some(&offer.version);
        }
        found
    }

    /// The place of what the line holds among those.
    pub fn place(&self, offers: &[Offer], line: &TextArea<'_>) -> Option<usize> {
        offers.iter().position(|offer| offer.version == text_of(line))
    }

    /// How many hosts have not answered yet.
    pub fn waits_for(&self) -> usize {
        self.hosts.values().filter(|said| said.is_none()).count()
    }

    /// Hosts that could not say, and why.
    pub fn unheard(&self) -> impl Iterator<Item = (&HostName, &str)> {
        self.hosts.iter().filter_map(|(host, said)| Some((host, said.as_ref()?.as_ref().err()?.as_str())))
    }

    /// How many hosts have said what lies there.
    pub fn heard(&self) -> usize {
        self.hosts.values().filter(|said| matches!(said, Some(Ok(_)))).count()
    }
}
