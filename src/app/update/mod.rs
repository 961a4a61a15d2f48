//! What each message changes, and what to do about it. Pure: the time comes inside messages.

mod acting;
mod anew;
mod arming;
mod completing;
mod data;
mod finding;
mod hosted_targets;
mod hosts;
mod lists;
mod log_around;
mod log_back;
mod log_export;
mod log_landing;
mod log_lists;
mod log_marks;
mod log_reach;
mod log_sources;
mod log_time;
mod log_views;
mod logs;
mod moving;
mod offers;
mod overlays;
mod overview;
mod questions;
mod steering;
mod targets;

use chrono::TimeDelta;

pub use acting::{can, deaf_for, refusal};
pub use completing::{Completion, completions};
pub use hosts::{rows as host_rows, selected as selected_host};
pub use lists::address as row_address;
pub use log_time::{FORMS as TIME_FORMS, read as read_time};
pub use questions::listed_keys;
pub use steering::in_the_way;
pub use targets::lost_run;

use super::command::Command;
use super::effect::Effect;
use super::input;
use super::message::Message;
use super::state::{About, Banner, Confirm, LineInput, Overlay, State, Tab, Then, Toast};
use super::viewport::is_drawn;

/// How long a toast stays.
const TOAST: TimeDelta = TimeDelta::seconds(6);
/// How long it stays at least, whatever is pressed.
const SEEN: TimeDelta = TimeDelta::seconds(1);
/// Two ctrl-c within this leave.
const TWICE: TimeDelta = TimeDelta::seconds(2);
/// Keys that were typed before a dialog could be seen are thrown away.
const TYPED_AHEAD: TimeDelta = TimeDelta::milliseconds(300);

/// Applies a message to the state; what the runtime is to do.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    let person = matches!(
        message,
        Message::Command(_) | Message::Key(_) | Message::Clicked(_) | Message::Wheel(..) | Message::Pasted(_)
    );
    if person && !is_drawn(state.size) && !leaves(&message) {
        return effects;
    }
    if person {
        state.acting.touched = state.now;
        // Whoever has gone somewhere else is not called back.
        state.wanted = None;
        // What an earlier key was answered with says nothing of this one, and may stand over what does.
        let now = state.now;
        state.toasts.retain(|toast| toast.until - now > TOAST - SEEN);
    }
    match message {
        Message::Tick(now) => {
            let before = std::mem::replace(&mut state.now, now);
            arming::ticked(state, before);
            steering::ticked(state);
            state.toasts.retain(|toast| toast.until > now);
            log_views::keep(state, &mut effects);
        }
        Message::Resized(columns, rows) => state.size = (columns, rows),
        Message::Viewport(viewport) => {
            if state.viewport != viewport {
                state.viewport = viewport;
                logs::resized(state, &mut effects);
            }
        }
        Message::Command(command) => run(state, command, &mut effects),
        Message::Key(key) => overlays::key(state, key, &mut effects),
        Message::Clicked(target) => moving::clicked(state, target, &mut effects),
        Message::Wheel(target, notches) => moving::wheel(state, target.as_ref(), notches, &mut effects),
        Message::Pasted(text) => overlays::pasted(state, &text, &mut effects),
        Message::Pending(keys) => state.pending = keys,
        Message::Outside(..) | Message::Delivery(..) | Message::Ledger(..) | Message::Runs(_) => {
            lists::take(state, message);
            finding::again(state, &mut effects);
        }
        Message::Events(events) => state.events = events,
        Message::Logs(window) => logs::arrived(state, *window, &mut effects),
        Message::Tallied(tally) => log_lists::tallied(state, tally),
        Message::Proposed(ticket, came) => acting::proposed(state, ticket, came, &mut effects),
        Message::Acted(ticket, news) => acting::news(state, ticket, news, &mut effects),
        Message::Lying(ticket, host, said) => offers::told(state, ticket, &host, said),
        Message::KnownRuns(runs) => steering::known(state, runs),
        Message::Terminal(ticket, argv) => effects.push(Effect::Terminal(ticket, argv)),
        Message::Asked(id, question) => questions::asked(state, id, question),
        Message::Withdrawn(id) => {
            questions::withdrawn(state, id);
        }
        Message::Config(settings, warnings) => data::config(state, *settings, &warnings, &mut effects),
        Message::ConfigBroken(why) => {
            let first = why.lines().next().unwrap_or("it cannot be used").to_owned();
            let text = format!("the config changed and cannot be used, the old one stays: {first}");
            state.put_banner(Banner { about: About::Config, bad: true, text });
        }
        Message::Dressed { themes, faults } => data::dressed(state, themes, faults),
        Message::WorkerDied(what, why) => {
            state.put_banner(Banner { about: About::Worker, bad: true, text: format!("{what} failed: {why}") });
        }
        Message::Notice { bad, text } => toast(state, bad, text),
        Message::Older { number, bad, text, through, reached } => {
            toast(state, bad, text);
            log_back::brought(state, number, through, reached, &mut effects);
        }
        Message::Around { row, found } => log_around::was_read(state, row, found, &mut effects),
        Message::ReadOn { number, found } => log_around::went_on(state, number, found, &mut effects),
        Message::LookingBack { number, through, reached } => log_back::told(state, number, through, reached),
        data => {
            let changed = anew::changed(state, &data);
            data::take(state, data);
            if let Some(why) = changed {
                anew::plan(state, &why, &mut effects);
            }
        }
    }
    questions::show(state);
    steering::shown(state);
    focus(state, &mut effects);
    lists::look(state, &mut effects);
    effects
}

/// Whether this may be done where nothing is drawn: nobody sees what any other key would do.
fn leaves(message: &Message) -> bool {
    use Command::{Interrupt, Quit, Redraw, Suspend};
    matches!(message, Message::Command(Interrupt | Quit | Redraw | Suspend))
}

/// Puts a note up.
fn toast(state: &mut State, bad: bool, text: impl Into<String>) {
    let (until, text) = (state.now + TOAST, text.into());
    // The same once more is said by staying.
    state.toasts.retain(|toast| toast.text != text);
    state.toasts.push(Toast { bad, text, until });
    if state.toasts.len() > 4 {
        state.toasts.remove(0);
    }
}

/// Tells the sampler which host somebody looks at.
fn focus(state: &mut State, effects: &mut Vec<Effect>) {
    let host = match state.tab {
        Tab::Hosts => state.machines.open.clone().or_else(|| state.machines.selected.clone()),
        Tab::Overview => state.overview.selected.clone(),
        Tab::Logs | Tab::Deploys | Tab::Alerts | Tab::Business => None,
    };
    if host != state.focused {
        state.focused.clone_from(&host);
        effects.push(Effect::Focus(host));
    }
}

fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Quit => {
            log_views::keep(state, effects);
            leave(state, effects);
        }
        Command::Rollback if !state.overlays.is_empty() => steering::take_back(state, effects),
        Command::Adopt if !state.overlays.is_empty() => steering::take_over(state, effects),
        Command::Deploy(_) | Command::Rollback | Command::Adopt => acting::run(state, command, effects),
        Command::Hold | Command::Continue | Command::Stop | Command::Undo => steering::run(state, &command, effects),
        Command::Restart | Command::Act(_) | Command::Arm(_) | Command::Actions | Command::Shell => {
            acting::run(state, command, effects);
        }
        Command::Interrupt => interrupt(state, effects),
        Command::Suspend => effects.push(Effect::Suspend),
        Command::Redraw => effects.push(Effect::Redraw),
        Command::Help => state.overlays.push(Overlay::Help { filter: input::line(""), scroll: 0 }),
        Command::CommandLine | Command::Palette => {
            let palette = command == Command::Palette;
            state.overlays.push(Overlay::CommandLine(LineInput {
                input: input::line(""),
                chosen: palette.then_some(0),
                palette,
                error: None,
            }));
        }
        Command::Show(tab) => show(state, tab),
        Command::NextTab => show(state, beside(state.tab, 1)),
        Command::PreviousTab => show(state, beside(state.tab, Tab::ALL.len() - 1)),
        Command::LastTab => {
            if let Some(tab) = state.back.pop() {
                state.tab = tab;
            }
        }
        Command::Refresh => {
            effects.push(Effect::Refresh);
            toast(state, false, "asking everything anew");
        }
        Command::Reload => effects.push(Effect::ReloadConfig),
        Command::Theme(name) => effects.push(Effect::Theme(name)),
        Command::Utc => state.utc = !state.utc,
        Command::Mouse => {
            state.mouse = !state.mouse;
            effects.push(Effect::Mouse(state.mouse));
        }
        Command::Dismiss => {
            if !state.banners.is_empty() {
                state.banners.remove(0);
            }
        }
        Command::Back
        | Command::Accept
        | Command::Complete
        | Command::CompleteBack
        | Command::Yes
        | Command::TrustOnce
        | Command::TrustAlways
        | Command::TrustOnceAll
        | Command::TrustAlwaysAll
        | Command::RefuseAll => overlays::run(state, &command, effects),
        Command::Up
        | Command::Down
        | Command::Left
        | Command::Right
        | Command::HalfPageUp
        | Command::HalfPageDown
        | Command::PageUp
        | Command::PageDown
        | Command::First
        | Command::Last
        | Command::NextPane
        | Command::PreviousPane
        | Command::Open => moving::run(state, &command, effects),
        Command::Reconnect(_)
        | Command::Host(_)
        | Command::Sort(_)
        | Command::Reverse
        | Command::FilterHosts(_)
        | Command::Processes => hosts::run(state, command, effects),
        Command::Go(name) => finding::find(state, &name, effects),
        Command::Find(_) | Command::Browse => lists::run(state, command, effects),
        Command::CopyLine if state.board(state.tab).is_some() => lists::run(state, command, effects),
        Command::CopyLine | Command::CopyEvent | Command::CopyField(_) | Command::CopyWindow | Command::Save(_) => {
            log_export::run(state, command, effects)
        }
        logs => logs::run(state, logs, effects),
    }
}

fn show(state: &mut State, tab: Tab) {
    if tab != state.tab {
        state.back.retain(|other| *other != tab);
        state.back.push(state.tab);
        state.tab = tab;
    }
}

fn beside(tab: Tab, step: usize) -> Tab {
    let at = Tab::ALL.iter().position(|other| *other == tab).unwrap_or(0);
    Tab::ALL[(at + step) % Tab::ALL.len()]
}

/// ctrl-c never harms: it closes what is open; at the top, twice leaves.
fn interrupt(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.overlays.is_empty() {
        overlays::run(state, &Command::Back, effects);
        return;
    }
    if state.interrupted.is_some_and(|last| state.now - last <= TWICE) {
        leave(state, effects);
    } else {
        state.interrupted = Some(state.now);
        toast(state, false, "ctrl-c again leaves");
    }
}

/// Whether a dialog opened so lately that a key cannot have been meant for it.
fn typed_ahead(state: &State, opened: chrono::DateTime<chrono::Utc>) -> bool {
    state.now - opened < TYPED_AHEAD
}

/// Leaves; asks first while something goes on.
fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    let mut lines: Vec<String> = Vec::new();
    for act in state.acting.under_way() {
        let word = match act.progress() {
            word if word.is_empty() => "under way".to_owned(),
            word => word,
        };
        lines.push(format!("{}: {word}", act.proposal.title));
        lines.push(match (&act.run, &act.proposal.other) {
            (_, Some(_)) => "  what was begun there goes on, and nobody here looks".to_owned(),
            (Some(_), _) => "  the run continues on its hosts, unattended; `qd run adopt` takes it up again".to_owned(),
            (None, None) => {
                "  what has begun on a host ends there; the others are left alone, and nobody looks".to_owned()
            }
        });
    }
    if lines.is_empty() {
        return effects.push(Effect::Quit);
    }
    confirm(state, "Leave while this goes on?", lines, Then::Leave);
}

/// Opens a dialog that asks yes or no.
pub fn confirm(state: &mut State, title: &str, lines: Vec<String>, then: Then) {
    let opened = state.now;
    state.overlays.push(Overlay::Confirm(Confirm { title: title.to_owned(), lines, then, opened, until: None }));
}
