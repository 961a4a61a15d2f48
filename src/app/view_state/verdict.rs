//! The answer to "what is wrong?" in one sentence: what is unhealthy, how widespread, since when, what changed.

use chrono::{DateTime, Utc};

use crate::app::change::{Change, ChangeKind};
use crate::app::state::State;
use crate::domain::host::HostState;

/// A disk that is full sooner than this many hours is part of the verdict, and one that is fuller than this percentage.
const SOON_FULL: (f64, f64) = (8.0, 95.0);

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Nothing is wrong.
    Quiet,
    /// Nothing is known to be wrong, but not every host has been heard yet.
    Waiting,
    /// Worth a look in daylight.
    Worth,
    /// Needs a person now.
    Grave,
}

/// One thing that the sentence says.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A service is not well on some of its hosts.
    Service {
        /// Its name.
        name: String,
        /// The hosts where it is not well.
        hosts: Vec<String>,
        /// Of how many.
        of: usize,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Hosts that cannot be reached or have gone silent.
    Hosts {
        /// What they are, such as `stale`.
        what: &'static str,
        /// Which.
        hosts: Vec<String>,
    },
    /// A disk that is full or will soon be.
    Disk {
        /// The host.
        host: String,
        /// Where it is mounted.
        mount: String,
        /// How full it is.
        pct: f64,
        /// Hours until it is full, where known.
        hours: Option<f64>,
    },
    /// Units that failed, other than those of services.
    Units {
        /// How many.
        count: usize,
        /// The hosts where.
        hosts: Vec<String>,
    },
    /// The newest change that was seen.
    Changed(Change),
    /// Nothing is wrong.
    Quiet {
        /// Since when there has been somebody to see it.
        since: DateTime<Utc>,
    },
    /// Hosts that are being dialed.
    Dialing(usize),
    /// There is nothing to watch.
    NoHosts,
    /// Sources of logs that are not being read.
    Silent(usize),
}

/// The verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The worst of it.
    pub gravity: Gravity,
    /// What it says, worst first.
    pub facts: Vec<Fact>,
}

impl Verdict {
    /// What is to be said of this state.
    pub fn of(state: &State) -> Self {
        let mut gravity = Gravity::Quiet;
        let mut facts = Vec::new();
        let mut say = |how: Gravity, fact: Fact| {
            gravity = gravity.max(how);
            facts.push(fact);
        };
        for view in &state.services {
            let Some(since) = view.unwell.values().min() else { continue };
            let hosts = view.unwell.keys().map(ToString::to_string).collect();
            let how = if view.service.critical || view.unwell.len() == view.service.hosts.len() {
                Gravity::Grave
            } else {
                Gravity::Worth
            };
            say(
                how,
                Fact::Service { name: view.service.name.clone(), hosts, of: view.service.hosts.len(), since: *since },
            );
        }
        for (wanted, what, how) in [
            (HostState::Down, "down", Gravity::Grave),
            (HostState::HostKeyChanged, "with another host key than before", Gravity::Grave),
            (HostState::Retrying, "not reached", Gravity::Grave),
            (HostState::AuthFailed, "refusing to let us in", Gravity::Worth),
            (HostState::HostKeyUnknown, "with an unknown host key", Gravity::Worth),
            (HostState::Stale, "silent", Gravity::Grave),
        ] {
            let hosts: Vec<String> = state
                .hosts
                .iter()
                .filter(|view| view.state(state.now) == wanted)
                .map(|view| view.host.name.to_string())
                .collect();
            if !hosts.is_empty() {
                say(how, Fact::Hosts { what, hosts });
            }
        }
        for view in &state.hosts {
            let slow = view.sample.as_ref().and_then(|sample| sample.slow.as_ref());
            for disk in
                slow.and_then(|slow| slow.disks.as_deref()).unwrap_or_default().iter().filter(|disk| !disk.read_only)
            {
                let soon = disk.hours_to_full.filter(|hours| *hours < SOON_FULL.0);
                if soon.is_some() || disk.pct >= SOON_FULL.1 {
                    let (host, mount) = (view.host.name.to_string(), disk.mount.clone());
                    say(Gravity::Worth, Fact::Disk { host, mount, pct: disk.pct, hours: soon });
                }
            }
        }
        if let Some(fact) = failed_units(state) {
            say(Gravity::Worth, fact);
        }
        let dialing = state.hosts.iter().filter(|view| view.state(state.now) == HostState::Connecting).count();
        if facts.is_empty() {
            if state.hosts.is_empty() {
                gravity = Gravity::Waiting;
                facts.push(Fact::NoHosts);
            } else if dialing > 0 {
                gravity = Gravity::Waiting;
                facts.push(Fact::Dialing(dialing));
            } else {
                facts.push(Fact::Quiet { since: state.started });
            }
        }
        if let Some(change) = state.changes.back() {
            facts.push(Fact::Changed(change.clone()));
        }
        let silent = state.logs.window.sources.iter().filter(|source| !source.live).count();
        if silent > 0 {
            facts.push(Fact::Silent(silent));
        }
        Self { gravity, facts }
    }

    /// The sentence in parts; `time` writes a time as its reader wants it.
    pub fn words(&self, time: impl Fn(DateTime<Utc>) -> String) -> Vec<String> {
        self.facts.iter().map(|fact| words(fact, &time)).collect()
    }
}

fn failed_units(state: &State) -> Option<Fact> {
    let (mut count, mut hosts) = (0, Vec::new());
    for view in &state.hosts {
        let slow = view.sample.as_ref().and_then(|sample| sample.slow.as_ref());
        let failed = slow.and_then(|slow| slow.failed_units.as_deref()).unwrap_or_default();
        // A service's own unit is told with the service.
        let own = |unit: &&String| !state.services.iter().any(|service| service.service.unit.as_ref() == Some(*unit));
        let failed = failed.iter().filter(own).count();
        if failed > 0 {
            count += failed;
            hosts.push(view.host.name.to_string());
        }
    }
    (count > 0).then_some(Fact::Units { count, hosts })
}

fn words(fact: &Fact, time: &impl Fn(DateTime<Utc>) -> String) -> String {
    let s = |n: usize| if n == 1 { "" } else { "s" };
    match fact {
        Fact::Service { name, hosts, of, since } if hosts.len() == *of => {
            format!("{name} is failing on every host since {}", time(*since))
        }
        Fact::Service { name, hosts, of, since } => {
            format!("{name} is failing on {} of {of} hosts ({}) since {}", hosts.len(), list(hosts), time(*since))
        }
        Fact::Hosts { what, hosts } => format!("{} {what}", list(hosts)),
        Fact::Disk { host, mount, pct, hours: Some(hours) } => {
            format!("{host}: {mount} {pct:.0} %, full in {hours:.1} h")
        }
        Fact::Disk { host, mount, pct, hours: None } => format!("{host}: {mount} {pct:.0} %"),
        Fact::Units { count, hosts } => format!("{count} failed unit{} on {}", s(*count), list(hosts)),
        Fact::Changed(change) => format!("last change {} at {}", changed(change), time(change.at)),
        Fact::Quiet { since } => format!("all quiet, watching since {}", time(*since)),
        Fact::NoHosts => "no hosts: `qd init` writes a config to start from".to_owned(),
        Fact::Dialing(hosts) => format!("dialing {hosts} host{}", s(*hosts)),
        Fact::Silent(sources) => format!("{sources} source{} silent", s(*sources)),
    }
}

/// A change in a few words, without its time.
pub fn changed(change: &Change) -> String {
    let host = &change.host;
    match &change.what {
        ChangeKind::Version { service, to, .. } => format!("{service} {to} on {host}"),
        ChangeKind::Restarted { service, by_itself: true } => format!("{service} restarted by itself on {host}"),
        ChangeKind::Restarted { service, by_itself: false } => format!("{service} restarted on {host}"),
        ChangeKind::Rebooted => format!("{host} rebooted"),
        ChangeKind::OomKill(n) => format!("{n} killed for want of memory on {host}"),
    }
}

/// Names, the first three of them.
fn list(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => format!("{a}, {b}, {c} and {} more", rest.len()),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::{Host, Link, TransportKind};
    use crate::domain::sample::{Disk, Sample, Slow};
    use crate::domain::service::Service;
    use crate::domain::settings::Settings;
    use std::sync::Arc;

    fn state() -> State {
        let hosts: Vec<Host> = ["web-1", "web-2", "db-1"].map(|name| Host::named(name, "production")).to_vec();
        let service = Service {
            name: "api".into(),
            environment: "production".into(),
            hosts: vec!["web-1".into(), "web-2".into()],
            unit: Some("api.service".into()),
            container: None,
            critical: true,
            health: None,
            version: None,
            access_log: None,
            runbook: None,
            logs: vec![],
        };
        let settings = Settings { hosts, services: vec![service], ..Settings::default() };
        let now = "2026-11-21T03:12:00Z".parse().unwrap();
        State::new(Arc::new(settings), now, (80, 24), None)
    }

    fn said(state: &State) -> String {
        Verdict::of(state).words(|time| time.format("%H:%M").to_string()).join(" / ")
    }

    #[test]
    fn the_verdict_says_what_is_wrong_how_widespread_since_when_and_what_changed() {
        let mut state = state();
        assert_eq!(said(&state), "dialing 3 hosts");
        let now = state.now;
        for view in &mut state.hosts {
            let mut link = Link::connecting(TransportKind::Ssh2, now);
            link.state = crate::domain::host::LinkState::Up;
            view.link = Some(link);
        }
        assert_eq!(said(&state), "all quiet, watching since 03:12");
        assert_eq!(Verdict::of(&state).gravity, Gravity::Quiet);

        state.services[0].unwell.insert("web-2".into(), now);
        let what = ChangeKind::Version { service: "api".into(), from: "1.4.2".into(), to: "1.4.3".into() };
        state.changes.push_back(Change { at: now, host: "web-2".into(), what });
        assert_eq!(
            said(&state),
            "api is failing on 1 of 2 hosts (web-2) since 03:12 / last change api 1.4.3 on web-2 at 03:12"
        );
        assert_eq!(Verdict::of(&state).gravity, Gravity::Grave);
    }

    #[test]
    fn disks_and_units_are_worth_a_look_and_a_silent_host_is_grave() {
        let mut state = state();
        let slow = Slow {
            disks: Some(vec![Disk { mount: "/var".into(), pct: 86.0, hours_to_full: Some(2.9), ..Disk::default() }]),
            failed_units: Some(vec!["api.service".into(), "backup.service".into()]),
            ..Slow::default()
        };
        state.hosts[2].sample = Some(Sample { slow: Some(slow), ..Sample::default() });
        assert_eq!(said(&state), "db-1: /var 86 %, full in 2.9 h / 1 failed unit on db-1");
        assert_eq!(Verdict::of(&state).gravity, Gravity::Worth);
        let mut link = Link::connecting(TransportKind::Ssh2, state.now);
        link.state = crate::domain::host::LinkState::Up;
        state.hosts[0].link = Some(link);
        state.now += chrono::TimeDelta::seconds(20);
        assert!(said(&state).starts_with("web-1 silent / "));
        assert_eq!(Verdict::of(&state).gravity, Gravity::Grave);
    }
}
