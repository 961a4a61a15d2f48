//! Services over all their hosts: health, unit state, version mix.

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::nothing;
use crate::app::state::{OverviewPane, ServiceView, State};
use crate::app::viewport::Target;
use crate::domain::age::{Freshness, freshness};
use crate::domain::host::HostName;
use crate::domain::service::{Health, ServiceOnHost};
use crate::domain::traffic::TrafficPart;
use crate::ui::canvas::{Canvas, Piece, below, row, width};
use crate::ui::figures::{self, since};
use crate::ui::format::{duration, figure as decimal, fit, plural, rate, took};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// Draws the pane.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if area.height == 0 {
        return;
    }
    let focused = state.overview.pane == OverviewPane::Services;
    let unwell = state.services.iter().filter(|view| !view.unwell.is_empty()).count();
    let figures = match (state.services.len(), unwell) {
        (0, _) => String::new(),
        (n, 0) => plural(n, "service"),
        (n, unwell) => format!("{unwell} of {} failing", plural(n, "service")),
    };
    c.titled(row(area, 0), "Services", &figures, focused);
    let rest = below(area, 1);
    if state.services.is_empty() {
        return nothing(c, rest, &["no services: a [[service]] in the config names unit, health and logs"]);
    }
    let fits = usize::from(rest.height);
    if focused {
        c.regions.viewport.list_rows = fits;
    }
    let scroll = state.overview.service_scroll.min(state.services.len().saturating_sub(fits));
    let name = state.services.iter().map(|view| view.service.name.width()).max().unwrap_or(0).clamp(6, 16) as u16;
    let several = state.services.windows(2).any(|pair| pair[0].service.environment != pair[1].service.environment);
    for (n, view) in state.services.iter().skip(scroll).take(fits).enumerate() {
        let line = row(rest, n as u16);
        one(state, c, line, view, name, several);
        c.chosen(line, focused && state.overview.service.as_ref() == Some(&view.id()));
        c.target(line, Target::Service(view.service.name.clone(), view.service.environment.clone()));
    }
}

fn one(state: &State, c: &mut Canvas, line: Rect, view: &ServiceView, name: u16, several: bool) {
    let end = line.right().saturating_sub(1);
    let mut x = line.x + 1;
    c.put_as(x, line.y, name, &fit(&view.service.name, usize::from(name)), Role::Text);
    x += name + 1;
    if several {
        c.put_as(x, line.y, 4, &view.service.environment, Role::Dim);
        x += 5;
    }
    let (health, role) = health(state, view);
    c.put_as(x, line.y, end.saturating_sub(x), &health, role);
    x += 14;
    let (units, versions, requests) = (units(state, c, view), versions(state, c, view), requests(state, c, view));
    for pieces in [units, versions, requests, restarted(state, c, view), detail(state, c, view)] {
        if x >= end {
            break;
        }
        let used = c.pieces(x, line.y, end - x, &pieces);
        if width(&pieces) > end - x {
            c.put_as(end - 1, line.y, 1, glyph::MORE, Role::Dim);
        }
        x += used + if used > 0 { 2 } else { 0 };
    }
}

/// What is known of it on the hosts that are heard: what the others said last is not known any more.
fn heard<'s>(state: &'s State, view: &'s ServiceView) -> impl Iterator<Item = (&'s HostName, &'s ServiceOnHost)> {
    view.on.iter().filter(|(host, _)| state.is_up(host))
}

/// Shape and words of its health over all hosts.
fn health(state: &State, view: &ServiceView) -> (String, Role) {
    let of = view.service.hosts.len();
    let count = |wanted: Health| heard(state, view).filter(|(_, on)| on.health == wanted).count();
    let (ok, failing) = (count(Health::Ok), count(Health::Failing));
    match (failing, ok) {
        _ if of > 0 && !view.service.hosts.iter().any(|host| state.is_up(host)) => {
            (format!("{} not heard", glyph::HOLLOW), Role::Dim)
        }
        (0, 0) if view.service.health.is_none() => (format!("{} not asked", glyph::HOLLOW), Role::Dim),
        (0, 0) => (format!("{} unknown", glyph::HOLLOW), Role::Dim),
        (0, ok) if ok < of => (format!("{} {ok}/{of} known", glyph::HOLLOW), Role::Dim),
        (0, ok) => (format!("{} {ok}/{of} ok", glyph::GOOD), Role::Ok),
        (failing, _) => (format!("{} {failing}/{of} failing", glyph::BAD), Role::Bad),
    }
}

/// States of its units, where not all are active.
fn units<'a>(state: &'a State, c: &Canvas, view: &'a ServiceView) -> Vec<Piece<'a>> {
    let mut odd: BTreeMap<&str, usize> = BTreeMap::new();
    let states = heard(state, view).filter_map(|(_, on)| on.unit_state.as_deref());
    for state in states.filter(|state| *state != "active") {
        *odd.entry(state).or_default() += 1;
    }
    let mut pieces = Vec::new();
    for (state, n) in odd {
        let role = if state == "failed" { Role::Bad } else { Role::Warn };
        pieces.push(c.piece(format!("{}{n} unit {state}", if pieces.is_empty() { "" } else { " " }), role));
    }
    pieces
}

/// Its requests, as its logs on its hosts tell of them: `12/s 0.3% 180ms`, the last the 95th percentile.
fn requests<'a>(state: &State, c: &Canvas, view: &'a ServiceView) -> Vec<Piece<'a>> {
    let service = &view.service;
    let ours = |part: &TrafficPart| {
        part.service.as_deref() == Some(service.name.as_str()) && service.hosts.contains(&part.host)
    };
    let Some(all) = state.logs.window.traffic.of(ours) else { return Vec::new() };
    let role = figures::by_limits(all.error_pct, figures::FAILED, Role::Dim);
    let mut pieces = vec![
        c.piece(format!("{}/s ", rate(all.per_second)), Role::Text),
        c.piece(format!("{}% 5xx", decimal(all.error_pct)), role),
    ];
    pieces.extend(all.p95.map(|p95| c.piece(format!(" p95 {}", took(p95)), Role::Text)));
    pieces
}

/// Which versions run, the most common first; more than one is worth a look. Old reports are dim.
fn versions<'a>(state: &State, c: &Canvas, view: &'a ServiceView) -> Vec<Piece<'a>> {
    let mut mix: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    // Versions are asked with the health, every 15 s where the config does not say otherwise.
    let every = view
        .service
        .health
        .as_ref()
        .map_or(Duration::from_secs(15), |health| health.every)
        .max(state.settings.stats.slow);
    for (host, on) in &view.on {
        let Some(version) = on.version.as_deref() else { continue };
        let old = !state.is_up(host) || on.heard.is_none_or(|at| freshness(at, every, state.now) != Freshness::Fresh);
        let entry = mix.entry(version).or_insert((0, true));
        *entry = (entry.0 + 1, entry.1 && old);
    }
    if mix.is_empty() {
        let dash = if view.service.version.is_some() { glyph::UNKNOWN } else { "" };
        return vec![c.piece(dash, Role::Dim)];
    }
    let several = mix.len() > 1;
    let mut mix: Vec<(&str, (usize, bool))> = mix.into_iter().collect();
    mix.sort_by_key(|(_, (n, _))| std::cmp::Reverse(*n));
    let mut pieces = Vec::new();
    for (version, (n, old)) in mix {
        let role = if old {
            Role::Dim
        } else if several {
            Role::Warn
        } else {
            Role::Text
        };
        let gap = if pieces.is_empty() { "" } else { "  " };
        let doubt = if old { "?" } else { "" };
        pieces.push(c.piece(format!("{gap}{}{doubt}", fit(version, 16)), role));
        if several {
            pieces.push(c.piece(format!(" {}{n}", glyph::TIMES), Role::Dim));
        }
    }
    pieces
}

/// How long ago the youngest of its processes started, and how often systemd had to.
fn restarted<'a>(state: &State, c: &Canvas, view: &'a ServiceView) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    if let Some(started) = view.on.values().filter_map(|on| on.since).max() {
        pieces.push(c.piece(format!("up {}", duration(since(state.now, started))), Role::Dim));
    }
    let restarts: u64 = view.on.values().filter_map(|on| on.restarts).sum();
    if restarts > 0 {
        pieces.push(c.piece(format!(" {restarts} restarts"), Role::Warn));
    }
    pieces
}

/// Why it is failing, on the first host where it is.
fn detail<'a>(state: &'a State, c: &Canvas, view: &'a ServiceView) -> Vec<Piece<'a>> {
    let failing = heard(state, view).find(|(_, on)| on.health == Health::Failing);
    let Some((host, on)) = failing else { return Vec::new() };
    let why = on.health_detail.as_deref().unwrap_or("no answer");
    vec![(host.as_str().into(), c.look.theme().host(host.as_str())), c.piece(format!(": {why}"), Role::Dim)]
}
