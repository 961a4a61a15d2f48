//! What the Logs tab tells by itself: what is new, which source is which, what a filter took for text, what a key does next.

use std::sync::Arc;

use quarterdeck::app::effect::{Effect, ExportTo};
use quarterdeck::app::message::Message;
use quarterdeck::app::update::update;
use quarterdeck::domain::log::{Source, SourceId};
use quarterdeck::domain::log_keep::Kept;
use quarterdeck::domain::log_view::{Bucket, LogWindow, SourceStatus};

use super::log_pane::{answered, incident, logs, query, status};
use super::{at, busy, picture, press};

#[test]
fn new_is_what_came_since_the_tail_was_left_whatever_is_asked_meanwhile() {
    let mut state = logs((80, 24));
    press(&mut state, " ");
    let left = state.logs.query.left;
    assert_eq!(left, incident().rows.last().map(|row| row.id));
    press(&mut state, "flevel>=warn\r");
    press(&mut state, "[h");
    assert_eq!(state.logs.query.left, left);
    update(&mut state, Message::Logs(Box::new(LogWindow { newer: 1284, below: 9, ..incident() })));
    assert!(picture(&mut state).contains("1,284 new"));
    press(&mut state, "G");
    assert_eq!(state.logs.query.left, None);
}

#[test]
fn a_pasted_filter_shows_what_it_does_as_a_typed_one() {
    let mut state = logs((80, 24));
    press(&mut state, "f");
    update(&mut state, Message::Pasted("level>=error".into()));
    assert_eq!(query(&state), "level>=error");
}

#[test]
fn a_name_that_no_field_has_is_told_where_nothing_passes() {
    let mut state = logs((80, 24));
    press(&mut state, "fpaht=/cart !usre=7\r");
    let nothing = LogWindow { rows: Vec::new(), matching: 0, ..incident() };
    update(&mut state, Message::Logs(Box::new(nothing)));
    let shown = picture(&mut state);
    assert!(shown.contains("no line has a field paht, so its name is looked for as text; is path meant?"), "{shown}");
}

#[test]
fn sources_stand_by_host_and_two_of_one_name_say_whose_they_are() {
    let mut state = logs((120, 36));
    let of = |id, host: &str, service: &str, file: &str| {
        let name = format!("file:/var/log/{service}/{file}").into();
        let source = Source { host: host.into(), service: Some(service.into()), name };
        SourceStatus { id: SourceId(id), source: Arc::new(source), ..status(id, host, None) }
    };
    let sources = vec![
        of(0, "web-2", "api", "app.log"),
        of(1, "web-1", "shop", "app.log"),
        of(2, "web-1", "api", "app.log"),
        of(3, "web-1", "api", "access.log"),
    ];
    for _ in 0..2 {
        update(&mut state, Message::Logs(Box::new(LogWindow { sources: sources.clone(), ..incident() })));
        let ids: Vec<u32> = state.logs.window.sources.iter().map(|source| source.id.0).collect();
        assert_eq!(ids, [3, 2, 1, 0]);
    }
    let shown = picture(&mut state);
    for needed in ["web-1 …ss.log", "web-1 api/a", "web-1 shop/", "web-2 app.log"] {
        assert!(shown.contains(needed), "{needed}:\n{shown}");
    }
}

#[test]
fn a_name_that_is_typed_takes_the_place_of_the_proposed_one() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let saved = |moved: bool| {
        let mut state = logs((80, 24));
        press(&mut state, ":save\r");
        if moved {
            update(&mut state, Message::Key(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE)));
        }
        let effects = press(&mut state, "x.csv\r");
        match effects.last() {
            Some(Effect::Export(_, ExportTo::File(name))) => name.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(saved(false), "x.csv");
    assert!(saved(true).starts_with("qd-logs-"));
}

#[test]
fn that_the_logs_are_filtered_as_they_were_left_is_told_until_they_are_not() {
    let mut before = logs((80, 24));
    press(&mut before, "flevel>=warn\r");
    let kept: Kept = before.logs.keep();
    let mut state = busy((80, 24));
    state.take_up(&kept);
    press(&mut state, "2");
    answered(&mut state);
    assert!(picture(&mut state).contains("filtered as you left them: level>=warn"));
    press(&mut state, "F");
    assert!(!picture(&mut state).contains("as you left them"));
}

#[test]
fn what_is_new_and_how_to_copy_an_event_are_offered_on_a_small_screen() {
    let mut state = logs((80, 24));
    assert!(picture(&mut state).ends_with("? help"));
    assert!(picture(&mut state).contains("d what's new"));
    press(&mut state, " ");
    answered(&mut state);
    assert!(picture(&mut state).contains("ye copy"), "{}", picture(&mut state));
}

#[test]
fn lines_of_another_day_say_which() {
    let mut state = logs((80, 24));
    assert!(!picture(&mut state).contains("2026-11-2"), "of today nothing is said");
    let day = 86_400_000_000;
    let mut window = incident();
    for row in &mut window.rows[..3] {
        row.id.micros -= 3 * day;
    }
    window.histogram =
        [-3 * 86_400, 0].map(|start| Bucket { start: at(start).timestamp(), errors: 1, ..Bucket::default() }).into();
    press(&mut state, " g");
    update(&mut state, Message::Logs(Box::new(window)));
    let shown = picture(&mut state);
    let rule = shown.lines().find(|line| line.contains("\u{2500} Logs ")).expect("the title");
    assert!(shown.lines().any(|line| line.starts_with("\u{2500}\u{2500} Sat 2026-11-21 ")), "{shown}");
    assert!(rule.contains("Wed 2026-11-18"), "{shown}");
    assert!(shown.contains(" 11-18 "), "{shown}");
    press(&mut state, "t");
    assert!(!picture(&mut state).contains("Wed"), "the times say it themselves");
}

#[test]
fn what_is_typed_and_what_is_wrong_with_it_stand_side_by_side_on_a_small_screen() {
    let mut state = logs((80, 24));
    press(&mut state, "f");
    assert!(picture(&mut state).contains("regex !not a|b level>=warn host:web* field=value"), "how it is written");
    press(&mut state, "status>=500 (");
    let shown = picture(&mut state);
    assert!(shown.contains("filter: status>=500 ("), "{shown}");
    assert!(shown.contains("something is missing here, at column 14"), "{shown}");
    assert!(!shown.contains("!not a|b"), "{shown}");
}

#[test]
fn a_time_that_cannot_be_read_is_mended_where_it_was_typed() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut state = logs((80, 24));
    press(&mut state, "@99:99\r");
    let shown = picture(&mut state);
    assert!(shown.contains("go to: 99:99") && shown.contains("14:26, 14:26:03, -10m or 2026-01-31 14:26"), "{shown}");
    press(&mut state, "2");
    assert_eq!(state.tab, quarterdeck::app::state::Tab::Logs, "a digit is no key while a time is typed");
    assert!(!picture(&mut state).contains("14:26:03"));
    for _ in 0..6 {
        update(&mut state, Message::Key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE)));
    }
    press(&mut state, "-10m\r");
    assert!(state.overlays.is_empty(), "{}", picture(&mut state));
}

#[test]
fn what_an_earlier_key_was_told_does_not_stand_over_what_comes_of_a_later_one() {
    let mut state = logs((80, 24));
    press(&mut state, "n");
    assert!(picture(&mut state).contains("nothing is searched for yet"));
    let now = state.now + chrono::TimeDelta::milliseconds(1500);
    update(&mut state, Message::Tick(now));
    assert!(picture(&mut state).contains("nothing is searched for yet"), "nothing was pressed meanwhile");
    press(&mut state, "/");
    assert!(!picture(&mut state).contains("nothing is searched for yet"));
}

#[test]
fn a_page_of_the_help_is_as_much_as_fits() {
    let mut state = logs((80, 24));
    press(&mut state, "?");
    let last = |shown: &str| shown.lines().rfind(|line| line.starts_with('│')).unwrap_or_default().to_owned();
    let first = picture(&mut state);
    update(&mut state, Message::Command(quarterdeck::app::command::Command::PageDown));
    let second = picture(&mut state);
    let rows: Vec<&str> = second.lines().filter(|line| line.starts_with('│')).collect();
    assert_eq!(rows[2], last(&first), "one row stays, for the eye");
}

#[test]
fn an_error_is_opened_with_its_whole_trace() {
    use quarterdeck::domain::log_view::{LogRow, RowContent};
    let mut state = logs((80, 24));
    let mut window = incident();
    let at = window.rows.iter().position(|row| row.level == Some(quarterdeck::domain::log::Level::Error)).unwrap();
    let error = window.rows[at].clone();
    for (n, line) in [
        "Traceback (most recent call last):",
        "  File \"/srv/shop/views.py\", line 212, in checkout of the cart that is not there",
    ]
    .into_iter()
    .enumerate()
    {
        let id = quarterdeck::domain::log_view::RowId { seq: error.id.seq + 1 + n as u64, ..error.id };
        let content =
            RowContent::Line { text: line.into(), hits: Vec::new(), message: 0..line.len(), fields: Vec::new() };
        window.rows.insert(at + 1 + n, LogRow { id, continues: true, level: error.level, content, ..error.clone() });
    }
    update(&mut state, Message::Logs(Box::new(window)));
    state.logs.follow = false;
    state.logs.selected = Some(error.id);
    press(&mut state, "\r");
    let shown = picture(&mut state);
    let (_, detail) = shown.rsplit_once("── web-1 ").expect("the detail");
    let words: Vec<&str> = detail.split_whitespace().collect();
    assert!(words.join(" ").contains("line 212, in checkout of the cart that is not there"), "{shown}");
    assert!(detail.contains("KeyError") && detail.contains("Traceback (most recent call last):"), "{shown}");
}

#[test]
fn a_source_that_cannot_be_read_is_not_merely_silent() {
    let mut state = logs((80, 24));
    let barred = SourceStatus { live: false, error: Some("permission denied".into()), ..status(1, "web-2", None) };
    let window = LogWindow { sources: vec![status(0, "web-1", None), barred], ..incident() };
    update(&mut state, Message::Logs(Box::new(window)));
    let shown = picture(&mut state);
    assert!(shown.contains("1 of 2 sources not read: s says why"), "{shown}");
    assert!(!shown.contains("silent"), "{shown}");
}

#[test]
fn what_every_line_has_is_told_among_its_fields() {
    let mut state = logs((80, 24));
    press(&mut state, " v");
    let shown = picture(&mut state);
    let value = |name: &str| {
        let row = shown.lines().find(|line| line.contains(&format!(" {name} "))).unwrap_or_default();
        row.split_whitespace().nth(3).unwrap_or_default().to_owned()
    };
    assert_eq!((value("host").as_str(), value("level").as_str()), ("web-2", "info"), "{shown}");
    assert!(shown.contains(" fields │"), "the number says of what: {shown}");
}
