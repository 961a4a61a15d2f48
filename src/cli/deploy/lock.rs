//! `qd lock` and `qd unlock`: deploys of a service kept away by hand, on its hosts.

use std::time::Duration;

use chrono::Utc;
use clap::Args;

use super::spec;
use crate::actions::record::Doing;
use crate::cli::act::confirm::confirmed;
use crate::cli::act::unit::service;
use crate::cli::act::{ActFlags, Acting, Connected, names};
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::deploys::host::hold;
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::audit::{HostEnding, Verdict};
use crate::domain::confirm::{Demand, Typed};
use crate::domain::plan::hash_of;

/// Options of `qd lock` and `qd unlock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    /// The service, as `api` or `api@production`.
    pub service: String,
    /// Locked for so long; until it is unlocked when not given.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub time: Option<Duration>,
    /// What every command that acts takes.
    #[command(flatten)]
    pub flags: ActFlags,
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::config::units::duration(text).ok_or_else(|| "write it as 30m, 2h or 1d".to_owned())
}

/// Runs `qd lock` (or `qd unlock`).
pub async fn run(global: &Global, args: LockArgs, action: ActionKind) -> Outcome {
    let flags = &args.flags;
    let acting = Acting::open(global, flags).await?;
    let service = service(acting.settings(), &args.service)?.clone();
    let environment = acting.environment(&service.environment, flags)?;
    let spec = spec(acting.settings(), &service)?;
    let Some(state) = spec.state.clone() else {
        return Err(Failure::new(Exit::Usage, format!("[service.deploy] of {} has no root", service.name)));
    };
    let connected = Connected::to(&acting.opened.whole, &service.hosts).await;
    if !connected.missing.is_empty() {
        return Err(Failure::new(Exit::NotConnected, connected.faults().join("\n")));
    }
    let level = action.level(Scope { careful: environment.careful, hosts: 1, of: 2, configured: None }).max(Level::One);
    let name = action.def().name;
    eprintln!("{name} {} in {}: {}/hold on {}", service.name, environment.name, state, hosts(&connected).join(", "));
    if flags.dry_run {
        return Ok(Exit::Fine);
    }
    let plan = hash_of(&(name, &service.name, &environment.name, &state, hosts(&connected)));
    let typed = Typed::name(&service.name, names(&acting.opened.whole));
    let whole = format!("{}/{}", environment.name, service.name);
    let demand = Demand::of(level, typed, whole, Some("whoever finds it wants to know".to_owned()));
    let approval = confirmed(&plan, &demand, flags).await?;
    let recorder = acting.recorder().await;
    let doing = Doing {
        environment: environment.name.clone(),
        service: Some(service.name.clone()),
        hosts: hosts(&connected),
        action: name.to_owned(),
        plan,
        commands: Vec::new(),
    };
    let (begun, written) = recorder.begin(doing, &approval).await;
    written.map_err(|why| Failure::new(Exit::Problems, why))?;
    let until =
        args.time.map_or(0, |time| Utc::now().timestamp() + i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 2));
    let why = format!("{}: {}", recorder.who, approval.reason.as_deref().unwrap_or_default());
    let done = everywhere(&connected, &state, (action == ActionKind::Lock).then_some((until, why.as_str()))).await;
    let result = if done.is_ok() { Verdict::Ok } else { Verdict::Failed };
    let ending = |host: String| HostEnding { host, result, rc: None, ms: 0, detail: None };
    let (_, written) = recorder.end(begun, hosts(&connected).into_iter().map(ending).collect()).await;
    if let Err(why) = written {
        eprintln!("qd: the result is not recorded: {why}");
    }
    done.map(|()| Exit::Fine)
}

fn hosts(connected: &Connected) -> Vec<String> {
    connected.links.keys().map(ToString::to_string).collect()
}

/// Locks (until a time, with a word why) or unlocks on every host that is connected.
pub async fn everywhere(connected: &Connected, state: &str, until: Option<(i64, &str)>) -> Result<(), Failure> {
    for (host, transport) in &connected.links {
        let done = hold(transport, state, until).await;
        done.map_err(|why| Failure::new(Exit::Problems, format!("{host}: {why}; run it again for the others")))?;
    }
    Ok(())
}
