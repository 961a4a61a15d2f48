//! The page of one host: what it is, how it is reached, and every figure with its trust.

mod cpu;
mod disks;
mod link;
mod memory;
mod network;
mod processes;
mod units;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::NARROW;
use crate::app::state::{HostView, State};
use crate::ui::canvas::{Canvas, Piece, below, row, split};
use crate::ui::figures;
use crate::ui::glyph;
use crate::ui::theme::Role;

/// One pane of the page.
#[derive(Clone, Copy)]
struct Pane {
    /// Rows that it takes, with its rule.
    rows: fn(&State, &HostView, u16) -> u16,
    draw: fn(&State, &mut Canvas, Rect, &HostView),
}

/// The panes, two of them side by side where there is room. The number is the rows that a graph has.
const PANES: [[Pane; 2]; 3] = [
    [Pane { rows: cpu::rows, draw: cpu::draw }, Pane { rows: memory::rows, draw: memory::draw }],
    [Pane { rows: disks::rows, draw: disks::draw }, Pane { rows: network::rows, draw: network::draw }],
    [Pane { rows: units::rows, draw: units::draw }, Pane { rows: processes::rows, draw: processes::draw }],
];

/// Draws the page: its head stays, the panes under it scroll.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let rest = head(state, c, area, view, true);
    let page = whole(state, c, rest, view);
    let lines = usize::from(page.area.height);
    c.regions.viewport.page_rows = usize::from(rest.height);
    c.regions.viewport.page_lines = lines;
    let most = lines.saturating_sub(usize::from(rest.height)) as u16;
    copy(c, rest, &page, state.machines.page_scroll.min(most));
}

/// Draws the head of the page under the table of hosts, and as much of the rest as fits.
pub fn preview(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let rest = head(state, c, area, view, false);
    let page = whole(state, c, rest, view);
    copy(c, rest, &page, 0);
}

fn head(state: &State, c: &mut Canvas, area: Rect, view: &HostView, focused: bool) -> Rect {
    link::rule(state, c, row(area, 0), view, focused);
    let said = link::draw(state, c, below(area, 1), view);
    below(area, 1 + said)
}

/// The panes on a buffer as high as they need.
fn whole(state: &State, c: &Canvas, area: Rect, view: &HostView) -> Buffer {
    let graph = if area.height >= 44 { 6 } else { 3 };
    let wide = area.width >= NARROW;
    let rows_of = |pane: &Pane| (pane.rows)(state, view, graph);
    let heights: Vec<u16> = PANES
        .iter()
        .flat_map(|pair| match pair.each_ref().map(rows_of) {
            [a, b] if wide => vec![a.max(b)],
            [a, b] => vec![a, b],
        })
        .collect();
    let total = heights.iter().copied().fold(0_u16, u16::saturating_add);
    let mut buffer = Buffer::empty(Rect::new(0, 0, area.width, total));
    let mut page = Canvas::new(c.look, &mut buffer);
    let mut y = 0;
    let mut heights = heights.into_iter();
    let mut next = || {
        let at = Rect::new(0, y, area.width, heights.next().unwrap_or(0));
        y += at.height;
        at
    };
    for [a, b] in &PANES {
        if wide {
            let (left, right) = split(next(), area.width / 2);
            (a.draw)(state, &mut page, left, view);
            (b.draw)(state, &mut page, right, view);
        } else {
            (a.draw)(state, &mut page, next(), view);
            (b.draw)(state, &mut page, next(), view);
        }
    }
    buffer
}

/// The age of figures that are not to be trusted any more.
fn old(state: &State, c: &Canvas, view: &HostView) -> Option<Piece<'static>> {
    let age = figures::sample_age(state, view)?;
    Some(c.piece(format!(" {} {age} old", glyph::DOT), Role::Warn))
}

/// Copies the page from line `scroll` on.
fn copy(c: &mut Canvas, area: Rect, page: &Buffer, scroll: u16) {
    for y in 0..area.height.min(page.area.height.saturating_sub(scroll)) {
        for x in 0..area.width.min(page.area.width) {
            c.buffer[(area.x + x, area.y + y)].clone_from(&page[(x, y + scroll)]);
        }
    }
}
