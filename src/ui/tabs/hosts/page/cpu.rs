//! Processors: use over time, each core, load.

use ratatui::layout::Rect;

use super::old;
use crate::app::state::{HostView, State};
use crate::app::view_state::cursor::cursor;
use crate::domain::age::Freshness;
use crate::ui::canvas::{Canvas, below, row, top};
use crate::ui::figures::{self, figure};
use crate::ui::format::{figure as decimal, percent};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::{bars, graph};

/// Rows of the pane.
pub fn rows(_: &State, _: &HostView, graph: u16) -> u16 {
    graph + 2
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let fresh = figures::fast(state, view);
    let sample = view.sample.as_ref();
    let cpu = sample.and_then(|s| s.cpu.as_ref());
    let role = cpu.map_or(Role::Dim, |cpu| figures::by_limits(cpu.pct, figures::CPU, Role::Text));
    let mut title = vec![figure(c.look, cpu.map(|cpu| percent(Some(cpu.pct))), fresh, role), c.piece(" %", Role::Dim)];
    for (word, value) in [("iowait", cpu.map(|cpu| cpu.iowait)), ("steal", cpu.map(|cpu| cpu.steal))] {
        title.push(c.piece(format!(" {} {word} {}", glyph::DOT, percent(value)), Role::Dim));
    }
    let psi = sample.and_then(|s| s.psi.cpu_some);
    title.push(c.piece(format!(" {} psi ", glyph::DOT), Role::Dim));
    title.push(figure(
        c.look,
        psi.map(|p| percent(Some(p))),
        fresh,
        figures::by_limits(psi.unwrap_or(0.0), figures::PRESSURE, Role::Dim),
    ));
    title.extend(old(state, c, view));
    c.rule(row(area, 0), &[c.piece("cpu", Role::Title)], &title, false);
    let rest = below(area, 1);
    let plot = top(rest, rest.height.saturating_sub(1));
    let line = if fresh == Freshness::Stale { Role::Dim } else { Role::Graph };
    let plot = Rect { x: plot.x + 1, width: plot.width.saturating_sub(2), ..plot };
    graph::draw(c, plot, &view.cpu, 100.0, line, cursor(state));
    cores(c, row(rest, rest.height.saturating_sub(1)), view, fresh);
}

/// A bar for each core, then the load.
fn cores(c: &mut Canvas, line: Rect, view: &HostView, fresh: Freshness) {
    let sample = view.sample.as_ref();
    let mut x = line.x + 1;
    let end = line.right();
    let load = sample.and_then(|s| s.load).map(|load| load.map(decimal).join(" "));
    let running = sample
        .and_then(|s| s.procs)
        .map(|procs| format!("  run {} blocked {}", procs.running, procs.blocked))
        .unwrap_or_default();
    let pieces = [c.piece("load ", Role::Dim), figure(c.look, load, fresh, Role::Text), c.piece(running, Role::Dim)];
    let load_at = c.pieces_right(x, end.saturating_sub(1), line.y, &pieces);
    let Some(cpu) = sample.and_then(|s| s.cpu.as_ref()).filter(|cpu| !cpu.per_core.is_empty()) else { return };
    x += c.put_as(x, line.y, 6, "cores ", Role::Dim);
    let room = load_at.saturating_sub(x + 1);
    for (n, core) in cpu.per_core.iter().enumerate().take(usize::from(room)) {
        let role =
            if fresh == Freshness::Fresh { figures::by_limits(*core, figures::CPU, Role::Graph) } else { Role::Dim };
        c.put_as(x + n as u16, line.y, 1, bars::bar(*core, 100.0), role);
    }
    if cpu.per_core.len() > usize::from(room) && room > 0 {
        c.put_as(x + room - 1, line.y, 1, glyph::MORE, Role::Dim);
    }
}
