//! What was delivered before the demo began: made up from the seed.

use std::sync::Arc;

use super::people::{ANA, BEN, LI, Person, WRITERS};
use super::plan::Task;
use super::project::{Commit, Deployment, Incident, Pipeline, Project, Status, Tag, new_job, new_pipeline};
use super::{DAY, Delivered, HOUR, Seconds};
use crate::demo::world::rng::Rng;
use crate::demo::world::story::{BAD, GOOD, GOOD_JOBS};

const MINUTE: Seconds = 60;

/// What is written in the api, and in the jobs.
const API: [&str; 14] = [
    "Keep the cart when a session is renewed",
    "Cart totals: round once, at the end",
    "Show delivery dates at checkout",
    "Answer 409 instead of 500 for a used voucher",
    "日本語の領収書を追加",
    "Search: prefix matches come first",
    "Stop asking for the phone number",
    "Log the request id of payments",
    "Speed up /products by one query less",
    "Retry the card network once",
    "Drop the old session format",
    "Translate errors of the address form",
    "Count stock per warehouse",
    "Update dependencies",
];
const JOBS: [&str; 8] = [
    "Render invoices in the customer's language",
    "Retry mail only when it may be retried",
    "Update stock in batches",
    "Nightly report: skip empty days",
    "Give up a job after five attempts",
    "Log how long a job waited",
    "Less memory for PDFs",
    "Update dependencies",
];

/// One deploy of the past: days and minutes ago, version, whether it went well.
struct Past(Seconds, Seconds, &'static str, bool, Person);

/// The projects with their past.
pub fn projects(seed: u64, now: Seconds, next_id: &mut u64) -> Vec<Project> {
    let api = [
        Past(58, 200, "1.3.6", true, ANA),
        Past(51, 90, "1.3.7", true, LI),
        Past(44, 310, "1.3.8", true, ANA),
        Past(37, 45, "1.3.9", false, BEN),
        Past(37, 20, "1.3.9", true, BEN),
        Past(30, 120, "1.3.10", true, LI),
        Past(23, 260, "1.4.0", true, ANA),
        Past(16, 75, "1.4.1", true, LI),
        // It was rolled back, and mended the day after.
        Past(16, 49, "1.4.0", true, ANA),
        Past(15, 140, GOOD, false, LI),
        Past(15, 128, GOOD, true, LI),
    ];
    let jobs = [
        Past(55, 60, "2.2.0", true, BEN),
        Past(41, 260, "2.2.1", true, BEN),
        Past(27, 30, "2.3.0", true, ANA),
        Past(9, 330, GOOD_JOBS, true, BEN),
    ];
    let mut projects = vec![
        project(seed, 31, "lumen/api", Delivered::Api, now, &api, next_id),
        project(seed, 34, "lumen/jobs", Delivered::Jobs, now, &jobs, next_id),
    ];
    // What is tagged and built, and waits for somebody to deploy it.
    release(&mut projects[0], seed, now, (20 * HOUR, BAD), next_id);
    release(&mut projects[0], seed, now, (3 * HOUR, "1.5.0-rc.1"), next_id);
    projects[0].incidents = vec![
        incident(41, "Search answers slowly", "MEDIUM", now - 6 * DAY, 5 * HOUR),
        incident(48, "Receipts are sent twice", "LOW", now - 19 * HOUR, 2 * HOUR),
    ];
    projects
}

fn incident(iid: u64, title: &'static str, severity: &'static str, opened: Seconds, lasted: Seconds) -> Incident {
    Incident { iid, title, severity, opened, closed: Some(opened + lasted) }
}

fn project(
    seed: u64,
    id: u64,
    path: &'static str,
    service: Delivered,
    now: Seconds,
    past: &[Past],
    next_id: &mut u64,
) -> Project {
    let mut project = Project {
        id,
        path,
        service,
        commits: Vec::new(),
        tags: Vec::new(),
        pipelines: Vec::new(),
        jobs: Vec::new(),
        deployments: Vec::new(),
        incidents: Vec::new(),
    };
    for Past(days, minutes, version, good, by) in past {
        let began = now - days * DAY - minutes * MINUTE;
        if project.resolve(version).is_none() {
            tag(&mut project, seed, began - 5 * HOUR, version);
        }
        deployed(&mut project, version, began, *good, *by, next_id);
    }
    project
}

/// A tag with what was written since the one before.
fn tag(project: &mut Project, seed: u64, at: Seconds, version: &str) {
    let mut rng = Rng::at(seed, 0x7a6 + project.id, at);
    for i in (0..2 + rng.below(4).cast_signed()).rev() {
        let request = project.commits.last().map_or(180, |last| last.request + 1);
        let by = rng.pick(&WRITERS);
        let merged = at - 40 * MINUTE - i * 2 * HOUR;
        project.commits.push(commit(&mut rng, project.service, by, merged, request));
    }
    let sha = project.commits.last().map_or_else(|| Arc::from(""), |last| last.sha.clone());
    project.tags.push(Tag { name: version.into(), sha, message: format!("Release {version}"), created: at });
}

/// The pipeline of a tag that is there: its newest, or one that is made.
fn pipeline(project: &mut Project, version: &str, at: Seconds, by: Person, next_id: &mut u64) -> Pipeline {
    if let Some(known) = project.pipelines.iter().rev().find(|one| *one.git_ref == *version) {
        return known.clone();
    }
    let sha = project.resolve(version).map_or_else(|| Arc::from(""), |(sha, _)| sha);
    let mut made = new_pipeline(version.into(), true, sha, "push", by, at);
    *next_id += 1;
    made.id = *next_id;
    project.pipelines.push(made.clone());
    for (task, start) in [(Task::Test, 5), (Task::Build, 75), (Task::Staging, 125)] {
        job(project, &made, task, at + start, by, next_id);
    }
    made
}

/// A job of a pipeline that went well, and what it deployed.
fn job(project: &mut Project, of: &Pipeline, task: Task, at: Seconds, by: Person, next_id: &mut u64) -> u64 {
    *next_id += 2;
    let id = *next_id;
    // No two take the same time.
    let finished = at + super::plan::plan(task, &of.git_ref, 0).seconds + (id % 17).cast_signed();
    let mut job = new_job(id, of.id, task, by, at - 2);
    (job.status, job.started, job.finished) = (Status::Success, Some(at), Some(finished));
    project.jobs.push(job);
    if let Some(place) = task.place() {
        project.deploy(Deployment {
            id: id - 1,
            place,
            git_ref: of.git_ref.clone(),
            sha: of.sha.clone(),
            status: Status::Success,
            created: at,
            updated: finished,
            by,
            job: id,
        });
    }
    if let Some(pipeline) = project.pipelines.iter_mut().find(|one| one.id == of.id) {
        pipeline.updated = finished;
    }
    id
}

/// A deploy to where it is used.
fn deployed(project: &mut Project, version: &str, at: Seconds, good: bool, by: Person, next_id: &mut u64) {
    let of = pipeline(project, version, at - 4 * HOUR, by, next_id);
    let id = job(project, &of, Task::Production, at, by, next_id);
    if !good {
        project.jobs.iter_mut().filter(|one| one.id == id).for_each(|one| one.status = Status::Failed);
        project.deployments.iter_mut().filter(|one| one.job == id).for_each(|one| one.status = Status::Failed);
    }
}

/// A version that is on staging, and could be deployed.
fn release(project: &mut Project, seed: u64, now: Seconds, (ago, version): (Seconds, &str), next_id: &mut u64) {
    tag(project, seed, now - ago, version);
    let of = pipeline(project, version, now - ago, LI, next_id);
    *next_id += 1;
    let mut waits = new_job(*next_id, of.id, Task::Production, LI, now - ago);
    waits.status = Status::Manual;
    project.jobs.push(waits);
}

/// A commit that somebody merged.
pub fn commit(rng: &mut Rng, service: Delivered, by: Person, at: Seconds, request: u64) -> Commit {
    let titles = if service == Delivered::Api { &API[..] } else { &JOBS[..] };
    let title = titles[usize::try_from(request).unwrap_or(0) % titles.len()];
    let sha = format!("{:016x}{:016x}{:08x}", rng.bits(), rng.bits(), rng.bits() >> 32);
    Commit { sha: sha.into(), title, by, at, request }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{PRODUCTION, STAGING};
    use super::*;

    #[test]
    fn the_past_ends_with_the_versions_that_the_hosts_report() {
        for seed in 0..20_u64 {
            let now = 1_763_000_000 + seed.cast_signed() * 7919;
            let projects = projects(seed, now, &mut 0);
            let live = |i: usize, place| projects[i].live(place).map(|version| &**version);
            assert_eq!(live(0, PRODUCTION), Some(GOOD));
            assert_eq!(live(0, STAGING), Some("1.5.0-rc.1"));
            assert_eq!(live(1, PRODUCTION), Some(GOOD_JOBS));
            for project in &projects {
                assert!(project.deployments.is_sorted_by_key(|one| one.id));
                assert!(project.commits.is_sorted_by_key(|one| one.at), "seed {seed}");
                assert!(project.jobs.iter().all(|job| project.pipeline(job.pipeline).is_some()));
                assert!(project.commits.last().is_some_and(|last| last.at < now));
            }
        }
    }
}
