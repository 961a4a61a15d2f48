//! The Overview's panes: their keys and where they lead.

use std::sync::Arc;

use quarterdeck::app::command::Command;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{Overlay, State, Tab};
use quarterdeck::app::update::update;
use quarterdeck::domain::log::{Level, SourceId};
use quarterdeck::domain::log_view::{Anchor, LogWindow};
use quarterdeck::domain::service::{Health, ServiceOnHost};
use quarterdeck::domain::template::{Change, ChangeKind};

use super::hosted::answered;
use super::{at, picture, press, window};

fn error(kind: ChangeKind, text: &str, after: u64, began: i64, last: i64) -> Change {
    Change {
        kind,
        service: Some("api".into()),
        text: text.into(),
        level: Some(Level::Error),
        after,
        before: if kind == ChangeKind::New { 0 } else { 3 },
        known: at(-7200),
        sources: vec![SourceId(0)],
        first: at(began),
        last: at(last),
    }
}

/// Alerts fire, a version has just come, and errors are said.
fn failing(size: (u16, u16)) -> State {
    let mut state = answered(size);
    let status = ServiceOnHost {
        version: Some("1.5.0".into()),
        health: Health::Failing,
        heard: Some(at(3)),
        ..ServiceOnHost::default()
    };
    let (service, environment, host) = ("api".into(), "production".into(), "web-1".into());
    update(&mut state, Message::Service { service, environment, host, status });
    let troubles = vec![
        error(ChangeKind::New, "KeyError: 'cart'", 401, -20, 2),
        error(ChangeKind::More(7.0), "upstream timed out (<n>: connection timed out)", 21, -7000, 1),
        error(ChangeKind::Same, "could not extend file: No space left on device", 3, -7000, -400),
    ];
    update(&mut state, Message::Logs(Box::new(LogWindow { troubles: Arc::new(troubles), ..window(12) })));
    state
}

#[test]
fn the_errors_are_told_by_kind_with_their_hosts_and_what_is_new() {
    for size in [(80, 24), (120, 36)] {
        let mut state = failing(size);
        insta::assert_snapshot!(format!("overview-errors-{}x{}", size.0, size.1), picture(&mut state));
    }
    let shown = picture(&mut failing((120, 36)));
    for words in ["×401", "KeyError: 'cart'", "NEW since 1.5.0", "7 times as often"] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
}

#[test]
fn an_error_is_new_since_a_version_only_where_it_is_known_what_was_said_before() {
    for (kind, known, word) in [
        (ChangeKind::Same, -600, true),
        (ChangeKind::Same, -20, false),
        (ChangeKind::New, -600, true),
        (ChangeKind::More(3.0), -600, false),
    ] {
        let mut state = failing((120, 36));
        let began = Change { known: at(known), before: 0, ..error(kind, "KeyError: 'cart'", 9, -10, 2) };
        update(&mut state, Message::Logs(Box::new(LogWindow { troubles: Arc::new(vec![began]), ..window(12) })));
        let shown = picture(&mut state);
        assert_eq!(shown.contains("NEW since 1.5.0"), word, "{kind:?} {known}:\n{shown}");
    }
}

#[test]
fn what_is_new_and_goes_on_is_in_the_first_line() {
    let mut state = failing((260, 60));
    let shown = picture(&mut state);
    let first = shown.lines().nth(1).unwrap_or_default().to_owned();
    for words in ["KeyError: 'cart'", "likely one cause"] {
        assert!(first.contains(words), "{words}: {first}");
    }
    // What has not been said for some minutes is past.
    update(&mut state, Message::Tick(at(300)));
    let shown = picture(&mut state);
    assert!(!shown.lines().nth(1).unwrap_or_default().contains("KeyError"), "{shown}");
}

#[test]
fn a_version_that_came_after_the_error_is_not_what_it_began_with() {
    let mut state = failing((120, 36));
    update(&mut state, Message::Tick(at(60)));
    let status = ServiceOnHost { version: Some("1.4.9".into()), heard: Some(at(60)), ..ServiceOnHost::default() };
    let (service, environment, host) = ("api".into(), "production".into(), "web-1".into());
    update(&mut state, Message::Service { service, environment, host, status });
    let shown = picture(&mut state);
    assert!(shown.contains("api 1.5.0 to 1.4.9") && shown.contains("NEW since 1.5.0"), "{shown}");
}

#[test]
fn tab_goes_round_the_panes_that_have_rows_and_enter_leads_from_each() {
    // An alert: its page.
    let mut state = failing((120, 36));
    update(&mut state, Message::Command(Command::PreviousPane));
    press(&mut state, "\r");
    assert_eq!((state.tab, state.alerts.open.as_deref()), (Tab::Alerts, Some("statuscake:uptime:1")));

    // Its logs, at the time it began.
    let mut state = failing((120, 36));
    update(&mut state, Message::Command(Command::PreviousPane));
    press(&mut state, "l");
    assert_eq!((state.tab, state.logs.query.anchor), (Tab::Logs, Anchor::Time(at(-360))));
    assert_eq!(state.logs.typed.to_string(), "service=api");

    // The second kind of error: its lines, at the first of them.
    let mut state = failing((120, 36));
    press(&mut state, "\t\tj\r");
    assert_eq!((state.tab, state.logs.query.anchor), (Tab::Logs, Anchor::Time(at(-7000))));
    let asked = state.logs.typed.to_string();
    assert!(asked.contains("service=api") && asked.contains("upstream timed out"), "{asked}");

    // All round.
    let mut state = failing((120, 36));
    let first = state.overview.pane;
    press(&mut state, "\t\t\t\t");
    assert_eq!(state.overview.pane, first);

    // A pane without rows is passed by.
    let mut state = super::busy((120, 36));
    press(&mut state, "\t\t");
    assert_eq!(state.overview.pane, first);
}

/// What the menu of actions offers.
fn menu(state: &mut State) -> Vec<String> {
    press(state, "x");
    let Some(Overlay::Menu(menu)) = state.overlays.last() else { panic!("no menu: {}", picture(state)) };
    menu.items.iter().map(|item| item.label.clone()).collect()
}

#[test]
fn an_action_means_the_row_that_has_the_keys_and_no_other() {
    let mut state = failing((120, 36));
    press(&mut state, "j");
    let hosts = menu(&mut state);
    assert!(hosts.iter().any(|title| title.contains("web-2")), "{hosts:?}");
    // The selected error is of a service, not of the host whose row was selected before.
    press(&mut state, "\u{1b}\t\t");
    let errors = menu(&mut state);
    assert!(!errors.iter().any(|title| title.starts_with("restart") && title.ends_with("on web-2")), "{errors:?}");
}

#[test]
fn no_tab_is_left_out_of_the_header_where_shorter_names_have_room() {
    for columns in 80..130 {
        let mut state = failing((columns, 30));
        state.badge = Some("demo".to_owned());
        let shown = picture(&mut state);
        let first = shown.lines().next().unwrap_or_default();
        assert!(first.contains("6Biz") || first.contains("6 Business"), "{columns}: {first}");
    }
}
