//! `docker logs` and `kubectl logs` as sources, by stand-ins that do as their manuals say: `--since` of docker takes
//! nanoseconds and shows what bears that very time; `--since-time` of kubectl is cut to whole seconds. Standard error
//! comes by a way of its own, and its lines may bear times before those that came earlier.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use quarterdeck::domain::log::{Feed, RawLine, Source, SourceEventKind, SourceKind, SourceSpec};
use quarterdeck::logs::record::Ingest;
use quarterdeck::logs::source::{Start, TailHandle, TailOptions, tail};
use tokio::sync::mpsc;

use crate::exact::{Seen, from_the_beginning, local};

/// A container's log is a file of lines `STREAM TIME TEXT`. The stand-in ends when there is a file `stop`, and fails
/// when there is no log.
const STAND_IN: &str = r#"
cd "${0%/*}" || exit
[ -e log ] || { echo "Error response from daemon: No such container: api" >&2; exit 1; }
echo "$$" >pid
kind=${0##*/} since= stamps=0 follow= tail=
for word; do
    case $word in
        --since=*) [ "$kind" = docker ] || exit 1; since=${word#*=} ;;
        --since-time=*) [ "$kind" = kubectl ] || exit 1; since=$(echo "${word#*=}" | cut -c1-19) ;;
        --tail=*) tail=${word#*=} ;;
        --timestamps) stamps=1 ;;
        -f) follow=1 ;;
    esac
done
from=0
case $tail in '' | -1) ;; *) from=$(($(wc -l <log) - tail)) ;; esac
while :; do
    awk -v from="$from" -v since="$since" -v stamps="$stamps" -v count="count.$$" 'NR > from && $2 >= since {
        text = substr($0, length($1 $2) + 3)
        line = stamps ? $2 " " text : text
        if ($1 == "e") print line >"/dev/stderr"; else print line
    } END { print NR >count }' log
    read -r from <"count.$$"
    [ -n "$follow" ] && [ ! -e stop ] || exit 0
    sleep 0.05
done
"#;

struct Container {
    folder: tempfile::TempDir,
    kind: &'static str,
    written: Vec<String>,
}

impl Container {
    fn new(kind: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(kind);
        fs::write(&program, format!("#!/bin/sh\n{STAND_IN}")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("log"), "").unwrap();
        Self { folder, kind, written: Vec::new() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The container says this, by one of its streams, so long ago.
    fn say(&mut self, stream: char, ago: TimeDelta, text: &str) {
        let time = (Utc::now() - ago).to_rfc3339_opts(SecondsFormat::Nanos, true);
        let mut log = fs::OpenOptions::new().append(true).open(self.path("log")).unwrap();
        log.write_all(format!("{stream} {time} {text}\n").as_bytes()).unwrap();
        self.written.push(text.to_owned());
    }

    fn many(&mut self, lines: usize) {
        for _ in 0..lines {
            let n = self.written.len();
            let (stream, late) = if n.is_multiple_of(7) { ('e', 3) } else { ('o', 0) };
            self.say(stream, TimeDelta::milliseconds(late), &format!("seq={n}"));
        }
    }

    /// Kills the program that shows the log.
    fn kill(&self) {
        let pid = fs::read_to_string(self.path("pid")).unwrap();
        assert!(std::process::Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
    }

    fn tail(&self, start: Start, follow: bool, sender: mpsc::Sender<Feed>) -> TailHandle {
        let argv = [self.path(self.kind).to_str().unwrap(), "logs", "-f", "api"].map(str::to_owned).into();
        let spec = SourceSpec { kind: SourceKind::Command(argv), sudo: false };
        let options = TailOptions { start, follow, poll: Duration::from_millis(20), ..from_the_beginning() };
        tail(local(), None, spec, options, sender)
    }

    fn sorted(&self) -> Vec<String> {
        sorted(&self.written)
    }
}

fn sorted(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.sort();
    lines
}

fn recovered(seen: &Seen) -> usize {
    seen.events.iter().filter(|(_, kind)| *kind == SourceEventKind::Recovered).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_containers_log_goes_on_where_it_broke_with_no_line_lost_or_repeated() {
    for kind in ["docker", "kubectl"] {
        let mut container = Container::new(kind);
        container.many(300);
        let (sender, mut feed) = mpsc::channel(64);
        let _tail = container.tail(Start::All, true, sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "what there was", |seen| seen.lines.len() == 300 && seen.caught_up == 1).await;
        for round in 1..=3 {
            container.many(50);
            container.kill();
            container.many(100);
            let all = container.written.len();
            let rest = |seen: &Seen| seen.lines.len() >= all && recovered(seen) == round;
            seen.until(&mut feed, "the rest", rest).await;
        }
        // It may end by itself, with its container, and go on with it.
        fs::write(container.path("stop"), "").unwrap();
        let failed = seen.failed.len();
        seen.until(&mut feed, "its end", |seen| seen.failed.len() > failed).await;
        container.many(10);
        fs::remove_file(container.path("stop")).unwrap();
        let all = container.written.len();
        seen.until(&mut feed, "the end", |seen| seen.lines.len() >= all && recovered(seen) == 4).await;
        let (ours, all) = (sorted(&seen.lines), container.sorted());
        assert!(ours == all, "{kind}: {} of {}", ours.len(), all.len());
        assert!(!seen.saw(SourceEventKind::Gap) && seen.failed.len() == failed + 1, "{:?}", seen.failed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_container_of_the_same_name_is_read_from_its_beginning_and_the_gap_is_told() {
    let mut container = Container::new("docker");
    container.many(20);
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = container.tail(Start::Lines(5), true, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the last lines", |seen| seen.lines.len() == 5 && seen.caught_up == 1).await;
    assert_eq!(sorted(&seen.lines), sorted(&container.written[15..]));
    let log = container.path("log");
    fs::remove_file(&log).unwrap();
    container.kill();
    seen.until(&mut feed, "what the tool says", |seen| seen.failed.iter().any(|why| why.contains("No such"))).await;
    // That is no line of the container's log.
    assert!(
        seen.said.iter().any(|said| said == "Error response from daemon: No such container: api"),
        "{:?}",
        seen.said
    );
    let said = seen.lines.len();
    assert_eq!(said, 5);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    fs::write(&log, "").unwrap();
    container.written.clear();
    container.many(3);
    seen.until(&mut feed, "the new one", |seen| seen.saw(SourceEventKind::Gap)).await;
    assert_eq!(sorted(&seen.lines[said..]), ["seq=0", "seq=1", "seq=2"]);
    assert!(seen.failed.len() <= 2, "each reason once: {:?}", seen.failed);
    let errors = seen.said.iter().filter(|said| said.contains("No such")).count();
    assert!(errors == 1, "the same once more is no news: {:?}", seen.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_one_event_though_each_of_its_lines_bears_a_time() {
    let mut container = Container::new("kubectl");
    let now = TimeDelta::zero();
    for text in [
        "level=info msg=\"request handled\"",
        "Traceback (most recent call last):",
        "  File \"app.py\", line 7, in pay",
        "KeyError: 'cart'",
        "level=info msg=\"request handled\"",
    ] {
        container.say('o', now, text);
    }
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = container.tail(Start::All, false, sender);
    let mut ingest = Ingest::default();
    let mut seen: Vec<(RawLine, bool)> = Vec::new();
    let id = ingest.number(&std::sync::Arc::new(Source { host: "h".into(), service: None, name: "command:x".into() }));
    loop {
        match feed.recv().await.unwrap() {
            Feed::Lines(_, lines) => {
                for line in lines {
                    let (record, _) = ingest.line(id, line.clone(), Utc::now()).unwrap();
                    seen.push((line, record.continues));
                }
            }
            Feed::Finished(_) => break,
            _ => {}
        }
    }
    assert_eq!(seen.iter().map(|(_, continues)| *continues).collect::<Vec<_>>(), [false, true, true, true, false]);
    assert!(seen.iter().all(|(line, _)| line.time.is_some() && !line.bytes.starts_with(b"20")), "{seen:?}");
    assert!(Path::new(&container.path("pid")).exists());
}
