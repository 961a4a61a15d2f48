//! The store under real processes: several that write at once, one that is killed, and a disk that is full.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::domain::audit::{AuditRow, Intent};
use quarterdeck::domain::counter::{Counter, Past, Unit};
use quarterdeck::domain::deployment::DeploymentStatus;
use quarterdeck::domain::event::{Event, EventKind};
use quarterdeck::domain::run::RunRecord;
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
