//! What may follow the keys typed so far.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::frame;
use crate::app::context::chain;
use crate::app::state::State;
use crate::ui::canvas::{Canvas, row};
use crate::ui::footer::shown;
use crate::ui::format::fit;
use crate::ui::theme::Role;

/// Draws it in the corner above the hints.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let chain = chain(state);
    let look = c.look;
    let follow = look.keymap.following(&chain, &state.pending);
    if follow.is_empty() {
        return;
    }
    let keys = follow.iter().map(|(keys, _)| shown(keys).width()).max().unwrap_or(0) as u16;
    let words = follow.iter().map(|(_, command)| command.doc().width()).max().unwrap_or(0) as u16;
    let columns = (keys + words + 6).min(area.width).min(60);
    let rows = (follow.len() as u16 + 2).min(area.height.saturating_sub(2));
    let place = Rect { x: area.right() - columns, y: area.bottom() - 1 - rows, width: columns, height: rows };
    let inside = frame::draw(c, place, &state.pending.join(" "), Role::Dialog);
    for (n, (rest, command)) in follow.iter().enumerate().take(usize::from(inside.height)) {
        let at = row(inside, n as u16);
        c.put_as(at.x, at.y, keys, &shown(rest), Role::Key);
        let x = at.x + keys + 2;
        let room = at.right().saturating_sub(x);
        c.put_as(x, at.y, room, &fit(&command.doc(), usize::from(room)), Role::Text);
    }
}
