//! The Logs tab: its query, what is followed, searched and filtered.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    hosts, lists, log_around, log_back, log_landing, log_lists, log_marks, log_reach, log_sources, log_time, log_views,
    overlays, overview, show, toast,
};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{About, Landing, Onward, OverviewPane, PromptPurpose, State, Tab};
use crate::domain::log::{Level, SourceId};
use crate::domain::log_view::{Anchor, LogRow, LogWindow, RowId, Seek};
use crate::domain::query::{Op, Query};

/// Sends the query as it stands now.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    // While another search is typed, the one before may come back.
    if state.overlays.is_empty() {
        logs.search_over();
    }
    logs.query.sought = logs.looked_back.as_ref().map(|back| Box::new(back.sought.clone()));
    logs.query.number += 1;
    logs.query.rows = state.viewport.log_rows.max(1);
    logs.query.histogram = state.viewport.histogram;
    logs.query.redact = state.settings.logs.redact_on_screen;
    effects.push(Effect::Logs(logs.query.clone()));
}

/// Another number of rows fits: the selected one stays among them.
pub(super) fn resized(state: &mut State, effects: &mut Vec<Effect>) {
    let (logs, fits) = (&mut state.logs, state.viewport.log_rows.max(1));
    let at = logs.window.rows.iter().position(|row| Some(row.id) == logs.selected);
    if let Some(at) = at.filter(|at| !logs.follow && *at >= fits) {
        logs.query.anchor = Anchor::Top(logs.window.rows[at + 1 - fits].id);
        logs.query.offset = 0;
    }
    ask(state, effects);
}

/// An answer came.
pub(super) fn arrived(state: &mut State, mut window: LogWindow, effects: &mut Vec<Effect>) {
    log_sources::in_order(state, &mut window.sources);
    for view in &mut state.hosts {
        let mut sum: Vec<u64> = Vec::new();
        for source in window.sources.iter().filter(|s| s.source.host == view.host.name) {
            sum.resize(sum.len().max(source.errors.len()), 0);
            sum.iter_mut().zip(&source.errors).for_each(|(sum, n)| *sum += n);
        }
        view.errors = sum;
    }
    let logs = &mut state.logs;
    if window.number < logs.query.number {
        logs.window.sources = window.sources;
        return;
    }
    let hides = logs.hide_known(&window);
    logs.window = window;
    if hides {
        ask(state, effects);
        return;
    }
    let logs = &mut state.logs;
    if logs.source.is_none() {
        logs.source = logs.window.sources.first().map(|source| source.id);
    }
    state.logs.measure(state.viewport.log_columns);
    log_lists::grown(state, effects);
    log_landing::land(state, effects);
}

/// Anchors the window at its present first row.
pub(super) fn stay(state: &mut State, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    let top = logs.window.rows.first().map(|row| row.id);
    if let Some(top) = top {
        logs.query.anchor = Anchor::Top(top);
    }
    (logs.query.offset, logs.query.seek) = (0, None);
    ask(state, effects);
}

/// The selected row, when it is on the screen.
pub(super) fn selected(state: &State) -> Option<&LogRow> {
    let id = state.logs.selected?;
    state.logs.window.rows.iter().find(|row| row.id == id)
}

/// The selected row, or the newest on the screen.
pub(super) fn at_hand(state: &State) -> Option<&LogRow> {
    selected(state).or(state.logs.window.rows.last())
}

/// Says that no line is selected, when that is so.
pub(super) fn needs_line(state: &mut State) -> bool {
    if selected(state).is_none() {
        toast(state, true, "no line is selected: pause with space, then move to one");
    }
    selected(state).is_some()
}

/// Leaves the tail; the newest row becomes the selected one.
pub(super) fn pause(state: &mut State, effects: &mut Vec<Effect>) {
    if !std::mem::replace(&mut state.logs.follow, false) {
        return;
    }
    state.logs.selected = state.logs.window.rows.last().map(|row| row.id);
    let now = RowId { micros: state.now.timestamp_micros(), source: SourceId(0), seq: 0 };
    state.logs.query.left = state.logs.selected.or(Some(now));
    stay(state, effects);
}

/// Follows the tail.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    // Nothing new comes to what was read around a line.
    if state.logs.around.take_if(|around| around.excerpt.is_some()).is_some() {
        state.logs.compose();
    }
    let logs = &mut state.logs;
    (logs.follow, logs.selected, logs.query.left, logs.landing) = (true, None, None, None);
    (logs.query.anchor, logs.query.offset, logs.query.seek) = (Anchor::Tail, 0, None);
    ask(state, effects);
}

/// Moves the selection by rows; the window follows it.
pub(super) fn step(state: &mut State, rows: i64, effects: &mut Vec<Effect>) {
    if state.logs.follow {
        if rows > 0 {
            return;
        }
        pause(state, effects);
    }
    let logs = &mut state.logs;
    let shown = &logs.window.rows;
    let at =
        logs.selected.and_then(|id| shown.iter().position(|row| row.id == id)).unwrap_or(shown.len().saturating_sub(1));
    let to = at as i64 + rows;
    if to >= 0 && (to as usize) < shown.len() {
        logs.selected = shown.get(to as usize).map(|row| row.id);
        return;
    }
    let (up, beyond) = (to < 0, if to < 0 { to } else { to - shown.len() as i64 + 1 });
    if (up && logs.window.above == 0) || (!up && logs.window.below == 0) {
        let edge = if up { shown.first() } else { shown.last() }.map(|row| row.id);
        let was_there = std::mem::replace(&mut logs.selected, edge) == edge;
        match logs.query.excerpt.is_some() {
            // It is read on by who is at its end, not on the way there.
            true if !was_there => {}
            true => log_around::read_on(state, up, Onward::Move(beyond), effects),
            false if up => log_back::more(state, effects),
            false => {}
        }
        return;
    }
    self::beyond(state, beyond, effects);
}

/// Goes so many rows beyond those on the screen; negative is up.
pub(super) fn beyond(state: &mut State, rows: i64, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    logs.landing = Some(if rows < 0 { Landing::Top } else { Landing::Bottom });
    logs.query.offset = rows;
    ask(state, effects);
}

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Values(_)
        | Command::Filters
        | Command::NameFilter(_)
        | Command::Highlight(_)
        | Command::Highlights
        | Command::Bookmarks
        | Command::PickOut
        | Command::PickToggle
        | Command::PickDrop
        | Command::PickEdit
        | Command::PickNew
        | Command::PickFind(_) => log_lists::run(state, command, effects),
        Command::Views | Command::View(_) | Command::SaveView(_) | Command::Since(_) => {
            log_views::run(state, command, effects)
        }
        Command::Bookmark
        | Command::Note(_)
        | Command::NextBookmark
        | Command::PreviousBookmark
        | Command::NextChange
        | Command::PreviousChange
        | Command::NextAlert
        | Command::PreviousAlert
        | Command::NextColumn
        | Command::PreviousColumn => log_marks::run(state, command, effects),
        Command::Fold
        | Command::Around
        | Command::AroundSource
        | Command::FollowId
        | Command::LineHost
        | Command::LineService
        | Command::LineDeploy
        | Command::LineAlert => log_reach::run(state, &command, effects),
        Command::Fields => {
            state.logs.fields = state.logs.fields.next();
            state.logs.measure(state.viewport.log_columns);
        }
        Command::Follow if state.logs.follow => pause(state, effects),
        Command::Follow => follow(state, effects),
        Command::Search(Some(text)) => search(state, &text, effects),
        Command::Search(None) => overlays::prompt(state, PromptPurpose::LogSearch, "search", ""),
        Command::Filter(Some(text)) => match state.logs.read_query(&text) {
            Ok(query) => set_query(state, query, effects),
            Err(error) => toast(state, true, error.to_string()),
        },
        Command::Filter(None) => {
            let text = state.logs.typed.to_string();
            overlays::prompt(
                state,
                PromptPurpose::LogFilter,
                "filter (regex !not a|b level>=warn host:web* field=value)",
                &text,
            );
        }
        Command::ClearFilters => {
            state.logs.clear_filters();
            wanted_changed(state, effects);
        }
        Command::NextMatch => seek(state, Seek::Match, true, effects),
        Command::PreviousMatch => seek(state, Seek::Match, false, effects),
        Command::NextError => seek(state, Seek::Level(Level::Error), true, effects),
        Command::PreviousError => seek(state, Seek::Level(Level::Error), false, effects),
        Command::NextWarning => seek(state, Seek::Level(Level::Warn), true, effects),
        Command::PreviousWarning => seek(state, Seek::Level(Level::Warn), false, effects),
        Command::Later(seconds) => jump(state, seconds, effects),
        Command::Earlier(seconds) => jump(state, -seconds, effects),
        Command::LevelUp | Command::LevelDown => {
            let at = state.logs.typed.least_level();
            let to = match command {
                Command::LevelUp => Level::STEPS.into_iter().find(|step| at.is_none_or(|at| *step > at)).or(at),
                _ => Level::STEPS.into_iter().rev().find(|step| at.is_some_and(|at| *step < at)),
            };
            set_level(state, to, effects);
        }
        Command::Level(level) => set_level(state, level, effects),
        Command::Wrap => state.logs.wrap = !state.logs.wrap,
        Command::Times => state.logs.times = state.logs.times.next(),
        Command::RawTime => {
            state.logs.query.raw_time = !state.logs.query.raw_time;
            ask(state, effects);
        }
        Command::GoTo(Some(text)) => match log_time::read(&text, state.now) {
            Some(time) => go_to(state, time, effects),
            None => toast(state, true, format!("`{text}` is no time; {}", log_time::FORMS)),
        },
        Command::GoTo(None) => {
            overlays::prompt(state, PromptPurpose::LogTime, "go to (14:26, 14:26:03, -10m, 2026-01-31 14:26)", "")
        }
        Command::Sources => state.logs.sidebar = !state.logs.sidebar,
        Command::ToggleSource => {
            if let Some(id) = state.logs.source {
                log_sources::toggle(state, id, effects);
            }
        }
        Command::OnlySource => log_sources::only(state, effects),
        Command::LogsHere => here(state, effects),
        _ => {}
    }
}

fn set_query(state: &mut State, query: Query, effects: &mut Vec<Effect>) {
    state.logs.typed = query;
    wanted_changed(state, effects);
}

/// Other lines are wanted from now on. What was around a line is left.
pub(super) fn wanted_changed(state: &mut State, effects: &mut Vec<Effect>) {
    state.logs.around = None;
    state.logs.compose();
    // It is no longer filtered as it was left.
    state.banners.retain(|banner| banner.about != About::Views);
    // The selected line stays in sight, or what comes after it is selected; not while a filter is being typed.
    match state.logs.selected.filter(|_| !state.logs.follow && state.overlays.is_empty()) {
        Some(id) => log_reach::hold(state, id, effects),
        None => ask(state, effects),
    }
}

fn set_level(state: &mut State, level: Option<Level>, effects: &mut Vec<Effect>) {
    let query = state.logs.typed.with_least_level(level);
    set_query(state, query, effects);
}

/// Searches for a regex: the newest match is shown, unless the window already holds one.
pub(super) fn search(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    if text.is_empty() {
        state.logs.query.search = None;
        ask(state, effects);
        return;
    }
    state.logs.history.retain(|old| old != text);
    state.logs.history.push(text.to_owned());
    if state.logs.history.len() > 100 {
        state.logs.history.remove(0);
    }
    state.logs.query.search = Some(text.to_owned());
    seek(state, Seek::Match, false, effects);
}

fn seek(state: &mut State, what: Seek, forward: bool, effects: &mut Vec<Effect>) {
    if what == Seek::Match && state.logs.query.search.is_none() {
        toast(state, true, "nothing is searched for yet");
        return;
    }
    if state.logs.follow {
        pause(state, effects);
    }
    let logs = &mut state.logs;
    let Some(from) = logs.selected.or_else(|| logs.window.rows.last().map(|row| row.id)) else { return };
    seek_from(state, from, (what, forward), Landing::Found(from), effects);
}

/// Searches back from a row once more: there may be more to be found.
pub(super) fn seek_again(state: &mut State, from: RowId, effects: &mut Vec<Effect>) {
    seek_from(state, from, (Seek::Match, false), Landing::FoundBack(from), effects);
}

/// The seek begins at a row, not at the window's top.
pub(super) fn seek_from(
    state: &mut State,
    from: RowId,
    seek: (Seek, bool),
    landing: Landing,
    effects: &mut Vec<Effect>,
) {
    let logs = &mut state.logs;
    (logs.query.anchor, logs.query.offset, logs.query.seek) = (Anchor::Top(from), 0, Some(seek));
    logs.landing = Some(landing);
    ask(state, effects);
}

fn go_to(state: &mut State, time: DateTime<Utc>, effects: &mut Vec<Effect>) {
    pause(state, effects);
    let logs = &mut state.logs;
    (logs.query.anchor, logs.query.offset, logs.query.seek) = (Anchor::Time(time), 0, None);
    logs.landing = Some(Landing::Top);
    ask(state, effects);
}

/// Goes so far from the selected line, or from the newest on the screen.
fn jump(state: &mut State, seconds: i64, effects: &mut Vec<Effect>) {
    let logs = &state.logs;
    let here = logs.window.rows.iter().find(|row| Some(row.id) == logs.selected).or(logs.window.rows.last());
    let to = here.zip(TimeDelta::try_seconds(seconds)).and_then(|(row, by)| row.time.checked_add_signed(by));
    if let Some(to) = to {
        go_to(state, to, effects);
    }
}

/// The logs of what is selected on another tab.
fn here(state: &mut State, effects: &mut Vec<Effect>) {
    let of = |pane| state.tab == Tab::Overview && state.overview.pane == pane;
    if of(OverviewPane::Errors) {
        return overview::lines(state, effects);
    }
    let (named, time) = lists::place(state);
    let wanted = if of(OverviewPane::Services) {
        state.overview.service.as_ref().map(|(name, _)| Query::field("service", Op::Is, name))
    } else if let Some(name) = named {
        Some(Query::field("service", Op::Is, &name))
    } else {
        hosts::selected(state).map(|host| Query::field("host", Op::Is, host.as_str()))
    };
    show(state, Tab::Logs);
    state.logs.clear_filters();
    state.logs.typed = wanted.unwrap_or_default();
    state.logs.compose();
    match time {
        Some(time) => go_to(state, time, effects),
        None => follow(state, effects),
    }
}

/// Goes to a row, with some of what is before it in sight.
pub(super) fn show_row(state: &mut State, id: RowId, effects: &mut Vec<Effect>) {
    pause(state, effects);
    let before = state.viewport.log_rows as i64 / 3;
    let logs = &mut state.logs;
    (logs.query.anchor, logs.query.offset, logs.query.seek) = (Anchor::Top(id), -before, None);
    logs.landing = Some(Landing::At(id));
    ask(state, effects);
}

/// A row becomes the selected one.
pub(super) fn select(state: &mut State, id: RowId, effects: &mut Vec<Effect>) {
    pause(state, effects);
    state.logs.selected = Some(id);
}
