//! What lies over the tabs: help, lines that are typed, dialogs, and what may follow a prefix.

mod asking;
mod blanks;
mod command_line;
mod confirm;
mod frame;
mod help;
mod menu;
mod picker;
mod prompt;
mod question;
mod which_key;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use crate::app::state::{Overlay, State};

/// Draws the topmost of them, which has the keys.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    match state.overlays.last() {
        Some(Overlay::Help { filter, scroll }) => help::draw(state, c, area, filter, *scroll),
        Some(Overlay::CommandLine(line)) => command_line::draw(state, c, area, line),
        Some(Overlay::Picker(picker)) => picker::draw(state, c, area, picker),
        Some(Overlay::Prompt(prompt)) => {
            // What is typed may be about a list: it stays in sight.
            if let [.., Overlay::Picker(picker), _] = state.overlays.as_slice() {
                picker::draw(state, c, area, picker);
            }
            prompt::draw(state, c, area, prompt);
        }
        Some(Overlay::Asking(asking)) => asking::draw(state, c, area, asking),
        Some(Overlay::Menu(menu)) => menu::draw(c, area, menu),
        Some(Overlay::Blanks(blanks)) => blanks::draw(state, c, area, blanks),
        Some(Overlay::Confirm(confirm)) => confirm::draw(state, c, area, confirm),
        Some(Overlay::Question { question, input, .. }) => question::draw(state, c, area, question, input),
        None => {}
    }
    if !state.pending.is_empty() {
        which_key::draw(state, c, area);
    }
}
