//! `qd deploy` and `qd rollback`: a plan, a confirmation, and a run that goes on without us if it must.

mod by_job;
pub mod list;
pub mod lock;
pub mod run;
pub mod watch;

use super::act::confirm::confirmed_with;
use super::act::unit::service;
use super::act::{ActFlags, Acting, Connected, names, refused};
use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::interruptible;
use crate::cli::deploys::client;
use crate::deploys::alarms::firing;
use crate::deploys::conduct::{NotBegun, Order};
use crate::deploys::origin;
use crate::deploys::plan::{Wanted, make};
use crate::deploys::prepare;
use crate::domain::deploy::plan::Kind;
use crate::domain::deploy::spec::{DeploySpec, Strategy};
use crate::domain::service::Service;
use crate::domain::settings::Settings;
use crate::runtime::herald::herald;
use chrono::Utc;
use clap::Args;
use watch::show;

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
    /// Also with a migration that cannot be undone: after it nothing goes back by itself.
    #[arg(long)]
    pub migrate: bool,
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
    let asked = Asked { kind: Kind::Deploy, name: &args.service, version: &args.version, run: &args.run };
    begin(global, asked, args.even_bad, args.migrate).await
}

/// Runs `qd rollback`.
pub async fn rollback(global: &Global, args: RollbackArgs) -> Outcome {
    begin(global, Asked { kind: Kind::Rollback, name: &args.service, version: "", run: &args.run }, false, false).await
}

/// How a service is deployed.
pub fn spec<'s>(settings: &'s Settings, service: &Service) -> Result<&'s DeploySpec, Failure> {
    let found = settings.deploys.iter().find(|s| s.service == service.name && s.environment == service.environment);
    found.ok_or_else(|| Failure::new(Exit::Usage, format!("{} has no [service.deploy]", service.name)))
}

/// What is asked for.
struct Asked<'a> {
    kind: Kind,
    name: &'a str,
    version: &'a str,
    run: &'a RunFlags,
}

async fn begin(global: &Global, asked: Asked<'_>, even_bad: bool, migrate: bool) -> Outcome {
    let Asked { kind, name, version, run } = asked;
    let flags = &run.flags;
    let (acting, service, environment) = interruptible(async {
        let acting = Acting::open(global, flags).await?;
        let service = service(acting.settings(), name)?.clone();
        let environment = acting.environment(&service.environment, flags)?;
        if kind == Kind::Deploy && !flags.dry_run {
            frozen(acting.settings(), &environment.name)?;
        }
        Ok((acting, service, environment))
    })
    .await?;
    let spec = spec(acting.settings(), &service)?;
    if spec.strategy == Strategy::Gitlab {
        return by_job::begin(global, &acting, &service, &environment, spec, &asked).await;
    }
    let (recorder, herald) = (acting.recorder().await, herald(acting.settings(), &service));
    let prepared = interruptible(async {
        let connected = Connected::to(&acting.opened.whole, &service.hosts).await;
        let unnamed = connected.missing.iter().any(|(host, _)| !run.leave_out.iter().any(|left| left == host.as_str()));
        if unnamed {
            let faults = connected.faults().join("\n");
            let message = format!("{faults}\nnothing was done; --leave-out HOST goes on without it");
            return Err(Failure::new(Exit::NotConnected, message));
        }
        let artifact = match kind {
            Kind::Deploy => prepare::artifact(spec, version, !flags.dry_run).await,
            Kind::Rollback => Ok(None),
        };
        let artifact = artifact.map_err(|why| Failure::new(Exit::Problems, why))?;
        let whole =
            crate::cli::act::unit::service(&acting.opened.whole, &format!("{}@{}", service.name, service.environment))?;
        let wanted = Wanted {
            kind,
            spec,
            service: &service,
            of: whole.hosts.len(),
            careful: environment.careful,
            version,
            artifact,
            even_bad,
            left_out: connected.missing.iter().map(|(host, _)| host.to_string()).collect(),
        };
        let plan = make(wanted, &connected.in_order(&service.hosts)).await;
        let mut plan = plan.map_err(|error| Failure::new(Exit::Problems, format!("there is no plan\n{error}")))?;
        if let Some(gitlab) = acting.opened.whole.hosted.gitlab.as_ref().filter(|_| kind == Kind::Deploy) {
            let from_here = gitlab.projects.iter().find(|project| project.service == service.name);
            if let Some(project) = from_here {
                origin::consult(&mut plan, &client(gitlab), project).await;
            }
        }
        plan.warnings.extend(firing(&recorder, &herald, &service).await);
        show(&plan, flags)?;
        if flags.dry_run {
            return Err(Failure::new(Exit::Fine, ""));
        }
        let demand = plan.demand(names(&acting.opened.whole));
        let approval = confirmed_with(&plan.hash(), &demand, flags, migrate).await?;
        Ok((connected, plan, approval))
    });
    let (connected, plan, approval) = prepared.await?;
    let order = Order {
        plan: &plan,
        approval: &approval,
        environment: &environment,
        standing: &acting.standing,
        links: &connected.links,
        recorder: &recorder,
        herald: &herald,
    };
    let folder = acting.opened.options.dirs.state.as_path();
    watch::carried_out(order, run.detach.then_some((global, folder)), flags.json).await
}

/// The exit code of a run that was not begun.
pub(super) fn not_begun(why: NotBegun) -> Failure {
    match &why {
        NotBegun::Refused(_) | NotBegun::Denied(_) => refused(why),
        NotBegun::NotRecorded(_) | NotBegun::NotUploaded(_) => Failure::new(Exit::Problems, why.to_string()),
    }
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
