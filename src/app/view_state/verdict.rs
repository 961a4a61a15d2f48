//! The answer to "what is wrong?" in one sentence: what is unhealthy, how widespread, since when, what changed.

use chrono::{DateTime, Utc};

use super::glance::{self, began_with, hosts_of};
use crate::app::change::Change;
use crate::app::state::{HostView, ServiceView, State};
use crate::domain::alert::{Alert, AlertState, Severity};
use crate::domain::delivery::{Part, Project};
use crate::domain::host::HostState;
use crate::domain::outside::{Feed, Outside};

/// A disk that is full sooner than this many hours is part of the verdict, and one that is fuller than this percentage.
const SOON_FULL: (f64, f64) = (8.0, 95.0);
/// A host that is up is expected to have been measured after so many of its intervals.
const LATE: u32 = 4;

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
        /// What they are.
        what: HostState,
        /// Which.
        hosts: Vec<String>,
    },
    /// Hosts that are up and have said nothing of themselves yet.
    Unmeasured(Vec<String>),
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
        /// Whether that was some time ago.
        old: bool,
    },
    /// Units that failed, other than those of services.
    Units {
        /// How many.
        count: usize,
        /// The hosts where.
        hosts: Vec<String>,
    },
    /// What is said again and again and never was before.
    Signature {
        /// What.
        text: String,
        /// Where.
        hosts: Vec<String>,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The newest change that was seen.
    Changed(Change),
    /// What is new began with the version that came before it.
    OneCause,
    /// Nothing is wrong.
    Quiet {
        /// Since when there has been somebody to see it.
        since: DateTime<Utc>,
    },
    /// Hosts that are being dialed.
    Dialing(usize),
    /// There is nothing to watch.
    NoHosts,
    /// A page that somebody outside has raised.
    Page {
        /// What is wrong.
        title: String,
        /// Who says so.
        source: String,
        /// Since when.
        since: Option<DateTime<Utc>>,
        /// How many more there are.
        more: usize,
    },
    /// Tickets that somebody outside has raised.
    Tickets(usize),
    /// Hosted sources that could not be asked: quiet is not the same as not heard.
    Unheard(Vec<String>),
    /// Sources of logs that are not being read, on hosts that are up.
    Silent {
        /// How many.
        sources: usize,
        /// Where.
        hosts: Vec<String>,
    },
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
        let mut facts: Vec<(Gravity, Fact)> = page(state).into_iter().collect();
        facts.extend(unwell(state));
        facts.extend(hosts(state));
        facts.extend(disks(state));
        facts.extend(failed_units(state).map(|fact| (Gravity::Worth, fact)));
        facts.extend(signature(state));
        facts.extend(tickets(state));
        facts.extend(silent_sources(state));
        facts.extend(unmeasured(state));
        let unheard = unheard(state);
        facts.extend((!unheard.is_empty()).then_some((Gravity::Waiting, Fact::Unheard(unheard))));
        // Worst first; among equals a service comes before the hosts it runs on.
        facts.sort_by_key(|(how, _)| std::cmp::Reverse(*how));
        let mut gravity = facts.first().map_or(Gravity::Quiet, |(how, _)| *how);
        let mut facts: Vec<Fact> = facts.into_iter().map(|(_, fact)| fact).collect();
        let dialing = state.hosts.iter().filter(|view| view.state(state.now) == HostState::Connecting).count();
        if state.hosts.is_empty() {
            gravity = Gravity::Waiting;
            facts.push(Fact::NoHosts);
        } else if dialing > 0 && gravity <= Gravity::Waiting {
            gravity = Gravity::Waiting;
            facts.insert(0, Fact::Dialing(dialing));
        } else if gravity <= Gravity::Waiting && facts.iter().all(|fact| matches!(fact, Fact::Silent { .. })) {
            // Of what is heard nothing is wrong; that is said, and what is not heard.
            facts.insert(0, Fact::Quiet { since: state.started });
        }
        facts.extend(state.changes.back().cloned().map(Fact::Changed));
        facts.extend(glance::signature(state).and_then(|sign| began_with(state, sign)).map(|_| Fact::OneCause));
        Self { gravity, facts }
    }
}

fn firing(state: &State, severity: Severity) -> impl Iterator<Item = &Alert> {
    let is = move |alert: &&Alert| alert.state == AlertState::Firing && alert.severity == severity && !alert.silenced;
    state.hosted.alerts.iter().filter(is)
}

/// The newest page, for that is what woke somebody up.
fn page(state: &State) -> Option<(Gravity, Fact)> {
    let mut pages = firing(state, Severity::Page);
    let newest = pages.next()?;
    let (title, source, since) = (newest.title.clone(), newest.source.clone(), newest.since);
    Some((Gravity::Grave, Fact::Page { title, source, since, more: pages.count() }))
}

fn tickets(state: &State) -> Option<(Gravity, Fact)> {
    let tickets = firing(state, Severity::Ticket).count();
    (tickets > 0).then_some((Gravity::Worth, Fact::Tickets(tickets)))
}

fn signature(state: &State) -> Option<(Gravity, Fact)> {
    let sign = glance::signature(state)?;
    let hosts = hosts_of(state, sign).into_iter().map(str::to_owned).collect();
    Some((Gravity::Worth, Fact::Signature { text: sign.text.clone(), hosts, since: sign.first }))
}

/// Hosted sources of alerts that the config names and that have not said, or cannot say now, what fires.
pub fn unheard(state: &State) -> Vec<String> {
    let (settings, hosted) = (&state.settings.hosted, &state.hosted);
    let mut names = Vec::new();
    let heard =
        |outside: &Outside| outside.as_of.contains_key(&Feed::Checks) && !outside.trouble.contains_key(&Feed::Checks);
    if settings.statuscake.is_some() && !hosted.outside.as_ref().is_some_and(heard) {
        names.push("StatusCake".to_owned());
    }
    if let Some(gitlab) = settings.gitlab.as_ref().filter(|gitlab| !gitlab.projects.is_empty()) {
        let heard = |project: &&Project| {
            project.as_of.contains_key(&Part::Incidents) && !project.trouble.contains_key(&Part::Incidents)
        };
        let known = hosted.delivery.as_ref().map_or(0, |delivery| delivery.projects.iter().filter(heard).count());
        if known < gitlab.projects.len() {
            names.push("GitLab".to_owned());
        }
    }
    names
}

/// Services that are not well.
fn unwell(state: &State) -> Vec<(Gravity, Fact)> {
    let fact = |view: &ServiceView| {
        let since = *view.unwell.values().min()?;
        let everywhere = view.unwell.len() == view.service.hosts.len();
        let how = if view.service.critical || everywhere { Gravity::Grave } else { Gravity::Worth };
        let hosts = view.unwell.keys().map(ToString::to_string).collect();
        Some((how, Fact::Service { name: view.service.name.clone(), hosts, of: view.service.hosts.len(), since }))
    };
    state.services.iter().filter_map(fact).collect()
}

/// Hosts that are not up, by what they are.
fn hosts(state: &State) -> Vec<(Gravity, Fact)> {
    let mut facts = Vec::new();
    for (what, how) in [
        (HostState::Down, Gravity::Grave),
        (HostState::HostKeyChanged, Gravity::Grave),
        (HostState::Retrying, Gravity::Grave),
        (HostState::Stale, Gravity::Grave),
        (HostState::AuthFailed, Gravity::Worth),
        (HostState::HostKeyUnknown, Gravity::Worth),
    ] {
        let of = state.hosts.iter().filter(|view| view.state(state.now) == what);
        let hosts: Vec<String> = of.map(|view| view.host.name.to_string()).collect();
        if !hosts.is_empty() {
            facts.push((how, Fact::Hosts { what, hosts }));
        }
    }
    facts
}

fn disks(state: &State) -> Vec<(Gravity, Fact)> {
    let mut facts = Vec::new();
    for view in &state.hosts {
        let slow = view.sample.as_ref().and_then(|sample| sample.slow.as_ref());
        let disks = slow.and_then(|slow| slow.disks.as_deref()).unwrap_or_default();
        for disk in disks.iter().filter(|disk| !disk.read_only) {
            let hours = disk.hours_to_full.filter(|hours| *hours < SOON_FULL.0);
            if hours.is_some() || disk.pct >= SOON_FULL.1 {
                let (host, mount) = (view.host.name.to_string(), disk.mount.clone());
                let old = view.state(state.now) != HostState::Up;
                facts.push((Gravity::Worth, Fact::Disk { host, mount, pct: disk.pct, hours, old }));
            }
        }
    }
    facts
}

/// Hosts that are up and have not been measured: for some time that is only a beginning.
fn unmeasured(state: &State) -> Option<(Gravity, Fact)> {
    let up = |view: &&HostView| view.state(state.now) == HostState::Up && view.sample.is_none();
    let views: Vec<&HostView> = state.hosts.iter().filter(up).collect();
    let since = views.iter().filter_map(|view| view.link.as_ref()).map(|link| link.since).min()?;
    let late = (state.now - since).to_std().unwrap_or_default() > state.settings.stats.every * LATE;
    let how = if late { Gravity::Worth } else { Gravity::Waiting };
    Some((how, Fact::Unmeasured(views.iter().map(|view| view.host.name.to_string()).collect())))
}

/// Sources that are not being read though their host is up. While nothing went wrong that is only a beginning.
fn silent_sources(state: &State) -> Option<(Gravity, Fact)> {
    let silent: Vec<_> =
        state.logs.window.sources.iter().filter(|source| !source.live && state.is_up(&source.source.host)).collect();
    let wrong = silent.iter().any(|source| source.error.is_some());
    let how = if wrong { Gravity::Worth } else { Gravity::Waiting };
    let mut hosts: Vec<String> = silent.iter().map(|source| source.source.host.to_string()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    (!silent.is_empty()).then_some((how, Fact::Silent { sources: silent.len(), hosts }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::change::ChangeKind;
    use crate::domain::host::{Host, Link, TransportKind};
    use crate::domain::log::{Source, SourceId};
    use crate::domain::log_view::SourceStatus;
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
        Verdict::of(state).sentence(1000, |time| time.format("%H:%M").to_string())
    }

    fn connect(view: &mut HostView, now: DateTime<Utc>) {
        let mut link = Link::connecting(TransportKind::Ssh2, now);
        link.state = crate::domain::host::LinkState::Up;
        view.link = Some(link);
    }

    #[test]
    fn the_verdict_says_what_is_wrong_how_widespread_since_when_and_what_changed() {
        let mut state = state();
        assert_eq!(said(&state), "dialing 3 hosts");
        let now = state.now;
        for view in &mut state.hosts {
            connect(view, now);
            view.sample = Some(Sample { at: now, ..Sample::default() });
        }
        assert_eq!(said(&state), "all quiet, watching since 03:12");
        assert_eq!(Verdict::of(&state).gravity, Gravity::Quiet);

        state.services[0].unwell.insert("web-2".into(), now);
        let what = ChangeKind::Version { service: "api".into(), from: "1.4.2".into(), to: "1.4.3".into() };
        state.changes.push_back(Change { at: now, host: "web-2".into(), what });
        assert_eq!(
            said(&state),
            "api is failing on 1 of 2 hosts (web-2) since 03:12 · last change api 1.4.3 on web-2 at 03:12"
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
        let now = state.now;
        connect(&mut state.hosts[2], now);
        assert_eq!(said(&state), "db-1: /var 86 %, full in 2.9 h · 1 failed unit on db-1");
        assert_eq!(Verdict::of(&state).gravity, Gravity::Worth);
        connect(&mut state.hosts[0], now);
        state.now += chrono::TimeDelta::seconds(20);
        assert!(
            said(&state).starts_with("web-1, db-1 silent · db-1: /var 86 %?, full in 2.9 h · "),
            "{}",
            said(&state)
        );
        assert_eq!(Verdict::of(&state).gravity, Gravity::Grave);
    }

    #[test]
    fn what_has_not_been_heard_is_not_quiet() {
        let mut state = state();
        let now = state.now;
        for view in &mut state.hosts {
            connect(view, now);
            view.sample = Some(Sample { at: now, ..Sample::default() });
        }
        state.hosts[1].sample = None;
        assert_eq!(said(&state), "web-2 has sent no figures yet");
        assert_eq!(Verdict::of(&state).gravity, Gravity::Waiting);
        state.now += chrono::TimeDelta::seconds(60);
        let later = state.now;
        state.hosts.iter_mut().for_each(|view| view.heard = Some(later));
        assert_eq!(Verdict::of(&state).gravity, Gravity::Worth, "it should have by now");
        state.hosts[1].sample = Some(Sample { at: later, ..Sample::default() });

        let source = |live, error: Option<&str>| SourceStatus {
            source: Arc::new(Source { host: "web-1".into(), service: None, name: "file:/a".into() }),
            live,
            error: error.map(str::to_owned),
            id: SourceId(0),
            rate: 0.0,
            lines: 0,
            errors_min: 0,
            errors: vec![],
            newest_error: None,
            newest: None,
            lag_s: None,
            format: "text",
        };
        state.logs.window.sources = vec![source(true, None), source(false, None)];
        let quiet = "all quiet, watching since 03:12 · 1 source silent on web-1";
        assert_eq!((said(&state).as_str(), Verdict::of(&state).gravity), (quiet, Gravity::Waiting));
        state.logs.window.sources[1].error = Some("no such file".into());
        assert_eq!((said(&state).as_str(), Verdict::of(&state).gravity), ("1 source silent on web-1", Gravity::Worth));
    }
}
