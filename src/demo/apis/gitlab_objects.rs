//! GitLab's objects as it shows them.

use serde_json::{Value, json};

use crate::demo::company::Seconds;
use crate::demo::company::checks::iso;
use crate::demo::company::people::Person;
use crate::demo::company::plan::{PRODUCTION, STAGING, Task};
use crate::demo::company::project::{Commit, Deployment, Incident, Job, Pipeline, Project, Tag};

/// Where people look at it.
const SITE: &str = "https://gitlab.lumen.example";

/// The objects of a project.
pub struct Objects<'p>(pub &'p Project);

fn user(one: Person) -> Value {
    json!({
        "id": one.id,
        "username": one.login,
        "name": one.name,
        "state": "active",
        "locked": false,
        "avatar_url": null,
        "web_url": format!("{SITE}/{}", one.login),
    })
}

/// The environments: number, name, tier and page.
const PLACES: [(u64, &str, &str); 2] =
    [(1, PRODUCTION, "https://shop.lumen.example"), (2, STAGING, "https://staging.lumen.example")];

impl Objects<'_> {
    /// A page about something of the project.
    pub fn page(&self, what: &str) -> String {
        format!("{SITE}/{}/-/{what}", self.0.path)
    }

    pub fn project(&self) -> Value {
        let name = self.0.path.rsplit('/').next().unwrap_or("");
        json!({
            "id": self.0.id,
            "name": name,
            "path": name,
            "path_with_namespace": self.0.path,
            "default_branch": "main",
            "web_url": format!("{SITE}/{}", self.0.path),
            "archived": false,
            "visibility": "private",
        })
    }

    fn place(&self, name: &str) -> Value {
        let (number, name, url) = PLACES.into_iter().find(|(_, known, _)| *known == name).unwrap_or(PLACES[0]);
        let id = self.0.id * 10 + number;
        json!({ "id": id, "name": name, "slug": name, "external_url": url, "tier": name, "state": "available" })
    }

    pub fn environments(&self, now: Seconds) -> Vec<Value> {
        let shown = |(_, name, _): (u64, &str, &str)| {
            let mut place = self.place(name);
            place["created_at"] = json!(iso(now - 90 * 86_400));
            place["updated_at"] = json!(iso(now - 86_400));
            place
        };
        PLACES.into_iter().map(shown).collect()
    }

    pub fn deployment(&self, one: &Deployment) -> Value {
        let job = self.0.jobs.iter().find(|job| job.id == one.job);
        json!({
            "id": one.id,
            "iid": one.id,
            "ref": &*one.git_ref,
            "sha": &*one.sha,
            "status": one.status.as_str(),
            "created_at": iso(one.created),
            "updated_at": iso(one.updated),
            "finished_at": one.status.is_over().then(|| iso(one.updated)),
            "user": user(one.by),
            "environment": self.place(one.place),
            "deployable": job.map(|job| self.job(job, one.updated)),
        })
    }

    pub fn pipeline(&self, one: &Pipeline) -> Value {
        json!({
            "id": one.id,
            "iid": one.id,
            "project_id": self.0.id,
            "ref": &*one.git_ref,
            "sha": &*one.sha,
            "tag": one.tag,
            "status": self.0.status(one.id).as_str(),
            "source": one.source,
            "created_at": iso(one.created),
            "updated_at": iso(one.updated),
            "user": user(one.by),
            "web_url": self.page(&format!("pipelines/{}", one.id)),
        })
    }

    pub fn job(&self, one: &Job, now: Seconds) -> Value {
        let pipeline = self.0.pipeline(one.pipeline);
        let took = one.started.map(|started| one.finished.unwrap_or(now) - started);
        let failed = one.status == crate::demo::company::project::Status::Failed;
        json!({
            "id": one.id,
            "name": one.task.name(),
            "stage": one.task.stage(),
            "status": one.status.as_str(),
            "ref": pipeline.map(|of| &*of.git_ref),
            "tag": pipeline.is_some_and(|of| of.tag),
            "allow_failure": one.task == Task::Lint,
            "created_at": iso(one.created),
            "started_at": one.started.map(iso),
            "finished_at": one.finished.map(iso),
            "duration": took,
            "failure_reason": failed.then_some("script_failure"),
            "user": user(one.by),
            "commit": pipeline.and_then(|of| self.0.commits.iter().find(|commit| commit.sha == of.sha)).map(|of| self.commit(of)),
            "pipeline": pipeline.map(|of| self.pipeline(of)),
            "web_url": self.page(&format!("jobs/{}", one.id)),
        })
    }

    pub fn commit(&self, one: &Commit) -> Value {
        json!({
            "id": &*one.sha,
            "short_id": one.sha.get(..8),
            "title": one.title,
            "message": one.title,
            "author_name": one.by.name,
            "author_email": format!("{}@lumen.example", one.by.login),
            "created_at": iso(one.at),
            "authored_date": iso(one.at),
            "committed_date": iso(one.at),
            "web_url": self.page(&format!("commit/{}", one.sha)),
        })
    }

    pub fn diff(&self, one: &Commit) -> Value {
        let path = format!("app/{}.py", ["cart", "checkout", "search", "session", "views"][one.request as usize % 5]);
        json!({ "old_path": path, "new_path": path, "new_file": false, "deleted_file": false, "renamed_file": false, "diff": "" })
    }

    pub fn tag(&self, one: &Tag) -> Value {
        let commit = self.0.commits.iter().find(|commit| commit.sha == one.sha);
        json!({
            "name": &*one.name,
            "message": one.message,
            "target": &*one.sha,
            "commit": commit.map_or_else(|| json!({ "id": &*one.sha, "title": "" }), |commit| self.commit(commit)),
            "protected": false,
            "created_at": iso(one.created),
            "release": null,
        })
    }

    pub fn release(&self, one: &Tag) -> Value {
        // What was written since the tag before it.
        let place = |sha: &str| self.0.commits.iter().position(|commit| *commit.sha == *sha);
        let before = self.0.tags.iter().rev().find(|tag| tag.created < one.created).and_then(|tag| place(&tag.sha));
        let from = before.map_or(0, |at| at + 1);
        let commits = place(&one.sha).map_or(&[][..], |to| self.0.commits.get(from..=to).unwrap_or(&[]));
        let notes: Vec<String> =
            commits.iter().map(|commit| format!("- {} (!{})", commit.title, commit.request)).collect();
        json!({
            "tag_name": &*one.name,
            "name": format!("{} {}", self.0.path.rsplit('/').next().unwrap_or(""), one.name),
            "description": notes.join("\n"),
            "created_at": iso(one.created),
            "released_at": iso(one.created),
        })
    }

    pub fn merge_request(&self, one: &Commit) -> Value {
        json!({
            "id": self.0.id * 10_000 + one.request,
            "iid": one.request,
            "title": one.title,
            "state": "merged",
            "author": user(one.by),
            "created_at": iso(one.at - 5400),
            "merged_at": iso(one.at),
            "updated_at": iso(one.at),
            "merge_commit_sha": &*one.sha,
            "squash_commit_sha": null,
            "sha": &*one.sha,
            "web_url": self.page(&format!("merge_requests/{}", one.request)),
        })
    }

    pub fn incident(&self, one: &Incident) -> Value {
        json!({
            "id": self.0.id * 10_000 + one.iid,
            "iid": one.iid,
            "title": one.title,
            "state": if one.closed.is_some() { "closed" } else { "opened" },
            "issue_type": "incident",
            "severity": one.severity,
            "created_at": iso(one.opened),
            "updated_at": iso(one.closed.unwrap_or(one.opened)),
            "closed_at": one.closed.map(iso),
            "web_url": self.page(&format!("issues/incident/{}", one.iid)),
        })
    }
}
