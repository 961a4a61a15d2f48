//! What is looked for further back than everything that was brought: exactly what would be found if all of it was here,
//! piece by piece, and also when it is stopped between.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use quarterdeck::domain::log::{LineSpot, RawLine, Source, SourceKind, SourceSpec};
use quarterdeck::domain::log_view::Sought;
use quarterdeck::domain::query;
use quarterdeck::logs::source::{Brought, Sieving, Start, Surroundings, TailHandle, TailOptions, tail};
use quarterdeck::transport::ExecSpec;
use tokio::sync::mpsc;

use crate::exact::{Seen, file, fleet_host, from_the_beginning, local};
use crate::files::append;
use crate::sieve::{events, events_with};
use crate::support::Fleet;

fn sought(filter: &str, search: Option<&str>) -> Sought {
    let query = query::parse(filter, |_| true).unwrap();
    Sought { query, search: search.map(str::to_owned) }
}

/// Looks until there is nothing further back; what was found in all.
async fn all_of(tail: &TailHandle, bytes: u64, few: u64, sought: &Sought) -> Brought {
    let mut sum = Brought::default();
    for round in 0..400 {
        let sieving = Sieving::new(sought.clone(), round == 0).unwrap();
        let brought = tail.sieved(bytes, few, sieving).await;
        assert_eq!(brought.failed, Vec::<String>::new());
        let begun = brought.begun == brought.sources;
        sum.add(brought);
        if begun {
            return sum;
        }
    }
    panic!("it has no beginning");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_brings_the_events_that_match_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let text = [events(0, 10_000), events(10_000, 10_000)];
    append(&folder.path().join("x.log.1"), &text[0]);
    assert!(std::process::Command::new("gzip").arg(folder.path().join("x.log.1")).status().unwrap().success());
    append(&log, &text[1]);
    let text = String::from_utf8_lossy(&text.concat()).into_owned();
    let before: String = text.lines().take(text.lines().count() - 100).map(|line| format!("{line}\n")).collect();
    let options = TailOptions { start: Start::Lines(100), ..from_the_beginning() };
    for (filter, search, least) in [
        // The host finds more than matches.
        ("", r"user=needle$", 10),
        // The filter's text and the search's are in different lines of an event.
        ("\"KeyError\"", r"seq=\d+0 ", 1),
        ("\"KeyError\"", "line 50[0-9]+, in x", 1),
        // There is nothing in it that a host could look for.
        ("", r"cart\[\d\d\d\d\]|\bn\w\wdle\r?$", 10),
    ] {
        let (sender, mut feed) = mpsc::channel(64);
        let tail = tail(local(), None, file(&log), options.clone(), sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 100).await;
        let (regex, filter_text) = (regex::Regex::new(search).unwrap(), filter.trim_matches('"'));
        let expected = events_with(&before, |event| {
            event.iter().any(|line| line.contains(filter_text)) && event.iter().any(|line| regex.is_match(line))
        });
        let brought = tokio::spawn({
            let sought = sought(filter, Some(search));
            async move { (all_of(&tail, 1 << 20, 300_000, &sought).await, tail) }
        });
        let hits = expected.len() as u64;
        seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 >= hits).await;
        let (brought, _tail) = brought.await.unwrap();
        assert_eq!(seen.older, expected, "{filter} {search}");
        assert!(hits >= least && brought.lines == hits, "{filter} {search}: {hits} {brought:?}");
        assert_eq!(seen.spots.len(), expected.len(), "each can be gone to");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn around_a_line_that_was_found_stands_what_its_source_wrote_there() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let parts: Vec<Vec<u8>> = (0..3).map(|n| events(n * 5000, 5000)).collect();
    for (n, name) in ["x.log.2", "x.log.1", "x.log"].iter().enumerate() {
        let path = folder.path().join(name);
        append(&path, &parts[n]);
        let at = std::time::SystemTime::now() - Duration::from_secs(3600 * (2 - n as u64));
        std::fs::File::options().append(true).open(&path).unwrap().set_modified(at).unwrap();
    }
    assert!(std::process::Command::new("gzip").arg(folder.path().join("x.log.2")).status().unwrap().success());
    let options = TailOptions { start: Start::Lines(10), ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(256);
    let tail = tail(local(), None, file(&log), options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 10).await;
    // The first of a file, one in a packed one, and one beside a trace.
    let search = r"seq=(10000|5000|4999|2500|12156) ";
    let sieving = Sieving::new(sought("", Some(search)), true).unwrap();
    let brought = tail.sieved(1 << 30, 8 << 20, sieving).await;
    assert_eq!((brought.failed, brought.begun), (Vec::new(), 1));
    seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 >= brought.lines).await;
    let text = String::from_utf8_lossy(&parts.concat()).into_owned();
    let all: Vec<&str> = text.lines().collect();
    assert!(seen.older.len() >= 5);
    // Lines of traces are alike.
    for (line, spot) in seen.older.iter().zip(&seen.spots).filter(|(line, _)| line.starts_with("ts=")) {
        let source = seen.source.clone().unwrap();
        let found = tail.around(source, spot.clone(), 20_000).await.expect("its source").unwrap();
        let (lines, at) = (strings(&found.lines), found.at);
        assert_eq!(&lines[at], line);
        let place = all.iter().position(|one| one == line).unwrap();
        assert!(at >= 90.min(place) && lines.len() - at > 90, "{line}: {at} of {}", lines.len());
        assert!(lines == all[place - at..place - at + lines.len()], "{line}");
    }
    // From there it is read on to where it begins and to where it ends, through every file.
    let (source, spot) = (seen.source.clone().unwrap(), seen.spots[0].clone());
    let found = tail.around(source.clone(), spot.clone(), 20_000).await.expect("its source").unwrap();
    let whole = read_on(&tail, &source, found, 150_000).await;
    assert!(whole == all, "{} of {}", whole.len(), all.len());
    // What is written later is there the next time.
    let found = tail.around(source.clone(), spot, 1 << 30).await.expect("its source").unwrap();
    let end = found.ends.after.clone().expect("its end");
    append(&log, b"ts=2026-11-21T00:00:00Z level=info one more\nand not yet a who");
    let (more, end) = tail.further(source.clone(), end, false, 1000).await.expect("its source").unwrap();
    assert_eq!(strings(&more), ["ts=2026-11-21T00:00:00Z level=info one more"]);
    append(&log, b"le line\n");
    let (more, _) = tail.further(source.clone(), end.expect("its end"), false, 1000).await.unwrap().unwrap();
    assert_eq!(strings(&more), ["and not yet a whole line"]);
    let other = Arc::new(Source { name: "file:/elsewhere".into(), ..(*source).clone() });
    assert!(tail.further(other, found.ends.after.unwrap(), false, 1000).await.is_none(), "it is not one of these");
}

/// When a line was written.
fn written(line: &str) -> Option<DateTime<Utc>> {
    line.strip_prefix("ts=")?.split(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_back_was_looked_is_told_and_holds() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&log, &events(0, 20_000));
    let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    let options = TailOptions { start: Start::Lines(10), ..from_the_beginning() };
    // What the host looks for, and what is looked through here.
    for search in ["needle", r"n\w\wdle"] {
        let (sender, mut feed) = mpsc::channel(256);
        let tail = tail(local(), None, file(&log), options.clone(), sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 10).await;
        let sieving = Sieving::new(sought("", Some(search)), true).unwrap();
        let progress = sieving.progress.clone();
        assert!(progress.reached().is_empty());
        let brought = tail.sieved(500_000, 500_000, sieving).await;
        seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 >= brought.lines).await;
        let source = seen.source.clone().unwrap();
        let to = progress.reached().of(std::iter::once(&*source)).to.expect("a time");
        let newest = written(text.lines().rfind(|line| line.starts_with("ts=")).unwrap()).unwrap();
        assert!(to < newest && written(&text).is_some_and(|oldest| oldest < to), "{to}");
        // Nothing is missing since then.
        let before: String = text.lines().take(text.lines().count() - 10).map(|line| format!("{line}\n")).collect();
        let expected = events_with(&before, |event| {
            event.iter().any(|line| line.contains("needle"))
                && event.first().and_then(|line| written(line)).is_some_and(|at| at >= to)
        });
        assert!(expected.len() > 1 && seen.older == expected, "{search} {to}: {:?}", seen.older);
        let sieving = Sieving::new(sought("", Some(search)), false).unwrap();
        let progress = sieving.progress.clone();
        tail.sieved(1 << 30, 1 << 30, sieving).await;
        let span = progress.reached().of(std::iter::once(&*source));
        assert_eq!((span.to, span.begun), (None, 1), "then to its beginning");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_back_was_read_is_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&log, &events(0, 3000));
    let options = TailOptions { start: Start::Lines(10), ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(256);
    let tail = tail(local(), None, file(&log), options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 10).await;
    let source = seen.source.clone().unwrap();
    let brought = tail.older(20_000).await;
    seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 >= brought.lines).await;
    let to = brought.reached.of(std::iter::once(&*source)).to;
    assert!(to.is_some() && to == written(&seen.older[0]), "{to:?}: {}", seen.older[0]);
    let brought = tail.older(1 << 30).await;
    assert_eq!(brought.reached.of(std::iter::once(&*source)).searched, 1);
    let brought = tail.older(1 << 30).await;
    assert_eq!((brought.lines, brought.reached.of(std::iter::once(&*source)).begun), (0, 1));
}

/// A line that is longer than a piece is no end, and lines that have no end yet are not read.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_longer_than_a_piece_is_read_over() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&log, b"ts=2026-11-20T08:00:00Z level=info needle\n");
    append(&log, &[b"ts=2026-11-20T08:00:01Z level=info msg=", [b'x'; 100_000].as_slice(), b"\n"].concat());
    append(&log, b"ts=2026-11-20T08:00:02Z level=info after\nts=2026-11-20T08:00:03Z level=info last\n");
    let options = TailOptions { start: Start::Lines(1), ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(256);
    let tail = tail(local(), None, file(&log), options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the last line", |seen| seen.lines.len() == 1).await;
    tail.sieved(1 << 30, 8 << 20, Sieving::new(sought("", Some("needle")), true).unwrap()).await;
    seen.until(&mut feed, "the needle", |seen| seen.older.len() == 1).await;
    let (source, spot) = (seen.source.clone().unwrap(), seen.spots[0].clone());
    let found = tail.around(source.clone(), spot, 100).await.unwrap().unwrap();
    let whole = read_on(&tail, &source, found, 100).await;
    let ends: Vec<&str> = whole.iter().map(|line| &line[line.len() - 4..]).collect();
    assert_eq!(ends, ["edle", "xxxx", "fter", "last"]);
}

fn strings(lines: &[RawLine]) -> Vec<String> {
    lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect()
}

/// Reads on from what was read around a line until there is nothing beyond.
async fn read_on(tail: &TailHandle, source: &Arc<Source>, found: Surroundings, bytes: u64) -> Vec<String> {
    let (mut lines, mut ends) = (strings(&found.lines), found.ends);
    while let Some(end) = ends.before {
        let (more, end) = tail.further(source.clone(), end, true, bytes).await.expect("its source").unwrap();
        lines.splice(0..0, strings(&more));
        ends.before = end;
    }
    while let Some(end) = ends.after.take() {
        let (more, end) = tail.further(source.clone(), end, false, bytes).await.expect("its source").unwrap();
        lines.extend(strings(&more));
        ends.after = end.filter(|_| !more.is_empty());
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let parts: Vec<Vec<u8>> = (0..8).map(|n| events(n * 2000, 2000)).collect();
    for (n, part) in parts.iter().enumerate() {
        let path = if n == 7 { log.clone() } else { folder.path().join(format!("x.log.{}", 7 - n)) };
        append(&path, part);
        let at = std::time::SystemTime::now() - Duration::from_secs(3600 * (7 - n as u64));
        std::fs::File::options().append(true).open(&path).unwrap().set_modified(at).unwrap();
    }
    let options = TailOptions { start: Start::Lines(10), ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(64);
    let tail = tail(local(), None, file(&log), options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 10).await;
    let sought = sought("", Some("needle"));
    let mut stopped = 0;
    for round in 0..200 {
        let sieving = Sieving::new(sought.clone(), round == 0).unwrap();
        let look = tail.sieved(100_000, 1000, sieving);
        match tokio::time::timeout(Duration::from_millis(40 + 100 * (round % 12)), look).await {
            Ok(brought) if brought.begun == 1 => break,
            Ok(brought) => assert_eq!(brought.failed, Vec::<String>::new()),
            Err(_) => stopped += 1,
        }
    }
    assert!(stopped > 0);
    let text = String::from_utf8_lossy(&parts.concat()).into_owned();
    let before: String = text.lines().take(text.lines().count() - 10).map(|line| format!("{line}\n")).collect();
    let expected = events_with(&before, |event| event.iter().any(|line| line.contains("needle")));
    seen.until(&mut feed, "older lines", |seen| seen.older.len() >= expected.len()).await;
    assert!(seen.older == expected, "each once, in order: {} of {}", seen.older.len(), expected.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_everywhere_is_asked_for_in_less() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let line = format!("ts=2026-11-20T08:00:00.000Z level=info msg=\"{}\"\n", "needle ".repeat(200));
    append(&log, line.repeat(50_000).as_bytes());
    append(&log, b"ts=2026-11-20T08:00:01.000Z level=info msg=last\n");
    let options = TailOptions { start: Start::Lines(1), ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(256);
    let tail = tail(local(), None, file(&log), options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the last line", |seen| seen.lines.len() == 1).await;
    let sieving = Sieving::new(sought("", Some("needle")), true).unwrap();
    let progress = sieving.progress.clone();
    let brought = tail.sieved(1 << 30, 1000, sieving).await;
    assert_eq!(brought.failed, Vec::<String>::new());
    // A round ends when it has found enough.
    let size = line.len() as u64 * 50_000;
    assert!(brought.lines >= 5000 && brought.lines < 40_000, "{brought:?}");
    assert!(progress.so_far().sent < size / 2 && progress.so_far().lines == brought.lines, "{:?}", progress.so_far());
}

/// What a journal said, as entries of one line each, and what is found in it by the host.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_journal_is_looked_through_by_its_host() {
    let fleet = Fleet::running();
    let host = fleet_host(&fleet, "web-1");
    let unit = "myservice.service";
    let spec = SourceSpec { kind: SourceKind::Journal(unit.to_owned()), sudo: false };
    let options = TailOptions { start: Start::Lines(5), ..from_the_beginning() };
    for (search, bytes) in [("handled", 1 << 20), ("Starting|Started|Stopped", 2 << 20), ("GET|POST", 4 << 20)] {
        let (sender, mut feed) = mpsc::channel(256);
        let tail = tail(host.clone(), None, spec.clone(), options.clone(), sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the last lines", |seen| seen.lines.len() >= 5 && seen.caught_up > 0).await;
        let first = seen.lines[0].clone();
        let script = format!("journalctl -q --no-pager -o cat -u {unit}\n");
        let said = host.exec(ExecSpec::script(script, Duration::from_secs(20))).collect(32 << 20).await;
        let said = String::from_utf8_lossy(&said.out).into_owned();
        let brought = tokio::spawn({
            let sought = sought("", Some(search));
            async move { (all_of(&tail, bytes, 1000, &sought).await, tail) }
        });
        let (brought, tail) = loop {
            tokio::select! {
                biased;
                () = tokio::time::sleep(Duration::from_millis(50)) => if brought.is_finished() {
                    break brought.await.unwrap();
                },
                () = seen.until(&mut feed, "more", |_| false) => {}
            }
        };
        while let Ok(more) = feed.try_recv() {
            seen.take(more);
        }
        let regex = regex::Regex::new(search).unwrap();
        let at = said.lines().collect::<Vec<_>>().iter().rposition(|line| *line == first).unwrap_or(0);
        let expected = said.lines().take(at).filter(|line| regex.is_match(line)).count();
        let found = seen.older.iter().filter(|line| regex.is_match(line)).count();
        assert_eq!(found, expected, "{search}");
        let through = brought.through().unwrap();
        assert!(through.entries as usize + 10 >= at && through.bytes == 0, "{through:?} of {at}");
        assert!(seen.spots.iter().all(|spot| matches!(spot, LineSpot::Journal(..))));
        // Around one of them stands what the unit said then, and it is read on to its beginning and its end.
        let source = seen.source.clone().unwrap();
        let found = tail.around(source.clone(), seen.spots[0].clone(), 20_000).await.unwrap().unwrap();
        assert_eq!(strings(&found.lines)[found.at], seen.older[0]);
        let whole = read_on(&tail, &source, found, 1 << 20).await;
        let said: Vec<&str> = said.lines().collect();
        assert!(whole.len() >= said.len(), "{} of {}", whole.len(), said.len());
        assert_eq!(whole[..said.len()], said, "{search}");
    }
}
