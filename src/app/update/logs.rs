//! The Logs tab: its query, what is followed, searched and filtered.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{hosts, lists, overlays, show, toast};
use crate::app::argument::seconds;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{Landing, OverviewPane, PromptPurpose, State, Tab, TimeColumn};
use crate::domain::log::{Level, SourceId};
use crate::domain::log_view::{Anchor, LogFilter, LogRow, LogWindow, RowContent, RowId, Seek};
use crate::domain::query::{Op, Query};

/// Sends the query as it stands now.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
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
pub(super) fn arrived(state: &mut State, window: LogWindow, effects: &mut Vec<Effect>) {
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
    logs.window = window;
    if logs.source.is_none() {
        logs.source = logs.window.sources.first().map(|source| source.id);
    }
    let Some(landing) = logs.landing.take() else { return };
    let (first, last) = (logs.window.rows.first().map(|row| row.id), logs.window.rows.last().map(|row| row.id));
    match landing {
        Landing::Top => logs.selected = first,
        Landing::Bottom => logs.selected = last,
        Landing::Found(from) => {
            let is = |row: &&LogRow| match logs.query.seek {
                Some((Seek::Match, _)) => matches!(&row.content, RowContent::Line { hits, .. } if !hits.is_empty()),
                Some((Seek::Level(least), _)) => row.level.is_some_and(|level| level >= least) && !row.continues,
                None => false,
            };
            let forward = logs.query.seek.is_none_or(|(_, forward)| forward);
            let beyond = |row: &&LogRow| if forward { row.id > from } else { row.id < from };
            let mut found = logs.window.rows.iter().filter(is).filter(beyond);
            let found = if forward { found.next() } else { found.next_back() };
            match found.map(|row| row.id) {
                Some(id) => logs.selected = Some(id),
                None => {
                    logs.selected = Some(from);
                    toast(state, false, if forward { "nothing further down" } else { "nothing further up" });
                }
            }
        }
    }
    // From now on the window stays where it is, whatever comes.
    stay(state, effects);
}

/// Anchors the window at its present first row.
fn stay(state: &mut State, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    let top = logs.window.rows.first().map(|row| row.id);
    if let Some(top) = top {
        logs.query.anchor = Anchor::Top(top);
    }
    (logs.query.offset, logs.query.seek) = (0, None);
    ask(state, effects);
}

/// Leaves the tail; the newest row becomes the selected one.
pub(super) fn pause(state: &mut State, effects: &mut Vec<Effect>) {
    if !std::mem::replace(&mut state.logs.follow, false) {
        return;
    }
    state.logs.paused_at = Some(state.logs.window.matching);
    state.logs.selected = state.logs.window.rows.last().map(|row| row.id);
    stay(state, effects);
}

/// Follows the tail.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    (logs.follow, logs.selected, logs.paused_at, logs.landing) = (true, None, None, None);
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
        logs.selected = if up { shown.first() } else { shown.last() }.map(|row| row.id);
        return;
    }
    logs.landing = Some(if up { Landing::Top } else { Landing::Bottom });
    logs.query.offset = beyond;
    ask(state, effects);
}

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Follow if state.logs.follow => pause(state, effects),
        Command::Follow => follow(state, effects),
        Command::Search(Some(text)) => search(state, &text, effects),
        Command::Search(None) => overlays::prompt(state, PromptPurpose::LogSearch, "search (regex)", ""),
        Command::Filter(Some(text)) => match state.logs.read_query(&text) {
            Ok(query) => set_query(state, query, effects),
            Err(error) => toast(state, true, error.to_string()),
        },
        Command::Filter(None) => {
            let text = state.logs.query.filter.query.to_string();
            overlays::prompt(
                state,
                PromptPurpose::LogFilter,
                "filter (regex !not a|b level>=warn host:web* field=value)",
                &text,
            );
        }
        Command::ClearFilters => {
            state.logs.query.filter.hidden.clear();
            set_query(state, Query::default(), effects);
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
            let at = state.logs.query.filter.query.least_level().map_or(0, |level| level as usize);
            let to =
                if command == Command::LevelUp { (at + 1).min(Level::ALL.len() - 1) } else { at.saturating_sub(1) };
            set_level(state, (to > 0).then(|| Level::ALL[to]), effects);
        }
        Command::Level(level) => set_level(state, level, effects),
        Command::Wrap => state.logs.wrap = !state.logs.wrap,
        Command::Times => {
            state.logs.times = match state.logs.times {
                TimeColumn::Short => TimeColumn::Full,
                TimeColumn::Full => TimeColumn::Relative,
                TimeColumn::Relative => TimeColumn::Off,
                TimeColumn::Off => TimeColumn::Short,
            }
        }
        Command::RawTime => {
            state.logs.query.raw_time = !state.logs.query.raw_time;
            ask(state, effects);
        }
        Command::GoTo(Some(text)) => match time_of(&text, state.now) {
            Some(time) => go_to(state, time, effects),
            None => toast(state, true, format!("`{text}` is no time; 14:26, 14:26:03, -10m or 2026-01-31 14:26")),
        },
        Command::GoTo(None) => {
            overlays::prompt(state, PromptPurpose::LogTime, "go to (14:26, 14:26:03, -10m, 2026-01-31 14:26)", "")
        }
        Command::Sources => state.logs.sidebar = !state.logs.sidebar,
        Command::ToggleSource => {
            if let Some(id) = state.logs.source {
                toggle(state, id, effects);
            }
        }
        Command::OnlySource => only(state, effects),
        Command::LogsHere => here(state, effects),
        _ => {}
    }
}

fn set_query(state: &mut State, query: Query, effects: &mut Vec<Effect>) {
    state.logs.query.filter.query = query;
    state.logs.paused_at = None;
    ask(state, effects);
}

fn set_level(state: &mut State, level: Option<Level>, effects: &mut Vec<Effect>) {
    let query = state.logs.query.filter.query.with_least_level(level);
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
    // The seek begins at the selected row, not at the window's top.
    (logs.query.anchor, logs.query.offset, logs.query.seek) = (Anchor::Top(from), 0, Some((what, forward)));
    logs.landing = Some(Landing::Found(from));
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

fn toggle(state: &mut State, id: SourceId, effects: &mut Vec<Effect>) {
    let hidden = &mut state.logs.query.filter.hidden;
    match hidden.iter().position(|other| *other == id) {
        Some(at) => drop(hidden.remove(at)),
        None => hidden.push(id),
    }
    ask(state, effects);
}

fn only(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(id) = state.logs.source else { return };
    let others: Vec<SourceId> = state.logs.window.sources.iter().map(|s| s.id).filter(|other| *other != id).collect();
    let hidden = &mut state.logs.query.filter.hidden;
    *hidden = if *hidden == others { Vec::new() } else { others };
    ask(state, effects);
}

/// The logs of what is selected on another tab.
fn here(state: &mut State, effects: &mut Vec<Effect>) {
    let service = state.tab == Tab::Overview && state.overview.pane == OverviewPane::Services;
    let (named, time) = lists::place(state);
    let wanted = if service {
        state.overview.service.as_ref().map(|(name, _)| Query::field("service", Op::Is, name))
    } else if let Some(name) = named {
        Some(Query::field("service", Op::Is, &name))
    } else {
        hosts::selected(state).map(|host| Query::field("host", Op::Is, host.as_str()))
    };
    show(state, Tab::Logs);
    state.logs.query.filter = LogFilter { query: wanted.unwrap_or_default(), hidden: Vec::new() };
    match time {
        Some(time) => go_to(state, time, effects),
        None => follow(state, effects),
    }
}

/// Reads a time: of today's (or the latest past) day, ago, or with its date; in UTC.
fn time_of(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(ago) = text.strip_prefix('-') {
        return now.checked_sub_signed(TimeDelta::try_seconds(seconds(ago)?)?);
    }
    for format in ["%H:%M", "%H:%M:%S"] {
        let padded = if format == "%H:%M" { format!("{text}:00") } else { text.to_owned() };
        if let Ok(time) = NaiveTime::parse_from_str(&padded, "%H:%M:%S") {
            let today = now.date_naive().and_time(time).and_utc();
            return Some(if today > now { today - TimeDelta::days(1) } else { today });
        }
    }
    let dated = |format| NaiveDateTime::parse_from_str(text, format).ok();
    let dated = dated("%Y-%m-%d %H:%M:%S")
        .or_else(|| NaiveDateTime::parse_from_str(&format!("{text}:00"), "%Y-%m-%d %H:%M:%S").ok());
    dated.map(|time| time.and_utc()).or_else(|| text.parse().ok())
}

/// Whether a row is the selected one.
pub(super) fn select(state: &mut State, id: RowId, effects: &mut Vec<Effect>) {
    pause(state, effects);
    state.logs.selected = Some(id);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_said() {
        let now: DateTime<Utc> = "2026-11-21T03:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("02:30", "2026-11-21T02:30:00Z"),
            ("14:26", "2026-11-20T14:26:00Z"),
            ("02:30:05", "2026-11-21T02:30:05Z"),
            ("-10m", "2026-11-21T02:50:00Z"),
            ("-2h", "2026-11-21T01:00:00Z"),
            ("2026-01-31 14:26", "2026-01-31T14:26:00Z"),
        ] {
            assert_eq!(time_of(text, now), expected.parse().ok(), "{text}");
        }
        assert!(time_of("soon", now).is_none() && time_of("-99999999999999999d", now).is_none());
    }
}
