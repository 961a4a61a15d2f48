//! One frame, from the state alone.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::{Canvas, below, row, width};
use super::format::wrap;
use super::glyph;
use super::look::Look;
use super::theme::Role;
use super::{footer, header, overlays, tabs};
use crate::app::state::{Overlay, State};
use crate::app::viewport::{LEAST, Regions, Target, is_drawn};

/// Banners shown at once, and the most rows of each.
const BANNERS: usize = 2;
const BANNER_ROWS: usize = 3;

/// Draws the state; what fits, and what is where.
pub fn render(state: &State, look: &Look, frame: &mut Frame) -> Regions {
    let area = frame.area();
    draw(state, look, area, frame.buffer_mut())
}

/// [`render`] into any buffer.
pub fn draw(state: &State, look: &Look, area: Rect, buffer: &mut Buffer) -> Regions {
    let mut c = Canvas::new(look, buffer);
    if is_drawn((area.width, area.height)) {
        screen(state, &mut c, area);
    } else {
        too_small(&mut c, area);
    }
    let regions = std::mem::take(&mut c.regions);
    if look.ascii {
        glyph::to_ascii(buffer);
    }
    regions
}

fn too_small(c: &mut Canvas, area: Rect) {
    let text = format!("qd needs {}x{}; this terminal has {}x{}", LEAST.0, LEAST.1, area.width, area.height);
    let lines = wrap(&text, usize::from(area.width));
    let above = usize::from(area.height).saturating_sub(lines.len()) / 2;
    for (y, line) in (area.y..area.bottom()).skip(above).zip(&lines) {
        c.put_as(area.x, y, area.width, line, Role::Text);
    }
}

fn screen(state: &State, c: &mut Canvas, area: Rect) {
    header::draw(state, c, row(area, 0));
    let hints = row(area, area.height - 1);
    let mut body = Rect { height: area.height - 2, y: area.y + 1, ..area };
    body = banners(state, c, body);
    tabs::draw(state, c, body);
    toasts(state, c, body);
    // What is under a dialog is dim. Lines typed at the bottom lie over nothing that matters less.
    let dialog = matches!(
        state.overlays.last(),
        Some(
            Overlay::Help { .. }
                | Overlay::Confirm(_)
                | Overlay::Question { .. }
                | Overlay::Asking(_)
                | Overlay::Menu(_)
                | Overlay::Blanks(_)
        )
    );
    if dialog {
        c.dim();
        // Nothing under a dialog can be pointed at.
        c.regions.targets.clear();
    }
    footer::draw(state, c, hints);
    overlays::draw(state, c, area);
}

fn banners(state: &State, c: &mut Canvas, area: Rect) -> Rect {
    let shown = state.banners.len().min(BANNERS);
    let more = state.banners.len() - shown;
    let dismiss = footer::key_in_tabs(state, c, &crate::app::command::Command::Dismiss);
    let mut used = 0;
    for (n, banner) in state.banners.iter().take(shown).enumerate() {
        let first = row(area, used);
        let (mark, role) = if banner.bad { (glyph::BAD, Role::Bad) } else { (glyph::CURSOR, Role::Warn) };
        let end = match n {
            0 if more > 0 => format!("{dismiss} dismiss (+{more})"),
            0 => format!("{dismiss} dismiss"),
            _ => String::new(),
        };
        let end_at = c.pieces_right(first.x, first.right().saturating_sub(1), first.y, &[c.piece(end, Role::Dim)]);
        let x = first.x + 1 + c.put_as(first.x + 1, first.y, 2, mark, role) + 1;
        let room = end_at.saturating_sub(x + 1);
        // What is wrong is not cut off, but it leaves room for what is watched.
        let mut lines = super::format::wrap(&banner.text, usize::from(room));
        if lines.len() > BANNER_ROWS {
            let rest = lines.split_off(BANNER_ROWS - 1).join(" ");
            lines.push(super::format::fit(&rest, usize::from(room)));
        }
        for text in &lines {
            let line = row(area, used);
            c.put_as(x, line.y, room, text, if banner.bad { Role::Bad } else { Role::Text });
            c.target(line, Target::Banner(n));
            used += 1;
        }
    }
    below(area, used)
}

/// Notes stand in the corner above the hints, the newest lowest.
fn toasts(state: &State, c: &mut Canvas, area: Rect) {
    // The row of a line that is typed is its own.
    let typed = u16::from(matches!(state.overlays.last(), Some(Overlay::Prompt(_))));
    for (n, toast) in state.toasts.iter().rev().enumerate() {
        let Some(y) = area.bottom().checked_sub(1 + typed + n as u16).filter(|y| *y >= area.y) else { break };
        let (mark, role) = if toast.bad { (glyph::BAD, Role::Bad) } else { (glyph::GOOD, Role::Ok) };
        let text = super::format::fit(&toast.text, usize::from(area.width.saturating_sub(6)));
        let pieces = [c.piece(format!(" {mark} "), role), c.piece(format!("{text} "), Role::Text)];
        let place = Rect { x: area.right().saturating_sub(width(&pieces) + 1), y, width: width(&pieces), height: 1 };
        c.clear(place);
        c.pieces(place.x, y, place.width, &pieces);
        c.over(place, Role::Selection);
    }
}
