//! Read-only environments, and how they are armed for a while.

use chrono::{DateTime, TimeDelta, Utc};

use super::{targets, toast};
use crate::app::state::{Overlay, State};
use crate::domain::settings::ReadOnly;

/// Without a key for so long nobody is there.
const IDLE: TimeDelta = TimeDelta::minutes(10);
/// The clock ticks every second: one that has jumped so far has slept.
const SLEPT: TimeDelta = TimeDelta::seconds(60);

/// Lets actions happen in an environment for a while; once more takes it back.
pub(super) fn arm(state: &mut State, named: Option<String>) {
    let asked = state.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Asking(asking) => Some(asking.want.subject.environment().to_owned()),
        _ => None,
    });
    let Some(name) = named.or(asked).or_else(|| targets::environment(state)) else {
        return toast(state, true, "several environments are on the screen: `:arm NAME` says which");
    };
    let Some(environment) = state.settings.environment(&name).cloned() else {
        return toast(state, true, format!("there is no environment {name}"));
    };
    if environment.read_only == ReadOnly::No {
        return toast(state, false, format!("{name} needs no arming"));
    }
    if state.acting.standing.armed(&name, state.now).is_some() {
        state.acting.standing.disarm();
        return toast(state, false, "read-only again");
    }
    let until = state.now + TimeDelta::from_std(environment.arm_for).unwrap_or(IDLE);
    match state.acting.standing.arm(&environment, until) {
        Ok(()) => toast(state, false, format!("{name} is armed for {} min", environment.arm_for.as_secs() / 60)),
        Err(why) => toast(state, true, why.to_string()),
    }
    // What the popup says has changed: it is looked at anew.
    if let Some(Overlay::Asking(asking)) = state.overlays.last_mut() {
        asking.shown = state.now;
    }
}

/// Time has passed: who is not there, or whose machine slept, is not armed any more.
pub(super) fn ticked(state: &mut State, before: DateTime<Utc>) {
    let armed = state.settings.environments.iter().any(|one| state.acting.standing.armed(&one.name, before).is_some());
    let away = state.now - before > SLEPT || state.now - state.acting.touched > IDLE;
    if armed && away {
        state.acting.standing.disarm();
        toast(state, false, "nobody was here: read-only again");
    }
}
