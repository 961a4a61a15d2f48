//! Draws the state. Pure: the same state and look give the same picture, and the same regions for the mouse.

pub mod format;
mod frame;
mod hints;
pub mod keymap;
pub mod look;
mod overlays;
mod paint;
mod tabs;
pub mod theme;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::state::{State, Tab};
use crate::app::viewport::{Regions, Viewport};
use look::Look;
use paint::Painter;

/// The smallest screen that everything fits on.
const LEAST: (u16, u16) = (60, 15);

/// Draws the whole screen.
pub fn render(state: &State, look: &Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut painter = Painter::new(frame.buffer_mut(), look);
    draw(state, area, &mut painter);
}

/// What fits on the screen, and what is where.
pub fn regions(state: &State) -> Regions {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let look = Look::default();
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    let mut painter = Painter::new(&mut buffer, &look);
    draw(state, area, &mut painter);
    painter.regions
}

fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("qd needs {}x{}; this is {}x{}", LEAST.0, LEAST.1, area.width, area.height);
        painter.text(area, 0, 0, &text, theme::Role::Text);
        return;
    }
    let body = frame::draw(state, area, painter);
    painter.regions.viewport = Viewport::default();
    match state.tab {
        Tab::Overview => tabs::overview::draw(state, body, painter),
        Tab::Logs => tabs::logs::draw(state, body, painter),
        Tab::Hosts if state.machines.open.is_some() => tabs::host::draw(state, body, painter),
        Tab::Hosts => tabs::hosts::draw(state, body, painter),
    }
    overlays::draw(state, area, painter);
}
