//! Counts over the reference corpus are ripgrep's, and those of an independent reading of fields: while it is taken in,
//! when it is compressed, and when the oldest part has been let go.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use bytes::Bytes;
use chrono::Utc;
use quarterdeck::domain::log::Source;
use quarterdeck::domain::log_view::{LogFilter, LogQuery};
use quarterdeck::domain::query::{self, Query};
use quarterdeck::logs::merge::{Merge, Rule};
use quarterdeck::logs::record::Ingest;
use quarterdeck::logs::source::lines::Lines;
use quarterdeck::logs::store::{Shape, Store};
use quarterdeck::logs::view::View;
use regex::Regex;

/// Regexes of many kinds.
const PATTERNS: [&str; 32] = [
    "(level=error|\"level\":\"error\"| 50[024] )",
    "NEEDLE-7f3a",
    "needle",
    "(?i)needle",
    "^10\\.1\\.",
    "^    at ",
    "^$",
    "\"$",
    "rt=\\d\\.\\d{3}$",
    "}$",
    "(?i)TIMED OUT",
    "dur_ms=\\d{4}",
    "dur_ms=[^ ]{1,2} ",
    "\\bcart\\b",
    "\\Bart\\b",
    "[^\\x00-\\x7f]",
    "GET /(login|checkout) HTTP",
    "\\s{4}",
    "a.*b.*c.*d",
    "(?s)^.{200,}$",
    "msg=\"[^\"]*pool",
    "\"status\":500.*\"tenant\":\"t-1\\d\\d\"",
    "(ts|level)=",
    "trace=[0-9a-f]*(dead|beef)",
    "\\d{2}:\\d{2}:00\\.\\d",
    "sshd\\[\\d+\\]: Accepted",
    "kernel|cron|dockerd",
    "HTTP/1\\.1\" (4|5)\\d\\d",
    "x{3}|y{3}|0{3}",
    "[A-Z][a-z]+Error|Exception|Out of memory",
    "e",
    "",
];

/// A line's file, and its fields by an independent reading.
type Read<'a> = (&'a str, &'a HashMap<String, String>);
type Wanted = fn(Read) -> bool;

fn number(read: Read, name: &str) -> Option<f64> {
    read.1.get(name)?.parse().ok()
}

fn is(read: Read, name: &str, value: &str) -> bool {
    read.1.get(name).is_some_and(|found| found == value)
}

/// Field filters, and what they mean.
const FIELDS: [(&str, Wanted); 24] = [
    ("status>=500", |r| number(r, "status").is_some_and(|n| n >= 500.0)),
    ("status=404", |r| is(r, "status", "404")),
    ("status!=200", |r| !is(r, "status", "200")),
    ("!status=200 status>0", |r| number(r, "status").is_some_and(|n| n != 200.0)),
    ("dur_ms>1000", |r| number(r, "dur_ms").is_some_and(|n| n > 1000.0)),
    ("dur_ms<=7", |r| number(r, "dur_ms").is_some_and(|n| n <= 7.0)),
    ("svc=checkout", |r| is(r, "svc", "checkout")),
    ("msg=\"slow query\"", |r| is(r, "msg", "slow query")),
    ("msg~^slow", |r| r.1.get("msg").is_some_and(|m| m.starts_with("slow"))),
    ("req.method=GET", |r| is(r, "req.method", "GET")),
    ("req.id~^00", |r| r.1.get("req.id").is_some_and(|m| m.starts_with("00"))),
    ("path~^/api/v1/cart", |r| r.1.get("path").is_some_and(|p| p.starts_with("/api/v1/cart"))),
    ("path:/static/*.js", |r| r.1.get("path").is_some_and(|p| p.starts_with("/static/") && p.ends_with(".js"))),
    ("tenant=t-7 | user<100", |r| is(r, "tenant", "t-7") || number(r, "user").is_some_and(|n| n < 100.0)),
    ("program=kernel", |r| is(r, "program", "kernel")),
    ("pid>=20000 program!=sshd", |r| number(r, "pid").is_some_and(|n| n >= 20000.0) && !is(r, "program", "sshd")),
    ("host:web* method=POST", |r| r.0 == "web1" && is(r, "method", "POST")),
    ("host=web1 | program=cron", |r| r.0 == "web1" || is(r, "program", "cron")),
    ("fields.host=app1", |r| is(r, "host", "app1")),
    ("!(host=web1 | host=sys1) logger:api.o*", |r| r.1.get("logger").is_some_and(|l| l.starts_with("api.o"))),
    ("rt>5 user_agent~curl", |r| {
        number(r, "rt").is_some_and(|n| n > 5.0) && r.1.get("user_agent").is_some_and(|agent| agent.contains("curl"))
    }),
    ("level=warn", |r| is(r, "level", "warn") || number(r, "status").is_some_and(|n| (400.0..500.0).contains(&n))),
    ("level>=error host!=sys1", |r| {
        is(r, "level", "error") || r.0 == "web1" && number(r, "status").is_some_and(|n| n >= 500.0)
    }),
    ("logger~orders dur_ms>=250 (msg:*timed* | msg:cache*)", |r| {
        r.1.get("logger").is_some_and(|l| l.contains("orders"))
            && number(r, "dur_ms").is_some_and(|n| n >= 250.0)
            && r.1.get("msg").is_some_and(|m| m.contains("timed") || m.starts_with("cache"))
    }),
];

static PAIRS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"([a-z_]+)=(?:"([^"]*)"|(\S+))"#).unwrap());
static ACCESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(\S+) - - \[[^]]+\] "(\S+) (\S+) \S+" ([0-9]+) ([0-9]+) "-" "([^"]*)" rt=(\S+)$"#).unwrap()
});
static SYSLOG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\S+ \S+ ([a-z]+)\[([0-9]+)\]: ").unwrap());

/// The fields of a line, by its file's name: written for this test, with none of the program's own parsers.
fn fields(file: &str, line: &str, level: &mut String) -> HashMap<String, String> {
    let mut out = HashMap::new();
    let mut put = |name: &str, value: &str| drop(out.insert(name.to_owned(), value.to_owned()));
    match file {
        "api1" => {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            for (name, value) in value.as_object().unwrap() {
                match value {
                    serde_json::Value::Object(inner) => {
                        inner.iter().for_each(|(k, v)| put(&format!("{name}.{k}"), v.as_str().unwrap_or("")));
                    }
                    serde_json::Value::String(text) => put(name, text),
                    other => put(name, &other.to_string()),
                }
            }
        }
        "app1" => {
            if line.starts_with(' ') {
                // A stack trace is as severe as what it belongs to.
                put("level", level);
            }
            for found in PAIRS.captures_iter(line).filter(|_| !line.starts_with(' ')) {
                put(&found[1], found.get(2).or(found.get(3)).unwrap().as_str());
            }
            if let Some(own) = out.get("level") {
                level.clone_from(own);
            }
        }
        "web1" => {
            let found = ACCESS.captures(line).unwrap();
            for (name, n) in ["client", "method", "path", "status", "bytes", "user_agent", "rt"].iter().zip(1..) {
                put(name, &found[n]);
            }
        }
        _ => {
            let found = SYSLOG.captures(line).unwrap();
            put("program", &found[1]);
            put("pid", &found[2]);
        }
    }
    out
}

fn corpus(dir: &Path) -> Vec<(String, PathBuf)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/gen_logs.py");
    let lines = if std::env::var_os("QD_TEST_LONG").is_some() { "200000" } else { "6000" };
    let made = Command::new("python3").arg(script).arg(dir).args(["--lines", lines]).stdout(Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "python3 makes the corpus");
    let file = |name: &str| (name.split('.').next().unwrap().to_owned(), dir.join(name));
    ["api1.json.log", "app1.log", "sys1.syslog", "web1.access.log"].map(file).into()
}

struct Taken {
    ingest: Ingest,
    merge: Merge,
    store: Store,
    /// What there is of every file, and where its next piece begins.
    files: Vec<(Bytes, usize, Lines)>,
}

impl Taken {
    fn new(files: &[(String, PathBuf)], cap: u64, shape: Shape) -> Self {
        let (mut ingest, mut merge) = (Ingest::default(), Merge::new(Rule::Complete));
        for (name, _) in files {
            let source = Source { host: name.as_str().into(), service: None, name: "file:/x".into() };
            merge.open(ingest.number(&Arc::new(source)), Instant::now());
        }
        merge.all_known();
        let files = files.iter().map(|(_, path)| (Bytes::from(std::fs::read(path).unwrap()), 0, Lines::default()));
        Self { ingest, merge, store: Store::shaped(cap, shape), files: files.collect() }
    }

    /// Takes in every file up to a share of it.
    fn upto(&mut self, share: f64) {
        let now = Utc::now();
        for ((bytes, at, cutter), n) in self.files.iter_mut().zip(0..) {
            let (mut lines, to) = (Vec::new(), (bytes.len() as f64 * share) as usize);
            cutter.push(bytes.slice(*at..to), &mut lines);
            *at = to;
            for line in lines {
                let (record, place) = self.ingest.line(quarterdeck::domain::log::SourceId(n), line, now).unwrap();
                self.merge.push(record, place, now.timestamp_micros(), Instant::now());
            }
        }
        if share < 1.0 {
            self.merge.release(Instant::now(), |row| self.store.insert(row));
        } else {
            self.merge.drain(|row| self.store.insert(row));
        }
    }

    /// Every line that is held, by its source's number, in the order of the rows.
    fn held(&self) -> Vec<(u32, String)> {
        let mut out = Vec::new();
        for n in 0..self.store.blocks().len() {
            let rows = self.store.open(n).unwrap();
            let line = |at: usize| String::from_utf8(rows.line(at).to_vec()).unwrap();
            out.extend(rows.entries().iter().enumerate().map(|(at, entry)| (entry.source().0, line(at))));
        }
        out
    }

    fn count(&self, view: &mut View, query: Query, search: Option<&str>) -> (u64, Option<u64>) {
        let filter = LogFilter { query, hidden: Vec::new() };
        view.ask(LogQuery { filter, search: search.map(str::to_owned), rows: 5, ..LogQuery::default() });
        view.advance(&self.store, &self.ingest, || true);
        let window = view.window(&self.store, &self.ingest).unwrap();
        assert!(window.error.is_none() && !window.counting, "{:?}", window.error);
        (window.matching, window.hits.map(|(hits, _)| hits))
    }

    /// All counts are what others count in the lines that are held.
    fn is_right(&self, files: &[(String, PathBuf)], dir: &Path) {
        let held = self.held();
        let path = dir.join("held");
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        held.iter().for_each(|(_, line)| writeln!(file, "{line}").unwrap());
        file.into_inner().unwrap();
        let rg = Command::new("rg").arg("--version").output().is_ok();
        let mut view = View::default();
        for pattern in PATTERNS {
            let alone = regex::bytes::Regex::new(pattern).unwrap();
            let wanted = held.iter().filter(|(_, line)| alone.is_match(line.as_bytes())).count() as u64;
            if rg {
                let out = Command::new("rg").args(["-c", "-e", pattern]).arg(&path).output().unwrap();
                let said = String::from_utf8(out.stdout).unwrap();
                assert_eq!(said.trim().parse().unwrap_or(0), wanted, "ripgrep and the regex crate: {pattern}");
            }
            assert_eq!(self.count(&mut view, Query::text(pattern), None).0, wanted, "filter {pattern}");
            let inverse = self.count(&mut view, Query::inverse(Query::text(pattern)), None).0;
            assert_eq!(inverse, held.len() as u64 - wanted, "filter !{pattern}");
            let everything = Query::default();
            assert_eq!(self.count(&mut view, everything, Some(pattern)).1, Some(wanted), "search {pattern}");
        }
        let mut levels = vec![String::new(); files.len()];
        let read: Vec<(&str, HashMap<String, String>)> = (held.iter())
            .map(|(source, line)| {
                let name = files[*source as usize].0.as_str();
                (name, fields(name, line, &mut levels[*source as usize]))
            })
            .collect();
        for (text, wanted) in FIELDS {
            let wanted = read.iter().filter(|(file, fields)| wanted((file, fields))).count() as u64;
            let query = query::parse(text, |_| true).unwrap();
            assert_eq!(self.count(&mut view, query, None).0, wanted, "filter {text}");
        }
    }
}

#[test]
fn counts_are_those_of_ripgrep_live_compressed_and_after_eviction() {
    let dir = tempfile::tempdir().unwrap();
    let files = corpus(dir.path());
    // Everything is in the open, then nearly nothing is.
    for shape in [Shape { hot: 1000, ..Shape::default() }, Shape { text: 16 << 10, rows: 500, hot: 1 }] {
        let mut taken = Taken::new(&files, 1 << 30, shape);
        // A view that looks all the time knows in the end what one that looks once does.
        let mut live = View::default();
        for share in [0.02, 0.3, 0.31, 0.32, 0.8, 1.0] {
            taken.upto(share);
            taken.count(&mut live, Query::text(PATTERNS[0]), Some("5"));
        }
        let mut late = View::default();
        let (first, last) = (
            taken.count(&mut live, Query::text(PATTERNS[0]), Some("5")),
            taken.count(&mut late, Query::text(PATTERNS[0]), Some("5")),
        );
        assert_eq!(first, last);
        assert_eq!(
            taken.store.len(),
            files.iter().map(|(_, path)| std::fs::read_to_string(path).unwrap().lines().count()).sum::<usize>()
        );
        taken.is_right(&files, dir.path());
    }
    let mut taken = Taken::new(&files, 120 << 10, Shape { text: 16 << 10, rows: 500, hot: 1 });
    for n in 1..=50 {
        taken.upto(f64::from(n) / 50.0);
    }
    assert!(
        taken.store.evicted() > 1000 && taken.store.len() > 1000,
        "{} {}",
        taken.store.evicted(),
        taken.store.len()
    );
    // The level of a trace whose event was let go cannot be told by anybody who has only the rest.
    taken.is_right(&files, dir.path());
}
