//! What can be done here, to choose from; and what an action asks before there can be a plan.

use ratatui::layout::Rect;

use super::frame;
use crate::app::acting::{Blanks, Menu};
use crate::app::command::Command;
use crate::app::context::chain;
use crate::app::input::text_of;
use crate::app::state::State;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::footer::shown;
use crate::ui::format::fit;
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// The widest they get, in columns.
const WIDEST: u16 = 96;

/// Draws the menu: what can be done, and of the chosen one what it does.
pub fn draw(c: &mut Canvas, area: Rect, menu: &Menu) {
    let items = menu.shown();
    let columns = WIDEST.min(area.width.saturating_sub(2));
    let rows = (menu.items.len() as u16 + 6).min(area.height.saturating_sub(2));
    let inside = frame::draw(c, frame::middle(area, columns, rows), &menu.title, Role::Dialog);
    let at = inside.x + c.put_as(inside.x, inside.y, inside.width, "find ", Role::Dim);
    input::draw(c, at, inside.y, inside.right().saturating_sub(at), &menu.filter);
    let rest = below(inside, 1);
    let fits = usize::from(rest.height.saturating_sub(2));
    let scroll = (menu.chosen + 1).saturating_sub(fits);
    for (n, item) in items.iter().enumerate().skip(scroll).take(fits) {
        let line = row(rest, (n - scroll) as u16);
        let role = if item.want.is_ok() { Role::Text } else { Role::Dim };
        c.put_as(
            line.x + 1,
            line.y,
            line.width.saturating_sub(1),
            &fit(&item.label, usize::from(line.width) - 2),
            role,
        );
        c.chosen(line, n == menu.chosen);
    }
    let foot = row(rest, rest.height.saturating_sub(1));
    let (words, role) = match items.get(menu.chosen) {
        Some(item) => match &item.want {
            Ok(_) => (item.does.as_str(), Role::Dim),
            Err(why) => (why.as_str(), Role::Warn),
        },
        None => ("nothing here holds this", Role::Dim),
    };
    c.put_as(foot.x, foot.y, foot.width, &fit(words, usize::from(foot.width)), role);
}

/// Draws the questions.
pub fn blanks(state: &State, c: &mut Canvas, area: Rect, blanks: &Blanks) {
    let columns = WIDEST.min(area.width.saturating_sub(2));
    let rows = blanks.fields.len() as u16 * 2 + 5;
    let inside = frame::draw(c, frame::middle(area, columns, rows), &blanks.want.title(), Role::Dialog);
    for (n, field) in blanks.fields.iter().enumerate() {
        let (ask, line) = (row(inside, 2 * n as u16), row(inside, 2 * n as u16 + 1));
        c.put_as(ask.x, ask.y, ask.width, &fit(&field.ask, usize::from(ask.width)), Role::Dim);
        if n == blanks.at {
            c.put_as(line.x, line.y, 1, glyph::CURSOR, Role::Key);
            input::draw(c, line.x + 2, line.y, line.width.saturating_sub(2), &field.input);
        } else {
            c.put_as(line.x + 2, line.y, line.width.saturating_sub(2), text_of(&field.input), Role::Text);
        }
    }
    let last = inside.height.saturating_sub(1);
    if let Some(said) = &blanks.said {
        let at = row(inside, last.saturating_sub(1));
        c.put_as(at.x, at.y, at.width, &fit(said, usize::from(at.width)), Role::Bad);
    }
    let chain = chain(state);
    let key = |command: &Command| c.look.keymap.key_of(&chain, command).map(|key| shown(&key));
    let word = if blanks.at + 1 < blanks.fields.len() { "next" } else { "show the plan" };
    let mut buttons = vec![(key(&Command::Back).unwrap_or_default(), "cancel")];
    buttons.extend(key(&Command::Accept).map(|key| (key, word)));
    frame::buttons(c, inside, &buttons);
}
