//! The Hosts tab: every machine.

use ratatui::layout::Rect;

use super::row;
use crate::app::state::{SortBy, State};
use crate::app::update::host_rows;
use crate::app::viewport::Target;
use crate::domain::host::HostState;
use crate::ui::paint::Painter;
use crate::ui::theme::Role;

/// The columns that a name takes.
pub(super) fn name_width(state: &State) -> u16 {
    let longest = state.hosts.iter().map(|view| view.host.name.as_str().chars().count()).max().unwrap_or(8);
    u16::try_from(longest.clamp(6, 20)).unwrap_or(20)
}

/// `5 up · 1 stale`: how many are in which state, those that are up first.
pub(super) fn counts(state: &State) -> String {
    let of = |wanted: HostState| state.hosts.iter().filter(|view| view.state(state.now) == wanted).count();
    let words = [
        (HostState::Up, "up"),
        (HostState::Connecting, "dialing"),
        (HostState::Stale, "stale"),
        (HostState::Retrying, "retrying"),
        (HostState::AuthFailed, "not let in"),
        (HostState::HostKeyUnknown, "new key"),
        (HostState::HostKeyChanged, "bad key"),
        (HostState::Down, "down"),
    ];
    let parts: Vec<String> = words
        .iter()
        .map(|(s, word)| (of(*s), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    parts.join(" · ")
}

pub(in crate::ui) fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let machines = &state.machines;
    let mut figures = counts(state);
    if machines.sort != SortBy::Config {
        figures = format!(
            "by {}{} · {figures}",
            machines.sort.as_str(),
            if machines.descending { ", worst first" } else { "" }
        );
    }
    let title = if machines.filter.is_empty() { "Hosts".to_owned() } else { format!("Hosts  {}", machines.filter) };
    painter.rule(area, 0, &title, &figures, true);
    let name = name_width(state);
    row::head(area, 1, name, painter);
    let rows = host_rows(state);
    let room = usize::from(area.height.saturating_sub(2));
    painter.regions.viewport.list_rows = room;
    if rows.is_empty() {
        let text = if state.hosts.is_empty() {
            "no hosts: write them in quarterdeck.toml, or begin with `qd init --from-ssh-config`"
        } else {
            "no host is like that; Esc shows all again"
        };
        painter.text(area, 1, 3, text, Role::Dim);
        return;
    }
    let first = machines.scroll.min(rows.len().saturating_sub(1));
    for (i, view) in rows.iter().skip(first).take(room).enumerate() {
        let y = 2 + u16::try_from(i).unwrap_or(0);
        row::draw(view, state, area, y, name, painter);
        painter.target(area, y, Target::Host(view.host.name.clone()));
        if machines.selected.as_ref() == Some(&view.host.name) {
            painter.select(area, y);
        }
    }
}
