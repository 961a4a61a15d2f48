//! From a key to an action: what is meant, the plan of it, what confirms it, and what comes of it.
//!
//! Nothing happens by one key, by Enter alone or by a paste: a popup shows the plan, is deaf for a moment, and takes `y`,
//! or a name that is typed letter by letter; and [`approve`] has the last word.

use std::sync::Arc;

use chrono::TimeDelta;
use crossterm::event::KeyEvent;

use super::{TYPED_AHEAD, anew, arming, offers, show, steering, targets, toast};
use crate::app::acting::{Act, Asking, Blank, Blanks, Item, Menu, Stage};
use crate::app::board::Pane;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::input;
use crate::app::state::{Overlay, State, Tab, Then};
use crate::domain::act::{News, Proposal};
use crate::domain::action::{ActionKind, Level};
use crate::domain::audit::Verdict;
use crate::domain::confirm::{ARMS_AFTER, Refused, Said, approve};
use crate::domain::want::Want;

/// An Enter that comes so soon after a letter was not typed.
const FINGERS: TimeDelta = TimeDelta::milliseconds(8);
/// A plan that is so old is made anew before it is carried out.
const OLD: TimeDelta = TimeDelta::seconds(90);

pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Restart => begin(state, ActionKind::Restart, effects),
        Command::Act(kind) => begin(state, kind, effects),
        Command::Rollback => begin(state, ActionKind::Rollback, effects),
        Command::Adopt => begin(state, ActionKind::Adopt, effects),
        Command::Deploy(None) => begin(state, ActionKind::Deploy, effects),
        Command::Deploy(Some(version)) => match targets::of(state, ActionKind::Deploy).as_slice() {
            [Item { want: Ok(want), .. }] => wanted(state, want.clone().with("version", version), effects),
            [] => toast(state, true, "nothing that is selected here can be deployed"),
            _ => toast(state, true, "several services are meant: select one of them"),
        },
        Command::Shell => begin(state, ActionKind::Shell, effects),
        Command::Arm(environment) => arming::arm(state, environment),
        Command::Actions => {
            let items = targets::everything(state);
            menu(state, "what can be done here", items);
        }
        _ => {}
    }
}

/// An action on what is selected now. Where that could be several things, they are listed.
pub(super) fn begin(state: &mut State, action: ActionKind, effects: &mut Vec<Effect>) {
    let mut items = targets::of(state, action);
    match items.len() {
        0 => toast(state, true, format!("nothing that is selected here can be: {}", action.def().title.to_lowercase())),
        1 => chosen(state, items.remove(0), effects),
        _ => menu(state, &format!("{} what?", action.def().title), items),
    }
}

/// Whether an action can be done to what is selected.
pub fn can(state: &State, action: ActionKind) -> bool {
    !targets::of(state, action).is_empty()
}

fn menu(state: &mut State, title: &str, items: Vec<Item>) {
    if items.is_empty() {
        return toast(state, true, "nothing can be done with what is selected here");
    }
    let (title, filter) = (title.to_owned(), input::line(""));
    state.overlays.push(Overlay::Menu(Menu { title, items, chosen: 0, filter }));
}

fn chosen(state: &mut State, item: Item, effects: &mut Vec<Effect>) {
    match item.want {
        Ok(want) => wanted(state, want, effects),
        Err(why) => toast(state, true, format!("{}: {why}", item.label)),
    }
}

/// Something is wanted: what it asks is asked, then the plan is made and put to the person.
pub(super) fn wanted(state: &mut State, want: Want, effects: &mut Vec<Effect>) {
    // Whoever steers a run here needs no plan of taking it over.
    if let Some(ticket) = steering::steered(state, &want) {
        return steering::ask(state, ticket, want.wish());
    }
    let fields: Vec<Blank> = targets::questions(state, &want);
    if fields.is_empty() {
        return propose(state, want, effects);
    }
    let offering = offers::begin(state, &want, effects);
    state.overlays.push(Overlay::Blanks(Blanks { want, fields, at: 0, said: None, offering }));
}

fn propose(state: &mut State, mut want: Want, effects: &mut Vec<Effect>) {
    if let Some(why) = &state.acting.off {
        let why = why.clone();
        return toast(state, true, why);
    }
    // What builds an archive does something: it waits until that may be.
    if want.action == ActionKind::Deploy && refusal(state, want.subject.environment()).is_none() {
        want = want.with("build", "yes");
    }
    let ticket = state.acting.ticket();
    state.overlays.push(Overlay::Asking(Box::new(Asking::new(ticket, want.clone(), state.now))));
    effects.push(proposal_of(state, ticket, want));
}

/// Has a plan made under this number.
pub(super) fn proposal_of(state: &State, ticket: u64, want: Want) -> Effect {
    Effect::Propose(ticket, Box::new(want), Arc::clone(&state.settings))
}

/// The plan has been made, or cannot be.
pub(super) fn proposed(state: &mut State, ticket: u64, came: Result<Box<Proposal>, String>, effects: &mut Vec<Effect>) {
    let now = state.now;
    let asking = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Asking(asking) if asking.ticket == ticket => Some(asking),
        _ => None,
    });
    // Nobody waits for it any more.
    let Some(asking) = asking else { return effects.push(Effect::Forget(ticket)) };
    (asking.shown, asking.made, asking.scroll) = (now, now, 0);
    asking.stage = match came {
        Ok(proposal) => {
            asking.on_reason = proposal.demand.reason.is_some();
            Stage::Ready(proposal)
        }
        Err(why) => Stage::Refused(why),
    };
}

/// Why what is asked for in a popup may not happen now.
pub fn refusal(state: &State, environment: &str) -> Option<Refused> {
    let known = state.settings.environment(environment)?;
    state.acting.standing.permits(known, state.now).err()
}

/// Whether a popup has been seen for long enough to be answered; how long it still is deaf.
pub fn deaf_for(state: &State, asking: &Asking) -> TimeDelta {
    let three = asking.proposal().is_some_and(|plan| plan.demand.level == Level::Three);
    let deaf = if three { TimeDelta::from_std(ARMS_AFTER).unwrap_or(TYPED_AHEAD) } else { TYPED_AHEAD };
    (deaf - (state.now - asking.shown)).max(TimeDelta::zero())
}

/// Whether the topmost popup takes an answer.
fn listens(state: &State) -> bool {
    let Some(Overlay::Asking(asking)) = state.overlays.last() else { return false };
    let Some(proposal) = asking.proposal() else { return false };
    refusal(state, &proposal.environment).is_none() && deaf_for(state, asking) == TimeDelta::zero()
}

/// A letter for the popup.
pub(super) fn key(state: &mut State, key: KeyEvent) {
    if !listens(state) {
        return;
    }
    let now = state.now;
    if let Some(Overlay::Asking(asking)) = state.overlays.last_mut()
        && asking.wants_text()
    {
        let line = if asking.on_reason { &mut asking.reason } else { &mut asking.typed };
        if input::edit(line, key) {
            (asking.letter, asking.said) = (Some(now), None);
        }
    }
}

/// `y`.
pub(super) fn yes(state: &mut State, effects: &mut Vec<Effect>) {
    let plain = |state: &State| matches!(state.overlays.last(), Some(Overlay::Asking(asking)) if !asking.wants_text());
    if plain(state) && listens(state) {
        confirmed(state, "y".to_owned(), effects);
    }
}

/// Enter: the next line, and from the last one what was typed is judged.
pub(super) fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    let (listens, now) = (listens(state), state.now);
    let Some(Overlay::Asking(asking)) = state.overlays.last_mut() else { return };
    if !listens || !asking.wants_text() {
        return;
    }
    if asking.letter.is_some_and(|letter| now - letter < FINGERS) {
        asking.said = Some("that came like a paste: Enter again, if you have typed it".to_owned());
        asking.letter = None;
        return;
    }
    if asking.on_reason {
        asking.on_reason = false;
        return;
    }
    let typed = input::text_of(&asking.typed).trim().to_owned();
    confirmed(state, typed, effects);
}

fn confirmed(state: &mut State, typed: String, effects: &mut Vec<Effect>) {
    let now = state.now;
    let Some(Overlay::Asking(asking)) = state.overlays.last_mut() else { return };
    let (ticket, reason) = (asking.ticket, input::text_of(&asking.reason).to_owned());
    let Some(proposal) = asking.proposal() else { return };
    let approval = match approve(&proposal.hash, &proposal.demand, Said::Typed(&typed), Some(&reason)) {
        Ok(approval) => approval,
        Err(why) => {
            asking.said = Some(match &why {
                Refused::Mistyped { wants } => format!("that is not {wants}"),
                Refused::NoReason(why) => format!("it wants a reason: {why}"),
                other => other.to_string(),
            });
            asking.on_reason = matches!(why, Refused::NoReason(_));
            asking.typed = input::line("");
            return;
        }
    };
    // What was true when it was put there may not be any more.
    if now - asking.made > OLD {
        return anew::plan(state, "the plan had grown old", effects);
    }
    let Some(Overlay::Asking(asking)) = state.overlays.pop() else { return };
    let Stage::Ready(proposal) = asking.stage else { return };
    let shell = asking.want.action == ActionKind::Shell;
    state.acting.keep(Act::new(ticket, asking.want, *proposal, now));
    effects.push(Effect::Carry(ticket, Box::new(approval), Box::new(state.acting.standing.clone())));
    if !shell {
        look_at(state, ticket);
    }
}

/// Shows the page of what goes on.
fn look_at(state: &mut State, ticket: u64) {
    show(state, Tab::Deploys);
    state.deploys.focus(Pane::Runs);
    let id = super::super::view_state::rows::act_id(ticket);
    state.deploys.lists.entry(Pane::Runs).or_default().selected = Some(id.clone());
    (state.deploys.open, state.deploys.page_scroll) = (Some(id), 0);
}

/// Something happened to what goes on.
pub(super) fn news(state: &mut State, ticket: u64, news: News, effects: &mut Vec<Effect>) {
    let now = state.now;
    if let News::Asks { why, patience, back } = &news {
        steering::asked(state, ticket, why, *patience, *back, effects);
    }
    let Some(act) = state.acting.acts.iter_mut().find(|act| act.ticket == ticket) else { return };
    let has_run = matches!(news, News::Run(_));
    act.take(news, now);
    if act.over.is_some() {
        let about = |overlay: &Overlay| matches!(overlay, Overlay::Confirm(confirm) if matches!(confirm.then, Then::Wish(of, _) if of == ticket));
        state.overlays.retain(|overlay| !about(overlay));
    }
    if has_run {
        steering::tell_of_one_alone(state);
    }
    let Some(act) = state.acting.act(ticket) else { return };
    let Some(over) = &act.over else { return };
    if act.want.action.is_hosted() {
        effects.push(Effect::Refresh);
    }
    let open = state.deploys.open.as_deref() == Some(&super::super::view_state::rows::act_id(ticket));
    if state.tab == Tab::Deploys && open {
        return;
    }
    let title = act.proposal.title.clone();
    let (bad, word) = match &over.came {
        Err(why) => (true, why.clone()),
        Ok(ending) => {
            let bad = ending.hosts.iter().find(|host| host.result != Verdict::Ok);
            let word = bad.map_or_else(
                || "done".to_owned(),
                |host| {
                    let detail = host.detail.as_deref().unwrap_or_default();
                    format!("{} {} {detail}", host.host, host.result.as_str())
                },
            );
            (bad.is_some(), word)
        }
    };
    toast(state, bad, format!("{title}: {word}"));
}

/// Enter in the menu, or in the questions.
pub(super) fn take(state: &mut State, effects: &mut Vec<Effect>) {
    match state.overlays.last_mut() {
        Some(Overlay::Menu(menu)) => {
            let Some(item) = menu.shown().get(menu.chosen).map(|item| (*item).clone()) else { return };
            if item.want.is_ok() {
                state.overlays.pop();
            }
            chosen(state, item, effects);
        }
        Some(Overlay::Blanks(blanks)) => {
            let field = &blanks.fields[blanks.at];
            if let Err(why) = fits(field) {
                blanks.said = Some(why);
                return;
            }
            if blanks.at + 1 < blanks.fields.len() {
                (blanks.at, blanks.said) = (blanks.at + 1, None);
                return;
            }
            if let Some((at, why)) =
                blanks.fields.iter().enumerate().find_map(|(at, field)| Some((at, fits(field).err()?)))
            {
                (blanks.at, blanks.said) = (at, Some(why));
                return;
            }
            let Some(Overlay::Blanks(blanks)) = state.overlays.pop() else { return };
            let answer = |field: &Blank| (field.name.clone(), input::text_of(&field.input).trim().to_owned());
            let answers: Vec<(String, String)> = blanks.fields.iter().map(answer).collect();
            let want = answers.into_iter().fold(blanks.want, |want, (name, answer)| want.with(&name, answer));
            propose(state, want, effects);
        }
        _ => {}
    }
}

/// Whether an answer may be given.
fn fits(field: &Blank) -> Result<(), String> {
    let answer = input::text_of(&field.input).trim();
    if answer.is_empty() && !field.must {
        return Ok(());
    }
    let arg = crate::domain::action::ActionArg {
        name: field.name.clone(),
        ask: field.ask.clone(),
        pattern: field.pattern.clone(),
        default: None,
    };
    arg.accepts(answer)
}

/// Up, down, pages and Tab in the popups about actions.
pub(super) fn step(state: &mut State, by: i64) {
    if offers::step(state, by) {
        return;
    }
    let most = state.viewport.page_lines.saturating_sub(state.viewport.page_rows) as i64;
    match state.overlays.last_mut() {
        Some(Overlay::Asking(asking)) => {
            asking.scroll = usize::try_from((asking.scroll as i64 + by).clamp(0, most.max(0))).unwrap_or(0);
        }
        Some(Overlay::Menu(menu)) => {
            let last = menu.shown().len().saturating_sub(1) as i64;
            menu.chosen = usize::try_from((menu.chosen as i64 + by).clamp(0, last)).unwrap_or(0);
        }
        Some(Overlay::Blanks(blanks)) => next_blank(blanks, by),
        _ => {}
    }
}

fn next_blank(blanks: &mut Blanks, by: i64) {
    let last = blanks.fields.len().saturating_sub(1) as i64;
    blanks.at = usize::try_from((blanks.at as i64 + by.signum()).clamp(0, last)).unwrap_or(0);
}

/// Tab: the other line of a popup.
pub(super) fn other_line(state: &mut State, by: i64) {
    match state.overlays.last_mut() {
        Some(Overlay::Asking(asking)) if asking.proposal().is_some_and(|plan| plan.demand.reason.is_some()) => {
            asking.on_reason = !asking.on_reason;
        }
        Some(Overlay::Blanks(blanks)) => next_blank(blanks, by),
        _ => {}
    }
}

/// The popup is closed: nothing was done.
pub(super) fn closed(asking: &Asking, effects: &mut Vec<Effect>) {
    effects.push(Effect::Forget(asking.ticket));
}
