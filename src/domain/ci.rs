//! What a forge such as GitLab holds of a project: environments, pipelines and their jobs, tags, releases, merge requests,
//! commits and incidents; and the token that it is seen with. All text in it is safe to show.

use chrono::{DateTime, NaiveDate, Utc};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What its owner calls it.
    pub name: String,
    /// What it may, such as `read_api`.
    pub scopes: Vec<String>,
    /// The day on which it ends to be valid; none: never.
    pub expires: Option<NaiveDate>,
}

impl Token {
    /// Whether it may change anything.
    pub fn may_act(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "api")
    }

    /// Days left, zero on the last one and negative when over; none: it does not end.
    pub fn days_left(&self, now: DateTime<Utc>) -> Option<i64> {
        // It ends at midnight UTC of the day it names.
        self.expires.map(|day| (day - now.date_naive()).num_days())
    }
}

/// Where a project is deployed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiEnvironment {
    /// Its id there.
    pub id: u64,
    /// Its own name, such as `review/feature-x`.
    pub place: String,
    /// What we call it.
    pub environment: String,
    /// Its tier there, such as `production`.
    pub tier: Option<String>,
    /// Whether it has been stopped.
    pub stopped: bool,
    /// Where it is to be seen.
    pub url: Option<String>,
}

/// Where a pipeline or job stands, in the source's word, and what the word comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiStatus(pub String);

impl CiStatus {
    /// It runs, or will without anybody's help.
    pub fn is_active(&self) -> bool {
        matches!(
            self.0.as_str(),
            "created" | "waiting_for_resource" | "preparing" | "pending" | "running" | "canceling" | "scheduled"
        )
    }

    /// It waits for a person.
    pub fn is_manual(&self) -> bool {
        self.0 == "manual"
    }

    /// It went wrong.
    pub fn is_failed(&self) -> bool {
        self.0 == "failed"
    }

    /// It has ended, and can be had once more.
    pub fn is_over(&self) -> bool {
        matches!(self.0.as_str(), "success" | "failed" | "canceled")
    }
}

/// A pipeline, as a list of them tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Its id.
    pub id: u64,
    /// The tag or branch.
    pub git_ref: String,
    /// The commit.
    pub sha: String,
    /// Where it stands.
    pub status: CiStatus,
    /// What started it, such as `push`.
    pub source: Option<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// When anything of it changed last.
    pub updated: Option<DateTime<Utc>>,
    /// Where to look at it.
    pub url: Option<String>,
}

/// A job of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id; a repetition has another.
    pub id: u64,
    /// Its name, such as `deploy:production`.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Where it stands.
    pub status: CiStatus,
    /// The tag or branch.
    pub git_ref: String,
    /// Its pipeline.
    pub pipeline: Option<u64>,
    /// Whether the pipeline goes on without it.
    pub allow_failure: bool,
    /// Who started it.
    pub by: Option<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// When it started.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// Why it failed, in the source's word.
    pub failure: Option<String>,
    /// Where to look at it.
    pub url: Option<String>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its commit.
    pub sha: String,
    /// The commit's first line.
    pub title: String,
    /// When it was made; of lightweight tags, its commit.
    pub created: Option<DateTime<Utc>>,
    /// Whether only some may make or move it.
    pub protected: bool,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its tag.
    pub tag: String,
    /// Its name.
    pub name: String,
    /// What it says, line by line.
    pub notes: Vec<String>,
    /// When it was, or will be.
    pub released: Option<DateTime<Utc>>,
}

/// A merge request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRequest {
    /// Its number in the project, as in `!214`.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Whose it is.
    pub by: Option<String>,
    /// When it was merged.
    pub merged: Option<DateTime<Utc>>,
    /// The commits it may be in the history as: of the merge, of the squash, its own last.
    pub commits: Vec<String>,
    /// Where to look at it.
    pub url: Option<String>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub sha: String,
    /// Its first line.
    pub title: String,
    /// Whose it is.
    pub author: String,
    /// When it was made.
    pub time: Option<DateTime<Utc>>,
    /// Where to look at it.
    pub url: Option<String>,
}

/// What lies between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The older.
    pub from: String,
    /// The newer.
    pub to: String,
    /// What the newer has and the older has not, oldest first.
    pub commits: Vec<Commit>,
    /// The merge requests of those commits.
    pub merge_requests: Vec<MergeRequest>,
    /// The files that differ.
    pub files: Vec<String>,
    /// False when the source gave up before it had all.
    pub complete: bool,
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its id at the source.
    pub id: u64,
    /// Its number in the project, as in `#2`.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// How bad, in the source's word, such as `HIGH`; `UNKNOWN` when nobody has said.
    pub severity: String,
    /// When it was opened.
    pub opened: Option<DateTime<Utc>>,
    /// When it was closed; none: it is open.
    pub closed: Option<DateTime<Utc>>,
    /// Whether it is open.
    pub is_open: bool,
    /// Where to look at it.
    pub url: Option<String>,
}
