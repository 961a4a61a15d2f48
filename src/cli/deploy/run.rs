//! `qd run`: the runs that hosts know of, whoever has started them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use tokio::sync::mpsc;

use super::watch::{looked_at, steered};
use super::{herald, list, not_begun};
use crate::cli::act::confirm::confirmed;
use crate::cli::act::unit::service;
use crate::cli::act::{ActFlags, Acting, Connected, names};
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::cli::opened::Opened;
use crate::deploys::conduct::{Conduct, Order};
use crate::deploys::host::{Steering, plan_of, poll, runs};
use crate::deploys::told::Teller;
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::confirm::{Demand, Typed};
use crate::domain::deploy::journal::{Fact, HostRun};
use crate::domain::deploy::plan::DeployPlan;
use crate::domain::deploy::steer::{Next, Wish};
use crate::domain::host::HostName;
use crate::domain::text::one_line;
use crate::domain::ulid::millis;

/// How many runs of a service are shown.
const MOST: usize = 10;

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
        RunVerb::Hold(args) => take_over(global, args, ActionKind::Abort, Wish::Hold).await,
        RunVerb::Abort { run, undo } => {
            take_over(global, run, ActionKind::Abort, if undo { Wish::Undo } else { Wish::Stop }).await
        }
    }
}

/// A run as the hosts tell it.
pub(in crate::cli) struct Known {
    /// Its id.
    pub id: String,
    /// Its plan.
    pub plan: DeployPlan,
    /// Who began it.
    pub by: String,
    pub(super) lease_age: Option<u64>,
    /// What each host tells of its part.
    pub hosts: BTreeMap<String, HostRun>,
    /// What has happened on each host, in order.
    pub(super) facts: BTreeMap<String, Vec<Fact>>,
}

impl Known {
    /// The word for how it stands.
    pub fn state(&self) -> &'static str {
        match self.plan.course().next(&self.hosts, Wish::On) {
            Next::Over(outcome) => outcome.as_str(),
            _ if self.is_alone() => "unattended",
            Next::Proven if self.plan.bake.is_some() => "baking",
            _ => "running",
        }
    }

    fn is_over(&self) -> bool {
        !self.hosts.is_empty() && self.plan.hosts.iter().all(|p| self.hosts.get(&p.host).is_some_and(HostRun::is_over))
    }

    /// Whether nobody steers it.
    fn is_alone(&self) -> bool {
        self.hosts.values().any(|host| host.unattended || host.is_interrupted())
    }
}

/// Asks the hosts of every service that is deployed for their runs, newest first.
pub(in crate::cli) async fn known(opened: &Opened, wanted: Option<&str>) -> (Vec<Known>, Connected) {
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
    let mut found: Vec<Known> = Vec::new();
    for service in services {
        let spec = settings.deploys.iter().find(|s| s.service == service.name && s.environment == service.environment);
        let Some(state) = spec.and_then(|spec| spec.state.as_deref()) else { continue };
        let mut ids: Vec<String> = Vec::new();
        for (_, transport) in connected.in_order(&service.hosts) {
            ids.extend(runs(&transport, state).await.unwrap_or_default());
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids.retain(|id| wanted.is_none_or(|wanted| wanted == id));
        for id in ids.into_iter().take(MOST) {
            found.extend(one(&connected, &service.hosts, state, id).await);
        }
    }
    found.sort_by(|a, b| b.id.cmp(&a.id));
    (found, connected)
}

/// Says which hosts could not be asked.
pub(super) fn say_faults(connected: &Connected) {
    connected.faults().iter().for_each(|fault| eprintln!("qd: {fault}"));
}

/// One run, from the first host that has its plan.
async fn one(connected: &Connected, hosts: &[HostName], state: &str, id: String) -> Option<Known> {
    let mut plan = None;
    for (_, transport) in connected.in_order(hosts) {
        plan = plan_of(&transport, state, &id).await.unwrap_or_default();
        if plan.is_some() {
            break;
        }
    }
    let plan = plan?;
    let mut known =
        Known { id, by: String::new(), lease_age: None, hosts: BTreeMap::new(), facts: BTreeMap::new(), plan };
    let only_looking = Steering { token: "", beat: 0, take: false };
    for part in &known.plan.hosts {
        let Some(transport) = connected.links.get(&HostName::from(part.host.as_str())) else { continue };
        let Ok(polled) = poll(transport, state, &known.id, 0, only_looking).await else { continue };
        if !polled.known {
            continue;
        }
        let run = known.hosts.entry(part.host.clone()).or_default();
        run.alive = polled.alive;
        polled.facts.iter().for_each(|fact| run.take(fact));
        known.facts.insert(part.host.clone(), polled.facts);
        known.by = polled.by;
        known.lease_age = polled.age.into_iter().chain(known.lease_age).min();
    }
    Some(known)
}

/// When a run of this id was begun.
pub(in crate::cli) fn started(id: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(millis(id)?).ok()?)
}

/// The run that is meant, and the hosts.
async fn meant(acting: &Acting, id: Option<&str>) -> Result<(Known, Connected), Failure> {
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

async fn attach(global: &Global, args: RunArgs) -> Outcome {
    let acting = Acting::open(global, &args.flags).await?;
    let (run, connected) = meant(&acting, args.id.as_deref()).await?;
    eprintln!("qd: run {} · {} · by {}", run.id, run.plan.title(), run.by);
    looked_at(&run.plan, &run.id, &run.by, &connected.links, args.flags.json).await
}

async fn take_over(global: &Global, args: RunArgs, action: ActionKind, wish: Wish) -> Outcome {
    let flags = &args.flags;
    let prepared = interruptible(async {
        let acting = Acting::open(global, flags).await?;
        let (run, connected) = meant(&acting, args.id.as_deref()).await?;
        let environment = acting.environment(&run.plan.environment, flags)?;
        if run.is_over() {
            return Err(Failure::new(Exit::Usage, format!("run {} is over: {}", run.id, run.state())));
        }
        let own = |(host, _): &&(HostName, String)| run.plan.part(host.as_str()).is_some();
        let away = connected.missing.iter().filter(own);
        let away: Vec<String> = away.map(|(host, why)| format!("{host} cannot be reached: {why}")).collect();
        if !away.is_empty() {
            let message = format!("{}\na run is steered on all of its hosts, or by whoever has them", away.join("\n"));
            return Err(Failure::new(Exit::NotConnected, message));
        }
        eprintln!("qd: run {} · {} · by {} · {}", run.id, run.plan.title(), run.by, run.state());
        for part in &run.plan.hosts {
            let host = run.hosts.get(&part.host).cloned().unwrap_or_default();
            let step = host.step.as_ref().map(|step| format!(", at {step}")).unwrap_or_default();
            let cut = if host.is_interrupted() { ", cut off" } else { "" };
            eprintln!("{}: {}{step}{cut}", part.host, host.word());
        }
        let hosts = run.plan.hosts.len();
        let level = action.level(Scope { careful: environment.careful, hosts, of: hosts, configured: None });
        let reason = (!run.is_alone()).then(|| format!("{} still steers it", run.by));
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
