//! The business on the Overview: the figures that somebody on call looks at.

use ratatui::layout::Rect;

use super::nothing;
use crate::app::state::State;
use crate::app::view_state::figures::{FigureRow, change};
use crate::app::view_state::rows::every_figure;
use crate::domain::counter::Counter;
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::tabs::business::{heard, is_test, percent, trend};
use crate::ui::theme::Role;

/// What is shown, the most telling first: a figure's name, the window, and the word for it.
const SHOWN: &[(&str, Option<usize>, &str)] = &[
    ("revenue_net", Some(0), "today"),
    ("failed_payments", Some(0), "failed"),
    ("mrr", None, "MRR"),
    ("paying_customers", None, "paying"),
    ("disputes_needing_response", None, "disputes due"),
    ("new_customers", Some(0), "new"),
];

/// Rows that it would like to have, with its rule; none without an account.
pub fn wanted(state: &State, wide: bool) -> u16 {
    match (state.settings.hosted.stripe.is_empty(), wide) {
        (true, _) => 0,
        (false, true) => SHOWN.len() as u16 + 1,
        (false, false) => 2,
    }
}

/// Draws the pane: a line for each where there is room, else all in one.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if area.height == 0 {
        return;
    }
    let mut title = vec![c.piece("Business", Role::Title)];
    if is_test(state) {
        title.extend([c.piece(" ", Role::Rule), c.piece(" TEST ", Role::Badge)]);
    }
    let said = [c.piece(heard(state), Role::Dim)];
    c.rule(row(area, 0), &title, &said, false);
    let rest = below(area, 1);
    let rows = every_figure(state);
    let figures: Vec<(&str, &Counter)> =
        SHOWN.iter().filter_map(|(name, window, word)| Some((*word, of(&rows, name, *window)?))).collect();
    if figures.is_empty() {
        let why = state.hosted.ledgers.iter().flatten().flat_map(|ledger| &ledger.counters.errors).next();
        return nothing(c, rest, &[why.map_or("no figures yet", |error| error.message.as_str())]);
    }
    if rest.height > 1 {
        for (n, (word, counter)) in figures.iter().take(usize::from(rest.height)).enumerate() {
            let line = row(rest, n as u16);
            c.put_as(line.x + 1, line.y, 13, word, Role::Dim);
            c.pieces_right(line.x + 14, line.x + 30, line.y, &[value(c, word, counter)]);
            if let Some(change) = change(counter) {
                c.put_as(line.x + 32, line.y, line.width.saturating_sub(33), &percent(change), Role::Dim);
            }
            if line.width > 32 + 9 + 10 {
                c.put_as(line.x + 41, line.y, 10, &trend(counter, state.now, 10, 3), Role::Dim);
            }
        }
        return;
    }
    let mut x = rest.x + 1;
    for (word, counter) in figures {
        let mut pieces = vec![c.piece(format!("{word} "), Role::Dim), value(c, word, counter)];
        if let Some(change) = change(counter) {
            pieces.push(c.piece(format!(" {}", percent(change)), Role::Dim));
        }
        let columns = crate::ui::canvas::width(&pieces);
        if x + columns > rest.right().saturating_sub(1) {
            break;
        }
        x += c.pieces(x, rest.y, columns, &pieces) + 2;
    }
}

/// A figure and how it looks: what costs money stands out.
fn value(c: &Canvas, word: &str, counter: &Counter) -> Piece<'static> {
    let costs = matches!(word, "failed" | "disputes due") && counter.figure.is_some_and(|figure| figure > 0);
    c.piece(counter.shown(counter.figure), if costs { Role::Warn } else { Role::Text })
}

/// The figure of this name: of the currency that most customers pay in.
fn of<'r>(rows: &'r [FigureRow], name: &str, window: Option<usize>) -> Option<&'r Counter> {
    // Rows of a figure come with that currency first.
    let row = rows.iter().find(|row| row.one.name == name)?;
    window.map_or(row.now, |window| row.windows[window])
}
