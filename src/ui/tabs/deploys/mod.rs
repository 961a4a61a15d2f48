//! The Deploys tab: which versions the hosts report, and what was deployed when.

mod history;
mod page;
mod runs;
mod versions;

use ratatui::layout::Rect;

use super::{nothing, share, trouble};
use crate::app::board::Pane;
use crate::app::state::{State, Tab};
use crate::ui::canvas::{Canvas, below, top};

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if let Some(open) = &state.deploys.open
        && page::draw(state, c, area, open)
    {
        return;
    }
    let focused = state.deploys.pane(Tab::Deploys);
    let given = share(area.height, &[(5, versions::wanted(state)), (4, runs::wanted(state)), (6, area.height)]);
    versions::draw(state, c, top(area, given[0]), focused == Some(Pane::Versions));
    let rest = below(area, given[0]);
    runs::draw(state, c, top(rest, given[1]), focused == Some(Pane::Runs));
    history::draw(state, c, below(rest, given[1]), focused == Some(Pane::History));
}
