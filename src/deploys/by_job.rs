//! The gitlab strategy: a job of GitLab's does the work. It is played (or, to go back, the older deployment's job is run
//! again), and its log is followed to its end. Nothing runs on the hosts by our hand, and GitLab keeps its own locks.

use std::time::Duration;

use chrono::Utc;
use serde::Serialize;
use tokio::time::sleep;

use super::conduct::NotBegun;
use super::herald::{Affair, Herald};
use super::plan::NoPlan;
use super::told::{Teller, Told};
use crate::actions::record::{Begun, Doing, Recorder};
use crate::actions::scribe::{Scribe, Subject};
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::audit::{Ending, HostEnding, Verdict};
use crate::domain::ci::{Job, Token};
use crate::domain::ci_log::CiLog;
use crate::domain::ci_plan::{self, CiAction, CiPlan};
use crate::domain::confirm::{Approval, Demand, Standing, Typed};
use crate::domain::delivery::Project;
use crate::domain::deploy::plan::Kind;
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::deploy::steer::Outcome;
use crate::domain::deployment::DeploymentStatus;
use crate::domain::plan::hash_of;
use crate::domain::service::Service;
use crate::domain::settings::Environment;
use crate::domain::text::{clean, one_line};
use crate::domain::version;
use crate::integrations::gitlab::{CiDone, GitLab, TraceReader};

/// How often a change that was never answered is looked for.
const LOOKS: u32 = 5;
/// A pipeline that was made must have the job by then.
const APPEARS: Duration = Duration::from_secs(600);
/// A job longer than this is left to itself.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

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
        let line = |label: &str, text: &str| format!("{label:<12} {}", clean(text));
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
        page.push(line("if qd is lost", "the job goes on at GitLab"));
        page.extend(self.change.warnings.iter().map(|warning| line("careful", warning)));
        page
    }

    /// What must be done to confirm it.
    pub fn demand<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Demand {
        let whole = format!("{}/{}", self.environment, self.service);
        let typed = Typed::name(&self.service, names);
        Demand::of(Level::of(u64::from(self.level)), typed, whole, self.wants_reason.clone())
    }

    fn action(&self) -> ActionKind {
        if self.kind == Kind::Deploy { ActionKind::Deploy } else { ActionKind::Rollback }
    }

    fn affair(&self) -> Affair {
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
    let success = |one: &&crate::domain::deployment::Deployment| one.status == Some(DeploymentStatus::Success);
    let from = project.history(place).find(success).map(|live| live.version.clone());
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
            let back = crate::domain::deployment::way_back(project.history(place));
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
        level: action.level(Scope { careful: wanted.careful, hosts, of: hosts, configured: None }).number(),
        maintenance: spec.maintenance,
        announce: spec.announce,
    })
}

/// A plan that somebody has approved, and everything that carrying it out takes.
pub struct Order<'a> {
    /// What to do.
    pub plan: &'a JobPlan,
    /// That somebody wants it.
    pub approval: &'a Approval,
    /// Where it is done.
    pub environment: &'a Environment,
    /// What this `qd` may do.
    pub standing: &'a Standing,
    /// GitLab.
    pub gitlab: &'a GitLab,
    /// The audit.
    pub recorder: &'a Recorder,
    /// Who is told.
    pub herald: &'a Herald,
}

/// A job that runs at GitLab.
pub struct Following<'a> {
    order: Order<'a>,
    begun: Begun,
    scribe: Scribe,
    project: String,
    job: Job,
}

impl<'a> Following<'a> {
    /// Records it and starts the job.
    pub async fn begin(order: Order<'a>, told: &Teller) -> Result<Self, NotBegun> {
        let plan = order.plan;
        order.approval.covers(&plan.hash()).map_err(NotBegun::Refused)?;
        order.standing.permits(order.environment, Utc::now()).map_err(NotBegun::Refused)?;
        let doing = Doing {
            environment: plan.environment.clone(),
            service: Some(plan.service.clone()),
            hosts: plan.hosts.clone(),
            action: plan.action().def().name.to_owned(),
            plan: plan.hash(),
            commands: vec![vec!["GitLab".to_owned(), plan.change.title.clone()]],
        };
        let (begun, written) = order.recorder.begin(doing, order.approval).await;
        written.map_err(NotBegun::NotRecorded)?;
        let subject = Subject {
            id: &begun.id,
            action: plan.kind.as_str(),
            service: Some(&plan.service),
            environment: &plan.environment,
            to: Some(&plan.version),
            hosts: Vec::new(),
        };
        let scribe = Scribe::begin(order.recorder, subject).await;
        told.run(format!("run {}", begun.id)).await;
        order.herald.began(&plan.affair(), &begun.id, &order.recorder.who, told).await;
        let project = plan.change.action.project().to_owned();
        match started(order.gitlab, &plan.change.action, &plan.job, told).await {
            Ok(job) => Ok(Self { order, begun, scribe, project, job }),
            Err(why) => {
                let whys = [one_line(&why, 300)];
                order.herald.ended(&plan.affair(), &begun.id, Outcome::Failed, &whys, told).await;
                scribe.end(DeploymentStatus::Failed, &whys).await;
                let ending = host_endings(plan, Verdict::Failed, &whys[0], 0);
                let _ = order.recorder.end(begun, ending).await;
                Err(NotBegun::Denied(why))
            }
        }
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.begun.id
    }

    /// Where the job is looked at.
    pub fn url(&self) -> Option<&str> {
        self.job.url.as_deref()
    }

    /// Follows the job's log until it ends. To stop listening stops nothing: it goes on at GitLab.
    pub async fn follow(mut self, told: &Teller) -> (Outcome, Ending) {
        let plan = self.order.plan;
        let (mut reader, mut log, mut shown) = (TraceReader::new(&self.project, self.job.id), CiLog::default(), 0_u64);
        let began = tokio::time::Instant::now();
        let mut trouble = None;
        loop {
            let over = self.job.status.is_over();
            let mut pause = Duration::from_secs(3);
            // What an API does not answer now it answers later.
            match reader.next(self.order.gitlab).await {
                Ok(news) => {
                    if news.restarted {
                        (log, shown) = (CiLog::default(), 0);
                    }
                    log.feed(&news.bytes);
                    pause = if news.more { Duration::ZERO } else { news.pause() };
                    trouble = None;
                }
                Err(why) if trouble.is_none() => {
                    told.run(format!("its log is not heard: {why}")).await;
                    trouble = Some(why);
                }
                Err(_) => {}
            }
            let done = over && (pause > Duration::ZERO || trouble.is_some());
            if done {
                log.finish();
            }
            let lines: Vec<String> =
                log.lines().filter(|line| line.number >= shown).map(|line| one_line(&line.text(), 500)).collect();
            shown = log.lines().next_back().map_or(shown, |line| line.number + 1);
            if !lines.is_empty() {
                told.tell(Told::Output(self.job.name.clone(), lines)).await;
            }
            if done || began.elapsed() > LONGEST {
                break;
            }
            if !over {
                sleep(pause.min(Duration::from_secs(10))).await;
                if let Ok(job) = self.order.gitlab.job(&self.project, self.job.id).await {
                    let status = job.status.0.clone();
                    self.scribe.note(|record| record.detail = Some(one_line(&status, 100))).await;
                    self.job = job;
                }
            } else {
                sleep(pause.min(Duration::from_secs(1))).await;
            }
        }
        let why = self.job.failure.clone().unwrap_or_else(|| self.job.status.0.clone());
        let (outcome, status, verdict) = match self.job.status.0.as_str() {
            "success" => (Outcome::Succeeded, DeploymentStatus::Success, Verdict::Ok),
            "canceled" | "skipped" => (Outcome::Canceled, DeploymentStatus::Canceled, Verdict::NotDone),
            _ if self.job.status.is_over() => (Outcome::Failed, DeploymentStatus::Failed, Verdict::Failed),
            _ => (Outcome::Held, DeploymentStatus::Unattended, Verdict::Unknown),
        };
        let whys = if outcome == Outcome::Succeeded { Vec::new() } else { vec![format!("{}: {why}", self.job.name)] };
        self.order.herald.ended(&plan.affair(), &self.begun.id, outcome, &whys, told).await;
        self.scribe.end(status, &whys).await;
        let detail = if whys.is_empty() { String::new() } else { why };
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (ending, written) = self.order.recorder.end(self.begun, host_endings(plan, verdict, &detail, ms)).await;
        if let Err(why) = written {
            told.run(format!("the result is not recorded: {why}")).await;
        }
        (outcome, ending)
    }
}

/// GitLab says nothing of single hosts: all came out as the job did.
fn host_endings(plan: &JobPlan, result: Verdict, detail: &str, ms: u64) -> Vec<HostEnding> {
    let detail = (!detail.is_empty()).then(|| one_line(detail, 300));
    let ending = |host: &str| HostEnding { host: host.to_owned(), result, rc: None, ms, detail: detail.clone() };
    if plan.hosts.is_empty() { vec![ending("GitLab")] } else { plan.hosts.iter().map(|host| ending(host)).collect() }
}

/// Makes a change, and gives the job that it started: of a new pipeline, the named one, played if it waits for a person.
async fn started(gitlab: &GitLab, action: &CiAction, name: &str, told: &Teller) -> Result<Job, String> {
    let pipeline = match sent(gitlab, action).await? {
        CiDone::Job(job) => return Ok(job),
        CiDone::Pipeline(pipeline) => pipeline,
        CiDone::Tag(_) | CiDone::Incident(_) => return Err("GitLab did something else than was asked".to_owned()),
    };
    told.run(format!("pipeline {} of {}; waiting for {name}", pipeline.id, pipeline.git_ref)).await;
    let project = action.project();
    let began = tokio::time::Instant::now();
    loop {
        let jobs = gitlab.jobs(project, pipeline.id).await.map_err(|why| why.to_string())?;
        match jobs.into_iter().filter(|job| job.name == name).max_by_key(|job| job.id) {
            Some(job) if job.status.is_manual() => {
                let play = CiAction::PlayJob { project: project.to_owned(), job: job.id };
                return match sent(gitlab, &play).await? {
                    CiDone::Job(job) => Ok(job),
                    _ => Err("GitLab did something else than was asked".to_owned()),
                };
            }
            // One that waits for those before it may still become manual.
            Some(job) if job.status.0 != "created" => return Ok(job),
            _ if began.elapsed() > APPEARS => {
                return Err(format!("pipeline {} has no {name} that could be started", pipeline.id));
            }
            _ => sleep(Duration::from_secs(3)).await,
        }
    }
}

/// Sends a change once. Where no answer came, it is looked for, and never sent again.
async fn sent(gitlab: &GitLab, action: &CiAction) -> Result<CiDone, String> {
    let at = Utc::now();
    let failed = match gitlab.act(action).await {
        Ok(done) => return Ok(done),
        Err(error) => error,
    };
    if failed.maybe_done {
        for _ in 0..LOOKS {
            sleep(Duration::from_secs(2)).await;
            if let Ok(Some(done)) = gitlab.was_done(action, at).await {
                return Ok(done);
            }
        }
        return Err(format!("{failed}; whether it was done could not be found out, look there before trying again"));
    }
    Err(failed.to_string())
}
