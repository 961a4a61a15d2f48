//! Which sources are shown, as the sidebar of the Logs tab is told.

use std::collections::HashMap;

use super::logs::ask;
use crate::app::effect::Effect;
use crate::app::state::State;
use crate::domain::log::SourceId;
use crate::domain::log_view::SourceStatus;

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

/// Puts sources into the order of the hosts, and those of a host into that of their services and names. There can be
/// thousands and they come with every answer: while no new one comes, they only take the places they have.
pub(super) fn in_order(state: &State, sources: &mut [SourceStatus]) {
    let before = &state.logs.window.sources;
    let mut places: HashMap<SourceId, usize> = before.iter().map(|status| status.id).zip(0..).collect();
    if before.len() != sources.len() || !sources.iter().all(|status| places.contains_key(&status.id)) {
        let hosts: HashMap<_, usize> = state.hosts.iter().map(|view| &view.host.name).zip(0..).collect();
        let place = |status: &SourceStatus| hosts.get(&status.source.host).copied().unwrap_or(hosts.len());
        sources.sort_by(|a, b| {
            let names = |status: &SourceStatus| (status.source.service.clone(), status.source.name.clone());
            place(a).cmp(&place(b)).then_with(|| names(a).cmp(&names(b)))
        });
        places = sources.iter().map(|status| status.id).zip(0..).collect();
    }
    sources.sort_by_key(|status| places.get(&status.id).copied());
}
