//! A dialog that asks yes or no. Cancel has the keys; in a careful environment its frame is red.

use ratatui::layout::Rect;

use super::frame;
use crate::app::command::Command;
use crate::app::context::chain;
use crate::app::state::{Confirm, State};
use crate::ui::canvas::{Canvas, row};
use crate::ui::footer::shown;
use crate::ui::format::fit;
use crate::ui::header::careful;
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, confirm: &Confirm) {
    let role = if careful(state) { Role::DialogDanger } else { Role::Dialog };
    let typed = !confirm.type_to_confirm.is_empty();
    let rows = confirm.lines.len() as u16 + 4 + u16::from(typed);
    let inside = frame::draw(c, frame::middle(area, 72, rows), &confirm.title, role);
    let last = inside.height.saturating_sub(1);
    for (n, line) in confirm.lines.iter().enumerate() {
        let at = row(inside, n as u16);
        if (n as u16) + u16::from(typed) < last {
            c.put_as(at.x, at.y, at.width, &fit(line, usize::from(at.width)), Role::Text);
        }
    }
    let key = |c: &Canvas, command: &Command| c.look.keymap.key_of(&chain(state), command).map(|key| shown(&key));
    let mut buttons: Vec<(String, &str)> = vec![(key(c, &Command::Back).unwrap_or_default(), "cancel")];
    if typed {
        let at = row(inside, last.saturating_sub(1));
        let mut x = at.x + c.put_as(at.x, at.y, at.width, "type ", Role::Dim);
        x += c.put_as(x, at.y, at.right().saturating_sub(x), &confirm.type_to_confirm, Role::Strong);
        x += c.put_as(x, at.y, at.right().saturating_sub(x), " to go on: ", Role::Dim);
        input::draw(c, x, at.y, at.right().saturating_sub(x), &confirm.input);
    } else {
        buttons.extend(key(c, &Command::Yes).map(|key| (key, "yes")));
    }
    frame::buttons(c, inside, &buttons);
}
