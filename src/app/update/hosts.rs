//! Commands of the Hosts tab and of one host's page.

use super::{overlays, show, toast};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{HostView, OverviewPane, PromptPurpose, SortBy, State, Tab};
use crate::domain::host::{HostName, HostState};

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Reconnect(host) => match host.or_else(|| selected(state)) {
            Some(host) if state.hosts.iter().any(|view| view.host.name == host) => {
                toast(state, false, format!("dialing {host}"));
                effects.push(Effect::Reconnect(host));
            }
            Some(host) => toast(state, true, format!("there is no host {host}")),
            None => toast(state, true, "no host is selected"),
        },
        Command::Host(host) => open(state, host, effects),
        Command::Sort(Some(by)) => sort_by(state, by),
        Command::Sort(None) => {
            let at = SortBy::ALL.iter().position(|by| *by == state.machines.sort).unwrap_or(0);
            sort_by(state, SortBy::ALL[(at + 1) % SortBy::ALL.len()]);
        }
        Command::Reverse => state.machines.descending = !state.machines.descending,
        Command::FilterHosts(Some(text)) => state.machines.filter = text,
        Command::FilterHosts(None) => {
            let text = state.machines.filter.clone();
            overlays::prompt(state, PromptPurpose::HostFilter, "hosts whose name, tag or environment holds", &text);
        }
        Command::Processes => {
            if let Some(host) = state.machines.open.clone() {
                effects.push(Effect::Processes(host));
            }
        }
        _ => {}
    }
}

/// Opens a host's page.
pub(super) fn open(state: &mut State, host: HostName, effects: &mut Vec<Effect>) {
    if !state.hosts.iter().any(|view| view.host.name == host) {
        toast(state, true, format!("there is no host {host}"));
        return;
    }
    show(state, Tab::Hosts);
    state.machines.selected = Some(host.clone());
    state.machines.page_scroll = 0;
    state.machines.open = Some(host.clone());
    effects.push(Effect::Processes(host));
}

/// The host that commands mean where none is named.
pub fn selected(state: &State) -> Option<HostName> {
    match state.tab {
        Tab::Overview if state.overview.pane == OverviewPane::Hosts => state.overview.selected.clone(),
        Tab::Hosts => state.machines.open.clone().or_else(|| state.machines.selected.clone()),
        Tab::Overview | Tab::Logs | Tab::Deploys | Tab::Alerts | Tab::Business => None,
    }
}

fn sort_by(state: &mut State, by: SortBy) {
    // Figures are looked at from the worst down.
    let figures = matches!(by, SortBy::Cpu | SortBy::Mem | SortBy::Disk | SortBy::Errors | SortBy::State);
    state.machines.descending = if state.machines.sort == by { !state.machines.descending } else { figures };
    state.machines.sort = by;
}

/// The hosts of the table: filtered and sorted; those without a figure come last.
pub fn rows(state: &State) -> Vec<&HostView> {
    let wanted = state.machines.filter.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&wanted);
    let mut rows: Vec<&HostView> = state
        .hosts
        .iter()
        .filter(|view| {
            let host = &view.host;
            wanted.is_empty()
                || holds(host.name.as_str())
                || holds(&host.environment)
                || host.tags.iter().any(|tag| holds(tag))
        })
        .collect();
    let figure = |view: &HostView| -> Option<f64> {
        let sample = view.sample.as_ref();
        match state.machines.sort {
            SortBy::Config | SortBy::Name => None,
            SortBy::State => Some(badness(view.state(state.now))),
            SortBy::Cpu => sample?.cpu.as_ref().map(|cpu| cpu.pct),
            SortBy::Mem => sample?.mem.map(|mem| mem.pct()),
            SortBy::Disk => fullest(view),
            SortBy::Errors => view.errors.last().map(|errors| *errors as f64),
        }
    };
    let down = state.machines.descending;
    match state.machines.sort {
        SortBy::Config if down => rows.reverse(),
        SortBy::Config => {}
        SortBy::Name => {
            rows.sort_by(|a, b| if down { b.host.name.cmp(&a.host.name) } else { a.host.name.cmp(&b.host.name) })
        }
        _ => rows.sort_by(|a, b| match (figure(a), figure(b)) {
            (Some(a), Some(b)) if down => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }),
    }
    rows
}

/// How full the fullest disk is.
fn fullest(view: &HostView) -> Option<f64> {
    let disks = view.sample.as_ref()?.slow.as_ref()?.disks.as_ref()?;
    disks.iter().filter(|disk| !disk.read_only).map(|disk| disk.pct).max_by(f64::total_cmp)
}

fn badness(state: HostState) -> f64 {
    match state {
        HostState::Up => 0.0,
        HostState::Connecting => 1.0,
        HostState::Stale => 2.0,
        HostState::Retrying => 3.0,
        HostState::HostKeyUnknown => 4.0,
        HostState::AuthFailed => 5.0,
        HostState::HostKeyChanged => 6.0,
        HostState::Down => 7.0,
    }
}
