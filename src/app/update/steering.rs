//! Runs that go on: held, continued, stopped, taken back, or kept in spite of what their bake found.
//!
//! What this cockpit steers is told so at once; a run that somebody else steers, or nobody, is taken over by a plan.

use std::time::Duration;

use chrono::TimeDelta;

use super::{acting, lists, targets, toast};
use crate::app::acting::Stage;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::{About, Banner, Confirm, Overlay, State, Then};
use crate::domain::action::{ActionKind, Level};
use crate::domain::confirm::{Demand, Refused, Said, Typed, approve};
use crate::domain::deploy::known::KnownRun;
use crate::domain::deploy::steer::Wish;
use crate::domain::want::{Subject, Want};

pub(super) fn run(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    // What is no run of a deploy can only be stopped.
    if *command == Command::Stop
        && let Some(act) = lists::act(state).filter(|act| act.over.is_none())
    {
        let ticket = act.ticket;
        return ask(state, ticket, Wish::Stop);
    }
    match command {
        Command::Hold => acting::begin(state, ActionKind::Hold, effects),
        Command::Continue => acting::begin(state, ActionKind::Adopt, effects),
        Command::Stop => acting::begin(state, ActionKind::Abort, effects),
        Command::Undo => match targets::run_here(state).map(targets::undo).and_then(|item| item.want.ok()) {
            Some(want) => acting::wanted(state, want, effects),
            None => toast(state, true, "no run that goes on is selected here"),
        },
        _ => {}
    }
}

/// The run that keeps a deploy away whose plan could not be made: of the same service, and not over.
pub fn in_the_way(state: &State) -> Option<&KnownRun> {
    let Some(Overlay::Asking(asking)) = state.overlays.last() else { return None };
    let (Stage::Refused(_), ActionKind::Deploy | ActionKind::Rollback) = (&asking.stage, asking.want.action) else {
        return None;
    };
    let Subject::Service { name, environment, .. } = &asking.want.subject else { return None };
    let same = |run: &&KnownRun| run.plan.service == *name && run.plan.environment == *environment;
    state.acting.known.iter().filter(same).find(|run| !run.is_over())
}

/// In place of that plan, one of taking the run over.
pub(super) fn take_over(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(run) = in_the_way(state) else { return };
    let (service, environment, id) = (run.plan.service.clone(), run.plan.environment.clone(), run.id.clone());
    if let Some(Overlay::Asking(asking)) = state.overlays.pop() {
        acting::closed(&asking, effects);
    }
    acting::wanted(state, Want::new(ActionKind::Adopt, Subject::Run { service, environment, id }), effects);
}

/// The number of a run that is wanted to be steered, where it is this cockpit that does.
pub(super) fn steered(state: &State, want: &Want) -> Option<u64> {
    let Subject::Run { id, .. } = &want.subject else { return None };
    state.acting.under_way().find(|act| act.run.as_ref() == Some(id)).map(|act| act.ticket)
}

/// Asks whether this is really wished: a run that stands half done needs somebody.
pub(super) fn ask(state: &mut State, ticket: u64, wish: Wish) {
    let Some(act) = state.acting.act(ticket) else { return };
    let (title, word) = match wish {
        Wish::On | Wish::Keep if act.wish == Wish::On => return toast(state, false, "it goes on already"),
        Wish::On | Wish::Keep => ("Go on with it?", "the hosts that have not begun come next, as the plan says"),
        Wish::Stop => (
            "Stop at the next boundary?",
            "what has begun on a host ends there; what is done stays, the others are left alone",
        ),
        Wish::Hold => (
            "Hold at the next boundary?",
            "what has begun on a host ends there; then it waits for you to go on, or to end it",
        ),
        Wish::Undo => (
            "Stop it, and take every host back?",
            "what has begun on a host ends there; then each goes back to what it had before",
        ),
    };
    let lines = vec![act.proposal.title.clone(), word.to_owned()];
    super::confirm(state, title, lines, Then::Wish(ticket, wish));
}

/// Somebody has said that they wish it.
pub(super) fn wish(state: &mut State, ticket: u64, wish: Wish, effects: &mut Vec<Effect>) {
    let Some(act) = state.acting.act(ticket).filter(|act| act.over.is_none()) else { return };
    // To stop is always allowed, and so is what was approved with the plan.
    if matches!(wish, Wish::On | Wish::Undo)
        && !state.overlays.iter().any(|overlay| asks_about(overlay, ticket))
        && let Some(why) = acting::refusal(state, &act.proposal.environment)
    {
        let word = match why {
            Refused::Unarmed(name) => format!("{name} is read-only until it is armed"),
            why => why.to_string(),
        };
        return toast(state, true, word);
    }
    let demand = Demand::of(Level::One, Typed::exactly(String::new()), String::new(), None);
    let Ok(approval) = approve(&act.proposal.hash, &demand, Said::Typed("y"), None) else { return };
    if let Some(act) = state.acting.acts.iter_mut().find(|act| act.ticket == ticket) {
        act.wish = wish;
    }
    state.overlays.retain(|overlay| !asks_about(overlay, ticket));
    effects.push(Effect::Wish(ticket, wish, Box::new(approval)));
}

/// Whether this is the question whether a release is to be kept.
fn asks_about(overlay: &Overlay, ticket: u64) -> bool {
    matches!(overlay, Overlay::Confirm(confirm) if confirm.then == Then::Wish(ticket, Wish::Keep))
}

/// The bake of what was begun under this number is over its limits. Whoever is writing something else sees it after that,
/// and in a note at once: a letter of theirs is no answer.
pub(super) fn asked(
    state: &mut State,
    ticket: u64,
    why: &[String],
    patience: Duration,
    back: bool,
    effects: &mut Vec<Effect>,
) {
    let Some(act) = state.acting.act(ticket) else { return };
    let (now, what) = (state.now, act.proposal.title.clone());
    let until = now + TimeDelta::from_std(patience).unwrap_or_default();
    let after = if back { "silence takes every host back" } else { "silence holds it as it is" };
    let lines = std::iter::once(what.clone()).chain(why.iter().cloned()).chain([after.to_owned()]).collect();
    let title = "Keep the new release, or take it back?".to_owned();
    let then = Then::Wish(ticket, Wish::Keep);
    // It is deaf until it is seen.
    let question = Overlay::Confirm(Confirm { title, lines, then, opened: until, until: Some(until) });
    if !state.overlays.is_empty() {
        toast(state, true, format!("{what}: over its limits; {after} in {} s", patience.as_secs()));
    }
    state.overlays.insert(0, question);
    effects.push(Effect::Bell);
}

/// A question that was under something else is seen from now on.
pub(super) fn shown(state: &mut State) {
    let now = state.now;
    if let Some(Overlay::Confirm(confirm)) = state.overlays.last_mut()
        && Some(confirm.opened) == confirm.until
    {
        confirm.opened = now;
    }
}

/// `B` in the question whether a release is to be kept: every host goes back now.
pub(super) fn take_back(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(Confirm { then: Then::Wish(ticket, Wish::Keep), opened, .. })) = state.overlays.last()
    else {
        return;
    };
    let (ticket, opened) = (*ticket, *opened);
    if !super::typed_ahead(state, opened) {
        wish(state, ticket, Wish::Undo, effects);
    }
}

/// A question that nobody has answered in its time is taken away.
pub(super) fn ticked(state: &mut State) {
    let now = state.now;
    state
        .overlays
        .retain(|overlay| !matches!(overlay, Overlay::Confirm(Confirm { until: Some(until), .. }) if *until < now));
}

/// The hosts said which runs they know of: one that nobody steers needs somebody.
pub(super) fn known(state: &mut State, runs: Vec<KnownRun>) {
    state.acting.known = runs;
    tell_of_one_alone(state);
}

/// Puts up that a run needs somebody, or takes that away once somebody has it.
pub(super) fn tell_of_one_alone(state: &mut State) {
    let ours =
        |run: &KnownRun| state.acting.acts.iter().any(|act| act.run.as_deref() == Some(&run.id) && act.over.is_none());
    let alone = state.acting.known.iter().find(|run| !run.is_over() && run.is_alone() && !ours(run));
    let text = alone.map(|run| {
        let (done, of) = run.done();
        let what = format!("{} {}", run.plan.service, run.plan.version);
        format!(
            "the run of {what} by {} is unattended: {done} of {of} hosts are done; Deploys has it under Runs",
            run.by
        )
    });
    state.banners.retain(|banner| banner.about != About::Run);
    if let Some(text) = text {
        state.put_banner(Banner { about: About::Run, bad: true, text });
    }
}
