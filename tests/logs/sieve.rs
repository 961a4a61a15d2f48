//! A filter that runs on the host: what comes is what would have come without, in far fewer bytes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarterdeck::domain::log::{Feed, SourceEvent, SourceEventKind, SourceKind, SourceSpec};
use quarterdeck::domain::log_view::Sought;
use quarterdeck::domain::query::{Query, regex};
use quarterdeck::logs::record::{Ingest, Record};
use quarterdeck::logs::sieve::Sieve;
use quarterdeck::logs::source::{Sieving, Start, TailOptions, tail};
use quarterdeck::transport::{ExecSpec, Exit, SharedTransport};
use tokio::sync::mpsc;

use crate::exact::{Seen, file, fleet_host, local};
use crate::files::{append, docker_entries};
use crate::support::Fleet;

/// What is wanted of a source once through, as `qd logs` would print it: line, time and where from, level, continuation.
async fn wanted(
    host: SharedTransport,
    spec: SourceSpec,
    start: Start,
    pattern: &str,
    on_host: bool,
) -> (Vec<String>, Option<SourceEvent>) {
    let sieve = Sieve::any_of(&[pattern.to_owned()]).filter(|_| on_host).map(Arc::new);
    let options = TailOptions { start, follow: false, sieve, ..TailOptions::default() };
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(host, None, spec, options, sender);
    let (mut ingest, mut rows, mut told) = (Ingest::default(), Vec::new(), None);
    let (regex, now) = (regex(pattern).unwrap(), Utc::now());
    while let Some(feed) = feed.recv().await {
        match feed {
            Feed::Lines(source, lines) => {
                let id = ingest.number(&source);
                let records = lines.into_iter().filter_map(|line| ingest.line(id, line, now)).map(|(record, _)| record);
                rows.extend(records.filter(|record| regex.is_match(record.line().unwrap())).map(|record| row(&record)));
            }
            Feed::Event(_, event) if event.kind == SourceEventKind::Filtered => told = Some(event),
            Feed::Failed(_, why) | Feed::Unreached(_, why) => panic!("{why}"),
            Feed::Finished(_) => break,
            _ => {}
        }
    }
    (rows, told)
}

fn row(record: &Record) -> String {
    let line = String::from_utf8_lossy(record.line().unwrap());
    let time = match record.time_from.as_str() {
        "arrival" => "now".to_owned(),
        _ => record.time.to_string(),
    };
    format!("{time} {} {:?} {} {line}", record.time_from.as_str(), record.level, record.continues)
}

/// So many events of a service, from a number on: some with traces, some with bytes of every kind.
pub fn events(from: usize, count: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let begin = Utc::now() - TimeDelta::hours(20);
    for n in from..from + count {
        let at = (begin + TimeDelta::milliseconds(n as i64 * 500)).format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let mut event = format!("ts={at} level=info seq={n} msg=\"request handled\" path=/api/{}", n % 977);
        match n {
            _ if n % 1013 == 0 => {
                let _ = write!(
                    event,
                    "\nTraceback (most recent call last):\n  File \"a.py\", line {n}, in x\n    cart[{n}]\nKeyError: 'cart'"
                );
            }
            _ if n % 1511 == 0 => event.push_str(" user=needle"),
            _ if n % 2003 == 0 => event.push_str(" needle\r"),
            _ => {}
        }
        text.extend_from_slice(event.as_bytes());
        if n % 1709 == 0 {
            text.extend_from_slice(b" \0\xff needle");
        }
        text.push(b'\n');
    }
    text
}

/// The same with and without; how many lines, and how many bytes were sent of how many.
async fn same(path: &Path, start: Start, pattern: &str) -> (usize, Option<u64>) {
    let (plain, nothing) = wanted(local(), file(path), start, pattern, false).await;
    let (sieved, told) = wanted(local(), file(path), start, pattern, true).await;
    assert_eq!(nothing, None);
    assert_eq!(plain.len(), sieved.len(), "{pattern}");
    for (with, without) in sieved.iter().zip(&plain) {
        assert_eq!(with, without, "{pattern}");
    }
    (plain.len(), told.and_then(|told| told.bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_looks_for_is_what_would_have_been_found_here() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&folder.path().join("x.log.2"), &events(0, 20_000));
    assert!(std::process::Command::new("gzip").arg(folder.path().join("x.log.2")).status().unwrap().success());
    append(&folder.path().join("x.log.1"), &events(20_000, 20_000));
    append(&log, &events(40_000, 20_000));
    append(&log, b"ts=2026-11-21T00:00:00Z level=info needle without an end");
    let size = fs::metadata(&log).unwrap().len();
    let long_ago = Start::Since(Utc::now() - TimeDelta::days(2));
    for (start, pattern, found, most) in [
        (Start::All, "needle", 36, size / 20),
        (Start::All, "needle$", 35, size / 20),
        (long_ago, "user=needle", 39, size / 10),
        // Lines that are only understood with their events.
        (long_ago, "KeyError: 'cart'", 60, size),
        (long_ago, r"cart\[\d+\]", 60, size),
        // Every line, so that nothing is saved.
        (Start::All, "level=info", 20_001, 2 * size),
        (Start::All, "nowhere to be found", 0, size / 20),
    ] {
        let (lines, sent) = same(&log, start, pattern).await;
        assert_eq!(lines, found, "{pattern}");
        assert!(sent.is_some_and(|sent| sent < most), "{pattern}: {sent:?} of {size}");
    }
    let (_, told) = same(&log, Start::All, r"\d\d\d").await;
    assert_eq!(told, None, "there is nothing to look for in that");
    let (_, told) = same(&log, Start::Lines(500), "needle").await;
    assert_eq!(told, None, "few lines are sent sooner than looked through");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_without_times_come_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let plain: String = (0..40_000)
        .map(|n| format!("line {n} of a plain log{}\n", if n % 999 == 0 { " needle" } else { "" }))
        .collect();
    append(&log, plain.as_bytes());
    let (lines, sent) = same(&log, Start::All, "needle").await;
    assert_eq!(lines, 41);
    assert!(sent.is_some_and(|sent| sent >= plain.len() as u64 * 9 / 10), "{sent:?}");
    // A line that is longer than is kept of one.
    let mut long = events(0, 5000);
    long.extend_from_slice(b"ts=2026-11-21T00:00:00Z level=warn needle ");
    long.extend(std::iter::repeat_n(b'x', 100 << 10));
    long.push(b'\n');
    long.extend_from_slice(&events(5000, 5000));
    let log = folder.path().join("y.log");
    append(&log, &long);
    assert!(same(&log, Start::All, "needle").await.0 > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_gives_what_it_has_and_no_torn_line() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&folder.path().join("x.log.1"), &events(0, 40_000));
    assert!(std::process::Command::new("gzip").arg(folder.path().join("x.log.1")).status().unwrap().success());
    let packed = folder.path().join("x.log.1.gz");
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    append(&log, b"ts=2026-11-21T00:00:00Z level=info seq=1 msg=live\n");
    let start = Start::Since(Utc::now() - TimeDelta::days(2));
    for pattern in ["needle", "request handled"] {
        let (lines, _) = same(&log, start, pattern).await;
        assert!(lines > 5, "{pattern}: {lines}");
    }
}

#[tokio::test]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_filter_on_the_host_finds_what_is_found_here() {
    let fleet = Fleet::running();
    let path = "/tmp/qd-sieve.log";
    let make = format!(
        "seq 1 60000 | sed 's/^/ts=2026-11-20T10:00:00.5Z level=info seq=/; 0~997s/$/ status=502 needle/' >{path}; \
         seq 1 9 | sed 's/^/  at frame /' >>{path}; chmod 644 {path}"
    );
    let remove = format!("rm -f {path}");
    let _there = fleet.during(&["exec", "web-1", &make], &["exec", "web-1", &remove]);
    for pattern in ["needle", "status=50[24]", "frame 7", "seq=1.*needle"] {
        let spec = || SourceSpec { kind: SourceKind::File(path.to_owned()), sudo: false };
        let (plain, _) = wanted(fleet_host(&fleet, "web-1"), spec(), Start::All, pattern, false).await;
        let (sieved, told) = wanted(fleet_host(&fleet, "web-1"), spec(), Start::All, pattern, true).await;
        assert!(!plain.is_empty() && plain == sieved, "{pattern}: {} and {}", plain.len(), sieved.len());
        let sent = told.and_then(|told| told.bytes);
        assert!(sent.is_some_and(|sent| sent < 100_000), "{pattern}: {sent:?}");
    }
}

#[tokio::test]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_journal_is_filtered_by_its_host_as_it_would_be_here() {
    let fleet = Fleet::running();
    let host = fleet_host(&fleet, "web-1");
    // A trace, of which each line is an entry of its own.
    let write = "{ seq 1 300 | sed 's/^/qd line /'; printf '%s\\n' 'Traceback (most recent call last):' \
        '  File \"a.py\", line 7, in qd' \"KeyError: 'qd'\"; seq 301 400 | sed 's/^/qd line /'; } | systemd-cat -t qd\n";
    host.link().wait_for(|link| link.is_up()).await.expect("it is kept");
    let spec = ExecSpec::script(write.to_owned(), std::time::Duration::from_secs(20));
    assert_eq!(host.exec(spec).collect(1 << 10).await.exit, Exit::Code(0));
    let long_ago = Start::Since(Utc::now() - TimeDelta::days(2));
    for (unit, start, pattern, least, saves) in [
        ("myservice.service", long_ago, "Start(ing|ed) ", 2, true),
        ("myservice.service", Start::All, "level=info", 256, false),
        ("", long_ago, "qd line [0-9]*7$", 40, true),
        ("", long_ago, "KeyError: 'qd'", 1, true),
        ("", Start::All, "line 7, in qd", 1, true),
        ("", long_ago, "nowhere to be found", 0, true),
        // Of what was just said little is sent as it is.
        ("", Start::Since(Utc::now() + TimeDelta::hours(1)), "qd line", 0, false),
    ] {
        let spec = || SourceSpec { kind: SourceKind::Journal(unit.to_owned()), sudo: false };
        let (plain, nothing) = wanted(host.clone(), spec(), start, pattern, false).await;
        let (sieved, told) = wanted(host.clone(), spec(), start, pattern, true).await;
        assert!(nothing.is_none() && plain.len() >= least, "{pattern}: {}", plain.len());
        // More may be said meanwhile.
        assert!(sieved.len() >= plain.len(), "{pattern}: {} of {}", sieved.len(), plain.len());
        for (sieved, plain) in sieved.iter().zip(&plain) {
            assert_eq!(sieved, plain, "{unit} {pattern}");
        }
        // The first entries come as they are; of the rest little does.
        let sent = told.and_then(|told| told.bytes);
        assert!(!saves || sent.is_some_and(|sent| sent < 1_200_000), "{pattern}: {sent:?}");
    }
}

/// The lines of the events that are wanted.
pub fn events_with(text: &str, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut event: Vec<String> = Vec::new();
    for line in text.lines().chain(["ts=end"]) {
        if line.starts_with("ts=") {
            let taken = std::mem::take(&mut event);
            if wanted(&taken) {
                found.extend(taken);
            }
        }
        event.push(line.to_owned());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_events_of_before_are_found_by_the_host_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let all = [events(0, 20_000), events(20_000, 20_000)];
    append(&folder.path().join("x.log.1"), &all[0]);
    assert!(std::process::Command::new("gzip").arg(folder.path().join("x.log.1")).status().unwrap().success());
    append(&log, &all[1]);
    let all = String::from_utf8_lossy(&all.concat()).into_owned();
    let last = all.lines().count() - 100;
    let before: String = all.lines().take(last).map(|line| format!("{line}\n")).collect();
    let options = TailOptions { start: Start::Lines(100), ..crate::exact::from_the_beginning() };
    for needle in ["user=needle", "KeyError: 'cart'", "line 5065, in x"] {
        let (sender, mut feed) = mpsc::channel(64);
        let tail = tail(local(), None, file(&log), options.clone(), sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 100).await;
        let sought = Sought { query: Query::text(&regex_escaped(needle)), search: None };
        let sieving = |afresh| Sieving::new(sought.clone(), afresh).unwrap();
        let expected = events_with(&before, |event| event.iter().any(|line| line.contains(needle)));
        let (mut looked, mut sent, mut lines) = (0, 0, 0);
        for round in 0.. {
            let brought = tail.sieved(1 << 20, 1000, sieving(round == 0)).await;
            assert_eq!(brought.failed, Vec::<String>::new());
            let through = brought.through().unwrap_or_default();
            (looked, sent, lines) = (looked + through.bytes, sent + through.sent, lines + brought.lines);
            if brought.begun == 1 {
                assert!(round > 1, "in pieces");
                break;
            }
        }
        seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 == lines).await;
        assert_eq!(seen.older, expected, "{needle}");
        assert!(looked > 3_000_000 && sent < looked / 8, "{needle}: {sent} of {looked}");
        // Once more from where it began, and nothing further back than there is.
        let again = tail.sieved(1 << 30, 1000, sieving(true)).await;
        assert_eq!((again.lines, again.begun), (lines, 1));
        assert_eq!(tail.sieved(1 << 30, 1000, sieving(false)).await.lines, 0);
        assert!(again.words("pass").contains("pass; the hosts sent"), "{}", again.words("pass"));
        // What is brought without a filter goes on where the lines began that are there.
        seen.older.clear();
        while feed.try_recv().is_ok() {}
        let plain = tail.older(2000).await;
        seen.until(&mut feed, "the lines before", |seen| seen.older.len() as u64 == plain.lines).await;
        assert_eq!(seen.older.last().map(String::as_str), before.lines().last());
    }
}

fn regex_escaped(text: &str) -> String {
    text.replace('.', r"\.")
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_too_long_to_be_kept_are_looked_through_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&log, b"ts=2026-11-20T08:00:00Z level=info short\n");
    for n in 0..20 {
        let end = if n % 5 == 0 { "needle" } else { "" };
        let long = "x".repeat(if n % 2 == 0 { 200_000 } else { 65_530 });
        append(&log, format!("ts=2026-11-20T08:00:{n:02}Z level=info needle {long} {end}\r\n").as_bytes());
        append(&log, format!("ts=2026-11-20T08:00:{n:02}Z level=warn {long}{end}\n").as_bytes());
    }
    let size = fs::metadata(&log).unwrap().len();
    for (pattern, found) in [("needle", 20), ("level=warn x.*needle", 0)] {
        let (lines, sent) = same(&log, Start::All, pattern).await;
        assert_eq!(lines, found, "{pattern}");
        assert!(sent.is_some_and(|sent| sent <= size), "{pattern}: {sent:?} of {size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_docker_wrote_in_pieces_is_found_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x-json.log");
    let short: String =
        (0..4000).flat_map(|n| docker_entries("stdout", &format!("level=info n={n} handled"))).collect();
    let long = docker_entries("stdout", &format!("level=error first {} last", "y".repeat(40_000))).concat();
    append(&log, format!("{short}{long}{short}").as_bytes());
    for (pattern, found) in [("last", 1), ("first y.*y last", 1), ("n=77 ", 2)] {
        let (lines, _) = same(&log, Start::All, pattern).await;
        assert_eq!(lines, found, "{pattern}");
    }
}
