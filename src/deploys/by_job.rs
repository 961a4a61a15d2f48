//! The gitlab strategy: a job of GitLab's does the work. It is played (or, to go back, the older deployment's job is run
//! again), and its log is followed to its end. Nothing runs on the hosts by our hand, and GitLab keeps its own locks.

use std::time::Duration;

use chrono::Utc;
use tokio::time::sleep;

use super::conduct::NotBegun;
use super::herald::Herald;
pub use super::job_plan::JobPlan;
use super::proof::Proof;
use super::told::{Teller, Told};
use crate::actions::record::{Begun, Doing, Recorder};
use crate::actions::scribe::{Scribe, Subject};
use crate::domain::action::ActionKind;
use crate::domain::audit::{Ending, HostEnding, Verdict};
use crate::domain::ci::Job;
use crate::domain::ci_log::CiLog;
use crate::domain::ci_plan::CiAction;
use crate::domain::confirm::{Approval, Standing};
use crate::domain::deploy::steer::Outcome;
use crate::domain::deployment::DeploymentStatus;
use crate::domain::run::{RunJob, RunRecord};
use crate::domain::settings::Environment;
use crate::domain::text::one_line;
use crate::integrations::gitlab::{CiDone, GitLab, TraceReader};

/// How often a change that was never answered is looked for.
const LOOKS: u32 = 5;
/// A pipeline that was made must have the job by then.
const APPEARS: Duration = Duration::from_secs(600);
/// A job longer than this is left to itself.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

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
    run: String,
    begun: Begun,
    scribe: Scribe,
    project: String,
    job: Job,
}

impl<'a> Order<'a> {
    async fn recorded(&self, action: ActionKind) -> Result<Begun, NotBegun> {
        let plan = self.plan;
        self.approval.covers(&plan.hash()).map_err(NotBegun::Refused)?;
        self.standing.permits(self.environment, Utc::now()).map_err(NotBegun::Refused)?;
        let doing = Doing {
            environment: plan.environment.clone(),
            service: Some(plan.service.clone()),
            hosts: plan.hosts.clone(),
            action: action.def().name.to_owned(),
            plan: plan.hash(),
            commands: vec![vec!["GitLab".to_owned(), plan.change.title.clone()]],
        };
        let (begun, written) = self.recorder.begin(doing, self.approval).await;
        written.map_err(NotBegun::NotRecorded)?;
        Ok(begun)
    }

    fn subject<'s>(&'s self, id: &'s str) -> Subject<'s> {
        let plan = self.plan;
        Subject {
            id,
            action: plan.kind.as_str(),
            service: Some(&plan.service),
            environment: &plan.environment,
            to: Some(&plan.version),
            hosts: Vec::new(),
        }
    }
}

impl<'a> Following<'a> {
    /// Records it and starts the job.
    pub async fn begin(order: Order<'a>, told: &Teller) -> Result<Self, NotBegun> {
        let plan = order.plan;
        let begun = order.recorded(plan.action()).await?;
        let run = begun.id.clone();
        let mut scribe = Scribe::begin(order.recorder, order.subject(&run)).await;
        scribe.note(|record| record.from.clone_from(&plan.from)).await;
        told.run(format!("run {run}")).await;
        order.herald.began(&plan.affair(), &run, &order.recorder.who, told).await;
        let project = plan.change.action.project().to_owned();
        match started(order.gitlab, &plan.change.action, &plan.job, told).await {
            Ok(job) => {
                // Whoever takes it over finds it by this.
                let place = RunJob { project: project.clone(), id: job.id, name: job.name.clone() };
                scribe.note(|record| record.job = Some(place)).await;
                Ok(Self { order, run, begun, scribe, project, job })
            }
            Err(why) => {
                let whys = [one_line(&why, 300)];
                order.herald.ended(&plan.affair(), &run, Outcome::Failed, &whys, told).await;
                scribe.end(DeploymentStatus::Failed, &whys).await;
                let ending = host_endings(plan, Verdict::Failed, &whys[0], 0);
                let _ = order.recorder.end(begun, ending).await;
                Err(NotBegun::Denied(why))
            }
        }
    }

    /// Takes up a run whose job somebody has started; its plan is [`again`](super::job_plan::again)'s.
    pub async fn resume(order: Order<'a>, record: &RunRecord, job: &RunJob) -> Result<Self, NotBegun> {
        let found = order.gitlab.job(&job.project, job.id).await;
        let found = found.map_err(|why| NotBegun::Denied(format!("GitLab does not say how the job is: {why}")))?;
        let begun = order.recorded(ActionKind::Adopt).await?;
        let scribe = Scribe::resume(order.recorder, order.subject(&record.id), &record.by).await;
        Ok(Self { order, run: record.id.clone(), begun, scribe, project: job.project.clone(), job: found })
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.run
    }

    /// Where the job is looked at.
    pub fn url(&self) -> Option<&str> {
        self.job.url.as_deref()
    }

    /// Follows the job's log until it ends, and sees then whether what it did is well. To stop listening stops nothing: it
    /// goes on at GitLab.
    pub async fn follow(mut self, proof: &Proof<'_>, told: &Teller) -> (Outcome, Ending) {
        let plan = self.order.plan;
        let (mut reader, mut log, mut shown) = (TraceReader::new(&self.project, self.job.id), CiLog::default(), 0_u64);
        let began = tokio::time::Instant::now();
        let (mut trouble, mut status) = (None, String::new());
        loop {
            let over = self.job.status.is_over();
            if status != self.job.status.0 {
                status.clone_from(&self.job.status.0);
                told.tell(Told::Note(self.job.name.clone(), one_line(&status, 40))).await;
            }
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
                    self.scribe.note(|record| record.detail = Some(one_line(&job.status.0, 100))).await;
                    self.job = job;
                }
            } else {
                sleep(pause.min(Duration::from_secs(1))).await;
            }
        }
        let why = self.job.failure.clone().unwrap_or_else(|| self.job.status.0.clone());
        let mut whys = vec![format!("{}: {why}", self.job.name)];
        let (outcome, status, verdict) = match self.job.status.0.as_str() {
            "success" => {
                self.scribe
                    .note(|record| record.detail = Some("the job is done; its hosts are looked at".to_owned()))
                    .await;
                let done = self.job.finished.unwrap_or_else(Utc::now);
                whys = proof.look(done, self.order.herald, told).await.err().unwrap_or_default();
                match whys.is_empty() {
                    true => (Outcome::Succeeded, DeploymentStatus::Success, Verdict::Ok),
                    // What is live is not well, and the way back is another job.
                    false => (Outcome::Held, DeploymentStatus::Held, Verdict::Held),
                }
            }
            "canceled" | "skipped" => (Outcome::Canceled, DeploymentStatus::Canceled, Verdict::NotDone),
            _ if self.job.status.is_over() => (Outcome::Failed, DeploymentStatus::Failed, Verdict::Failed),
            _ => (Outcome::Held, DeploymentStatus::Unattended, Verdict::Unknown),
        };
        if outcome == Outcome::Held && !whys.is_empty() {
            told.run(format!("it waits for a person; qd rollback {} goes back: {}", plan.service, whys.join("; ")))
                .await;
        }
        self.order.herald.ended(&plan.affair(), &self.run, outcome, &whys, told).await;
        match status {
            // It goes on there without us.
            DeploymentStatus::Unattended => self.scribe.note(|record| record.status = status).await,
            status => self.scribe.end(status, &whys).await,
        }
        let detail = whys.join("; ");
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
