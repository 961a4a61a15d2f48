//! A run from its approval to its last word: permitted, recorded, brought to the hosts, started, steered, told of.
//!
//! The command line and the cockpit both act through this; what they show comes through a [`Teller`].

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::Utc;
use futures_util::future::join_all;
use tokio::sync::watch;

use super::herald::Herald;
use super::host;
use super::steer::{Left, Run};
use super::told::Teller;
use super::upload::upload;
use crate::actions::record::{Begun, Doing, Recorder, new_id};
use crate::actions::scribe::{Scribe, Subject};
use crate::domain::action::ActionKind;
use crate::domain::audit::{Ending, HostEnding, Verdict};
use crate::domain::confirm::{Approval, Refused, Standing};
use crate::domain::deploy::journal::HostRun;
use crate::domain::deploy::plan::{DeployPlan, Kind};
use crate::domain::deploy::steer::{Outcome, Wish};
use crate::domain::deployment::DeploymentStatus;
use crate::domain::host::HostName;
use crate::domain::settings::Environment;
use crate::domain::text::one_line;
use crate::transport::SharedTransport;

/// How often a lost link is waited for while an archive is brought to a host.
const ATTEMPTS: u32 = 4;

/// A plan that somebody has approved, and everything that carrying it out takes.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// What to do.
    pub plan: &'a DeployPlan,
    /// That somebody wants it.
    pub approval: &'a Approval,
    /// Where it is done.
    pub environment: &'a Environment,
    /// What this `qd` may do.
    pub standing: &'a Standing,
    /// The hosts.
    pub links: &'a BTreeMap<HostName, SharedTransport>,
    /// The audit.
    pub recorder: &'a Recorder,
    /// Who is told.
    pub herald: &'a Herald,
}

/// Why nothing was begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// It may not happen.
    #[error("{0}")]
    Refused(Refused),
    /// It cannot be recorded, or has no id.
    #[error("{0}; nothing is done that cannot be recorded (a rollback may be, with a reason)")]
    NotRecorded(String),
    /// The archive did not reach every host.
    #[error("{0}")]
    NotUploaded(String),
    /// A host did not let it begin. None was switched.
    #[error("{0}\nnothing was switched")]
    Denied(String),
}

/// How it ended, as far as this `qd` is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Whether it is over, or goes on without us.
    pub left: Left,
    /// What each host told.
    pub runs: BTreeMap<String, HostRun>,
    /// What the audit keeps; none when the run goes on.
    pub ending: Option<Ending>,
    /// Why, where it did not go well: of each host, and what the bake found. Safe to show.
    pub why: Vec<String>,
}

impl Order<'_> {
    fn permitted(&self) -> Result<(), NotBegun> {
        self.approval.covers(&self.plan.hash()).map_err(NotBegun::Refused)?;
        self.standing.permits(self.environment, Utc::now()).map_err(NotBegun::Refused)
    }

    /// Brings the archive to every host, before anything else: what was brought and is not used harms nobody.
    pub async fn stage(&self, told: &Teller) -> Result<(), NotBegun> {
        self.permitted()?;
        let Some(artifact) = &self.plan.artifact else { return Ok(()) };
        let parts = self.plan.hosts.iter().filter_map(|part| {
            let host = part.host.as_str();
            Some((host, self.links.get(&HostName::from(host))?))
        });
        let uploads = parts.map(|(host, transport)| async move {
            told.note(host, format!("uploading {} bytes", artifact.bytes)).await;
            let mut done = upload(transport, &self.plan.state, artifact).await;
            // A lost link is waited for: what has arrived is used again.
            for _ in 1..ATTEMPTS {
                if done.is_ok() || !crate::actions::reach::again(transport, Duration::from_secs(20)).await {
                    break;
                }
                done = upload(transport, &self.plan.state, artifact).await;
            }
            done.map_err(|why| format!("{host}: {why}"))
        });
        let faults: Vec<String> = join_all(uploads).await.into_iter().filter_map(Result::err).collect();
        if faults.is_empty() { Ok(()) } else { Err(NotBegun::NotUploaded(faults.join("\n"))) }
    }

    fn subject<'s>(&'s self, id: &'s str) -> Subject<'s> {
        let plan = self.plan;
        Subject {
            id,
            action: plan.kind.as_str(),
            service: Some(&plan.service),
            environment: &plan.environment,
            to: Some(&plan.version),
            hosts: plan.hosts.iter().map(|part| (part.host.clone(), part.from.clone())).collect(),
        }
    }

    async fn recorded(&self, action: ActionKind, told: &Teller) -> Result<Begun, NotBegun> {
        self.permitted()?;
        let doing = Doing {
            environment: self.plan.environment.clone(),
            service: Some(self.plan.service.clone()),
            hosts: self.plan.hosts.iter().map(|part| part.host.clone()).collect(),
            action: action.def().name.to_owned(),
            plan: self.plan.hash(),
            commands: self.plan.hosts.iter().map(|part| part.act.clone()).collect(),
        };
        let (begun, written) = self.recorder.begin(doing, self.approval).await;
        match written {
            Err(why) if action == ActionKind::Rollback && self.approval.reason.is_some() => {
                told.run(format!("not recorded: {why}")).await;
            }
            Err(why) => return Err(NotBegun::NotRecorded(why)),
            Ok(()) => {}
        }
        Ok(begun)
    }
}

/// A run that this `qd` steers.
pub struct Conduct<'a> {
    order: Order<'a>,
    run: Run<'a>,
    begun: Begun,
    clock: Instant,
    /// Whether the lease is to be taken from whoever has it.
    take: bool,
}

impl<'a> Conduct<'a> {
    /// Records it, takes the lock on every host and starts the runners: all, or none.
    pub async fn begin(order: Order<'a>, told: &Teller) -> Result<Self, NotBegun> {
        let action = if order.plan.kind == Kind::Deploy { ActionKind::Deploy } else { ActionKind::Rollback };
        let begun = order.recorded(action, told).await?;
        // One name for the run, on the hosts, in the audit and in the store.
        let mut run = Run::new(order.plan, &begun.id, &order.recorder.who, &id()?, order.links);
        run.scribe = Some(Scribe::begin(order.recorder, order.subject(&begun.id)).await);
        let mut conduct = Self { order, run, begun, clock: Instant::now(), take: false };
        told.run(format!("run {}", conduct.run.id)).await;
        if let Err(why) = conduct.run.start().await {
            let not_done = HostEnding {
                host: String::new(),
                result: Verdict::NotDone,
                rc: None,
                ms: conduct.ms(),
                detail: Some(one_line(&why, 300)),
            };
            let hosts = order.plan.hosts.iter().map(|part| HostEnding { host: part.host.clone(), ..not_done.clone() });
            let whys = [one_line(&why, 300)];
            conduct.written(DeploymentStatus::Canceled, &whys).await;
            conduct.close(hosts.collect(), told).await;
            return Err(NotBegun::Denied(why));
        }
        order.herald.began(&order.plan.into(), &conduct.run.id, &order.recorder.who, told).await;
        Ok(conduct)
    }

    /// Takes a run over that somebody has started; `action` says what for.
    pub async fn adopt(
        order: Order<'a>,
        run: &str,
        by: &str,
        action: ActionKind,
        told: &Teller,
    ) -> Result<Self, NotBegun> {
        let begun = order.recorded(action, told).await?;
        let mut run = Run::new(order.plan, run, by, &id()?, order.links);
        run.scribe = Some(Scribe::resume(order.recorder, order.subject(&run.id), by).await);
        Ok(Self { order, run, begun, clock: Instant::now(), take: true })
    }

    /// The same, with somebody there: who is asked ([`Told::Asks`](super::told::Told::Asks)) when the bake fails, and who
    /// stays with a run that is held until it is to go on.
    #[must_use]
    pub fn attended(mut self) -> Self {
        (self.run.asks, self.run.stays) = (true, true);
        self
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.run.id
    }

    /// Steers it until it is over or somebody else does. To stop listening is no abort: the hosts finish what they are
    /// at, and then do what the plan says of a lost controller.
    pub async fn conduct(mut self, wish: &watch::Receiver<Wish>, told: &Teller) -> Ended {
        let left = self.run.steer(wish, self.order.herald, told, self.take).await;
        self.run.write_down(left == Left::Over(Outcome::Held)).await;
        let runs = std::mem::take(&mut self.run.runs);
        let Left::Over(outcome) = left else { return Ended { left, runs, ending: None, why: Vec::new() } };
        let plan = self.order.plan;
        let mut why: Vec<String> = plan.hosts.iter().filter_map(|part| told_why(&part.host, &runs)).collect();
        why.extend(self.run.why.iter().map(|why| one_line(why, 200)));
        self.order.herald.ended(&plan.into(), &self.run.id, outcome, &why, told).await;
        self.written(DeploymentStatus::from(outcome), &why).await;
        if plan.kind == Kind::Rollback && plan.lock_after && outcome == Outcome::Succeeded {
            self.lock(told).await;
        }
        let ms = self.ms();
        let hosts = plan.hosts.iter().map(|part| host_ending(&part.host, &runs, ms)).collect();
        let ending = self.close(hosts, told).await;
        Ended { left, runs, ending: Some(ending), why }
    }

    /// A run that waits for a person has not ended.
    async fn written(&mut self, status: DeploymentStatus, why: &[String]) {
        let held = status == DeploymentStatus::Held && self.run.runs.values().any(|run| !run.is_over());
        match self.run.scribe.take() {
            Some(mut scribe) if held => {
                scribe.note(|record| record.detail = Some(one_line(&why.join("; "), 300))).await
            }
            Some(scribe) => scribe.end(status, why).await,
            None => {}
        }
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// After a rollback nobody deploys until somebody unlocks it.
    async fn lock(&self, told: &Teller) {
        let why =
            format!("{}: rolled back; unlock it when the next version is meant to go out", self.order.recorder.who);
        for part in &self.order.plan.hosts {
            let Some(transport) = self.order.links.get(&HostName::from(part.host.as_str())) else { continue };
            if let Err(error) = host::hold(transport, &self.order.plan.state, Some((0, &why))).await {
                told.note(&part.host, format!("it is not locked: {error}")).await;
            }
        }
    }

    async fn close(self, hosts: Vec<HostEnding>, told: &Teller) -> Ending {
        let (ending, written) = self.order.recorder.end(self.begun, hosts).await;
        if let Err(why) = written {
            told.run(format!("the result is not recorded: {why}")).await;
        }
        ending
    }
}

fn id() -> Result<String, NotBegun> {
    new_id().map_err(|error| NotBegun::NotRecorded(format!("no id can be made: {error}")))
}

fn told_why(host: &str, runs: &BTreeMap<String, HostRun>) -> Option<String> {
    let why = runs.get(host)?.trouble()?;
    Some(format!("{host}: {}", one_line(why, 200)))
}

/// What the audit keeps of a host.
fn host_ending(host: &str, runs: &BTreeMap<String, HostRun>, ms: u64) -> HostEnding {
    let run = runs.get(host).cloned().unwrap_or_default();
    let result = match run.word() {
        "done" => Verdict::Ok,
        "undone" => Verdict::RolledBack,
        "kept" | "held" => Verdict::Held,
        _ if run.away => Verdict::Unknown,
        "canceled" | "denied" | "unknown" => Verdict::NotDone,
        _ => Verdict::Failed,
    };
    HostEnding { host: host.to_owned(), result, rc: None, ms, detail: run.trouble().map(|why| one_line(why, 300)) }
}
