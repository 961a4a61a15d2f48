//! What lies over the tabs: help, command line, prompts, dialogs, questions.

use crossterm::event::{KeyCode, KeyEvent};

use super::completing::completions;
use super::{
    acting, lists, log_around, log_back, log_lists, log_reach, log_time, logs, offers, questions, run as run_command,
    steering, typed_ahead,
};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::input;
use crate::app::state::{Overlay, Prompt, PromptPurpose, State, Then};
use crate::domain::log_look::Highlight;
use crate::domain::query::Query;
use crate::domain::question::{Answer, Question};

/// Opens a one-line prompt.
pub(super) fn prompt(state: &mut State, purpose: PromptPurpose, title: &str, text: &str) {
    let input = input::line(text);
    let before = (state.logs.typed.clone(), state.logs.query.search.clone());
    state.overlays.push(Overlay::Prompt(Prompt {
        purpose,
        title: title.to_owned(),
        input,
        error: None,
        before,
        recalled: None,
    }));
}

pub(super) fn run(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Back if state.overlays.is_empty() => back(state, effects),
        Command::Back => match state.overlays.pop() {
            Some(Overlay::Question { id, .. }) => questions::answer(state, id, Answer::Refuse, effects),
            Some(Overlay::Prompt(prompt)) => take_back(state, prompt, effects),
            Some(Overlay::Asking(asking)) => acting::closed(&asking, effects),
            _ => {}
        },
        Command::TrustOnce
        | Command::TrustAlways
        | Command::TrustOnceAll
        | Command::TrustAlwaysAll
        | Command::RefuseAll => questions::judge(state, command, effects),
        Command::Yes => {
            let Some(Overlay::Confirm(confirm)) = state.overlays.last() else { return acting::yes(state, effects) };
            let (then, opened) = (confirm.then, confirm.opened);
            if typed_ahead(state, opened) {
                return;
            }
            state.overlays.pop();
            match then {
                Then::Leave => effects.push(Effect::Quit),
                Then::Wish(ticket, wish) => steering::wish(state, ticket, wish, effects),
            }
        }
        Command::Accept => accept(state, effects),
        Command::Complete => complete(state, 1),
        Command::CompleteBack => complete(state, -1),
        Command::NextPane => acting::other_line(state, 1),
        Command::PreviousPane => acting::other_line(state, -1),
        Command::Up => recall(state, -1),
        Command::Down => recall(state, 1),
        Command::PageUp => scroll(state, -page(state)),
        Command::PageDown => scroll(state, page(state)),
        _ => {}
    }
}

/// A filter or search that was not accepted is as it was before it was typed.
fn take_back(state: &mut State, prompt: Prompt, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    if prompt.purpose == PromptPurpose::PickerFind {
        return log_lists::run(state, Command::PickFind(Some(String::new())), effects);
    }
    let editing = logs.editing.take();
    if let Some(editing) = &editing {
        logs.named.iter_mut().filter(|filter| filter.name == editing.name).for_each(|filter| filter.on = editing.on);
    }
    let now = (&logs.typed, &logs.query.search);
    let previewed = matches!(prompt.purpose, PromptPurpose::LogFilter | PromptPurpose::LogSearch);
    if previewed && (editing.is_some() || now != (&prompt.before.0, &prompt.before.1)) {
        (logs.typed, logs.query.search) = prompt.before;
        logs.compose();
        logs::ask(state, effects);
    }
}

/// Esc at the top: closes what the tab has open.
fn back(state: &mut State, effects: &mut Vec<Effect>) {
    use crate::app::state::Tab;
    match state.tab {
        Tab::Hosts if state.machines.open.is_some() => state.machines.open = None,
        Tab::Hosts => state.machines.filter.clear(),
        Tab::Deploys | Tab::Alerts | Tab::Business => lists::back(state),
        Tab::Logs if state.logs.looking_back.is_some() => log_back::stop(state, effects),
        Tab::Logs if log_around::is_reading(state) => log_around::stop(state, effects),
        Tab::Logs if state.logs.detail => state.logs.detail = false,
        Tab::Logs if state.logs.sidebar => state.logs.sidebar = false,
        Tab::Logs if state.logs.around.is_some() => log_around::leave(state, effects),
        Tab::Logs if state.logs.following.is_some() => log_reach::leave_id(state, effects),
        Tab::Logs if state.logs.query.search.is_some() => logs::search(state, "", effects),
        Tab::Logs if !state.logs.follow => logs::follow(state, effects),
        _ => {}
    }
}

/// A key that no binding took: text for whatever is being typed.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let now = state.now;
    match state.overlays.last_mut() {
        Some(Overlay::Help { filter, scroll }) => {
            if input::edit(filter, key) {
                *scroll = 0;
            }
        }
        Some(Overlay::CommandLine(line)) => {
            if input::edit(&mut line.input, key) {
                line.chosen = line.palette.then_some(0);
                line.error = None;
            }
        }
        Some(Overlay::Prompt(prompt)) => {
            if input::edit(&mut prompt.input, key) {
                prompt.recalled = None;
                preview(state, effects);
            }
        }
        Some(Overlay::Confirm(_)) => {}
        Some(Overlay::Asking(_)) => acting::key(state, key),
        Some(Overlay::Menu(menu)) => {
            if input::edit(&mut menu.filter, key) {
                menu.chosen = 0;
            }
        }
        Some(Overlay::Blanks(blanks)) => {
            if let Some(field) = blanks.fields.get_mut(blanks.at)
                && input::edit(&mut field.input, key)
            {
                blanks.said = None;
                offers::typed(blanks);
            }
        }
        Some(Overlay::Question { input, opened, question, .. }) => {
            let ahead = now - *opened < super::TYPED_AHEAD;
            if !ahead && !matches!(question, Question::HostKey { .. }) && key.code != KeyCode::Enter {
                input.edit(key);
            }
        }
        Some(Overlay::Picker(_)) | None => {}
    }
}

/// Shows at once what a filter or search that is being typed would do; a text that is no regex yet changes nothing.
fn preview(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() else { return };
    let text = input::text_of(&prompt.input).to_owned();
    match prompt.purpose {
        PromptPurpose::LogFilter => match state.logs.read_query(&text) {
            Ok(query) => {
                prompt.error = None;
                // The text of a named filter is shown beside what is typed.
                let beside = state.logs.editing.as_ref().map(|_| prompt.before.0.clone());
                state.logs.typed = Query::all(beside.into_iter().chain([query]).collect());
                logs::wanted_changed(state, effects);
            }
            Err(error) => prompt.error = Some(error.to_string()),
        },
        PromptPurpose::LogSearch => {
            prompt.error = regex::Regex::new(&text).err().map(|_| "not a regex yet".to_owned());
            if prompt.error.is_none() {
                state.logs.query.search = (!text.is_empty()).then_some(text);
                logs::ask(state, effects);
            }
        }
        PromptPurpose::HostFilter => state.machines.filter = text,
        PromptPurpose::ListFilter => run_command(state, Command::Find(Some(text)), effects),
        PromptPurpose::LogHighlight => prompt.error = Highlight::new(&text, None).err(),
        PromptPurpose::PickerFind => log_lists::run(state, Command::PickFind(Some(text)), effects),
        PromptPurpose::LogTime
        | PromptPurpose::LogSave
        | PromptPurpose::LogNote
        | PromptPurpose::ViewName
        | PromptPurpose::FilterName => prompt.error = None,
    }
}

/// A paste goes where text is typed; a dialog that could do something is cancelled by it.
pub(super) fn pasted(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    match state.overlays.last_mut() {
        Some(Overlay::Help { filter: line, .. }) => input::paste(line, text),
        Some(Overlay::CommandLine(line)) => input::paste(&mut line.input, text),
        Some(Overlay::Prompt(prompt)) => {
            input::paste(&mut prompt.input, text);
            prompt.recalled = None;
            preview(state, effects);
        }
        Some(Overlay::Confirm(_)) => drop(state.overlays.pop()),
        Some(Overlay::Asking(asking)) => {
            acting::closed(asking, effects);
            state.overlays.pop();
            super::toast(state, true, "a paste confirms nothing; nothing was done");
        }
        Some(Overlay::Menu(menu)) => input::paste(&mut menu.filter, text),
        Some(Overlay::Blanks(blanks)) => {
            if let Some(field) = blanks.fields.get_mut(blanks.at) {
                input::paste(&mut field.input, text);
                offers::typed(blanks);
            }
        }
        Some(Overlay::Question { input, question, .. }) if !matches!(question, Question::HostKey { .. }) => {
            input.paste(text)
        }
        Some(Overlay::Question { .. } | Overlay::Picker(_)) | None => {}
    }
}

/// Enter.
fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    match state.overlays.last_mut() {
        Some(Overlay::Help { .. }) => drop(state.overlays.pop()),
        Some(Overlay::CommandLine(_)) => accept_line(state, effects),
        Some(Overlay::Prompt(_)) => accept_prompt(state, effects),
        Some(Overlay::Picker(_)) => log_lists::pick(state, &Command::Accept, effects),
        // Enter alone says nothing.
        Some(Overlay::Confirm(_)) => {}
        Some(Overlay::Asking(_)) => acting::accept(state, effects),
        Some(Overlay::Menu(_) | Overlay::Blanks(_)) => acting::take(state, effects),
        Some(Overlay::Question { question: Question::HostKey { .. }, .. }) | None => {}
        Some(Overlay::Question { id, input, opened, .. }) => {
            let (id, opened, secret) = (*id, *opened, input.take());
            if state.now - opened >= super::TYPED_AHEAD {
                state.overlays.pop();
                questions::answer(state, id, Answer::Secret(secret), effects);
            }
        }
    }
}

fn accept_line(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::CommandLine(line)) = state.overlays.last() else { return };
    let typed = input::text_of(&line.input).trim().to_owned();
    let offered = completions(&typed, line.palette);
    let text = match line.chosen.and_then(|at| offered.get(at)) {
        Some(chosen) if !typed.contains(' ') || line.palette => chosen.entry.name.to_owned(),
        _ => typed,
    };
    if text.is_empty() {
        state.overlays.pop();
        return;
    }
    match Command::parse(&text) {
        Ok(command) => {
            state.overlays.pop();
            run_command(state, command, effects);
        }
        Err(error) => {
            if let Some(Overlay::CommandLine(line)) = state.overlays.last_mut() {
                // A command that needs something gets room for it.
                if line.chosen.is_some() {
                    line.input = input::line(&format!("{text} "));
                    line.chosen = None;
                }
                line.error = Some(error);
            }
        }
    }
}

fn accept_prompt(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { return };
    if prompt.error.is_some() {
        return;
    }
    let (purpose, text) = (prompt.purpose, input::text_of(&prompt.input).to_owned());
    // It stays open until it can be read: what is typed to mend it must not be taken for keys.
    if purpose == PromptPurpose::LogTime && !text.trim().is_empty() && log_time::read(&text, state.now).is_none() {
        if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
            prompt.error = Some(log_time::FORMS.to_owned());
        }
        return;
    }
    let before = prompt.before.0.clone();
    state.overlays.pop();
    if let Some(editing) = state.logs.editing.take_if(|_| purpose == PromptPurpose::LogFilter) {
        match state.logs.read_query(&text) {
            Ok(query) => log_lists::edited(state, editing, query, before, effects),
            Err(error) => super::toast(state, true, error.to_string()),
        }
        return;
    }
    let command = match purpose {
        PromptPurpose::LogSearch => Command::Search(Some(text)),
        PromptPurpose::LogFilter => Command::Filter(Some(text)),
        PromptPurpose::LogSave | PromptPurpose::FilterName | PromptPurpose::ViewName | PromptPurpose::LogTime
            if text.trim().is_empty() =>
        {
            return;
        }
        PromptPurpose::LogTime => Command::GoTo(Some(text)),
        PromptPurpose::ViewName => Command::SaveView(Some(text.trim().to_owned())),
        PromptPurpose::FilterName => Command::NameFilter(Some(text.trim().to_owned())),
        PromptPurpose::LogHighlight => Command::Highlight(Some(text)),
        PromptPurpose::LogNote => Command::Note(Some(text)),
        PromptPurpose::PickerFind => Command::PickFind(Some(text)),
        PromptPurpose::LogSave => Command::Save(Some(text.trim().to_owned())),
        PromptPurpose::HostFilter => Command::FilterHosts(Some(text)),
        PromptPurpose::ListFilter => Command::Find(Some(text)),
    };
    run_command(state, command, effects);
}

fn complete(state: &mut State, by: i64) {
    let Some(Overlay::CommandLine(line)) = state.overlays.last_mut() else { return };
    let count = completions(input::text_of(&line.input), line.palette).len() as i64;
    if count > 0 {
        let at = line.chosen.map_or(if by > 0 { -1 } else { 0 }, |at| at as i64);
        line.chosen = usize::try_from((at + by).rem_euclid(count)).ok();
    }
}

/// The mouse chose a completion.
pub(super) fn choose(state: &mut State, index: usize) {
    if let Some(Overlay::CommandLine(line)) = state.overlays.last_mut() {
        line.chosen = Some(index);
    }
}

/// Up and down: completions, earlier searches, the help's lines.
fn recall(state: &mut State, by: i64) {
    match state.overlays.last_mut() {
        Some(Overlay::CommandLine(_)) => complete(state, by),
        Some(Overlay::Help { .. }) => scroll(state, by),
        Some(Overlay::Picker(_)) => log_lists::step(state, by),
        Some(Overlay::Question { .. }) => questions::step(state, by),
        Some(Overlay::Asking(_) | Overlay::Menu(_) | Overlay::Blanks(_)) => acting::step(state, by),
        Some(Overlay::Prompt(prompt))
            if prompt.purpose == PromptPurpose::LogSearch && !state.logs.history.is_empty() =>
        {
            let last = state.logs.history.len() - 1;
            let back = match (prompt.recalled, by < 0) {
                (None, true) => Some(0),
                (Some(at), true) => Some((at + 1).min(last)),
                (Some(0) | None, false) => None,
                (Some(at), false) => Some(at - 1),
            };
            prompt.recalled = back;
            prompt.input = input::line(back.map_or("", |back| &state.logs.history[last - back]));
        }
        _ => {}
    }
}

/// A page of what is open, as far as it is known how much of it fits.
fn page(state: &State) -> i64 {
    match state.overlays.last() {
        Some(Overlay::Help { .. }) => state.viewport.page_rows.saturating_sub(1).max(1) as i64,
        _ => 10,
    }
}

fn scroll(state: &mut State, by: i64) {
    if matches!(state.overlays.last(), Some(Overlay::Picker(_))) {
        return log_lists::step(state, by);
    }
    if let Some(Overlay::Asking(_) | Overlay::Menu(_) | Overlay::Blanks(_)) = state.overlays.last() {
        return acting::step(state, by);
    }
    let most = state.viewport.page_lines.saturating_sub(state.viewport.page_rows) as i64;
    if let Some(Overlay::Help { scroll, .. }) = state.overlays.last_mut() {
        *scroll = usize::try_from((*scroll as i64 + by).clamp(0, most.max(0))).unwrap_or(0);
    }
}
