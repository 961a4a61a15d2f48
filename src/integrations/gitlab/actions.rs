//! What can be changed at GitLab. Each is sent once; where nobody knows whether it was done, [`GitLab::was_done`] looks.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{GitLab, iso, map, wire};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::ci::{Incident, Job, Pipeline, Tag};
use crate::domain::ci_plan::CiAction;
use crate::integrations::http::{Change, Get, Method, RawReply};

/// What a change has made, or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CiDone {
    /// A job: of a retry, the new one.
    Job(Job),
    /// A pipeline.
    Pipeline(Pipeline),
    /// A tag.
    Tag(Tag),
    /// An incident.
    Incident(Incident),
}

impl GitLab {
    /// Does it, once.
    pub async fn act(&self, action: &CiAction) -> Result<CiDone, ApiError> {
        let change = change(action);
        let reply = self.api.change(&change).await?;
        let done = match action {
            CiAction::PlayJob { .. } | CiAction::RetryJob { .. } | CiAction::CancelJob { .. } => {
                parse::<wire::Job>(&reply).map(|raw| CiDone::Job(map::job(&raw)))
            }
            CiAction::RetryPipeline { .. } | CiAction::CancelPipeline { .. } | CiAction::NewPipeline { .. } => {
                parse::<wire::Pipeline>(&reply).map(|raw| CiDone::Pipeline(map::pipeline(&raw)))
            }
            CiAction::CreateTag { .. } => parse::<wire::Tag>(&reply).map(|raw| CiDone::Tag(map::tag(&raw))),
            CiAction::CloseIncident { .. } => {
                parse::<wire::Incident>(&reply).map(|raw| CiDone::Incident(map::incident(&raw)))
            }
        };
        done.map_err(|why| {
            let message = format!("it took the change and did not say what it did: {why}");
            let asked = format!("the change in {}", action.project());
            let failed = ApiError::new("GitLab", ApiErrorKind::Garbage, &asked, message);
            ApiError { status: Some(reply.status), maybe_done: true, ..failed }
        })
    }

    /// Looks whether something that was sent at this time and never answered was done; none: not, so far.
    pub async fn was_done(&self, action: &CiAction, sent: DateTime<Utc>) -> Result<Option<CiDone>, ApiError> {
        match action {
            CiAction::PlayJob { project, job } => {
                let job = self.job(project, *job).await?;
                Ok((!job.status.is_manual() && job.status.0 != "scheduled").then_some(CiDone::Job(job)))
            }
            CiAction::CancelJob { project, job } => {
                let job = self.job(project, *job).await?;
                Ok(job.status.0.starts_with("cancel").then_some(CiDone::Job(job)))
            }
            CiAction::RetryJob { project, job } => {
                let old = self.job(project, *job).await?;
                let Some(pipeline) = old.pipeline else { return Ok(None) };
                let jobs = self.jobs(project, pipeline).await?;
                let mut later = jobs.into_iter().filter(|one| one.id > old.id && one.name == old.name);
                Ok(later.next().map(CiDone::Job))
            }
            CiAction::RetryPipeline { project, pipeline } => {
                let pipeline = self.pipeline(project, *pipeline).await?;
                Ok(pipeline.status.is_active().then_some(CiDone::Pipeline(pipeline)))
            }
            CiAction::CancelPipeline { project, pipeline } => {
                let pipeline = self.pipeline(project, *pipeline).await?;
                Ok(pipeline.status.0.starts_with("cancel").then_some(CiDone::Pipeline(pipeline)))
            }
            CiAction::NewPipeline { project, git_ref, .. } => {
                let get = Get::new(&["projects", project, "pipelines"]).query("ref", git_ref).query("source", "api");
                let get = get.query("order_by", "id").query("sort", "desc").query("updated_after", iso(sent));
                let newest = self.page::<wire::Pipeline>(&get.query("per_page", 1)).await?.value;
                let made = newest.first().filter(|one| one.created_at.is_some_and(|created| created >= sent));
                Ok(made.map(|raw| CiDone::Pipeline(map::pipeline(raw))))
            }
            CiAction::CreateTag { project, name, .. } => {
                let get = Get::new(&["projects", project, "repository", "tags", name]);
                match self.api.get::<wire::Tag>(&get).await {
                    Ok(reply) => Ok(Some(CiDone::Tag(map::tag(&reply.value)))),
                    Err(error) if error.kind == ApiErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            }
            CiAction::CloseIncident { project, number } => {
                let get = Get::new(&["projects", project, "issues", &number.to_string()]);
                let incident = map::incident(&self.api.get::<wire::Incident>(&get).await?.value);
                Ok((!incident.is_open).then_some(CiDone::Incident(incident)))
            }
        }
    }

    /// A pipeline.
    pub async fn pipeline(&self, project: &str, pipeline: u64) -> Result<Pipeline, ApiError> {
        let get = Get::new(&["projects", project, "pipelines", &pipeline.to_string()]);
        Ok(map::pipeline(&self.api.get::<wire::Pipeline>(&get).await?.value))
    }
}

fn parse<T: DeserializeOwned>(reply: &RawReply) -> Result<T, String> {
    serde_json::from_slice(&reply.value).map_err(|error| error.to_string())
}

/// The request of a change.
fn change(action: &CiAction) -> Change {
    let post =
        |project: &str, segments: &[&str]| Change::new(Method::Post, &[&["projects", project][..], segments].concat());
    match action {
        CiAction::PlayJob { project, job } => post(project, &["jobs", &job.to_string(), "play"]),
        CiAction::RetryJob { project, job } => post(project, &["jobs", &job.to_string(), "retry"]),
        CiAction::CancelJob { project, job } => post(project, &["jobs", &job.to_string(), "cancel"]),
        CiAction::RetryPipeline { project, pipeline } => post(project, &["pipelines", &pipeline.to_string(), "retry"]),
        CiAction::CancelPipeline { project, pipeline } => {
            post(project, &["pipelines", &pipeline.to_string(), "cancel"])
        }
        CiAction::NewPipeline { project, git_ref, variables } => {
            let variables: Vec<Value> =
                variables.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
            post(project, &["pipeline"]).json(&json!({ "ref": git_ref, "variables": variables }))
        }
        CiAction::CreateTag { project, name, git_ref, message } => {
            let mut body = json!({ "tag_name": name, "ref": git_ref });
            if let Some(message) = message {
                body["message"] = json!(message);
            }
            post(project, &["repository", "tags"]).json(&body)
        }
        CiAction::CloseIncident { project, number } => {
            Change::new(Method::Put, &["projects", project, "issues", &number.to_string()])
                .json(&json!({ "state_event": "close" }))
        }
    }
}
