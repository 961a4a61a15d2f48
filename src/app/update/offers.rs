//! Versions to choose from where a deploy asks which: the hosts are asked what lies there, and an arrow takes one.

use std::sync::Arc;

use super::targets;
use crate::app::acting::Blanks;
use crate::app::effect::Effect;
use crate::app::input;
use crate::app::offering::Offering;
use crate::app::state::{Overlay, State};
use crate::domain::action::ActionKind;
use crate::domain::deploy::offer::Lying;
use crate::domain::host::HostName;
use crate::domain::want::Want;

/// The question which version.
pub(super) const VERSION: &str = "version";

/// What is offered for what is wanted, where that is a version: its hosts are asked, unless a job of the forge's deploys.
pub(super) fn begin(state: &mut State, want: &Want, effects: &mut Vec<Effect>) -> Option<Offering> {
    if want.action != ActionKind::Deploy || want.answer(VERSION).is_some() {
        return None;
    }
    let over_hosts = !targets::is_by_job(state, want);
    let hosts: Vec<HostName> =
        want.subject.hosts().iter().filter(|host| over_hosts && state.is_up(host)).cloned().collect();
    let ticket = state.acting.ticket();
    if !hosts.is_empty() {
        effects.push(Effect::Offer(ticket, Box::new(want.clone()), Arc::clone(&state.settings)));
    }
    Some(Offering::new(ticket, hosts))
}

/// A host has said what lies there.
pub(super) fn told(state: &mut State, ticket: u64, host: &HostName, said: Result<Lying, String>) {
    let offering = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Blanks(Blanks { offering: Some(offering), .. }) if offering.ticket == ticket => Some(offering),
        _ => None,
    });
    if let Some(offering) = offering {
        offering.take(host, said);
    }
}

/// What was typed narrows the list.
pub(super) fn typed(blanks: &mut Blanks) {
    if let (Some(offering), Some(field)) = (&mut blanks.offering, blanks.fields.get(blanks.at))
        && field.name == VERSION
    {
        offering.find = input::text_of(&field.input).trim().to_owned();
    }
}

/// Takes the version that stands so many rows after what the line holds; false where there is none to take.
pub(super) fn step(state: &mut State, by: i64) -> bool {
    let Some(Overlay::Blanks(blanks)) = state.overlays.last() else { return false };
    let (Some(offering), Some(field)) = (&blanks.offering, blanks.fields.get(blanks.at)) else { return false };
    if field.name != VERSION {
        return false;
    }
    let shown = offering.shown(state, &blanks.want);
    let Some(last) = shown.len().checked_sub(1) else { return false };
    let to = match offering.place(&shown, &field.input) {
        Some(at) => usize::try_from((at as i64 + by).clamp(0, last as i64)).unwrap_or(0),
        None => 0,
    };
    let version = shown[to].version.clone();
    if let Some(Overlay::Blanks(blanks)) = state.overlays.last_mut() {
        let at = blanks.at;
        blanks.fields[at].input = input::line(&version);
        blanks.said = None;
    }
    true
}
