//! What an action means here: the services and hosts of the selected row, as they are at the moment of the key.

use super::{hosted_targets, hosts, lists};
use crate::app::acting::{Blank, Item};
use crate::app::board::Pane;
use crate::app::input;
use crate::app::state::{OverviewPane, State, Tab};
use crate::app::view_state::glance;
use crate::app::view_state::rows::{RunRow, live};
use crate::domain::action::ActionKind;
use crate::domain::deploy::spec::{DeploySpec, Strategy};
use crate::domain::deployment::Deployment;
use crate::domain::host::HostName;
use crate::domain::run::RunRecord;
use crate::domain::service::Service;
use crate::domain::version;
use crate::domain::want::{Subject, Want};

/// The services that are meant by what is selected, each with the hosts that are meant.
fn services(state: &State) -> Vec<Subject> {
    let whole = |service: &Service| subject(service, service.hosts.clone());
    let named = |name: &str, environment: Option<&str>| -> Vec<Subject> {
        let of = |service: &&Service| service.name == name && environment.is_none_or(|of| service.environment == of);
        state.settings.services.iter().filter(of).map(whole).collect()
    };
    match state.tab {
        Tab::Overview if state.overview.pane == OverviewPane::Services => {
            state.overview.service.as_ref().map_or_else(Vec::new, |(name, of)| named(name, Some(of)))
        }
        Tab::Overview if state.overview.pane == OverviewPane::Alerts => {
            let alert = glance::selected_alert(state);
            let service = alert.and_then(|alert| Some((alert.service.as_ref()?, alert.environment.as_deref())));
            service.map_or_else(Vec::new, |(name, of)| named(name, of))
        }
        Tab::Overview if state.overview.pane == OverviewPane::Errors => {
            let service = glance::selected_error(state).and_then(|error| error.service.as_deref());
            service.map_or_else(Vec::new, |name| named(name, None))
        }
        Tab::Overview | Tab::Hosts => hosts::selected(state).map_or_else(Vec::new, |host| of_host(state, &host)),
        Tab::Logs => {
            let source = if state.logs.sidebar {
                state.logs.window.sources.iter().find(|one| Some(one.id) == state.logs.source)
            } else {
                let row = state.logs.window.rows.iter().find(|row| Some(row.id) == state.logs.selected);
                row.and_then(|row| state.logs.window.sources.iter().find(|one| one.id == row.source))
            };
            let Some(source) = source.map(|status| &status.source) else { return Vec::new() };
            let of_source = |service: &&Service| {
                source.service.as_deref() == Some(service.name.as_str()) && service.hosts.contains(&source.host)
            };
            let found = state.settings.services.iter().filter(of_source);
            found.map(|service| subject(service, vec![source.host.clone()])).collect()
        }
        Tab::Deploys => match lists::selected(state) {
            Some((Pane::Versions, Some(id))) => {
                let (name, environment) = id.rsplit_once('@').unwrap_or((&id, ""));
                named(name, Some(environment))
            }
            Some((Pane::History, _)) => lists::deployment(state)
                .map_or_else(Vec::new, |one| named(&one.service, Some(one.environment.as_str()))),
            // The same once more.
            Some((Pane::Runs, _)) => match lists::run_row(state) {
                Some(RunRow::Act(act)) if matches!(act.want.subject, Subject::Service { .. }) => {
                    vec![act.want.subject.clone()]
                }
                Some(RunRow::Act(act)) => {
                    let (service, environment) = (act.proposal.service.as_deref(), act.proposal.environment.as_str());
                    service.map_or_else(Vec::new, |service| named(service, Some(environment)))
                }
                Some(RunRow::Known(run)) => named(&run.plan.service, Some(&run.plan.environment)),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        },
        Tab::Alerts => match lists::alert(state) {
            Some(alert) => alert.service.as_ref().map_or_else(Vec::new, |of| named(of, alert.environment.as_deref())),
            None => hosted_targets::owner(state)
                .map_or_else(Vec::new, |owner| named(&owner.service, Some(&owner.environment))),
        },
        Tab::Business => Vec::new(),
    }
}

fn subject(service: &Service, hosts: Vec<HostName>) -> Subject {
    Subject::Service { name: service.name.clone(), environment: service.environment.clone(), hosts }
}

fn of_host(state: &State, host: &HostName) -> Vec<Subject> {
    let here = state.settings.services.iter().filter(|service| service.hosts.contains(host));
    here.map(|service| subject(service, vec![host.clone()])).collect()
}

/// The hosts that are meant: the selected one, or those of the selected service.
fn hosts_here(state: &State) -> Option<Subject> {
    let hosts = match hosts::selected(state) {
        Some(host) => vec![host],
        None => services(state).first()?.hosts().to_vec(),
    };
    let first = state.settings.hosts.iter().find(|host| hosts.first() == Some(&host.name))?;
    Some(Subject::Hosts { environment: first.environment.clone(), hosts })
}

fn service<'s>(state: &'s State, subject: &Subject) -> Option<&'s Service> {
    let Subject::Service { name, environment, .. } = subject else { return None };
    state.settings.services.iter().find(|one| one.name == *name && one.environment == *environment)
}

/// The environment of what is selected; the only one that there is, where nothing is.
pub(super) fn environment(state: &State) -> Option<String> {
    if let Some(subject) = services(state).into_iter().next().or_else(|| hosts_here(state)) {
        return Some(subject.environment().to_owned());
    }
    let mut names: Vec<&str> = state.settings.hosts.iter().map(|host| host.environment.as_str()).collect();
    if names.is_empty() {
        names.extend(state.settings.environments.iter().map(|environment| environment.name.as_str()));
    }
    names.sort_unstable();
    names.dedup();
    (names.len() == 1).then(|| names[0].to_owned())
}

/// What an action may be done to here.
pub(super) fn of(state: &State, action: ActionKind) -> Vec<Item> {
    match action {
        ActionKind::Exec | ActionKind::Shell => hosts_here(state)
            .into_iter()
            .flat_map(|subject| shells(action, subject))
            .map(|subject| item(action, subject))
            .collect(),
        ActionKind::Deploy | ActionKind::Rollback | ActionKind::Lock | ActionKind::Unlock => {
            deployed(state).into_iter().map(|subject| item(action, subject)).collect()
        }
        ActionKind::Adopt => {
            run_here(state).map(|run| item(action, run)).or_else(|| lost_job(state)).into_iter().collect()
        }
        ActionKind::Hold | ActionKind::Abort => {
            run_here(state).map(|subject| item(action, subject)).into_iter().collect()
        }
        _ if action.def().verb.is_some() => {
            let mut subjects = services(state);
            subjects.retain(|subject| service(state, subject).is_some_and(|one| one.unit.is_some()));
            subjects.into_iter().map(|subject| item(action, subject)).collect()
        }
        _ => Vec::new(),
    }
}

/// The services here that can be deployed, each with all of its hosts: a release is not one host's alone.
fn deployed(state: &State) -> Vec<Subject> {
    let subjects = services(state);
    let mut found: Vec<Subject> = Vec::new();
    for service in subjects.iter().filter_map(|subject| service(state, subject)) {
        let spec = |spec: &&DeploySpec| spec.service == service.name && spec.environment == service.environment;
        let whole = subject(service, service.hosts.clone());
        if state.settings.deploys.iter().any(|one| spec(&one)) && !found.contains(&whole) {
            found.push(whole);
        }
    }
    found
}

/// Stopping a run, and taking every host of it back.
pub(super) fn undo(run: Subject) -> Item {
    let mut undo = item(ActionKind::Abort, run);
    undo.label.push_str(", and take every host back");
    undo.does = "stops the run at the hosts' next boundary, and has every host go back".to_owned();
    undo.want = undo.want.map(|want| want.with("undo", "yes"));
    undo
}

/// The run that is selected, while it is not over: one that is held here goes on waiting on its hosts.
pub(super) fn run_here(state: &State) -> Option<Subject> {
    let of = |service: &str, environment: &str, id: &str| Subject::Run {
        service: service.to_owned(),
        environment: environment.to_owned(),
        id: id.to_owned(),
    };
    match lists::run_row(state)? {
        // A job's run is the forge's to stop.
        RunRow::Act(act) if act.proposal.other.is_none() => {
            let (id, proposal) = (act.run.as_deref()?, &act.proposal);
            let service = proposal.service.as_deref().unwrap_or_default();
            act.goes_on(&state.acting.known).then(|| of(service, &proposal.environment, id))
        }
        RunRow::Known(run) if !run.is_over() => Some(of(&run.plan.service, &run.plan.environment, &run.id)),
        _ => None,
    }
}

/// The run of the selected deployment whose job of the forge's nobody here follows to its end.
pub fn lost_run<'s>(state: &'s State, one: &Deployment) -> Option<&'s RunRecord> {
    let own = |run: &&RunRecord| {
        run.ended.is_none() && run.job.as_ref().is_some_and(|job| run.id == one.id || one.job == Some(job.id))
    };
    let followed = |run: &&RunRecord| state.acting.under_way().any(|act| act.run.as_ref() == Some(&run.id));
    state.hosted.runs.iter().find(own).filter(|run| !followed(run))
}

/// Following that job again.
fn lost_job(state: &State) -> Option<Item> {
    let run = lists::deployment(state).and_then(|one| lost_run(state, one))?;
    let (service, environment, id) = (run.service.clone()?, run.environment.clone(), run.id.clone());
    let mut item = item(ActionKind::Adopt, Subject::Run { service, environment, id });
    item.label = format!("Follow the job of the run {} again", run.id);
    item.does = "nothing is started: the job's log is followed to its end, and what came of it is judged".to_owned();
    Some(item)
}

/// A shell is on one host; a command may go to several.
fn shells(action: ActionKind, subject: Subject) -> Vec<Subject> {
    match (action, subject) {
        (ActionKind::Shell, Subject::Hosts { environment, hosts }) => {
            let one = |host: HostName| Subject::Hosts { environment: environment.clone(), hosts: vec![host] };
            hosts.into_iter().map(one).collect()
        }
        (_, subject) => vec![subject],
    }
}

fn item(action: ActionKind, subject: Subject) -> Item {
    let def = action.def();
    let hosts: Vec<&str> = subject.hosts().iter().map(HostName::as_str).collect();
    let label = match &subject {
        Subject::Service { name, .. } => format!("{} {name} on {}", def.title, hosts.join(", ")),
        Subject::Run { service, id, .. } => format!("{} the run {id} of {service}", def.title),
        _ => format!("{} on {}", def.title, hosts.join(", ")),
    };
    Item { label, does: def.does.to_owned(), want: Ok(Want::new(action, subject)) }
}

/// Everything that can be done with what is selected.
pub(super) fn everything(state: &State) -> Vec<Item> {
    use ActionKind::{
        Abort, Adopt, Deploy, Exec, Hold, Lock, Reload, Restart, RestartAtOnce, Rollback, Shell, Start, Stop, Unlock,
    };
    let mut items = Vec::new();
    if let Some(run) = run_here(state) {
        items.extend([Adopt, Hold, Abort].map(|action| item(action, run.clone())));
        items.push(undo(run));
    }
    items.extend(lost_job(state));
    for subject in services(state) {
        let Some(service) = service(state, &subject).filter(|service| service.unit.is_some()) else { continue };
        items.push(item(Restart, subject.clone()));
        let mut snapshot = item(Restart, subject.clone());
        snapshot.label.push_str(", with a snapshot of evidence before");
        snapshot.want = snapshot.want.map(|want| want.with("snapshot", "yes"));
        items.push(snapshot);
        if subject.hosts().len() < service.hosts.len() {
            items.push(item(Restart, self::subject(service, service.hosts.clone())));
        }
        items.extend([Reload, Start, Stop].map(|action| item(action, subject.clone())));
        if subject.hosts().len() > 1 {
            items.push(item(RestartAtOnce, subject.clone()));
        }
    }
    for subject in deployed(state) {
        items.extend([Deploy, Rollback, Lock, Unlock].map(|action| item(action, subject.clone())));
        let mut bad = item(Deploy, subject);
        bad.label.push_str(", also a release that is marked bad");
        bad.want = bad.want.map(|want| want.with("even_bad", "yes"));
        items.push(bad);
    }
    items.extend(hosted_targets::items(state));
    items.extend(customs(state));
    items.extend(of(state, Exec));
    items.extend(of(state, Shell));
    items
}

/// Commands of the config that may run on the hosts here.
fn customs(state: &State) -> Vec<Item> {
    let Some(Subject::Hosts { environment, hosts }) = hosts_here(state) else { return Vec::new() };
    let mut items = Vec::new();
    for custom in &state.settings.actions {
        let on: Vec<HostName> = hosts.iter().filter(|host| custom.hosts.contains(host)).cloned().collect();
        if on.is_empty() {
            continue;
        }
        let names: Vec<&str> = on.iter().map(HostName::as_str).collect();
        let (label, does) = (
            format!("{} on {}", custom.title, names.join(", ")),
            format!("runs {}", crate::domain::plan::shown(&custom.command)),
        );
        let subject = Subject::Hosts { environment: environment.clone(), hosts: on };
        let want = Want { custom: Some(custom.name.clone()), ..Want::new(ActionKind::Custom, subject) };
        items.push(Item { label, does, want: Ok(want) });
    }
    items
}

/// What an action asks before there can be a plan of it.
pub(super) fn questions(state: &State, want: &Want) -> Vec<Blank> {
    let blank = |name: &str, ask: &str, must: bool, pattern: Option<String>, text: &str| Blank {
        name: name.to_owned(),
        ask: ask.to_owned(),
        must,
        pattern,
        input: input::line(text),
    };
    if let Some(name) = &want.custom {
        let Some(custom) = state.settings.actions.iter().find(|action| action.name == *name) else { return Vec::new() };
        let args = custom.args.iter().filter(|arg| want.answers.iter().all(|(known, _)| *known != arg.name));
        let default = |arg: &crate::domain::action::ActionArg| arg.default.clone().unwrap_or_default();
        return args.map(|arg| blank(&arg.name, &arg.ask, true, arg.pattern.clone(), &default(arg))).collect();
    }
    let asked = want.action.def().asks.iter();
    let open = asked.filter(|asked| want.answers.iter().all(|(known, _)| known != asked.name));
    let missing: Vec<String> = missing(state, want);
    let open = open.filter(|asked| asked.name != LEAVE_OUT || !missing.is_empty());
    open.map(|asked| {
        let pattern = asked.pattern.map(str::to_owned);
        let newest = if asked.name == "version" { newest(state, want) } else { None };
        let ask = match asked.name {
            LEAVE_OUT => format!("{} not up; {}", missing.join(", "), asked.ask),
            _ => asked.ask.to_owned(),
        };
        blank(asked.name, &ask, asked.must, pattern, newest.as_deref().unwrap_or(asked.default))
    })
    .collect()
}

/// The question which hosts a deploy leaves out.
const LEAVE_OUT: &str = "leave_out";

/// Whether a job of the forge's deploys the service.
pub(super) fn is_by_job(state: &State, want: &Want) -> bool {
    let Subject::Service { name, environment, .. } = &want.subject else { return false };
    state.settings.deploy(name, environment).is_some_and(|spec| spec.strategy == Strategy::Gitlab)
}

/// The hosts of a deploy over them, or of a run, that are not up; a job of the forge's needs none.
fn missing(state: &State, want: &Want) -> Vec<String> {
    if is_by_job(state, want) {
        return Vec::new();
    }
    if let Subject::Run { id, .. } = &want.subject {
        let run = state.acting.known.iter().find(|run| run.id == *id);
        let hosts = run.into_iter().flat_map(|run| &run.plan.hosts).map(|part| HostName::from(part.host.as_str()));
        return hosts.filter(|host| !state.is_up(host)).map(|host| host.to_string()).collect();
    }
    want.subject.hosts().iter().filter(|host| !state.is_up(host)).map(ToString::to_string).collect()
}

/// The newest tag of the service's project that is later than what is live; where that can do harm, not one that comes
/// before its release, while there is another.
fn newest(state: &State, want: &Want) -> Option<String> {
    let Subject::Service { name, environment, .. } = &want.subject else { return None };
    let delivery = state.hosted.delivery.as_ref()?;
    let project = delivery.projects.iter().find(|project| project.service == *name)?;
    let live = live(state, name, environment);
    let later = |tag: &&str| {
        live.as_deref().is_none_or(|live| version::compare(tag, live).map_or(*tag != live, |order| order.is_gt()))
    };
    let tags = || project.tags.iter().map(|tag| tag.name.as_str()).filter(later);
    let careful = state.settings.environment(environment).is_some_and(|known| known.careful);
    let released = tags().find(|tag| careful && !version::is_before_release(tag));
    released.or_else(|| tags().next()).map(str::to_owned)
}
