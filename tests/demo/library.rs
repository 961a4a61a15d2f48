//! The program's own way to made-up hosts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::demo::world::{HISTORY, World};
use quarterdeck::demo::{Demo, DemoOptions, Scenario, start};
use quarterdeck::domain::log::{Feed, Level, RawLine, Source, SourceEventKind};
use quarterdeck::domain::sample::{Process, Sample};
use quarterdeck::domain::service::{Health, ServiceOnHost};
use quarterdeck::hosts::watch::{HostEvent, HostPlan, watch};
use quarterdeck::logs::parse::{Parser, TimeField};
use quarterdeck::logs::source::{Start, TailHandle, TailOptions, tail};
use quarterdeck::transport::connector::Connector;
use quarterdeck::transport::{Nobody, SharedTransport};
use tokio::sync::mpsc;

use crate::contract::{soon, up};
use crate::ssh::demo;

fn connect(demo: &Demo) -> Vec<SharedTransport> {
    let connector = Connector::new(demo.settings.ssh.clone(), demo.settings.hosts.clone(), Arc::new(Nobody));
    demo.settings.hosts.iter().map(|host| connector.connect(host)).collect()
}

mod contract {
    use super::*;

    async fn first_of_one() -> (SharedTransport, Demo) {
        let demo = demo(1).await;
        (connect(&demo).remove(0), demo)
    }

    contract!(first_of_one().await;
        output_and_exit_codes argv_is_never_interpreted a_signal_is_not_success fifty_megabytes_arrive_exactly
        both_outputs_at_once stdin_is_the_scripts_own without_stdin_a_script_sees_its_end_at_once
        a_quiet_tail_is_cancelled_at_once what_takes_too_long_is_ended an_unread_stream_stalls_nobody_else
        dropping_the_oldest_is_counted many_at_once more_long_streams_than_a_session_takes
        a_refused_dial_says_so a_dead_link_is_never_success close_ends_everything);
}

/// Tails every source of every service on all of its hosts.
fn tail_all(demo: &Demo, transports: &[SharedTransport], from: Start) -> (Vec<TailHandle>, mpsc::Receiver<Feed>) {
    let (feed, fed) = mpsc::channel(64);
    let mut tails = Vec::new();
    for service in &demo.settings.services {
        for transport in transports.iter().filter(|transport| service.hosts.contains(transport.host())) {
            for spec in &service.logs {
                let options = TailOptions { start: from, ..TailOptions::default() };
                let name = Some(Arc::from(service.name.as_str()));
                tails.push(tail(Arc::clone(transport), name, spec.clone(), options, feed.clone()));
            }
        }
    }
    (tails, fed)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_source_of_every_host_has_a_past_and_goes_on() {
    let demo = demo(3).await;
    let transports = connect(&demo);
    for transport in &transports {
        up(transport).await;
    }
    let (_tails, mut fed) = tail_all(&demo, &transports, Start::Lines(20));
    let mut batches: BTreeMap<String, usize> = BTreeMap::new();
    let quiet = |name: &str| name.contains("journal") || name.ends_with("error.log");
    let alive = |batches: &BTreeMap<String, usize>| {
        // Two hosts of nginx and the api, the database's two logs, three journals.
        batches.iter().filter(|(name, count)| quiet(name) || **count >= 2).count() >= 9
    };
    while !alive(&batches) {
        match soon("more lines", fed.recv()).await.unwrap() {
            Feed::Lines(source, lines) => {
                assert!(lines.iter().all(|line| !line.bytes.is_empty()));
                *batches.entry(source.to_string()).or_default() += 1;
            }
            Feed::Failed(source, why) | Feed::Unreached(source, why) => panic!("{source}: {why}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_can_be_measured_and_its_services_asked() {
    let demo = demo(3).await;
    for transport in connect(&demo) {
        let host = transport.host().clone();
        let services: Vec<_> = demo.settings.services.iter().filter(|s| s.hosts.contains(&host)).cloned().collect();
        let is_web = host.as_str().starts_with("web");
        let plan = HostPlan {
            states: Vec::new(),
            host: host.clone(),
            every: demo.settings.stats.every,
            slow: demo.settings.stats.slow,
            beat: HostPlan::BEAT,
            units: vec![],
            services,
        };
        up(&transport).await;
        let (events, mut news) = mpsc::channel(64);
        let watch = watch(transport, plan, events);
        watch.focus(true);
        watch.processes();
        let (mut sample, mut facts, mut processes, mut api) = (None, None, None, ServiceOnHost::default());
        let whole = |s: &Option<Box<Sample>>| {
            s.as_ref().is_some_and(|s| s.cpu.is_some() && s.slow.is_some() && s.net.is_some())
        };
        let asked = |api: &ServiceOnHost| api.version.is_some() && api.health == Health::Ok && api.unit_state.is_some();
        // Two lists of one moment of the made-up world show no time that went by.
        let measured = |p: &Option<Vec<Process>>| p.as_ref().is_some_and(|p| p.iter().any(|p| p.cpu_pct > Some(0.0)));
        let begun = std::time::Instant::now();
        while !(whole(&sample) && facts.is_some() && measured(&processes) && (!is_web || asked(&api))) {
            let so_far = || format!("{host}: {sample:?}, {facts:?}, {processes:?}, {api:?}");
            assert!(begun.elapsed().as_secs() < 120, "{}", so_far());
            match soon("news of a host", news.recv()).await.unwrap().1 {
                HostEvent::Sampled(now) => sample = Some(now),
                HostEvent::Facts(said) => facts = Some(said),
                HostEvent::Processes(list) => {
                    processes = Some(list.unwrap());
                    // As a cockpit that looks at them does.
                    watch.processes();
                }
                HostEvent::Service { service, status, .. } if service == "api" => api = status,
                _ => {}
            }
        }
        let (sample, facts) = (sample.unwrap(), facts.unwrap());
        let cpu = sample.cpu.as_ref().unwrap();
        assert!((1.0..90.0).contains(&cpu.pct), "{cpu:?}");
        assert_eq!(sample.cores, Some(if is_web { 4 } else { 8 }));
        assert!((20.0..90.0).contains(&sample.mem.unwrap().pct()));
        assert!(sample.psi.cpu_some.is_some() && sample.psi.io_full.is_some() && sample.tcp.is_some(), "{sample:?}");
        assert_eq!(sample.io.len(), 1, "the disk, and no partition of it");
        let slow = sample.slow.unwrap();
        assert_eq!(slow.disks.unwrap().len(), if is_web { 1 } else { 2 });
        assert_eq!(slow.failed_units, Some(vec![]));
        assert!(slow.units.iter().all(|unit| unit.active == "active" && unit.since.is_some()), "{:?}", slow.units);
        assert_eq!(facts.hostname.as_deref(), Some(host.as_str()));
        assert!(facts.os.unwrap().starts_with("Debian"));
        let shares: f64 = processes.unwrap().iter().filter_map(|p| p.cpu_pct).sum();
        assert!((1.0..800.0).contains(&shares), "{shares}");
        if is_web {
            assert_eq!((api.version.as_deref(), api.unit_state.as_deref()), (Some("1.4.2"), Some("active")));
        }
    }
}

#[test]
fn every_line_tells_its_time_and_how_bad_it_is() {
    let start = chrono::DateTime::from_timestamp(1_763_000_000, 0).unwrap();
    let mut world = World::new(1, Scenario::Incident, 5, start);
    let (mut errors, mut formats) = (0, std::collections::BTreeSet::new());
    let mut parsers: std::collections::HashMap<_, Parser> = std::collections::HashMap::new();
    for second in -HISTORY..200 {
        let at = world.time_of(second);
        for line in world.advance().into_iter().flat_map(|moment| moment.lines) {
            if line.file == "/demo/journal" {
                continue;
            }
            let first = line.text.lines().next().unwrap();
            let now = at.timestamp_nanos_opt().unwrap();
            let parser = parsers.entry(line.file).or_default();
            let parsed = parser.line(first.as_bytes(), now);
            let TimeField::At(told) = parsed.time else { panic!("no time in {first}") };
            assert_eq!(told.utc().timestamp(), at.timestamp(), "{first}");
            let bad = first.contains("KeyError")
                || first.contains("\" 500 ")
                || first.contains("\" 502 ")
                || first.contains(" ERROR:  ");
            assert_eq!(
                parsed.level == Some(Level::Error),
                bad || first.contains(" [error] "),
                "{:?} {first}",
                parsed.level
            );
            errors += u32::from(bad);
            formats.insert((line.file, parser.format().as_str()));
            for rest in line.text.lines().skip(1) {
                let said = parser.line(rest.as_bytes(), now);
                assert!(said.continues || matches!(said.time, TimeField::At(_)), "{}", line.text);
            }
        }
    }
    assert!(errors > 100, "{errors}");
    assert_eq!(formats.len(), 6, "one format a file: {formats:?}");
}

/// Lost hosts come back with all that was written meanwhile. The first is lost after half a minute, so this is for the
/// long form of the tests.
#[tokio::test(flavor = "multi_thread")]
async fn lost_hosts_show_in_the_ledger_and_lose_nothing() {
    if std::env::var_os("QD_TEST_LONG").is_none() {
        return;
    }
    let demo = start(DemoOptions { hosts: 2, seed: 1, scenario: Scenario::Lost }).await.unwrap();
    let transports = connect(&demo);
    let (_tails, mut fed) = tail_all(&demo, &transports, Start::All);
    let mut seen: HashMap<Arc<Source>, Vec<RawLine>> = HashMap::new();
    let mut recovered = 0;
    let watch = async {
        while recovered < 6 {
            match fed.recv().await.unwrap() {
                Feed::Lines(source, lines) => seen.entry(source).or_default().extend(lines),
                Feed::Event(_, event) if event.kind == SourceEventKind::Recovered => {
                    assert_eq!(event.lost, Some(0));
                    recovered += 1;
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(180), watch).await.expect("hosts are lost and come back");
    for (source, lines) in seen.iter().filter(|(source, _)| source.name.ends_with("access.log")) {
        let written: usize = lines.iter().map(|line| line.bytes.len() + 1).sum();
        assert!(written > 10_000, "{source} {written}");
        let whole = lines.windows(2).all(|pair| match (pair[0].offset, pair[1].offset) {
            (Some(a), Some(b)) => b == a + pair[0].bytes.len() as u64 + 1 || b == 0,
            _ => false,
        });
        assert!(whole, "{source}: a line is missing or there twice");
    }
}
