//! What can be done here, to choose from.

use ratatui::layout::Rect;

use super::frame;
use crate::app::acting::Menu;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::format::fit;
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// The widest it gets, in columns.
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
