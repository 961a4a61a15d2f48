//! Making the plan of what is wanted.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::deploy::Over;
use super::{Reachable, Shared, deploy, job};
use crate::actions::again::again;
use crate::actions::hosted::{self, Clients, HostedPlan};
use crate::actions::plan::{of_custom, of_exec, of_unit};
use crate::actions::reach::reach;
use crate::deploys::by_job::JobPlan;
use crate::domain::act::Proposal;
use crate::domain::action::{ActionKind, Level};
use crate::domain::confirm::{Demand, Typed};
use crate::domain::deploy::known::KnownRun;
use crate::domain::deploy::plan::DeployPlan;
use crate::domain::deploy::steer::Wish;
use crate::domain::gate::GateSettings;
use crate::domain::host::HostName;
use crate::domain::plan::{Plan, hash_of, shown};
use crate::domain::run::RunRecord;
use crate::domain::service::Service;
use crate::domain::settings::{Environment, Settings};
use crate::domain::want::{Subject, Want};
use crate::integrations::gitlab::GitLab;
use crate::runtime::clients::clients;
use crate::transport::shell;

/// How long a host that is not connected is waited for.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a command that was typed may take on a host.
const COMMAND: Duration = Duration::from_secs(600);

/// A plan, and all that carrying it out takes.
pub(super) struct Prepared {
    pub environment: Environment,
    pub settings: Arc<Settings>,
    pub reachable: Reachable,
    pub what: What,
}

/// What is to be done.
pub(super) enum What {
    /// A plan of the registry's.
    Plan {
        plan: Box<Plan>,
        service: Option<Box<Service>>,
        gate: GateSettings,
        /// What a restart would wipe out is kept first.
        snapshot: bool,
    },
    /// A deploy or a rollback.
    Deploy { plan: Box<DeployPlan>, service: Box<Service> },
    /// The same by a job of GitLab's.
    /// `again` is the run whose job is only followed.
    Job { plan: Box<JobPlan>, gitlab: Box<GitLab>, service: Box<Service>, again: Option<Box<RunRecord>> },
    /// A run of somebody's, to be taken over or stopped.
    Run { run: Box<KnownRun>, service: Box<Service>, action: ActionKind, wish: Wish },
    /// Deploys are kept away, or let again.
    Lock { action: ActionKind, service: String, state: String, time: Option<Duration>, hash: String },
    /// Something at a hosted API.
    Hosted { plan: Box<HostedPlan>, clients: Box<Clients> },
    /// A program gets the terminal.
    Shell { host: HostName, argv: Vec<String> },
}

impl Prepared {
    /// What is wished for it when it begins.
    pub(super) fn wish(&self) -> Wish {
        if let What::Run { wish, .. } = self.what { wish } else { Wish::On }
    }
}

/// Makes a plan; or says why there is none.
pub(super) async fn prepare(
    shared: &Shared,
    want: Want,
    settings: Arc<Settings>,
    mut reachable: Reachable,
) -> Result<(Prepared, Proposal), String> {
    let name = want.subject.environment();
    let environment = settings.environment(name).cloned().ok_or_else(|| format!("there is no environment {name}"))?;
    let hosts = want.subject.hosts().to_vec();
    let off_hosts = want.action == ActionKind::Shell || deploy::is_by_job(&settings, &want);
    let away = if off_hosts { Vec::new() } else { away(&reachable, &hosts).await };
    if want.action != ActionKind::Deploy && !away.is_empty() {
        return Err(faults(&away));
    }
    let what = match (&want.subject, want.action) {
        (Subject::Hosts { .. }, ActionKind::Shell) => shell_on(&settings, &hosts)?,
        (Subject::Hosts { .. }, ActionKind::Exec) => {
            let command = want.answer("command").ok_or("say what to run")?;
            let argv = ["sh", "-c", command].map(str::to_owned);
            let plan = of_exec(&environment.name, environment.careful, &hosts, &argv, COMMAND);
            What::Plan { plan: Box::new(plan), service: None, gate: GateSettings::default(), snapshot: false }
        }
        (Subject::Hosts { .. }, ActionKind::Custom) => custom(&settings, &want, &environment, &hosts)?,
        (Subject::Service { .. }, action) if action.def().verb.is_some() => {
            let service = service(&settings, &want.subject)?;
            let gate = settings.gate(service);
            let links: Vec<_> =
                hosts.iter().filter_map(|host| Some((host.clone(), reachable.links.get(host)?.clone()))).collect();
            let plan = of_unit(action, service, service.hosts.len(), environment.careful, &gate, &links);
            let plan = plan.await.map_err(|error| error.to_string())?;
            let snapshot = want.answer("snapshot").is_some();
            What::Plan { plan: Box::new(plan), service: Some(Box::new(service.clone())), gate, snapshot }
        }
        (Subject::Service { .. }, ActionKind::Deploy | ActionKind::Rollback) => {
            let service = service(&settings, &want.subject)?;
            let (what, proposal) =
                deploy::deploy(shared, &settings, &want, service, &environment, &reachable, away).await?;
            return Ok((Prepared { environment, settings: Arc::clone(&settings), reachable, what }, proposal));
        }
        (Subject::Service { .. }, ActionKind::Lock | ActionKind::Unlock) => {
            let service = service(&settings, &want.subject)?;
            let (what, proposal) = deploy::lock(&settings, &want, service, &environment)?;
            return Ok((Prepared { environment, settings: Arc::clone(&settings), reachable, what }, proposal));
        }
        (Subject::Hosted { .. }, action) if action.is_hosted() => {
            let clients = Box::new(clients(&settings));
            let plan = hosted::plan(&clients, &settings, &environment, &want).await?;
            let proposal = Proposal {
                hash: plan.hash(),
                title: plan.title.clone(),
                environment: plan.environment.clone(),
                service: None,
                hosts: Vec::new(),
                other: Some(plan.subject.clone()),
                page: plan.page(),
                demand: plan.demand(settings.names()),
            };
            let what = What::Hosted { plan: Box::new(plan), clients };
            return Ok((Prepared { environment, settings: Arc::clone(&settings), reachable, what }, proposal));
        }
        (Subject::Run { id, .. }, ActionKind::Adopt | ActionKind::Hold | ActionKind::Abort) => {
            let service = service(&settings, &want.subject)?;
            let record = shared.open_job(id).await.filter(|_| want.action == ActionKind::Adopt);
            let (what, proposal) = match record {
                Some(record) => job::again(&settings, service, &environment, record)?,
                None => {
                    let gone = self::away(&reachable, &service.hosts).await;
                    // What cannot be reached is steered no further.
                    reachable.links.retain(|host, _| gone.iter().all(|(away, _)| away != host));
                    let left = shared.left().get(id).copied();
                    let over = Over { service, environment: &environment, id, left, away: &gone };
                    deploy::steer(&settings, &want, over, &reachable).await?
                }
            };
            return Ok((Prepared { environment, settings: Arc::clone(&settings), reachable, what }, proposal));
        }
        _ => return Err(format!("{} cannot be done to this", want.action.def().title)),
    };
    let proposal = match &what {
        What::Plan { plan, snapshot, .. } => {
            let again = again(shared.recorder().await.store.as_ref().ok(), plan).await;
            let mut page = plan.page();
            if *snapshot {
                page.push(format!("{:<12} processes, sockets and journal of each host are kept here", "before"));
            }
            Proposal {
                hash: plan.hash(),
                title: plan.title(),
                environment: plan.environment.clone(),
                service: plan.service.clone(),
                hosts: plan.targets.iter().map(|target| target.host.to_string()).collect(),
                other: None,
                page,
                demand: plan.demand(settings.names(), again),
            }
        }
        What::Shell { host, argv } => shell_proposal(&environment, host, argv),
        // Those have said what they propose.
        What::Deploy { .. } | What::Job { .. } | What::Run { .. } | What::Lock { .. } | What::Hosted { .. } => {
            return Err("there is no such plan".to_owned());
        }
    };
    Ok((Prepared { environment, settings: Arc::clone(&settings), reachable, what }, proposal))
}

/// The service that is meant, as the config has it now.
fn service<'s>(settings: &'s Settings, subject: &Subject) -> Result<&'s Service, String> {
    let (Subject::Service { name, environment, .. } | Subject::Run { service: name, environment, .. }) = subject else {
        return Err("this is about no service".to_owned());
    };
    let found = settings.services.iter().find(|one| one.name == *name && one.environment == *environment);
    found.ok_or_else(|| format!("there is no service {name} in {environment} any more"))
}

/// Which of the hosts cannot be asked, and why.
async fn away(reachable: &Reachable, hosts: &[HostName]) -> Vec<(HostName, String)> {
    let asked = hosts.iter().map(|host| async move {
        match reachable.links.get(host) {
            Some(transport) => reach(transport, PATIENCE).await.err().map(|why| (host.clone(), why)),
            None => Some((host.clone(), "the config has no such host".to_owned())),
        }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

fn faults(away: &[(HostName, String)]) -> String {
    let lines: Vec<String> = away.iter().map(|(host, why)| format!("{host} cannot be reached: {why}")).collect();
    lines.join("\n")
}

fn custom(settings: &Settings, want: &Want, environment: &Environment, hosts: &[HostName]) -> Result<What, String> {
    let name = want.custom.as_deref().unwrap_or_default();
    let found = settings.actions.iter().find(|action| action.name == name);
    let custom = found.ok_or_else(|| format!("the config has no action {name} any more"))?;
    if let Some(host) = hosts.iter().find(|host| !custom.hosts.contains(host)) {
        return Err(format!("{name} may not run on {host}; its hosts say where"));
    }
    for arg in &custom.args {
        arg.accepts(want.answer(&arg.name).unwrap_or_default())?;
    }
    let plan = of_custom(custom, &environment.name, environment.careful, hosts, &want.answers);
    Ok(What::Plan { plan: Box::new(plan), service: None, gate: GateSettings::default(), snapshot: false })
}

fn shell_on(settings: &Settings, hosts: &[HostName]) -> Result<What, String> {
    let [host] = hosts else { return Err("a shell is on one host".to_owned()) };
    let known = settings.hosts.iter().find(|known| known.name == *host);
    let known = known.ok_or_else(|| format!("the config has no host {host}"))?;
    let argv = shell::command(known, &settings.hosts, &settings.ssh).map_err(|error| error.to_string())?;
    Ok(What::Shell { host: host.clone(), argv })
}

fn shell_proposal(environment: &Environment, host: &HostName, argv: &[String]) -> Proposal {
    let def = ActionKind::Shell.def();
    let line = |label: &str, text: &str| format!("{label:<12} {}", crate::domain::text::clean(text));
    let hash = hash_of(&(def.name, &environment.name, host.as_str(), argv));
    Proposal {
        title: format!("shell on {host}"),
        environment: environment.name.clone(),
        service: None,
        hosts: vec![host.to_string()],
        other: None,
        page: vec![
            line("plan", &format!("shell on {host} · {}", &hash[..12])),
            line("environment", &format!("{} · level 1", environment.name)),
            line("does", def.does),
            line(host.as_str(), &shown(argv)),
        ],
        demand: Demand::of(Level::One, Typed::exactly(host.to_string()), host.to_string(), None),
        hash,
    }
}
