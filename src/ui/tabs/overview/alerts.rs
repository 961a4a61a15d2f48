//! Alerts on the Overview: what fires now.

use ratatui::layout::Rect;

use super::nothing;
use crate::app::state::{OverviewPane, State};
use crate::app::view_state::cause::last_change;
use crate::app::view_state::glance::{firing, selected_alert};
use crate::app::viewport::Target;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::format::fit;
use crate::ui::glyph;
use crate::ui::tabs::alerts::{lasted, standing, tally};
use crate::ui::theme::Role;

/// Most rows that it takes.
const MOST: u16 = 6;

/// Whether there is anything that raises alerts.
pub fn is_there(state: &State) -> bool {
    state.settings.hosted.statuscake.is_some() || state.settings.hosted.gitlab.is_some()
}

/// Rows that it would like to have, with its rule; none where nothing raises alerts.
pub fn wanted(state: &State) -> u16 {
    if is_there(state) { (firing(state).len() as u16).clamp(1, MOST) + 1 } else { 0 }
}

/// Draws the pane.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if area.height == 0 {
        return;
    }
    let focused = state.overview.pane == OverviewPane::Alerts;
    c.titled(row(area, 0), "Alerts", &tally(&state.hosted.alerts), focused);
    let rest = below(area, 1);
    let found = firing(state);
    let fits = usize::from(rest.height);
    if focused {
        c.regions.viewport.list_rows = fits;
    }
    let scroll = state.overview.alert_scroll.min(found.len().saturating_sub(fits));
    let selected = selected_alert(state).filter(|_| focused).map(|alert| alert.id.as_str());
    if found.is_empty() {
        return nothing(c, rest, &[&quiet(state)]);
    }
    for (n, alert) in found.into_iter().skip(scroll).take(fits).enumerate() {
        let line = row(rest, n as u16);
        let (word, role) = standing(alert);
        let mut x = line.x + 1;
        c.put_as(x, line.y, 7, word, role);
        x += 7;
        let end = line.right().saturating_sub(1);
        let age = lasted(state, alert);
        let service = alert.service.as_deref().unwrap_or(&alert.source);
        let change = last_change(state, alert).map_or(String::new(), |change| format!(" {} {change}", glyph::DOT));
        let about = format!("{} {age}{change}", fit(service, 14));
        let at = c.pieces_right(
            x + 20,
            end,
            line.y,
            &[c.piece(fit(&about, usize::from(end.saturating_sub(x + 24))), Role::Dim)],
        );
        let room = at.saturating_sub(x + 1);
        c.put_as(x, line.y, room, &fit(&alert.title, usize::from(room)), Role::Text);
        c.chosen(line, selected == Some(&alert.id));
        c.target(line, Target::Glance(OverviewPane::Alerts, alert.id.clone()));
    }
}

/// Nothing fires: or nobody could say.
fn quiet(state: &State) -> String {
    let unheard = crate::app::view_state::verdict::unheard(state);
    if unheard.is_empty() {
        "nothing is firing".to_owned()
    } else {
        format!("nothing that is known; not heard: {}", unheard.join(", "))
    }
}
