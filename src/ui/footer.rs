//! The last line: what may be pressed here, in the person's own keys. Help is never dropped.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Piece, width};
use super::theme::Role;
use crate::app::board::Pane;
use crate::app::command::Command;
use crate::app::context::{Context, chain};
use crate::app::picker::PickerKind;
use crate::app::state::{Confirm, Overlay, OverviewPane, State, Tab, Then};
use crate::app::update::{can, host_rows, refusal, row_address, selected_host};
use crate::app::view_state::glance::{errors, firing};
use crate::app::view_state::rows;
use crate::domain::action::ActionKind;
use crate::domain::confirm::Refused;
use crate::domain::deploy::steer::Wish;
use crate::domain::question::Question;

/// Most hints at once.
const MOST: usize = 6;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let chain = chain(state);
    let hint = |c: &Canvas, command: &Command, word: &'static str| {
        c.look
            .keymap
            .key_of(&chain, command)
            .map(|key| [c.piece(shown(&key), Role::Key), c.piece(format!(" {word}"), Role::Dim)])
    };
    let mut end = area.right().saturating_sub(1);
    if let Some(help) = hint(c, &Command::Help, "help") {
        end = c.pieces_right(area.x, end, area.y, &help).saturating_sub(2);
    }
    let mut x = area.x + 1;
    for (command, word) in wanted(state).into_iter().take(MOST) {
        let Some(pieces) = hint(c, &command, word) else { continue };
        let columns = width(&pieces as &[Piece]);
        if x + columns > end {
            break;
        }
        c.pieces(x, area.y, columns, &pieces);
        x += columns + if area.width < 100 { 2 } else { 3 };
    }
}

/// Keys as hints write them.
pub fn shown(key: &str) -> String {
    match key {
        "enter" => "Enter".to_owned(),
        "esc" => "Esc".to_owned(),
        "tab" => "Tab".to_owned(),
        // Letters one after the other are written as one types them.
        key if key.split(' ').all(|part| part.chars().count() == 1) => key.replace(' ', ""),
        key => key.to_owned(),
    }
}

/// What is worth pressing here, the most useful first: nothing that would do nothing.
fn wanted(state: &State) -> Vec<(Command, &'static str)> {
    if let Some(overlay) = state.overlays.last() {
        return over(state, overlay);
    }
    let (hosts, services) = (!state.hosts.is_empty(), !state.services.is_empty());
    let (lines, sources) = (!state.logs.window.rows.is_empty(), !state.logs.window.sources.is_empty());
    let hints: Vec<(bool, Command, &'static str)> = match state.tab {
        Tab::Overview if state.overview.pane == OverviewPane::Services => {
            vec![
                (services, Command::Open, "its logs"),
                (can(state, ActionKind::Restart), Command::Restart, "restart"),
                (services, Command::Actions, "more"),
                (true, Command::NextPane, "next list"),
                (true, Command::CommandLine, "command"),
                (true, Command::Quit, "quit"),
            ]
        }
        Tab::Overview if state.overview.pane == OverviewPane::Alerts => {
            vec![
                (!firing(state).is_empty(), Command::Open, "open"),
                (sources, Command::LogsHere, "logs then"),
                (can(state, ActionKind::Restart), Command::Restart, "restart"),
                (true, Command::Actions, "more"),
                (true, Command::NextPane, "next list"),
                (true, Command::Quit, "quit"),
            ]
        }
        Tab::Overview if state.overview.pane == OverviewPane::Errors => {
            vec![
                (!errors(state).is_empty(), Command::Open, "the first of them"),
                (can(state, ActionKind::Restart), Command::Restart, "restart"),
                (true, Command::Actions, "more"),
                (true, Command::NextPane, "next list"),
                (true, Command::Quit, "quit"),
            ]
        }
        Tab::Overview => vec![
            (hosts, Command::Open, "open"),
            (hosts, Command::LogsHere, "its logs"),
            (services || !errors(state).is_empty() || !firing(state).is_empty(), Command::NextPane, "next list"),
            (hosts && !up(state), Command::Reconnect(None), "reconnect"),
            (hosts, Command::Actions, "act"),
            (true, Command::CommandLine, "command"),
            (true, Command::Quit, "quit"),
        ],
        Tab::Logs if state.logs.sidebar => {
            vec![
                (sources, Command::Open, if state.logs.detail { "less" } else { "all of it" }),
                (sources, Command::ToggleSource, "show or hide"),
                (state.logs.window.sources.len() > 1, Command::OnlySource, "only this"),
                (true, Command::Back, "back to the lines"),
            ]
        }
        Tab::Logs => {
            let searched = lines && state.logs.query.search.is_some();
            vec![
                (sources, Command::Follow, if state.logs.follow { "pause" } else { "follow" }),
                (searched, Command::NextMatch, "next"),
                (searched, Command::PreviousMatch, "previous"),
                (sources, Command::Search(None), "search"),
                (sources, Command::Filter(None), "filter"),
                (lines, Command::PreviousError, "last error"),
                (lines, Command::Since(None), "what's new"),
                (lines && !state.logs.follow, Command::CopyEvent, "copy"),
                (lines, Command::Open, "detail"),
                (sources, Command::Sources, "sources"),
                (!sources, Command::CommandLine, "command"),
                (!sources, Command::Quit, "quit"),
            ]
        }
        Tab::Hosts if state.machines.open.is_some() => vec![
            (true, Command::Back, "all hosts"),
            (true, Command::LogsHere, "its logs"),
            (true, Command::Shell, "shell"),
            (true, Command::Actions, "act"),
            (true, Command::Processes, "processes"),
            (!up(state), Command::Reconnect(None), "reconnect"),
            (true, Command::CommandLine, "command"),
        ],
        Tab::Deploys | Tab::Alerts | Tab::Business => return lists(state),
        Tab::Hosts => {
            let rows = host_rows(state).len();
            vec![
                (rows > 0, Command::Open, "open"),
                (rows > 0, Command::Sort(None), "sort"),
                (rows > 1, Command::Reverse, "reverse"),
                (hosts, Command::FilterHosts(None), "find"),
                (!state.machines.filter.is_empty(), Command::Back, "all hosts"),
                (rows > 0, Command::LogsHere, "its logs"),
                (rows > 0, Command::Actions, "act"),
                (rows > 0 && !up(state), Command::Reconnect(None), "reconnect"),
                (rows == 0, Command::CommandLine, "command"),
                (rows == 0, Command::Quit, "quit"),
            ]
        }
    };
    hints.into_iter().filter(|(does, ..)| *does).map(|(_, command, word)| (command, word)).collect()
}

/// Whether the selected host is up.
fn up(state: &State) -> bool {
    selected_host(state).is_some_and(|host| state.is_up(&host))
}

/// What can be done with a row of the tabs that are made of lists.
fn lists(state: &State) -> Vec<(Command, &'static str)> {
    let Some(board) = state.board(state.tab) else { return Vec::new() };
    let (open, pane) = (board.open.is_some(), board.pane(state.tab));
    let has_rows = |pane: &Pane| !rows::ids(state, *pane).is_empty();
    let here = pane.is_some_and(|pane| has_rows(&pane));
    let elsewhere = Pane::of(state.tab).iter().any(|other| Some(*other) != pane && has_rows(other));
    let what = if pane == Some(Pane::Figures) { "definition" } else { "open" };
    let run = here && can(state, ActionKind::Abort);
    let hints = [
        (open, Command::Back, "back"),
        (run, Command::Continue, "go on"),
        (run, Command::Hold, "hold"),
        (run, Command::Stop, "stop"),
        (run, Command::Undo, "undo"),
        (!open && here, Command::Open, what),
        (!open && elsewhere, Command::NextPane, "next list"),
        (!open && !board.filter.is_empty(), Command::Back, "all rows"),
        (!open && here, Command::Find(None), "find"),
        (here && can(state, ActionKind::Deploy), Command::Deploy(None), "deploy"),
        (here && can(state, ActionKind::Rollback), Command::Rollback, "roll back"),
        (here && state.tab != Tab::Business && can(state, ActionKind::Restart), Command::Restart, "restart"),
        (here && state.tab == Tab::Deploys, Command::Actions, "act"),
        (here, Command::CopyLine, "copy"),
        (here && state.tab != Tab::Business, Command::LogsHere, "logs then"),
        (here && row_address(state).is_some(), Command::Browse, "browser"),
        (!here, Command::CommandLine, "command"),
        (!here, Command::Quit, "quit"),
    ];
    hints.into_iter().filter(|(does, ..)| *does).map(|(_, command, word)| (command, word)).collect()
}

fn over(state: &State, overlay: &Overlay) -> Vec<(Command, &'static str)> {
    match overlay {
        Overlay::Help { .. } => vec![(Command::PageDown, "more"), (Command::Back, "close")],
        Overlay::CommandLine(_) => {
            vec![(Command::Accept, "run"), (Command::Complete, "complete"), (Command::Back, "close")]
        }
        Overlay::Picker(picker) => picked(&picker.kind),
        Overlay::Prompt(_) => vec![(Command::Accept, "take"), (Command::Back, "close")],
        Overlay::Confirm(Confirm { then: Then::Wish(_, Wish::Keep), .. }) => {
            vec![(Command::Yes, "keep"), (Command::Rollback, "roll back now"), (Command::Back, "say nothing")]
        }
        Overlay::Confirm(_) => vec![(Command::Yes, "yes"), (Command::Back, "cancel")],
        Overlay::Asking(asking) => {
            let mut hints = vec![(Command::Back, "cancel")];
            if let Some(plan) = asking.proposal() {
                match refusal(state, &plan.environment) {
                    Some(Refused::Unarmed(_)) => hints.push((Command::Arm(None), "arm")),
                    Some(_) => {}
                    None if !asking.wants_text() => hints.push((Command::Yes, "yes")),
                    None => hints.push((Command::Accept, "what was typed")),
                }
            }
            let more = state.viewport.page_lines > state.viewport.page_rows;
            hints.extend(more.then_some((Command::PageDown, "more")));
            hints
        }
        Overlay::Menu(_) => vec![(Command::Accept, "choose"), (Command::Down, "next"), (Command::Back, "close")],
        Overlay::Blanks(blanks) => {
            let mut hints = vec![(Command::Accept, "take"), (Command::Back, "close")];
            hints.extend(blanks.offering.is_some().then_some((Command::Down, "next version")));
            hints
        }
        Overlay::Question { question: Question::HostKey { .. }, .. } => {
            vec![(Command::TrustAlways, "save"), (Command::TrustOnce, "once"), (Command::Back, "refuse")]
        }
        Overlay::Question { .. } => vec![(Command::Accept, "send"), (Command::Back, "refuse")],
    }
}

/// What can be done with a row of a list to pick from.
fn picked(kind: &PickerKind) -> Vec<(Command, &'static str)> {
    let own: &[(Command, &'static str)] = match kind {
        PickerKind::Fields => &[(Command::Accept, "its values"), (Command::PickToggle, "show or hide")],
        PickerKind::Copied => &[(Command::Accept, "copy it")],
        PickerKind::Values(_) => &[(Command::Accept, "only this"), (Command::PickOut, "not this")],
        PickerKind::Filters => &[
            (Command::PickToggle, "on or off"),
            (Command::PickNew, "keep the typed one"),
            (Command::PickEdit, "change"),
            (Command::PickDrop, "let go"),
        ],
        PickerKind::Highlights => &[(Command::PickNew, "new"), (Command::PickDrop, "let go")],
        PickerKind::Views => {
            &[(Command::Accept, "look so"), (Command::PickNew, "keep this one"), (Command::PickDrop, "let go")]
        }
        PickerKind::Kinds { .. } => &[(Command::Accept, "its lines"), (Command::PickToggle, "since another moment")],
        PickerKind::Bookmarks => {
            &[(Command::Accept, "go there"), (Command::PickEdit, "note"), (Command::PickDrop, "let go")]
        }
    };
    let all = [(Command::PickFind(None), "find"), (Command::Back, "close")];
    own.iter().cloned().chain(all).collect()
}

/// The key of a command in the tabs, for sentences that name it; the command line's way where it is unbound.
pub fn key_in_tabs(state: &State, c: &Canvas, command: &Command) -> String {
    let base = match state.tab {
        Tab::Overview => Context::Overview,
        Tab::Logs => Context::Logs,
        Tab::Hosts => Context::Hosts,
        Tab::Deploys | Tab::Alerts | Tab::Business => Context::Lists,
    };
    let chain = [base, Context::Global];
    c.look.keymap.key_of(&chain, command).map_or_else(|| format!(":{}", command.entry().name), |key| shown(&key))
}
