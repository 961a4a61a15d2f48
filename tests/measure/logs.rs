//! Figures of the log store over the reference corpus, beside ripgrep's and lnav's on the same files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use quarterdeck::domain::log::Source;
use quarterdeck::domain::log_view::{LogFilter, LogQuery};
use quarterdeck::domain::query::{self, Query};
use quarterdeck::logs::insight::Insight;
use quarterdeck::logs::merge::{Merge, Rule};
use quarterdeck::logs::record::Ingest;
use quarterdeck::logs::source::lines::Lines;
use quarterdeck::logs::store::{Shape, Store};
use quarterdeck::logs::view::View;

use super::{installed, row};

const LINES: &str = "2000000";
/// Every file is read in so many pieces, in turn, as if they were written at the same time.
const PIECES: usize = 2000;
const RUNS: usize = 5;
/// The one whose figures are known of the peers, and others of several kinds.
const PATTERNS: [&str; 5] =
    ["(level=error|\"level\":\"error\"| 50[024] )", "NEEDLE-7f3a", "(?i)TIMED out", "dur_ms=\\d{4}", "e"];

/// All of it.
pub fn logs() {
    let dir = corpus();
    let began = process_cpu();
    let (held, ingest_cpu) = load(&dir, Shape::default());
    // What waits for the helper is little.
    std::thread::sleep(Duration::from_millis(300));
    let beside = process_cpu() - began - ingest_cpu;
    row("corpus -> parsed, merged and indexed", format!("{ingest_cpu:.2} CPU s"));
    row("  compressed and read from disk meanwhile, by others", format!("{beside:.2} CPU s"));
    row("  2 M lines held: the store's own count", mib(held.store.cost()));
    row("  2 M lines held: memory of the whole process", mib(rss()));
    if installed("lnav") {
        let argv = ["lnav", "-n", "-c", ":quit"];
        row("  the same files loaded by lnav", format!("{:.2} CPU s", children_cpu(1, &argv, &dir)));
    }
    filters("compressed", &held);
    typed(&held);
    first_window(&held);
    drop(held);
    let (open, ingest_cpu) = load(&dir, Shape { hot: usize::MAX >> 1, ..Shape::default() });
    row("corpus -> parsed, merged and indexed, not compressed", format!("{ingest_cpu:.2} CPU s"));
    filters("in the open", &open);
    drop(open);
    let of = |look| insight(&dir, look) / LINES.parse::<f64>().expect("a number") * 1e6;
    let (with, without) = (of(true), of(false));
    row("kinds of messages, requests, names and figures", format!("{:.2} µs a line", with - without));
}

struct Held {
    ingest: Ingest,
    store: Store,
    dir: PathBuf,
}

fn corpus() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("corpus-{LINES}"));
    if !dir.join("truth.json").exists() {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/gen_logs.py");
        let made =
            Command::new("python3").arg(script).arg(&dir).args(["--lines", LINES]).stdout(Stdio::null()).status();
        assert!(made.is_ok_and(|status| status.success()), "python3 makes the corpus");
    }
    dir
}

/// Its log files, by name.
fn files(dir: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(dir).expect("the corpus is there").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|ext| ext != "json")).collect();
    files.sort();
    files
}

/// Reads the corpus into a store, and the processor time that took without the reading.
fn load(dir: &Path, shape: Shape) -> (Held, f64) {
    let contents: Vec<Bytes> =
        files(dir).iter().map(|path| Bytes::from(std::fs::read(path).expect("it is readable"))).collect();
    let (mut ingest, mut merge) = (Ingest::default(), Merge::new(Rule::Complete));
    let mut store = Store::shaped(1 << 30, shape).helped();
    let (began, now) = (thread_cpu(), Utc::now());
    let mut sources: Vec<_> = (contents.iter().zip(1..))
        .map(|(_, n)| {
            let host = format!("host-{n}").as_str().into();
            let id = ingest.number(&Arc::new(Source { host, service: None, name: "file:/x".into() }));
            merge.open(id, Instant::now());
            (id, Lines::default())
        })
        .collect();
    merge.all_known();
    for piece in 0..PIECES {
        // Like the engine, which looks at the clock once for all lines that come together.
        let arrived = Instant::now();
        for (bytes, (id, cutter)) in contents.iter().zip(&mut sources) {
            let (from, to) = (bytes.len() * piece / PIECES, bytes.len() * (piece + 1) / PIECES);
            let mut lines = Vec::new();
            cutter.push(bytes.slice(from..to), &mut lines);
            for line in lines {
                let (record, place) = ingest.line(*id, line, now).expect("a known source");
                merge.push(record, place, now.timestamp_micros(), arrived);
            }
        }
        merge.release(arrived, |row| store.insert(row));
    }
    sources.iter().for_each(|(id, _)| merge.close(*id));
    merge.drain(|row| store.insert(row));
    (Held { ingest, store, dir: dir.to_owned() }, thread_cpu() - began)
}

/// The processor time of reading every line, and of looking at what it tells beside itself.
fn insight(dir: &Path, look: bool) -> f64 {
    let contents: Vec<Bytes> =
        files(dir).iter().map(|path| Bytes::from(std::fs::read(path).expect("it is readable"))).collect();
    let (mut ingest, mut insight) = (Ingest::default(), Insight::default());
    let (began, now) = (thread_cpu(), "2026-11-18T12:00:00Z".parse().expect("a time"));
    for (bytes, n) in contents.into_iter().zip(1..) {
        let (host, service) = (format!("host-{n}").as_str().into(), Some(format!("svc-{n}").as_str().into()));
        let id = ingest.number(&Arc::new(Source { host, service, name: "file:/x".into() }));
        let (mut cutter, mut lines) = (Lines::default(), Vec::new());
        cutter.push(bytes, &mut lines);
        for line in lines {
            let (record, _) = ingest.line(id, line, now).expect("a known source");
            if look {
                insight.look(&record, ingest.source(id).expect("it has a number"), now);
            }
        }
    }
    thread_cpu() - began
}

fn query(query: Query) -> LogQuery {
    LogQuery {
        number: 1,
        filter: LogFilter { query, hidden: Vec::new() },
        rows: 50,
        histogram: 80,
        ..LogQuery::default()
    }
}

/// The median processor time of a filter over everything, and how many lines pass.
fn filtered(held: &Held, wanted: &Query) -> (f64, u64) {
    let mut count = 0;
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let mut view = View::default();
            let began = thread_cpu();
            view.ask(query(wanted.clone()));
            view.advance(&held.store, &held.ingest, || true);
            count = view.window(&held.store, &held.ingest).expect("everything has been looked through").matching;
            thread_cpu() - began
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[RUNS / 2], count)
}

fn filters(how: &str, held: &Held) {
    for pattern in PATTERNS {
        let (cpu, count) = filtered(held, &Query::text(pattern));
        let what = format!("filter, {how}: {pattern}");
        if installed("rg") {
            let rg = children_cpu(10, &["rg", "-j1", "-c", pattern], &held.dir);
            row(&what, format!("{cpu:.3} CPU s, {:.1} x rg", cpu / rg));
            assert_eq!(count, rg_count(&held.dir, pattern), "{pattern}: as many as ripgrep");
        } else {
            row(&what, format!("{cpu:.3} CPU s"));
        }
    }
    for text in ["level>=error", "status>=500", "svc=checkout dur_ms>1000", "!host:host-3"] {
        let (cpu, count) = filtered(held, &query::parse(text, |_| true).expect("a filter"));
        row(&format!("filter, {how}: {text}"), format!("{cpu:.3} CPU s ({count})"));
    }
}

/// A word typed letter by letter, each letter looked for to the end: what that costs, and how soon a letter's first
/// window is there at the worst. Beside it ripgrep run anew for every letter.
fn typed(held: &Held) {
    for word in ["NEEDLE-7f3a", "timed out"] {
        let (mut view, mut cpu, mut rg, mut worst) = (View::default(), 0.0, 0.0, Duration::ZERO);
        for end in 1..=word.len() {
            let letters = &word[..end];
            let (began, asked) = (thread_cpu(), Instant::now());
            view.ask(query(Query::text(letters)));
            worst = worst.max(until_window(&mut view, held, asked));
            view.advance(&held.store, &held.ingest, || true);
            cpu += thread_cpu() - began;
            let counted = view.window(&held.store, &held.ingest).expect("everything has been looked through").matching;
            if installed("rg") {
                rg += children_cpu(5, &["rg", "-j1", "-c", letters], &held.dir);
                assert_eq!(counted, rg_count(&held.dir, letters), "{letters}: as many as ripgrep");
            }
        }
        let ratio = if rg > 0.0 { format!(", {:.1} x rg", cpu / rg) } else { String::new() };
        row(&format!("filter, compressed, typed letter by letter: {word}"), format!("{cpu:.3} CPU s{ratio}"));
        row("  a letter -> its first window, the worst", format!("{:.1} ms", worst.as_secs_f64() * 1000.0));
    }
}

/// How soon a window with rows is there, in the slices that the engine works in.
fn until_window(view: &mut View, held: &Held, began: Instant) -> Duration {
    loop {
        let until = Instant::now() + Duration::from_millis(8);
        view.advance_first(&held.store, &held.ingest, || Instant::now() < until);
        if view.window(&held.store, &held.ingest).is_some_and(|window| !window.rows.is_empty()) {
            return began.elapsed();
        }
    }
}

/// How soon the first window of another filter is there, however much is left to count.
fn first_window(held: &Held) {
    for pattern in [PATTERNS[0], "NEEDLE-7f3a"] {
        let mut view = View::default();
        let began = Instant::now();
        view.ask(query(Query::text(pattern)));
        let first = until_window(&mut view, held, began);
        row(&format!("filter -> first window: {pattern}"), format!("{:.1} ms", first.as_secs_f64() * 1000.0));
    }
}

fn rg_count(dir: &Path, pattern: &str) -> u64 {
    let out =
        Command::new("rg").args(["-j1", "-c", "--no-filename", pattern]).args(files(dir)).output().expect("rg runs");
    String::from_utf8_lossy(&out.stdout).lines().filter_map(|line| line.parse::<u64>().ok()).sum()
}

/// Processor seconds of this thread.
fn thread_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}

/// Processor seconds of this process.
fn process_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    fields[11..13].iter().filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Processor seconds of one run of a program over the files, as the mean of so many.
fn children_cpu(runs: usize, argv: &[&str], dir: &Path) -> f64 {
    let total = || {
        let text = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        fields[13..15].iter().filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    };
    let began = total();
    for _ in 0..runs {
        let _ = Command::new(argv[0])
            .args(&argv[1..])
            .args(files(dir))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    (total() - began) / runs as f64
}

fn rss() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("");
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or(0) << 10
}

fn mib(bytes: usize) -> String {
    format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))
}
