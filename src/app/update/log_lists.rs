//! Lists to pick from over the logs, and what picking does: filters, values of fields, what stands out, bookmarks.

use chrono::TimeDelta;

use super::{log_export, log_marks, log_views, logs, overlays, toast};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::picker::{Picker, PickerKind, kinds};
use crate::app::state::{Editing, NamedFilter, Overlay, PromptPurpose, State};
use crate::app::view_state::glance::error_id;
use crate::domain::log_look::Highlight;
use crate::domain::log_survey::{Counted, Survey, Tally};
use crate::domain::query::{Op, Query};

/// Lines of filters are counted anew this often while their list is open.
const ANEW: TimeDelta = TimeDelta::seconds(2);
/// Values this long were cut: only their beginning is known.
const CUT: usize = 200;
/// Named filters and patterns; more is no help to anybody.
const MOST: usize = 50;

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Values(None) => open(state, PickerKind::Fields, effects),
        Command::Values(Some(name)) => open(state, PickerKind::Values(name), effects),
        Command::Filters => open(state, PickerKind::Filters, effects),
        Command::Highlights => open(state, PickerKind::Highlights, effects),
        Command::Bookmarks => open(state, PickerKind::Bookmarks, effects),
        Command::NameFilter(name) => keep(state, name, effects),
        Command::Highlight(Some(pattern)) => highlight(state, &pattern),
        Command::Highlight(None) => {
            overlays::prompt(state, PromptPurpose::LogHighlight, "let a regex stand out", "");
        }
        Command::PickFind(Some(text)) => {
            if let Some(picker) = open_one(state) {
                (picker.find, picker.selected) = (text, None);
            }
        }
        Command::PickFind(None) => {
            if let Some(picker) = open_one(state) {
                let text = picker.find.clone();
                overlays::prompt(state, PromptPurpose::PickerFind, "rows that hold", &text);
            }
        }
        command => pick(state, &command, effects),
    }
}

/// The list that is open, also under a prompt.
fn open_one(state: &mut State) -> Option<&mut Picker> {
    state.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Picker(picker) => Some(picker),
        _ => None,
    })
}

pub(super) fn open(state: &mut State, kind: PickerKind, effects: &mut Vec<Effect>) {
    state.overlays.push(Overlay::Picker(Picker::new(kind)));
    count(state, effects);
}

/// Asks for what the open list counts.
fn count(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Picker(picker)) = state.overlays.last() else { return };
    let what = match &picker.kind {
        PickerKind::Values(name) => Counted::Values(state.logs.query.filter.clone(), name.clone()),
        PickerKind::Filters => {
            let named = state.logs.named.iter().map(|filter| filter.query.clone());
            let typed = Some(state.logs.typed.clone()).filter(|typed| !typed.is_everything());
            Counted::Filters(typed.into_iter().chain(named).collect())
        }
        _ => return,
    };
    state.logs.survey += 1;
    state.logs.surveyed = Some(state.now);
    effects.push(Effect::Survey(Survey { number: state.logs.survey, what }));
}

/// Lines came: what filters count is no longer true.
pub(super) fn grown(state: &mut State, effects: &mut Vec<Effect>) {
    let filters = matches!(state.overlays.last(), Some(Overlay::Picker(Picker { kind: PickerKind::Filters, .. })));
    if filters && state.logs.surveyed.is_none_or(|at| state.now - at >= ANEW) {
        count(state, effects);
    }
}

/// Something was counted. Rows that somebody has begun to move in stay in their order.
pub(super) fn tallied(state: &mut State, tally: Tally) {
    let newest = state.logs.survey;
    if let Some(picker) = open_one(state).filter(|_| tally.number == newest) {
        match &mut picker.tally {
            Some(old) if picker.selected.is_some() && matches!(picker.kind, PickerKind::Values(_)) => {
                let at = |value: &str| old.rows.iter().position(|(known, _)| known == value);
                let mut rows = tally.rows;
                rows.sort_by_key(|(value, _)| at(value).unwrap_or(usize::MAX));
                *old = Tally { rows, ..tally };
            }
            place => *place = Some(tally),
        }
    }
}

/// Moves the selection of the open list.
pub(super) fn step(state: &mut State, by: i64) {
    let Some(Overlay::Picker(picker)) = state.overlays.last() else { return };
    let items = picker.items(state);
    let to = (picker.place(&items) as i64 + by).clamp(0, items.len().max(1) as i64 - 1);
    select(state, items.get(to as usize).map(|item| item.id.clone()));
}

/// Selects a row of the open list.
pub(super) fn select(state: &mut State, id: Option<String>) {
    if let Some(Overlay::Picker(picker)) = state.overlays.last_mut() {
        picker.selected = id;
    }
}

/// Enter and the other keys of a list.
pub(super) fn pick(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    let Some(Overlay::Picker(picker)) = state.overlays.last() else { return };
    let (kind, item) = (picker.kind.clone(), picker.item(state));
    if matches!((&kind, command), (PickerKind::Highlights, Command::PickNew)) {
        return overlays::prompt(state, PromptPurpose::LogHighlight, "let a regex stand out", "");
    }
    if matches!((&kind, command), (PickerKind::Filters, Command::PickNew)) {
        return keep(state, None, effects);
    }
    match (&kind, command) {
        (PickerKind::Views, Command::PickNew) => return log_views::run(state, Command::SaveView(None), effects),
        (PickerKind::Kinds { words, .. }, Command::PickToggle) => {
            return log_views::other_moment(state, words, effects);
        }
        _ => {}
    }
    let Some(item) = item else { return };
    match (kind, command) {
        (PickerKind::Fields, Command::Accept) => {
            state.overlays.pop();
            open(state, PickerKind::Values(item.id), effects);
        }
        (PickerKind::Fields, Command::PickToggle) => {
            let hidden = &mut state.logs.hidden_fields;
            match hidden.iter().position(|name| *name == item.id) {
                Some(at) => drop(hidden.remove(at)),
                None => hidden.push(item.id),
            }
            state.logs.measure(state.viewport.log_columns);
        }
        (PickerKind::Copied, Command::Accept) => {
            state.overlays.pop();
            log_export::run(state, Command::CopyField(Some(item.id)), effects);
        }
        (PickerKind::Values(name), Command::Accept) => by_value(state, &name, &item.id, true, effects),
        (PickerKind::Values(name), Command::PickOut) => by_value(state, &name, &item.id, false, effects),
        (PickerKind::Filters, Command::Accept | Command::PickToggle) if !item.id.is_empty() => {
            change(state, &item.id, |filter| filter.on = !filter.on, effects);
        }
        (PickerKind::Filters, Command::PickDrop | Command::PickToggle) if item.id.is_empty() => {
            state.logs.typed = Query::default();
            logs::wanted_changed(state, effects);
            count(state, effects);
        }
        (PickerKind::Filters, Command::PickDrop) => {
            state.logs.named.retain(|filter| filter.name != item.id);
            logs::wanted_changed(state, effects);
            count(state, effects);
        }
        (PickerKind::Filters, Command::PickEdit) => edit(state, &item.id, effects),
        (PickerKind::Highlights, Command::PickDrop) => {
            state.logs.highlights.retain(|rule| rule.pattern() != item.id);
            if state.settings.logs.highlights.iter().any(|rule| rule.pattern() == item.id) {
                toast(state, true, "that is in the config, under [logs] highlight");
            }
        }
        (PickerKind::Bookmarks, Command::Accept) => {
            state.overlays.pop();
            log_marks::visit(state, &item.id, effects);
        }
        (PickerKind::Bookmarks, Command::PickDrop) => state.logs.bookmarks.retain(|mark| mark.key() != item.id),
        (PickerKind::Bookmarks, Command::PickEdit) => {
            state.overlays.pop();
            log_marks::visit(state, &item.id, effects);
            let note = state.logs.bookmarks.iter().find(|mark| mark.key() == item.id).map(|mark| mark.note.clone());
            overlays::prompt(state, PromptPurpose::LogNote, "note", &note.unwrap_or_default());
        }
        (PickerKind::Views, Command::Accept) => {
            state.overlays.pop();
            log_views::put_on(state, &item.id, effects);
        }
        (PickerKind::Views, Command::PickDrop) => state.logs.views.retain(|view| view.name != item.id),
        (PickerKind::Kinds { since, .. }, Command::Accept) => {
            if let Some(change) = kinds(state, since).into_iter().find(|change| error_id(change) == item.id).cloned() {
                state.overlays.pop();
                log_views::show_kind(state, &change, effects);
            }
        }
        _ => {}
    }
}

fn change(state: &mut State, name: &str, how: impl Fn(&mut NamedFilter), effects: &mut Vec<Effect>) {
    state.logs.named.iter_mut().filter(|filter| filter.name == name).for_each(how);
    logs::wanted_changed(state, effects);
}

/// Only lines whose field has this value, or only others. Picked again it is taken off.
fn by_value(state: &mut State, name: &str, value: &str, inside: bool, effects: &mut Vec<Effect>) {
    let test = match (value.len() >= CUT, inside) {
        (false, true) => Query::field(name, Op::Is, value),
        (false, false) => Query::field(name, Op::IsNot, value),
        (true, inside) => {
            let begins = format!("^{}", regex::escape(value));
            Query::field(name, if inside { Op::Matches } else { Op::MatchesNot }, &begins)
        }
    };
    let typed = std::mem::take(&mut state.logs.typed);
    let mut parts = match typed {
        Query::And(parts) => parts,
        one => vec![one],
    };
    match parts.iter().position(|part| *part == test) {
        Some(at) => drop(parts.remove(at)),
        None => parts.push(test),
    }
    state.logs.typed = Query::all(parts);
    state.overlays.pop();
    logs::wanted_changed(state, effects);
}

/// Keeps what is typed under a name.
fn keep(state: &mut State, name: Option<String>, effects: &mut Vec<Effect>) {
    if state.logs.typed.is_everything() {
        return toast(state, true, "nothing is typed to keep: type a filter first");
    }
    let Some(name) = name else {
        let title = format!("a name for {}", state.logs.typed);
        return overlays::prompt(state, PromptPurpose::FilterName, &title, "");
    };
    let query = std::mem::take(&mut state.logs.typed);
    put(state, NamedFilter { name, query, on: true });
    logs::wanted_changed(state, effects);
    count(state, effects);
}

/// Puts a filter among those that have a name, in place of one of the same name.
fn put(state: &mut State, filter: NamedFilter) {
    let named = &mut state.logs.named;
    match named.iter().position(|other| other.name == filter.name) {
        Some(at) => named[at] = filter,
        None if named.len() < MOST => named.push(filter),
        None => toast(state, true, format!("there are {MOST} filters already: let go of one first")),
    }
}

/// Opens the prompt on a named filter: what is typed shows at once, and is kept under its name when it is taken.
fn edit(state: &mut State, name: &str, effects: &mut Vec<Effect>) {
    let Some(filter) = state.logs.named.iter_mut().find(|filter| filter.name == name) else {
        return logs::run(state, Command::Filter(None), effects);
    };
    let (on, text) = (std::mem::replace(&mut filter.on, false), filter.query.to_string());
    let query = filter.query.clone();
    overlays::prompt(state, PromptPurpose::LogFilter, &format!("filter {name}"), &text);
    state.logs.editing = Some(Editing { name: name.to_owned(), on });
    state.logs.typed = Query::all(vec![state.logs.typed.clone(), query]);
    logs::wanted_changed(state, effects);
}

/// A named filter that was edited is taken, with what was typed beside it as it was before.
pub(super) fn edited(state: &mut State, editing: Editing, query: Query, before: Query, effects: &mut Vec<Effect>) {
    state.logs.typed = before;
    put(state, NamedFilter { name: editing.name, query, on: true });
    logs::wanted_changed(state, effects);
    count(state, effects);
}

fn highlight(state: &mut State, pattern: &str) {
    if pattern.is_empty() {
        return;
    }
    match Highlight::new(pattern, None) {
        Ok(_) if state.logs.highlights.len() >= MOST => {
            toast(state, true, format!("{MOST} patterns stand out already"))
        }
        Ok(rule) => {
            state.logs.highlights.retain(|other| other.pattern() != pattern);
            state.logs.highlights.push(rule);
        }
        Err(why) => toast(state, true, format!("`{pattern}` is no regex: {why}")),
    }
}
