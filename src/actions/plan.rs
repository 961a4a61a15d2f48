//! Making plans: who is touched, with exactly which command, judged by what the hosts say now.

use std::time::Duration;

use futures_util::future::join_all;

use super::unit::{Reading, read};
use crate::domain::action::{ActionKind, CustomAction, Level, Scope, fill};
use crate::domain::gate::GateSettings;
use crate::domain::host::HostName;
use crate::domain::plan::{Plan, Target};
use crate::domain::service::Service;
use crate::transport::SharedTransport;

/// How long systemctl may take: a stop and a start, each with systemd's own limit of 90 s, and a little.
const UNIT_TIMEOUT: Duration = Duration::from_secs(190);

/// Why there is no plan: what is in the way on which host, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct NoPlan(pub Vec<String>);

/// A plan to act on a service's unit on some of its hosts, all of which can be reached; `of` is how many it has at all.
pub async fn of_unit(
    action: ActionKind,
    service: &Service,
    of: usize,
    careful: bool,
    gate: &GateSettings,
    hosts: &[(HostName, SharedTransport)],
) -> Result<Plan, NoPlan> {
    let Some(unit) = &service.unit else {
        let what = if service.container.is_some() { "is a container" } else { "names no unit" };
        let message = format!("{} {what}; an [[action]] can run the command that it takes", service.name);
        return Err(NoPlan(vec![message]));
    };
    let verb = action.def().verb.unwrap_or_default();
    let readings = join_all(hosts.iter().map(|(_, transport)| read(transport, unit, verb))).await;
    let (mut targets, mut faults, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for ((host, _), reading) in hosts.iter().zip(readings) {
        let reading = match reading {
            Ok(reading) => reading,
            Err(why) => {
                faults.push(format!("{host}: {why}"));
                continue;
            }
        };
        let facts = reading.facts.clone();
        if action == ActionKind::Start && facts.active == "active" {
            warnings.push(format!("{host} is left out: {unit} runs there already"));
            continue;
        }
        match argv(verb, unit, &reading) {
            Ok(argv) => targets.push(Target { host: host.clone(), argv, before: Some(facts) }),
            Err(why) => faults.push(format!("{host}: {why}")),
        }
    }
    if targets.is_empty() && faults.is_empty() {
        faults.push(format!("{unit} runs everywhere already"));
    }
    if !faults.is_empty() {
        return Err(NoPlan(faults));
    }
    let scope = Scope { careful, hosts: targets.len(), of, configured: None };
    let rolling = action != ActionKind::RestartAtOnce;
    let oneshot = targets.iter().any(|target| target.before.as_ref().is_some_and(|unit| unit.kind == "oneshot"));
    Ok(Plan {
        action,
        name: action.def().name.to_owned(),
        environment: service.environment.clone(),
        service: Some(service.name.clone()),
        level: action.level(scope),
        at_once: if rolling { 1 } else { targets.len() },
        targets,
        timeout: UNIT_TIMEOUT,
        gate: (!oneshot).then(|| described(action, gate, service)),
        warnings,
    })
}

/// The exact command, in its plainest form: sudoers matches arguments exactly.
fn argv(verb: &str, unit: &str, reading: &Reading) -> Result<Vec<String>, String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match (reading.missing.as_deref(), &reading.sudo) {
        (Some(program), _) => Err(format!("there is no {program}")),
        _ if reading.facts.load != "loaded" => Err(format!("{unit} is {} there", reading.facts.load)),
        _ if reading.root => Ok(words(&["systemctl", verb, unit])),
        (_, Some(name)) => Ok(words(&["sudo", "-n", "systemctl", verb, name])),
        (_, None) => Err(format!(
            "sudo does not let {user} run `systemctl {verb} {unit}` without a password; in sudoers that is\n    \
             {user} ALL=(root) NOPASSWD: /usr/bin/systemctl {verb} {unit}",
            user = reading.user
        )),
    }
}

/// The gate in a few words.
fn described(action: ActionKind, gate: &GateSettings, service: &Service) -> String {
    if action == ActionKind::Stop {
        return format!("the unit has ended, within {} s", gate.timeout.as_secs());
    }
    let start = if action == ActionKind::Reload { "as it was started" } else { "started anew" };
    let health = match &service.health {
        Some(check) => format!("{} healthy answers in a row of {}", gate.successes, check.url),
        None => "no health check, so this is a weak gate".to_owned(),
    };
    let (stable, timeout) = (gate.min_stable.as_secs_f64(), gate.timeout.as_secs());
    format!("active, {start}, for {stable} s; {health}; within {timeout} s")
}

/// A plan to run a command on hosts, all at once.
pub fn of_exec(environment: &str, careful: bool, hosts: &[HostName], argv: &[String], timeout: Duration) -> Plan {
    let action = ActionKind::Exec;
    let scope = Scope { careful, hosts: hosts.len(), of: hosts.len(), configured: None };
    let target = |host: &HostName| Target { host: host.clone(), argv: argv.to_vec(), before: None };
    Plan {
        action,
        name: action.def().name.to_owned(),
        environment: environment.to_owned(),
        service: None,
        level: action.level(scope),
        targets: hosts.iter().map(target).collect(),
        at_once: hosts.len(),
        timeout,
        gate: None,
        warnings: Vec::new(),
    }
}

/// A plan to run a command of the config on some of its hosts, with answers that fit.
pub fn of_custom(
    custom: &CustomAction,
    environment: &str,
    careful: bool,
    hosts: &[HostName],
    answers: &[(String, String)],
) -> Plan {
    let scope =
        Scope { careful, hosts: hosts.len(), of: custom.hosts.len(), configured: Some(custom.level.max(Level::One)) };
    let filled =
        |host: &HostName| Target { host: host.clone(), argv: fill(&custom.command, host, answers), before: None };
    Plan {
        action: ActionKind::Custom,
        name: custom.name.clone(),
        environment: environment.to_owned(),
        service: None,
        level: ActionKind::Custom.level(scope),
        targets: hosts.iter().map(filled).collect(),
        at_once: if custom.rolling { 1 } else { hosts.len() },
        timeout: custom.timeout,
        gate: None,
        warnings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(load: &str, root: bool, sudo: Option<&str>, missing: Option<&str>) -> Reading {
        let mut reading = Reading { root, user: "deploy".to_owned(), ..Reading::default() };
        reading.facts.load = load.to_owned();
        reading.sudo = sudo.map(str::to_owned);
        reading.missing = missing.map(str::to_owned);
        reading
    }

    #[test]
    fn the_command_is_what_sudoers_allows_and_what_is_missing_is_named() {
        let made = |reading: Reading| argv("restart", "api.service", &reading).map(|argv| argv.join(" "));
        assert_eq!(made(reading("loaded", true, None, None)).unwrap(), "systemctl restart api.service");
        assert_eq!(made(reading("loaded", false, Some("api"), None)).unwrap(), "sudo -n systemctl restart api");
        let refused = made(reading("loaded", false, None, None)).unwrap_err();
        assert!(refused.contains("deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart api.service"), "{refused}");
        assert_eq!(made(reading("not-found", true, None, None)).unwrap_err(), "api.service is not-found there");
        assert_eq!(made(reading("", false, None, Some("systemctl"))).unwrap_err(), "there is no systemctl");
    }
}
