//! The store under real processes: several that write at once, one that is killed, and a disk that is full.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::actions::record::{Doing, Recorder};
use quarterdeck::domain::action::Level;
use quarterdeck::domain::alert::{Alert, AlertState, Severity};
use quarterdeck::domain::audit::{AuditRow, HostEnding, Intent, Verdict};
use quarterdeck::domain::confirm::{Demand, Said, Typed, approve};
use quarterdeck::domain::counter::{Counter, Past, Unit};
use quarterdeck::domain::deployment::DeploymentStatus;
use quarterdeck::domain::event::{Event, EventKind};
use quarterdeck::domain::host::HostName;
use quarterdeck::domain::run::RunRecord;
use quarterdeck::domain::sample::{Sample, Slow};
use quarterdeck::domain::service::ServiceOnHost;
use quarterdeck::domain::settings::StoreSettings;
use quarterdeck::hosts::watch::HostEvent;
use quarterdeck::runtime::chronicler::Chronicler;
use quarterdeck::runtime::history::History;
use quarterdeck::store::{AuditLog, CountersOf, Store, StoreError};

/// What makes this binary a writer: the folder of the store.
const FOLDER: &str = "QD_STORE_TEST_FOLDER";

fn row(id: String) -> AuditRow {
    AuditRow::Begin(Intent {
        id,
        time: Utc::now(),
        who: "ada".to_owned(),
        from: "laptop".to_owned(),
        environment: "production".to_owned(),
        service: Some("api".to_owned()),
        hosts: vec!["web-1".to_owned()],
        action: "restart".to_owned(),
        level: 2,
        plan: "0".repeat(64),
        commands: vec![vec!["systemctl".to_owned(), "x".repeat(500)]],
        reason: None,
    })
}

fn run(id: String) -> RunRecord {
    let now = Utc::now();
    RunRecord {
        id,
        fleet: "acme".to_owned(),
        action: "deploy".to_owned(),
        service: None,
        environment: "production".to_owned(),
        from: None,
        to: None,
        by: "ada".to_owned(),
        machine: "laptop".to_owned(),
        began: now,
        updated: now,
        ended: None,
        status: DeploymentStatus::Running,
        detail: Some("x".repeat(200)),
        hosts: Vec::new(),
        job: None,
    }
}

fn event(key: String) -> Event {
    let (fleet, text) = ("acme".to_owned(), "y".repeat(200));
    Event { fleet, key, time: Utc::now(), kind: EventKind::Restart, service: None, environment: None, host: None, text }
}

fn figures_of(id: &str) -> CountersOf {
    CountersOf { fleet: "acme".to_owned(), account: id.to_owned() }
}

fn counter(figure: i64) -> Counter {
    let source = String::new();
    let (title, definition, unit, window, previous, past) = ("", "", Unit::Count, None, None, Past::default());
    Counter { name: "customers", title, definition, source, unit, window, figure: Some(figure), previous, past }
}

/// Writes one of everything under an id.
async fn write(store: &Store, id: &str) -> Result<(), StoreError> {
    store.append(row(id.to_owned())).await?;
    store.save_run(run(id.to_owned())).await?;
    store.record(event(id.to_owned())).await?;
    store.keep_counters(figures_of(id), Utc::now(), vec![counter(7)]).await
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Not a test of its own: the writing process of the others. Says each id once it is acknowledged, and stops at the
/// first error.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    block(async {
        let store = match Store::open(Path::new(&folder)).await {
            Ok(store) => store,
            Err(error) => return println!("\nerror {error}"),
        };
        for n in 0..3_000 {
            let id = format!("{}-{n}", std::process::id());
            match write(&store, &id).await {
                Ok(()) => println!("\nacked {id}"),
                Err(error) => return println!("\nerror {error}"),
            }
        }
    });
}

/// Starts a writer, through `sh` with some words before it.
fn start(folder: &Path, before: &str) -> Child {
    let script = format!("{before}\nexec \"$0\" --exact writer --nocapture");
    Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The next lines of a writer, up to `most` acknowledged ids, or its error.
fn read(out: &mut impl BufRead, most: usize) -> (Vec<String>, Option<String>) {
    let mut acked = Vec::new();
    for line in out.lines() {
        let line = line.unwrap();
        if let Some(id) = line.strip_prefix("acked ") {
            acked.push(id.to_owned());
        } else if let Some(error) = line.strip_prefix("error ") {
            return (acked, Some(error.to_owned()));
        }
        if acked.len() == most {
            break;
        }
    }
    (acked, None)
}

/// The ids of which everything is in the store, and of which anything is. The chain holds.
fn kept(folder: &Path) -> (HashSet<String>, HashSet<String>) {
    block(async {
        let store = Store::open(folder).await.unwrap();
        let AuditLog { rows, chain } = store.audit().await.unwrap();
        assert_eq!(chain, Ok(()));
        let audited: HashSet<String> = rows
            .into_iter()
            .map(|row| match row {
                AuditRow::Begin(intent) => intent.id,
                AuditRow::End(ending) => ending.id,
            })
            .collect();
        let (since, until) = (DateTime::UNIX_EPOCH, Utc::now() + TimeDelta::days(1));
        let runs = store.runs("acme", since).await.unwrap().into_iter().map(|run| run.id).collect::<HashSet<_>>();
        let events = store.events("acme", since, until, 100_000).await.unwrap();
        let events = events.into_iter().map(|event| event.key).collect::<HashSet<_>>();
        let mut whole = HashSet::new();
        for id in &audited {
            let figures = store.counters(figures_of(id), since, until, TimeDelta::days(1)).await.unwrap();
            if runs.contains(id) && events.contains(id) && figures.iter().any(|figure| figure.figure == 7) {
                whole.insert(id.clone());
            }
        }
        (whole, audited)
    })
}

#[test]
fn two_processes_and_one_that_is_killed_lose_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    // Both make the file and its layout at the same moment.
    let mut writers = [start(folder.path(), ""), start(folder.path(), "")];
    let mut outs = writers.each_mut().map(|writer| BufReader::new(writer.stdout.take().unwrap()));
    let mut acked: Vec<String> = Vec::new();
    for out in &mut outs {
        let (ids, error) = read(out, 40);
        assert_eq!((ids.len(), error), (40, None));
        acked.extend(ids);
    }
    // SIGKILL, at whatever it is doing; what it said before it died was on the disk.
    writers[0].kill().unwrap();
    writers[0].wait().unwrap();
    acked.extend(read(&mut outs[0], usize::MAX).0);
    let (more, error) = read(&mut outs[1], 40);
    assert_eq!((more.len(), error), (40, None), "the other goes on");
    acked.extend(more);
    writers[1].kill().unwrap();
    writers[1].wait().unwrap();
    let (whole, begun) = kept(folder.path());
    let lost: Vec<_> = acked.iter().filter(|id| !whole.contains(*id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    // Only what was being written when a writer died may be there unacknowledged.
    assert!(begun.len() <= acked.len() + 2 + read(&mut outs[1], usize::MAX).0.len());
}

#[test]
fn a_file_that_cannot_grow_is_an_error_that_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    // A limit on the size of files stands for the full disk: the kernel refuses the write in the same place.
    let mut writer = start(folder.path(), "trap '' XFSZ; ulimit -f 600");
    let (acked, error) = read(&mut BufReader::new(writer.stdout.take().unwrap()), usize::MAX);
    writer.wait().unwrap();
    let error = error.expect("the writer meets the limit");
    assert!(error.contains("quarterdeck.sqlite3"), "{error}");
    assert!(!acked.is_empty(), "{error}");
    let (whole, begun) = kept(folder.path());
    assert!(acked.iter().all(|id| whole.contains(id)));
    assert_eq!(whole.len(), acked.len(), "what was refused is not there");
    assert!(begun.len() <= acked.len() + 1);
    // With room again it goes on.
    block(async { write(&Store::open(folder.path()).await.unwrap(), "after").await.unwrap() });
    assert!(kept(folder.path()).0.contains("after"));
}

#[test]
fn of_several_stores_on_a_file_that_see_an_event_one_is_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let firsts = block(async {
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(Store::open(folder.path()).await.unwrap());
        }
        let mut firsts = 0;
        for n in 0..10 {
            let seen = stores.iter().map(|store| store.record(event(n.to_string())));
            firsts +=
                futures_util::future::join_all(seen).await.into_iter().filter(|first| *first.as_ref().unwrap()).count();
        }
        firsts
    });
    assert_eq!(firsts, 10);
}

/// The events of acme, oldest first: when, what and its text.
async fn events(store: &Store) -> Vec<(i64, EventKind, String)> {
    let all = store.events("acme", DateTime::UNIX_EPOCH, Utc::now() + TimeDelta::days(1), 1000).await.unwrap();
    all.into_iter().map(|event| (event.time.timestamp(), event.kind, event.text)).collect()
}

fn second(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn serving(version: &str, since: i64, heard: i64) -> HostEvent {
    let (version, since, heard) = (Some(version.to_owned()), Some(second(since)), Some(second(heard)));
    let status = ServiceOnHost { version, since, heard, ..ServiceOnHost::default() };
    HostEvent::Service { service: "api".to_owned(), environment: "production".to_owned(), status }
}

fn units(at: i64) -> HostEvent {
    let slow = Some(Slow { at: second(at), ..Slow::default() });
    HostEvent::Sampled(Box::new(Sample { slow, ..Sample::default() }))
}

/// Waits until so many events are kept, and says them; fails when there are others after a while.
async fn kept_of(store: &Store, wanted: &[(i64, EventKind, &str)]) {
    let wanted: Vec<_> = wanted.iter().map(|(at, kind, text)| (*at, *kind, (*text).to_owned())).collect();
    for _ in 0..3000 {
        if events(store).await == wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(events(store).await, wanted);
}

#[tokio::test]
async fn starts_and_versions_are_kept_once_over_several_cockpits_and_dated_by_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let open = async || {
        let store = Store::open(folder.path()).await.unwrap();
        Chronicler::start(History::new(store, "acme", StoreSettings::default()))
    };
    let host = HostName::from("web-1");
    let started = |at| (at, EventKind::Restart, "api was started on web-1");
    let (one, two) = (open().await, open().await);
    for cockpit in [&one, &two] {
        // The version is heard before the unit: it waits, and is the first known, which is no change.
        cockpit.hear(&host, &serving("1.4", 100, 200));
        cockpit.hear(&host, &units(201));
        cockpit.hear(&host, &serving("1.4", 100, 202));
    }
    kept_of(&store, &[started(100)]).await;
    for cockpit in [&two, &one] {
        cockpit.hear(&host, &serving("1.5", 300, 310));
    }
    let changed = (300, EventKind::Version, "api 1.4 → 1.5 on web-1");
    kept_of(&store, &[started(100), started(300), changed]).await;
    // A cockpit that lags behind has nothing to add.
    two.hear(&host, &serving("1.4", 300, 305));
    drop((one, two));
    // While none runs it is deployed anew and started.
    let later = open().await;
    later.hear(&host, &serving("1.6", 5000, 9000));
    later.hear(&host, &units(9001));
    later.hear(&host, &serving("1.6", 5000, 9002));
    let since = (5000, EventKind::Version, "api 1.5 → 1.6 on web-1");
    kept_of(&store, &[started(100), started(300), changed, started(5000), since]).await;
}

#[tokio::test]
async fn what_is_done_is_an_event_and_so_is_that_it_failed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let (who, from, fleet) = ("ada".to_owned(), "laptop".to_owned(), "acme".to_owned());
    let recorder = Recorder { store: Ok(store.clone()), who, from, fleet };
    let doing = |action: &str| Doing {
        environment: "production".to_owned(),
        service: Some("api".to_owned()),
        hosts: vec!["web-1".to_owned(), "web-2".to_owned()],
        action: action.to_owned(),
        plan: "0".repeat(64),
        commands: vec![],
    };
    let demand = Demand::of(Level::One, Typed::exactly("api".to_owned()), "production/api".to_owned(), None);
    let approval = approve(&"0".repeat(64), &demand, Said::Typed("y"), None).unwrap();
    for (action, result) in [("restart", Verdict::Ok), ("stop", Verdict::Failed), ("deploy", Verdict::Ok)] {
        let (begun, written) = recorder.begin(doing(action), &approval).await;
        written.unwrap();
        let ending = HostEnding { host: "web-1".to_owned(), result, rc: None, ms: 1, detail: None };
        recorder.end(begun, vec![ending]).await.1.unwrap();
    }
    let texts: Vec<_> = events(&store).await.into_iter().map(|(_, kind, text)| (kind, text)).collect();
    let action = |text: &str| (EventKind::Action, text.to_owned());
    let wanted = [
        action("restart api on web-1, web-2 · ada"),
        action("stop api on web-1, web-2 · ada"),
        action("stop api on web-1, web-2 · ada: failed"),
    ];
    assert_eq!(texts, wanted, "deploys have events of their own");
}

#[tokio::test]
async fn alerts_whose_end_nobody_told_are_known_to_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || History::new(Store::open(folder.path()).await.unwrap(), "acme", StoreSettings::default());
    let alert = |id: &str, source: &str, state| Alert {
        state,
        service: Some("api".to_owned()),
        environment: Some("production".to_owned()),
        since: Some(second(100)),
        ended: (state == AlertState::Resolved).then(|| second(200)),
        ..Alert::firing(
            format!("{source}:certificate:{id}"),
            "certificate",
            source,
            Severity::Ticket,
            format!("certificate {id}"),
        )
    };
    let (one, two) = (alert("1", "statuscake", AlertState::Firing), alert("2", "statuscake", AlertState::Firing));
    let other = alert("3", "gitlab", AlertState::Firing);
    let news = open().await.turns(&[&one, &two, &other], Utc::now()).await.unwrap();
    assert_eq!(news, [true, true, true]);
    let over = alert("2", "statuscake", AlertState::Resolved);
    assert_eq!(open().await.turns(&[&over, &one], Utc::now()).await.unwrap(), [true, false]);
    let next = open().await;
    assert_eq!(next.standing_alerts("statuscake").await.unwrap(), std::slice::from_ref(&one));
    let over = Alert { state: AlertState::Resolved, ..one };
    assert_eq!(next.turns(&[&over], Utc::now()).await.unwrap(), [true], "its end is told, and once");
    assert_eq!(open().await.turns(&[&over], Utc::now()).await.unwrap(), [false]);
    assert_eq!(open().await.standing_alerts("statuscake").await.unwrap(), []);
}
