//! The plan of a deploy or a rollback that a job of GitLab's does.

use std::time::Duration;

use serde::Serialize;

use super::herald::Affair;
use super::plan::{NoPlan, bake, gate};
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::ci::Token;
use crate::domain::ci_plan::{self, CiAction, CiPlan};
use crate::domain::confirm::{Demand, Typed};
use crate::domain::delivery::Project;
use crate::domain::deploy::page::{judged, line};
use crate::domain::deploy::plan::{Bake, Kind, PlanGate};
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::deployment::{self, Deployment, DeploymentStatus};
use crate::domain::plan::hash_of;
use crate::domain::run::RunRecord;
use crate::domain::service::Service;
use crate::domain::version;
use crate::integrations::gitlab::GitLab;

/// What will be done at GitLab.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobPlan {
    /// What for.
    pub kind: Kind,
    /// The service.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// The version that it makes live.
    pub version: String,
    /// What is live, as far as GitLab knows.
    pub from: Option<String>,
    /// The hosts that it ends up on.
    pub hosts: Vec<String>,
    /// The job's name.
    pub job: String,
    /// The first change; where it makes a pipeline, playing its job is the second.
    pub change: CiPlan,
    /// What comes with it, as far as that is known.
    pub brings: Vec<String>,
    /// When each of its hosts counts as good afterwards.
    pub gate: PlanGate,
    /// How they are watched then; none: not at all.
    pub bake: Option<Bake>,
    /// Its level of confirmation.
    pub level: u8,
    /// Why it wants a reason, where it does.
    pub wants_reason: Option<String>,
    /// Whether the service's checks are left alone meanwhile.
    pub maintenance: bool,
    /// Whether people are told.
    pub announce: bool,
}

impl JobPlan {
    /// What it is called from now on.
    pub fn hash(&self) -> String {
        hash_of(self)
    }

    /// The plan as a page, safe to show.
    pub fn page(&self) -> Vec<String> {
        let from = self.from.as_deref().unwrap_or("nothing");
        let mut page = vec![
            line("plan", &format!("{} {} · {}", self.kind.as_str(), self.service, &self.hash()[..12])),
            line("environment", &format!("{} · level {}", self.environment, self.level)),
            line("version", &format!("{from} → {}", self.version)),
            line("at GitLab", &self.change.title),
            line("does", &self.change.effect),
            line("undo", self.change.undo.as_deref().unwrap_or("cannot be undone")),
        ];
        if !self.hosts.is_empty() {
            page.push(line("hosts", &self.hosts.join(", ")));
        }
        page.extend(self.brings.iter().map(|what| line("brings", what)));
        page.extend(judged(&self.gate, self.bake.as_ref(), self.kind));
        page.push(line("on failure", "it waits for a person; qd rollback runs the older deployment's job"));
        page.push(line("if qd is lost", "the job goes on at GitLab; qd run adopt follows it again"));
        page.extend(self.change.warnings.iter().map(|warning| line("careful", warning)));
        page
    }

    /// What must be done to confirm it.
    pub fn demand<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Demand {
        let whole = format!("{}/{}", self.environment, self.service);
        let typed = Typed::name(&self.service, names);
        Demand::of(Level::of(u64::from(self.level)), typed, whole, self.wants_reason.clone())
    }

    /// What it is in the registry.
    pub(super) fn action(&self) -> ActionKind {
        if self.kind == Kind::Deploy { ActionKind::Deploy } else { ActionKind::Rollback }
    }

    pub(super) fn affair(&self) -> Affair {
        Affair {
            kind: self.kind,
            service: self.service.clone(),
            environment: self.environment.clone(),
            version: self.version.clone(),
            place: format!("by {} of {}", self.job, self.change.action.project()),
            announce: self.announce,
            maintenance: self.maintenance,
            longest: Duration::from_secs(3600),
        }
    }
}

/// What is wanted.
pub struct Wanted<'a> {
    /// What for.
    pub kind: Kind,
    /// How the service is deployed.
    pub spec: &'a DeploySpec,
    /// The service.
    pub service: &'a Service,
    /// Whether its environment is careful.
    pub careful: bool,
    /// The version, for a deploy.
    pub version: &'a str,
    /// The project with its history.
    pub project: &'a Project,
    /// The environment's name at GitLab.
    pub place: &'a str,
    /// What the token may, where that is known.
    pub token: Option<&'a Token>,
}

/// Looks at GitLab and makes the plan, or says what is in the way.
pub async fn make(gitlab: &GitLab, wanted: Wanted<'_>) -> Result<JobPlan, NoPlan> {
    let no = |why: String| NoPlan(vec![why]);
    let Wanted { kind, spec, service, project, place, token, .. } = wanted;
    let job = spec.gitlab.job.clone().unwrap_or_default();
    let success = |one: &&Deployment| one.status == Some(DeploymentStatus::Success);
    let live = project.history(place).find(success);
    let half_way = deployment::half_way(project.history(place)).filter(|_| kind == Kind::Rollback);
    let from = half_way.or(live).map(|one| one.version.clone());
    let (version, change) = match kind {
        Kind::Deploy => {
            let version = wanted.version.to_owned();
            let git_ref = spec.gitlab.git_ref.as_deref().unwrap_or("{version}").replace("{version}", &version);
            let path = project.path.as_str();
            let pipeline = gitlab.pipeline_of(path, &git_ref).await.map_err(|why| no(why.to_string()))?;
            let jobs = match pipeline {
                Some(pipeline) => Some(gitlab.jobs(path, pipeline.id).await.map_err(|why| no(why.to_string()))?),
                None => None,
            };
            let variables = spec.gitlab.variables.clone();
            (version, ci_plan::deploy(token, path, &git_ref, &job, jobs.as_deref(), variables).map_err(no)?)
        }
        Kind::Rollback => {
            let back = deployment::way_back(project.history(place));
            let version = back.map(|back| back.version.clone()).unwrap_or_default();
            (version, ci_plan::roll_back(token, project, place).map_err(no)?)
        }
    };
    let older = kind == Kind::Deploy
        && from.as_deref().is_some_and(|live| version::compare(&version, live) == Some(std::cmp::Ordering::Less));
    let action = if kind == Kind::Deploy { ActionKind::Deploy } else { ActionKind::Rollback };
    let hosts = service.hosts.len().max(1);
    Ok(JobPlan {
        kind,
        service: service.name.clone(),
        environment: service.environment.clone(),
        wants_reason: older.then(|| format!("{version} is older than what is live")),
        version,
        from,
        hosts: service.hosts.iter().map(ToString::to_string).collect(),
        job,
        change,
        brings: Vec::new(),
        gate: gate(spec, service),
        bake: bake(spec, service, kind),
        level: action.level(Scope { careful: wanted.careful, hosts, of: hosts, configured: None }).number(),
        maintenance: spec.maintenance,
        announce: spec.announce,
    })
}

/// The plan of following a job that a run has started: nothing is started anew. None where the run has no job.
pub fn again(record: &RunRecord, spec: &DeploySpec, service: &Service, careful: bool) -> Option<JobPlan> {
    let job = record.job.as_ref()?;
    let hosts = service.hosts.len().max(1);
    let kind = if record.action == Kind::Rollback.as_str() { Kind::Rollback } else { Kind::Deploy };
    Some(JobPlan {
        kind,
        service: service.name.clone(),
        environment: service.environment.clone(),
        version: record.to.clone().unwrap_or_default(),
        from: record.from.clone(),
        hosts: service.hosts.iter().map(ToString::to_string).collect(),
        job: job.name.clone(),
        change: CiPlan {
            action: CiAction::PlayJob { project: job.project.clone(), job: job.id },
            title: format!("Follow {} of {}, number {}", job.name, job.project, job.id),
            effect: "nothing is started: its log is followed to its end, and what came of it is judged".to_owned(),
            undo: None,
            warnings: Vec::new(),
        },
        brings: Vec::new(),
        gate: gate(spec, service),
        bake: bake(spec, service, kind),
        level: ActionKind::Adopt.level(Scope { careful, hosts, of: hosts, configured: None }).number(),
        wants_reason: None,
        maintenance: spec.maintenance,
        announce: spec.announce,
    })
}
