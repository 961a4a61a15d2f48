//! What surrounds every tab: the header, banners, toasts, the bottom line.

use ratatui::layout::Rect;

use super::format::fit;
use super::hints::hints;
use super::paint::Painter;
use super::theme::Role;
use crate::app::state::{State, Tab};
use crate::app::viewport::Target;
use crate::domain::settings::{ReadOnly, TimeZoneChoice};

/// Draws it; what is left for the tab.
pub(super) fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) -> Rect {
    header(state, area, painter);
    bottom(state, area, painter);
    let mut top = 1;
    for (index, banner) in state.banners.iter().take(2).enumerate() {
        let role = if banner.bad { Role::Bad } else { Role::Warn };
        let key = painter.look.keys.of("dismiss").unwrap_or(":dismiss").to_owned();
        let room = usize::from(area.width).saturating_sub(key.len() + 12);
        painter.text(area, 1, top, &fit(&banner.text, room), role);
        painter.right(area, top, &format!("{key} dismiss "), Role::Dim);
        painter.target(area, top, Target::Banner(index));
        top += 1;
    }
    let toasts = u16::try_from(state.toasts.len().min(3)).unwrap_or(0);
    for (i, toast) in state.toasts.iter().rev().take(3).enumerate() {
        let role = if toast.bad { Role::Bad } else { Role::Accent };
        let y = area.height - 2 - u16::try_from(i).unwrap_or(0);
        painter.text(area, 1, y, &fit(&toast.text, usize::from(area.width - 2)), role);
    }
    Rect::new(area.x, area.y + top, area.width, area.height - top - 1 - toasts)
}

fn header(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let wide = area.width >= 100;
    let mut x = painter.text(area, 1, 0, &fit(&state.settings.fleet, 20), Role::Strong) + 1;
    let name = environment(state);
    let known = state.settings.environments.iter().find(|e| e.name == name);
    let (word, role) = match known {
        Some(e) if e.careful => (short(&name, wide).to_uppercase(), Role::Danger),
        _ => (short(&name, wide), Role::Dim),
    };
    x = painter.text(area, x, 0, &word, role) + 1;
    if known.is_some_and(|e| e.read_only != ReadOnly::No) {
        x = painter.text(area, x, 0, if wide { "read-only" } else { "ro" }, Role::Dim) + 1;
    }
    if let Some(badge) = &state.badge {
        x = painter.text(area, x, 0, badge, Role::Warn) + 1;
    }
    x += if wide { 4 } else { 1 };
    for (i, tab) in Tab::ALL.into_iter().enumerate() {
        let title = match (tab, wide) {
            (Tab::Overview, true) => "Overview",
            (Tab::Overview, false) => "Over",
            (Tab::Logs, _) => "Logs",
            (Tab::Hosts, true) => "Hosts",
            (Tab::Hosts, false) => "Host",
        };
        let role = if tab == state.tab { Role::Accent } else { Role::Text };
        let end = painter.text(
            area,
            x,
            0,
            &if wide { format!("{} {title}", i + 1) } else { format!("{}{title}", i + 1) },
            role,
        );
        painter.target_span(area, x, end, 0, Target::Tab(tab));
        x = end + if wide { 2 } else { 1 };
    }
    painter.right(area, 0, &format!("{} ", clock(state)), Role::Dim);
}

/// The environment of the focused row; how many there are when it is not clear.
fn environment(state: &State) -> String {
    let focused = match state.tab {
        Tab::Overview => state.overview.selected.as_ref(),
        Tab::Hosts => state.machines.open.as_ref().or(state.machines.selected.as_ref()),
        Tab::Logs => None,
    };
    if let Some(view) = focused.and_then(|name| state.hosts.iter().find(|view| view.host.name == *name)) {
        return view.host.environment.clone();
    }
    let mut names: Vec<&str> = state.hosts.iter().map(|view| view.host.environment.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [one] => (*one).to_owned(),
        [] => "no hosts".to_owned(),
        several => format!("{} environments", several.len()),
    }
}

fn short(environment: &str, wide: bool) -> String {
    match environment {
        "production" if !wide => "prod".to_owned(),
        other => fit(other, if wide { 20 } else { 10 }),
    }
}

/// Hours and minutes, in the zone that times are shown in.
fn clock(state: &State) -> String {
    if state.utc {
        return state.now.format("%H:%MZ").to_string();
    }
    match state.settings.ui.time {
        TimeZoneChoice::Zone(zone) => state.now.with_timezone(&zone).format("%H:%M %Z").to_string(),
        _ => state.now.with_timezone(&chrono::Local).format("%H:%M").to_string(),
    }
}

fn bottom(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let y = area.height - 1;
    let mut x = 1;
    if state.pending.is_empty() {
        for (key, word) in hints(state, painter.look) {
            if x + 20 > area.width {
                break;
            }
            x = painter.text(area, x, y, &key, Role::Strong);
            x = painter.text(area, x + 1, y, word, Role::Dim) + 2;
        }
    } else {
        painter.text(area, x, y, &format!("{} …", state.pending.join(" ")), Role::Accent);
    }
    let help = painter.look.keys.of("help").map_or_else(|| ":help".to_owned(), |key| format!("{key} help"));
    painter.right(area, y, &format!("{help} "), Role::Dim);
}
