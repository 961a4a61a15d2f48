//! What happened around the lines: deployments, what changed on the hosts, alerts, actions. Drawn as thin rules between
//! the lines, and jumped to. What APIs and hosts tell now and what is kept of what happened are told as one: of what is
//! known both ways, the source that says more.

use chrono::{DateTime, TimeDelta, Utc};

use super::sentence::changed;
use crate::app::change::{Change, ChangeKind};
use crate::app::state::State;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::deployment::{Deployment, DeploymentKind, DeploymentStatus};
use crate::domain::event::{Event, EventKind};

/// Two that see the same thing happen agree on its time to this.
const SAME: TimeDelta = TimeDelta::seconds(5);
/// What changed on a host is seen here at most so long after it did.
const SEEN: TimeDelta = TimeDelta::minutes(5);

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// Something was deployed, restarted, booted: what people and machines did.
    Change,
    /// An alert began or ended.
    Alert,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When.
    pub at: DateTime<Utc>,
    /// Which of them.
    pub kind: MarkKind,
    /// Something is wrong.
    pub bad: bool,
    /// In words; safe to show.
    pub text: String,
}

/// What happened from one time on and before another, oldest first.
pub fn marks(state: &State, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Mark> {
    let inside = |at: DateTime<Utc>| at >= from && at < to;
    let known = every(state).filter(|known| inside(known.at()) && !is_told(state, known));
    let mut all: Vec<Mark> = known.map(|known| known.told()).collect();
    all.sort();
    all.dedup();
    all
}

/// The next (or the last before) of a kind, seen from a time.
pub fn next(state: &State, kind: MarkKind, from: DateTime<Utc>, forward: bool) -> Option<Mark> {
    let beyond = |at: DateTime<Utc>| if forward { at > from } else { at < from };
    let of_kind = every(state).filter(|known| known.kind() == kind && beyond(known.at()) && !is_told(state, known));
    let found = if forward { of_kind.min_by_key(Known::at) } else { of_kind.max_by_key(Known::at) };
    found.map(|known| known.told())
}

/// The newest of a kind that is not later than a time.
pub fn newest(state: &State, kind: MarkKind, by: DateTime<Utc>) -> Option<Mark> {
    let known = every(state).filter(|known| known.kind() == kind && known.at() <= by && !is_told(state, known));
    known.max_by_key(Known::at).map(|known| known.told())
}

/// Something as it is known, not yet in words: there may be thousands.
enum Known<'s> {
    Change(&'s Change),
    Deployment(&'s Deployment, DateTime<Utc>),
    Began(&'s Alert, DateTime<Utc>),
    Ended(&'s Alert, DateTime<Utc>),
    Kept(&'s Event),
}

fn every(state: &State) -> impl Iterator<Item = Known<'_>> {
    let changes = state.changes.iter().map(Known::Change);
    let deployments = state.hosted.deployments.iter();
    // What waits for a person, or was left out, changed nothing.
    let done = deployments.filter(|one| {
        use DeploymentStatus::{Failed, Held, RolledBack, Running, Success, Unattended};
        matches!(one.status, Some(Success | Failed | Running | RolledBack | Held | Unattended))
    });
    let deployments = done.filter_map(|one| Some(Known::Deployment(one, one.finished.or(one.started)?)));
    let began = state.hosted.alerts.iter().filter_map(|alert| Some(Known::Began(alert, alert.since?)));
    let ended = state.hosted.alerts.iter().filter(|alert| alert.state == AlertState::Resolved);
    let ended = ended.filter_map(|alert| Some(Known::Ended(alert, alert.ended?)));
    changes.chain(deployments).chain(began).chain(ended).chain(state.events.iter().map(Known::Kept))
}

/// Whether it is told by another that says more: of alerts and deployments their source, of what changed on a host what
/// is kept of it, which has its exact time.
fn is_told(state: &State, known: &Known) -> bool {
    let near = |one: Option<DateTime<Utc>>, other: DateTime<Utc>| one.is_some_and(|one| (one - other).abs() <= SAME);
    match known {
        Known::Kept(event) => match event.kind {
            EventKind::AlertFiring | EventKind::AlertResolved => state.hosted.alerts.iter().any(|alert| {
                let time = if event.kind == EventKind::AlertFiring { alert.since } else { alert.ended };
                near(time, event.time) && alert.title == event.text
            }),
            EventKind::DeployBegun | EventKind::DeployEnded => state.hosted.deployments.iter().any(|one| {
                Some(&one.service) == event.service.as_ref()
                    && (near(one.started, event.time) || near(one.finished, event.time))
            }),
            _ => false,
        },
        Known::Change(change) => {
            let (service, kind) = match &change.what {
                ChangeKind::Version { service, .. } => (service, EventKind::Version),
                ChangeKind::Restarted { service, .. } => (service, EventKind::Restart),
                ChangeKind::Rebooted | ChangeKind::OomKill(_) => return false,
            };
            state.events.iter().rev().any(|event| {
                event.kind == kind
                    && event.service.as_ref() == Some(service)
                    && event.host.as_deref() == Some(change.host.as_str())
                    && (change.at - event.time).abs() <= SEEN
            })
        }
        Known::Deployment(..) | Known::Began(..) | Known::Ended(..) => false,
    }
}

impl Known<'_> {
    fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Change(change) => change.at,
            Self::Deployment(_, at) | Self::Began(_, at) | Self::Ended(_, at) => *at,
            Self::Kept(event) => event.time,
        }
    }

    fn kind(&self) -> MarkKind {
        match self {
            Self::Change(_) | Self::Deployment(..) => MarkKind::Change,
            Self::Began(..) | Self::Ended(..) => MarkKind::Alert,
            Self::Kept(event) => match event.kind {
                EventKind::AlertFiring | EventKind::AlertResolved => MarkKind::Alert,
                _ => MarkKind::Change,
            },
        }
    }

    fn told(&self) -> Mark {
        let (bad, text) = match self {
            Self::Change(change) => match &change.what {
                ChangeKind::Version { service, from, to } => {
                    (false, format!("{service} {from} to {to} on {}", change.host))
                }
                ChangeKind::OomKill(_) | ChangeKind::Rebooted | ChangeKind::Restarted { by_itself: true, .. } => {
                    (true, changed(change))
                }
                ChangeKind::Restarted { .. } => (false, changed(change)),
            },
            Self::Deployment(one, _) => deployment(one),
            Self::Began(alert, _) => (true, format!("{} {} ({})", alert.severity.as_str(), alert.title, alert.source)),
            Self::Ended(alert, _) => (false, format!("over: {} ({})", alert.title, alert.source)),
            Self::Kept(event) => match event.kind {
                EventKind::AlertResolved => (false, format!("over: {}", event.text)),
                kind => (kind == EventKind::AlertFiring, event.text.clone()),
            },
        };
        Mark { at: self.at(), kind: self.kind(), bad, text }
    }
}

fn deployment(one: &Deployment) -> (bool, String) {
    let word = one.kind.map_or("deploy", DeploymentKind::as_str);
    let from = one.previous_version.as_ref().filter(|before| **before != one.version);
    let from = from.map_or(String::new(), |before| format!("{before} to "));
    let by = one.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
    let failed = matches!(one.status, Some(DeploymentStatus::Failed | DeploymentStatus::RolledBack));
    let status = match one.status {
        Some(DeploymentStatus::Success) | None => String::new(),
        Some(status) => format!(", {}", status.as_str().replace('_', " ")),
    };
    (failed, format!("{word} {} {from}{} in {}{by}{status}", one.service, one.version, one.environment))
}
