//! Questions of transports: one at a time, and new host keys as a list.

use super::typed_ahead;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::input::SecretLine;
use crate::app::state::{Overlay, State};
use crate::domain::question::{Answer, Question};

/// Host keys that are listed at once: as many as the smallest screen has room for, so that nothing is answered unseen.
const LISTED: usize = 6;

/// A new question. A list that grows is looked at anew: keys typed for the one before do not count.
pub(super) fn asked(state: &mut State, id: u64, question: Question) {
    if matches!(question, Question::HostKey { .. })
        && let Some(Overlay::Question { opened, question: Question::HostKey { .. }, .. }) = state.overlays.last_mut()
    {
        *opened = state.now;
    }
    state.questions.push((id, question));
}

/// Nobody waits for the answer any more. A secret that is being typed is typed to its end: its second half must not
/// become commands.
pub(super) fn withdrawn(state: &mut State, id: u64) {
    state.questions.retain(|(other, _)| *other != id);
    let host_key = |overlay: &Overlay| matches!(overlay, Overlay::Question { id: other, question: Question::HostKey { .. }, .. } if *other == id);
    state.overlays.retain(|overlay| !host_key(overlay));
}

/// Shows the oldest question when nothing else is open.
pub(super) fn show(state: &mut State) {
    if state.overlays.is_empty()
        && let Some((id, question)) = state.questions.first().cloned()
    {
        state.overlays.push(Overlay::Question { id, question, input: SecretLine::default(), opened: state.now });
    }
}

/// The unknown host keys that the dialog lists, with the numbers of their questions; what else waits comes after.
pub fn listed_keys(state: &State) -> Vec<&(u64, Question)> {
    state.questions.iter().filter(|(_, question)| matches!(question, Question::HostKey { .. })).take(LISTED).collect()
}

/// Up and down in the list.
pub(super) fn step(state: &mut State, by: i64) {
    let keys: Vec<(u64, Question)> = listed_keys(state).into_iter().cloned().collect();
    if let Some(Overlay::Question { id, question: shown @ Question::HostKey { .. }, .. }) = state.overlays.last_mut() {
        let at = keys.iter().position(|(other, _)| other == id).unwrap_or(0) as i64;
        let to = (at + by).clamp(0, keys.len().max(1) as i64 - 1);
        if let Some((next, question)) = keys.get(to as usize) {
            (*id, *shown) = (*next, question.clone());
        }
    }
}

/// An answer about the host key in front, or about all that are listed.
pub(super) fn judge(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    let Some(Overlay::Question { id, question: Question::HostKey { .. }, opened, .. }) = state.overlays.last() else {
        return;
    };
    let ids = match command {
        Command::TrustOnce | Command::TrustAlways => vec![*id],
        _ => listed_keys(state).iter().map(|(id, _)| *id).collect(),
    };
    if typed_ahead(state, *opened) {
        return;
    }
    state.overlays.pop();
    for id in ids {
        let given = match command {
            Command::TrustOnce | Command::TrustOnceAll => Answer::AcceptOnce,
            Command::TrustAlways | Command::TrustAlwaysAll => Answer::AcceptAndSave,
            _ => Answer::Refuse,
        };
        answer(state, id, given, effects);
    }
}

/// Hands an answer over.
pub(super) fn answer(state: &mut State, id: u64, answer: Answer, effects: &mut Vec<Effect>) {
    state.questions.retain(|(other, _)| *other != id);
    effects.push(Effect::Answer(id, answer));
}
