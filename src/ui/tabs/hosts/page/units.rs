//! Services of the host and its failed units.

use ratatui::layout::Rect;

use crate::app::state::{HostView, ServiceView, State};
use crate::domain::age::Freshness;
use crate::domain::sample::Unit;
use crate::domain::service::{Health, ServiceOnHost};
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::{self, since};
use crate::ui::format::{bytes, duration, fit};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Column, cell, place, titles};

/// Most rows shown.
const MOST: usize = 16;

#[rustfmt::skip]
const COLUMNS: [Column; 8] = [
    Column::text("unit", 18, 0),
    Column::text("state", 12, 1),
    Column::text("health", 9, 2),
    Column::text("version", 9, 3),
    Column::figure("up", 4, 4),
    Column::figure("restarts", 8, 5),
    Column::figure("mem", 5, 6),
    Column::text("result", 12, 7),
];

/// One row: a unit, the service it belongs to, or both.
struct Line<'s> {
    name: &'s str,
    unit: Option<&'s Unit>,
    service: Option<(&'s ServiceView, Option<&'s ServiceOnHost>)>,
    failed: bool,
}

/// Services that run here, then other units that failed.
fn lines<'s>(state: &'s State, view: &'s HostView) -> Vec<Line<'s>> {
    let slow = view.sample.as_ref().and_then(|sample| sample.slow.as_ref());
    let units = slow.map(|slow| slow.units.as_slice()).unwrap_or_default();
    let mut lines: Vec<Line> = Vec::new();
    for service in state.services.iter().filter(|service| service.service.hosts.contains(&view.host.name)) {
        let name =
            service.service.unit.as_deref().or(service.service.container.as_deref()).unwrap_or(&service.service.name);
        let unit = units.iter().find(|unit| unit.name == name);
        lines.push(Line { name, unit, service: Some((service, service.on.get(&view.host.name))), failed: false });
    }
    for unit in slow.and_then(|slow| slow.failed_units.as_deref()).unwrap_or_default() {
        match lines.iter_mut().find(|line| line.name == unit) {
            Some(line) => line.failed = true,
            None => lines.push(Line { name: unit, unit: None, service: None, failed: true }),
        }
    }
    lines
}

/// Rows of the pane.
pub fn rows(state: &State, view: &HostView, _: u16) -> u16 {
    2 + lines(state, view).len().clamp(1, MOST) as u16
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let lines = lines(state, view);
    let failed = lines.iter().filter(|line| line.failed).count();
    let systemd = figures::slow_of(state, view).map(|(slow, _)| slow.failed_units.is_some());
    let stale = figures::slow_of(state, view).is_some_and(|(_, fresh)| fresh == Freshness::Stale);
    let doubt = if stale { "?" } else { "" };
    let figures_right = match (systemd, failed) {
        (None, _) => String::new(),
        (Some(false), _) => "no systemd".to_owned(),
        (_, 0) => format!("none failed{doubt}"),
        (_, n) => format!("{n} failed{doubt}"),
    };
    c.titled(row(area, 0), "units", &figures_right, false);
    let rest = below(area, 1);
    if lines.is_empty() {
        c.put_as(rest.x + 1, rest.y, rest.width, "no service of the config runs here, and no unit failed", Role::Dim);
        return;
    }
    let places = place(&COLUMNS, area.width.saturating_sub(2));
    titles(c, &COLUMNS, &places, rest.x + 1, rest.y);
    for (n, line) in lines.iter().take(MOST).enumerate() {
        one(state, c, row(rest, 1 + n as u16), view, line, &places);
    }
}

fn one(state: &State, c: &mut Canvas, at: Rect, view: &HostView, line: &Line, places: &[Option<u16>]) {
    if at.height == 0 {
        return;
    }
    let fresh = figures::slow_of(state, view).map_or(Freshness::Stale, |(_, fresh)| fresh);
    let on = line.service.and_then(|(_, on)| on);
    let said = line.unit.map(|unit| unit.active.as_str()).or(on.and_then(|on| on.unit_state.as_deref()));
    let active = if line.failed { Some("failed") } else { said };
    let sub = line.unit.map(|unit| unit.sub.as_str()).or(on.and_then(|on| on.sub_state.as_deref())).unwrap_or("");
    let (shape, role) = match active {
        Some(_) if fresh == Freshness::Stale => (glyph::STALE, Role::Dim),
        Some("active") => (glyph::GOOD, Role::Ok),
        Some("failed") => (glyph::BAD, Role::Bad),
        Some(_) => (glyph::STALE, Role::Warn),
        None => (glyph::HOLLOW, Role::Dim),
    };
    // A crash loop is `active` at most looks, but its sub state tells.
    let word = if sub == "auto-restart" { "restarting" } else { active.unwrap_or(glyph::UNKNOWN) };
    let (health, health_role) = match (line.service, on.map(|on| on.health)) {
        _ if !state.is_up(&view.host.name) => (glyph::UNKNOWN, Role::Dim),
        (Some(_), Some(Health::Ok)) => ("ok", Role::Ok),
        (Some(_), Some(Health::Failing)) => ("failing", Role::Bad),
        _ => (glyph::UNKNOWN, Role::Dim),
    };
    let started = line.unit.and_then(|unit| unit.since).or(on.and_then(|on| on.since));
    let restarts = line.unit.and_then(|unit| unit.restarts).or(on.and_then(|on| on.restarts));
    let memory = line.unit.and_then(|unit| unit.memory);
    let result = line.unit.map(|unit| unit.result.as_str()).filter(|result| *result != "success").unwrap_or("");
    let fig = |text: Option<String>, role| figures::figure(c.look, text, fresh, role);
    let version = on.and_then(|on| on.version.as_deref()).map(|version| fit(version, 9));
    let cells = [
        c.piece(fit(line.name.trim_end_matches(".service"), 18), Role::Text),
        c.piece(format!("{shape} {word}"), role),
        c.piece(health, health_role),
        fig(version, Role::Text),
        fig(started.map(|at| duration(since(state.now, at))), Role::Text),
        fig(restarts.map(|n| n.to_string()), if restarts.unwrap_or(0) > 0 { Role::Warn } else { Role::Dim }),
        fig(memory.map(|n| bytes(n as f64)), Role::Text),
        c.piece(result, Role::Bad),
    ];
    for ((column, place), piece) in COLUMNS.iter().zip(places).zip(cells) {
        if let Some(place) = place {
            cell(c, *column, at.x + 1 + place, at.y, &[piece]);
        }
    }
}
