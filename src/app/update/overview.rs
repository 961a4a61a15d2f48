//! The Overview's panes: which has the keys, its selected row, and where that leads.

use super::{hosts, lists, log_views, logs, moving, show};
use crate::app::board::Pane;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{OverviewPane, ServiceView, State, Tab};
use crate::app::view_state::glance;
use crate::domain::host::HostName;

/// The panes that have rows, as they follow each other on the screen; the hosts' always.
fn panes(state: &State) -> Vec<OverviewPane> {
    let filled = |pane: &OverviewPane| match pane {
        OverviewPane::Alerts => !glance::firing(state).is_empty(),
        OverviewPane::Hosts => true,
        OverviewPane::Services => !state.services.is_empty(),
        OverviewPane::Errors => !glance::errors(state).is_empty(),
    };
    OverviewPane::ALL.into_iter().filter(filled).collect()
}

/// The next pane has the keys, or the one before.
pub(super) fn pane(state: &mut State, forward: bool) {
    let panes = panes(state);
    let at = panes.iter().position(|pane| *pane == state.overview.pane).unwrap_or(0);
    let step = if forward { 1 } else { panes.len() - 1 };
    state.overview.pane = panes[(at + step) % panes.len()];
}

pub(super) fn step(state: &mut State, rows: i64) {
    let fits = state.viewport.list_rows;
    match state.overview.pane {
        OverviewPane::Alerts => {
            let ids: Vec<String> = glance::firing(state).iter().map(|alert| alert.id.clone()).collect();
            state.overview.alert = moving::moved(&ids, state.overview.alert.as_ref(), rows);
            let at = ids.iter().position(|id| Some(id) == state.overview.alert.as_ref());
            state.overview.alert_scroll = moving::scrolled(state.overview.alert_scroll, at, fits);
        }
        OverviewPane::Hosts => {
            let names: Vec<HostName> = state.hosts.iter().map(|view| view.host.name.clone()).collect();
            state.overview.selected = moving::moved(&names, state.overview.selected.as_ref(), rows);
            let at = names.iter().position(|name| Some(name) == state.overview.selected.as_ref());
            state.overview.scroll = moving::scrolled(state.overview.scroll, at, fits);
        }
        OverviewPane::Services => {
            let ids: Vec<_> = state.services.iter().map(ServiceView::id).collect();
            state.overview.service = moving::moved(&ids, state.overview.service.as_ref(), rows);
            let at = ids.iter().position(|id| Some(id) == state.overview.service.as_ref());
            state.overview.service_scroll = moving::scrolled(state.overview.service_scroll, at, fits);
        }
        OverviewPane::Errors => {
            let ids: Vec<String> = glance::errors(state).iter().map(glance::error_id).collect();
            state.overview.error = moving::moved(&ids, state.overview.error.as_ref(), rows);
            let at = ids.iter().position(|id| Some(id) == state.overview.error.as_ref());
            state.overview.error_scroll = moving::scrolled(state.overview.error_scroll, at, fits);
        }
    }
}

/// Enter: a host's page, an alert's page, the logs of a service, the lines of an error.
pub(super) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    match state.overview.pane {
        OverviewPane::Alerts => {
            if let Some(id) = glance::selected_alert(state).map(|alert| alert.id.clone()) {
                show(state, Tab::Alerts);
                lists::choose(state, Pane::Alerts, id);
                lists::open(state);
            }
        }
        OverviewPane::Hosts => {
            if let Some(host) = state.overview.selected.clone() {
                hosts::open(state, host, effects);
            }
        }
        OverviewPane::Services => logs::run(state, Command::LogsHere, effects),
        OverviewPane::Errors => lines(state, effects),
    }
}

/// The lines of the selected error, at the first of them.
pub(super) fn lines(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(change) = glance::selected_error(state).cloned() {
        show(state, Tab::Logs);
        log_views::show_kind(state, &change, effects);
    }
}

/// The mouse chose a row.
pub(super) fn choose(state: &mut State, pane: OverviewPane, id: String) {
    state.overview.pane = pane;
    match pane {
        OverviewPane::Alerts => state.overview.alert = Some(id),
        OverviewPane::Errors => state.overview.error = Some(id),
        OverviewPane::Hosts | OverviewPane::Services => {}
    }
}
