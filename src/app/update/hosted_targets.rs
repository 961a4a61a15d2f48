//! What can be done at hosted APIs about the selected row: of StatusCake's checks, and of GitLab's deployments and jobs.

use super::lists;
use crate::app::acting::Item;
use crate::app::state::{State, Tab};
use crate::domain::action::ActionKind;
use crate::domain::deployment::Deployment;
use crate::domain::hosted::CheckOwner;
use crate::domain::want::{Subject, Want};

/// All of it.
pub(super) fn items(state: &State) -> Vec<Item> {
    match state.tab {
        Tab::Alerts => checks(state),
        Tab::Deploys => lists::deployment(state).map_or_else(Vec::new, |one| deployments(state, one)),
        _ => Vec::new(),
    }
}

fn item(state: &State, environment: Option<&str>, action: ActionKind, label: String, answers: &[(&str, &str)]) -> Item {
    let known = environment.and_then(|name| state.settings.environment(name)).or_else(|| state.settings.strictest());
    let environment = known.map(|environment| environment.name.clone()).unwrap_or_default();
    let want = Want::new(action, Subject::Hosted { environment });
    let want = answers.iter().fold(want, |want, (name, answer)| want.with(name, *answer));
    Item { label, does: action.def().does.to_owned(), want: Ok(want) }
}

/// Whose the selected check is.
pub(super) fn owner(state: &State) -> Option<&CheckOwner> {
    let id = lists::looked_at(state)?;
    let check = state.hosted.outside.as_ref()?.checks.iter().find(|check| check.id == id)?;
    let owners = &state.settings.hosted.statuscake.as_ref()?.owners;
    owners.iter().find(|owner| owner.owns(&check.id, &check.name, &check.tags))
}

fn checks(state: &State) -> Vec<Item> {
    use ActionKind::{CloseWindow, OpenWindow, PauseCheck, ResumeCheck};
    let (Some(id), Some(outside)) = (lists::looked_at(state), &state.hosted.outside) else { return Vec::new() };
    let Some(check) = outside.checks.iter().find(|check| check.id == id) else { return Vec::new() };
    let environment = owner(state).map(|owner| owner.environment.as_str());
    let mut items: Vec<Item> = [PauseCheck, ResumeCheck, OpenWindow]
        .map(|action| {
            let label = format!("{}: {}", action.def().title, check.name);
            item(state, environment, action, label, &[("check", check.id.as_str())])
        })
        .into();
    let over = outside.windows.iter().filter(|window| window.checks.contains(&id) && window.state != "paused");
    items.extend(over.map(|window| {
        let label = format!("{}: {}", CloseWindow.def().title, window.name);
        item(state, environment, CloseWindow, label, &[("window", window.id.as_str())])
    }));
    items
}

fn deployments(state: &State, one: &Deployment) -> Vec<Item> {
    use ActionKind::{
        CancelJob, CancelPipeline, CreateTag, NewPipeline, PlayJob, RetryJob, RetryPipeline, RollBackJob,
    };
    let Some(delivery) = &state.hosted.delivery else { return Vec::new() };
    if !delivery.projects.iter().any(|project| project.path == one.project) {
        return Vec::new();
    }
    let environment = Some(one.environment.as_str());
    let project = ("project", one.project.as_str());
    let mut items = Vec::new();
    let mut add = |action: ActionKind, about: String, answers: &[(&str, &str)]| {
        let label = format!("{}: {about}", action.def().title);
        items.push(item(state, environment, action, label, &[&[project], answers].concat()));
    };
    add(RollBackJob, format!("{} in {}", one.version, one.place), &[("deployment", one.id.as_str())]);
    let seen = delivery.seen.as_ref().filter(|seen| Some(&seen.sight) == state.sight.as_ref());
    for job in seen.iter().flat_map(|seen| &seen.jobs) {
        let id = job.id.to_string();
        let action = match () {
            () if job.status.is_manual() => PlayJob,
            () if job.status.is_active() => CancelJob,
            () if job.status.is_over() => RetryJob,
            () => continue,
        };
        add(action, format!("{} of {}", job.name, job.git_ref), &[("job", &id)]);
    }
    if let Some(pipeline) = one.pipeline {
        let id = pipeline.to_string();
        add(RetryPipeline, id.clone(), &[("pipeline", &id)]);
        add(CancelPipeline, id.clone(), &[("pipeline", &id)]);
    }
    add(NewPipeline, one.project.clone(), &[]);
    add(CreateTag, one.project.clone(), &[]);
    // A token that may only read turns all of it off, and says so.
    if let Some(why) = delivery.read_only() {
        items.iter_mut().for_each(|item| item.want = Err(why.clone()));
    }
    items
}
