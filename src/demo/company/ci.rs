//! The company's GitLab: pipelines whose jobs run as time goes by, deployments, tags, incidents.

use super::people::{ANA, Person, WRITERS, YOU};
use super::plan::{PRODUCTION, Task, plan};
use super::project::{Deployment, Incident, Job, MOST, Pipeline, Project, Status, Tag, new_job, new_pipeline};
use super::{Delivered, Put, Seconds, Seen, past};
use crate::demo::world::rng::Rng;
use crate::demo::world::story::{BAD, GOOD};

/// Seconds from one push to the next.
const PUSH_EVERY: Seconds = 210;
/// The most tags that a project takes.
pub const MOST_TAGS: usize = 300;

/// All projects.
#[derive(Clone, Debug, PartialEq)]
pub struct Ci {
    /// The projects.
    pub projects: Vec<Project>,
    seed: u64,
    /// The number that the next pipeline, job or deployment gets.
    next_id: u64,
    /// What the hosts have not been told yet.
    orders: Vec<Put>,
}

impl Ci {
    /// With the past of some months.
    pub fn new(seed: u64, now: Seconds) -> Self {
        let mut next_id = 4100;
        let projects = past::projects(seed, now, &mut next_id);
        Self { projects, seed, next_id, orders: Vec::new() }
    }

    /// Lets a second go by.
    pub fn second(&mut self, now: Seconds, seen: &Seen) -> Vec<Put> {
        if seen.tempted {
            self.tempt(now);
        }
        for index in 0..self.projects.len() {
            if (now + 90 * index as Seconds).rem_euclid(PUSH_EVERY) == 0 {
                self.push(index, now);
            }
            self.work(index, now, seen.webs);
        }
        std::mem::take(&mut self.orders)
    }

    /// Somebody deploys the version that fails, where the one before it runs and nothing else is under way.
    fn tempt(&mut self, now: Seconds) {
        let Some(project) = self.projects.iter().find(|one| one.service == Delivered::Api) else { return };
        let calm = project.live(PRODUCTION).is_some_and(|live| **live == *GOOD)
            && !project.jobs.iter().any(|job| job.task == Task::Production && job.status == Status::Running);
        let is_bad = |job: &&Job| {
            job.task == Task::Production && project.pipeline(job.pipeline).is_some_and(|one| *one.git_ref == *BAD)
        };
        let Some((id, job)) =
            project.jobs.iter().rev().find(is_bad).map(|job| (project.id, job.clone())).filter(|_| calm)
        else {
            return;
        };
        if job.status == Status::Manual {
            self.play(id, job.id, ANA, now);
        } else {
            self.retry(id, job.id, ANA, now);
        }
    }

    /// Somebody merges something.
    fn push(&mut self, index: usize, now: Seconds) {
        let project = &mut self.projects[index];
        let mut rng = Rng::at(self.seed, 0xc0de + project.id, now);
        let by = rng.pick(&WRITERS);
        let request = project.commits.last().map_or(1, |last| last.request + 1);
        let commit = past::commit(&mut rng, project.service, by, now, request);
        let sha = commit.sha.clone();
        project.commits.push(commit);
        let surplus = project.commits.len().saturating_sub(MOST);
        project.commits.drain(..surplus);
        let pipeline = new_pipeline("main".into(), false, sha, "push", by, now);
        self.begin(index, pipeline, &Task::OF_PUSH, now);
    }

    /// Makes a pipeline with its jobs.
    fn begin(&mut self, index: usize, mut pipeline: Pipeline, tasks: &[Task], now: Seconds) -> u64 {
        pipeline.id = self.id();
        let (id, by) = (pipeline.id, pipeline.by);
        let ids: Vec<u64> = tasks.iter().map(|_| self.id()).collect();
        let project = &mut self.projects[index];
        project.pipelines.push(pipeline);
        project.jobs.extend(tasks.iter().zip(ids).map(|(task, job)| new_job(job, id, *task, by, now)));
        if project.pipelines.len() > MOST {
            let gone = project.pipelines.remove(0).id;
            project.jobs.retain(|job| job.pipeline != gone);
        }
        id
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Lets the jobs of a project go on.
    fn work(&mut self, index: usize, now: Seconds, webs: usize) {
        for at in 0..self.projects[index].jobs.len() {
            let project = &self.projects[index];
            let job = &project.jobs[at];
            match (job.status, job.started) {
                (Status::Created, _) if project.is_due(job) => {
                    let next = if job.task == Task::Production { Status::Manual } else { Status::Running };
                    let id = job.id;
                    self.set(index, id, next, now);
                }
                (Status::Running, Some(started)) => {
                    let (id, task) = (job.id, job.task);
                    let Some(version) = project.pipeline(job.pipeline).map(|one| one.git_ref.clone()) else { continue };
                    let service = project.service;
                    let hosts = if service == Delivered::Api { webs } else { usize::from(task == Task::Production) };
                    let plan = plan(task, &version, hosts);
                    let since = now - started;
                    let due = plan.puts.iter().filter(|(put, _)| *put == since);
                    let puts = due.map(|(_, host)| Put { service, host: Some(*host), version: version.clone() });
                    self.orders.extend(puts);
                    if plan.back == Some(since) {
                        self.put_back(index);
                    }
                    if since >= plan.seconds {
                        let end = if plan.back.is_some() { Status::Failed } else { Status::Success };
                        self.set(index, id, end, now);
                    }
                }
                _ => {}
            }
        }
    }

    /// All hosts of a project's service go onto what is live.
    fn put_back(&mut self, index: usize) {
        let project = &self.projects[index];
        if let Some(version) = project.live(PRODUCTION) {
            self.orders.push(Put { service: project.service, host: None, version: version.clone() });
        }
    }

    /// A job comes into another state, and its deployment with it.
    fn set(&mut self, index: usize, job: u64, status: Status, now: Seconds) {
        let deployment = self.id();
        let project = &mut self.projects[index];
        let Some(found) = project.jobs.iter_mut().find(|one| one.id == job) else { return };
        found.status = status;
        if status == Status::Running {
            found.started = Some(now);
        } else if status.is_over() {
            found.finished = Some(now);
        }
        let (of, by, place) = (found.pipeline, found.by, found.task.place());
        let Some(pipeline) = project.pipelines.iter_mut().find(|one| one.id == of) else { return };
        pipeline.updated = now;
        let Some(place) = place else { return };
        if let Some(known) = project.deployments.iter_mut().rev().find(|one| one.job == job) {
            (known.status, known.updated) = (status, now);
        } else if status == Status::Running {
            let (git_ref, sha) = (pipeline.git_ref.clone(), pipeline.sha.clone());
            project.deploy(Deployment {
                id: deployment,
                place,
                git_ref,
                sha,
                status,
                created: now,
                updated: now,
                by,
                job,
            });
        }
    }

    fn find(&self, project: u64, job: u64) -> Option<(usize, &Job)> {
        let index = self.projects.iter().position(|one| one.id == project)?;
        Some((index, self.projects[index].jobs.iter().find(|one| one.id == job)?))
    }

    /// A deploy to where it is used ends whatever deploys there.
    fn supersede(&mut self, index: usize, now: Seconds) {
        let jobs = self.projects[index].jobs.iter();
        let under_way = jobs.filter(|job| job.task == Task::Production && job.status == Status::Running);
        for job in under_way.map(|job| job.id).collect::<Vec<_>>() {
            self.set(index, job, Status::Canceled, now);
        }
    }

    /// Somebody starts a job that waits for somebody; false when it does not.
    pub fn play(&mut self, project: u64, job: u64, by: Person, now: Seconds) -> bool {
        let Some((index, found)) = self.find(project, job).filter(|(_, job)| job.status == Status::Manual) else {
            return false;
        };
        if found.task == Task::Production {
            self.supersede(index, now);
        }
        if let Some(found) = self.projects[index].jobs.iter_mut().find(|one| one.id == job) {
            found.by = by;
        }
        self.set(index, job, Status::Running, now);
        true
    }

    /// Somebody has a job done again: as another job of the same pipeline, whose number this is.
    pub fn retry(&mut self, project: u64, job: u64, by: Person, now: Seconds) -> Option<u64> {
        let (index, old) = self.find(project, job).filter(|(_, job)| job.status.is_over())?;
        let (pipeline, task) = (old.pipeline, old.task);
        if task == Task::Production {
            self.supersede(index, now);
        }
        let id = self.id();
        self.projects[index].jobs.push(new_job(id, pipeline, task, by, now));
        self.set(index, id, Status::Running, now);
        Some(id)
    }

    /// Somebody ends a job. Hosts that it has changed go back.
    pub fn cancel(&mut self, project: u64, job: u64, now: Seconds) -> bool {
        let Some((index, found)) = self.find(project, job) else { return false };
        if matches!(found.status, Status::Running | Status::Created) {
            let back = found.task == Task::Production && found.status == Status::Running;
            self.set(index, job, Status::Canceled, now);
            if back {
                self.put_back(index);
            }
        }
        true
    }

    /// Somebody has a pipeline made; none where there is no such branch or tag.
    pub fn new_pipeline(&mut self, project: u64, git_ref: &str, by: Person, now: Seconds) -> Option<u64> {
        let index = self.projects.iter().position(|one| one.id == project)?;
        let (sha, tag) = self.projects[index].resolve(git_ref)?;
        let tasks = if tag { &Task::OF_TAG[..] } else { &Task::OF_PUSH };
        Some(self.begin(index, new_pipeline(git_ref.into(), tag, sha, "api", by, now), tasks, now))
    }

    /// Somebody makes a tag, which makes a pipeline. None where there is no such commit.
    pub fn tag(&mut self, project: u64, name: &str, git_ref: &str, message: &str, now: Seconds) -> Option<Tag> {
        let index = self.projects.iter().position(|one| one.id == project)?;
        let (sha, _) = self.projects[index].resolve(git_ref)?;
        let tag = Tag { name: name.into(), sha: sha.clone(), message: message.to_owned(), created: now };
        self.projects[index].tags.push(tag.clone());
        let pipeline = new_pipeline(tag.name.clone(), true, sha, "push", YOU, now);
        self.begin(index, pipeline, &Task::OF_TAG, now);
        Some(tag)
    }

    /// Checkout is failing.
    pub fn open_incident(&mut self, now: Seconds) {
        let Some(project) = self.projects.iter_mut().find(|one| one.service == Delivered::Api) else { return };
        let iid = project.incidents.last().map_or(1, |last| last.iid + 7);
        let title = "Checkout fails for some customers";
        project.incidents.push(Incident { iid, title, severity: "HIGH", opened: now, closed: None });
        let surplus = project.incidents.len().saturating_sub(MOST);
        project.incidents.drain(..surplus);
    }

    /// It is not any more.
    pub fn close_incident(&mut self, now: Seconds) {
        let all = self.projects.iter_mut().flat_map(|one| one.incidents.iter_mut());
        for incident in all.filter(|one| one.closed.is_none() && one.severity == "HIGH") {
            incident.closed = Some(now);
        }
    }
}
