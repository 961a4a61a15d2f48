//! The figures: what holds now, what happened in each window, and how that is against the period before.

use ratatui::layout::Rect;

use super::{nothing, trend};
use crate::app::board::Pane;
use crate::app::state::State;
use crate::app::view_state::figures::{FigureRow, change};
use crate::app::view_state::rows::all_figures;
use crate::domain::counter::Counter;
use crate::ui::canvas::{Canvas, Piece};
use crate::ui::format::fit;
use crate::ui::theme::Role;
use crate::ui::widgets::list::List;
use crate::ui::widgets::table::Column;

/// Columns; the title gets what is left.
const COLUMNS: &[Column] = &[
    Column::text("figure", 0, 0),
    Column::figure("now/today", 13, 1),
    Column::figure("7 d", 12, 3),
    Column::figure("30 d", 13, 2),
    Column::figure("before", 8, 4),
];

/// Draws the list.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, focused: bool) {
    let rows = all_figures(state);
    if focused {
        c.regions.viewport.list_rows = usize::from(area.height.saturating_sub(1));
    }
    if rows.is_empty() {
        let word = match state.business.filter.as_str() {
            "" => "no figures yet".to_owned(),
            filter => format!("no figure holds `{filter}`; Esc shows all"),
        };
        return nothing(c, area, &[&word]);
    }
    let ids: Vec<String> = rows.iter().map(FigureRow::id).collect();
    let list = List { board: &state.business, pane: Pane::Figures, focused, columns: COLUMNS, marked: None };
    list.draw(c, area, rows.len(), &ids, |c, n, widths| cells(state, c, &rows[n], widths));
}

fn cells(state: &State, c: &Canvas, row: &FigureRow, widths: &[u16]) -> Vec<Vec<Piece<'static>>> {
    let title = fit(row.one.title, usize::from(widths[0]));
    let shown = |counter: Option<&Counter>| {
        let Some(counter) = counter else { return Vec::new() };
        vec![c.piece(counter.shown(counter.figure), if counter.figure.is_none() { Role::Dim } else { Role::Text })]
    };
    // A state has no windows: in their places it says how it went in that time.
    let (week, month) = match row.now {
        Some(state_now) => {
            let bars = |columns, days| vec![c.piece(trend(state_now, state.now, columns, days), Role::Dim)];
            (bars(7, 1), bars(10, 3))
        }
        None => (shown(row.windows[1]), shown(row.windows[2])),
    };
    // Of a figure of windows, the change of its longest one; it is what says most.
    let against = row.now.or(row.windows.iter().rev().flatten().copied().next());
    let changed = against.and_then(change).map_or(String::new(), percent);
    vec![
        vec![c.piece(title, Role::Text)],
        shown(row.now.or(row.windows[0])),
        week,
        month,
        vec![c.piece(changed, Role::Dim)],
    ]
}

/// A change as it is written: `+2.1 %`, and in whole percents where it is large.
pub fn percent(change: f64) -> String {
    match change {
        change if change.abs() < 9.95 => format!("{change:+.1} %"),
        change if change.abs() < 9_999.0 => format!("{change:+.0} %"),
        _ => "more".to_owned(),
    }
}
