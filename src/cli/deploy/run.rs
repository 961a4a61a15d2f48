//! `qd run`: the runs that hosts know of, whoever has started them.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use tokio::sync::mpsc;

use super::watch::{looked_at, steered};
use super::{by_job, list, not_begun};
use crate::cli::act::confirm::confirmed;
use crate::cli::act::unit::service;
use crate::cli::act::{ActFlags, Acting, Connected, names};
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::cli::opened::Opened;
use crate::deploys::conduct::{Conduct, Order};
use crate::deploys::known::{ids, one};
use crate::deploys::told::Teller;
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::confirm::{Demand, Typed};
use crate::domain::deploy::known::KnownRun;
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
use crate::domain::run::RunRecord;
use crate::domain::text::one_line;
use crate::domain::ulid::millis;
use crate::runtime::herald::herald;

/// How many runs of a service are shown.
const MOST: usize = 10;
/// Hosts that are asked at once.
const AT_ONCE: usize = 16;

/// The commands of `qd run`.
#[derive(Debug, Subcommand)]
pub enum RunVerb {
    /// The runs that the hosts and this machine remember.
    List {
        /// One JSON document.
        #[arg(long)]
        json: bool,
    },
    /// One run: its plan, where each host is, and what its steps said; the newest when none is named.
    Show {
        /// The run's id.
        id: Option<String>,
        /// One JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Look on until a run is over; the newest that is under way when none is named.
    Attach(RunArgs),
    /// Take a run over and go on with it.
    Adopt(RunArgs),
    /// Stop a run at the hosts' next boundary and leave it there: adopt goes on, abort ends it. Without anybody who steers
    /// it, on_controller_loss applies.
    Hold(RunArgs),
    /// Stop a run at the hosts' next boundary; what is done stays, unless --undo.
    Abort {
        /// Which.
        #[command(flatten)]
        run: RunArgs,
        /// Hosts that are done go back too.
        #[arg(long)]
        undo: bool,
    },
}

/// Options of all but the list.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The run's id; the newest that is under way when not given.
    pub id: Option<String>,
    /// A host that cannot be reached any more and is given up (level 3); may be given again.
    #[arg(long, value_name = "HOST")]
    pub leave_out: Vec<String>,
    /// What every command that acts takes.
    #[command(flatten)]
    pub flags: ActFlags,
}

/// Runs the command.
pub async fn run(global: &Global, verb: RunVerb) -> Outcome {
    match verb {
        RunVerb::List { json } => interruptible(list::list(global, json)).await,
        RunVerb::Show { id, json } => interruptible(list::show(global, id.as_deref(), json)).await,
        RunVerb::Attach(args) => interruptible(attach(global, args)).await,
        RunVerb::Adopt(args) => take_over(global, args, ActionKind::Adopt, Wish::On).await,
        RunVerb::Hold(args) => take_over(global, args, ActionKind::Hold, Wish::Hold).await,
        RunVerb::Abort { run, undo } => {
            take_over(global, run, ActionKind::Abort, if undo { Wish::Undo } else { Wish::Stop }).await
        }
    }
}

/// Asks the hosts of every service that is deployed for their runs, newest first.
pub(in crate::cli) async fn known(opened: &Opened, wanted: Option<&str>) -> (Vec<KnownRun>, Connected) {
    let settings = &opened.settings;
    let mut hosts: Vec<HostName> = Vec::new();
    let deployed = |service: &&crate::domain::service::Service| {
        settings.deploys.iter().any(|s| s.service == service.name && s.environment == service.environment)
    };
    let services: Vec<_> = settings.services.iter().filter(deployed).collect();
    for host in services.iter().flat_map(|service| &service.hosts) {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    let connected = Connected::to(&opened.whole, &hosts).await;
    let mut found: Vec<KnownRun> = Vec::new();
    for service in services {
        let spec = settings.deploys.iter().find(|s| s.service == service.name && s.environment == service.environment);
        let Some(state) = spec.and_then(|spec| spec.state.as_deref()) else { continue };
        let hosts = connected.in_order(&service.hosts);
        let mut ids = ids(&hosts, state, usize::MAX, AT_ONCE).await;
        ids.retain(|id| wanted.is_none_or(|wanted| wanted == id));
        for id in ids.iter().take(MOST) {
            found.extend(one(&hosts, state, id, usize::MAX).await);
        }
    }
    found.sort_by(|a, b| b.id.cmp(&a.id));
    (found, connected)
}

/// Says which hosts could not be asked.
pub(super) fn say_faults(connected: &Connected) {
    connected.faults().iter().for_each(|fault| eprintln!("qd: {fault}"));
}

/// When a run of this id was begun.
pub(in crate::cli) fn started(id: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(millis(id)?).ok()?)
}

/// The run that is meant, and the hosts.
async fn meant(acting: &Acting, id: Option<&str>) -> Result<(KnownRun, Connected), Failure> {
    let (found, connected) = known(&acting.opened, id).await;
    say_faults(&connected);
    let chosen = found.into_iter().find(|run| id.is_some() || !run.is_over());
    match (chosen, id) {
        (Some(run), _) => Ok((run, connected)),
        (None, Some(id)) => {
            Err(Failure::new(Exit::Usage, format!("no host knows a run {}; qd run list shows them", one_line(id, 40))))
        }
        (None, None) => Err(Failure::new(Exit::Usage, "no run is under way")),
    }
}

/// A run that a job of GitLab's carries out, which its hosts know nothing of; as it was kept here.
async fn of_job(acting: &Acting, id: &str) -> Option<RunRecord> {
    let recorder = acting.recorder().await;
    let record = recorder.store.as_ref().ok()?.run(id).await.ok()??;
    (record.job.is_some() && record.ended.is_none()).then_some(record)
}

async fn attach(global: &Global, args: RunArgs) -> Outcome {
    let acting = Acting::open(global, &args.flags).await?;
    let (run, connected) = meant(&acting, args.id.as_deref()).await?;
    eprintln!("qd: run {} · {} · by {}", run.id, run.plan.title(), run.by);
    looked_at(&run.plan, &run.id, &run.by, &connected.links, args.flags.json).await
}

async fn take_over(global: &Global, args: RunArgs, action: ActionKind, wish: Wish) -> Outcome {
    let flags = &args.flags;
    if let (ActionKind::Adopt, Some(id)) = (action, args.id.as_deref()) {
        let acting = Acting::open(global, flags).await?;
        if let Some(record) = of_job(&acting, id).await {
            return by_job::adopt(&acting, &record, flags).await;
        }
    }
    let prepared = interruptible(async {
        let acting = Acting::open(global, flags).await?;
        let (run, connected) = meant(&acting, args.id.as_deref()).await?;
        let environment = acting.environment(&run.plan.environment, flags)?;
        if run.is_over() {
            return Err(Failure::new(Exit::Usage, format!("run {} is over: {}", run.id, run.state())));
        }
        let own = |(host, _): &&(HostName, String)| run.plan.part(host.as_str()).is_some();
        let (given_up, away): (Vec<_>, Vec<_>) = connected
            .missing
            .iter()
            .filter(own)
            .partition(|(host, _)| args.leave_out.iter().any(|left| left == host.as_str()));
        let away: Vec<String> = away.iter().map(|(host, why)| format!("{host} cannot be reached: {why}")).collect();
        if !away.is_empty() {
            let hint = "a run is steered on all of its hosts; --leave-out HOST gives one up";
            return Err(Failure::new(Exit::NotConnected, format!("{}\n{hint}", away.join("\n"))));
        }
        eprintln!("qd: run {} · {} · by {} · {}", run.id, run.plan.title(), run.by, run.state());
        for part in &run.plan.hosts {
            let host = run.hosts.get(&part.host).cloned().unwrap_or_default();
            let step = host.step.as_ref().map(|step| format!(", at {step}")).unwrap_or_default();
            let cut = if host.is_interrupted() { ", cut off" } else { "" };
            eprintln!("{}: {}{step}{cut}", part.host, host.word());
        }
        let hosts = run.plan.hosts.len();
        let mut level = action.level(Scope { careful: environment.careful, hosts, of: hosts, configured: None });
        let mut reason = (!run.is_alone()).then(|| format!("{} still steers it", run.by));
        if let Some((host, _)) = given_up.first() {
            reason = Some(format!("{host} is given up; what it serves is not known"));
            level = if environment.careful { Level::Three } else { level };
        }
        let whole = format!("{}/{}", run.plan.environment, run.plan.service);
        let typed = Typed::name(&run.plan.service, names(&acting.opened.whole));
        let demand = Demand::of(level.max(Level::One), typed, whole, reason);
        let approval = confirmed(&run.plan.hash(), &demand, flags).await?;
        Ok((acting, run, connected, approval))
    });
    let (acting, run, connected, approval) = prepared.await?;
    let service = service(&acting.opened.whole, &format!("{}@{}", run.plan.service, run.plan.environment))?;
    let order = Order {
        plan: &run.plan,
        approval: &approval,
        environment: &acting.environment(&run.plan.environment, flags)?,
        standing: &acting.standing,
        links: &connected.links,
        recorder: &acting.recorder().await,
        herald: &herald(acting.settings(), service),
    };
    let (told, _nothing) = mpsc::channel(16);
    let conduct = Conduct::adopt(order, &run.id, &run.by, action, &Teller::new(told)).await.map_err(not_begun)?;
    steered(conduct, &run.plan, wish, flags.json).await
}
