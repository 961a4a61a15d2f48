//! Moving about: rows, pages, panes, the mouse.

use super::{hosts, lists, log_lists, log_marks, logs, overlays, overview, run as run_command, show};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{OverviewPane, State, Tab};
use crate::app::viewport::Target;
use crate::domain::host::HostName;

/// Rows that one notch of the wheel moves.
const NOTCH: i64 = 3;

pub(super) fn run(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    if !state.overlays.is_empty() {
        overlays::run(state, command, effects);
        return;
    }
    let page = page(state) as i64;
    match command {
        Command::Up => step(state, -1, effects),
        Command::Down => step(state, 1, effects),
        Command::HalfPageUp => step(state, -(page / 2).max(1), effects),
        Command::HalfPageDown => step(state, (page / 2).max(1), effects),
        Command::PageUp => step(state, -page, effects),
        Command::PageDown => step(state, page, effects),
        Command::First => step(state, -i64::from(u32::MAX), effects),
        Command::Last if is_stream(state) => logs::follow(state, effects),
        Command::Last => step(state, i64::from(u32::MAX), effects),
        Command::Left => state.logs.column = state.logs.column.saturating_sub(8),
        Command::Right => state.logs.column = (state.logs.column + 8).min(4096),
        Command::NextPane | Command::PreviousPane => match state.tab {
            Tab::Overview => overview::pane(state, *command == Command::NextPane),
            Tab::Logs => state.logs.sidebar = !state.logs.sidebar,
            Tab::Hosts => {}
            Tab::Deploys | Tab::Alerts | Tab::Business => lists::pane(state, *command == Command::NextPane),
        },
        Command::Open => open(state, effects),
        _ => {}
    }
}

/// Whether the keys go to the stream of the logs, which has no last row.
fn is_stream(state: &State) -> bool {
    state.tab == Tab::Logs && !state.logs.sidebar && state.logs.query.excerpt.is_none()
}

fn page(state: &State) -> usize {
    match state.tab {
        Tab::Logs if !state.logs.sidebar => state.viewport.log_rows,
        Tab::Hosts if state.machines.open.is_some() => state.viewport.page_rows,
        tab if state.board(tab).is_some_and(|board| board.open.is_some()) => state.viewport.page_rows,
        _ => state.viewport.list_rows,
    }
    .max(2)
        - 1
}

fn step(state: &mut State, rows: i64, effects: &mut Vec<Effect>) {
    match state.tab {
        Tab::Logs if state.logs.sidebar => {
            let ids: Vec<_> = state.logs.window.sources.iter().map(|source| source.id).collect();
            state.logs.source = moved(&ids, state.logs.source.as_ref(), rows);
        }
        Tab::Logs => logs::step(state, rows, effects),
        Tab::Overview => overview::step(state, rows),
        Tab::Hosts if state.machines.open.is_some() => {
            let most = state.viewport.page_lines.saturating_sub(state.viewport.page_rows) as i64;
            let to = (i64::from(state.machines.page_scroll) + rows).clamp(0, most);
            state.machines.page_scroll = u16::try_from(to).unwrap_or(u16::MAX);
        }
        Tab::Hosts => {
            let names: Vec<HostName> = hosts::rows(state).iter().map(|view| view.host.name.clone()).collect();
            state.machines.selected = moved(&names, state.machines.selected.as_ref(), rows);
            let at = names.iter().position(|name| Some(name) == state.machines.selected.as_ref());
            state.machines.scroll = scrolled(state.machines.scroll, at, state.viewport.list_rows);
        }
        Tab::Deploys | Tab::Alerts | Tab::Business => lists::step(state, rows),
    }
}

/// The id so many rows from the selected one, within the list.
pub(super) fn moved<T: PartialEq + Clone>(ids: &[T], selected: Option<&T>, rows: i64) -> Option<T> {
    let at = selected.and_then(|id| ids.iter().position(|other| other == id)).unwrap_or(0) as i64;
    let to = (at + rows).clamp(0, ids.len().max(1) as i64 - 1);
    ids.get(to as usize).cloned()
}

/// The first row shown, so that row `at` is among the `rows` that fit.
pub(super) fn scrolled(scroll: usize, at: Option<usize>, rows: usize) -> usize {
    let Some(at) = at else { return scroll };
    if at < scroll {
        at
    } else if rows > 0 && at >= scroll + rows {
        at + 1 - rows
    } else {
        scroll
    }
}

fn open(state: &mut State, effects: &mut Vec<Effect>) {
    match state.tab {
        Tab::Overview => overview::open(state, effects),
        Tab::Hosts if state.machines.open.is_none() => {
            if let Some(host) = state.machines.selected.clone() {
                hosts::open(state, host, effects);
            }
        }
        Tab::Hosts => {}
        Tab::Logs if state.logs.sidebar => state.logs.detail = !state.logs.detail,
        Tab::Logs => {
            logs::pause(state, effects);
            state.logs.detail = !state.logs.detail;
        }
        Tab::Deploys | Tab::Alerts | Tab::Business => lists::open(state),
    }
}

pub(super) fn clicked(state: &mut State, target: Target, effects: &mut Vec<Effect>) {
    match target {
        Target::Tab(tab) => show(state, tab),
        Target::Host(host) if state.tab == Tab::Overview => {
            state.overview.pane = OverviewPane::Hosts;
            state.overview.selected = Some(host);
        }
        Target::Host(host) => state.machines.selected = Some(host),
        Target::Service(name, environment) => {
            state.overview.pane = OverviewPane::Services;
            state.overview.service = Some((name, environment));
        }
        Target::Glance(pane, id) => overview::choose(state, pane, id),
        Target::Item(pane, id) => lists::choose(state, pane, id),
        Target::Pane(pane) => {
            if let Some(board) = state.board_mut(state.tab) {
                board.focus(pane);
            }
        }
        Target::Row(id) => {
            state.logs.sidebar = false;
            logs::select(state, id, effects);
        }
        Target::Source(id) => {
            state.logs.sidebar = true;
            state.logs.source = Some(id);
        }
        Target::Picked(id) => log_lists::select(state, Some(id)),
        Target::Time(start) => log_marks::at_column(state, start, effects),
        Target::Column(by) => run_command(state, Command::Sort(Some(by)), effects),
        Target::Completion(index) => overlays::choose(state, index),
        Target::Banner(index) => {
            if index < state.banners.len() {
                state.banners.remove(index);
            }
        }
        Target::Stream => state.logs.sidebar = false,
        Target::Sidebar => state.logs.sidebar = true,
    }
}

pub(super) fn wheel(state: &mut State, target: Option<&Target>, notches: i32, effects: &mut Vec<Effect>) {
    if !state.overlays.is_empty() {
        return;
    }
    let sidebar = state.logs.sidebar;
    if state.tab == Tab::Logs {
        state.logs.sidebar = matches!(target, Some(Target::Source(_) | Target::Sidebar));
    }
    step(state, i64::from(notches) * NOTCH, effects);
    state.logs.sidebar = sidebar;
}
