//! The frame of a dialog: the only boxes there are.

use ratatui::layout::Rect;

use crate::ui::canvas::{Canvas, Piece, row};
use crate::ui::format::fit;
use crate::ui::glyph::{CORNERS, RULE, SIDE};
use crate::ui::theme::Role;

/// An area of so many columns and rows in the middle of another, or as much of it as fits.
pub fn middle(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// Draws an empty box with a title; the area inside, with a blank column at either side.
pub fn draw(c: &mut Canvas, area: Rect, title: &str, role: Role) -> Rect {
    c.clear(area);
    if area.width < 4 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let line = RULE.repeat(usize::from(area.width - 2));
    let (left, right, foot) = (area.x, area.right() - 1, area.bottom() - 1);
    for (y, corners) in [(area.y, [CORNERS[0], CORNERS[1]]), (foot, [CORNERS[2], CORNERS[3]])] {
        c.put_as(left, y, 1, corners[0], role);
        c.put_as(left + 1, y, area.width - 2, &line, role);
        c.put_as(right, y, 1, corners[1], role);
    }
    for y in area.y + 1..foot {
        c.put_as(left, y, 1, SIDE, role);
        c.put_as(right, y, 1, SIDE, role);
    }
    let room = area.width.saturating_sub(6);
    c.put_as(left + 2, area.y, room + 2, &format!(" {} ", fit(title, usize::from(room))), Role::Title);
    Rect { x: left + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// Draws the buttons of a dialog at the right end of its last row, the first being the one that Enter means: the
/// harmless one. A button is its key and its word.
pub fn buttons(c: &mut Canvas, inside: Rect, buttons: &[(String, &str)]) {
    let line = row(inside, inside.height.saturating_sub(1));
    let mut pieces: Vec<Piece> = Vec::new();
    for (n, (key, word)) in buttons.iter().enumerate().rev() {
        if n == 0 {
            pieces.push(c.piece(format!(" [{key}] {word} "), Role::Focus));
        } else {
            pieces.push(c.piece(format!("[{key}]"), Role::Key));
            pieces.push(c.piece(format!(" {word}   "), Role::Text));
        }
    }
    c.pieces_right(line.x, line.right(), line.y, &pieces);
}
