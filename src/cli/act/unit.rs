//! `qd restart`, `qd reload`, `qd start` and `qd stop`: a service's unit on its hosts.

use clap::Args;
use futures_util::future::join_all;

use super::confirm::confirmed;
use super::report::{OnStderr, carried_out, print, show};
use super::{ActFlags, Acting, Connected, names};
use crate::actions::again::again;
use crate::actions::evidence::collect;
use crate::actions::execute::Order;
use crate::actions::plan::of_unit;
use crate::actions::record::new_id;
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::domain::action::ActionKind;
use crate::domain::host::HostName;
use crate::domain::nearest::nearest;
use crate::domain::service::Service;
use crate::domain::settings::Settings;
use crate::domain::text::one_line;
use crate::runtime::herald::slack;

/// Options of `qd restart` and its like.
#[derive(Debug, Args)]
pub struct UnitArgs {
    /// The service, as `api` or `api@production`.
    pub service: String,
    /// What all of these take.
    #[command(flatten)]
    pub flags: ActFlags,
}

/// Options of `qd restart`.
#[derive(Debug, Args)]
pub struct RestartArgs {
    /// What all of these take.
    #[command(flatten)]
    pub unit: UnitArgs,
    /// Every host in the same moment, without waiting for one to be well (level 3).
    #[arg(long)]
    pub at_once: bool,
    /// Keep the processes, sockets and journal of each host in the state folder first.
    #[arg(long)]
    pub snapshot: bool,
}

/// Runs `qd restart`.
pub async fn restart(global: &Global, args: RestartArgs) -> Outcome {
    let action = if args.at_once { ActionKind::RestartAtOnce } else { ActionKind::Restart };
    acted(global, action, args.unit, args.snapshot).await
}

/// Runs one of the others.
pub async fn run(global: &Global, action: ActionKind, args: UnitArgs) -> Outcome {
    acted(global, action, args, false).await
}

async fn acted(global: &Global, action: ActionKind, args: UnitArgs, snapshot: bool) -> Outcome {
    let flags = &args.flags;
    let (acting, service, connected, recorder, plan, approval) = interruptible(async {
        let acting = Acting::open(global, flags).await?;
        let service = service(acting.settings(), &args.service)?.clone();
        let environment = acting.environment(&service.environment, flags)?;
        let connected = Connected::to(&acting.opened.whole, &service.hosts).await;
        if !connected.missing.is_empty() {
            let faults = connected.faults().join("\n");
            let message = format!("{faults}\nnothing was done; --host leaves them out by naming the others");
            return Err(Failure::new(Exit::NotConnected, message));
        }
        let gate = acting.settings().gate(&service);
        let hosts: Vec<_> = connected.in_order(&service.hosts);
        let of = self::service(&acting.opened.whole, &format!("{}@{}", service.name, service.environment))?.hosts.len();
        let plan = of_unit(action, &service, of, environment.careful, &gate, &hosts).await;
        let plan = plan.map_err(|error| Failure::new(Exit::Problems, format!("there is no plan\n{error}")))?;
        show(&plan, flags.dry_run, flags.json)?;
        let recorder = acting.recorder().await;
        if flags.dry_run {
            return Err(Failure::new(Exit::Fine, ""));
        }
        let again = again(recorder.store.as_ref().ok(), &plan).await;
        let demand = plan.demand(names(&acting.opened.whole), again);
        let approval = confirmed(&plan.hash(), &demand, flags).await?;
        if snapshot {
            keep_evidence(&acting, &service, &connected).await?;
        }
        Ok((acting, service, connected, recorder, plan, approval))
    })
    .await?;
    let environment = acting.environment(&plan.environment, flags)?;
    let order = Order {
        plan: &plan,
        approval: &approval,
        environment: &environment,
        standing: &acting.standing,
        service: Some(&service),
        gate: acting.settings().gate(&service),
        links: &connected.links,
        recorder: &recorder,
    };
    let ending = carried_out(&order, &mut OnStderr::default(), slack(acting.settings())).await?;
    print(&plan, &ending, flags.json)
}

/// What a restart would wipe out is kept first; a host that does not say is no reason to leave it broken.
async fn keep_evidence(acting: &Acting, service: &Service, connected: &Connected) -> Result<(), Failure> {
    let id = new_id().map_err(anyhow::Error::from)?;
    let folder = acting.opened.options.dirs.state.join("evidence").join(id);
    let unit = service.unit.as_deref().unwrap_or_default();
    let kept = connected.links.values().map(|transport| collect(transport, unit, &folder));
    for (host, kept) in connected.links.keys().zip(join_all(kept).await) {
        match kept {
            Ok(path) => eprintln!("{host}: kept in {}", path.display()),
            Err(error) => eprintln!("{host}: no snapshot: {error}"),
        }
    }
    Ok(())
}

/// The one service of a name, which must be in one environment.
pub fn service<'s>(settings: &'s Settings, name: &str) -> Result<&'s Service, Failure> {
    let usage = |message: String| Err(Failure::new(Exit::Usage, message));
    let full = |service: &Service| format!("{}@{}", service.name, service.environment);
    let found: Vec<&Service> =
        settings.services.iter().filter(|service| service.name == name || full(service) == name).collect();
    match found.as_slice() {
        [one] if one.hosts.is_empty() => usage(format!("{} has no hosts here", full(one))),
        [one] => Ok(one),
        [] => {
            let hint = nearest(name, settings.services.iter().map(|service| service.name.as_str()));
            let hint = hint.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            usage(format!("there is no service {}{hint}", one_line(name, 60)))
        }
        several => {
            let all: Vec<String> = several.iter().map(|service| full(service)).collect();
            usage(format!("{} is in several environments: say which, one of {}", one_line(name, 60), all.join(", ")))
        }
    }
}

impl Connected {
    /// The hosts that can be asked, in the order in which they are wanted.
    pub fn in_order(&self, hosts: &[HostName]) -> Vec<(HostName, crate::transport::SharedTransport)> {
        hosts.iter().filter_map(|host| Some((host.clone(), self.links.get(host)?.clone()))).collect()
    }
}
