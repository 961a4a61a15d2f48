//! The Logs tab by the keys that a person types: its pictures, context, following an id, what is new, what stands out.

mod picked;
mod rulers;

use std::sync::Arc;

use quarterdeck::app::effect::Effect;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{Overlay, State, Tab};
use quarterdeck::app::update::update;
use quarterdeck::domain::alert::{Alert, Severity};
use quarterdeck::domain::delivery::{Delivery, Project};
use quarterdeck::domain::deployment::{Deployment, DeploymentStatus};
use quarterdeck::domain::event::{Event, EventKind};
use quarterdeck::domain::log::{Level, Source, SourceId, TimeFrom};
use quarterdeck::domain::log_reach::Reached;
use quarterdeck::domain::log_survey::{Counted, Survey, Tally};
use quarterdeck::domain::log_view::{Anchor, LogRow, LogWindow, LookedThrough, RowContent, RowId, SourceStatus};

use super::{at, busy, picture, press};

/// A line of a source, so many seconds after the beginning.
fn row(seconds: i64, source: u32, level: Level, message: &str, fields: &[(&str, &str)]) -> LogRow {
    let rest: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    let text = format!("level={} msg=\"{message}\"{rest}", level.as_str());
    let start = text.find(message).expect("it is in it");
    LogRow {
        id: RowId { micros: at(seconds).timestamp_micros(), source: SourceId(source), seq: seconds as u64 + 1 },
        source: SourceId(source),
        time: at(seconds),
        time_from: TimeFrom::Line,
        level: Some(level),
        content: RowContent::Line {
            message: start..start + message.len(),
            hits: Vec::new(),
            fields: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            text,
        },
        late: false,
        continues: false,
        marked: false,
        repeats: None,
        spot: None,
    }
}

pub fn status(id: u32, host: &str, error: Option<&str>) -> SourceStatus {
    let source = Source { host: host.into(), service: Some("api".into()), name: "file:/var/log/app.log".into() };
    SourceStatus {
        id: SourceId(id),
        source: Arc::new(source),
        live: error.is_none(),
        error: error.map(str::to_owned),
        rate: 3.0,
        lines: 40,
        errors_min: 1,
        errors: vec![0, 1],
        newest_error: None,
        newest: Some(at(0)),
        lag_s: Some(0.1),
        format: "logfmt",
    }
}

/// A minute of an incident on two hosts: 1.4.3 goes out, and the cart fails.
pub fn incident() -> LogWindow {
    let (info, error) = (Level::Info, Level::Error);
    let rows = vec![
        row(0, 0, info, "request handled", &[("path", "/cart"), ("dur_ms", "41"), ("request_id", "7f3a90")]),
        row(10, 1, info, "request handled", &[("path", "/checkout"), ("dur_ms", "7"), ("request_id", "7f3a91")]),
        row(40, 0, error, "KeyError: 'cart'", &[("path", "/checkout"), ("request_id", "7f3a91"), ("user", "7")]),
        row(50, 1, error, "KeyError: 'cart'", &[("path", "/checkout"), ("request_id", "7f3b02"), ("user", "9")]),
        row(55, 1, info, "retrying request", &[("attempt", "2"), ("upstream", "payments")]),
    ];
    LogWindow {
        number: u64::MAX,
        total: 5,
        matching: 5,
        rows,
        sources: vec![status(0, "web-1", None), status(1, "web-2", None)],
        fields: Arc::new(["path", "dur_ms", "request_id", "user"].map(str::to_owned).into()),
        ..LogWindow::default()
    }
}

fn deployed(version: &str, seconds: i64) -> Deployment {
    Deployment {
        id: version.into(),
        source: "gitlab",
        project: "acme/api".into(),
        place: "production".into(),
        service: "api".into(),
        environment: "production".into(),
        version: version.into(),
        is_tag: Some(true),
        sha: None,
        status: Some(DeploymentStatus::Success),
        kind: None,
        by: Some("ana".into()),
        created: Some(at(seconds)),
        started: Some(at(seconds)),
        finished: Some(at(seconds)),
        updated: None,
        previous_version: Some("1.4.2".into()),
        job: None,
        pipeline: None,
        url: None,
    }
}

fn alert(title: &str, since: i64) -> Alert {
    Alert {
        service: Some("api".into()),
        since: Some(at(since)),
        ..Alert::firing(format!("statuscake:{title}"), "uptime", "statuscake", Severity::Page, title.to_owned())
    }
}

/// The Logs tab on that minute.
pub fn logs(size: (u16, u16)) -> State {
    let mut state = busy(size);
    let project = Project { service: "api".into(), deployments: vec![deployed("1.4.3", 30)], ..Project::default() };
    let delivery = Delivery { projects: vec![project], ..Delivery::default() };
    update(&mut state, Message::Delivery(Box::new(delivery), vec![alert("checkout down", 45)]));
    update(&mut state, Message::Tick(at(60)));
    press(&mut state, "2");
    update(&mut state, Message::Logs(Box::new(incident())));
    picture(&mut state);
    state
}

/// The state after an answer to what was asked last came, with the same lines.
pub fn answered(state: &mut State) {
    update(state, Message::Logs(Box::new(incident())));
}

pub fn query(state: &State) -> String {
    state.logs.query.filter.query.to_string()
}

fn survey(effects: &[Effect]) -> &Survey {
    let asked =
        effects.iter().rev().find_map(|effect| if let Effect::Survey(survey) = effect { Some(survey) } else { None });
    asked.expect("something is counted")
}

#[test]
fn an_id_is_followed_over_all_hosts_and_back() {
    let mut state = logs((80, 24));
    press(&mut state, "fhost=web-1\r kk");
    let from = state.logs.selected;
    press(&mut state, "r");
    assert_eq!(query(&state), r"\b7f3a91\b", "neither host nor filter narrows it");
    assert!(picture(&mut state).contains("request_id=7f3a91"));
    answered(&mut state);
    assert_eq!(state.logs.selected, from, "the line stays the selected one");
    press(&mut state, "r");
    assert_eq!(query(&state), "host=web-1");
    answered(&mut state);
    assert_eq!(state.logs.selected, from);
    press(&mut state, "jjr");
    assert!(picture(&mut state).contains("no request, trace or user is known"), "a line without one says so");
}

#[test]
fn what_is_around_a_hit_is_shown_and_left_again() {
    let mut state = logs((80, 24));
    press(&mut state, "fKeyError\r kk");
    let from = state.logs.selected;
    press(&mut state, "z");
    assert_eq!(query(&state), "");
    assert_eq!(state.logs.query.mark.as_ref().map(ToString::to_string).as_deref(), Some("KeyError"));
    answered(&mut state);
    assert_eq!(state.logs.selected, from);
    assert!(picture(&mut state).contains("around the line"));
    press(&mut state, "z");
    assert_eq!(query(&state), "KeyError");
    press(&mut state, "Z");
    assert_eq!(query(&state), "host=web-1 source=file:/var/log/app.log");
    press(&mut state, "\u{1b}");
    assert_eq!(query(&state), "KeyError");
}

#[test]
fn what_stands_out_and_how_fields_look_is_changed_by_keys() {
    let mut state = logs((120, 36));
    press(&mut state, "c(");
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { panic!("a prompt") };
    assert!(prompt.error.is_some(), "half a regex is told");
    press(&mut state, "\u{1b}cKeyError\r");
    press(&mut state, "C");
    assert!(picture(&mut state).contains("What stands out"));
    press(&mut state, "d\u{1b}");
    assert!(state.logs.highlights.is_empty());
    press(&mut state, "p");
    let columns = picture(&mut state);
    let title = columns.lines().find(|line| line.contains("dur_ms") && line.contains("message")).expect("titles");
    let line = columns.lines().find(|line| line.contains("request handled")).expect("a line");
    let place = |line: &str, word: &str| line.find(word).map(|at| line[..at].chars().count());
    assert_eq!(place(title, "path"), place(line, "/cart"), "{columns}");
    press(&mut state, "p");
    assert!(!picture(&mut state).contains("/checkout"), "only the message");
    press(&mut state, "p");
    assert!(picture(&mut state).contains("level=error msg=\"KeyError"), "the line as it came");
    press(&mut state, "p ");
    // A field that is hidden is not shown behind the message either.
    press(&mut state, "kkv \u{1b}");
    let shown = picture(&mut state);
    assert!(shown.contains("request_id=7f3a91") && !shown.contains("path=/checkout"), "{shown}");
}

#[test]
fn why_a_source_is_not_read_is_told_whole_on_a_key() {
    let why = "permission denied: /var/log/app.log is readable by root and adm only; add deploy to the group adm, or set \
               sudo = true on this source";
    for size in [(80, 24), (120, 36)] {
        let mut state = logs(size);
        let window = LogWindow { sources: vec![status(0, "web-1", Some(why))], ..incident() };
        update(&mut state, Message::Logs(Box::new(window)));
        let flat = |shown: String| shown.lines().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        press(&mut state, "s");
        assert!(!picture(&mut state).contains("sudo = true"));
        press(&mut state, "\r");
        let shown = picture(&mut state);
        let words: Vec<&str> = why.split_whitespace().collect();
        let all = flat(shown.clone());
        assert!(words.iter().all(|word| all.contains(word)), "{shown}");
        press(&mut state, "\u{1b}");
        assert!(!picture(&mut state).contains("sudo = true"), "and goes again");
    }
}

#[test]
fn where_no_line_came_it_is_said_how_many_sources_cannot_be_read() {
    for (error, expected) in [(None, false), (Some("permission denied"), true)] {
        let mut state = busy((80, 24));
        press(&mut state, "2");
        let window = LogWindow { sources: vec![status(0, "web-1", error)], ..LogWindow::default() };
        update(&mut state, Message::Logs(Box::new(window)));
        let shown = picture(&mut state);
        assert!(shown.contains("waiting for the first line of 1 source"), "{shown}");
        assert_eq!(shown.contains("1 cannot be read: s, then Enter on one"), expected, "{shown}");
    }
}

#[test]
fn the_pane_has_its_pictures() {
    for size in [(80, 24), (120, 36)] {
        let mut pictures = String::new();
        let mut take = |name: &str, state: &mut State| {
            pictures.push_str(&format!("=== {name}\n{}\n", picture(state)));
        };
        take("rulers", &mut logs(size));
        for (name, keys) in [
            ("fields", " kkv"),
            ("columns", "p"),
            ("detail", " kk\r"),
            ("note", " kkinote\r"),
            ("around", "fKeyError\r kkz"),
        ] {
            let mut state = logs(size);
            press(&mut state, keys);
            take(name, &mut state);
        }
        let mut state = logs(size);
        press(&mut state, "fcart\r&nthe cart\rn\u{1b}\u{1b}flevel>=warn\r&");
        let number = state.logs.survey;
        let rows = vec![(String::new(), 2), (String::new(), 3)];
        update(&mut state, Message::Tallied(Tally { number, rows, looked: 5, whole: true, ..Tally::default() }));
        take("filters", &mut state);
        insta::assert_snapshot!(format!("pane-{}x{}", size.0, size.1), pictures);
    }
}

#[test]
fn repeats_are_folded_on_a_key_and_say_where_they_were() {
    use quarterdeck::domain::log_view::Repeats;
    for size in [(80, 24), (120, 36)] {
        let mut state = logs(size);
        press(&mut state, ".");
        assert!(state.logs.query.fold);
        let mut window = incident();
        let repeats = Repeats { count: 214, hosts: vec!["web-1".into()], missing: vec!["web-2".into()], last: at(49) };
        window.rows[2].repeats = Some(repeats);
        update(&mut state, Message::Logs(Box::new(window)));
        let shown = picture(&mut state);
        let line = shown.lines().find(|line| line.contains("KeyError")).expect("the line");
        let said = if size.0 == 80 { "×214 on 1/2 hosts" } else { "×214 on 1/2 hosts (not web-2)" };
        assert!(line.ends_with(said), "{line}");
        assert!(line.contains("KeyError: 'cart' path=/ch"), "{line}");
        press(&mut state, ".");
        assert!(!state.logs.query.fold);
    }
}

#[test]
fn above_the_oldest_line_the_hosts_look_for_what_passes_the_filter() {
    let mut state = logs((80, 24));
    press(&mut state, "fKeyError\r");
    let window = LogWindow { rows: incident().rows[2..4].to_vec(), matching: 2, ..incident() };
    let answer = |state: &mut State| update(state, Message::Logs(Box::new(window.clone())));
    answer(&mut state);
    let asked = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Older { sought, afresh, .. } => Some((sought.query.to_string(), afresh)),
            _ => None,
        })
    };
    let brought = |number, text: &str, sent, bytes| {
        let through = Some(LookedThrough { sent, bytes, ..LookedThrough::default() });
        Message::Older { number, bad: false, text: text.into(), through, reached: Reached::default() }
    };
    assert_eq!(asked(press(&mut state, " kkk")), Some(("KeyError".into(), true)));
    assert!(picture(&mut state).contains("looking for older lines that pass"));
    assert_eq!(asked(press(&mut state, "k")), None, "one after the other");
    update(&mut state, brought(1, "3 older lines pass", 12_000, 293_000_000));
    let shown = picture(&mut state);
    assert!(shown.contains("older: hosts sent 12 kB of 293 MB"), "{shown}");
    answer(&mut state);
    assert_eq!(asked(press(&mut state, "k")), Some(("KeyError".into(), false)), "further back");
    update(&mut state, brought(2, "none", 1000, 1_000_000));
    assert!(picture(&mut state).contains("13 kB of 294 MB"));
    press(&mut state, "z");
    assert!(state.logs.looked_back.is_some(), "what is around a line is of the same filter");
    press(&mut state, "zF");
    assert!(!picture(&mut state).contains("hosts sent"), "with the filter goes what was found for it");
    answered(&mut state);
    assert_eq!(asked(press(&mut state, "gk")).map(|(filter, _)| filter).as_deref(), Some(""));
}

#[test]
fn a_filter_that_is_taken_off_leaves_a_line_selected() {
    let mut state = logs((80, 24));
    press(&mut state, "fKeyError\r kk");
    let from = state.logs.selected;
    press(&mut state, "F");
    answered(&mut state);
    assert_eq!(state.logs.selected, from, "the line stays the selected one");
    // One that does not pass gives way to the one after it.
    let window = |rows: Vec<LogRow>| Message::Logs(Box::new(LogWindow { rows, ..incident() }));
    press(&mut state, "gk+++++");
    let rows = incident().rows;
    update(&mut state, window(rows[2..4].to_vec()));
    assert!(picture(&mut state).contains('▸'), "{}", picture(&mut state));
    assert_eq!(state.logs.selected, Some(rows[2].id));
}

#[test]
fn what_is_new_since_the_last_deploy_is_one_key_away() {
    use quarterdeck::domain::template::{Change, ChangeKind, Comparison};
    let mut state = logs((80, 24));
    press(&mut state, "d");
    assert_eq!(state.logs.query.compare, Some(at(30)), "since the last deploy");
    let change = |kind, text: &str, level, after, before| Change {
        kind,
        service: Some("api".into()),
        text: text.into(),
        level: Some(level),
        after,
        before,
        known: at(-600),
        sources: vec![SourceId(0), SourceId(1)],
        first: at(40),
        last: at(50),
    };
    let retrying = change(ChangeKind::More(7.2), "retrying request attempt=<n>", Level::Warn, 14, 2);
    let changes = vec![
        change(ChangeKind::New, "KeyError: 'cart'", Level::Error, 2, 0),
        Change { first: at(-500), ..retrying },
        change(ChangeKind::Gone, "cache warmed in <n> ms", Level::Info, 0, 60),
    ];
    let comparison = Comparison { since: at(30), changes, unknown: Vec::new() };
    let window = LogWindow { comparison: Some(Arc::new(comparison)), ..incident() };
    update(&mut state, Message::Logs(Box::new(window)));
    let shown = picture(&mut state);
    for needed in ["Since 03:00:30Z: deploy api 1.4.2 to 1.4.3", "NEW", "web-1 web-2  error KeyError", "×7", "GONE"] {
        assert!(shown.contains(needed), "{needed}:\n{shown}");
    }
    insta::assert_snapshot!("since-80x24", shown);
    press(&mut state, "j\r");
    assert_eq!(query(&state), "service=api level=warn \"retrying request attempt=.+?\"");
    assert_eq!(state.logs.query.anchor, Anchor::Time(at(30)), "at the first of them since the deploy");
    // From a line, and by a time that is typed.
    press(&mut state, "F kkd ");
    assert!(picture(&mut state).contains("this line"));
    press(&mut state, "\u{1b}:since 02:30\r");
    assert_eq!(state.logs.query.compare, Some("2026-11-21T02:30:00Z".parse().expect("a time")));
}
