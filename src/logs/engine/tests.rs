use bytes::Bytes;

use super::*;
use crate::domain::log::{LineSpot, Lone, RawLine, Source, SourceEvent};
use crate::domain::log_survey::{Counted, Survey, Tally};
use crate::domain::log_view::{Anchor, LogFilter, LogQuery, LogRow, RowContent, Sought};
use crate::domain::query::{Op, Query};

fn source(host: &str) -> Arc<Source> {
    Arc::new(Source { host: host.into(), service: Some("api".into()), name: "file:/x.log".into() })
}

fn line(text: String) -> RawLine {
    RawLine { bytes: Bytes::from(text), truncated: 0, offset: None, time: None, level: None, returned: false }
}

/// Waits for a window that a test accepts.
async fn window(handle: &EngineHandle, accept: impl Fn(&LogWindow) -> bool) -> Arc<LogWindow> {
    let mut windows = handle.windows();
    let wait = windows.wait_for(|window| accept(window));
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("such a window comes").expect("it runs").clone()
}

fn texts(window: &LogWindow) -> Vec<&str> {
    fn tail(content: &RowContent) -> &str {
        match content {
            RowContent::Line { text, .. } => text.rsplit(' ').next().unwrap_or(""),
            RowContent::Ledger(event) => event.kind.as_str(),
        }
    }
    window.rows.iter().map(|row| tail(&row.content)).collect()
}

#[tokio::test]
async fn hosts_are_merged_filtered_and_followed() {
    let handle = start(&LogSettings::default());
    let (feed, now) = (handle.feed(), Utc::now());
    let at = |ms: i64| (now + chrono::TimeDelta::milliseconds(ms)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    handle.query(LogQuery { number: 1, rows: 10, ..LogQuery::default() });
    let (a, b) = (source("web-1"), source("web-2"));
    for source in [&a, &b] {
        feed.send(Feed::Opened(source.clone())).await.unwrap();
    }
    let lines = |from: i64, level: &str| {
        (0..3).map(|n| line(format!("ts={} level={level} n={}", at(n * 10 + from), n * 10 + from))).collect()
    };
    feed.send(Feed::Lines(a.clone(), lines(0, "info"))).await.unwrap();
    feed.send(Feed::Lines(b.clone(), lines(5, "error"))).await.unwrap();
    let merged = window(&handle, |w| w.number == 1 && w.matching == 6).await;
    assert_eq!(texts(&merged), ["n=0", "n=5", "n=10", "n=15", "n=20", "n=25"]);
    assert_eq!(
        merged.sources.iter().map(|s| (s.lines, s.errors_min, s.format)).collect::<Vec<_>>(),
        [(3, 0, "logfmt"), (3, 3, "logfmt")]
    );

    let filter = LogFilter { query: Query::field("level", Op::AtLeast, "warn"), ..LogFilter::default() };
    handle.query(LogQuery { number: 2, rows: 2, filter, ..LogQuery::default() });
    let filtered = window(&handle, |w| w.number == 2).await;
    assert_eq!((texts(&filtered), filtered.above, filtered.matching), (vec!["n=15", "n=25"], 1, 3));

    // Paused, the window stays and says what came below.
    let query = LogQuery { number: 3, rows: 2, anchor: Anchor::Top(filtered.rows[0].id), ..LogQuery::default() };
    handle.query(query);
    feed.send(Feed::Lines(b.clone(), lines(35, "error"))).await.unwrap();
    let paused = window(&handle, |w| w.number == 3 && w.matching == 9).await;
    assert_eq!((texts(&paused), paused.above, paused.below), (vec!["n=15", "n=20"], 3, 4));

    // A source that goes away says so in the stream and in the sidebar.
    let gone = SourceEvent {
        kind: SourceEventKind::Disconnected,
        at: Utc::now(),
        seconds: None,
        lines: None,
        bytes: None,
        lost: None,
        detail: "the link went away".to_owned(),
    };
    feed.send(Feed::Event(b.clone(), gone)).await.unwrap();
    handle.query(LogQuery { number: 4, rows: 1, ..LogQuery::default() });
    let away = window(&handle, |w| w.number == 4 && w.matching == 10).await;
    assert_eq!((texts(&away), away.sources[1].live), (vec!["disconnected"], false));
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_and_can_be_believed_again() {
    let handle = start(&LogSettings::default());
    let (feed, now) = (handle.feed(), Utc::now());
    let at = |ms: i64| (now + chrono::TimeDelta::milliseconds(ms)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let (right, ahead) = (source("web-1"), source("web-2"));
    handle.query(LogQuery { number: 1, rows: 10, ..LogQuery::default() });
    // web-2's clock runs 30 s ahead: what happened first is stamped last.
    feed.send(Feed::Lines(ahead.clone(), vec![line(format!("ts={} n=first", at(29_000)))])).await.unwrap();
    feed.send(Feed::Lines(right.clone(), vec![line(format!("ts={} n=second", at(0)))])).await.unwrap();
    let wrong = window(&handle, |w| w.matching == 2).await;
    assert_eq!(texts(&wrong), ["n=second", "n=first"]);
    handle.set_skew("web-2".into(), 30_000.0, 1.0);
    handle.query(LogQuery { number: 2, rows: 10, ..LogQuery::default() });
    let corrected = window(&handle, |w| w.number == 2).await;
    assert_eq!(texts(&corrected), ["n=first", "n=second"]);
    assert_eq!((corrected.rows[1].time - corrected.rows[0].time).num_milliseconds(), 1000);
    // New lines are corrected too, and not held where the old ones stood.
    feed.send(Feed::Lines(ahead.clone(), vec![line(format!("ts={} n=third", at(30_500)))])).await.unwrap();
    feed.send(Feed::Lines(right.clone(), vec![line(format!("ts={} n=fourth", at(900)))])).await.unwrap();
    let more = window(&handle, |w| w.matching == 4).await;
    assert_eq!(texts(&more), ["n=first", "n=second", "n=third", "n=fourth"]);
    handle.query(LogQuery { number: 3, rows: 10, raw_time: true, ..LogQuery::default() });
    let raw = window(&handle, |w| w.number == 3).await;
    assert_eq!(texts(&raw), ["n=second", "n=fourth", "n=first", "n=third"]);
}

/// The whole answer to a survey.
async fn tallied(handle: &EngineHandle, what: Counted) -> Tally {
    let mut tallies = handle.survey(Survey { number: 7, what });
    let whole = async {
        loop {
            let tally = tallies.recv().await.expect("it ends with the whole");
            if tally.whole {
                return tally;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), whole).await.expect("it is counted")
}

#[tokio::test]
async fn values_and_filters_are_counted_over_every_line_that_is_held() {
    let handle = start(&LogSettings::default());
    let feed = handle.feed();
    handle.query(LogQuery { number: 1, rows: 10, ..LogQuery::default() });
    let (web, db) = (source("web-1"), source("db-1"));
    let text = |n: u64| format!("ts=2026-11-18T08:00:00.{n:03}Z level=info path=/p{} n={n}", n % 3);
    feed.send(Feed::Lines(web.clone(), (0..100).map(|n| line(text(n))).collect())).await.unwrap();
    let trace = ["ts=2026-11-18T08:00:01Z level=error path=/p1", "  at path=/p1 of it"];
    feed.send(Feed::Lines(db.clone(), trace.map(|text| line(text.into())).to_vec())).await.unwrap();
    window(&handle, |w| w.matching == 102).await;

    let all = tallied(&handle, Counted::Values(LogFilter::default(), "path".into())).await;
    let rows: Vec<(&str, u64)> = all.rows.iter().map(|(value, count)| (value.as_str(), *count)).collect();
    assert_eq!(rows, [("/p0", 34), ("/p1", 34), ("/p2", 33)], "the most frequent first");
    assert_eq!((all.number, all.having, all.looked, all.others), (7, 101, 102, 0), "a trace's lines have no fields");
    let only = LogFilter { query: Query::field("host", Op::Is, "db-1"), hidden: Vec::new() };
    let one = tallied(&handle, Counted::Values(only, "level".into())).await;
    assert_eq!(one.rows, [("error".to_owned(), 1)]);
    let queries = vec![Query::text("p1"), Query::field("n", Op::Below, "10"), Query::text("(")];
    let counted = tallied(&handle, Counted::Filters(queries[..2].to_vec())).await;
    assert_eq!(counted.rows.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [35, 10]);
    assert!(handle.survey(Survey { number: 8, what: Counted::Filters(queries) }).recv().await.is_none());
}

#[tokio::test]
async fn what_has_changed_since_a_moment_and_the_requests_are_told_beside_the_rows() {
    use crate::domain::template::ChangeKind;
    let handle = start(&LogSettings::default());
    let (feed, now) = (handle.feed(), Utc::now());
    let since = now - chrono::TimeDelta::seconds(60);
    let query = LogQuery { number: 1, rows: 9, compare: Some(since), redact: true, fold: true, ..LogQuery::default() };
    handle.query(query);
    handle.set_version("web-1".into(), "api".into(), Some("1.4.3".into()));
    let web = source("web-1");
    let at = |seconds: i64| (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    let served = |ago: i64| line(format!("ts={} level=info status=200 dur_ms=100 msg=served", at(ago)));
    let failed = |ago: i64| {
        line(format!("ts={} level=error status=500 dur_ms=900 msg=\"login password=hunter2 {ago}\"", at(ago)))
    };
    let mut lines: Vec<RawLine> = (61..100).rev().map(served).collect();
    lines.extend((10..15).rev().map(failed));
    feed.send(Feed::Lines(web.clone(), lines)).await.unwrap();
    let told =
        window(&handle, |w| w.comparison.as_ref().is_some_and(|it| !it.changes.is_empty()) && w.events == 44).await;
    let changes = &told.comparison.as_ref().unwrap().changes;
    let kinds: Vec<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::New, ChangeKind::Gone]);
    assert_eq!((changes[0].after, changes[1].before), (5, 39));
    assert!(changes[0].text.starts_with("login") && !changes[0].text.contains("hunter2"), "{}", changes[0].text);
    assert_eq!(told.troubles.iter().map(|trouble| trouble.after).collect::<Vec<_>>(), [5]);
    let requests = told.traffic.of_service("api", None, Some("1.4.3")).expect("there were some");
    assert_eq!((requests.per_second * told.traffic.seconds).round(), 44.0);
    assert!((requests.error_pct - 500.0 / 44.0).abs() < 1e-9);
    assert!(requests.p50.is_some_and(|p50| (p50 - 0.1).abs() < 0.002), "{requests:?}");
    // What says the same is one row, with how often it was said.
    let counts: Vec<u64> = told.rows.iter().filter_map(|row| row.repeats.as_ref()).map(|it| it.count).collect();
    assert_eq!((told.rows.len(), counts), (2, vec![39, 5]));
}

#[tokio::test]
async fn what_was_written_before_stands_before_everything_of_its_source() {
    let handle = start(&LogSettings::default());
    let (feed, now) = (handle.feed(), Utc::now());
    let at = |seconds: i64| (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    handle.query(LogQuery { number: 1, rows: 20, ..LogQuery::default() });
    let (web, db) = (source("web-1"), source("db-1"));
    let said = |ago: i64, n: u32| line(format!("ts={} level=info n={n}", at(ago)));
    feed.send(Feed::Lines(web.clone(), vec![said(10, 5), said(8, 7)])).await.unwrap();
    feed.send(Feed::Lines(db.clone(), vec![said(9, 6), line("  more".into())])).await.unwrap();
    window(&handle, |w| w.matching == 4).await;
    // The second has a time that jumps ahead, the third none at all.
    let before = vec![said(30, 2), said(2, 3), line("without a time n=4".into())];
    feed.send(Feed::Older(web.clone(), before)).await.unwrap();
    feed.send(Feed::Older(web.clone(), vec![said(50, 0), line("    at f n=1".into())])).await.unwrap();
    let whole = window(&handle, |w| w.matching == 9).await;
    assert_eq!(texts(&whole), ["n=0", "n=1", "n=2", "n=3", "n=4", "n=5", "n=6", "more", "n=7"]);
    assert!(whole.rows.iter().all(|row| !row.late));
    assert_eq!(
        whole.rows.iter().map(|row| row.continues).collect::<Vec<_>>(),
        [false, true, false, false, false, false, false, true, false]
    );
    // What comes later comes after.
    feed.send(Feed::Lines(web.clone(), vec![said(0, 8)])).await.unwrap();
    assert_eq!(window(&handle, |w| w.matching == 10).await.rows.last().map(|row| row.id.source.0), Some(0));
}

#[tokio::test]
async fn what_was_looked_for_by_one_filter_is_let_go_with_it() {
    let handle = start(&LogSettings::default());
    let (feed, now) = (handle.feed(), Utc::now());
    let at = |seconds: i64| (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    let said = |ago: i64, n: u32| line(format!("ts={} level=info needle n={n}", at(ago)));
    let sought = |text: &str| Sought { query: Query::text(text), search: None };
    let query = |number, text: &str| LogQuery {
        number,
        rows: 20,
        filter: LogFilter { query: Query::text(text), ..LogFilter::default() },
        sought: Some(Box::new(sought(text))),
        ..LogQuery::default()
    };
    handle.query(query(1, "needle"));
    let web = source("web-1");
    feed.send(Feed::Lines(web.clone(), vec![said(10, 8), said(8, 9)])).await.unwrap();
    window(&handle, |w| w.matching == 2).await;
    let spot = |line: &RawLine| LineSpot::Journal("u".into(), String::from_utf8_lossy(&line.bytes).into());
    let lone = |line: RawLine| Lone { spot: Some(spot(&line)), line };
    let sieved = |text: &str, lines: Vec<RawLine>| {
        Feed::Sieved(web.clone(), lines.into_iter().map(lone).collect(), Arc::new(sought(text)))
    };
    feed.send(sieved("needle", vec![said(50, 2), line("    at f n=3".into())])).await.unwrap();
    feed.send(sieved("needle", vec![said(90, 1)])).await.unwrap();
    feed.send(sieved("another", vec![said(95, 0)])).await.unwrap();
    let more = window(&handle, |w| w.matching == 4).await;
    assert_eq!(texts(&more), ["n=1", "n=2", "n=3", "n=8", "n=9"], "of another filter nothing is taken");
    let told = |row: &LogRow| row.spot.is_some();
    assert_eq!(more.rows.iter().map(told).collect::<Vec<_>>(), [true, true, true, false, false], "those came alone");
    assert_eq!(more.rows[0].spot, Some(spot(&said(90, 1))));
    // What is around a line is shown with the same filter on.
    let around = LogQuery { sought: Some(Box::new(sought("needle"))), ..query(2, "level") };
    handle.query(around);
    assert_eq!(texts(&*window(&handle, |w| w.number == 2).await), ["n=1", "n=2", "n=3", "n=8", "n=9"]);
    // Under another there would seem to be nothing between them.
    handle.query(query(3, "level"));
    let other = window(&handle, |w| w.number == 3).await;
    assert_eq!((texts(&other), other.total), (vec!["n=8", "n=9"], 2));
    // What is brought next stands where they stood.
    feed.send(Feed::Older(web.clone(), vec![said(20, 7)])).await.unwrap();
    handle.settled().await;
    handle.query(query(4, "needle"));
    window(&handle, |w| w.number == 4 && w.matching == 3).await;
    feed.send(sieved("needle", vec![said(50, 2)])).await.unwrap();
    let found = window(&handle, |w| w.matching == 4).await;
    assert_eq!(texts(&found), ["n=2", "n=7", "n=8", "n=9"]);
}

#[tokio::test]
async fn what_was_read_around_a_line_is_shown_by_itself_and_left_again() {
    let handle = start(&LogSettings::default());
    let (feed, now, web) = (handle.feed(), Utc::now(), source("web-1"));
    let at = |seconds: i64| (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    let said = |ago: i64, n: u32| line(format!("ts={} level=info user=7 n={n}", at(ago)));
    feed.send(Feed::Lines(source("db-1"), vec![said(1, 98)])).await.unwrap();
    feed.send(Feed::Lines(web.clone(), vec![said(1, 99)])).await.unwrap();
    handle.query(LogQuery { number: 1, rows: 20, ..LogQuery::default() });
    window(&handle, |w| w.matching == 2).await;
    let lines = vec![line("    at f n=1".into()), said(90, 2), line("    at f n=3".into()), said(88, 4)];
    let there = handle.excerpt(web.clone(), lines.clone(), 2).await.expect("such a line");
    handle.query(LogQuery { number: 2, rows: 20, excerpt: Some(there), ..LogQuery::default() });
    let shown = window(&handle, |w| w.number == 2).await;
    assert_eq!(texts(&shown), ["n=1", "n=2", "n=3", "n=4"]);
    assert_eq!(shown.rows[2].id, there);
    assert!(shown.rows.iter().all(|row| row.source.0 == 1 && row.spot.is_none()), "its source has its number");
    assert!(shown.rows.windows(2).all(|pair| pair[0].id < pair[1].id && pair[0].time <= pair[1].time));
    let fields = |row: &LogRow| matches!(&row.content, RowContent::Line { fields, .. } if fields.len() > 1);
    assert!(fields(&shown.rows[3]), "they are read as lines of their format: {:?}", shown.rows[3]);
    // A filter holds there too, and what is held elsewhere is untouched.
    let filter = LogFilter { query: Query::text("n=4"), ..LogFilter::default() };
    handle.query(LogQuery { number: 3, rows: 20, excerpt: Some(there), filter, ..LogQuery::default() });
    assert_eq!(texts(&*window(&handle, |w| w.number == 3).await), ["n=4"]);
    handle.query(LogQuery { number: 4, rows: 20, ..LogQuery::default() });
    assert_eq!(window(&handle, |w| w.number == 4).await.total, 2);
    assert!(handle.excerpt(web, lines, 4).await.is_none(), "there is no such line");
}

#[tokio::test]
async fn what_was_read_around_a_line_grows_at_both_ends_and_stays_in_order() {
    let handle = start(&LogSettings::default());
    let (now, web) = (Utc::now(), source("web-1"));
    let at = |seconds: i64| (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    let said = |ago: i64, n: u32| line(format!("ts={} level=error n={n}", at(ago)));
    let there = handle.excerpt(web.clone(), vec![said(50, 5), said(49, 6)], 1).await.expect("such a line");
    let query = |number| LogQuery { number, rows: 20, excerpt: Some(there), ..LogQuery::default() };
    handle.query(query(1));
    window(&handle, |w| w.number == 1).await;
    // A trace goes on in the next piece; clocks go back; lines that say nothing of their time stand where they were.
    assert_eq!(handle.read_on(there, vec![line("    at f n=7".into()), said(60, 8)], false).await, Some(true));
    assert_eq!(handle.read_on(there, vec![said(40, 3), line("    at g n=4".into())], true).await, Some(true));
    assert_eq!(handle.read_on(there, vec![line("plain n=1".into()), said(90, 2)], true).await, Some(true));
    assert_eq!(handle.read_on(there, vec![said(48, 9)], false).await, Some(true));
    handle.query(query(2));
    let shown = window(&handle, |w| w.number == 2).await;
    assert_eq!(texts(&shown), (1..=9).map(|n| format!("n={n}")).collect::<Vec<_>>());
    assert_eq!(shown.rows[5].id, there, "the line stays what it was");
    let continues: Vec<bool> = shown.rows.iter().map(|row| row.continues).collect();
    assert_eq!(continues, [false, false, false, true, false, false, true, false, false]);
    assert!(shown.rows.windows(2).all(|pair| pair[0].id < pair[1].id));
    // It is bounded: with so much read, no more is taken.
    // That cannot be compressed much.
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b' ' + (seed >> 58) as u8)
    };
    let text: String = (0..60_000).map(|_| random()).collect();
    let mut taken = 0;
    while handle.read_on(there, (0..8).map(|n| line(format!("{} {}", &text[n..], &text[..n]))).collect(), false).await
        == Some(true)
    {
        taken += 1;
        assert!(taken < 2000);
    }
    handle.query(query(3));
    let all = window(&handle, |w| w.number == 3).await;
    assert_eq!((all.total, all.evicted), (9 + 8 * (taken + 1), 0), "and nothing of it is let go");
    // Of what was let go nothing is said.
    let other = handle.excerpt(web, vec![said(1, 1)], 0).await;
    assert!(other.is_some() && handle.read_on(there, vec![said(2, 2)], true).await.is_none());
}

#[tokio::test]
async fn what_was_brought_is_found_once_it_is_settled() {
    let handle = start(&LogSettings::default());
    let (feed, now, web) = (handle.feed(), Utc::now(), source("web-1"));
    let at = |seconds: i64| (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    let said = |ago: i64, n: u32| line(format!("ts={} level=info needle n={n}", at(ago)));
    feed.send(Feed::Lines(web.clone(), vec![said(1, 1)])).await.unwrap();
    let sought = Sought { query: Query::default(), search: Some("needle".into()) };
    let query = LogQuery { number: 1, rows: 20, sought: Some(Box::new(sought.clone())), ..LogQuery::default() };
    handle.query(query.clone());
    window(&handle, |w| w.number == 1 && w.matching == 1).await;
    for batch in 1..=40 {
        let lines = (0..500).map(|n| Lone { line: said(batch * 1000 - n, 0), spot: None }).collect();
        feed.send(Feed::Sieved(web.clone(), lines, Arc::new(sought.clone()))).await.unwrap();
    }
    handle.settled().await;
    handle.query(LogQuery { number: 2, ..query });
    // The first answer has all of it.
    let whole = window(&handle, |w| w.number == 2 && !w.counting).await;
    assert_eq!(whole.total, 20_001);
}

#[tokio::test]
async fn the_parts_of_what_a_command_says_are_read_as_long_as_it_is_and_what_it_says_of_its_own_is_no_line() {
    let handle = start(&LogSettings::default());
    let feed = handle.feed();
    handle.query(LogQuery { number: 1, rows: 10, ..LogQuery::default() });
    let named = |name: &str| Arc::new(Source { name: name.into(), ..(*source("web-1")).clone() });
    let (command, part) = (named("command:stern api"), named("command:stern api › shop-7d9f app"));
    let event = |kind, detail: &str| SourceEvent {
        kind,
        at: Utc::now(),
        seconds: None,
        lines: None,
        bytes: None,
        lost: None,
        detail: detail.to_owned(),
    };
    feed.send(Feed::Event(command.clone(), event(SourceEventKind::Connected, ""))).await.unwrap();
    let lines =
        vec![line("shop-7d9f app level=error msg=\"no cart\" a=1".to_owned()), line("shop-7d9f app   at x".to_owned())];
    feed.send(Feed::Lines(part.clone(), lines)).await.unwrap();
    feed.send(Feed::Event(command.clone(), event(SourceEventKind::Said, "+ shop"))).await.unwrap();
    let read = window(&handle, |w| w.rows.len() == 3 && w.sources.iter().all(|source| source.live)).await;
    let row = read.rows.iter().find(|row| row.level.is_some()).unwrap();
    let RowContent::Line { text, message, fields, .. } = &row.content else { panic!("a line") };
    assert_eq!((row.level, &text[message.clone()]), (Some(crate::domain::log::Level::Error), "no cart"));
    assert!(fields.contains(&("pod".to_owned(), "shop-7d9f".to_owned())), "{fields:?}");
    assert_eq!(read.rows.iter().filter(|row| row.continues).count(), 1);
    assert_eq!(read.sources.iter().map(|source| source.lines).collect::<Vec<_>>(), [0, 2]);
    let tally = tallied(&handle, Counted::Values(LogFilter::default(), "pod".into())).await;
    assert_eq!(tally.rows.first().map(|(value, _)| value.as_str()), Some("shop-7d9f"));
    feed.send(Feed::Failed(command, "it ended".to_owned())).await.unwrap();
    window(&handle, |w| w.sources.iter().all(|source| !source.live)).await;
    feed.send(Feed::Lines(part, vec![line("shop-7d9f app again".to_owned())])).await.unwrap();
    let back = window(&handle, |w| w.sources.iter().any(|source| source.live)).await;
    assert_eq!(back.sources.iter().map(|source| source.live).collect::<Vec<_>>(), [false, true]);
}
