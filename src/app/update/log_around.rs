//! Everything around a line: of what is held, or read from its host for a line that came alone, and read on from there.

use std::sync::Arc;

use super::{log_back, log_reach, logs, toast};
use crate::app::effect::Effect;
use crate::app::state::{Around, Excerpt, Landing, Onward, ReadingOn, State};
use crate::domain::log::Source;
use crate::domain::log_view::{Anchor, Ends, MoreAround, RowId, Seek};
use crate::domain::query::{Op, Query};

/// The lines of one source.
pub(super) fn of_source(source: &Source) -> Query {
    Query::all(vec![Query::field("host", Op::Is, source.host.as_str()), Query::field("source", Op::Is, &source.name)])
}

/// Shows what is around the selected line, whatever the filter; or goes back to the filter.
pub(super) fn around(state: &mut State, query: impl Fn(&Source) -> Query, effects: &mut Vec<Effect>) {
    if state.logs.around.is_some() {
        return leave(state, effects);
    }
    if !logs::needs_line(state) {
        return;
    }
    let Some(source) = log_reach::source(state) else { return };
    if let Some((row, spot)) = logs::selected(state).and_then(|row| Some((row.id, row.spot.clone()?))) {
        let source = Arc::new(source.clone());
        log_back::give_way(state);
        state.logs.around_asked = Some((row, source.clone()));
        return effects.push(Effect::Around { row, source, spot });
    }
    let query = query(source);
    if let Some(id) = state.logs.selected {
        state.logs.around = Some(Around { query, excerpt: None });
        state.logs.compose();
        log_reach::hold(state, id, effects);
    }
}

/// What stands around a line was read: it is shown, if it still is that line that is looked at.
pub(super) fn was_read(state: &mut State, row: RowId, found: Result<(RowId, Ends), String>, effects: &mut Vec<Effect>) {
    let asked = state.logs.around_asked.take_if(|(asked, _)| *asked == row);
    let Some((_, source)) = asked.filter(|_| state.logs.selected == Some(row)) else { return };
    match found {
        Ok((there, ends)) => {
            let excerpt = Excerpt { row, there, source, ends, is_full: false, reading: None };
            state.logs.around = Some(Around { query: Query::default(), excerpt: Some(excerpt) });
            state.logs.compose();
            log_reach::hold(state, there, effects);
        }
        Err(why) => toast(state, true, format!("what is around it cannot be read: {why}")),
    }
}

/// Goes back to what passes the filter.
pub(super) fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    let excerpt = state.logs.around.take().and_then(|around| around.excerpt);
    if let Some(Excerpt { row, .. }) = excerpt {
        state.logs.selected = Some(row);
    }
    state.logs.compose();
    match state.logs.selected {
        Some(id) => log_reach::hold(state, id, effects),
        None => logs::ask(state, effects),
    }
}

/// Reads on beyond what was read around a line: what was written before it, or after it.
pub(super) fn read_on(state: &mut State, older: bool, then: Onward, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    // An answer that is on its way may have more beyond the screen.
    let waits = logs.window.number < logs.query.number;
    let (number, from) = (logs.looks + 1, logs.selected);
    let Some(excerpt) = logs.around.as_mut().and_then(|around| around.excerpt.as_mut()) else { return };
    if waits || excerpt.reading.is_some() {
        return;
    }
    let spot = if older { &excerpt.ends.before } else { &excerpt.ends.after };
    let Some(spot) = spot.clone() else { return toast(state, false, end(older, then)) };
    if excerpt.is_full {
        let words = "no more than that is held around a line; `qd logs --since` reads it";
        return toast(state, true, words);
    }
    excerpt.reading = Some(ReadingOn { number, older, then, from });
    let (line, source) = (excerpt.there, excerpt.source.clone());
    logs.looks = number;
    effects.push(Effect::ReadOn { number, line, source, spot, older });
}

/// What is said where there is nothing beyond.
fn end(older: bool, then: Onward) -> &'static str {
    match (older, then) {
        (true, Onward::Move(_)) => "that is its beginning: its source has nothing older",
        (false, Onward::Move(_)) => "nothing was written after it so far",
        (true, Onward::Search) => "nothing further up, to its beginning",
        (false, Onward::Search) => "nothing further down, to its end",
    }
}

/// More was read, or not: whoever went that way goes on.
pub(super) fn went_on(state: &mut State, number: u64, found: Result<MoreAround, String>, effects: &mut Vec<Effect>) {
    let Some(excerpt) = state.logs.around.as_mut().and_then(|around| around.excerpt.as_mut()) else { return };
    let Some(ReadingOn { older, then, from, .. }) = excerpt.reading.take_if(|reading| reading.number == number) else {
        return;
    };
    let more = match found {
        Ok(more) => more,
        Err(why) => return toast(state, true, format!("what is beyond it cannot be read: {why}")),
    };
    excerpt.is_full = more.is_full;
    *(if older { &mut excerpt.ends.before } else { &mut excerpt.ends.after }) = more.end;
    if more.lines == 0 {
        return toast(state, false, end(older, then));
    }
    let logs = &mut state.logs;
    match (then, logs.window.rows.first()) {
        // Who has gone elsewhere meanwhile stays there.
        _ if logs.selected != from => logs::stay(state, effects),
        (Onward::Move(rows), Some(top)) => {
            (logs.query.anchor, logs.query.seek) = (Anchor::Top(top.id), None);
            logs::beyond(state, rows, effects);
        }
        (Onward::Search, _) => {
            if let Some(from) = from {
                logs::seek_from(state, from, (Seek::Match, !older), Landing::Found(from), effects);
            }
        }
        (Onward::Move(_), None) => logs::stay(state, effects),
    }
}

/// Whether what stands around a line is being read.
pub(super) fn is_reading(state: &State) -> bool {
    let reading = |around: &Around| around.excerpt.as_ref().is_some_and(|excerpt| excerpt.reading.is_some());
    state.logs.around_asked.is_some() || state.logs.around.as_ref().is_some_and(reading)
}

/// Nothing around a line is wanted any more; what was read so far stays.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) {
    state.logs.around_asked = None;
    if let Some(excerpt) = state.logs.around.as_mut().and_then(|around| around.excerpt.as_mut()) {
        excerpt.reading = None;
    }
    effects.push(Effect::StopOlder);
    toast(state, false, "stopped");
}
