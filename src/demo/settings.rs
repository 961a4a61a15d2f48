//! The config that a person would have written for the demo's hosts.

use std::path::Path;
use std::time::Duration;

use crate::domain::host::{Host, HostName, TransportChoice};
use crate::domain::log::{SourceKind, SourceSpec};
use crate::domain::service::{HealthCheck, Service, VersionSource};
use crate::domain::settings::{Environment, HostKeyPolicy, ReadOnly, Settings, SshSettings, StatSettings};

use super::world::role::{Role, USER};

/// The environment of every made-up host.
const ENVIRONMENT: &str = "production";

/// Settings for hosts of these names on these ports of 127.0.0.1, reached with this key and this known_hosts file and
/// nothing else of this machine.
pub fn settings(names: &[String], ports: &[u16], identity: &Path, known_hosts: &Path) -> Settings {
    let hosts = names.iter().zip(ports).map(|(name, port)| host(name, *port, identity)).collect();
    Settings {
        fleet: "demo".to_owned(),
        environments: vec![Environment {
            name: ENVIRONMENT.to_owned(),
            careful: true,
            read_only: ReadOnly::UntilArmed,
            arm_for: Duration::from_secs(15 * 60),
            accent: "careful".to_owned(),
        }],
        hosts,
        services: services(names),
        ssh: SshSettings {
            host_keys: HostKeyPolicy::Strict,
            run_ssh_g: false,
            known_hosts: vec![known_hosts.to_owned()],
            use_agent: false,
            ..SshSettings::default()
        },
        // Livelier than on real hosts: there is no line to spare. Not as often as the world moves, which is each second:
        // two looks would now and then find the same figures.
        stats: StatSettings { every: Duration::from_secs(2), slow: Duration::from_secs(10) },
        ..Settings::default()
    }
}

fn host(name: &str, port: u16, identity: &Path) -> Host {
    Host {
        address: Some("127.0.0.1".to_owned()),
        port: Some(port),
        user: Some(USER.to_owned()),
        identity_file: Some(identity.to_owned()),
        transport: TransportChoice::Ssh2,
        tags: vec![Role::of(name).as_str().to_owned()],
        ..Host::named(name, ENVIRONMENT)
    }
}

fn services(names: &[String]) -> Vec<Service> {
    let on = |role: Role| -> Vec<HostName> {
        names.iter().filter(|name| Role::of(name) == role).map(|name| HostName::from(name.as_str())).collect()
    };
    let api = Service {
        critical: true,
        health: Some(HealthCheck {
            url: "http://127.0.0.1:8000/healthz".to_owned(),
            status: vec![(200, 299)],
            timeout: Duration::from_secs(2),
            every: Duration::from_secs(5),
        }),
        version: Some(VersionSource::Url("http://127.0.0.1:8000/version".to_owned())),
        logs: files(&["/var/log/myservice/app.log"]),
        ..service("api", Some("myservice.service"), on(Role::Web))
    };
    let nginx = Service {
        access_log: Some("/var/log/nginx/access.log".to_owned()),
        logs: files(&["/var/log/nginx/access.log", "/var/log/nginx/error.log"]),
        ..service("nginx", Some("nginx.service"), on(Role::Web))
    };
    let postgres = Service {
        critical: true,
        logs: files(&["/var/log/postgresql/*.log"]),
        ..service("postgres", Some("postgresql.service"), on(Role::Db))
    };
    let jobs = Service {
        logs: files(&["/var/log/jobs/jobs.json"]),
        ..service("jobs", Some("jobs.service"), [on(Role::Db), on(Role::Worker)].concat())
    };
    let system = Service {
        logs: vec![SourceSpec { kind: SourceKind::Journal(String::new()), sudo: false }],
        ..service("system", None, names.iter().map(|name| HostName::from(name.as_str())).collect())
    };
    [api, nginx, postgres, jobs, system].into_iter().filter(|service| !service.hosts.is_empty()).collect()
}

fn service(name: &str, unit: Option<&str>, hosts: Vec<HostName>) -> Service {
    Service {
        name: name.to_owned(),
        environment: ENVIRONMENT.to_owned(),
        hosts,
        unit: unit.map(str::to_owned),
        container: None,
        critical: false,
        health: None,
        version: None,
        access_log: None,
        runbook: None,
        logs: Vec::new(),
    }
}

fn files(paths: &[&str]) -> Vec<SourceSpec> {
    paths.iter().map(|path| SourceSpec { kind: SourceKind::File((*path).to_owned()), sudo: false }).collect()
}
