//! Lists to pick from: values, filters, bookmarks, kinds of messages, views.

use quarterdeck::app::effect::ExportTo;
use quarterdeck::domain::log_export::Taken;

use super::*;

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
fn a_field_to_copy_is_picked_from_those_of_the_line() {
    let mut state = logs((80, 24));
    press(&mut state, " kk");
    let id = state.logs.selected.expect("a line");
    press(&mut state, "yf");
    let shown = picture(&mut state);
    for needed in ["Copy a field", "path", "/checkout", "request_id", "7f3a91", "copy it"] {
        assert!(shown.contains(needed), "{needed}:\n{shown}");
    }
    assert!(!shown.contains("dur_ms  "), "only what this line has: {shown}");
    let effects = press(&mut state, "j\r");
    let Some(Effect::Export(export, ExportTo::Clipboard)) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((&export.what, export.redact), (&Taken::Field(id, "request_id".to_owned()), true));
    assert!(state.overlays.is_empty());
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
