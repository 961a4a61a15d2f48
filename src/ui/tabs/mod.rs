//! The tabs.

mod alerts;
mod business;
mod deploys;
mod host_table;
mod hosts;
mod logs;
mod overview;

use ratatui::layout::Rect;

use super::canvas::{Canvas, row};
use super::format::{fit, wrap};
use super::glyph::{BAD, DOT};
use super::theme::Role;
use crate::app::state::{State, Tab};
use crate::domain::outside::Trouble;

/// Under this many columns there is one column of panes.
const NARROW: u16 = 100;

/// Draws the tab in front.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    match state.tab {
        Tab::Overview => overview::draw(state, c, area),
        Tab::Logs => logs::draw(state, c, area),
        Tab::Hosts => hosts::draw(state, c, area),
        Tab::Deploys => deploys::draw(state, c, area),
        Tab::Alerts => alerts::draw(state, c, area),
        Tab::Business => business::draw(state, c, area),
    }
}

/// A pane that has nothing to show says what is missing, and what brings it.
fn nothing(c: &mut Canvas, area: Rect, lines: &[&str]) {
    let room = area.width.saturating_sub(2);
    let mut y = 0;
    for (n, text) in lines.iter().enumerate() {
        let role = if n == 0 { Role::Text } else { Role::Dim };
        for line in wrap(text, usize::from(room)) {
            let at = row(area, y);
            if at.height > 0 {
                c.put_as(at.x + 1, at.y, room, &line, role);
            }
            y += 1;
        }
    }
}

/// What of a source cannot be had: what happened, since when, and what would mend it. How many rows it took.
fn trouble(c: &mut Canvas, area: Rect, what: &str, trouble: &Trouble, since: &str) -> u16 {
    let error = &trouble.error;
    warning(c, area, &format!("{what}: {} {DOT} since {since} {DOT} {}", error.message, error.remedy()))
}

/// Something that is wrong, in two rows at most. How many it took.
fn warning(c: &mut Canvas, area: Rect, text: &str) -> u16 {
    let room = area.width.saturating_sub(4);
    let mut lines = wrap(text, usize::from(room));
    let rows = lines.len().min(2).min(usize::from(area.height));
    if lines.len() > rows && rows > 0 {
        let rest = lines.split_off(rows - 1).join(" ");
        lines.push(fit(&rest, usize::from(room)));
    }
    c.put_as(area.x + 1, area.y, 2, BAD, Role::Warn);
    for (n, line) in lines.iter().take(rows).enumerate() {
        c.put_as(area.x + 3, area.y + n as u16, room, line, Role::Warn);
    }
    rows as u16
}

/// Shares rows among panes, the most important first: each gets its least, then each what it wants, while there are any.
fn share(rows: u16, panes: &[(u16, u16)]) -> Vec<u16> {
    let mut left = rows;
    let mut take = |wanted: u16| {
        let given = wanted.min(left);
        left -= given;
        given
    };
    let mut given: Vec<u16> = panes.iter().map(|(least, wants)| take((*least).min(*wants))).collect();
    for (given, (_, wants)) in given.iter_mut().zip(panes) {
        *given += take(wants.saturating_sub(*given));
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_what_matters_first() {
        assert_eq!(share(20, &[(5, 8), (3, 4), (2, 5)]), [8, 4, 5]);
        assert_eq!(share(12, &[(5, 8), (3, 4), (2, 5)]), [7, 3, 2]);
        assert_eq!(share(6, &[(5, 8), (3, 4), (2, 5)]), [5, 1, 0]);
        assert_eq!(share(9, &[(5, 3), (3, 0)]), [3, 0]);
    }
}
