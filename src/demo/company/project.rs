//! A project of the company's GitLab: what was written, tagged, built and put somewhere. Everything is bounded: the oldest is
//! forgotten.

use std::sync::Arc;

use super::people::Person;
use super::plan::Task;
use super::{Delivered, Seconds};

/// The most pipelines, commits, deployments and incidents of a project that are kept.
pub const MOST: usize = 300;

/// How something does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for what comes before it.
    Created,
    /// Waits for somebody.
    Manual,
    /// Is under way.
    Running,
    /// Is well done.
    Success,
    /// Is not.
    Failed,
    /// Somebody ended it.
    Canceled,
}

impl Status {
    /// GitLab's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Manual => "manual",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing more will come of it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Canceled)
    }
}

/// A job of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// GitLab's number.
    pub id: u64,
    /// Its pipeline's.
    pub pipeline: u64,
    /// What it does.
    pub task: Task,
    /// How it does.
    pub status: Status,
    /// When it was made, began and ended.
    pub created: Seconds,
    /// When it began.
    pub started: Option<Seconds>,
    /// When it ended.
    pub finished: Option<Seconds>,
    /// Who is to thank.
    pub by: Person,
}

/// A pipeline; how it does is what its jobs do.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// GitLab's number.
    pub id: u64,
    /// The tag or branch.
    pub git_ref: Arc<str>,
    /// Whether that is a tag.
    pub tag: bool,
    /// The commit.
    pub sha: Arc<str>,
    /// What made it: `push` or `api`.
    pub source: &'static str,
    /// When it was made.
    pub created: Seconds,
    /// When anything of it changed last.
    pub updated: Seconds,
    /// Who is to thank.
    pub by: Person,
}

/// Something that was put somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// GitLab's number.
    pub id: u64,
    /// The environment.
    pub place: &'static str,
    /// The tag or branch.
    pub git_ref: Arc<str>,
    /// The commit.
    pub sha: Arc<str>,
    /// How it does.
    pub status: Status,
    /// When it began.
    pub created: Seconds,
    /// When it changed last.
    pub updated: Seconds,
    /// Who is to thank.
    pub by: Person,
    /// The job that does it.
    pub job: u64,
}

/// A commit of the main branch, by a merge request.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Its id.
    pub sha: Arc<str>,
    /// Its first line.
    pub title: &'static str,
    /// Who wrote it.
    pub by: Person,
    /// When it was merged.
    pub at: Seconds,
    /// The merge request's number.
    pub request: u64,
}

/// A tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Its name.
    pub name: Arc<str>,
    /// The commit.
    pub sha: Arc<str>,
    /// What its maker said.
    pub message: String,
    /// When it was made.
    pub created: Seconds,
}

/// An incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its number within the project; the one within GitLab is a thousand more.
    pub iid: u64,
    /// What it is called.
    pub title: &'static str,
    /// How bad it is, in GitLab's word.
    pub severity: &'static str,
    /// When it was opened.
    pub opened: Seconds,
    /// When it was closed.
    pub closed: Option<Seconds>,
}

/// A project.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// GitLab's number.
    pub id: u64,
    /// Group and name.
    pub path: &'static str,
    /// What it delivers.
    pub service: Delivered,
    /// Oldest first, as everything here.
    pub commits: Vec<Commit>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its pipelines.
    pub pipelines: Vec<Pipeline>,
    /// Their jobs.
    pub jobs: Vec<Job>,
    /// What was put where.
    pub deployments: Vec<Deployment>,
    /// What went wrong.
    pub incidents: Vec<Incident>,
}

impl Project {
    /// A pipeline.
    pub fn pipeline(&self, id: u64) -> Option<&Pipeline> {
        self.pipelines.iter().find(|one| one.id == id)
    }

    /// The newest attempt at each task of a pipeline.
    fn attempts(&self, pipeline: u64) -> impl Iterator<Item = &Job> {
        let of = move |job: &&Job| job.pipeline == pipeline;
        let newest = move |job: &&Job| !self.is_retried(job);
        self.jobs.iter().filter(of).filter(newest)
    }

    /// Whether a job was done again.
    pub fn is_retried(&self, job: &Job) -> bool {
        self.jobs.iter().any(|one| one.pipeline == job.pipeline && one.task == job.task && one.id > job.id)
    }

    /// Whether all that comes before a job is done.
    pub fn is_due(&self, job: &Job) -> bool {
        self.attempts(job.pipeline).filter(|one| one.task < job.task).all(|one| one.status == Status::Success)
    }

    /// How a pipeline does.
    pub fn status(&self, pipeline: u64) -> Status {
        let has = |status| self.attempts(pipeline).any(|job| job.status == status);
        let order = [Status::Running, Status::Failed, Status::Canceled, Status::Created, Status::Manual];
        order.into_iter().find(|status| has(*status)).unwrap_or(Status::Success)
    }

    /// What the newest deploy that went well put somewhere.
    pub fn live(&self, place: &str) -> Option<&Arc<str>> {
        let good = |one: &&Deployment| one.place == place && one.status == Status::Success;
        self.deployments.iter().rev().find(good).map(|one| &one.git_ref)
    }

    /// The commit of a tag, branch or id, and whether it is a tag.
    pub fn resolve(&self, git_ref: &str) -> Option<(Arc<str>, bool)> {
        if let Some(tag) = self.tags.iter().find(|tag| *tag.name == *git_ref) {
            return Some((tag.sha.clone(), true));
        }
        let is = |one: &&Commit| git_ref.len() >= 7 && one.sha.starts_with(git_ref);
        let commit = if git_ref == "main" { self.commits.last() } else { self.commits.iter().find(is) };
        commit.map(|commit| (commit.sha.clone(), false))
    }

    pub(super) fn deploy(&mut self, deployment: Deployment) {
        self.deployments.push(deployment);
        if self.deployments.len() > MOST {
            self.deployments.remove(0);
        }
    }
}

pub(super) fn new_job(id: u64, pipeline: u64, task: Task, by: Person, now: Seconds) -> Job {
    Job { id, pipeline, task, status: Status::Created, created: now, started: None, finished: None, by }
}

pub(super) fn new_pipeline(
    git_ref: Arc<str>,
    tag: bool,
    sha: Arc<str>,
    source: &'static str,
    by: Person,
    now: Seconds,
) -> Pipeline {
    Pipeline { id: 0, git_ref, tag, sha, source, created: now, updated: now, by }
}
