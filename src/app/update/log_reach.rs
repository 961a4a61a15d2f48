//! From one line to others: the same request on every host, its host, service, deployment, alert.

use chrono::{DateTime, Utc};

use super::{hosts, lists, log_around, logs, show, toast};
use crate::app::board::Pane;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{Following, Landing, OverviewPane, State, Tab};
use crate::app::view_state::rows;
use crate::domain::alert::Alert;
use crate::domain::deployment::Deployment;
use crate::domain::log::Source;
use crate::domain::log_thread::Thread;
use crate::domain::log_view::{Anchor, RowContent, RowId};
use crate::domain::query::Query;

pub(super) fn run(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Fold => fold(state, effects),
        Command::Around => log_around::around(state, |_| Query::default(), effects),
        Command::AroundSource => log_around::around(state, log_around::of_source, effects),
        Command::FollowId => follow_id(state, effects),
        _ => elsewhere(state, command, effects),
    }
}

/// Shows repeats as one, or each; the selected line stays in sight.
fn fold(state: &mut State, effects: &mut Vec<Effect>) {
    state.logs.query.fold = !state.logs.query.fold;
    match state.logs.selected.filter(|_| !state.logs.follow) {
        Some(id) => hold(state, id, effects),
        None => logs::ask(state, effects),
    }
}

/// The source of the selected line.
pub(super) fn source(state: &State) -> Option<&Source> {
    let row = logs::selected(state)?;
    state.logs.window.sources.iter().find(|source| source.id == row.source).map(|source| &*source.source)
}

/// Other rows are wanted, with this one in their middle.
pub(super) fn hold(state: &mut State, id: RowId, effects: &mut Vec<Effect>) {
    let half = state.viewport.log_rows as i64 / 2;
    let logs = &mut state.logs;
    (logs.query.anchor, logs.query.offset, logs.query.seek) = (Anchor::Top(id), -half, None);
    logs.landing = Some(Landing::At(id));
    logs::ask(state, effects);
}

/// Every line of every host that has the id of the selected one; or back to where that was.
fn follow_id(state: &mut State, effects: &mut Vec<Effect>) {
    if state.logs.following.is_some() {
        return leave_id(state, effects);
    }
    if !logs::needs_line(state) {
        return;
    }
    let thread = match logs::selected(state).map(|row| &row.content) {
        Some(RowContent::Line { text, fields, .. }) => Thread::of_line(text, fields),
        _ => None,
    };
    let Some((thread, from)) = thread.zip(state.logs.selected) else {
        return toast(state, true, "no request, trace or user is known of this line; v picks any field to filter by");
    };
    let logs = &mut state.logs;
    let on = logs.named.iter_mut().filter_map(|filter| std::mem::take(&mut filter.on).then(|| filter.name.clone()));
    logs.following = Some(Following {
        label: thread.label(),
        query: thread.query(),
        typed: std::mem::take(&mut logs.typed),
        on: on.collect(),
        hidden: std::mem::take(&mut logs.query.filter.hidden),
        from,
    });
    logs.around = None;
    logs.compose();
    toast(state, false, format!("{} on every host; again goes back", thread.label()));
    hold(state, from, effects);
}

/// Goes back to where an id was followed from.
pub(super) fn leave_id(state: &mut State, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    let Some(following) = logs.following.take() else { return };
    (logs.typed, logs.query.filter.hidden) = (following.typed, following.hidden);
    for filter in &mut logs.named {
        filter.on |= following.on.contains(&filter.name);
    }
    logs.around = None;
    logs.compose();
    hold(state, following.from, effects);
}

/// Goes from the selected line to another tab, at its place there.
fn elsewhere(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    if !logs::needs_line(state) {
        return;
    }
    let Some(source) = source(state).cloned() else { return };
    let at = state.logs.selected.and_then(|id| DateTime::from_timestamp_micros(id.micros)).unwrap_or(state.now);
    match command {
        Command::LineHost => hosts::open(state, source.host, effects),
        Command::LineService => service(state, &source),
        Command::LineDeploy => {
            match deployment(state, &source, at).map(|one| (rows::deployment_id(one), told(one, at))) {
                Some((id, words)) => {
                    show(state, Tab::Deploys);
                    lists::choose(state, Pane::History, id);
                    toast(state, false, words);
                }
                None => toast(state, false, "no deployment from before this line is known"),
            }
        }
        Command::LineAlert => match alert(state, at).map(|alert| alert.id.clone()) {
            Some(id) => {
                show(state, Tab::Alerts);
                lists::choose(state, Pane::Alerts, id);
            }
            None => toast(state, false, "no alert from before this line is known"),
        },
        _ => {}
    }
}

fn service(state: &mut State, source: &Source) {
    let ids = state.services.iter().filter(|view| Some(view.service.name.as_str()) == source.service.as_deref());
    let here = |view: &&crate::app::state::ServiceView| view.service.hosts.contains(&source.host);
    match ids.clone().find(here).or_else(|| ids.clone().next()).map(crate::app::state::ServiceView::id) {
        Some(id) => {
            show(state, Tab::Overview);
            (state.overview.pane, state.overview.service) = (OverviewPane::Services, Some(id));
        }
        None => toast(state, true, "no service claims this source"),
    }
}

/// The newest deployment from before a time: of the line's service, else of any.
fn deployment<'s>(state: &'s State, source: &Source, at: DateTime<Utc>) -> Option<&'s Deployment> {
    let all = || state.hosted.deployments.iter();
    let time = |one: &&Deployment| one.started.or(one.created).filter(|time| *time <= at);
    let newest = |of: Option<&str>| {
        let mine = all().filter(|one| of.is_none_or(|service| one.service == service) && time(one).is_some());
        mine.max_by_key(time)
    };
    source.service.as_deref().and_then(|service| newest(Some(service))).or_else(|| newest(None))
}

fn told(one: &Deployment, at: DateTime<Utc>) -> String {
    let minutes = one.started.or(one.created).map_or(0, |time| (at - time).num_minutes());
    format!("{} {}, {minutes} min before the line", one.service, one.version)
}

/// The alert that lasted then and had begun last; else the newest from before.
fn alert(state: &State, at: DateTime<Utc>) -> Option<&Alert> {
    let begun = || state.hosted.alerts.iter().filter(|alert| alert.since.is_some_and(|since| since <= at));
    let lasting = begun().filter(|alert| alert.ended.is_none_or(|ended| ended >= at));
    lasting.max_by_key(|alert| alert.since).or_else(|| begun().max_by_key(|alert| alert.since))
}
