//! The logs' lists to pick from, rulers, bookmarks, context, and following an id: by the keys that a person types.

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
fn a_value_is_picked_from_a_list_with_counts() {
    let mut state = logs((80, 24));
    press(&mut state, " kk");
    let effects = press(&mut state, "v\r");
    let Counted::Values(_, field) = &survey(&effects).what else { panic!("{effects:?}") };
    assert_eq!(field, "path", "the selected line's fields come first");
    let number = survey(&effects).number;
    let rows = vec![("/checkout".to_owned(), 3), ("/cart".to_owned(), 1)];
    let tally = Tally { number, rows, having: 4, looked: 5, others: 0, whole: true };
    update(
        &mut state,
        Message::Tallied(Tally { number: number - 1, rows: vec![("obsolete".into(), 1)], ..Tally::default() }),
    );
    update(&mut state, Message::Tallied(tally));
    let shown = picture(&mut state);
    for needed in ["Values of path", "/checkout", "75%", "4 of 5 lines have it", "x not this"] {
        assert!(shown.contains(needed), "{needed}:\n{shown}");
    }
    assert!(!shown.contains("obsolete"), "an answer to an older question is ignored");
    press(&mut state, "\r");
    assert_eq!((query(&state).as_str(), state.overlays.len()), ("path=/checkout", 0));
    press(&mut state, ":values path\r");
    let number = state.logs.survey;
    update(&mut state, Message::Tallied(Tally { number, rows: vec![("/cart".into(), 1)], ..Tally::default() }));
    press(&mut state, "x");
    assert_eq!(query(&state), "path=/checkout path!=/cart");
    // The list finds what is typed.
    press(&mut state, "v/dur\r");
    assert!(picture(&mut state).contains("with `dur`"));
    let effects = press(&mut state, "\r");
    assert!(matches!(&survey(&effects).what, Counted::Values(_, field) if field == "dur_ms"));
}

#[test]
fn filters_are_kept_under_names_counted_and_put_on_and_off() {
    let mut state = logs((80, 24));
    press(&mut state, "flevel>=error\r");
    let effects = press(&mut state, "&n");
    assert!(matches!(&survey(&effects).what, Counted::Filters(queries) if queries.len() == 1));
    press(&mut state, "errors\r");
    assert_eq!((query(&state).as_str(), state.logs.typed.is_everything()), ("level>=error", true));
    press(&mut state, "\u{1b}fcart\r&");
    let number = state.logs.survey;
    let rows = vec![(String::new(), 4), (String::new(), 2)];
    update(&mut state, Message::Tallied(Tally { number, rows, looked: 5, whole: true, ..Tally::default() }));
    let shown = picture(&mut state);
    for needed in ["(typed)", "cart", "errors", "level>=error", "80%", "40%", "[errors]", "2 filters"] {
        assert!(shown.contains(needed), "{needed}:\n{shown}");
    }
    press(&mut state, "j ");
    assert_eq!(query(&state), "cart", "off");
    press(&mut state, " ");
    assert_eq!(query(&state), "cart level>=error", "and on again");
    // Changing one shows at once; Esc takes it back, Enter keeps it under its name.
    press(&mut state, "e path");
    assert_eq!(query(&state), "cart level>=error path");
    press(&mut state, "\u{1b}");
    assert_eq!(query(&state), "cart level>=error");
    press(&mut state, "e path\r");
    assert_eq!((query(&state).as_str(), state.logs.named.len()), ("cart level>=error path", 1));
    press(&mut state, "d");
    assert_eq!((query(&state).as_str(), state.logs.named.len()), ("cart", 0));
    press(&mut state, "\u{1b}F");
    assert_eq!(query(&state), "");
}

#[test]
fn deploys_and_alerts_stand_between_the_lines_and_are_jumped_to() {
    let mut state = logs((80, 24));
    let shown = picture(&mut state);
    let place = |words: &str| {
        shown.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}:\n{shown}"))
    };
    let (deploy, error, alert) = (place("deploy api 1.4.2 to 1.4.3"), place("KeyError"), place("page checkout down"));
    assert!(deploy + 1 == error && alert == error + 1, "{shown}");
    press(&mut state, "[d");
    let Anchor::Time(time) = state.logs.query.anchor else { panic!("{:?}", state.logs.query.anchor) };
    assert_eq!(time, at(30));
    answered(&mut state);
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(40).timestamp_micros()), "the first line after it");
    press(&mut state, "[d");
    assert!(picture(&mut state).contains("no change is known before that"), "the same one is not found again");
    press(&mut state, "]a");
    answered(&mut state);
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(50).timestamp_micros()));
    press(&mut state, "]a");
    assert!(picture(&mut state).contains("no alert is known after that"));
}

#[test]
fn bookmarks_have_notes_and_are_come_back_to() {
    let mut state = logs((80, 24));
    press(&mut state, " kkiasked ana about it\r");
    let shown = picture(&mut state);
    assert!(shown.contains("◆ asked ana about it"), "{shown}");
    press(&mut state, "kkb");
    assert_eq!(state.logs.bookmarks.len(), 2);
    press(&mut state, "]b");
    answered(&mut state);
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(40).timestamp_micros()));
    press(&mut state, "'");
    let shown = picture(&mut state);
    assert!(shown.contains("Bookmarks") && shown.contains("asked ana about it: level=error"), "{shown}");
    press(&mut state, "\r");
    answered(&mut state);
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(0).timestamp_micros()), "the first of the list");
    press(&mut state, "b");
    assert_eq!(state.logs.bookmarks.len(), 1, "a bookmark is taken off by the same key");
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
fn from_a_line_one_goes_to_its_host_service_deployment_and_alert() {
    for (keys, tab) in [("oh", Tab::Hosts), ("ou", Tab::Overview), ("od", Tab::Deploys), ("oa", Tab::Alerts)] {
        let mut state = logs((120, 36));
        press(&mut state, " k");
        press(&mut state, keys);
        assert_eq!(state.tab, tab, "{keys}");
        let shown = picture(&mut state);
        match keys {
            "oh" => assert_eq!(state.machines.open.as_ref().map(|host| host.as_str()), Some("web-2")),
            "ou" => assert_eq!(state.overview.service, Some(("api".into(), "production".into()))),
            "od" => assert!(shown.contains("1.4.3, 0 min before the line"), "{shown}"),
            _ => assert!(shown.contains("checkout down"), "{shown}"),
        }
        press(&mut state, "-");
        assert_eq!(state.tab, Tab::Logs, "and back");
    }
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

#[test]
fn a_view_is_kept_put_on_again_and_said_at_the_next_start() {
    let mut state = logs((80, 24));
    state.logs.kept = Some(quarterdeck::domain::log_keep::Kept::default());
    press(&mut state, "flevel>=error\rwtpVnthe errors\r\u{1b}F/cart\rb");
    let mut effects = update(&mut state, Message::Tick(at(61)));
    let kept = effects.drain(..).find_map(|effect| if let Effect::Keep(kept) = effect { Some(kept) } else { None });
    let kept = kept.expect("what changed is kept");
    assert!(update(&mut state, Message::Tick(at(62))).iter().all(|effect| !matches!(effect, Effect::Keep(_))), "once");
    assert_eq!((kept.views.len(), kept.bookmarks.len(), kept.searches.len()), (1, 1, 1));
    press(&mut state, "V\r");
    assert_eq!(query(&state), "level>=error");
    let effects = press(&mut state, "q");
    let last =
        effects.iter().find_map(|effect| if let Effect::Keep(kept) = effect { Some(kept.clone()) } else { None });
    assert!(matches!(effects.last(), Some(Effect::Quit)), "and leaves");

    let mut next = busy((80, 24));
    next.take_up(&last.expect("leaving keeps what has changed"));
    press(&mut next, "2");
    update(&mut next, Message::Logs(Box::new(incident())));
    let shown = picture(&mut next);
    assert!(shown.contains("the logs are filtered as you left them: level>=error"), "{shown}");
    assert!(next.logs.wrap, "how the lines look is as it was");
    assert_eq!(next.logs.bookmarks.len(), 1);
    press(&mut next, "!F'\r");
    answered(&mut next);
    assert_eq!(next.logs.selected.map(|id| id.micros), Some(at(55).timestamp_micros()), "a bookmark finds its line");
    assert!(picture(&mut next).contains("◆web-2"));
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

fn happened(kind: EventKind, seconds: i64, host: Option<&str>, text: &str) -> Event {
    Event {
        fleet: "acme".into(),
        key: format!("{kind:?} {seconds}"),
        time: at(seconds),
        kind,
        service: Some("api".into()),
        environment: Some("production".into()),
        host: host.map(str::to_owned),
        text: text.into(),
    }
}

#[test]
fn rulers_tell_what_was_kept_of_before_this_start_and_nothing_twice() {
    let mut state = logs((120, 36));
    let events = vec![
        happened(EventKind::Restart, -7200, Some("web-1"), "api was started on web-1"),
        happened(EventKind::AlertFiring, -3600, None, "checkout slow"),
        happened(EventKind::AlertResolved, -3000, None, "checkout slow"),
        happened(EventKind::Version, 20, Some("web-2"), "api 1.4.2 → 1.4.3 on web-2"),
        // GitLab and StatusCake tell more of these two.
        happened(EventKind::DeployEnded, 31, None, "deploy api 1.4.3 success · ana"),
        happened(EventKind::AlertFiring, 45, None, "checkout down"),
    ];
    update(&mut state, Message::Events(events));
    let shown = picture(&mut state);
    assert!(shown.contains("api 1.4.2 → 1.4.3 on web-2"), "{shown}");
    assert_eq!(shown.matches("checkout down").count(), 1, "{shown}");
    assert!(!shown.contains("success · ana"), "{shown}");
    // From the tail back through all of them, and forward again.
    let mut jump = |keys: &str| {
        press(&mut state, keys);
        let Anchor::Time(time) = state.logs.query.anchor else { panic!("{:?}", state.logs.query.anchor) };
        let told = picture(&mut state);
        answered(&mut state);
        ((time - at(0)).num_seconds(), told)
    };
    let back: Vec<i64> = (0..3).map(|_| jump("[d").0).collect();
    assert_eq!(back, [30, 20, -7200]);
    assert_eq!(jump("]d").0, 20);
    assert_eq!([jump("[a").0, jump("[a").0], [-3000, -3600]);
    let (time, told) = jump("]a");
    assert!(time == -3000 && told.contains("over: checkout slow"), "{told}");
}

#[test]
fn a_line_s_time_is_marked_on_every_other_tab() {
    let mut state = logs((120, 36));
    for (seconds, cpu) in [(10, 20.0), (20, 80.0), (30, 40.0), (50, 10.0)] {
        for host in ["web-1", "web-2"] {
            let mut sample = super::sample(seconds, cpu);
            sample.at = at(seconds);
            update(&mut state, Message::Sampled(host.into(), Box::new(sample)));
        }
    }
    update(&mut state, Message::Tick(at(60)));
    let words = format!("◂ line {}", at(40).format("%H:%M:%S"));
    for key in ["1", "3", "4", "5"] {
        press(&mut state, key);
        assert!(!picture(&mut state).contains("◂ line"), "{key}: nothing is selected yet");
    }
    press(&mut state, "2 kk");
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(40).timestamp_micros()));
    for key in ["1", "3", "4", "5"] {
        press(&mut state, key);
        let shown = picture(&mut state);
        assert!(shown.contains(&words), "{key}:\n{shown}");
        if key == "4" {
            let line =
                shown.lines().find(|line| line.contains("1.4.3") && line.contains("success")).expect("the deploy");
            assert!(line.trim_end().ends_with('◂'), "what had just been deployed then is marked:\n{shown}");
        }
    }
    press(&mut state, "3");
    let marked = super::marked_cells(&mut state);
    assert_eq!(marked.iter().filter(|bar| *bar == "▄").count(), 2, "a bar of each host's graph: {marked:?}");
    press(&mut state, "\r");
    assert!(picture(&mut state).contains(&words), "on the page of a host too");
    // Following the tail is at no time.
    press(&mut state, "2 3");
    assert!(!picture(&mut state).contains("◂ line"));
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
        Message::Older { number, bad: false, text: text.into(), through }
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
fn kinds_that_differ_in_their_level_alone_are_two() {
    use quarterdeck::domain::template::{Change, ChangeKind, Comparison};
    let mut state = logs((80, 24));
    press(&mut state, "d");
    let change = |level| Change {
        kind: ChangeKind::New,
        service: Some("api".into()),
        text: "request handled".into(),
        level: Some(level),
        after: 2,
        before: 0,
        known: at(0),
        sources: vec![SourceId(0)],
        first: at(40),
        last: at(50),
    };
    let changes = vec![change(Level::Error), change(Level::Warn), change(Level::Info)];
    let comparison = Comparison { since: at(30), changes, unknown: Vec::new() };
    update(&mut state, Message::Logs(Box::new(LogWindow { comparison: Some(Arc::new(comparison)), ..incident() })));
    let shown = picture(&mut state);
    for level in ["error request handled", "warn request handled", "info request handled"] {
        assert!(shown.contains(level), "{level}:\n{shown}");
    }
    press(&mut state, "jj\r");
    assert_eq!(query(&state), "service=api level=info \"request handled\"");
}
