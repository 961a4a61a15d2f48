//! `qd services`: what runs where, in which version and how well, as JSON and as a table.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::{Global, Snapshot};
use super::exit::Outcome;
use super::hosts::error;
use super::snapshot::{self, Look};
use super::table::Table;
use crate::domain::deployment::Deployment;
use crate::domain::host::HostName;
use crate::domain::service::{Health, Service, ServiceOnHost};
use crate::domain::text::one_line;
use crate::runtime::survey::Survey;
use crate::ui::format::age;

/// How much of a reason a table row has room for, in characters.
const DETAIL: usize = 80;

/// Runs the command.
pub async fn run(global: &Global, args: Snapshot) -> Outcome {
    snapshot::print(global, args, true, text, json).await
}

/// A service and what is known of it per host; a host that is missing said nothing yet.
pub(super) type Row = (Service, BTreeMap<HostName, ServiceOnHost>);

/// A service's hosts in config order, with what is known.
pub(super) fn hosts((service, on): &Row) -> impl Iterator<Item = (&HostName, Option<&ServiceOnHost>)> {
    service.hosts.iter().map(|host| (host, on.get(host)))
}

/// The document of `qd services --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServicesJson {
    services: Vec<ServiceJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ServiceJson {
    name: String,
    environment: String,
    hosts: Vec<OnHostJson>,
    versions: BTreeMap<String, Vec<String>>,
    /// Of it in its environment, where that is known.
    last_deploy: Option<Deployment>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct OnHostJson {
    host: String,
    unit_state: Option<String>,
    sub_state: Option<String>,
    restarts: Option<u64>,
    since: Option<DateTime<Utc>>,
    version: Option<String>,
    health: &'static str,
    health_detail: Option<String>,
}

/// The JSON document.
pub fn json(look: Look<'_>) -> ServicesJson {
    ServicesJson { services: look.survey.services.iter().map(|row| service_json(row, look)).collect() }
}

fn service_json(row: &Row, look: Look<'_>) -> ServiceJson {
    let service = &row.0;
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (host, on) in hosts(row) {
        if let Some(version) = on.and_then(|on| on.version.clone()) {
            versions.entry(version).or_default().push(host.to_string());
        }
    }
    ServiceJson {
        name: service.name.clone(),
        environment: service.environment.clone(),
        hosts: hosts(row).map(|(host, on)| on_host_json(host, on, look.survey)).collect(),
        versions,
        last_deploy: look
            .deployments
            .iter()
            .filter(|one| one.service == service.name && one.environment == service.environment)
            // One that waits was not deployed yet.
            .find(|one| one.started.is_some())
            .cloned(),
    }
}

/// Why a service's health is what it is: its own word, else what keeps its host from being asked.
fn detail(host: &HostName, on: &ServiceOnHost, survey: &Survey) -> Option<String> {
    let report = || survey.hosts.iter().find(|report| report.host.name == *host);
    on.health_detail.clone().or_else(|| report().and_then(error).filter(|_| on.health == Health::Unknown))
}

fn on_host_json(host: &HostName, on: Option<&ServiceOnHost>, survey: &Survey) -> OnHostJson {
    let on = on.cloned().unwrap_or_default();
    let health_detail = detail(host, &on, survey);
    OnHostJson {
        host: host.to_string(),
        unit_state: on.unit_state,
        sub_state: on.sub_state,
        restarts: on.restarts,
        since: on.since,
        version: on.version,
        health: on.health.as_str(),
        health_detail,
    }
}

/// The table for people: a row a service and host.
pub fn text(look: Look<'_>) -> String {
    let mut table =
        Table::new(&["service", "environment", "host", "unit", "version", "health", ">restarts", ">since", ""])
            .colored(look.colored);
    for row in &look.survey.services {
        for (host, on) in hosts(row) {
            let on = on.cloned().unwrap_or_default();
            let why = detail(host, &on, look.survey).unwrap_or_default();
            let dash = |text: Option<String>| text.unwrap_or_else(|| "—".to_owned());
            let unit = match (&on.unit_state, &on.sub_state) {
                (Some(active), Some(sub)) => Some(format!("{active} ({sub})")),
                (active, _) => active.clone(),
            };
            table.row([
                row.0.name.clone(),
                row.0.environment.clone(),
                host.to_string(),
                dash(unit),
                dash(on.version),
                if on.health == Health::Unknown { dash(None) } else { on.health.as_str().to_owned() },
                dash(on.restarts.map(|restarts| restarts.to_string())),
                dash(on.since.map(|since| age((look.now - since).to_std().unwrap_or_default()))),
                one_line(&why, DETAIL),
            ]);
        }
    }
    table.render_or("no services")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::hosts::tests::{now, shown};
    use super::*;

    pub(in crate::cli) fn service(name: &str, hosts: &[&str], critical: bool) -> Service {
        Service {
            name: name.to_owned(),
            environment: "production".to_owned(),
            hosts: hosts.iter().map(|host| HostName::from(*host)).collect(),
            unit: Some(format!("{name}.service")),
            container: None,
            critical,
            health: None,
            version: None,
            access_log: None,
            runbook: None,
            logs: vec![],
        }
    }

    pub(in crate::cli) fn on(version: &str, health: Health, detail: Option<&str>) -> ServiceOnHost {
        ServiceOnHost {
            unit_state: Some("active".to_owned()),
            sub_state: Some("running".to_owned()),
            restarts: Some(0),
            since: DateTime::from_timestamp(1_795_222_800, 0),
            version: Some(version.to_owned()),
            health,
            health_detail: detail.map(str::to_owned),
            heard: Some(now()),
        }
    }

    fn survey() -> Survey {
        let on = BTreeMap::from([
            ("web-1".into(), on("1.4.3", Health::Ok, None)),
            ("web-2".into(), on("1.4.2", Health::Failing, Some("HTTP 500: database gone"))),
        ]);
        Survey { hosts: vec![], services: vec![(service("api", &["web-2", "web-1", "web-3"], true), on)] }
    }

    #[test]
    fn the_document_has_every_key_and_unknown_is_null() {
        let since = "2026-11-21T01:00:00Z";
        assert_eq!(
            serde_json::to_value(shown(&survey(), json)).unwrap(),
            json!({"services": [{
                "name": "api", "environment": "production",
                "hosts": [
                    {"host": "web-2", "unit_state": "active", "sub_state": "running", "restarts": 0, "since": since,
                     "version": "1.4.2", "health": "failing", "health_detail": "HTTP 500: database gone"},
                    {"host": "web-1", "unit_state": "active", "sub_state": "running", "restarts": 0, "since": since,
                     "version": "1.4.3", "health": "ok", "health_detail": null},
                    {"host": "web-3", "unit_state": null, "sub_state": null, "restarts": null, "since": null,
                     "version": null, "health": "unknown", "health_detail": null}
                ],
                "versions": {"1.4.2": ["web-2"], "1.4.3": ["web-1"]},
                "last_deploy": null
            }]})
        );
    }

    #[test]
    fn the_table_has_a_row_a_host() {
        assert_eq!(
            shown(&survey(), text),
            "service  environment  host   unit              version  health   restarts  since\n\
             api      production   web-2  active (running)  1.4.2    failing         0     2h  HTTP 500: database gone\n\
             api      production   web-1  active (running)  1.4.3    ok              0     2h\n\
             api      production   web-3  —                 —        —               —      —\n"
        );
    }
}
