//! Real hosts: what is shown agrees with what they say when asked by hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::domain::host::Host;
use quarterdeck::domain::service::{Health, HealthCheck, Service, VersionSource};
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::hosts::HostEvent;
use quarterdeck::transport::{Connector, Nobody, SharedTransport};

use crate::support::Fleet;
use crate::world::{Watched, plan, service};

const HOSTS: [&str; 5] = ["web-1", "web-2", "db-1", "bastion-1", "inner-1"];

fn connect(fleet: &Fleet, name: &str) -> SharedTransport {
    let settings = SshSettings { config: Some(fleet.ssh_config()), ..SshSettings::default() };
    Connector::new(settings, vec![], Arc::new(Nobody)).connect(&Host::named(name, "test"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_every_host_has_a_whole_sample_soon_and_it_agrees_with_the_host() {
    let fleet = Fleet::running();
    let began = Instant::now();
    let mut hosts: Vec<Watched> = HOSTS
        .iter()
        .map(|name| {
            let mut plan = plan(1000);
            plan.units = vec!["ssh.service".to_owned(), "nosuch.service".to_owned()];
            Watched::start(connect(&fleet, name), plan)
        })
        .collect();
    let mut samples = Vec::new();
    for host in &mut hosts {
        let whole = |event| match event {
            HostEvent::Sampled(sample) if sample.cpu.is_some() && sample.slow.is_some() => Some(sample),
            _ => None,
        };
        samples.push(host.wait("whole sample", whole).await);
    }
    eprintln!("whole samples of {} hosts after {:?}", HOSTS.len(), began.elapsed());
    for (name, sample) in HOSTS.iter().zip(samples) {
        let slow = sample.slow.unwrap();
        let df = fleet.exec(name, "df -Pk / /srv/data 2>/dev/null || df -Pk /");
        for line in df.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let disk = slow.disks.as_ref().unwrap().iter().find(|disk| disk.mount == words[5]).unwrap();
            assert_eq!(disk.total_bytes, words[1].parse::<u64>().unwrap() * 1024, "{name} {line}");
            let capacity: f64 = words[4].trim_end_matches('%').parse().unwrap();
            assert!((disk.pct - capacity).abs() <= 1.0, "{name}: {} against {line}", disk.pct);
        }
        let total = fleet.exec(name, "grep MemTotal /proc/meminfo");
        let total: u64 = total.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert_eq!(sample.mem.unwrap().total, total * 1024, "{name}");
        let failed = fleet.exec(name, "systemctl list-units --state=failed --no-legend --plain | cut -d' ' -f1");
        assert_eq!(slow.failed_units.unwrap(), failed.split_whitespace().collect::<Vec<_>>(), "{name}");
        let pid = fleet.exec(name, "systemctl show -p MainPID --value ssh.service");
        assert_eq!((slow.units[0].active.as_str(), slow.units[0].sub.as_str()), ("active", "running"));
        assert_eq!(slow.units[0].main_pid, pid.trim().parse().ok(), "{name}");
        assert_eq!(slow.units[1].sub, "not-found");
        assert!(sample.clock_skew_ms.unwrap().abs() < 1000.0, "{name}: one clock for all");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_services_are_asked_from_their_own_host() {
    let fleet = Fleet::running();
    let (timeout, every) = (Duration::from_secs(5), Duration::from_secs(1));
    let ask = |url: &str| HealthCheck { url: url.to_owned(), status: vec![(200, 299)], timeout, every };
    let mut plan = plan(1000);
    plan.services = vec![
        Service {
            unit: Some("myservice.service".to_owned()),
            health: Some(ask("http://127.0.0.1:8000/healthz")),
            version: Some(VersionSource::Url("http://127.0.0.1:8000/version".to_owned())),
            ..service("api")
        },
        Service { health: Some(ask("http://127.0.0.1:1/")), ..service("gone") },
        Service { health: Some(ask("http://127.0.0.1:8000/missing")), ..service("missing") },
    ];
    let mut web = Watched::start(connect(&fleet, "web-1"), plan);
    let expected = fleet.exec("web-1", "cat /var/myservice/current/VERSION");
    let mut left = vec!["api", "gone", "missing"];
    web.wait("every service's state", |event| {
        let HostEvent::Service { service, status, .. } = event else { return None };
        let done = match service.as_str() {
            "api" => {
                status.health == Health::Ok
                    && status.version.as_deref() == Some(expected.trim())
                    && status.unit_state.as_deref() == Some("active")
                    && status.since.is_some()
            }
            "gone" => status.health_detail.as_deref() == Some("connection refused on 127.0.0.1:1"),
            _ => status.health_detail.as_deref() == Some("HTTP 404: no"),
        };
        left.retain(|name| !done || *name != service);
        left.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_processes_are_those_of_the_host() {
    let fleet = Fleet::running();
    let mut web = Watched::start(connect(&fleet, "web-1"), plan(1000));
    web.wait("a sample", |event| matches!(event, HostEvent::Sampled(_)).then_some(())).await;
    web.watch.processes();
    let list =
        web.wait("processes", |event| if let HostEvent::Processes(list) = event { Some(list) } else { None }).await;
    let pid: u32 = fleet.exec("web-1", "systemctl show -p MainPID --value myservice.service").trim().parse().unwrap();
    let app = list.unwrap().into_iter().find(|process| process.pid == pid).expect("the application is listed");
    assert!(app.rss > 1 << 20 && app.age_s.is_some(), "{app:?}");
}
