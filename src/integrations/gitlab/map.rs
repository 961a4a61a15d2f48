//! From GitLab's words to ours: pure, and every text made safe.

use super::wire;
use crate::domain::ci::{CiEnvironment, CiStatus, Commit, Incident, Job, MergeRequest, Pipeline, Release, Tag, Token};
use crate::domain::deployment::{Deployment, DeploymentStatus};
use crate::domain::hosted::GitLabProject;
use crate::domain::text::one_line;
use crate::integrations::http::public_url;

/// The longest text that is kept of any.
const LONGEST: usize = 200;
/// The longest address.
const LONGEST_URL: usize = 2000;
/// Lines of a release's notes.
const NOTES: usize = 200;

fn text(text: &str) -> String {
    one_line(text, LONGEST)
}

/// The name of a ref, which is also sent back: whole, or not at all what it was.
fn name(name: &str) -> String {
    one_line(name, 255)
}

fn user(user: Option<&wire::User>) -> Option<String> {
    user?.username.as_deref().map(text)
}

/// An address to be opened in a browser, and nothing else that a browser would do.
pub(super) fn link(url: Option<&str>) -> Option<String> {
    let url = url?.trim();
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web.then(|| one_line(&public_url(url), LONGEST_URL))
}

fn status(status: &str) -> CiStatus {
    CiStatus(text(status))
}

pub(super) fn token(raw: &wire::Token) -> Token {
    Token {
        name: text(&raw.name),
        scopes: raw.scopes.iter().map(|scope| text(scope)).collect(),
        expires: raw.expires_at,
    }
}

pub(super) fn environment(raw: &wire::Environment, of: &GitLabProject) -> CiEnvironment {
    CiEnvironment {
        id: raw.id,
        place: name(&raw.name),
        environment: text(of.environment(&raw.name)),
        tier: raw.tier.as_deref().map(text),
        stopped: raw.state != "available",
        url: link(raw.external_url.as_deref()),
    }
}

fn deployment_status(status: &str) -> Option<DeploymentStatus> {
    Some(match status {
        "created" => DeploymentStatus::Created,
        "running" => DeploymentStatus::Running,
        "success" => DeploymentStatus::Success,
        "failed" => DeploymentStatus::Failed,
        "canceled" => DeploymentStatus::Canceled,
        "skipped" => DeploymentStatus::Skipped,
        "blocked" => DeploymentStatus::Blocked,
        _ => return None,
    })
}

/// A deployment of a project; `project_url` is where the project is to be seen. None without an environment: it was put
/// nowhere.
pub(super) fn deployment(raw: &wire::Deployment, of: &GitLabProject, project_url: Option<&str>) -> Option<Deployment> {
    let place = raw.environment.as_ref()?;
    let job = raw.deployable.as_ref();
    let page = || Some(format!("{}/-/environments/{}", project_url?, place.id));
    let status = deployment_status(&raw.status);
    let is_over =
        !matches!(status, Some(DeploymentStatus::Created | DeploymentStatus::Running | DeploymentStatus::Blocked));
    Some(Deployment {
        id: raw.id.to_string(),
        source: "gitlab",
        project: text(&of.path),
        place: name(&place.name),
        service: text(&of.service),
        environment: text(of.environment(&place.name)),
        version: name(&raw.git_ref),
        is_tag: job.and_then(|job| job.tag),
        sha: Some(text(&raw.sha)),
        status,
        kind: None,
        by: user(job.and_then(|job| job.user.as_ref())).or_else(|| user(raw.user.as_ref())),
        created: raw.created_at,
        // One that was only reported has no job to wait for.
        started: job.map_or(raw.created_at, |job| job.started_at),
        finished: job.and_then(|job| job.finished_at).or(raw.finished_at).filter(|_| is_over),
        updated: raw.updated_at,
        previous_version: None,
        job: job.map(|job| job.id),
        pipeline: job.and_then(|job| job.pipeline.as_ref()).map(|pipeline| pipeline.id),
        url: link(job.and_then(|job| job.web_url.as_deref())).or_else(page),
    })
}

pub(super) fn pipeline(raw: &wire::Pipeline) -> Pipeline {
    Pipeline {
        id: raw.id,
        git_ref: name(&raw.git_ref),
        sha: text(&raw.sha),
        status: status(&raw.status),
        source: raw.source.as_deref().map(text),
        created: raw.created_at,
        updated: raw.updated_at,
        url: link(raw.web_url.as_deref()),
    }
}

pub(super) fn job(raw: &wire::Job) -> Job {
    Job {
        id: raw.id,
        name: text(&raw.name),
        stage: text(&raw.stage),
        status: status(&raw.status),
        git_ref: name(&raw.git_ref),
        pipeline: raw.pipeline.as_ref().map(|pipeline| pipeline.id),
        allow_failure: raw.allow_failure,
        by: user(raw.user.as_ref()),
        created: raw.created_at,
        started: raw.started_at,
        finished: raw.finished_at,
        failure: raw.failure_reason.as_deref().map(text),
        url: link(raw.web_url.as_deref()),
    }
}

pub(super) fn tag(raw: &wire::Tag) -> Tag {
    Tag {
        name: name(&raw.name),
        sha: text(&raw.commit.id),
        title: text(&raw.commit.title),
        // A lightweight tag has no time of its own.
        created: raw.created_at.or(raw.commit.created_at),
        protected: raw.protected,
    }
}

pub(super) fn release(raw: &wire::Release) -> Release {
    let notes = raw.description.as_deref().unwrap_or("");
    Release {
        tag: name(&raw.tag_name),
        name: text(raw.name.as_deref().unwrap_or(&raw.tag_name)),
        notes: notes.lines().take(NOTES).map(text).collect(),
        released: raw.released_at,
    }
}

pub(super) fn merge_request(raw: &wire::MergeRequest) -> MergeRequest {
    let commits = [&raw.merge_commit_sha, &raw.squash_commit_sha, &raw.sha];
    MergeRequest {
        number: raw.iid,
        title: text(&raw.title),
        by: user(raw.author.as_ref()),
        merged: raw.merged_at,
        commits: commits.into_iter().flatten().map(|sha| text(sha)).collect(),
        url: link(raw.web_url.as_deref()),
    }
}

pub(super) fn commit(raw: &wire::Commit) -> Commit {
    Commit {
        sha: text(&raw.id),
        title: text(&raw.title),
        author: raw.author_name.as_deref().map(text).unwrap_or_default(),
        time: raw.created_at,
        url: link(raw.web_url.as_deref()),
    }
}

pub(super) fn path(path: &str) -> String {
    text(path)
}

pub(super) fn incident(raw: &wire::Incident) -> Incident {
    Incident {
        id: raw.id,
        number: raw.iid,
        title: text(&raw.title),
        severity: raw.severity.as_deref().map_or_else(|| "UNKNOWN".to_owned(), text),
        opened: raw.created_at,
        closed: raw.closed_at.filter(|_| raw.state != "opened"),
        is_open: raw.state == "opened",
        url: link(raw.web_url.as_deref()),
    }
}
