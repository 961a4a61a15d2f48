//! Memory: use over time, swap, pressure, kills.

use ratatui::layout::Rect;

use super::old;
use crate::app::state::{HostView, State};
use crate::app::view_state::cursor::cursor;
use crate::domain::age::Freshness;
use crate::ui::canvas::{Canvas, below, row, top};
use crate::ui::figures::{self, figure};
use crate::ui::format::{bytes, percent, rate};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::graph;

/// Rows of the pane.
pub fn rows(_: &State, _: &HostView, graph: u16) -> u16 {
    graph + 2
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let fresh = figures::fast(state, view);
    let sample = view.sample.as_ref();
    let mem = sample.and_then(|s| s.mem);
    let pct = mem.map(|mem| mem.pct());
    let role = figures::by_limits(pct.unwrap_or(0.0), figures::MEMORY, Role::Text);
    let of = mem.map(|mem| format!(" % of {}", bytes(mem.total as f64))).unwrap_or_else(|| " %".to_owned());
    let mut figures_right = vec![figure(c.look, pct.map(|p| percent(Some(p))), fresh, role), c.piece(of, Role::Dim)];
    let psi = sample.map(|s| s.psi).unwrap_or_default();
    let shown = |value: Option<f64>| value.map(|p| percent(Some(p)));
    let pressure = |value: Option<f64>| figures::by_limits(value.unwrap_or(0.0), figures::PRESSURE, Role::Dim);
    figures_right.push(c.piece(format!(" {} psi ", glyph::DOT), Role::Dim));
    figures_right.push(figure(c.look, shown(psi.mem_some), fresh, pressure(psi.mem_some)));
    figures_right.push(c.piece(" full ", Role::Dim));
    figures_right.push(figure(c.look, shown(psi.mem_full), fresh, pressure(psi.mem_full)));
    figures_right.extend(old(state, c, view));
    c.rule(row(area, 0), &[c.piece("memory", Role::Title)], &figures_right, false);
    let rest = below(area, 1);
    let plot = top(rest, rest.height.saturating_sub(1));
    let line = if fresh == Freshness::Stale { Role::Dim } else { Role::Graph };
    let plot = Rect { x: plot.x + 1, width: plot.width.saturating_sub(2), ..plot };
    graph::draw(c, plot, &view.mem, 100.0, line, cursor(state));
    let foot = row(rest, rest.height.saturating_sub(1));
    let mut pieces = vec![c.piece("cache ", Role::Dim)];
    pieces.push(figure(c.look, mem.map(|mem| bytes(mem.cached as f64)), fresh, Role::Text));
    pieces.push(c.piece("  swap ", Role::Dim));
    let swap = sample.and_then(|s| s.swap);
    let used = swap.map(|swap| {
        if swap.total == 0 {
            "none".to_owned()
        } else {
            format!("{} of {}", bytes(swap.used as f64), bytes(swap.total as f64))
        }
    });
    pieces.push(figure(c.look, used, fresh, Role::Text));
    if let Some(pages) = swap.and_then(|swap| swap.pages_s).filter(|pages| *pages > 0.0) {
        pieces.push(c.piece(format!(" {} pages/s", rate(pages)), Role::Warn));
    }
    pieces.push(c.piece("  oom kills ", Role::Dim));
    let kills = sample.and_then(|s| s.oom_kills);
    pieces.push(figure(
        c.look,
        kills.map(|n| n.to_string()),
        fresh,
        if kills.unwrap_or(0) > 0 { Role::Bad } else { Role::Text },
    ));
    c.pieces(foot.x + 1, foot.y, foot.width.saturating_sub(1), &pieces);
}
