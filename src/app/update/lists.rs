//! The tabs that are made of lists: their rows, panes and pages, and what is done with a row.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{overlays, toast};
use crate::app::acting::Act;
use crate::app::board::Pane;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::message::Message;
use crate::app::state::{OverviewPane, PromptPurpose, State, Tab};
use crate::app::view_state::{glance, rows};
use crate::domain::alert::{Alert, sort};
use crate::domain::delivery::Sight;
use crate::domain::deployment::{Deployment, DeploymentKind, DeploymentStatus};

/// Takes a message that brings what hosted APIs say.
pub(super) fn take(state: &mut State, message: Message) {
    match message {
        Message::Outside(outside, alerts) => {
            state.hosted.outside = Some(*outside);
            told(state, "statuscake", alerts);
        }
        Message::Delivery(delivery, alerts) => {
            state.hosted.delivery = Some(*delivery);
            state.hosted.join_deployments();
            told(state, "gitlab", alerts);
        }
        Message::Runs(runs) => {
            state.hosted.runs = runs;
            state.hosted.join_deployments();
        }
        Message::Ledger(account, ledger) => {
            if let Some(place) = state.hosted.ledgers.get_mut(account) {
                *place = Some(*ledger);
            }
        }
        _ => {}
    }
}

/// A source said what fires there.
fn told(state: &mut State, source: &'static str, alerts: Vec<Alert>) {
    let hosted = &mut state.hosted;
    hosted.told.insert(source, alerts);
    hosted.alerts = hosted.told.values().flatten().cloned().collect();
    sort(&mut hosted.alerts);
}

/// The pane that has the keys, and the row that is selected in it.
pub(super) fn selected(state: &State) -> Option<(Pane, Option<String>)> {
    let board = state.board(state.tab)?;
    let pane = board.pane(state.tab)?;
    Some((pane, rows::selected(state, board, pane)))
}

/// The alert that is selected or whose page is open.
pub(super) fn alert(state: &State) -> Option<&Alert> {
    if state.tab == Tab::Overview && state.overview.pane == OverviewPane::Alerts {
        return glance::selected_alert(state);
    }
    let (pane, id) = selected(state)?;
    let id = state.board(state.tab)?.open.clone().or(id)?;
    state.hosted.alerts.iter().find(|alert| pane == Pane::Alerts && alert.id == id)
}

/// The deployment that is selected or whose page is open.
pub(super) fn deployment(state: &State) -> Option<&Deployment> {
    let (pane, id) = selected(state)?;
    let id = state.board(state.tab)?.open.clone().or(id)?;
    rows::deployments(state).into_iter().find(|one| pane == Pane::History && rows::deployment_id(one) == id)
}

/// The run that is selected or whose page is open.
pub(super) fn run_row(state: &State) -> Option<rows::RunRow<'_>> {
    let (pane, id) = selected(state).filter(|_| state.tab == Tab::Deploys)?;
    let id = state.deploys.open.clone().or(id)?;
    rows::runs(state).into_iter().find(|row| pane == Pane::Runs && row.id() == id)
}

/// What was confirmed here and is selected, or whose page is open.
pub(super) fn act(state: &State) -> Option<&Act> {
    match run_row(state)? {
        rows::RunRow::Act(act) => Some(act),
        rows::RunRow::Known(_) => None,
    }
}

pub(super) fn step(state: &mut State, by: i64) {
    let (tab, fits) = (state.tab, state.viewport.list_rows);
    let (page, lines) = (state.viewport.page_rows, state.viewport.page_lines);
    let Some((pane, selected)) = selected(state) else { return };
    let ids = rows::ids(state, pane);
    let Some(board) = state.board_mut(tab) else { return };
    if board.open.is_some() {
        let most = lines.saturating_sub(page) as i64;
        board.page_scroll = u16::try_from((i64::from(board.page_scroll) + by).clamp(0, most)).unwrap_or(u16::MAX);
        return;
    }
    let list = board.lists.entry(pane).or_default();
    list.selected = super::moving::moved(&ids, selected.as_ref(), by);
    let at = ids.iter().position(|id| Some(id) == list.selected.as_ref());
    list.scroll = super::moving::scrolled(list.scroll, at, fits);
}

/// The next pane, or the one before.
pub(super) fn pane(state: &mut State, forward: bool) {
    let tab = state.tab;
    // Where nothing was done there is nothing to go to.
    let filled = |pane: &&Pane| **pane != Pane::Runs || !rows::runs(state).is_empty();
    let panes: Vec<Pane> = Pane::of(tab).iter().filter(filled).copied().collect();
    let Some(board) = state.board_mut(tab).filter(|board| board.open.is_none()) else { return };
    let at = panes.iter().position(|pane| Some(*pane) == board.pane(tab)).unwrap_or(0);
    let step = if forward { 1 } else { panes.len() - 1 };
    board.focus(panes[(at + step) % panes.len()]);
}

pub(super) fn open(state: &mut State) {
    let tab = state.tab;
    let Some((_, Some(id))) = selected(state) else { return };
    if let Some(board) = state.board_mut(tab) {
        (board.open, board.page_scroll) = (Some(id), 0);
    }
}

/// Esc: closes the page, then shows every row.
pub(super) fn back(state: &mut State) {
    let tab = state.tab;
    if let Some(board) = state.board_mut(tab)
        && board.open.take().is_none()
    {
        board.filter.clear();
    }
}

/// The mouse chose a row.
pub(super) fn choose(state: &mut State, pane: Pane, id: String) {
    let tab = state.tab;
    if let Some(board) = state.board_mut(tab) {
        board.focus(pane);
        board.lists.entry(pane).or_default().selected = Some(id);
    }
}

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    let tab = state.tab;
    match command {
        Command::Find(Some(text)) => {
            if let Some(board) = state.board_mut(tab) {
                board.filter = text;
            }
        }
        Command::Find(None) => {
            if let Some(board) = state.board(tab) {
                let text = board.filter.clone();
                overlays::prompt(state, PromptPurpose::ListFilter, "rows that hold", &text);
            }
        }
        Command::Browse => match address(state) {
            Some(url) => effects.push(Effect::Browse(url)),
            None => toast(state, true, "this has no address of its own"),
        },
        Command::CopyLine => match words(state) {
            Some(text) => {
                effects.push(Effect::Copy(text));
                toast(state, false, "copied");
            }
            None => toast(state, true, "nothing is selected"),
        },
        _ => {}
    }
}

/// The service and the time that the selected row is about.
pub(super) fn place(state: &State) -> (Option<String>, Option<DateTime<Utc>>) {
    if let Some(alert) = alert(state) {
        return (alert.service.clone(), alert.since);
    }
    if let Some(one) = deployment(state) {
        return (Some(one.service.clone()), one.started.or(one.created));
    }
    match selected(state) {
        Some((Pane::Versions, Some(id))) => (id.split('@').next().map(str::to_owned), None),
        _ => (None, None),
    }
}

/// Where the selected row of a list is to be looked at, for a browser.
pub fn address(state: &State) -> Option<String> {
    let (pane, id) = selected(state)?;
    let id = id?;
    let url = match pane {
        Pane::Alerts => alert(state)?.url.clone(),
        Pane::Watched => rows::all_watched(state).iter().find(|one| one.id() == id)?.url().map(str::to_owned),
        Pane::History => deployment(state)?.url.clone(),
        Pane::Runs | Pane::Versions | Pane::Figures => None,
        pane => rows::money(state, pane).iter().find(|row| row.id() == id)?.url().map(str::to_owned),
    };
    // Only what a browser shows: a check may be of a host and a port.
    url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

/// The selected row in a line, for a message to somebody.
fn words(state: &State) -> Option<String> {
    let (pane, id) = selected(state)?;
    let id = id?;
    let line = match pane {
        Pane::Alerts => {
            let alert = alert(state)?;
            let since =
                alert.since.map_or(String::new(), |since| format!(" since {}", since.format("%Y-%m-%dT%H:%MZ")));
            format!("{} {} ({}){since}", alert.severity.as_str().to_uppercase(), alert.title, alert.source)
        }
        Pane::Watched => {
            let all = rows::all_watched(state);
            let one = all.iter().find(|one| one.id() == id)?;
            format!("{} {}: {}", one.kind(), one.name(), one.condition(state.now).1)
        }
        Pane::Figures => {
            let all = rows::all_figures(state);
            let row = all.iter().find(|row| row.id() == id)?;
            let of = |counter: &crate::domain::counter::Counter| {
                let window = counter.window.map_or(String::new(), |window| format!(" ({})", window.name()));
                format!("{}{window}", counter.shown(counter.figure))
            };
            let figures: Vec<String> = row.now.into_iter().chain(row.windows.into_iter().flatten()).map(of).collect();
            format!("{}: {}", row.one.title, figures.join(", "))
        }
        Pane::History => {
            let one = deployment(state)?;
            let word = one.kind.map_or("deployment", DeploymentKind::as_str);
            let status = one.status.map_or("unknown", DeploymentStatus::as_str);
            format!("{word} of {} {} to {}: {status}", one.service, one.version, one.environment)
        }
        Pane::Runs => match run_row(state)? {
            rows::RunRow::Act(act) => act.proposal.title.clone(),
            rows::RunRow::Known(run) => {
                format!("run {} of {} {} by {}", run.id, run.plan.service, run.plan.version, run.by)
            }
        },
        Pane::Versions => id,
        pane => {
            let all = rows::money(state, pane);
            let row = all.iter().find(|row| row.id() == id)?;
            format!("{} {} {}", row.id(), row.customer().unwrap_or_default(), row.words()).trim_end().to_owned()
        }
    };
    let address = address(state).map_or(String::new(), |url| format!(" {url}"));
    Some(crate::domain::redact::text(&format!("{line}{address}")).into_owned())
}

/// The check that somebody looks at: the selected one, or the one behind the selected alert.
pub(super) fn looked_at(state: &State) -> Option<String> {
    if state.tab != Tab::Alerts {
        return None;
    }
    let (_, id) = selected(state)?;
    let id = state.alerts.open.clone().or(id)?;
    // An older outage's alert ends with when it began.
    let id = id.strip_prefix("statuscake:").unwrap_or(&id).strip_prefix("uptime:")?;
    Some(id.split(':').next().unwrap_or(id).to_owned())
}

/// Tells the outside view which check somebody looks at.
pub(super) fn look(state: &mut State, effects: &mut Vec<Effect>) {
    let looked = looked_at(state);
    if looked != state.looked_at {
        state.looked_at.clone_from(&looked);
        effects.push(Effect::LookAt(looked));
    }
    let sought = state.tab == Tab::Deploys;
    if sought != state.acting.sought {
        state.acting.sought = sought;
        effects.push(Effect::SeekRuns(Arc::clone(&state.settings), sought));
    }
    // Its log and what it brought are asked for while the page of a deployment is open.
    let page = state.tab == Tab::Deploys && state.deploys.open.is_some();
    let sight = deployment(state).filter(|_| page).map(|one| Sight {
        project: one.project.clone(),
        pipeline: one.pipeline,
        job: one.job,
        between: one.previous_version.clone().map(|before| (before, one.version.clone())).filter(|(a, b)| a != b),
    });
    if sight != state.sight {
        state.sight.clone_from(&sight);
        effects.push(Effect::See(sight));
    }
}
