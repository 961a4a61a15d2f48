//! The logs' filter and search as they are typed, and moving by time and severity.

use quarterdeck::app::effect::{Effect, ExportTo};
use quarterdeck::app::state::{Overlay, State, Tab};
use quarterdeck::domain::log::Level;
use quarterdeck::domain::log_export::{ExportForm, Taken};
use quarterdeck::domain::log_view::{Anchor, Seek};

use super::{busy, press};

#[test]
fn what_is_typed_shows_at_once_and_esc_takes_it_back() {
    let mut state = busy((120, 40));
    press(&mut state, "2flevel>=warn !host:web-1");
    assert_eq!((state.tab, state.logs.query.filter.query.to_string().as_str()), (Tab::Logs, "level>=warn !host:web-1"));
    press(&mut state, "\u{1b}");
    assert_eq!(state.logs.query.filter.query.to_string(), "", "esc takes the preview back");
    press(&mut state, "flevel>=warn\rf \"open");
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { panic!("the prompt is open") };
    let error = prompt.error.clone().unwrap_or_default();
    assert!(error.contains("unclosed quote") && error.contains("column 13"), "{error}");
    press(&mut state, "\r\u{1b}");
    assert_eq!(state.logs.query.filter.query.to_string(), "level>=warn", "what was in force stays");
    press(&mut state, "/first\r/sec\u{1b}");
    assert_eq!(state.logs.query.search.as_deref(), Some("first"));
    // The level keys change the level and leave the rest of the filter alone.
    press(&mut state, "f !a|b\r+");
    assert_eq!(state.logs.query.filter.query.to_string(), "level>=info (level>=warn !a | b)");
    let least = |state: &mut State, key: &str| {
        press(state, key);
        state.logs.query.filter.query.least_level()
    };
    for (key, level) in
        [("+", Some(Level::Warn)), ("+", Some(Level::Error)), ("+", Some(Level::Fatal)), ("+", Some(Level::Fatal))]
    {
        assert_eq!(least(&mut state, key), level);
    }
    press(&mut state, ":level notice\r");
    for (key, level) in [("+", Some(Level::Warn)), ("=", Some(Level::Info)), ("=", None), ("=", None)] {
        assert_eq!(least(&mut state, key), level);
    }
}

#[test]
fn time_and_severity_are_moved_by() {
    let mut state = busy((120, 40));
    press(&mut state, "2 ");
    let here = state.logs.window.rows.last().expect("lines are shown").time;
    press(&mut state, "[t");
    assert_eq!(state.logs.query.anchor, Anchor::Time(here - chrono::TimeDelta::minutes(10)));
    press(&mut state, "[w");
    assert!(matches!(state.logs.query.seek, Some((Seek::Level(quarterdeck::domain::log::Level::Warn), false))));
}

#[test]
fn what_is_copied_and_saved_leaves_without_secrets() {
    let mut state = busy((120, 40));
    press(&mut state, "2 ");
    let id = state.logs.selected.expect("pausing selects the newest line");
    for (keys, what) in
        [("yy", Taken::Line(id)), ("ye", Taken::Event(id)), (":copy-field msg\r", Taken::Field(id, "msg".to_owned()))]
    {
        let effects = press(&mut state, keys);
        let Some(Effect::Export(export, ExportTo::Clipboard)) = effects.last() else { panic!("{keys}: {effects:?}") };
        assert_eq!((&export.what, export.redact), (&what, true), "{keys}");
    }
    let effects = press(&mut state, "yw");
    let Some(Effect::Export(window, ExportTo::Clipboard)) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((window.form, window.redact), (ExportForm::Markdown, true));
    press(&mut state, ":save incident.csv\r");
    let effects = press(&mut state, ":save x.json\r");
    let Some(Effect::Export(saved, ExportTo::File(name))) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((saved.form, saved.redact, name.as_str()), (ExportForm::Json, true, "x.json"));
    assert!(matches!(saved.what, Taken::Passing(_)));
}
