//! The Business tab: figures of the money with the period before, and the rows behind them.

mod figures;
mod page;
mod rows;
mod trend;

pub use figures::percent;
use ratatui::layout::Rect;
pub use trend::trend;

use super::{nothing, share, warning};
use crate::app::board::Pane;
use crate::app::state::{State, Tab};
use crate::app::view_state::rows::all_figures;
use crate::domain::business::Ledger;
use crate::ui::canvas::{Canvas, Piece, below, row, split, top};
use crate::ui::figures::since;
use crate::ui::format::{age, thousands};
use crate::ui::theme::Role;

/// From so many columns on figures and rows stand side by side; before that each needs all of them.
const BESIDE: u16 = 150;
/// Lines of missing figures that are shown.
const ERRORS: usize = 2;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if let Some(open) = &state.business.open
        && page::draw(state, c, area, open)
    {
        return;
    }
    if state.settings.hosted.stripe.is_empty() {
        c.titled(row(area, 0), "Business", "", true);
        let lines = [
            "no figures: the config names no [stripe]",
            "[stripe] key = { env = \"NAME\" }, of a key that may only read, brings them",
        ];
        return nothing(c, below(area, 1), &lines);
    }
    let focused = state.business.pane(Tab::Business).unwrap_or(Pane::Figures);
    // The lists share a place: the one that was looked at last is there.
    let listed = state.business.shown.filter(|pane| *pane != Pane::Figures).unwrap_or(Pane::Failures);
    if area.width < BESIDE {
        let wanted = all_figures(state).len().max(1) as u16 + 2 + 2 * errors(state).len() as u16;
        let given = share(area.height, &[(wanted.min(area.height / 2), wanted), (6, area.height)]);
        // The one that has the keys gets the rows that it can use.
        let upper = match focused {
            Pane::Figures => area.height.saturating_sub(7).min(wanted),
            _ => given[0].min(area.height / 2),
        };
        figures_pane(state, c, top(area, upper), focused == Pane::Figures);
        rows::draw(state, c, below(area, upper), listed, focused == listed);
    } else {
        let (left, right) = split(area, area.width * 17 / 30);
        figures_pane(state, c, left, focused == Pane::Figures);
        rows::draw(state, c, right, listed, focused == listed);
    }
}

fn figures_pane(state: &State, c: &mut Canvas, area: Rect, focused: bool) {
    if area.height == 0 {
        return;
    }
    let title = match state.business.filter.as_str() {
        "" => "Business".to_owned(),
        filter => format!("Business  {filter}"),
    };
    let mut pieces = vec![c.piece(title, Role::Title)];
    if is_test(state) {
        pieces.push(c.piece(" ", Role::Rule));
        pieces.push(c.piece(" TEST ", Role::Badge));
    }
    let said = [c.piece(heard(state), Role::Dim)];
    let figures: &[Piece] = if said[0].0.is_empty() { &[] } else { &said };
    c.rule(row(area, 0), &pieces, figures, focused);
    c.target(row(area, 0), crate::app::viewport::Target::Pane(Pane::Figures));
    let mut rest = below(area, 1);
    for error in errors(state) {
        rest = below(rest, warning(c, rest, &error));
    }
    figures::draw(state, c, rest, focused);
}

/// Whether it is a test account's money.
pub fn is_test(state: &State) -> bool {
    state.hosted.ledgers.iter().flatten().any(|ledger| ledger.counters.livemode == Some(false))
}

/// How old the oldest of it is, or how far the first walk has come.
pub fn heard(state: &State) -> String {
    let known: Vec<&Ledger> = state.hosted.ledgers.iter().flatten().collect();
    if known.is_empty() {
        return "asking Stripe".to_owned();
    }
    if let Some(objects) = known.iter().filter_map(|ledger| ledger.counters.loading).max() {
        return format!("{} objects so far", thousands(objects));
    }
    let oldest = known.iter().filter_map(|ledger| ledger.counters.as_of).min();
    oldest.map_or_else(|| "nothing is known".to_owned(), |at| format!("{} ago", age(since(state.now, at))))
}

/// Why figures are missing or old, a line for each reason.
fn errors(state: &State) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for error in state.hosted.ledgers.iter().flatten().flat_map(|ledger| &ledger.counters.errors) {
        // What is merely still on its way is said by the rule.
        let walking = state.hosted.ledgers.iter().flatten().any(|ledger| ledger.counters.loading.is_some());
        if walking && error.message.starts_with("not all of it") {
            continue;
        }
        match reasons.iter_mut().find(|(message, _)| *message == error.message) {
            Some((_, parts)) => parts.push(&error.what),
            None => reasons.push((error.message.clone(), vec![&error.what])),
        }
    }
    reasons.into_iter().take(ERRORS).map(|(message, parts)| format!("{}: {message}", parts.join(", "))).collect()
}
