//! A dialog that asks yes or no. Cancel has the keys; in a careful environment its frame is red.

use ratatui::layout::Rect;

use super::frame;
use crate::app::command::Command;
use crate::app::context::chain;
use crate::app::state::{Confirm, State};
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
    let inside = frame::draw(c, frame::middle(area, columns, lines.len() as u16 + 4), &confirm.title, role);
    let last = inside.height.saturating_sub(1);
    for (n, line) in lines.iter().enumerate().take(usize::from(last)) {
        let at = row(inside, n as u16);
        c.put_as(at.x, at.y, at.width, line, Role::Text);
    }
    let key = |c: &Canvas, command: &Command| c.look.keymap.key_of(&chain(state), command).map(|key| shown(&key));
    let mut buttons: Vec<(String, &str)> = vec![(key(c, &Command::Back).unwrap_or_default(), "cancel")];
    buttons.extend(key(c, &Command::Yes).map(|key| (key, "yes")));
    frame::buttons(c, inside, &buttons);
}
