//! What the Overview lists beside hosts and services: what fires, the errors of the last minutes, what changed.

use chrono::TimeDelta;

use super::ruler::{Mark, MarkKind, marks};
use crate::app::change::ChangeKind as Changed;
use crate::app::state::State;
use crate::domain::alert::{Alert, AlertState, Severity};
use crate::domain::log::Level;
use crate::domain::template::{Change, ChangeKind};

/// What a service said for so long before an error began is enough to call that new since a version.
const ENOUGH: TimeDelta = TimeDelta::seconds(30);
/// An error that is said so often,
const OFTEN: u64 = 5;
/// and was said within this time, goes on.
const GOES_ON: TimeDelta = TimeDelta::seconds(120);
/// What changed is told for so long.
const CHANGES: TimeDelta = TimeDelta::hours(24);
/// An error is new since a version when it was first said at most so long after that was seen,
const AFTER: TimeDelta = TimeDelta::minutes(10);
/// or so long before: a version is asked for now and then, while errors are written at once.
const BEFORE: TimeDelta = TimeDelta::seconds(90);

/// What fires now and asks for somebody, the gravest first.
pub fn firing(state: &State) -> Vec<&Alert> {
    let wanted = |alert: &&Alert| alert.state == AlertState::Firing && alert.severity > Severity::Log;
    state.hosted.alerts.iter().filter(wanted).collect()
}

/// Kinds of errors of the last ten minutes, most frequent first.
pub fn errors(state: &State) -> &[Change] {
    &state.logs.window.troubles
}

/// The alert that is selected: without a choice the first.
pub fn selected_alert(state: &State) -> Option<&Alert> {
    let firing = firing(state);
    let chosen = firing.iter().find(|alert| Some(&alert.id) == state.overview.alert.as_ref());
    chosen.or(firing.first()).copied()
}

/// The kind of error that is selected: without a choice the first.
pub fn selected_error(state: &State) -> Option<&Change> {
    let chosen = |id: &String| errors(state).iter().find(|change| error_id(change) == *id);
    state.overview.error.as_ref().and_then(chosen).or(errors(state).first())
}

/// What a kind of message is told apart by.
pub fn error_id(change: &Change) -> String {
    let level = change.level.map_or("", Level::as_str);
    format!("{} {level} {}", change.service.as_deref().unwrap_or_default(), change.text)
}

/// The hosts of the sources that say a kind of message, each once.
pub fn hosts_of<'s>(state: &'s State, change: &Change) -> Vec<&'s str> {
    let mut hosts: Vec<&str> = Vec::new();
    for source in state.logs.window.sources.iter().filter(|source| change.sources.contains(&source.id)) {
        if !hosts.contains(&source.source.host.as_str()) {
            hosts.push(source.source.host.as_str());
        }
    }
    hosts
}

/// How a kind of error has changed, in words: `NEW since 1.4.3`, `7 times as often`.
pub fn news(state: &State, change: &Change) -> Option<String> {
    match (change.kind, began_with(state, change)) {
        (ChangeKind::New | ChangeKind::Same, Some(version)) => Some(format!("NEW since {version}")),
        (ChangeKind::New, None) => Some("NEW".to_owned()),
        (ChangeKind::More(times), _) => Some(format!("{times:.0} times as often")),
        (ChangeKind::Gone | ChangeKind::Same, _) => None,
    }
}

/// The error that is said again and again now and never was before: the sign by which what is wrong is known.
pub fn signature(state: &State) -> Option<&Change> {
    let goes_on = |change: &&Change| change.after >= OFTEN && state.now - change.last <= GOES_ON;
    let new = |change: &&Change| change.kind == ChangeKind::New || began_with(state, change).is_some();
    errors(state).iter().filter(goes_on).find(new)
}

/// The version with which a kind of error began, where it is known what was said before.
pub fn began_with<'s>(state: &'s State, change: &Change) -> Option<&'s str> {
    let began = change.before == 0 && change.first - change.known >= ENOUGH;
    version_before(state, change).filter(|_| began)
}

/// The version that came to its service, or to any where it has none, nearest to when the error was first said.
fn version_before<'s>(state: &'s State, change: &Change) -> Option<&'s str> {
    let came = state.changes.iter().filter_map(|known| match &known.what {
        Changed::Version { service, to, .. } => {
            let mine = change.service.as_deref().is_none_or(|name| name == service);
            let near = change.first >= known.at - BEFORE && change.first <= known.at + AFTER;
            (mine && near).then_some(((change.first - known.at).abs(), to.as_str()))
        }
        _ => None,
    });
    came.min_by_key(|(apart, _)| *apart).map(|(_, version)| version)
}

/// What was changed of late, newest first: on the hosts, and by deployments.
pub fn changes(state: &State) -> Vec<Mark> {
    let mut all = marks(state, state.now - CHANGES, state.now + TimeDelta::seconds(1));
    all.retain(|mark| mark.kind == MarkKind::Change);
    all.reverse();
    all
}
