//! What happened around the lines: deployments, what changed on the hosts, alerts. Drawn as thin rules between the lines,
//! and jumped to.

use chrono::{DateTime, Utc};

use super::sentence::changed;
use crate::app::change::ChangeKind;
use crate::app::state::State;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::deployment::{Deployment, DeploymentKind, DeploymentStatus};

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
    let mut all: Vec<Mark> = every(state).filter(|known| inside(known.at())).map(|known| known.told()).collect();
    all.sort();
    all.dedup();
    all
}

/// The next (or the last before) of a kind, seen from a time.
pub fn next(state: &State, kind: MarkKind, from: DateTime<Utc>, forward: bool) -> Option<Mark> {
    let of_kind = every(state).filter(|known| known.kind() == kind);
    let found = match forward {
        true => of_kind.filter(|known| known.at() > from).min_by_key(Known::at),
        false => of_kind.filter(|known| known.at() < from).max_by_key(Known::at),
    };
    found.map(|known| known.told())
}

/// The newest of a kind that is not later than a time.
pub fn newest(state: &State, kind: MarkKind, by: DateTime<Utc>) -> Option<Mark> {
    let known = every(state).filter(|known| known.kind() == kind && known.at() <= by).max_by_key(Known::at);
    known.map(|known| known.told())
}

/// Something as it is known, not yet in words: there may be thousands.
enum Known<'s> {
    Change(&'s crate::app::change::Change),
    Deployment(&'s Deployment, DateTime<Utc>),
    Began(&'s Alert, DateTime<Utc>),
    Ended(&'s Alert, DateTime<Utc>),
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
    changes.chain(deployments).chain(began).chain(ended)
}

impl Known<'_> {
    fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Change(change) => change.at,
            Self::Deployment(_, at) | Self::Began(_, at) | Self::Ended(_, at) => *at,
        }
    }

    fn kind(&self) -> MarkKind {
        match self {
            Self::Change(_) | Self::Deployment(..) => MarkKind::Change,
            Self::Began(..) | Self::Ended(..) => MarkKind::Alert,
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
