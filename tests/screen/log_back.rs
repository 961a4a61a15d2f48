//! Further back than what is held: a search that goes on with the hosts, and what is shown of it.

use std::sync::Arc;

use quarterdeck::app::effect::Effect;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{LookedBack, State};
use quarterdeck::app::update::update;
use quarterdeck::domain::log::{FileId, LineSpot};
use quarterdeck::domain::log_reach::{FarBack, Reached};
use quarterdeck::domain::log_view::{Anchor, Ends, LogRow, LogWindow, LookedThrough, MoreAround, RowContent, Sought};

use super::log_pane::{answered, incident, logs};
use super::{picture, press};

/// What hosts are asked to look for, and whether afresh.
fn asked(effects: &[Effect]) -> Option<(u64, Sought, bool)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Older { number, sought, afresh } => Some((*number, sought.clone(), *afresh)),
        _ => None,
    })
}

fn brought(number: u64, lines: u64, sent: u64, bytes: u64) -> Message {
    let through = Some(LookedThrough { lines, sent, bytes, entries: 0 });
    let (text, reached) = (format!("{lines} older lines match; the hosts sent it"), Reached::default());
    Message::Older { number, bad: false, text, through, reached }
}

/// The engine answers with rows of which these match.
fn found(state: &mut State, rows: Vec<LogRow>, hits: &[usize]) -> Vec<Effect> {
    let mut rows = rows;
    for hit in hits {
        if let RowContent::Line { hits, .. } = &mut rows[*hit].content {
            hits.push(0..5);
        }
    }
    update(state, Message::Logs(Box::new(LogWindow { rows, hits: Some((hits.len() as u64, None)), ..incident() })))
}

/// A row that came alone.
fn alone(row: &LogRow, minutes: i64) -> LogRow {
    let id = FileId { name: "/var/log/app.log".into(), inode: "1:2:3".into(), fingerprint: "00".into() };
    let mut row = LogRow { spot: Some(LineSpot::File(Arc::new(id), 4096)), ..row.clone() };
    row.id.micros -= minutes * 60_000_000;
    row.time -= chrono::TimeDelta::minutes(minutes);
    row
}

#[test]
fn a_search_that_finds_nothing_more_goes_on_with_the_hosts_and_can_be_stopped() {
    let mut state = logs((80, 24));
    press(&mut state, "/KeyError\r");
    let effects = found(&mut state, incident().rows, &[2, 3]);
    assert_eq!(asked(&effects), None, "there is one in the buffer");
    press(&mut state, "N");
    found(&mut state, incident().rows, &[2, 3]);
    // Above the first there is no other.
    press(&mut state, "N");
    let from = state.logs.selected;
    let effects = found(&mut state, incident().rows, &[2, 3]);
    let sought = Sought { search: Some("KeyError".into()), ..Sought::default() };
    assert_eq!(asked(&effects), Some((1, sought.clone(), true)));
    let told = effects.iter().find_map(|effect| match effect {
        Effect::Logs(query) => query.sought.as_deref().cloned(),
        _ => None,
    });
    assert_eq!(told, Some(sought.clone()), "the engine is told what to take");
    let through = LookedThrough { lines: 3, sent: 12_000, bytes: 293_000_000, entries: 0 };
    update(&mut state, Message::LookingBack { number: 1, through, reached: Reached::default() });
    let shown = picture(&mut state);
    assert!(shown.contains("looking for older matches: 12 kB of 293 MB sent, 3 lines"), "{shown}");
    assert!(shown.contains("Esc stops"), "{shown}");
    assert_eq!(asked(&press(&mut state, "N")), None);
    assert_eq!(asked(&found(&mut state, incident().rows, &[2, 3])), None, "one after the other");
    let effects = press(&mut state, "\u{1b}");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::StopOlder)), "{effects:?}");
    assert_eq!((state.logs.query.search.as_deref(), state.logs.selected), (Some("KeyError"), from));
    // What was found so far stays, and it goes on from there.
    update(&mut state, brought(1, 9, 0, 0));
    assert_eq!(state.logs.looked_back.as_ref().map(|back| back.through), Some(through));
    press(&mut state, "N");
    let effects = found(&mut state, incident().rows, &[2, 3]);
    assert_eq!(asked(&effects), Some((2, sought, false)));
    // What is found is shown at once, and that it stands alone.
    let effects = update(&mut state, brought(2, 2, 1000, 1_000_000));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Logs(query) if query.seek.is_some())));
    let mut rows = incident().rows;
    rows.insert(0, alone(&rows[2], 90));
    found(&mut state, rows.clone(), &[0, 3, 4]);
    assert_eq!(state.logs.selected, Some(rows[0].id));
    let shown = picture(&mut state);
    assert!(shown.contains("above: only what matches /KeyError/ · z what is around it"), "{shown}");
    assert!(shown.contains("older: hosts sent 13 kB of 294 MB"), "{shown}");
    // With the search goes what was found for it.
    let effects = press(&mut state, "\u{1b}");
    let told = effects.iter().find_map(|effect| match effect {
        Effect::Logs(query) => Some((query.search.clone(), query.sought.clone())),
        _ => None,
    });
    assert_eq!(told, Some((None, None)));
}

#[test]
fn who_has_gone_elsewhere_meanwhile_is_not_taken_away() {
    let mut state = logs((80, 24));
    press(&mut state, "/nowhere\r");
    let effects = found(&mut state, incident().rows, &[]);
    assert!(asked(&effects).is_some(), "Enter goes on with the hosts too");
    press(&mut state, "k");
    let effects = update(&mut state, brought(1, 2, 1000, 1_000_000));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Logs(query) if query.seek.is_some())));
    assert!(picture(&mut state).contains("2 older lines match"));
    // Nothing was found: the row stays, and nobody is asked again by itself.
    press(&mut state, "N");
    assert!(asked(&found(&mut state, incident().rows, &[])).is_some());
    let from = state.logs.selected;
    let effects = update(&mut state, brought(2, 0, 0, 1_000_000));
    assert_eq!(asked(&effects), None);
    found(&mut state, incident().rows, &[]);
    assert_eq!((state.logs.selected, asked(&found(&mut state, incident().rows, &[]))), (from, None));
    // Other matches of the same events may not be above it.
    press(&mut state, "N");
    found(&mut state, incident().rows, &[]);
    update(&mut state, brought(3, 1, 0, 1_000_000));
    assert_eq!(asked(&found(&mut state, incident().rows, &[])), None);
    assert!(picture(&mut state).contains("1 older lines match"));
}

#[test]
fn a_search_among_what_passes_a_filter_goes_on_with_what_passes_it() {
    let mut state = logs((80, 24));
    press(&mut state, "fcheckout\r");
    answered(&mut state);
    press(&mut state, " gk");
    let (number, sought, _) = (state.logs.looks, state.logs.query.sought.clone(), ());
    assert_eq!(sought.map(|sought| sought.query.to_string()).as_deref(), Some("checkout"));
    update(&mut state, brought(number, 3, 12_000, 293_000_000));
    press(&mut state, "/KeyError\r");
    let (_, sought, afresh) = asked(&found(&mut state, incident().rows, &[])).expect("nothing is found here");
    assert_eq!((sought.query.to_string().as_str(), sought.search, afresh), ("checkout", None, false));
    assert!(picture(&mut state).contains("looking for older lines that pass"));
}

#[test]
fn what_is_around_a_line_that_came_alone_is_read_from_its_host() {
    let mut state = logs((80, 24));
    press(&mut state, "/KeyError\r");
    let mut rows = incident().rows;
    rows.insert(0, alone(&rows[2], 90));
    found(&mut state, rows.clone(), &[0]);
    let (row, spot) = (rows[0].id, rows[0].spot.clone());
    assert_eq!(state.logs.selected, Some(row));
    let asked = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Around { row, source, spot } => Some((row, source.host.clone(), Some(spot))),
            _ => None,
        })
    };
    assert_eq!(asked(press(&mut state, "z")), Some((row, "web-1".into(), spot)));
    assert!(state.logs.around.is_none(), "until it is there");
    assert!(picture(&mut state).contains("reading what is around it · Esc stops"));
    let there = rows[1].id;
    let effects = update(&mut state, Message::Around { row, found: Ok((there, Ends::default())) });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Logs(query) if query.excerpt == Some(there))));
    found(&mut state, rows[1..].to_vec(), &[]);
    let shown = picture(&mut state);
    assert!(shown.contains("around the line, of web-1"), "{shown}");
    assert!(!shown.contains("reading what is around it"), "it is there: {shown}");
    // Of another day it says which, however long the title is.
    let later = state.now + chrono::TimeDelta::days(2);
    update(&mut state, Message::Tick(later));
    let day = chrono::DateTime::from_timestamp_micros(there.micros).expect("a time").format("%Y-%m-%d").to_string();
    let shown = picture(&mut state);
    let rule = shown.lines().find(|line| line.contains("around the line")).expect("a rule");
    assert!(rule.contains(&day), "{day}: {rule}");
    // Above it nothing is asked for by mistake, and again goes back to the line.
    let effects = press(&mut state, "gk");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Older { .. })), "{effects:?}");
    let effects = press(&mut state, "z");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Logs(query) if query.excerpt.is_none())));
    found(&mut state, rows.clone(), &[0]);
    assert_eq!(state.logs.selected, Some(row));
    // What cannot be had is said, and the stream stays.
    press(&mut state, "z");
    update(&mut state, Message::Around { row, found: Err("the host is not reached now".into()) });
    assert!(picture(&mut state).contains("cannot be read: the host is not reached now"));
    // Who has gone on meanwhile stays there.
    press(&mut state, "zj");
    assert!(update(&mut state, Message::Around { row, found: Ok((there, Ends::default())) }).is_empty());
    assert!(state.logs.around.is_none());
    // Esc ends the wait.
    press(&mut state, "k");
    state.logs.selected = Some(row);
    press(&mut state, "z");
    let effects = press(&mut state, "\u{1b}");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::StopOlder)), "{effects:?}");
    assert!(update(&mut state, Message::Around { row, found: Ok((there, Ends::default())) }).is_empty());
}

/// A cockpit that shows what was read around a line: the first row of what is held.
fn around(state: &mut State) -> Vec<LogRow> {
    press(state, "/KeyError\r");
    let mut rows = incident().rows;
    rows.insert(0, alone(&rows[2], 90));
    found(state, rows.clone(), &[0]);
    press(state, "z");
    let place = |cursor: &str| Some(LineSpot::Journal("api.service".into(), cursor.into()));
    let ends = Ends { before: place("before"), after: place("after") };
    update(state, Message::Around { row: rows[0].id, found: Ok((rows[3].id, ends)) });
    let rows = incident().rows;
    found(state, rows.clone(), &[2, 3]);
    rows
}

/// What is asked for beyond what was read: the number, where, and whether before it.
fn read_on(effects: &[Effect]) -> Option<(u64, String, bool)> {
    effects.iter().find_map(|effect| match effect {
        Effect::ReadOn { number, spot: LineSpot::Journal(_, cursor), older, .. } => {
            Some((*number, cursor.to_string(), *older))
        }
        _ => None,
    })
}

fn more(number: u64, lines: usize, end: Option<&str>) -> Message {
    let end = end.map(|cursor| LineSpot::Journal("api.service".into(), cursor.into()));
    Message::ReadOn { number, found: Ok(MoreAround { lines, end, is_full: false }) }
}

#[test]
fn what_was_read_around_a_line_is_read_on_at_both_ends() {
    let mut state = logs((80, 24));
    let rows = around(&mut state);
    let shown = picture(&mut state);
    assert!(shown.contains("k j read on at its ends") && shown.contains("5 lines"), "{shown}");
    // Up at the top reads what was written before, told while it lasts, one after the other.
    assert_eq!(read_on(&press(&mut state, "g")), None, "first to the top");
    let effects = press(&mut state, "k");
    let (number, place, older) = read_on(&effects).expect("more is asked for");
    assert_eq!((place.as_str(), older), ("before", true));
    let shown = picture(&mut state);
    assert!(shown.contains("reading what was written before it: 5 lines read · Esc stops"), "{shown}");
    assert_eq!(read_on(&press(&mut state, "k")), None);
    // Once it is there, the way goes on.
    let effects = update(&mut state, more(number, 2, Some("further")));
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Logs(query) => Some((query.anchor, query.offset)),
        _ => None,
    });
    assert_eq!(asked, Some((Anchor::Top(rows[0].id), -1)));
    let mut longer = rows.clone();
    longer.insert(0, alone(&rows[0], 1));
    longer[0].spot = None;
    found(&mut state, longer.clone(), &[]);
    assert_eq!(state.logs.selected, Some(longer[0].id));
    // Its beginning is told; there is nothing to be asked then.
    let (number, place, _) = read_on(&press(&mut state, "k")).expect("more is asked for");
    assert_eq!(place, "further");
    update(&mut state, more(number, 0, None));
    let shown = picture(&mut state);
    assert!(shown.contains("that is its beginning") && shown.contains("5 lines from the first"), "{shown}");
    assert_eq!(read_on(&press(&mut state, "k")), None);
    // Down, to its end, where more may be written later.
    assert_eq!(read_on(&press(&mut state, "G")), None, "first to the bottom");
    let (number, place, older) = read_on(&press(&mut state, "j")).expect("more is asked for");
    assert_eq!((place.as_str(), older), ("after", false));
    update(&mut state, more(number, 0, Some("after")));
    assert!(picture(&mut state).contains("nothing was written after it so far"));
    let (_, place, _) = read_on(&press(&mut state, "j")).expect("it may have grown");
    assert_eq!(place, "after");
    // Esc stops that and stays; what comes nevertheless is not taken. Once more goes back.
    let effects = press(&mut state, "\u{1b}");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::StopOlder)), "{effects:?}");
    assert!(state.logs.around.is_some() && update(&mut state, more(number + 1, 2, None)).is_empty());
    press(&mut state, "\u{1b}");
    assert!(state.logs.around.is_none());
}

#[test]
fn a_search_in_what_was_read_around_a_line_goes_on_beyond_it() {
    let mut state = logs((80, 24));
    let rows = around(&mut state);
    state.logs.selected = Some(rows[2].id);
    press(&mut state, "N");
    let (number, _, older) = read_on(&found(&mut state, rows.clone(), &[2, 3])).expect("there is none above");
    assert!(older && picture(&mut state).contains("searching what was written before it"));
    // It goes on piece by piece until there is one.
    let effects = update(&mut state, more(number, 100, Some("further")));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Logs(query) if query.seek.is_some())));
    let (number, place, _) = read_on(&found(&mut state, rows.clone(), &[2, 3])).expect("there is none yet");
    assert_eq!(place, "further");
    update(&mut state, more(number, 100, None));
    let mut longer = rows.clone();
    longer.insert(0, alone(&rows[2], 1));
    found(&mut state, longer.clone(), &[0, 3, 4]);
    assert_eq!(state.logs.selected, Some(longer[0].id));
    // Or until it begins.
    press(&mut state, "N");
    assert_eq!(read_on(&found(&mut state, longer.clone(), &[0, 3, 4])), None);
    assert!(picture(&mut state).contains("nothing further up, to its beginning"));
    // Downwards it is the same; who has gone elsewhere meanwhile stays there.
    state.logs.selected = Some(longer[4].id);
    press(&mut state, "n");
    let (number, place, older) = read_on(&found(&mut state, longer.clone(), &[0, 3, 4])).expect("there is none below");
    assert_eq!((place.as_str(), older), ("after", false));
    press(&mut state, "k");
    let effects = update(&mut state, more(number, 9, Some("later")));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Logs(query) if query.seek.is_none())), "{effects:?}");
    // The newest is elsewhere.
    press(&mut state, " ");
    assert!(state.logs.around.is_none() && state.logs.follow);
}

#[test]
fn what_is_read_on_is_bounded_and_what_cannot_be_read_is_told() {
    let mut state = logs((80, 24));
    around(&mut state);
    let (number, ..) = read_on(&press(&mut state, "gk")).expect("more is asked for");
    update(&mut state, Message::ReadOn { number, found: Err("the host is not reached now".into()) });
    assert!(picture(&mut state).contains("what is beyond it cannot be read: the host is not reached now"));
    let (number, place, _) = read_on(&press(&mut state, "k")).expect("it is tried again");
    assert_eq!(place, "before");
    let found = Ok(MoreAround { lines: 9, end: Some(LineSpot::Journal("u".into(), "c".into())), is_full: true });
    update(&mut state, Message::ReadOn { number, found });
    self::found(&mut state, incident().rows, &[]);
    assert_eq!(read_on(&press(&mut state, "gk")), None);
    assert!(picture(&mut state).contains("no more than that is held around a line; `qd logs --since`"));
}

#[test]
fn how_far_back_every_source_was_looked_through_is_shown() {
    let mut state = logs((80, 24));
    press(&mut state, "/KeyError\r");
    found(&mut state, incident().rows, &[]);
    let (number, searching) = (state.logs.looks, state.logs.looking_back.is_some());
    assert!(searching, "there is none in the buffer");
    let mut rows = incident().rows;
    rows.insert(0, alone(&rows[2], 30));
    rows.insert(0, alone(&rows[3], 90));
    let sources: Vec<_> = incident().sources.iter().map(|status| status.source.clone()).collect();
    let before = |row: &LogRow| FarBack::To(row.time - chrono::TimeDelta::minutes(1));
    let told = |n: usize, far: FarBack| {
        let mut reached = Reached::default();
        reached.set(&sources[n], far);
        reached
    };
    let through = LookedThrough { lines: 1, sent: 12_000, bytes: 293_000_000, entries: 0 };
    // One of them is still to be looked through: also when it is stopped now.
    update(&mut state, Message::LookingBack { number, through, reached: told(0, before(&rows[1])) });
    let rule = |state: &mut State| picture(state).lines().nth(1).unwrap_or_default().to_owned();
    let shown = rule(&mut state);
    assert!(shown.contains("searched to ") && shown.contains("Z on 1 of 2 sources"), "{shown}");
    press(&mut state, "\u{1b}");
    assert!(rule(&mut state).contains("Z on 1 of 2 sources"), "{}", rule(&mut state));
    // The other was looked through further: above that there are holes.
    press(&mut state, "N");
    found(&mut state, incident().rows, &[]);
    let number = state.logs.looks;
    let (text, reached) = ("1 older line".to_owned(), told(1, before(&rows[0])));
    update(&mut state, Message::Older { number, bad: false, text, through: Some(through), reached });
    found(&mut state, rows.clone(), &[0, 1, 4, 5]);
    let shown = picture(&mut state);
    assert!(shown.contains("searched to ") && shown.contains("Z, 1 of 2 sources further"), "{shown}");
    let at = |words: &str| shown.lines().position(|line| line.contains(words)).expect("it is told");
    let time = |row: &LogRow| row.time.format("%H:%M:%S").to_string();
    let holes = at("above: only 1 of 2 sources are searched · N goes further");
    assert!(at(&time(&rows[0])) < holes && holes < at(&time(&rows[1])), "{shown}");
    // Of a source that is hidden nothing is missing.
    state.logs.query.filter.hidden.push(incident().sources[0].id);
    assert!(rule(&mut state).contains("all searched to "), "{}", rule(&mut state));
    // With the search it goes.
    press(&mut state, "\u{1b}");
    assert!(!rule(&mut state).contains("searched"), "{}", rule(&mut state));
}

#[test]
fn how_far_back_every_source_was_read_is_shown_too_but_not_around_a_line() {
    let mut state = logs((80, 24));
    press(&mut state, " gk");
    let number = state.logs.looks;
    let sources: Vec<_> = incident().sources.iter().map(|status| status.source.clone()).collect();
    let mut reached = Reached::default();
    reached.set(&sources[0], FarBack::To(state.now - chrono::TimeDelta::hours(1)));
    reached.set(&sources[1], FarBack::Beginning);
    let text = "900 older lines".to_owned();
    update(&mut state, Message::Older { number, bad: false, text, through: None, reached: reached.clone() });
    let rule = |state: &mut State| picture(state).lines().nth(1).unwrap_or_default().to_owned();
    let shown = rule(&mut state);
    assert!(shown.contains("read to 02:01Z, 1 of 2 sources further"), "{shown}");
    // What was read around a line has no holes.
    let mut state = logs((80, 24));
    around(&mut state);
    let sought = Sought { search: Some("KeyError".into()), ..Sought::default() };
    state.logs.looked_back = Some(LookedBack { sought, through: LookedThrough::default(), reached });
    let shown = rule(&mut state);
    assert!(!shown.contains("searched") && shown.contains("5 lines"), "{shown}");
}

#[test]
fn one_thing_is_asked_of_the_hosts_at_a_time() {
    let mut state = logs((80, 24));
    press(&mut state, "/KeyError\r");
    let mut rows = incident().rows;
    rows.insert(0, alone(&rows[2], 90));
    found(&mut state, rows.clone(), &[0]);
    press(&mut state, "N");
    assert!(asked(&found(&mut state, rows.clone(), &[0])).is_some(), "there is none above");
    // What is around the line is wanted now.
    press(&mut state, "z");
    let shown = picture(&mut state);
    assert!(state.logs.looking_back.is_none() && shown.contains("reading what is around it"), "{shown}");
    // And now the next match again.
    press(&mut state, "N");
    assert!(asked(&found(&mut state, rows.clone(), &[0])).is_some());
    let shown = picture(&mut state);
    assert!(state.logs.around_asked.is_none() && shown.contains("looking for older matches"), "{shown}");
}
