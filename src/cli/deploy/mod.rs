//! `qd deploy` and `qd rollback`: a plan, a confirmation, and a run that goes on without us if it must.

pub mod lock;
pub mod run;
pub mod watch;

use std::time::Duration;

use chrono::Utc;
use clap::Args;
use futures_util::future::join_all;

use super::act::confirm::confirmed;
use super::act::unit::service;
use super::act::{ActFlags, Acting, Connected, names, refused};
use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::interruptible;
use crate::actions::record::{Doing, Recorder, new_id};
use crate::deploys::plan::{Wanted, make};
use crate::deploys::upload::{measure, upload};
use crate::domain::action::ActionKind;
use crate::domain::confirm::Approval;
use crate::domain::deploy::plan::{DeployPlan, Kind};
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::deploy::steer::Wish;
use crate::domain::service::Service;
use crate::domain::settings::Settings;
use watch::{Watched, show};

/// What `qd deploy` and `qd rollback` have in common.
#[derive(Debug, Args)]
pub struct RunFlags {
    /// Start it and come back; another qd on this machine goes on steering it.
    #[arg(long)]
    pub detach: bool,
    /// A host that cannot be reached and keeps what it has (level 3); may be given again.
    #[arg(long, value_name = "HOST")]
    pub leave_out: Vec<String>,
    /// What every command that acts takes.
    #[command(flatten)]
    pub flags: ActFlags,
}

/// Options of `qd deploy`.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The service, as `api` or `api@production`.
    pub service: String,
    /// The version.
    pub version: String,
    /// Also a version that failed here before.
    #[arg(long)]
    pub even_bad: bool,
    /// What runs take.
    #[command(flatten)]
    pub run: RunFlags,
}

/// Options of `qd rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The service, as `api` or `api@production`.
    pub service: String,
    /// What runs take.
    #[command(flatten)]
    pub run: RunFlags,
}

/// Runs `qd deploy`.
pub async fn deploy(global: &Global, args: DeployArgs) -> Outcome {
    begin(global, Kind::Deploy, &args.service, &args.version, args.even_bad, &args.run).await
}

/// Runs `qd rollback`.
pub async fn rollback(global: &Global, args: RollbackArgs) -> Outcome {
    begin(global, Kind::Rollback, &args.service, "", false, &args.run).await
}

/// How a service is deployed.
pub fn spec<'s>(settings: &'s Settings, service: &Service) -> Result<&'s DeploySpec, Failure> {
    let found = settings.deploys.iter().find(|s| s.service == service.name && s.environment == service.environment);
    found.ok_or_else(|| Failure::new(Exit::Usage, format!("{} has no [service.deploy]", service.name)))
}

async fn begin(global: &Global, kind: Kind, name: &str, version: &str, even_bad: bool, run: &RunFlags) -> Outcome {
    let flags = &run.flags;
    let prepared = interruptible(async {
        let acting = Acting::open(global, flags).await?;
        let service = service(acting.settings(), name)?.clone();
        let environment = acting.environment(&service.environment, flags)?;
        if kind == Kind::Deploy && !flags.dry_run {
            frozen(acting.settings(), &environment.name)?;
        }
        let spec = spec(acting.settings(), &service)?.clone();
        let connected = Connected::to(&acting.opened.whole, &service.hosts).await;
        let unnamed = connected.missing.iter().any(|(host, _)| !run.leave_out.iter().any(|left| left == host.as_str()));
        if unnamed {
            let faults = connected.faults().join("\n");
            let message = format!("{faults}\nnothing was done; --leave-out HOST goes on without it");
            return Err(Failure::new(Exit::NotConnected, message));
        }
        let artifact = match spec.artifact.as_ref().filter(|_| kind == Kind::Deploy) {
            Some(path) => {
                let path = path.to_string_lossy().replace("{version}", version);
                Some(measure(path.as_ref()).await.map_err(|why| Failure::new(Exit::Problems, why))?)
            }
            None => None,
        };
        let whole =
            crate::cli::act::unit::service(&acting.opened.whole, &format!("{}@{}", service.name, service.environment))?;
        let wanted = Wanted {
            kind,
            spec: &spec,
            service: &service,
            of: whole.hosts.len(),
            careful: environment.careful,
            version,
            artifact,
            even_bad,
            left_out: connected.missing.iter().map(|(host, _)| host.to_string()).collect(),
        };
        let plan = make(wanted, &connected.in_order(&service.hosts)).await;
        let plan = plan.map_err(|error| Failure::new(Exit::Problems, format!("there is no plan\n{error}")))?;
        show(&plan, flags)?;
        if flags.dry_run {
            return Err(Failure::new(Exit::Fine, ""));
        }
        let demand = plan.demand(names(&acting.opened.whole));
        let approval = confirmed(&plan.hash(), &demand, flags).await?;
        stage_artifact(&plan, &connected).await?;
        Ok((acting, spec, connected, plan, approval))
    });
    let (acting, spec, connected, plan, approval) = prepared.await?;
    let environment = acting.environment(&plan.environment, flags)?;
    approval.covers(&plan.hash()).map_err(refused)?;
    acting.standing.permits(&environment, Utc::now()).map_err(refused)?;
    let recorder = acting.recorder().await;
    let id = new_id().map_err(anyhow::Error::from)?;
    let watched = Watched::new(&plan, &id, &recorder.who, &connected.links)?;
    let began = recorded(&recorder, &plan, &approval, plan.kind.as_str()).await?;
    eprintln!("qd: run {id}");
    let (ending, exit) = watched.carried_out(run.detach.then_some(global), Wish::On, flags.json).await?;
    if let Some(hosts) = ending {
        let after_rollback = kind == Kind::Rollback && spec.lock_after_rollback && exit == Exit::Fine;
        if after_rollback {
            let why = format!("{}: rolled back; unlock it when the next version is meant to go out", recorder.who);
            lock::everywhere(&connected, &plan.state, Some((0, &why))).await?;
        }
        let (_, written) = recorder.end(began, hosts).await;
        if let Err(why) = written {
            eprintln!("qd: the result is not recorded: {why}");
        }
    }
    Ok(exit)
}

/// A deploy that cannot be recorded does not happen.
pub(super) async fn recorded(
    recorder: &Recorder,
    plan: &DeployPlan,
    approval: &Approval,
    action: &str,
) -> Result<crate::actions::record::Begun, Failure> {
    let doing = Doing {
        environment: plan.environment.clone(),
        service: Some(plan.service.clone()),
        hosts: plan.hosts.iter().map(|part| part.host.clone()).collect(),
        action: action.to_owned(),
        plan: plan.hash(),
        commands: plan.hosts.iter().map(|part| part.act.clone()).collect(),
    };
    let (begun, written) = recorder.begin(doing, approval).await;
    match written {
        Err(why) if action == ActionKind::Rollback.def().name && approval.reason.is_some() => {
            eprintln!("qd: not recorded: {why}");
        }
        Err(why) => {
            let message = format!("{why}; nothing is done that cannot be recorded (a rollback may be, with --reason)");
            return Err(Failure::new(Exit::Problems, message));
        }
        Ok(()) => {}
    }
    Ok(begun)
}

fn frozen(settings: &Settings, environment: &str) -> Result<(), Failure> {
    let now = Utc::now();
    match settings.freezes.iter().find(|freeze| freeze.holds(environment, now)) {
        Some(freeze) => {
            let why = if freeze.reason.is_empty() { String::new() } else { format!(": {}", freeze.reason) };
            Err(refused(format!("{environment} is frozen by {}{why}; rollbacks and restarts still go", freeze.name)))
        }
        None => Ok(()),
    }
}

async fn stage_artifact(plan: &DeployPlan, connected: &Connected) -> Result<(), Failure> {
    let Some(artifact) = &plan.artifact else { return Ok(()) };
    let uploads = connected.links.iter().map(|(host, transport)| async move {
        eprintln!("{host}: uploading {} bytes", artifact.bytes);
        // A lost link is waited for: what has arrived is used again.
        for _ in 0..3 {
            match upload(transport, &plan.state, artifact).await {
                Err(_) if crate::actions::reach::again(transport, Duration::from_secs(20)).await => {}
                done => return done.map_err(|why| format!("{host}: {why}")),
            }
        }
        upload(transport, &plan.state, artifact).await.map_err(|why| format!("{host}: {why}"))
    });
    let faults: Vec<String> = join_all(uploads).await.into_iter().filter_map(Result::err).collect();
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(Exit::Problems, faults.join("\n"))) }
}
