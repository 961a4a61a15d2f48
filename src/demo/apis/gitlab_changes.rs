//! GitLab, REST v4: what can be changed.

use serde_json::{Value, json};

use super::gitlab::{fault, not_found};
use super::gitlab_objects::Objects;
use crate::demo::company::Company;
use crate::demo::company::ci::MOST_TAGS;
use crate::demo::company::people::YOU;
use crate::demo::company::project::Status;
use crate::demo::http::{Reply, Request};

/// The longest name of a tag, and the longest message.
const LONGEST: (usize, usize) = (100, 1000);

/// Changes something of the project at this place.
pub fn change(company: &mut Company, at: usize, request: &Request, path: &[&str]) -> Reply {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let number = |id: &str| id.parse::<u64>().unwrap_or(0);
    match (request.method.as_str(), path) {
        ("POST", ["jobs", id, what @ ("play" | "retry" | "cancel")]) => job(company, at, number(id), what),
        ("POST", ["pipelines", id, "retry"]) => retry_pipeline(company, at, number(id)),
        ("POST", ["pipelines", id, "cancel"]) => cancel_pipeline(company, at, number(id)),
        ("POST", ["pipeline"]) => new_pipeline(company, at, &body),
        ("POST", ["repository", "tags"]) => tag(company, at, &body),
        ("PUT", ["issues", iid]) => incident(company, at, number(iid), &body),
        _ => Reply::json(405, &json!({ "error": "405 Not Allowed" })),
    }
}

fn job(company: &mut Company, at: usize, id: u64, what: &str) -> Reply {
    let (now, project) = (company.now, company.ci.projects[at].id);
    let Some(status) = company.ci.projects[at].jobs.iter().find(|job| job.id == id).map(|job| job.status) else {
        return fault(404, "404 Not found");
    };
    let (done, code) = match what {
        "play" if !company.ci.play(project, id, YOU, now) => return fault(400, "400 Bad request - Unplayable Job"),
        "play" => (id, 200),
        "retry" => match company.ci.retry(project, id, YOU, now) {
            Some(new) => (new, 201),
            None => return fault(403, "403 Forbidden - Job is not retryable"),
        },
        _ if status == Status::Manual => return fault(403, "403 Forbidden - Job is not cancelable"),
        _ => {
            company.ci.cancel(project, id, now);
            (id, 201)
        }
    };
    shown_job(company, at, done, code)
}

fn shown_job(company: &Company, at: usize, id: u64, code: u16) -> Reply {
    let project = &company.ci.projects[at];
    match project.jobs.iter().find(|job| job.id == id) {
        Some(job) => Reply::json(code, &Objects(project).job(job, company.now)),
        None => fault(404, "404 Not found"),
    }
}

fn shown_pipeline(company: &Company, at: usize, id: u64, code: u16) -> Reply {
    let project = &company.ci.projects[at];
    match project.pipeline(id) {
        Some(pipeline) => Reply::json(code, &Objects(project).pipeline(pipeline)),
        None => not_found("Pipeline"),
    }
}

/// The jobs of a pipeline that are to be done with.
fn jobs(company: &Company, at: usize, pipeline: u64, wanted: &[Status]) -> Vec<u64> {
    let project = &company.ci.projects[at];
    let of = project.jobs.iter().filter(|job| job.pipeline == pipeline && !project.is_retried(job));
    of.filter(|job| wanted.contains(&job.status)).map(|job| job.id).collect()
}

fn retry_pipeline(company: &mut Company, at: usize, id: u64) -> Reply {
    let (now, project) = (company.now, company.ci.projects[at].id);
    for job in jobs(company, at, id, &[Status::Failed, Status::Canceled]) {
        company.ci.retry(project, job, YOU, now);
    }
    shown_pipeline(company, at, id, 201)
}

fn cancel_pipeline(company: &mut Company, at: usize, id: u64) -> Reply {
    let (now, project) = (company.now, company.ci.projects[at].id);
    for job in jobs(company, at, id, &[Status::Created, Status::Running]) {
        company.ci.cancel(project, job, now);
    }
    shown_pipeline(company, at, id, 200)
}

fn new_pipeline(company: &mut Company, at: usize, body: &Value) -> Reply {
    let Some(git_ref) = body["ref"].as_str() else {
        return Reply::json(400, &json!({ "error": "ref is missing" }));
    };
    let (now, project) = (company.now, company.ci.projects[at].id);
    match company.ci.new_pipeline(project, git_ref, YOU, now) {
        Some(id) => shown_pipeline(company, at, id, 201),
        None => Reply::json(400, &json!({ "message": { "base": ["Reference not found"] } })),
    }
}

fn tag(company: &mut Company, at: usize, body: &Value) -> Reply {
    let missing = |what: &str| Reply::json(400, &json!({ "error": format!("{what} is missing") }));
    let Some(name) = body["tag_name"].as_str() else { return missing("tag_name") };
    let Some(git_ref) = body["ref"].as_str() else { return missing("ref") };
    let message = body["message"].as_str().unwrap_or("");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-/".contains(c);
    if name.is_empty() || name.len() > LONGEST.0 || message.len() > LONGEST.1 || !name.chars().all(plain) {
        return fault(400, "Tag name invalid");
    }
    let (now, project) = (company.now, &company.ci.projects[at]);
    if project.tags.iter().any(|tag| *tag.name == *name) {
        return fault(400, &format!("Tag {name} already exists"));
    }
    if project.tags.len() >= MOST_TAGS {
        return fault(400, "A project of the demo has no room for more tags");
    }
    let id = project.id;
    match company.ci.tag(id, name, git_ref, message, now) {
        Some(tag) => Reply::json(201, &Objects(&company.ci.projects[at]).tag(&tag)),
        None => fault(400, &format!("Target {git_ref} is invalid")),
    }
}

fn incident(company: &mut Company, at: usize, iid: u64, body: &Value) -> Reply {
    let now = company.now;
    let Some(one) = company.ci.projects[at].incidents.iter_mut().find(|one| one.iid == iid) else {
        return fault(404, "404 Not found");
    };
    match body["state_event"].as_str() {
        Some("close") => one.closed = one.closed.or(Some(now)),
        Some("reopen") => one.closed = None,
        _ => return Reply::json(400, &json!({ "error": "state_event does not have a valid value" })),
    }
    let one = one.clone();
    Reply::json(200, &Objects(&company.ci.projects[at]).incident(&one))
}
