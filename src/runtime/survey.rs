//! One look at every host, for the headless commands.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::fleet::Fleet;
use crate::domain::host::{Host, HostName, HostState, Link, LinkState};
use crate::domain::sample::Sample;
use crate::domain::service::{Health, Service, ServiceOnHost};
use crate::domain::settings::Settings;
use crate::hosts::watch::HostEvent;

/// What is known of the whole fleet at one moment.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Hosts in config order.
    pub hosts: Vec<HostReport>,
    /// Services in config order, each with what is known per host.
    pub services: Vec<(Service, BTreeMap<HostName, ServiceOnHost>)>,
}

/// What is known of one host.
#[derive(Clone, Debug)]
pub struct HostReport {
    /// The config's entry.
    pub host: Host,
    /// Its link.
    pub link: Option<Link>,
    /// When it was last heard.
    pub heard: Option<DateTime<Utc>>,
    /// Its newest sample.
    pub sample: Option<Sample>,
    /// Why it is not measured though its connection stands.
    pub unmeasured: Option<String>,
}

impl HostReport {
    /// What a person is told of it.
    pub fn state(&self, now: DateTime<Utc>) -> HostState {
        self.link.as_ref().map_or(HostState::Connecting, |link| HostState::of(link, self.heard, now))
    }

    /// Nothing more will be learnt of it by waiting: a whole sample is here, or the link failed for good or for now.
    fn settled(&self) -> bool {
        let whole = self.sample.as_ref().is_some_and(|sample| sample.cpu.is_some() && sample.slow.is_some());
        let failed =
            self.link.as_ref().is_some_and(|link| !matches!(link.state, LinkState::Connecting | LinkState::Up));
        whole || failed || self.unmeasured.is_some()
    }
}

/// Takes part in a fleet's events and keeps the newest of everything.
pub struct Surveyor {
    fleet: Fleet,
    survey: Survey,
    events: mpsc::Receiver<(HostName, HostEvent)>,
    links: BTreeMap<HostName, watch::Receiver<Link>>,
    patience: Duration,
    wants_services: bool,
}

/// What is said of a host that has taken us in and then says nothing.
const SILENT: &str = "connected, but its shell has not answered in time; see what its .bashrc or the like waits for";

/// How long services may take after their host is up, beyond their own timeout.
const SERVICE_GRACE: Duration = Duration::from_secs(2);

impl Surveyor {
    /// Begins to watch every host of a fleet. `wants_services`: a survey waits for their health and version too.
    pub fn new(settings: &Settings, mut fleet: Fleet, wants_services: bool) -> Self {
        let (sender, events) = mpsc::channel(1024);
        fleet.watch(&sender);
        let links = fleet.transports().map(|(name, transport)| (name.clone(), transport.link())).collect();
        let hosts = settings
            .hosts
            .iter()
            .map(|host| HostReport { host: host.clone(), link: None, heard: None, sample: None, unmeasured: None })
            .collect();
        let services = settings.services.iter().map(|service| (service.clone(), BTreeMap::new())).collect();
        let slowest = settings.services.iter().filter_map(|s| s.health.as_ref()).map(|h| h.timeout).max();
        let services_patience =
            if wants_services { slowest.unwrap_or_default() + SERVICE_GRACE } else { Duration::ZERO };
        // A first whole sample takes two ticks after the link is up.
        let patience = settings.ssh.connect_timeout + Duration::from_secs(3) + services_patience;
        Self { fleet, survey: Survey { hosts, services }, events, links, patience, wants_services }
    }

    /// Waits until every host is settled, or has had its time; then says what is known.
    pub async fn first(&mut self) -> Survey {
        let deadline = Instant::now() + self.patience;
        while !self.settled() {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some((host, event)) => self.take(&host, event),
                    None => break,
                },
                () = tokio::time::sleep(Duration::from_millis(25)) => {}
                () = sleep_until(deadline) => break,
            }
            self.look_at_links();
        }
        for report in &mut self.survey.hosts {
            let silent = report.sample.is_none() && report.link.as_ref().is_some_and(Link::is_up);
            if silent && report.unmeasured.is_none() {
                report.unmeasured = Some(SILENT.to_owned());
            }
        }
        self.survey.clone()
    }

    /// What is known after another interval.
    pub async fn next(&mut self, every: Duration) -> Survey {
        let until = Instant::now() + every;
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some((host, event)) => self.take(&host, event),
                    None => sleep_until(until).await,
                },
                () = sleep_until(until) => break,
            }
        }
        self.look_at_links();
        self.survey.clone()
    }

    /// The hosts and what reads from them.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    fn look_at_links(&mut self) {
        for report in &mut self.survey.hosts {
            if let Some(link) = self.links.get_mut(&report.host.name) {
                report.link = Some(link.borrow_and_update().clone());
            }
        }
    }

    fn take(&mut self, host: &HostName, event: HostEvent) {
        if let HostEvent::Service { service, environment, status } = event {
            let row = self.survey.services.iter_mut().find(|(s, _)| s.name == service && s.environment == environment);
            if let Some((_, on)) = row {
                on.insert(host.clone(), status);
            }
            return;
        }
        let Some(report) = self.survey.hosts.iter_mut().find(|report| report.host.name == *host) else { return };
        match event {
            HostEvent::Heard(at) => report.heard = Some(at),
            HostEvent::Sampled(sample) => (report.sample, report.unmeasured) = (Some(*sample), None),
            HostEvent::Unmeasured(why) => report.unmeasured = why,
            _ => {}
        }
    }

    fn settled(&self) -> bool {
        let hosts_settled = self.survey.hosts.iter().all(HostReport::settled);
        hosts_settled
            && (!self.wants_services || self.survey.services.iter().all(|(service, on)| self.answered(service, on)))
    }

    /// Every reachable host of a service has said all that the config asks.
    fn answered(&self, service: &Service, on: &BTreeMap<HostName, ServiceOnHost>) -> bool {
        service.hosts.iter().all(|host| {
            let up = self.survey.hosts.iter().any(|r| r.host.name == *host && r.link.as_ref().is_some_and(Link::is_up));
            let placed = service.unit.is_some() || service.container.is_some();
            let nothing = service.health.is_none() && service.version.is_none() && !placed;
            !up || nothing
                || on.get(host).is_some_and(|status| {
                    let healthy = service.health.is_none() || status.health != Health::Unknown;
                    let versioned =
                        service.version.is_none() || status.version.is_some() || status.health == Health::Failing;
                    healthy && versioned && (!placed || status.unit_state.is_some())
                })
        })
    }
}
