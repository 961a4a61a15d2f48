//! Which sources are shown, as the sidebar of the Logs tab is told.

use super::logs::ask;
use crate::app::effect::Effect;
use crate::app::state::State;
use crate::domain::log::SourceId;

/// Shows a source, or hides it.
pub(super) fn toggle(state: &mut State, id: SourceId, effects: &mut Vec<Effect>) {
    let hidden = &mut state.logs.query.filter.hidden;
    match hidden.iter().position(|other| *other == id) {
        Some(at) => drop(hidden.remove(at)),
        None => hidden.push(id),
    }
    ask(state, effects);
}

/// Shows only the selected source, or all again.
pub(super) fn only(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(id) = state.logs.source else { return };
    let others: Vec<SourceId> = state.logs.window.sources.iter().map(|s| s.id).filter(|other| *other != id).collect();
    let hidden = &mut state.logs.query.filter.hidden;
    *hidden = if *hidden == others { Vec::new() } else { others };
    ask(state, effects);
}
