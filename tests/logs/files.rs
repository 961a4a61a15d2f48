//! Files of every kind, on this machine.

use std::fs;
use std::io::Write;
use std::time::Duration;

use quarterdeck::domain::log::{Feed, SourceEventKind, SourceKind, SourceSpec};
use quarterdeck::domain::settings::Overflow;
use quarterdeck::logs::source::{Start, TailOptions, tail};
use tokio::sync::mpsc;

use crate::exact::{Seen, file, from_the_beginning, local};

/// Adds to a file, which need not be there.
pub fn append(path: &std::path::Path, text: &[u8]) {
    fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text).unwrap();
}

fn once(start: Start) -> TailOptions {
    TailOptions { start, follow: false, poll: Duration::from_millis(100), ..TailOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_later_is_waited_for_and_read_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("late.log");
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&log), from_the_beginning(), sender);
    let mut seen = Seen::default();
    // A name may be wrong: that it is waited for is told at once, and once.
    seen.until(&mut feed, "why nothing comes", |seen| !seen.failed.is_empty()).await;
    assert!(seen.failed[0].contains("late.log is not there on "), "{:?}", seen.failed);
    tokio::time::sleep(Duration::from_millis(400)).await;
    append(&log, b"first\nsecond\n");
    seen.until(&mut feed, "both lines", |seen| seen.lines.len() == 2).await;
    assert_eq!((seen.lines.as_slice(), seen.failed.len()), (["first".to_owned(), "second".to_owned()].as_slice(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glob_grows_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    append(&folder.path().join("a.log"), b"a1\n");
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&folder.path().join("*.log")), from_the_beginning(), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the first file", |seen| seen.lines.len() == 1).await;
    append(&folder.path().join("b.log"), b"b1\n");
    append(&folder.path().join("c.txt"), b"not this\n");
    seen.until(&mut feed, "the second file", |seen| seen.lines.len() == 2).await;
    assert_eq!(seen.lines, ["a1", "b1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_through_a_file_gives_every_line_and_then_ends() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&log, b"one\ntwo\n\n\xff\x00binary\nlast without an end");
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&log), once(Start::All), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the end", |seen| seen.finished).await;
    assert_eq!(seen.lines, ["one", "two", "", "\u{fffd}\0binary", "last without an end"]);
    assert_eq!((seen.caught_up, seen.failed.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_lines_are_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let text: String = (0..1000).map(|n| format!("line {n}\n")).collect();
    append(&log, text.as_bytes());
    for (lines, first) in [(3, "line 997"), (5000, "line 0")] {
        let (sender, mut feed) = mpsc::channel(64);
        let _tail = tail(local(), None, file(&log), once(Start::Lines(lines)), sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the end", |seen| seen.finished).await;
        assert_eq!(seen.lines[0], first);
        assert_eq!(seen.lines.last().map(String::as_str), Some("line 999"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rotated_and_packed_is_read_before_the_live_file() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    append(&folder.path().join("x.log.1"), b"old\n");
    assert!(std::process::Command::new("gzip").arg(folder.path().join("x.log.1")).status().unwrap().success());
    append(&log, b"new\n");
    let (sender, mut feed) = mpsc::channel(64);
    let since = Start::Since(chrono::Utc::now() - chrono::TimeDelta::hours(1));
    let _tail = tail(local(), None, file(&log), once(since), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the end", |seen| seen.finished).await;
    assert_eq!(seen.lines, ["old", "new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_short_in_place_is_told_and_its_copy_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
    append(&log, text.as_bytes());
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&log), from_the_beginning(), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "what was there", |seen| seen.lines.len() == 100).await;
    append(&log, b"between\n");
    fs::copy(&log, folder.path().join("x.log.1")).unwrap();
    fs::OpenOptions::new().write(true).truncate(true).open(&log).unwrap();
    append(&log, b"after\n");
    seen.until(&mut feed, "the line after", |seen| seen.lines.last().is_some_and(|line| line == "after")).await;
    assert_eq!(seen.lines[100..], ["between", "after"]);
    assert!(seen.saw(SourceEventKind::Truncated));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_line_is_capped_and_what_follows_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let megabytes = if std::env::var_os("QD_TEST_LONG").is_some() { 100 } else { 20 };
    for _ in 0..megabytes {
        append(&log, &vec![b'x'; 1 << 20]);
    }
    append(&log, b"\nafter\n");
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&log), once(Start::All), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the end", |seen| seen.finished).await;
    assert_eq!((seen.lines.len(), seen.lines[0].len()), (2, 64 << 10));
    assert_eq!(seen.lines[1], "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_says_so_and_a_command_is_a_source() {
    let (sender, mut feed) = mpsc::channel(64);
    let missing = file(std::path::Path::new("/nonexistent/x.log"));
    let _tail = tail(local(), None, missing, once(Start::All), sender.clone());
    let argv = ["sh", "-c", "echo to out; echo to err >&2"].map(str::to_owned).into();
    let command = SourceSpec { kind: SourceKind::Command(argv), sudo: false };
    let mut seen = Seen::default();
    seen.until(&mut feed, "the failure", |seen| seen.finished).await;
    assert!(seen.failed[0].contains("/nonexistent/x.log on here cannot be read"), "{:?}", seen.failed);
    seen = Seen::default();
    let _tail = tail(local(), None, command, once(Start::All), sender);
    seen.until(&mut feed, "the command's end", |seen| seen.finished).await;
    seen.lines.sort();
    assert_eq!(seen.lines, ["to err", "to out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_would_follow_ends_for_a_reader_that_does_not_and_its_last_lines_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let docker = folder.path().join("docker");
    fs::write(&docker, "#!/bin/sh\nseq 1000\n[ \"$2\" != -f ] || exec sleep 1000\n").unwrap();
    fs::set_permissions(&docker, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let argv = [docker.to_str().unwrap(), "logs", "-f", "api"].map(str::to_owned).into();
    let command = SourceSpec { kind: SourceKind::Command(argv), sudo: false };
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, command, once(Start::Lines(3)), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the command's end", |seen| seen.finished).await;
    assert_eq!(seen.lines, ["998", "999", "1000"]);
}

/// A log with a line each second from `begin` on; where line `n` says that it is.
fn one_a_second(path: &std::path::Path, begin: chrono::DateTime<chrono::Utc>, lines: i64) {
    let mut text = String::new();
    for n in 0..lines {
        let time = begin + chrono::TimeDelta::seconds(n);
        text.push_str(&format!("ts={} level=info seq={n} msg=\"{}\"\n", time.to_rfc3339(), "x".repeat(200)));
    }
    fs::write(path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_since_a_moment_begins_close_to_it_however_large_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let lines = 40_000;
    let begin = chrono::Utc::now() - chrono::TimeDelta::seconds(lines);
    one_a_second(&log, begin, lines);
    for (first_wanted, start) in [
        (0, Start::Since(begin - chrono::TimeDelta::hours(1))),
        (30_000, Start::Since(begin + chrono::TimeDelta::seconds(30_000))),
        (39_990, Start::Since(begin + chrono::TimeDelta::seconds(39_990))),
        (30_000, Start::Lately { since: begin + chrono::TimeDelta::seconds(30_000), bytes: 100 << 20 }),
    ] {
        let (sender, mut feed) = mpsc::channel(64);
        let _tail = tail(local(), None, file(&log), once(start), sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the end", |seen| seen.finished).await;
        let first: i64 = seen.lines[0].split("seq=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        // A few hundred lines before it, and whole ones.
        assert!((first_wanted - 600..=first_wanted).contains(&first), "{start:?}: from {first}");
        assert!(seen.lines.iter().all(|line| line.starts_with("ts=")), "{start:?}");
        assert_eq!(seen.lines.len() as i64, lines - first, "{start:?}: all of the rest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lately_is_no_more_than_so_many_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    one_a_second(&log, chrono::Utc::now() - chrono::TimeDelta::seconds(20_000), 20_000);
    let since = chrono::Utc::now() - chrono::TimeDelta::days(1);
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&log), once(Start::Lately { since, bytes: 100_000 }), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the end", |seen| seen.finished).await;
    let bytes: usize = seen.lines.iter().map(|line| line.len() + 1).sum();
    assert!((99_000..=100_000).contains(&bytes), "{bytes}");
    assert!(seen.lines[0].starts_with("ts=") && seen.lines.last().unwrap().contains("seq=19999"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_for_a_slow_reader_is_counted_and_nothing_else_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let total = 300_000_u64;
    let text: String =
        (0..total).map(|n| format!("seq={n} a line of a log that comes faster than it is taken\n")).collect();
    append(&log, text.as_bytes());
    for overflow in [Overflow::DropOldest, Overflow::Stall] {
        let (sender, mut feed) = mpsc::channel(1);
        let options = TailOptions { overflow, ..from_the_beginning() };
        let _tail = tail(local(), None, file(&log), options, sender);
        // Long enough for all of it to come.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (mut numbers, mut lost) = (Vec::new(), 0);
        while numbers.len() as u64 + lost < total {
            let next = tokio::time::timeout(Duration::from_secs(20), feed.recv()).await;
            let next = next.unwrap_or_else(|_| {
                panic!("{overflow:?}: {} came, {lost} lost, last {:?}", numbers.len(), numbers.last())
            });
            match next.unwrap() {
                Feed::Lines(_, lines) => numbers.extend(lines.iter().map(|line| {
                    let text = std::str::from_utf8(&line.bytes).unwrap();
                    let number = text.strip_prefix("seq=").unwrap().split(' ').next().unwrap();
                    assert!(text.ends_with("it is taken"), "{text:?} is torn");
                    number.parse::<u64>().unwrap()
                })),
                Feed::Event(_, event) if event.kind == SourceEventKind::Gap => lost += event.lost.unwrap(),
                _ => {}
            }
        }
        assert_eq!(numbers.len() as u64 + lost, total, "{overflow:?}");
        assert!(numbers.is_sorted_by(|a, b| a < b) && numbers.last() == Some(&(total - 1)));
        assert_eq!(lost > 0, overflow == Overflow::DropOldest, "{overflow:?}: {lost} lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_is_brought_piece_by_piece_through_rotated_and_packed_files() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let path = |end: &str| folder.path().join(format!("x.log{end}"));
    let mut written = Vec::new();
    for (age, end) in [(40, ".3"), (30, ".2"), (20, ".1"), (10, "")] {
        let lines: Vec<String> = (0..300)
            .map(|n| if n % 10 == 9 { format!("    at {age}:{n}") } else { format!("line {age} {n}") })
            .collect();
        append(&path(end), (lines.join("\n") + "\n").as_bytes());
        let at = std::time::SystemTime::now() - Duration::from_secs(60 * age);
        fs::File::options().append(true).open(path(end)).unwrap().set_modified(at).unwrap();
        written.extend(lines);
    }
    assert!(std::process::Command::new("gzip").arg(path(".3")).status().unwrap().success());
    let (sender, mut feed) = mpsc::channel(64);
    let options = TailOptions { follow: true, ..once(Start::Lines(25)) };
    let tail = tail(local(), None, file(&log), options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 25).await;
    let first = tail.older(2000).await;
    assert!(first.lines > 50 && first.lines < 300 && first.begun == 0, "{first:?}");
    seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 == first.lines).await;
    assert!(!seen.older[0].starts_with(' '), "an event is not cut: {}", seen.older[0]);
    // What is written and rotated meanwhile is no matter.
    fs::rename(&log, path(".0")).unwrap();
    append(&log, b"new\n");
    seen.until(&mut feed, "the new file", |seen| seen.lines.len() == 26).await;
    let mut sum = first.lines;
    loop {
        let brought = tail.older(2000).await;
        assert_eq!(brought.failed, Vec::<String>::new());
        sum += brought.lines;
        seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 == sum).await;
        if brought.begun == 1 {
            break;
        }
    }
    let all: Vec<&String> = seen.older.iter().chain(&seen.lines[..25]).collect();
    assert_eq!(all, written.iter().collect::<Vec<_>>());
}

/// What docker's json-file driver makes of a line: entries of 16 KiB each, of which only the last has the line end.
pub fn docker_entries(stream: &str, text: &str) -> Vec<String> {
    let text = format!("{text}\n").into_bytes();
    let entry = |piece: &[u8]| {
        let log = serde_json::to_string(&String::from_utf8_lossy(piece)).unwrap();
        format!("{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"2026-11-20T08:00:00.5Z\"}}\n")
    };
    text.chunks(16 << 10).map(entry).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_docker_wrote_in_pieces_is_one_line_however_its_pieces_come() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x-json.log");
    let text = |line: &String| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["log"].as_str().unwrap().trim_end().to_owned()
    };
    let (long, other) = ("a".repeat(50_000), format!("error {}", "b".repeat(20_000)));
    let (out, err, short) =
        (docker_entries("stdout", &long), docker_entries("stderr", &other), docker_entries("stderr", "x"));
    append(&log, [&short[0], &out[0], &err[0]].map(String::as_str).concat().as_bytes());
    let (sender, mut feed) = mpsc::channel(64);
    // How long a piece is waited for goes by how often is looked.
    let seldom = TailOptions { poll: Duration::from_millis(300), ..from_the_beginning() };
    let _tail = tail(local(), None, file(&log), seldom, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the whole line", |seen| seen.lines.len() == 1).await;
    // In the middle of an entry, and over a rotation.
    append(&log, &out[1].as_bytes()[..9000]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    append(&log, [&out[1][9000..], &err[1], &out[2]].concat().as_bytes());
    fs::rename(&log, folder.path().join("x-json.log.1")).unwrap();
    append(&log, [&out[3], &short[0]].map(String::as_str).concat().as_bytes());
    seen.until(&mut feed, "the rest", |seen| seen.lines.len() == 4).await;
    let texts: Vec<String> = seen.lines.iter().map(text).collect();
    assert!(texts == ["x", &other, &long, "x"], "{:?}", texts.iter().map(String::len).collect::<Vec<_>>());
    // What never gets its end is shown all the same, and no more of a line than is kept of any.
    let log = folder.path().join("y-json.log");
    append(&log, out[0].as_bytes());
    let (sender, mut feed) = mpsc::channel(64);
    let often = TailOptions { poll: Duration::from_millis(10), ..from_the_beginning() };
    let _tail = tail(local(), None, file(&log), often, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "what has no end", |seen| seen.lines.len() == 1).await;
    assert_eq!(text(&seen.lines[0]).len(), 16 << 10);
    append(&log, docker_entries("stderr", &"é".repeat(100_000)).concat().as_bytes());
    // Once through the same, to its end.
    let (sender, mut feed) = mpsc::channel(64);
    let _once = tail(local(), None, file(&log), once(Start::All), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the end", |seen| seen.finished).await;
    let lengths: Vec<usize> = seen.lines.iter().map(String::len).collect();
    assert!(lengths.len() == 2 && lengths.iter().all(|length| *length <= 64 << 10), "{lengths:?}");
    assert!(text(&seen.lines[0]).starts_with("éé") && text(&seen.lines[1]).starts_with("aa"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_in_the_middle_of_which_a_reading_begins_is_left_out_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let since = "2026-11-20T08:00:00Z".parse().unwrap();
    let long = format!("level=error msg=\"{}\"", "x".repeat(1_000_000));
    let short: String = (0..100).map(|n| format!("ts=2026-11-20T09:00:00Z level=info n={n}\n")).collect();
    for ended in [true, false] {
        let log = folder.path().join(format!("{ended}.log"));
        append(&log, format!("{short}{long}").as_bytes());
        if ended {
            append(&log, format!("\n{short}").as_bytes());
        }
        let start = Start::Lately { since, bytes: 300_000 };
        let (sender, mut feed) = mpsc::channel(64);
        let _tail = tail(local(), None, file(&log), TailOptions { start, ..from_the_beginning() }, sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "that it is read", |seen| seen.caught_up == 1).await;
        if !ended {
            append(&log, format!(" its end\n{short}").as_bytes());
        }
        seen.until(&mut feed, "the rest", |seen| seen.lines.len() >= 100).await;
        assert!(seen.lines.iter().all(|line| line.starts_with("ts=")), "{:?}", &seen.lines[0][..20]);
        assert_eq!((seen.lines.len(), seen.saw(SourceEventKind::Gap)), (100, true));
    }
}
