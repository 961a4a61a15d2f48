//! A run as its hosts tell it, whoever has started it.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::journal::{Fact, HostRun};
use super::plan::DeployPlan;
use super::steer::{Next, Wish};
use crate::domain::deployment::DeploymentStatus;
use crate::domain::event::{Event, EventKind, RunSeen};
use crate::domain::ulid;

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownRun {
    /// Its id.
    pub id: String,
    /// Its plan.
    pub plan: DeployPlan,
    /// Who started it.
    pub by: String,
    /// How old its lease is, in seconds by its hosts' clocks.
    pub lease_age: Option<u64>,
    /// Each host that knows of it.
    pub hosts: BTreeMap<String, HostRun>,
    /// What has happened on each host, as far back as was asked for, the newest last.
    pub facts: BTreeMap<String, Vec<Fact>>,
}

impl KnownRun {
    /// The word for how it stands.
    pub fn state(&self) -> &'static str {
        match self.plan.course().next(&self.hosts, Wish::On) {
            Next::Over(outcome) => outcome.as_str(),
            _ if self.is_alone() => "unattended",
            Next::Proven if self.plan.bake.is_some() => "baking",
            _ => "running",
        }
    }

    /// Whether every host is through with it.
    pub fn is_over(&self) -> bool {
        !self.hosts.is_empty() && self.plan.hosts.iter().all(|p| self.hosts.get(&p.host).is_some_and(HostRun::is_over))
    }

    /// What is kept of it, whoever steers it: that it began, and how it ended when it is over.
    pub fn events(&self, fleet: &str) -> Vec<Event> {
        let plan = &self.plan;
        let seen = RunSeen {
            id: &self.id,
            action: plan.kind.as_str(),
            service: Some(&plan.service),
            environment: &plan.environment,
            to: &plan.version,
            by: &self.by,
        };
        let began = ulid::millis(&self.id).and_then(|millis| DateTime::from_timestamp_millis(millis.try_into().ok()?));
        let mut events: Vec<Event> = Vec::new();
        events.extend(began.map(|time| Event::of_run(fleet, &seen, EventKind::DeployBegun, "begins", time)));
        let ended = self.hosts.values().filter_map(|host| host.ended).max();
        if let (Next::Over(outcome), true, Some(time)) =
            (plan.course().next(&self.hosts, Wish::On), self.is_over(), ended)
        {
            let word = DeploymentStatus::from(outcome).as_str();
            events.push(Event::of_run(fleet, &seen, EventKind::DeployEnded, word, time));
        }
        events
    }

    /// Whether nobody steers it.
    pub fn is_alone(&self) -> bool {
        self.hosts.values().any(|host| host.unattended || host.is_interrupted())
    }

    /// What a host's journal told last, in lines safe to show.
    pub fn told(&self, host: &str) -> Vec<String> {
        self.facts.get(host).into_iter().flatten().map(Fact::told).collect()
    }

    /// How many hosts have the release live and well, and of how many.
    pub fn done(&self) -> (usize, usize) {
        let done = self.hosts.values().filter(|host| host.word() == "done").count();
        (done, self.plan.hosts.len())
    }
}
