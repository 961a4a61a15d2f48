//! A plan that somebody looks at is made anew when something that it rests on has changed: a link, a version, a unit.

use super::acting;
use crate::app::acting::{Asking, Stage};
use crate::app::effect::Effect;
use crate::app::input;
use crate::app::message::Message;
use crate::app::state::{Overlay, State};
use crate::domain::host::HostName;
use crate::domain::want::Subject;

/// What a message changes about the hosts of the plan that is being looked at, in a few words.
pub(super) fn changed(state: &State, message: &Message) -> Option<String> {
    let subject = &looked_at(state)?.want.subject;
    match message {
        Message::Link(host, link) if concerns(state, subject, host) => {
            let view = state.hosts.iter().find(|view| view.host.name == *host)?;
            let was = view.link.as_ref().is_some_and(|link| link.is_up());
            match (was, link.is_up()) {
                (true, false) => Some(format!("{host} is not connected any more")),
                (false, true) => Some(format!("{host} is connected anew")),
                _ => None,
            }
        }
        Message::Service { service, environment, host, status } => {
            let Subject::Service { name, environment: place, .. } = subject else { return None };
            if (name, place) != (service, environment) || !concerns(state, subject, host) {
                return None;
            }
            let of = |view: &&crate::app::state::ServiceView| {
                view.service.name == *name && view.service.environment == *place
            };
            let before = state.services.iter().find(of)?.on.get(host)?;
            let another = |was: bool, word: &str| was.then(|| format!("{name} on {host} {word}"));
            let version =
                status.version.as_deref().filter(|now| before.version.as_deref().is_some_and(|was| was != *now));
            version
                .map(|version| format!("{name} on {host} is {version} now"))
                .or_else(|| another(before.since.is_some() && before.since != status.since, "was started anew"))
                .or_else(|| {
                    another(
                        before.unit_state.is_some() && before.unit_state != status.unit_state,
                        "is in another state",
                    )
                })
        }
        _ => None,
    }
}

fn looked_at(state: &State) -> Option<&Asking> {
    state.overlays.iter().find_map(|overlay| match overlay {
        Overlay::Asking(asking) => Some(&**asking),
        _ => None,
    })
}

/// Whether something is done on a host, or depends on it.
fn concerns(state: &State, subject: &Subject, host: &HostName) -> bool {
    match subject {
        Subject::Run { service, environment, .. } => {
            let of = |one: &&crate::domain::service::Service| one.name == *service && one.environment == *environment;
            state.settings.services.iter().find(of).is_some_and(|one| one.hosts.contains(host))
        }
        subject => subject.hosts().contains(host),
    }
}

/// Has the plan made once more, and says why. What was typed to confirm the one before is thrown away.
pub(super) fn plan(state: &mut State, why: &str, effects: &mut Vec<Effect>) {
    let (ticket, now) = (state.acting.ticket(), state.now);
    let asking = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Asking(asking) => Some(asking),
        _ => None,
    });
    let Some(asking) = asking else { return };
    effects.push(Effect::Forget(asking.ticket));
    (asking.ticket, asking.shown) = (ticket, now);
    (asking.stage, asking.typed) = (Stage::Planning, input::line(""));
    asking.said = Some(format!("{why}: this is a new plan"));
    let want = asking.want.clone();
    effects.push(acting::proposal_of(state, ticket, want));
}
