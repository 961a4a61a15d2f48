//! What changed of late: deployments, versions, restarts, reboots, kills for want of memory.

use ratatui::layout::Rect;

use crate::app::state::State;
use crate::app::view_state::glance::changes;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::since;
use crate::ui::format::{age, fit};
use crate::ui::theme::Role;
use crate::ui::times::Zone;

/// Most rows that it takes.
const MOST: u16 = 12;

/// Rows that it would like to have, with its rule; none while nothing changed.
pub fn wanted(state: &State) -> u16 {
    match changes(state).len() as u16 {
        0 => 0,
        n => n.min(MOST) + 1,
    }
}

/// Draws the pane, the newest change first.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if area.height < 2 {
        return;
    }
    c.titled(row(area, 0), "Changes", "24 h", false);
    let rest = below(area, 1);
    let zone = Zone::of(state, c.look);
    for (n, mark) in changes(state).iter().take(usize::from(rest.height)).enumerate() {
        let line = row(rest, n as u16);
        let mut x = line.x + 1;
        x += c.put_as(x, line.y, line.width, &zone.local(mark.at).format("%H:%M:%S").to_string(), Role::Dim) + 1;
        c.pieces_right(x, x + 4, line.y, &[c.piece(age(since(state.now, mark.at)), Role::Dim)]);
        x += 6;
        let room = line.right().saturating_sub(x + 1);
        let role = if mark.bad { Role::Bad } else { Role::Text };
        c.put_as(x, line.y, room, &fit(&mark.text, usize::from(room)), role);
    }
}
