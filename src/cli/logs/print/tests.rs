use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::*;
use crate::domain::log::{RawLine, Source, SourceEvent, SourceEventKind};
use crate::domain::settings::TimeZoneChoice;
use crate::logs::merge::Rule;
use crate::logs::output::{Form, Palette};

/// An output that can be looked at afterwards.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An output whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stream<W: Write>(out: W, form: Form, wanted: Wanted, rule: Rule, expected: Option<Expected>) -> Stream<W> {
    let zone = TimeZoneChoice::Utc;
    let style = Style {
        form,
        stamps: None,
        zone,
        colored: false,
        terminal: false,
        highlight: Vec::new(),
        redact: false,
        palette: Palette::default(),
    };
    Stream::new(out, style, wanted, Merge::new(rule), expected)
}

fn everything() -> Wanted {
    Wanted { include: Vec::new(), exclude: Vec::new(), filter: Filter::default(), level: None, since: None }
}

fn source(host: &str) -> Arc<Source> {
    Arc::new(Source { host: host.into(), service: None, name: "file:/x.log".into() })
}

fn lines(source: &Arc<Source>, texts: &[&str]) -> Feed {
    let raw = |text: &&str| RawLine {
        bytes: Bytes::copy_from_slice(text.as_bytes()),
        truncated: 0,
        offset: None,
        time: None,
        level: None,
        returned: false,
    };
    Feed::Lines(source.clone(), texts.iter().map(raw).collect())
}

async fn printed(wanted: Wanted, expected: Expected, feeds: Vec<Feed>, events: bool) -> (String, Exit) {
    let paper = Paper::default();
    let (feed, inbox) = mpsc::channel(100);
    for one in feeds {
        feed.send(one).await.expect("there is room");
    }
    let stream = stream(paper.clone(), Form::Raw, wanted, Rule::Complete, Some(expected)).events(events, true);
    let Ok(exit) = stream.run(inbox).await else { panic!("it prints") };
    let text = paper.0.lock().expect("no test panics with it").clone();
    (String::from_utf8(text).expect("text"), exit)
}

#[tokio::test]
async fn sources_that_end_come_out_whole_and_in_order() {
    let (a, b) = (source("a"), source("b"));
    let feeds = |instead_of_b: Option<Feed>| {
        let mut feeds = vec![
            Feed::Opened(a.clone()),
            lines(&a, &["2026-11-18T08:00:01Z a1", "  more", "2026-11-18T08:00:03Z a3"]),
            Feed::CaughtUp(a.clone()),
            Feed::Finished(a.host.clone()),
            Feed::Opened(b.clone()),
        ];
        match instead_of_b {
            None => feeds.extend([
                lines(&b, &["2026-11-18T08:00:00Z b0", "2026-11-18T08:00:02Z b2"]),
                Feed::CaughtUp(b.clone()),
            ]),
            Some(failure) => feeds.push(failure),
        }
        feeds.push(Feed::Finished(b.host.clone()));
        feeds
    };
    let want =
        "2026-11-18T08:00:00Z b0\n2026-11-18T08:00:01Z a1\n  more\n2026-11-18T08:00:02Z b2\n2026-11-18T08:00:03Z a3\n";
    for several in [0, 1] {
        let expected = Expected { tails: 2, several };
        assert_eq!(printed(everything(), expected, feeds(None), false).await, (want.to_owned(), Exit::Fine));
    }
    let expected = Expected { tails: 2, several: 0 };
    let failures = [
        (Feed::Failed(b.clone(), "no".to_owned()), Exit::Problems),
        (Feed::Unreached(b.clone(), "no".to_owned()), Exit::NotConnected),
    ];
    for (failure, with) in failures {
        let (text, exit) = printed(everything(), expected, feeds(Some(failure)), false).await;
        assert_eq!((text.lines().count(), exit), (3, with));
    }
}

#[tokio::test]
async fn any_include_no_exclude_the_level_and_the_time() {
    let a = source("a");
    let feeds = || {
        vec![
            Feed::Opened(a.clone()),
            lines(
                &a,
                &[
                    "ts=2026-11-18T07:00:00Z level=error m=early",
                    "  of the early one",
                    "ts=2026-11-18T08:00:00Z level=info m=one",
                    "ts=2026-11-18T08:00:01Z level=error m=two",
                    "  of two",
                    "ts=2026-11-18T08:00:02Z level=warn m=three",
                    "ts=2026-11-18T08:00:03Z m=four",
                ],
            ),
            Feed::Finished(a.host.clone()),
        ]
    };
    let regexes = |patterns: &[&str]| patterns.iter().map(|p| Regex::new(p).expect("a regex")).collect::<Vec<_>>();
    let last = |text: &str| text.lines().map(|l| l.rsplit(' ').next().unwrap_or("").to_owned()).collect::<Vec<_>>();
    let expected = Expected { tails: 1, several: 0 };
    let since = "2026-11-18T07:30:00Z".parse().ok();
    let (text, _) = printed(Wanted { since, ..everything() }, expected, feeds(), false).await;
    assert_eq!(last(&text), ["m=one", "m=two", "two", "m=three", "m=four"]);
    let (text, _) =
        printed(Wanted { level: Some(Level::Error), since, ..everything() }, expected, feeds(), false).await;
    assert_eq!(last(&text), ["m=two", "two"], "a trace goes with its event");
    for level in Level::ALL {
        let query = crate::domain::query::Query::field("level", crate::domain::query::Op::AtLeast, level.as_str());
        let filter = Filter::of_query(&query).expect("it compiles");
        let (by_filter, _) = printed(Wanted { filter, ..everything() }, expected, feeds(), false).await;
        let (by_level, _) = printed(Wanted { level: Some(level), ..everything() }, expected, feeds(), false).await;
        assert_eq!(by_level, by_filter, "--level and the filter's level are one thing");
    }
    let wanted = Wanted { include: regexes(&["m=one$", "three"]), exclude: regexes(&["info"]), ..everything() };
    let (text, _) = printed(wanted, expected, feeds(), false).await;
    assert_eq!(last(&text), ["m=three"]);
    let query = crate::domain::query::parse("(m=two | m:thr*) level>warn", |_| true).expect("a filter");
    let wanted = Wanted { filter: Filter::of_query(&query).expect("it compiles"), ..everything() };
    let (text, _) = printed(wanted, expected, feeds(), false).await;
    assert_eq!(last(&text), ["m=two"]);
}

#[tokio::test]
async fn events_stand_among_the_lines_when_asked_for() {
    let a = source("a");
    let at = "2026-11-18T08:00:01Z".parse().expect("a time");
    let kind = SourceEventKind::Rotated;
    let event = SourceEvent { kind, at, seconds: None, lines: None, bytes: None, lost: None, detail: String::new() };
    let feeds = |a: &Arc<Source>| {
        vec![
            Feed::Opened(a.clone()),
            lines(a, &["2026-11-18T08:00:00Z one"]),
            Feed::Event(a.clone(), event.clone()),
            lines(a, &["2026-11-18T08:00:02Z two"]),
            Feed::Finished(a.host.clone()),
        ]
    };
    let expected = Expected { tails: 1, several: 0 };
    let (text, _) = printed(everything(), expected, feeds(&a), true).await;
    assert_eq!(text, "2026-11-18T08:00:00Z one\n~ a file:/x.log rotated\n2026-11-18T08:00:02Z two\n");
    let (text, _) = printed(everything(), expected, feeds(&a), false).await;
    assert_eq!(text.lines().count(), 2);
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let a = source("a");
    let (feed, inbox) = mpsc::channel(10);
    feed.send(lines(&a, &["one"])).await.expect("there is room");
    let hold = Duration::ZERO;
    let stream = stream(Closed, Form::Raw, everything(), Rule::Hold { hold, history: hold }, None);
    let Err(failure) = stream.run(inbox).await else { panic!("it ends") };
    assert_eq!((failure.exit, failure.message.as_str()), (Exit::Fine, ""));
    drop(feed);
}
