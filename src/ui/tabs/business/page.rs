//! The page of a figure, with its definition, or of a row of money.

use ratatui::layout::Rect;

use super::figures::percent;
use super::rows::facts;
use super::trend;
use crate::app::board::Pane;
use crate::app::state::{State, Tab};
use crate::app::view_state::figures::{FigureRow, change};
use crate::app::view_state::rows::{MoneyRow, all_figures, money};
use crate::domain::counter::Counter;
use crate::ui::canvas::Canvas;
use crate::ui::theme::Role;
use crate::ui::times::Zone;
use crate::ui::widgets::page::{self, Line};

/// Draws the page of a row; false when there is no such row any more.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, id: &str) -> bool {
    let scroll = state.business.page_scroll;
    let pane = state.business.pane(Tab::Business).unwrap_or(Pane::Figures);
    if pane == Pane::Figures {
        let all = all_figures(state);
        let Some(row) = all.iter().find(|row| row.id() == id) else { return false };
        page::draw(c, area, row.one.title, &row.one.source, &of_figure(state, c, row), scroll);
        return true;
    }
    let all = money(state, pane);
    let Some(row) = all.iter().find(|row| row.id() == id) else { return false };
    page::draw(c, area, pane.title(), row.id(), &of_money(state, c, row), scroll);
    true
}

fn of_figure<'t>(state: &State, c: &Canvas, row: &FigureRow) -> Vec<Line<'t>> {
    let mut lines = Vec::new();
    let figure = |name, counter: &Counter| {
        let mut text = counter.shown(counter.figure);
        if counter.previous.is_some() {
            text.push_str(&format!("   before {}", counter.shown(counter.previous)));
        }
        if let Some(change) = change(counter) {
            text.push_str(&format!("   {}", percent(change)));
        }
        Line::Pair(name, vec![c.piece(text, Role::Text)])
    };
    if let Some(counter) = row.now {
        lines.push(Line::Pair("now", vec![c.piece(counter.shown(counter.figure), Role::Text)]));
        lines.extend(before(state, c, counter));
    }
    for (name, counter) in ["today", "7 days", "30 days"].into_iter().zip(row.windows) {
        lines.extend(counter.map(|counter| figure(name, counter)));
    }
    lines.extend([Line::Blank, Line::Title("What it says".to_owned()), Line::Text(row.one.definition.to_owned())]);
    lines
}

/// What a state was a period ago, or as long ago as anything is known of it, and how it went.
fn before<'t>(state: &State, c: &Canvas, counter: &Counter) -> Vec<Line<'t>> {
    let kept = counter.past.previous_at.zip(counter.previous);
    let Some((at, figure)) = kept.or(counter.past.trend.first().copied()) else {
        return vec![Line::Pair("before", vec![c.piece("nothing is kept of it yet", Role::Dim)])];
    };
    let zone = Zone::of(state, c.look);
    let mut text = counter.shown(Some(figure));
    let against = Counter { previous: Some(figure), ..counter.clone() };
    text.extend(change(&against).map(|change| format!("   {}", percent(change))));
    text.push_str(&format!("   since {}", zone.full(at)));
    let bars = trend(counter, state.now, 30, 1);
    let (low, high) =
        counter.past.trend.iter().fold((figure, figure), |(low, high), (_, one)| (low.min(*one), high.max(*one)));
    let range = format!("   {} to {}", counter.shown(Some(low)), counter.shown(Some(high)));
    vec![
        Line::Pair("before", vec![c.piece(text, Role::Text)]),
        Line::Pair("30 days", vec![c.piece(bars, Role::Text), c.piece(range, Role::Dim)]),
    ]
}

fn of_money<'t>(state: &State, c: &Canvas, row: &MoneyRow) -> Vec<Line<'t>> {
    let zone = Zone::of(state, c.look);
    let (time, money, word, role) = facts(row, state.now);
    let mut lines = vec![
        Line::Pair("amount", vec![c.piece(money.to_string(), Role::Strong)]),
        Line::Pair("state", vec![c.piece(word, role)]),
        Line::Pair("time", vec![c.piece(zone.full(time), Role::Text)]),
    ];
    let mut known = |name, value: Option<String>| {
        lines.extend(
            value.filter(|value| !value.is_empty()).map(|value| Line::Pair(name, vec![c.piece(value, Role::Text)])),
        );
    };
    known("customer", row.customer().map(str::to_owned));
    known(if matches!(row, MoneyRow::Payment(_)) { "for" } else { "why" }, Some(row.words().to_owned()));
    match row {
        MoneyRow::Payment(one) if one.refunded > 0 => {
            let back = crate::domain::money::Money { minor: one.refunded, currency: one.money.currency };
            known("refunded", Some(back.to_string()));
        }
        MoneyRow::Failure(one) => {
            known("attempts", Some(one.attempts.to_string()));
            known("blocked", one.blocked.then(|| "before any bank was asked".to_owned()));
        }
        MoneyRow::Dispute(one) => {
            known("stands", Some(one.state.clone()));
            known("answer due", one.due.map(|at| zone.full(at)));
        }
        MoneyRow::Payout(one) => known("arrives", one.arrives.map(|at| zone.full(at))),
        MoneyRow::Payment(_) | MoneyRow::Refund(_) => {}
    }
    known("id", Some(row.id().to_owned()));
    known("address", row.url().map(str::to_owned));
    lines
}
