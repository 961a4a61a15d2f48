//! Places in the logs that are jumped to: bookmarks with their notes, what the rulers show, columns of the histogram.

use chrono::{DateTime, TimeDelta, Utc};

use super::{logs, overlays, toast};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{Bookmark, Landing, PromptPurpose, State};
use crate::app::view_state::ruler::{self, MarkKind};
use crate::domain::log_view::{Anchor, LogRow};
use crate::domain::text::one_line;

/// Bookmarks that are kept.
const MOST: usize = 200;
/// Longest note, in characters.
const LONGEST: usize = 300;

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Bookmark => bookmark(state),
        Command::Note(Some(text)) => note(state, &text),
        Command::Note(None) => {
            if logs::needs_line(state) {
                let text = on_line(state).map(|mark| mark.note.clone()).unwrap_or_default();
                overlays::prompt(state, PromptPurpose::LogNote, "note", &text);
            }
        }
        Command::NextBookmark => beside(state, true, effects),
        Command::PreviousBookmark => beside(state, false, effects),
        Command::NextChange => jump(state, MarkKind::Change, true, effects),
        Command::PreviousChange => jump(state, MarkKind::Change, false, effects),
        Command::NextAlert => jump(state, MarkKind::Alert, true, effects),
        Command::PreviousAlert => jump(state, MarkKind::Alert, false, effects),
        Command::NextColumn => column(state, true, effects),
        Command::PreviousColumn => column(state, false, effects),
        _ => {}
    }
}

/// The bookmark on the selected line.
fn on_line(state: &State) -> Option<&Bookmark> {
    let row = logs::selected(state)?;
    let source = state.logs.window.sources.iter().find(|source| source.id == row.source);
    state.logs.bookmarks.iter().find(|mark| mark.is_on(row, source.map(|source| &*source.source)))
}

/// A bookmark for the selected line, without a note.
fn made(state: &State) -> Option<Bookmark> {
    let row = logs::selected(state)?;
    let source = state.logs.window.sources.iter().find(|source| source.id == row.source)?;
    Bookmark::on(row, &source.source)
}

fn put(state: &mut State, mark: Bookmark) -> bool {
    let marks = &mut state.logs.bookmarks;
    if marks.len() >= MOST {
        toast(state, true, format!("{MOST} lines have bookmarks already: ' lists them, d lets go of one"));
        return false;
    }
    marks.push(mark);
    marks.sort_by_key(|mark| mark.time);
    true
}

fn bookmark(state: &mut State) {
    if !logs::needs_line(state) {
        return;
    }
    if let Some(key) = on_line(state).map(Bookmark::key) {
        state.logs.bookmarks.retain(|mark| mark.key() != key);
        return toast(state, false, "the bookmark is taken off");
    }
    match made(state) {
        Some(mark) => _ = put(state, mark),
        None => toast(state, true, "only log lines can have a bookmark"),
    }
}

fn note(state: &mut State, text: &str) {
    let text = one_line(text.trim(), LONGEST);
    if on_line(state).is_none() && !text.is_empty() {
        let Some(mark) = made(state) else { return };
        if !put(state, mark) {
            return;
        }
    }
    if let Some(key) = on_line(state).map(Bookmark::key)
        && let Some(mark) = state.logs.bookmarks.iter_mut().find(|mark| mark.key() == key)
    {
        mark.note = text;
    }
}

/// The next bookmark from the selected line on, or the one before.
fn beside(state: &mut State, forward: bool, effects: &mut Vec<Effect>) {
    let Some(row) = logs::at_hand(state) else { return };
    let (id, time) = (row.id, row.time);
    let marks = &state.logs.bookmarks;
    let here = |mark: &Bookmark| mark.id == Some(id);
    let found = match forward {
        true => marks.iter().find(|mark| mark.time >= time && !here(mark) && mark.id.is_none_or(|other| other > id)),
        false => {
            marks.iter().rev().find(|mark| mark.time <= time && !here(mark) && mark.id.is_none_or(|other| other < id))
        }
    };
    match found.map(Bookmark::key) {
        Some(key) => visit(state, &key, effects),
        None if marks.is_empty() => toast(state, false, "there is no bookmark yet: b puts one on the selected line"),
        None => toast(state, false, if forward { "no bookmark further down" } else { "no bookmark further up" }),
    }
}

/// Goes to a bookmark.
pub(super) fn visit(state: &mut State, key: &str, effects: &mut Vec<Effect>) {
    let Some(mark) = state.logs.bookmarks.iter().find(|mark| mark.key() == key) else { return };
    match mark.id {
        Some(id) => logs::show_row(state, id, effects),
        None => {
            let time = mark.time;
            go(state, time, Landing::Ruler(time), effects);
        }
    }
}

/// Goes to what the ruler shows next, or before. Where a jump landed, the next begins at what it was about.
fn jump(state: &mut State, kind: MarkKind, forward: bool, effects: &mut Vec<Effect>) {
    let landed = state.logs.landed.filter(|(id, _)| Some(*id) == state.logs.selected).map(|(_, time)| time);
    let from = match (landed, state.logs.selected, logs::at_hand(state)) {
        (Some(time), ..) => time,
        (None, Some(_), Some(row)) => time_of(row),
        // While following, everything is before.
        _ => state.now + TimeDelta::seconds(1),
    };
    let words = if kind == MarkKind::Change { "change" } else { "alert" };
    match ruler::next(state, kind, from, forward) {
        Some(mark) => {
            toast(state, mark.bad, mark.text);
            go(state, mark.at, Landing::Ruler(mark.at), effects);
        }
        None => toast(state, false, format!("no {words} is known {} that", if forward { "after" } else { "before" })),
    }
}

/// Where a row stands among what happened, whatever clock is shown.
fn time_of(row: &LogRow) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(row.id.micros).unwrap_or(row.time)
}

/// Goes to a time: the first line then becomes the selected one.
pub(super) fn go_to(state: &mut State, time: DateTime<Utc>, effects: &mut Vec<Effect>) {
    go(state, time, Landing::Ruler(time), effects);
}

/// Goes to a time with some of what was before it in sight.
fn go(state: &mut State, time: DateTime<Utc>, landing: Landing, effects: &mut Vec<Effect>) {
    logs::pause(state, effects);
    let before = state.viewport.log_rows as i64 / 3;
    let logs = &mut state.logs;
    (logs.query.anchor, logs.query.offset, logs.query.seek) = (Anchor::Time(time), -before, None);
    logs.landing = Some(landing);
    logs::ask(state, effects);
}

/// The next column of the histogram that has lines, or the one before.
fn column(state: &mut State, forward: bool, effects: &mut Vec<Effect>) {
    let Some(row) = logs::at_hand(state) else { return };
    let at = row.id.micros.div_euclid(1_000_000);
    let buckets = &state.logs.window.histogram;
    let here = buckets.iter().rposition(|bucket| bucket.start <= at).unwrap_or(0);
    let has = |bucket: &&crate::domain::log_view::Bucket| bucket.errors + bucket.warnings + bucket.others > 0;
    let found = match forward {
        true => buckets.iter().skip(here + 1).find(has),
        false => buckets.iter().take(here).rev().find(has),
    };
    match found.and_then(|bucket| DateTime::from_timestamp(bucket.start, 0)) {
        Some(time) => go(state, time, Landing::Ruler(time), effects),
        None => toast(state, false, if forward { "nothing is later" } else { "nothing is earlier" }),
    }
}

/// The mouse chose a column of the histogram.
pub(super) fn at_column(state: &mut State, start: i64, effects: &mut Vec<Effect>) {
    if let Some(time) = DateTime::from_timestamp(start, 0) {
        go(state, time, Landing::Ruler(time), effects);
    }
}
