//! The program's own way to made-up hosts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::demo::world::{HISTORY, World};
use quarterdeck::demo::{Demo, DemoOptions, Scenario, start};
use quarterdeck::domain::log::{Feed, Level, RawLine, Source, SourceEventKind};
use quarterdeck::logs::parse::parse;
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
            Feed::Failed(source, why) => panic!("{source}: {why}"),
            _ => {}
        }
    }
}

#[test]
fn every_line_tells_its_time_and_how_bad_it_is() {
    let start = chrono::DateTime::from_timestamp(1_763_000_000, 0).unwrap();
    let mut world = World::new(1, Scenario::Incident, 5, start);
    let (mut errors, mut formats) = (0, std::collections::BTreeSet::new());
    for second in -HISTORY..200 {
        let at = world.time_of(second);
        for line in world.advance().into_iter().flat_map(|moment| moment.lines) {
            if line.file == "/demo/journal" {
                continue;
            }
            let first = line.text.lines().next().unwrap();
            let now = at.timestamp_nanos_opt().unwrap();
            let parsed = parse(first.as_bytes(), now);
            let told = parsed.time.unwrap_or_else(|| panic!("no time in {first}")).utc();
            assert_eq!(told.timestamp(), at.timestamp(), "{first}");
            let bad = first.contains("KeyError")
                || first.contains("\" 500 ")
                || first.contains("\" 502 ")
                || first.contains(" ERROR:  ");
            assert_eq!(
                parsed.level == Some(Level::Error),
                bad || line.file.ends_with("error.log"),
                "{:?} {first}",
                parsed.level
            );
            errors += u32::from(bad);
            formats.insert((line.file, parsed.format));
            for rest in line.text.lines().skip(1) {
                let rest = parse(rest.as_bytes(), now);
                assert!(rest.continues || rest.time.is_some(), "{}", line.text);
            }
        }
    }
    assert!(errors > 100, "{errors}");
    assert_eq!(formats.len(), 5, "one format a file: {formats:?}");
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
