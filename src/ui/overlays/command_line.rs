//! The command line and the palette: what is typed at the foot of the screen, completions over it.

use ratatui::layout::Rect;

use super::help::usage;
use crate::app::command::{Argument, COMMANDS, Entry};
use crate::app::context::of_tab;
use crate::app::input::text_of;
use crate::app::state::{LineInput, SortBy, State, Tab};
use crate::app::update::{Completion, completions};
use crate::app::viewport::Target;
use crate::domain::action::ACTIONS;
use crate::domain::log::Level;
use crate::ui::canvas::{Canvas, row};
use crate::ui::footer::shown;
use crate::ui::format::fit;
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// Columns of a command with what it can be given.
const USAGE: u16 = 22;

/// Draws it over the last rows of the body.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, line: &LineInput) {
    let at = row(area, area.height.saturating_sub(2));
    c.clear(at);
    let mut x = at.x + 1;
    x += c.put_as(x, at.y, 1, if line.palette { ">" } else { ":" }, Role::Key);
    let mut end = at.right().saturating_sub(1);
    if let Some(error) = &line.error {
        end = c
            .pieces_right(x + 10, end, at.y, &[c.piece(fit(error, usize::from(at.width / 2)), Role::Bad)])
            .saturating_sub(1);
    }
    input::draw(c, x, at.y, end.saturating_sub(x), &line.input);
    let typed = text_of(&line.input);
    match typed.trim_start().split_once(' ') {
        // The palette takes several words of what a command does.
        Some((name, _)) if !line.palette => argument(state, c, area, name),
        _ => offer(state, c, area, line, typed),
    }
}

fn offer(state: &State, c: &mut Canvas, area: Rect, line: &LineInput, typed: &str) {
    let offered = completions(typed, line.palette);
    let room = usize::from(area.height.saturating_sub(4));
    let first = (area.height.saturating_sub(2)).saturating_sub(offered.len().min(room) as u16);
    let contexts = of_tab(state);
    for (n, Completion { entry, in_name, in_doc }) in offered.iter().take(room).enumerate() {
        let at = row(area, first + n as u16);
        c.clear(at);
        let mut x = at.x + 2;
        c.put_as(x, at.y, USAGE, &usage(entry), Role::Text);
        c.mark(x, at.y, USAGE, in_name);
        x += USAGE + 1;
        let key = entry
            .plain()
            .and_then(|command| c.look.keymap.key_of(&contexts, command))
            .map(|key| shown(&key))
            .unwrap_or_default();
        let end = c.pieces_right(x, at.right().saturating_sub(1), at.y, &[c.piece(key, Role::Key)]);
        let room = end.saturating_sub(x + 1);
        c.put_as(x, at.y, room, &fit(entry.doc, usize::from(room)), Role::Dim);
        c.mark(x, at.y, room, in_doc);
        if line.chosen == Some(n) {
            c.over(at, Role::Selection);
        }
        c.target(at, Target::Completion(n));
    }
}

/// What the command can be given, while that is being typed.
fn argument(state: &State, c: &mut Canvas, area: Rect, name: &str) {
    let Some(entry) =
        COMMANDS.iter().find(|entry| entry.name == name || (!entry.alias.is_empty() && entry.alias == name))
    else {
        return;
    };
    let at = row(area, area.height.saturating_sub(3));
    c.clear(at);
    let words = match values(state, entry) {
        Some(values) => format!("{}: {}", usage(entry), values.join(" ")),
        None => format!("{}: {}", usage(entry), entry.doc),
    };
    let room = at.width.saturating_sub(3);
    c.put_as(at.x + 2, at.y, room, &fit(&words, usize::from(room)), Role::Dim);
}

fn values<'s>(state: &'s State, entry: &Entry) -> Option<Vec<&'s str>> {
    Some(match entry.argument()?.0 {
        Argument::Tab => Tab::ALL.map(Tab::as_str).to_vec(),
        Argument::Name => {
            let hosts = state.hosts.iter().map(|view| view.host.name.as_str());
            hosts.chain(state.services.iter().map(|view| view.service.name.as_str())).collect()
        }
        Argument::Host => state.hosts.iter().map(|view| view.host.name.as_str()).collect(),
        Argument::Action => ACTIONS.iter().map(|def| def.name).collect(),
        Argument::Environment => state.settings.environments.iter().map(|one| one.name.as_str()).collect(),
        Argument::Theme => state.themes.iter().map(String::as_str).collect(),
        Argument::Column => SortBy::ALL.map(SortBy::as_str).to_vec(),
        Argument::Level => Level::ALL.map(Level::as_str).into_iter().chain(["all"]).collect(),
        Argument::Field => state.logs.window.fields.iter().map(String::as_str).collect(),
        Argument::Regex | Argument::Filter | Argument::Time | Argument::Duration | Argument::Text => return None,
    })
}
