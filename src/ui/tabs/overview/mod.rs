//! The Overview: what is wrong, how widespread, since when, what changed.

mod alerts;
mod changes;
mod errors;
mod money;
mod services;
mod verdict;

use ratatui::layout::Rect;

use super::host_table::{self, Table};
use super::{NARROW, nothing, share};
use crate::app::state::{HostView, OverviewPane, State};
use crate::ui::canvas::{Canvas, below, row, split, top};
use crate::ui::figures::with_cursor;
use crate::ui::format::thousands;
use crate::ui::glyph;

/// Terminals of this height have room for a blank line.
const TALL: u16 = 28;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    verdict::draw(state, c, row(area, 0));
    let area = below(area, if area.height >= TALL { 2 } else { 1 });
    let hosts = state.hosts.len().max(2) as u16 + 2;
    let services = state.services.len().max(1) as u16 + 1;
    let errors = errors::wanted(state) + 1;
    let changes = changes::wanted(state);
    let alerts = alerts::wanted(state);
    if area.width < NARROW {
        let money = money::wanted(state, false);
        // What fires and the hosts come first; the money is one line.
        let wants = [(2, alerts), (6, hosts), (2, money), (4, services), (3, errors), (0, changes)];
        let [f, a, m, b, d, e] = stack(area, &share(area.height, &wants));
        alerts::draw(state, c, f);
        hosts_pane(state, c, a);
        money::draw(state, c, m);
        services::draw(state, c, b);
        errors::draw(state, c, d);
        changes::draw(state, c, e);
    } else {
        let money = money::wanted(state, true);
        let wants = [(2, alerts.max(money)), (6, hosts), (5, services.max(errors)), (0, changes)];
        let [f, a, b, d] = stack(area, &share(area.height, &wants));
        match (alerts, money) {
            (_, 0) => alerts::draw(state, c, f),
            (0, _) => money::draw(state, c, f),
            _ => {
                let (left, right) = split(f, f.width * 3 / 5);
                alerts::draw(state, c, left);
                money::draw(state, c, right);
            }
        }
        hosts_pane(state, c, a);
        let (left, right) = split(b, b.width / 2);
        services::draw(state, c, left);
        errors::draw(state, c, right);
        changes::draw(state, c, d);
    }
}

/// Areas one above the other, a blank row between them where there is room; without rows where none were given.
fn stack<const N: usize>(area: Rect, rows: &[u16]) -> [Rect; N] {
    let spare = area.height.saturating_sub(rows.iter().sum());
    let gap = u16::from(usize::from(spare) >= rows.iter().filter(|rows| **rows > 0).count());
    let mut y = area.y;
    let mut next = |rows: Option<&u16>| {
        let height = rows.copied().unwrap_or(0).min(area.bottom().saturating_sub(y));
        let at = Rect { y, height, ..area };
        y += height + if height > 0 { gap } else { 0 };
        at
    };
    std::array::from_fn(|i| next(rows.get(i)))
}

fn hosts_pane(state: &State, c: &mut Canvas, area: Rect) {
    let focused = state.overview.pane == OverviewPane::Hosts;
    let rows: Vec<&HostView> = state.hosts.iter().collect();
    let fits = usize::from(area.height.saturating_sub(2));
    let mut figures = host_table::tally(state);
    if rows.len() > fits {
        figures = format!("{figures} {} {} of {}", glyph::DOT, fits, thousands(rows.len() as u64));
    }
    c.titled(row(area, 0), "Hosts", &with_cursor(state, c.look, figures), focused);
    let rest = below(area, 1);
    if rows.is_empty() {
        return nothing(
            c,
            rest,
            &["no hosts yet", "`qd init` writes a config from ~/.ssh/config; `qd demo` shows a fleet"],
        );
    }
    let selected = state.overview.selected.as_ref().filter(|_| focused);
    let table = Table { rows: &rows, selected, scroll: state.overview.scroll, sort: None };
    let fits = host_table::draw(state, c, top(rest, rest.height), &table);
    if focused {
        c.regions.viewport.list_rows = fits;
    }
}
