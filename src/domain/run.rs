//! What is kept of each thing that was done to services: deploys, rollbacks, restarts and scripts, as they go on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::deployment::DeploymentStatus;

/// One run as it is kept. All text in it is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id, a ULID: the same on the hosts, in the audit and here.
    pub id: String,
    /// The fleet: `[fleet] name`. Several share a store.
    pub fleet: String,
    /// What was done, by its name in the registry: `deploy`, `rollback`, `restart`, …
    pub action: String,
    /// To which service; none for what is about hosts.
    pub service: Option<String>,
    /// In which environment.
    pub environment: String,
    /// The version that was live before, where all its hosts had the same.
    pub from: Option<String>,
    /// The version that it was to make live.
    pub to: Option<String>,
    /// The person: the local user's name.
    pub by: String,
    /// The machine that the person sat at.
    pub machine: String,
    /// When it began.
    pub began: DateTime<Utc>,
    /// When the newest of what is said here was true. A save with an older time changes nothing.
    pub updated: DateTime<Utc>,
    /// When it ended; none while it goes on. What has ended stays so.
    pub ended: Option<DateTime<Utc>>,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// What there is to say about that, in a line.
    pub detail: Option<String>,
    /// Each host, in the order of the plan.
    pub hosts: Vec<RunHost>,
    /// The job at GitLab that does it, where one does.
    #[serde(default)]
    pub job: Option<RunJob>,
}

/// A job at GitLab that carries a run out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunJob {
    /// The path of its project.
    pub project: String,
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// A host's part of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHost {
    /// The host.
    pub host: String,
    /// Where it is, in the word of its journal: `staging`, `going`, `done`, `undone`, …
    pub state: String,
    /// The step that has begun and not ended.
    pub step: Option<String>,
    /// The version that was live there before.
    pub from: Option<String>,
    /// Why it failed, or what else there is to say.
    pub detail: Option<String>,
}
