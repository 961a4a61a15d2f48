//! `qd services`: every service with its state, health and version on each host.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::args::{Global, Snapshot};
use super::exit::Outcome;
use super::hosts::rfc3339;
use super::snapshot;
use crate::domain::host::HostName;
use crate::domain::service::{Health, Service, ServiceOnHost};
use crate::runtime::survey::Survey;

/// Runs the command.
pub async fn run(global: &Global, args: Snapshot) -> Outcome {
    snapshot::print(global, args, true, text, json_of).await
}

type Row = (Service, BTreeMap<HostName, ServiceOnHost>);

fn json_of(survey: &Survey) -> Value {
    json!({ "services": survey.services.iter().map(service).collect::<Vec<_>>() })
}

fn service((service, on): &Row) -> Value {
    let unknown = ServiceOnHost::default();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let hosts: Vec<Value> = service
        .hosts
        .iter()
        .map(|host| {
            let status = on.get(host).unwrap_or(&unknown);
            if let Some(version) = &status.version {
                versions.entry(version).or_default().push(host.as_str());
            }
            json!({
                "host": host.as_str(),
                "unit_state": status.unit_state,
                "sub_state": status.sub_state,
                "restarts": status.restarts,
                "since": status.since.map(rfc3339),
                "version": status.version,
                "health": status.health.as_str(),
            })
        })
        .collect();
    json!({
        "name": service.name,
        "environment": service.environment,
        "hosts": hosts,
        "versions": versions,
        // Deploy history is not known yet.
        "last_deploy": Value::Null,
    })
}

fn text(survey: &Survey) -> String {
    let mut out = format!("{:<16} {:<16} {:<8} {:<10} {:<12} detail\n", "service", "host", "health", "unit", "version");
    for (service, on) in &survey.services {
        for host in &service.hosts {
            let unknown = ServiceOnHost::default();
            let status = on.get(host).unwrap_or(&unknown);
            let detail =
                if status.health == Health::Failing { status.health_detail.as_deref().unwrap_or("") } else { "" };
            let line = format!(
                "{:<16} {:<16} {:<8} {:<10} {:<12} {detail}",
                service.name,
                host,
                status.health.as_str(),
                status.unit_state.as_deref().unwrap_or("—"),
                status.version.as_deref().unwrap_or("—"),
            );
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}
