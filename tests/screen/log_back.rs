//! Further back than what is held: a search that goes on with the hosts, and what is shown of it.

use std::sync::Arc;

use quarterdeck::app::effect::Effect;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::State;
use quarterdeck::app::update::update;
use quarterdeck::domain::log::{FileId, LineSpot};
use quarterdeck::domain::log_view::{LogRow, LogWindow, LookedThrough, RowContent, Sought};

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
    Message::Older { number, bad: false, text: format!("{lines} older lines match; the hosts sent it"), through }
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
    update(&mut state, Message::LookingBack { number: 1, through });
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
    let there = rows[1].id;
    let effects = update(&mut state, Message::Around { row, found: Ok(there) });
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
    assert!(update(&mut state, Message::Around { row, found: Ok(there) }).is_empty());
    assert!(state.logs.around.is_none());
}
