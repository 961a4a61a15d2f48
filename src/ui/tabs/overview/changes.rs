//! What changed while somebody watched: versions, restarts, reboots, kills for want of memory.

use ratatui::layout::Rect;

use crate::app::change::ChangeKind;
use crate::app::state::State;
use crate::app::view_state::sentence::changed;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::since;
use crate::ui::format::{age, fit};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;

/// Most rows that it takes.
const MOST: u16 = 12;

/// Rows that it would like to have, with its rule; none while nothing changed.
pub fn wanted(state: &State) -> u16 {
    match state.changes.len() as u16 {
        0 => 0,
        n => n.min(MOST) + 1,
    }
}

/// Draws the pane, the newest change first.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if area.height < 2 {
        return;
    }
    c.titled(row(area, 0), "Changes", "", false);
    let rest = below(area, 1);
    let zone = Zone::of(state, c.look);
    for (n, change) in state.changes.iter().rev().take(usize::from(rest.height)).enumerate() {
        let line = row(rest, n as u16);
        let mut x = line.x + 1;
        x += c.put_as(x, line.y, line.width, &zone.local(change.at).format("%H:%M:%S").to_string(), Role::Dim) + 1;
        c.pieces_right(x, x + 4, line.y, &[c.piece(age(since(state.now, change.at)), Role::Dim)]);
        x += 6;
        let (text, role) = match &change.what {
            ChangeKind::Version { service, from, to } => {
                (format!("{} {service} {from} {} {to}", change.host, glyph::ARROW), Role::Text)
            }
            ChangeKind::Restarted { by_itself: true, .. } | ChangeKind::OomKill(_) => (changed(change), Role::Bad),
            _ => (changed(change), Role::Text),
        };
        let room = line.right().saturating_sub(x + 1);
        c.put_as(x, line.y, room, &fit(&text, usize::from(room)), role);
    }
}
