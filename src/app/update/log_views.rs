//! Views of the logs that have a name, what is kept for the next session, and what has changed since a moment.

use chrono::{DateTime, Utc};

use super::{log_lists, log_marks, log_time, logs, overlays, toast};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::picker::PickerKind;
use crate::app::state::{PromptPurpose, State};
use crate::app::view_state::ruler::{self, MarkKind};
use crate::domain::query::{Op, Query};
use crate::domain::template::{Change, ChangeKind, pattern};

/// The moment of the selected line, in words.
const LINE: &str = "this line";
/// Views that have a name; more is no help to anybody.
const MOST: usize = 50;

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Views | Command::View(None) => log_lists::open(state, PickerKind::Views, effects),
        Command::View(Some(name)) => put_on(state, &name, effects),
        Command::SaveView(Some(name)) => save(state, &name),
        Command::SaveView(None) => overlays::prompt(state, PromptPurpose::ViewName, "a name for this view", ""),
        Command::Since(Some(text)) => match log_time::read(&text, state.now) {
            Some(time) => since(state, time, "then".to_owned(), effects),
            None => toast(state, true, format!("`{text}` is no time; 14:26, 14:26:03, -10m or 2026-01-31 14:26")),
        },
        Command::Since(None) => {
            let (time, words) = last_change(state).unwrap_or_else(|| cursor(state));
            since(state, time, words, effects);
        }
        _ => {}
    }
}

/// Has kept what is not kept yet.
pub(super) fn keep(state: &mut State, effects: &mut Vec<Effect>) {
    // What is only typed is not kept, nor what nobody has asked to be kept.
    if !state.overlays.is_empty() || state.logs.kept.is_none() {
        return;
    }
    let kept = state.logs.keep();
    if state.logs.kept.as_ref() != Some(&kept) {
        effects.push(Effect::Keep(Box::new(kept.clone())));
        state.logs.kept = Some(kept);
    }
}

fn save(state: &mut State, name: &str) {
    let view = state.logs.view(name);
    let views = &mut state.logs.views;
    match views.iter().position(|other| other.name == name) {
        Some(at) => views[at] = view,
        None if views.len() < MOST => views.push(view),
        None => return toast(state, true, format!("there are {MOST} views already: let go of one first")),
    }
    toast(state, false, format!("the view {name} is kept; V lists the views"));
}

/// Looks at the logs as in a view.
pub(super) fn put_on(state: &mut State, name: &str, effects: &mut Vec<Effect>) {
    match state.logs.views.iter().find(|view| view.name == name).cloned() {
        Some(view) => {
            state.logs.put_on(&view);
            logs::wanted_changed(state, effects);
        }
        None => toast(state, true, format!("there is no view {name}; V lists the views")),
    }
}

/// The last change before the selected line (or now).
fn last_change(state: &State) -> Option<(DateTime<Utc>, String)> {
    let by = state.logs.selected.and_then(|id| DateTime::from_timestamp_micros(id.micros)).unwrap_or(state.now);
    ruler::newest(state, MarkKind::Change, by).map(|mark| (mark.at, mark.text))
}

/// The selected line, or the newest.
fn cursor(state: &State) -> (DateTime<Utc>, String) {
    let at = logs::at_hand(state).and_then(|row| DateTime::from_timestamp_micros(row.id.micros));
    (at.unwrap_or(state.now), LINE.to_owned())
}

fn since(state: &mut State, time: DateTime<Utc>, words: String, effects: &mut Vec<Effect>) {
    state.logs.query.compare = Some(time);
    log_lists::open(state, PickerKind::Kinds { since: time, words }, effects);
    logs::ask(state, effects);
}

/// Compares with another moment: the last change, or the selected line.
pub(super) fn other_moment(state: &mut State, words: &str, effects: &mut Vec<Effect>) {
    let line = cursor(state);
    let (time, words) = if words == LINE { last_change(state).unwrap_or(line) } else { line };
    state.overlays.pop();
    since(state, time, words, effects);
}

/// Shows the lines of one kind of message, at the first of them since the moment that was compared with (of what is gone,
/// at the last).
pub(super) fn show_kind(state: &mut State, change: &Change, effects: &mut Vec<Effect>) {
    let text = Query::text(&pattern(&change.text));
    let service = change.service.as_ref().map(|service| Query::field("service", Op::Is, service));
    state.logs.clear_filters();
    // A kind is of one level: the same words at another are another kind.
    let level = change.level.map(|level| Query::field("level", Op::Is, level.as_str()));
    state.logs.typed = Query::all(service.into_iter().chain(level).chain([text]).collect());
    logs::wanted_changed(state, effects);
    let since = state.logs.query.compare.map_or(change.first, |since| change.first.max(since));
    let at = if change.kind == ChangeKind::Gone { change.last } else { since };
    log_marks::go_to(state, at, effects);
}
