//! Plans of deploys, rollbacks and locks, and of taking runs over.

use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::time::timeout;

use super::prepare::What;
use super::{Reachable, Shared, job};
use crate::config::secret;
use crate::config::units::duration;
use crate::deploys::alarms::firing;
use crate::deploys::job_of::Of;
use crate::deploys::known;
use crate::deploys::origin;
use crate::deploys::plan::{Wanted, make};
use crate::deploys::prepare::artifact;
use crate::domain::act::Proposal;
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::confirm::{Demand, Typed};
use crate::domain::deploy::plan::{DeployPlan, Kind};
use crate::domain::deploy::spec::{DeploySpec, Strategy};
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
use crate::domain::plan::hash_of;
use crate::domain::service::Service;
use crate::domain::settings::{Environment, Settings};
use crate::domain::text::clean;
use crate::domain::want::{Subject, Want};
use crate::integrations::gitlab::GitLab;
use crate::runtime::herald::herald;
use crate::transport::SharedTransport;

/// How long the forge may take to say what a version brings.
const FORGE: Duration = Duration::from_secs(6);

/// How a service is deployed.
fn spec<'s>(settings: &'s Settings, service: &Service) -> Result<&'s DeploySpec, String> {
    let spec = settings.deploy(&service.name, &service.environment);
    spec.ok_or_else(|| format!("{} has no [service.deploy]", service.name))
}

fn line(label: &str, text: &str) -> String {
    format!("{label:<12} {}", clean(text))
}

/// The hosts of a service that are connected, in config order.
pub(super) fn in_order(hosts: &[HostName], reachable: &Reachable) -> Vec<(HostName, SharedTransport)> {
    hosts.iter().filter_map(|host| Some((host.clone(), reachable.links.get(host)?.clone()))).collect()
}

/// How the service of what is wanted is deployed.
pub(super) fn spec_of<'s>(settings: &'s Settings, want: &Want) -> Option<&'s DeploySpec> {
    let Subject::Service { name, environment, .. } = &want.subject else { return None };
    settings.deploy(name, environment)
}

/// Whether what is wanted is done by a job of GitLab's, and not over the hosts' connections.
pub(super) fn is_by_job(settings: &Settings, want: &Want) -> bool {
    matches!(want.action, ActionKind::Deploy | ActionKind::Rollback)
        && spec_of(settings, want).is_some_and(|spec| spec.strategy == Strategy::Gitlab)
}

/// A deploy of the version that was answered, or a rollback. `away` are hosts that cannot be reached: without their
/// names among those that are left out there is no plan.
pub(super) async fn deploy(
    shared: &Shared,
    settings: &Settings,
    want: &Want,
    service: &Service,
    environment: &Environment,
    reachable: &Reachable,
    away: Vec<(HostName, String)>,
) -> Result<(What, Proposal), String> {
    let kind = if want.action == ActionKind::Rollback { Kind::Rollback } else { Kind::Deploy };
    let frozen = settings.freezes.iter().find(|freeze| freeze.holds(&environment.name, Utc::now()));
    if let (Kind::Deploy, Some(freeze)) = (kind, frozen) {
        let why = if freeze.reason.is_empty() { String::new() } else { format!(": {}", freeze.reason) };
        return Err(format!("{} is frozen by {}{why}; rollbacks and restarts still go", environment.name, freeze.name));
    }
    let spec = spec(settings, service)?;
    let version = want.answer("version").unwrap_or_default();
    if spec.strategy == Strategy::Gitlab {
        let fires = fires(shared, settings, service).await;
        return job::propose(settings, Of { kind, service, environment, spec, version }, fires).await;
    }
    let named: Vec<&str> = want.answer("leave_out").unwrap_or_default().split([',', ' ']).collect();
    let unnamed: Vec<String> = away
        .iter()
        .filter(|(host, _)| !named.contains(&host.as_str()))
        .map(|(host, why)| format!("{host} cannot be reached: {why}"))
        .collect();
    if !unnamed.is_empty() {
        return Err(format!("{}\nto go on without it, name it among the hosts that are left out", unnamed.join("\n")));
    }
    let artifact = match kind {
        Kind::Deploy => artifact(spec, version, want.answer("build").is_some()).await?,
        Kind::Rollback => None,
    };
    let wanted = Wanted {
        kind,
        spec,
        service,
        of: service.hosts.len(),
        careful: environment.careful,
        version,
        artifact,
        even_bad: want.answer("even_bad").is_some(),
        left_out: away.iter().map(|(host, _)| host.to_string()).collect(),
    };
    let hosts: Vec<HostName> =
        want.subject.hosts().iter().filter(|host| away.iter().all(|(a, _)| a != *host)).cloned().collect();
    let mut plan = make(wanted, &in_order(&hosts, reachable)).await.map_err(|error| error.to_string())?;
    let ((), fires) = tokio::join!(consult(settings, &mut plan), fires(shared, settings, service));
    plan.warnings.extend(fires);
    let proposal = proposal(settings, &plan, plan.title(), plan.page(), plan.demand(settings.names()));
    Ok((What::Deploy { plan: Box::new(plan), service: Box::new(service.clone()) }, proposal))
}

/// What fires on the service, in lines.
async fn fires(shared: &Shared, settings: &Settings, service: &Service) -> Vec<String> {
    firing(&shared.recorder_for(settings).await, &herald(settings, service), service).await
}

fn proposal(settings: &Settings, plan: &DeployPlan, title: String, page: Vec<String>, demand: Demand) -> Proposal {
    debug_assert!(settings.environment(&plan.environment).is_some());
    Proposal {
        hash: plan.hash(),
        title,
        environment: plan.environment.clone(),
        service: Some(plan.service.clone()),
        hosts: plan.hosts.iter().map(|part| part.host.clone()).collect(),
        other: None,
        page,
        demand,
    }
}

/// Adds what GitLab says of the version, where it knows: a word about it is no reason to wait long.
async fn consult(settings: &Settings, plan: &mut DeployPlan) {
    let Some(gitlab) = &settings.hosted.gitlab else { return };
    let Some(project) = gitlab.projects.iter().find(|project| project.service == plan.service) else { return };
    let client = GitLab::new(gitlab, secret::source(gitlab.token.clone(), "[gitlab] token"));
    let mut told = plan.clone();
    match timeout(FORGE, origin::consult(&mut told, &client, project)).await {
        Ok(()) => *plan = told,
        Err(_) => plan.warnings.push("GitLab did not say in time what this version brings".to_owned()),
    }
}

/// A run that is to be taken over or stopped.
pub(super) struct Over<'a> {
    /// Its service.
    pub service: &'a Service,
    /// Where that is.
    pub environment: &'a Environment,
    /// Its id.
    pub id: &'a str,
    /// When this cockpit left it.
    pub left: Option<Instant>,
    /// Hosts that cannot be reached, and why: without their names among those that are given up there is no plan.
    pub away: &'a [(HostName, String)],
}

/// Taking a run over, or stopping it.
pub(super) async fn steer(
    settings: &Settings,
    want: &Want,
    over: Over<'_>,
    reachable: &Reachable,
) -> Result<(What, Proposal), String> {
    let Over { service, environment, id, left, away } = over;
    let spec = spec(settings, service)?;
    let state = spec.state.as_deref().ok_or_else(|| format!("[service.deploy] of {} has no root", service.name))?;
    let hosts = in_order(&service.hosts, reachable);
    let run = known::one(&hosts, state, id, known::TOLD).await.ok_or_else(|| format!("no host knows a run {id}"))?;
    if run.is_over() {
        return Err(format!("run {id} is over: {}", run.state()));
    }
    let named: Vec<&str> = want.answer("leave_out").unwrap_or_default().split([',', ' ']).collect();
    let own = away.iter().filter(|(host, _)| run.plan.part(host.as_str()).is_some());
    let (given_up, unnamed): (Vec<_>, Vec<_>) = own.partition(|(host, _)| named.contains(&host.as_str()));
    if !unnamed.is_empty() {
        let lines: Vec<String> = unnamed.iter().map(|(host, why)| format!("{host} cannot be reached: {why}")).collect();
        let hint = "a run is steered on all of its hosts; name one among those that are given up to go on without it";
        return Err(format!("{}\n{hint}", lines.join("\n")));
    }
    let wish = want.wish();
    let count = run.plan.hosts.len();
    let scope = Scope { careful: environment.careful, hosts: count, of: count, configured: None };
    let mut level = want.action.level(scope).max(Level::One);
    // What is left of the lease is that of this cockpit itself.
    let ours = left.is_some_and(|left| left.elapsed() < run.plan.lease);
    let mut reason = (!run.is_alone() && !ours).then(|| format!("{} still steers it", run.by));
    if let Some((host, _)) = given_up.first() {
        reason = Some(format!("{host} is given up; what it serves is not known"));
        level = if environment.careful { Level::Three } else { level };
    }
    let whole = format!("{}/{}", environment.name, service.name);
    let demand = Demand::of(level, Typed::name(&service.name, settings.names()), whole, reason);
    let lease = run.lease_age.map_or(String::new(), |age| format!(" · lease {age} s old"));
    let mut page = vec![
        line("run", &format!("{id} · {} · by {} · {}{lease}", run.plan.title(), run.by, run.state())),
        line("environment", &format!("{} · level {}", environment.name, level.number())),
        line(
            "does",
            match wish {
                Wish::Undo => "every host goes back to what it had before the run, at its next boundary",
                Wish::Stop => "stops at the hosts' next boundary: what is done stays",
                Wish::Hold => "stops at the hosts' next boundary, and waits there for as long as this cockpit is open",
                _ => "goes on from the first step that is not proven, after the hosts have been read anew",
            },
        ),
    ];
    for part in &run.plan.hosts {
        let host = run.hosts.get(&part.host).cloned().unwrap_or_default();
        let step = host.step.as_ref().map(|step| format!(", at {step}")).unwrap_or_default();
        let cut = if host.is_interrupted() { ", cut off" } else { "" };
        let from = part.from.as_deref().unwrap_or("nothing");
        let gone = given_up.iter().any(|(gone, _)| gone.as_str() == part.host);
        let gone = if gone { "  given up: it cannot be reached" } else { "" };
        page.push(line(&part.host, &format!("{}{step}{cut}  {from} → {}{gone}", host.word(), part.to)));
    }
    let title = format!("{} run of {} {}", want.action.def().name, service.name, run.plan.version);
    let proposal = proposal(settings, &run.plan, title, page, demand);
    let what = What::Run { run: Box::new(run), service: Box::new(service.clone()), action: want.action, wish };
    Ok((what, proposal))
}

/// Keeping deploys of a service away, or letting them again.
pub(super) fn lock(
    settings: &Settings,
    want: &Want,
    service: &Service,
    environment: &Environment,
) -> Result<(What, Proposal), String> {
    let spec = spec(settings, service)?;
    let state = spec.state.clone().ok_or_else(|| format!("[service.deploy] of {} has no root", service.name))?;
    let time = match want.answer("for") {
        Some(text) => Some(duration(text).ok_or("write the time as 30m, 2h or 1d")?),
        None => None,
    };
    let (def, hosts) = (want.action.def(), want.subject.hosts());
    let scope = Scope { careful: environment.careful, hosts: 1, of: 2, configured: None };
    let level = want.action.level(scope).max(Level::One);
    let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let hash = hash_of(&(def.name, &service.name, &environment.name, &state, &names, want.answer("for")));
    let whole = format!("{}/{}", environment.name, service.name);
    let reason = Some("whoever finds it wants to know".to_owned());
    let demand = Demand::of(level, Typed::name(&service.name, settings.names()), whole, reason);
    let until = want.answer("for").map_or_else(|| "until it is unlocked".to_owned(), |time| format!("for {time}"));
    let mut page = vec![
        line("plan", &format!("{} · {}", want.title(), &hash[..12])),
        line("environment", &format!("{} · level {}", environment.name, level.number())),
        line("does", def.does),
    ];
    if want.action == ActionKind::Lock {
        page.push(line("how long", &until));
    }
    page.extend(names.iter().map(|host| line(host, &format!("{state}/hold"))));
    let proposal = Proposal {
        hash: hash.clone(),
        title: want.title(),
        environment: environment.name.clone(),
        service: Some(service.name.clone()),
        hosts: names,
        other: None,
        page,
        demand,
    };
    Ok((What::Lock { action: want.action, service: service.name.clone(), state, time, hash }, proposal))
}
