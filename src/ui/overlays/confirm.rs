//! A dialog that asks yes or no. Cancel has the keys; in a careful environment its frame is red.

use ratatui::layout::Rect;

use super::frame;
use crate::app::command::Command;
use crate::app::context::chain;
use crate::app::state::{Confirm, State, Then};
use crate::domain::deploy::steer::Wish;
use crate::ui::canvas::{Canvas, row};
use crate::ui::footer::shown;
use crate::ui::format::wrap;
use crate::ui::header::careful;
use crate::ui::theme::Role;

/// The widest it gets, in columns.
const WIDEST: u16 = 76;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, confirm: &Confirm) {
    let role = if careful(state) { Role::DialogDanger } else { Role::Dialog };
    let columns = WIDEST.min(area.width.saturating_sub(2));
    let lines: Vec<String> =
        confirm.lines.iter().flat_map(|line| wrap(line, usize::from(columns.saturating_sub(4)))).collect();
    let left = confirm.until.map(|until| (until - state.now).num_seconds().max(0));
    let title = left.map_or_else(|| confirm.title.clone(), |left| format!("{}  {left} s", confirm.title));
    let inside = frame::draw(c, frame::middle(area, columns, lines.len() as u16 + 4), &title, role);
    let last = inside.height.saturating_sub(1);
    for (n, line) in lines.iter().enumerate().take(usize::from(last)) {
        let at = row(inside, n as u16);
        c.put_as(at.x, at.y, at.width, line, Role::Text);
    }
    let key = |c: &Canvas, command: &Command| c.look.keymap.key_of(&chain(state), command).map(|key| shown(&key));
    let choices: &[(Command, &str)] = match confirm.then {
        Then::Wish(_, Wish::Keep) => {
            &[(Command::Back, "say nothing"), (Command::Yes, "keep it"), (Command::Rollback, "roll back now")]
        }
        _ => &[(Command::Back, "cancel"), (Command::Yes, "yes")],
    };
    let buttons = choices.iter().filter_map(|(command, word)| Some((key(c, command)?, *word)));
    frame::buttons(c, inside, &buttons.collect::<Vec<_>>());
}
