//! The rows behind the figures: failures, disputes, payments, refunds and payouts, which share a place.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::nothing;
use crate::app::board::Pane;
use crate::app::state::{State, Tab};
use crate::app::view_state::rows::{MoneyRow, money, money_count};
use crate::app::viewport::Target;
use crate::domain::business::PaymentState;
use crate::domain::money::Money;
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::figures::since;
use crate::ui::format::{duration, fit, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::list::List;
use crate::ui::widgets::table::Column;

/// Columns; the words get what is left.
const COLUMNS: &[Column] = &[
    Column::figure("age", 4, 0),
    Column::figure("amount", 14, 1),
    Column::text("", 15, 2),
    Column::text("what", 0, 3),
    Column::text("customer", 18, 4),
];

/// Draws the titles of all of them, and the list of one.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, pane: Pane, focused: bool) {
    if area.height == 0 {
        return;
    }
    c.rule(row(area, 0), &[], &[], focused);
    let mut x = area.x + 2;
    for other in Pane::of(Tab::Business).iter().filter(|other| **other != Pane::Figures) {
        let count = money_count(state, *other);
        let label = match count {
            0 => format!(" {} ", other.title()),
            count => format!(" {} {} ", other.title(), thousands(count as u64)),
        };
        let columns = label.chars().count() as u16;
        if x + columns > area.right() {
            break;
        }
        c.clear(Rect { x, width: columns, ..row(area, 0) });
        c.put_as(x, area.y, columns, &label, if *other == pane { Role::Title } else { Role::Dim });
        c.target(Rect { x, width: columns, ..row(area, 0) }, Target::Pane(*other));
        x += columns + 1;
    }
    let rest = below(area, 1);
    let rows = money(state, pane);
    if focused {
        c.regions.viewport.list_rows = usize::from(rest.height.saturating_sub(1));
    }
    if rows.is_empty() {
        let known = state.hosted.ledgers.iter().flatten().any(|ledger| ledger.counters.as_of.is_some());
        let word = match state.business.filter.as_str() {
            "" if known => format!("no {}", pane.title().to_lowercase()),
            "" => "nothing is known yet".to_owned(),
            filter => format!("none holds `{filter}`; Esc shows all"),
        };
        return nothing(c, rest, &[&word]);
    }
    let ids: Vec<String> = rows.iter().map(|row| row.id().to_owned()).collect();
    let list = List { board: &state.business, pane, focused, columns: COLUMNS, marked: None };
    list.draw(c, rest, rows.len(), &ids, |c, n, widths| cells(state, c, &rows[n], widths));
}

/// When it was, how much, and the word for how it stands with its meaning.
pub fn facts(row: &MoneyRow, now: DateTime<Utc>) -> (DateTime<Utc>, Money, String, Role) {
    match row {
        MoneyRow::Payment(one) => {
            let (word, role) = match one.state {
                PaymentState::Succeeded if one.refunded > 0 => ("refunded", Role::Dim),
                PaymentState::Succeeded => ("paid", Role::Ok),
                PaymentState::Held => ("held", Role::Busy),
                PaymentState::Pending => ("pending", Role::Busy),
                PaymentState::Failed => ("failed", Role::Bad),
            };
            (one.time, one.money, word.to_owned(), role)
        }
        MoneyRow::Failure(one) => {
            let (word, role) = match (one.recovered, one.blocked) {
                (true, _) => ("recovered", Role::Ok),
                (false, true) => ("blocked", Role::Warn),
                (false, false) => ("lost so far", Role::Bad),
            };
            (one.time, one.money, word.to_owned(), role)
        }
        MoneyRow::Dispute(one) => {
            let (word, role) = match one.due.filter(|_| one.needs_response) {
                Some(due) if due < now => ("overdue".to_owned(), Role::Bad),
                Some(due) => (format!("due in {}", duration(since(due, now))), Role::Bad),
                None if one.open => ("open".to_owned(), Role::Warn),
                None => (one.state.clone(), Role::Dim),
            };
            (one.opened, one.money, word, role)
        }
        MoneyRow::Refund(one) => {
            let role = match one.state.as_str() {
                "succeeded" => Role::Text,
                "failed" => Role::Bad,
                _ => Role::Dim,
            };
            (one.time, one.money, one.state.clone(), role)
        }
        MoneyRow::Payout(one) => {
            let role = match one.state.as_str() {
                "paid" => Role::Ok,
                "failed" => Role::Bad,
                _ => Role::Busy,
            };
            (one.time, one.money, one.state.replace('_', " "), role)
        }
    }
}

fn cells(state: &State, c: &Canvas, row: &MoneyRow, widths: &[u16]) -> Vec<Vec<Piece<'static>>> {
    let (time, money, word, role) = facts(row, state.now);
    let words = match row {
        MoneyRow::Failure(one) if one.attempts > 1 => format!("{} {}{}", one.reason, glyph::TIMES, one.attempts),
        _ => row.words().to_owned(),
    };
    vec![
        vec![c.piece(duration(since(state.now, time)), Role::Dim)],
        vec![c.piece(money.to_string(), Role::Text)],
        vec![c.piece(fit(&word, usize::from(widths[2])), role)],
        vec![c.piece(fit(&words, usize::from(widths[3])), Role::Text)],
        vec![c.piece(fit(row.customer().unwrap_or_default(), usize::from(widths[4])), Role::Dim)],
    ]
}
