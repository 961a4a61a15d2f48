mod typing;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::domain::log::{Level, RawLine, Source, TimeFrom};
use crate::domain::log_view::{LogFilter, RowContent};
use crate::domain::query::{Op, Query};
use crate::logs::merge::Released;
use crate::logs::parse::Stamp;
use crate::logs::record::{Body, Record};
use crate::logs::store::Shape;

/// An event as the property makes it: when, of which source, its lines, how severe, and how much later than its first
/// line the others come.
#[derive(Clone, Debug)]
struct Made {
    second: i64,
    source: u32,
    lines: Vec<String>,
    level: Option<Level>,
    lag: usize,
}

fn made() -> impl Strategy<Value = Made> {
    let level = prop_oneof![Just(None), Just(Some(Level::Info)), Just(Some(Level::Warn)), Just(Some(Level::Error))];
    let text = ("[ab1]{0,2}c?", prop_oneof![Just(0_usize), Just(60)])
        .prop_map(|(text, pad)| format!("{text}{}", "-".repeat(pad)));
    let lines = prop_oneof![
        3 => proptest::collection::vec(text.clone(), 1),
        1 => proptest::collection::vec(text, 2..6)
    ];
    (0_i64..40, 0_u32..3, lines, level, 0_usize..6).prop_map(|(second, source, lines, level, lag)| Made {
        second,
        source,
        lines,
        level,
        lag,
    })
}

/// A row: its event, and the number of its line.
type Row<'m> = (&'m Made, usize);

/// Every line of some events, each with its number, in the order they come.
fn coming(events: &[Made]) -> Vec<(u64, Row<'_>)> {
    let rows = events
        .iter()
        .enumerate()
        .flat_map(|(n, event)| (0..event.lines.len()).map(move |line| (n + event.lag * line.min(2), (event, line))));
    let mut rows: Vec<(u64, (usize, Row))> = (1..).zip(rows).collect();
    rows.sort_by_key(|(_, (turn, _))| *turn);
    rows.into_iter().map(|(seq, (_, row))| (seq, row)).collect()
}

fn ingest() -> Ingest {
    let mut ingest = Ingest::default();
    for (host, service) in [("web-1", Some("api")), ("web-1", None), ("web-2", Some("api"))] {
        let name = format!("file:/{host}/{service:?}");
        ingest.number(&Arc::new(Source { host: host.into(), service: service.map(Into::into), name: name.into() }));
    }
    ingest
}

fn released(seq: u64, (event, line): Row) -> Released {
    let (source, micros) = (SourceId(event.source), event.second * 1_000_000);
    let record = Record {
        source,
        seq,
        time: Stamp { nanos: micros * 1000, digits: 0 },
        time_from: TimeFrom::Line,
        level: event.level,
        continues: line > 0,
        body: Body::Line { bytes: Bytes::copy_from_slice(event.lines[line].as_bytes()), truncated: 0, returned: false },
    };
    Released { id: RowId { micros, source, seq }, late: false, record }
}

fn texts(window: &LogWindow) -> Vec<RowId> {
    window.rows.iter().map(|row| row.id).collect()
}

/// Any query over text, level and source; fields are tried where lines have them.
fn queries() -> impl Strategy<Value = Query> {
    let field = |name, op, value| Query::field(name, op, value);
    let leaf = proptest::sample::select(vec![
        Query::text("[ab]"),
        Query::text("a.*b"),
        Query::text("^c"),
        Query::text("b$"),
        Query::text("^$"),
        field("level", Op::AtLeast, "warn"),
        field("level", Op::Is, "info"),
        field("host", Op::Like, "web-?"),
        field("host", Op::Is, "web-2"),
        field("service", Op::IsNot, "api"),
    ]);
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Query::all),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Query::any),
            inner.prop_map(Query::inverse),
        ]
    })
}

fn filters() -> impl Strategy<Value = LogFilter> {
    let hidden = proptest::collection::vec((0_u32..3).prop_map(SourceId), 0..2);
    (queries(), hidden).prop_map(|(query, hidden)| LogFilter { query, hidden })
}

/// What passes, worked out from the words of the filter alone: of an event, what is asked holds when it holds for any of
/// the lines that are looked at.
fn naive(filter: &LogFilter, event: &Made, lines: &[String]) -> bool {
    !filter.hidden.contains(&SourceId(event.source)) && naive_query(&filter.query, event, lines)
}

fn naive_query(query: &Query, event: &Made, lines: &[String]) -> bool {
    let (host, service) = [("web-1", Some("api")), ("web-1", None), ("web-2", Some("api"))][event.source as usize];
    match query {
        Query::And(parts) => !parts.iter().any(|part| !naive_query(part, event, lines)),
        Query::Or(parts) => parts.iter().any(|part| naive_query(part, event, lines)),
        Query::Not(inner) => !naive_query(inner, event, lines),
        Query::Text(pattern) => {
            let regex = ::regex::Regex::new(pattern).unwrap();
            lines.iter().any(|text| regex.is_match(text))
        }
        Query::Field(test) => match (test.name.as_str(), test.value.as_str()) {
            ("level", "warn") => matches!(event.level, Some(Level::Warn | Level::Error)),
            ("level", _) => event.level == Some(Level::Info),
            ("host", "web-?") => true,
            ("host", _) => host == "web-2",
            _ => service.is_none(),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever the filter, search, anchor and movement, and in whatever order rows come: the window and its figures
    /// are those of a plain evaluation over a sorted list.
    #[test]
    fn a_window_equals_a_naive_one(
        events in proptest::collection::vec(made(), 0..50),
        filter in filters(),
        search in prop_oneof![Just(None), Just(Some("a+".to_owned()))],
        (height, offset) in (1_usize..8, -12_i64..12),
        anchor in prop_oneof![Just(None), (0_i64..45).prop_map(Some)],
        seek in prop_oneof![Just(None), any::<bool>().prop_map(|f| Some((Seek::Match, f))), any::<bool>().prop_map(|f| Some((Seek::Level(Level::Error), f)))],
        (ask_first, fold) in any::<(bool, bool)>(),
        left in proptest::option::of((0_i64..45).prop_map(|s| RowId { micros: s * 1_000_000, source: SourceId(0), seq: 0 })),
    ) {
        let seek = seek.filter(|(what, _)| search.is_some() || *what != Seek::Match);
        // Small blocks, so that a few dozen rows make several, and all but the newest are compressed.
        let shape = Shape { text: 200, rows: 10, hot: 1 };
        let (ingest, mut store, mut view) = (ingest(), Store::shaped(1 << 30, shape), View::default());
        let query = LogQuery {
            number: 7,
            filter: filter.clone(),
            search: search.clone(),
            anchor: anchor.map_or(Anchor::Tail, |s| Anchor::Time(chrono::DateTime::from_timestamp(s, 0).unwrap())),
            offset,
            seek,
            rows: height,
            histogram: 10,
            fold, left,
            ..LogQuery::default()
        };
        if ask_first {
            view.ask(query.clone());
        }
        let rows = coming(&events);
        for (n, (seq, row)) in rows.iter().enumerate() {
            store.insert(released(*seq, *row));
            if ask_first && n % 7 == 0 {
                view.advance(&store, &ingest, || true);
            }
        }
        view.ask(query);
        view.advance(&store, &ingest, || true);
        let window = view.window(&store, &ingest).expect("everything has been looked through");

        let mut sorted: Vec<(RowId, Row)> = rows.iter().map(|(seq, row)| (released(*seq, *row).id, *row)).collect();
        sorted.sort_by_key(|(id, _)| *id);
        let passing: Vec<&(RowId, Row)> =
            sorted.iter().filter(|(_, (event, _))| naive(&filter, event, &event.lines)).collect();
        let passing_events = passing.iter().filter(|(_, row)| row.1 == 0).count() as u64;
        let runs = naive_runs(&passing);
        let passing: Vec<&(RowId, Row)> = if fold { runs.iter().flat_map(|run| run.rows.clone()).collect() } else { passing };
        let lines = sorted.iter().filter(|(_, (event, line))| naive(&filter, event, &event.lines[*line..=*line])).count();
        let is_hit = |(event, line): Row| search.is_some() && event.lines[line].contains('a');
        let last = passing.len().saturating_sub(height);
        let at = match anchor {
            None if seek.is_some() => passing.len(),
            None => last,
            Some(second) => passing.iter().position(|(id, _)| id.micros >= second * 1_000_000).unwrap_or(passing.len()),
        };
        let wanted = |(_, row): &&&(RowId, Row)| match seek {
            Some((Seek::Level(least), _)) => row.1 == 0 && row.0.level.is_some_and(|level| level >= least),
            _ => is_hit(*row),
        };
        let base = match seek {
            None => at,
            Some((_, true)) => passing.iter().skip(at + 1).find(wanted).map_or(at, |row| passing.iter().position(|r| r.0 == row.0).unwrap()),
            Some((_, false)) => passing.iter().take(at).rev().find(wanted).map_or(at, |row| passing.iter().position(|r| r.0 == row.0).unwrap()),
        };
        let top = usize::try_from((base as i64 + offset).max(0)).unwrap().min(last);
        let want: Vec<RowId> = passing.iter().skip(top).take(height).map(|(id, _)| *id).collect();
        prop_assert_eq!(texts(&window), want);
        prop_assert_eq!((window.total, window.matching, window.above), (rows.len() as u64, lines as u64, top as u64));
        prop_assert_eq!(window.above + window.rows.len() as u64 + window.below, passing.len() as u64);
        let newer = passing.iter().filter(|(id, _)| left.is_some_and(|left| *id > left)).count();
        prop_assert_eq!((window.events, window.newer), (passing_events, newer as u64));
        for row in window.rows.iter().filter(|row| fold && !row.continues) {
            let NaiveRun { events, .. } = runs.iter().find(|run| run.rows[0].0 == row.id).expect("it is a run's first");
            let hosts: std::collections::BTreeSet<&str> =
                events.iter().map(|event| ["web-1", "web-1", "web-2"][event.source as usize]).collect();
            let told = row.repeats.as_ref().map(|it| (it.count, it.hosts.iter().map(|host| host.as_str()).collect()));
            prop_assert_eq!(told, (events.len() > 1).then_some((events.len() as u64, hosts)));
        }
        let hits = passing.iter().filter(|(_, row)| is_hit(*row)).count() as u64;
        prop_assert_eq!(window.hits.map(|(n, _)| n), search.map(|_| hits));
        let counted: u32 = window.histogram.iter().map(|b| b.errors + b.warnings + b.others).sum();
        prop_assert_eq!(u64::from(counted), window.events);
        prop_assert!(window.histogram.len() <= 10 && window.histogram.is_sorted_by_key(|bucket| bucket.start));
        prop_assert!(!window.counting);
        // No event is cut by the edge of a block.
        for n in 0..store.blocks().len() {
            prop_assert!(!store.open(n).unwrap().entries()[0].continues());
        }
    }
}

/// A run of events that say the same, numbers apart.
struct NaiveRun<'r, 'm> {
    said: String,
    /// The rows of the first.
    rows: Vec<&'r (RowId, Row<'m>)>,
    events: Vec<&'m Made>,
}

fn naive_runs<'r, 'm>(passing: &[&'r (RowId, Row<'m>)]) -> Vec<NaiveRun<'r, 'm>> {
    let mut runs: Vec<NaiveRun> = Vec::new();
    for row in passing {
        let (event, line) = row.1;
        if line > 0 {
            let run = runs.last_mut().expect("its head passes too");
            if run.events.len() == 1 {
                run.rows.push(row);
            }
            continue;
        }
        let lines: Vec<String> = (event.lines.iter().enumerate())
            .filter(|(n, text)| *n == 0 || !text.is_empty())
            .map(|(_, text)| crate::domain::template::mask::text(text.as_bytes()))
            .collect();
        let said = format!("{lines:?} {:?} {}", event.level, event.source == 1);
        match runs.last_mut().filter(|last| last.said == said) {
            Some(run) => run.events.push(event),
            None => runs.push(NaiveRun { said, rows: vec![row], events: vec![event] }),
        }
    }
    runs
}

fn line(second: i64, text: String) -> Made {
    Made { second, source: 0, lines: vec![text], level: None, lag: 0 }
}

/// A store of so many one-line rows; every tenth is `hit`.
fn filled(count: u64) -> (Ingest, Store) {
    let (ingest, mut store) = (ingest(), Store::new(1 << 30));
    for n in 1..=count {
        let text = if n % 10 == 0 { format!("hit {n}") } else { format!("row {n}") };
        store.insert(released(n, (&line(n as i64, text), 0)));
    }
    (ingest, store)
}

#[test]
fn a_filter_over_much_is_answered_from_the_newest_on_while_it_still_counts() {
    let (ingest, store) = filled(100_000);
    let mut view = View::default();
    let filter = LogFilter { query: Query::text("hit"), ..LogFilter::default() };
    view.ask(LogQuery { filter, rows: 5, ..LogQuery::default() });
    view.advance(&store, &ingest, || false);
    let first = view.window(&store, &ingest).expect("the tail is there at once");
    assert!(first.counting && first.rows.len() == 5 && first.matching < 10_000);
    // A jump to what has not been looked through waits.
    let far = Anchor::Time(chrono::DateTime::from_timestamp(500, 0).unwrap());
    view.ask(LogQuery { anchor: far, ..view.query().clone() });
    assert!(view.window(&store, &ingest).is_none());
    view.advance(&store, &ingest, || true);
    let window = view.window(&store, &ingest).expect("now it is there");
    assert_eq!((window.matching, window.counting, window.rows[0].id.seq), (10_000, false, 500));
}

#[test]
fn searching_counts_and_numbers_what_it_finds() {
    let (ingest, store) = filled(100);
    let mut view = View::default();
    let query = LogQuery { search: Some("hi(t)".to_owned()), rows: 5, ..LogQuery::default() };
    view.ask(LogQuery { seek: Some((Seek::Match, false)), ..query.clone() });
    view.advance(&store, &ingest, || true);
    let window = view.window(&store, &ingest).unwrap();
    assert_eq!(window.hits, Some((10, Some(10))));
    let found = window.rows.last().unwrap();
    assert!(
        matches!(&found.content, RowContent::Line { text, hits, .. } if text == "hit 100" && hits.iter().eq([&(0..3)]))
    );
    let anchor = Anchor::Top(found.id);
    view.ask(LogQuery { anchor, seek: Some((Seek::Match, false)), ..query.clone() });
    let window = view.window(&store, &ingest).unwrap();
    assert_eq!((window.hits, window.rows[0].id.seq), (Some((10, Some(9))), 90));
    // A regex that cannot be used hides nothing and says why.
    view.ask(LogQuery { search: Some("(".to_owned()), ..query });
    view.advance(&store, &ingest, || true);
    let window = view.window(&store, &ingest).unwrap();
    assert_eq!((window.matching, window.hits), (100, None));
    assert_eq!(window.error.as_deref(), Some("(: unclosed group"));
}

#[test]
fn rows_show_their_message_and_fields_made_safe() {
    let mut ingest = ingest();
    let mut store = Store::new(1 << 30);
    let bytes = Bytes::from("ts=2026-11-18T08:00:00Z level=warn msg=\"a \x1b[2J b\" n=1");
    let raw = RawLine { bytes, truncated: 0, offset: None, time: None, level: None, returned: false };
    let now = "2026-11-18T08:00:01Z".parse().unwrap();
    let (record, _) = ingest.line(SourceId(0), raw, now).unwrap();
    store.insert(Released { id: RowId { micros: 1, source: SourceId(0), seq: 1 }, late: true, record });
    let mut view = View::default();
    view.ask(LogQuery { rows: 5, search: Some("n=".to_owned()), ..LogQuery::default() });
    view.advance(&store, &ingest, || true);
    let row = view.window(&store, &ingest).unwrap().rows.remove(0);
    assert!(row.late && row.level == Some(Level::Warn));
    let RowContent::Line { text, hits, message, fields } = row.content else { panic!("a line") };
    assert_eq!(&text[message], "a ␛[2J b");
    assert_eq!(&text[hits[0].clone()], "n=");
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(fields, ["ts=2026-11-18T08:00:00Z", "level=warn", "msg=a ␛[2J b", "n=1"]);
}

#[test]
fn secrets_are_taken_out_of_what_is_shown_when_asked() {
    let (ingest, mut store, mut view) = (ingest(), Store::new(1 << 30), View::default());
    let line = "login password=hunter2 of ana".to_owned();
    store.insert(released(1, (&super::tests::line(1, line.clone()), 0)));
    let mut shown = |redact| {
        view.ask(LogQuery { rows: 5, redact, search: Some("ana".to_owned()), ..LogQuery::default() });
        view.advance(&store, &ingest, || true);
        match view.window(&store, &ingest).unwrap().rows.remove(0).content {
            RowContent::Line { text, hits, .. } => (text.clone(), text[hits[0].clone()].to_owned()),
            RowContent::Ledger(_) => panic!("a line"),
        }
    };
    assert_eq!(shown(false), (line, "ana".to_owned()));
    assert_eq!(shown(true), ("login password=[redacted] of ana".to_owned(), "ana".to_owned()));
}

#[test]
fn an_event_passes_as_a_whole_even_when_its_lines_come_one_by_one() {
    let (mut ingest, mut store) = (ingest(), Store::new(1 << 30));
    let mut view = View::default();
    let ask = |view: &mut View, query: &str| {
        let query = crate::domain::query::parse(query, |_| true).unwrap();
        view.ask(LogQuery { filter: LogFilter { query, hidden: Vec::new() }, rows: 9, ..LogQuery::default() });
    };
    let seen = |view: &mut View, store: &Store, ingest: &Ingest| {
        view.advance(store, ingest, || true);
        let window = view.window(store, ingest).unwrap();
        (window.rows.len(), window.matching, window.events, window.histogram.len())
    };
    let now = "2026-11-18T08:00:01Z".parse().unwrap();
    ask(&mut view, "KeyError level>=error");
    let lines = [
        "ts=2026-11-18T08:00:00Z level=error msg=failed",
        "Traceback (most recent call last):",
        "  File \"x.py\", line 1, in f",
        "KeyError: 'cart'",
        "ts=2026-11-18T08:00:00Z level=info msg=fine",
    ];
    let mut counts = Vec::new();
    for (seq, bytes) in (1..).zip(lines.map(Bytes::from)) {
        let raw = RawLine { bytes, truncated: 0, offset: None, time: None, level: None, returned: false };
        let (record, _) = ingest.line(SourceId(0), raw, now).unwrap();
        store.insert(Released { id: RowId { micros: 1, source: SourceId(0), seq }, late: false, record });
        counts.push(seen(&mut view, &store, &ingest));
    }
    assert_eq!(counts, [(0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), (4, 1, 1, 0), (4, 1, 1, 0)]);
    // Two things of different lines of one event; and what no line of it may say.
    for (query, rows, lines) in [("cart File", 4, 0), ("!KeyError", 1, 4), ("!KeyError level=error", 0, 3)] {
        ask(&mut view, query);
        let (shown, matching, ..) = seen(&mut view, &store, &ingest);
        assert_eq!((shown, matching), (rows, lines), "{query}");
    }
}
