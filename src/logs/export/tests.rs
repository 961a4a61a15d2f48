use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::*;
use crate::domain::log::{RawLine, Source};
use crate::domain::query::parse;
use crate::logs::merge::{Merge, Rule};
use crate::logs::store::Shape;

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two hosts whose lines lie between each other's, in small blocks.
fn held(first: &[&str], second: &[&str]) -> (Store, Ingest) {
    let (mut ingest, mut merge) = (Ingest::default(), Merge::new(Rule::Complete));
    let mut store = Store::shaped(1 << 20, Shape { text: 200, rows: 4, hot: 1 });
    let (now, instant) =
        ("2026-11-18T08:01:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap(), std::time::Instant::now());
    for (host, lines) in [("web-1", first), ("web-2", second)] {
        let id =
            ingest.number(&Arc::new(Source { host: host.into(), service: Some("api".into()), name: "file:/x".into() }));
        merge.open(id, instant);
        for line in lines {
            let bytes = Bytes::copy_from_slice(line.as_bytes());
            let raw = RawLine { bytes, truncated: 0, offset: None, time: None, level: None, returned: false };
            let (record, place) = ingest.line(id, raw, now).unwrap();
            merge.push(record, place, now.timestamp_micros(), instant);
        }
    }
    merge.drain(|row| store.insert(row));
    (store, ingest)
}

fn ids(store: &Store) -> Vec<RowId> {
    let rows = (0..store.blocks().len()).map(|n| store.open(n).unwrap());
    rows.flat_map(|rows| rows.entries().iter().map(|entry| entry.id()).collect::<Vec<_>>()).collect()
}

fn taken((store, ingest): &(Store, Ingest), what: Taken, form: ExportForm, redact: bool) -> Result<String, String> {
    let (paper, (done, mut ended)) = (Paper::default(), oneshot::channel());
    let to = Box::new(paper.clone());
    let mut running = Running::begin(Order { export: Export { what, form, redact }, to, done });
    // One block at a time, however many there are.
    while let Some(next) = running.take() {
        running = next.advance(store, ingest, || false);
    }
    ended.try_recv().unwrap().map_err(|error| error.to_string())?;
    let bytes = paper.0.lock().unwrap().clone();
    Ok(String::from_utf8(bytes).unwrap())
}

fn passing(query: &str) -> Taken {
    Taken::Passing(LogFilter { query: parse(query, |_| true).unwrap(), hidden: Vec::new() })
}

const WEB_1: [&str; 6] = [
    "ts=2026-11-18T08:00:00Z level=info msg=\"started, well\"",
    "ts=2026-11-18T08:00:02Z level=error msg=failed password=hunter2",
    "    at a.b(c)",
    "    at d.e(f)",
    "ts=2026-11-18T08:00:04Z level=info msg=after",
    "ts=2026-11-18T08:00:06Z level=info msg=end",
];
const WEB_2: [&str; 3] = [
    "ts=2026-11-18T08:00:01Z level=info url=ftp://u:hunter2@h n=1",
    "ts=2026-11-18T08:00:02Z level=info msg=between",
    "ts=2026-11-18T08:00:05Z level=warn msg=```",
];

#[test]
fn what_passes_is_written_in_order_and_without_secrets() {
    let held = held(&WEB_1, &WEB_2);
    let all = taken(&held, passing(""), ExportForm::Raw, false).unwrap();
    assert_eq!(all.lines().count(), 9);
    assert!(all.contains("hunter2"));
    let text = taken(&held, passing("level>=warn"), ExportForm::Raw, true).unwrap();
    let failed = "ts=2026-11-18T08:00:02Z level=error msg=failed password=[redacted]\n";
    assert_eq!(text, format!("{failed}    at a.b(c)\n    at d.e(f)\nts=2026-11-18T08:00:05Z level=warn msg=```\n"));
    for form in [ExportForm::Raw, ExportForm::Json, ExportForm::Csv, ExportForm::Markdown] {
        assert!(!taken(&held, passing(""), form, true).unwrap().contains("hunter2"), "{form:?}");
    }
    let json = taken(&held, passing("host=web-2 n=1"), ExportForm::Json, true).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["host"].as_str(), json["fields"]["url"].as_str()), (Some("web-2"), Some("ftp://u:[redacted]@h")));
    let csv = taken(&held, passing("started"), ExportForm::Csv, true).unwrap();
    let line = "\"ts=2026-11-18T08:00:00Z level=info msg=\"\"started, well\"\"\"";
    assert_eq!(
        csv,
        format!("time,host,service,source,level,line\r\n2026-11-18T08:00:00Z,web-1,api,file:/x,info,{line}\r\n")
    );
}

#[test]
fn an_event_is_copied_whole_from_any_of_its_lines_though_others_lie_between() {
    let held = held(&WEB_1, &WEB_2);
    let ids = ids(&held.0);
    let event = "ts=2026-11-18T08:00:02Z level=error msg=failed password=[redacted]\n    at a.b(c)\n    at d.e(f)\n";
    let of_web_1: Vec<RowId> = ids.iter().copied().filter(|id| id.source == SourceId(0)).collect();
    for id in &of_web_1[1..4] {
        assert_eq!(taken(&held, Taken::Event(*id), ExportForm::Raw, true).unwrap(), event);
    }
    assert_eq!(taken(&held, Taken::Line(of_web_1[2]), ExportForm::Raw, true).unwrap(), "    at a.b(c)\n");
    let field = |name: &str| taken(&held, Taken::Field(of_web_1[1], name.to_owned()), ExportForm::Raw, true);
    assert_eq!(field("msg"), Ok("failed".to_owned()));
    assert_eq!(field("password"), Ok("[redacted]".to_owned()));
    assert_eq!(field("none"), Err("the line has no field `none`".to_owned()));
    let gone = RowId { micros: 1, source: SourceId(0), seq: 99 };
    assert_eq!(taken(&held, Taken::Line(gone), ExportForm::Raw, true), Err("the line is no longer held".to_owned()));
}

#[test]
fn a_window_is_markdown_that_its_lines_cannot_break_out_of() {
    let held = held(&WEB_1, &WEB_2);
    let ids = ids(&held.0);
    let filter = LogFilter { query: parse("level>=info !started", |_| true).unwrap(), hidden: Vec::new() };
    let what = Taken::Between(filter, ids[1], ids[7]);
    let text = taken(&held, what, ExportForm::Markdown, true).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "**Logs** of web-1, web-2, 2026-11-18 08:00:01 to 08:00:05Z, filter `level>=info !started`");
    assert_eq!((lines[2], *lines.last().unwrap()), ("````text", "````"));
    assert_eq!(lines[3], "08:00:01.000 web-2 info   ts=2026-11-18T08:00:01Z level=info url=ftp://u:[redacted]@h n=1");
    assert_eq!(lines.len(), 3 + 7 + 1);
}

#[test]
fn a_private_key_over_many_lines_is_gone_and_what_follows_is_not() {
    let mut lines = vec!["ts=2026-11-18T08:00:00Z level=info msg=dump", "-----BEGIN RSA PRIVATE KEY-----"];
    lines.extend([
        "MIIEpAIBAAKCAQEA7bq0c3Q0p4h9Xz1yVnY2a8fPq5rT6uW7vX8yZ9aB0cD1eF2g",
        "c2hvcnQ=",
        "-----END RSA PRIVATE KEY-----",
    ]);
    lines.push("ts=2026-11-18T08:00:01Z level=info msg=after");
    let text = taken(&held(&lines, &WEB_2), passing("host=web-1"), ExportForm::Raw, true).unwrap();
    let expected =
        [lines[0], "-----BEGIN RSA PRIVATE KEY-----[redacted]", "[redacted]", "[redacted]", lines[4], lines[5]];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}
