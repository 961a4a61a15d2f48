//! Services by hosts: the version that each host reports, and what the forge says is live.

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::nothing;
use super::runs::{known_standing, standing};
use crate::app::board::Pane;
use crate::app::change::{Change, ChangeKind};
use crate::app::state::{ServiceView, State};
use crate::app::view_state::rows::{live, service_id, services};
use crate::app::viewport::Target;
use crate::domain::age::{Freshness, freshness};
use crate::domain::service::ServiceOnHost;
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::figures::{figure, since};
use crate::ui::format::{duration, fit};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::list::List;
use crate::ui::widgets::page::Line;
use crate::ui::widgets::table::Column;

/// Columns before the hosts.
const BEFORE: &[Column] = &[Column::text("service", 12, 0), Column::text("env", 10, 3)];
/// What was deployed last, and what is odd.
const AFTER: [Column; 2] = [Column::text("live", 9, 2), Column::text("", 0, 1)];
/// The newest tag, where there is room and somebody knows of tags.
const TAG: Column = Column::text("tag", 9, 4);
/// Columns that the words about a mixed fleet are to have.
const MIX: u16 = 48;
/// Columns that a host takes.
const HOST: u16 = 10;

/// Rows that it would like to have, with its rule and titles.
pub fn wanted(state: &State) -> u16 {
    services(state).len().max(1) as u16 + 2
}

/// Draws the matrix; where the hosts do not fit side by side, which version runs where.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, focused: bool) {
    if area.height == 0 {
        return;
    }
    c.titled(row(area, 0), "Versions", "reported by the hosts", focused);
    c.target(row(area, 0), Target::Pane(Pane::Versions));
    let rest = below(area, 1);
    if focused {
        c.regions.viewport.list_rows = usize::from(rest.height.saturating_sub(1));
    }
    let found = services(state);
    if found.is_empty() {
        let word = match state.deploys.filter.as_str() {
            "" => "no services: a [[service]] with version = \"http://…\" says which version runs where".to_owned(),
            filter => format!("no service holds `{filter}`; Esc shows all"),
        };
        return nothing(c, rest, &[&word]);
    }
    let hosts: Vec<&str> = state
        .hosts
        .iter()
        .map(|view| view.host.name.as_str())
        .filter(|name| found.iter().any(|view| view.service.hosts.iter().any(|host| host.as_str() == *name)))
        .collect();
    let room = rest.width.saturating_sub(2 + 12 + 1 + 10 + 1 + 9 + 1 + 16);
    let side_by_side = hosts.len() as u16 * (HOST + 1) <= room;
    let mut columns = BEFORE.to_vec();
    if side_by_side {
        columns.extend(hosts.iter().map(|_| Column::text("", HOST, 1)));
    }
    // What there is no room for is left out before the hosts are.
    let more = room.saturating_sub(if side_by_side { hosts.len() as u16 * (HOST + 1) } else { MIX });
    let tagged = more > TAG.width && tags(state).next().is_some();
    columns.extend([AFTER[0]].into_iter().chain(tagged.then_some(TAG)).chain([AFTER[1]]));
    if !side_by_side && let Some(last) = columns.last_mut() {
        last.title = "reported";
    }
    let ids: Vec<String> = found.iter().map(|view| service_id(view)).collect();
    let list = List { board: &state.deploys, pane: Pane::Versions, focused, columns: &columns, marked: None };
    let make = |c: &Canvas, n: usize, widths: &[u16]| {
        let view = found[n];
        let mut cells = vec![
            vec![c.piece(fit(&view.service.name, usize::from(widths[0])), Role::Text)],
            vec![c.piece(fit(&view.service.environment, usize::from(widths[1])), Role::Dim)],
        ];
        if side_by_side {
            cells.extend(hosts.iter().map(|host| on_host(state, c, view, host)));
        }
        let (says, odd) = forge(state, c, view);
        cells.push(says);
        cells.extend(tagged.then(|| tag(state, c, view)));
        cells.push(if side_by_side { odd } else { mix(state, c, view, *widths.last().unwrap_or(&0)) });
        cells
    };
    list.draw(c, rest, found.len(), &ids, make);
    // The names of the hosts, each in its own colour, over their columns.
    if side_by_side {
        for (n, host) in hosts.iter().enumerate() {
            let x = rest.x + 1 + 12 + 1 + 10 + 1 + n as u16 * (HOST + 1);
            c.put(x, rest.y, HOST, &fit(host, usize::from(HOST)), c.look.theme().host(host));
        }
    }
}

/// How far a report can be trusted.
fn trust(state: &State, view: &ServiceView, on: &ServiceOnHost) -> Freshness {
    let every = view.service.health.as_ref().map_or(Duration::from_secs(15), |health| health.every);
    let every = every.max(state.settings.stats.slow);
    on.heard.map_or(Freshness::Stale, |at| freshness(at, every, state.now))
}

fn on_host<'t>(state: &State, c: &Canvas, view: &ServiceView, host: &str) -> Vec<Piece<'t>> {
    if !view.service.hosts.iter().any(|name| name.as_str() == host) {
        return Vec::new();
    }
    let Some((_, on)) = view.on.iter().find(|(name, _)| name.as_str() == host) else {
        return vec![c.piece(glyph::UNKNOWN, Role::Dim)];
    };
    let mix = versions(view);
    let version = on.version.as_ref().map(|version| fit(version, usize::from(HOST) - 2));
    // Of a mixed fleet, those that have not what was deployed; where nobody knows what was, what fewer have.
    let most = mix.iter().max_by_key(|(_, hosts)| hosts.len()).map(|(version, _)| (*version).to_owned());
    let right = live(state, &view.service.name, &view.service.environment).or(most);
    let other =
        mix.len() > 1 && on.version.as_deref().zip(right.as_deref()).is_some_and(|(is, right)| !same(is, right));
    let mut pieces = vec![figure(c.look, version, trust(state, view, on), if other { Role::Warn } else { Role::Text })];
    pieces.extend(other.then(|| c.piece(format!(" {}", glyph::BACK), Role::Warn)));
    pieces
}

/// Which version runs on how many hosts.
fn versions(view: &ServiceView) -> BTreeMap<&str, Vec<&str>> {
    let mut mix: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (host, on) in &view.on {
        if let Some(version) = on.version.as_deref() {
            mix.entry(version).or_default().push(host.as_str());
        }
    }
    mix
}

fn mix<'t>(state: &State, c: &Canvas, view: &ServiceView, columns: u16) -> Vec<Piece<'t>> {
    let mix = versions(view);
    if mix.is_empty() {
        return vec![c.piece(glyph::UNKNOWN, Role::Dim)];
    }
    let old = view.on.values().all(|on| trust(state, view, on) != Freshness::Fresh);
    let role = if old {
        Role::Dim
    } else if mix.len() > 1 {
        Role::Warn
    } else {
        Role::Text
    };
    let words: Vec<String> = mix
        .iter()
        .map(
            |(version, hosts)| {
                if mix.len() == 1 { (*version).to_owned() } else { format!("{version} {}", hosts.join(", ")) }
            },
        )
        .collect();
    vec![c.piece(fit(&words.join(&format!(" {} ", glyph::DOT)), usize::from(columns)), role)]
}

/// What the forge says is live there, and what is odd about it all.
fn forge<'t>(state: &State, c: &Canvas, view: &ServiceView) -> (Vec<Piece<'t>>, Vec<Piece<'t>>) {
    let live = live(state, &view.service.name, &view.service.environment);
    let mix = versions(view);
    let odd = match (&live, mix.len()) {
        (_, 2..) => mixed(state, view),
        (Some(live), 1) if !mix.keys().any(|version| same(version, live)) => "not what was deployed".to_owned(),
        _ => String::new(),
    };
    let said = live.map_or_else(|| c.piece(glyph::UNKNOWN, Role::Dim), |live| c.piece(fit(&live, 9), Role::Text));
    debug_assert!(said.0.width() <= 9);
    (vec![said], vec![c.piece(odd, Role::Warn)])
}

/// For how long its hosts have not agreed, and whether somebody is at it.
fn mixed(state: &State, view: &ServiceView) -> String {
    let service = &view.service;
    let of = |change: &&Change| {
        matches!(&change.what, ChangeKind::Version { service: of, .. } if *of == service.name)
            && service.hosts.contains(&change.host)
    };
    let long =
        state.changes.iter().rev().find(of).map(|change| format!(" for {}", duration(since(state.now, change.at))));
    let here = state.acting.under_way().find(|act| {
        act.proposal.service.as_ref() == Some(&service.name) && act.proposal.environment == service.environment
    });
    let known = state.acting.known.iter().filter(|run| !run.is_over());
    let known = known.filter(|run| run.plan.service == service.name && run.plan.environment == service.environment);
    let run = here.map(|act| standing(act).0).or_else(|| known.map(|run| known_standing(run).0).next());
    // Its word, without its shape.
    let run = run.and_then(|run| run.split_once(' ').map(|(_, word)| format!(": run {word}")));
    format!("mixed{}{}", long.unwrap_or_default(), run.unwrap_or_default())
}

/// The newest tag of each service's project.
fn tags(state: &State) -> impl Iterator<Item = (&str, &str)> {
    let projects = state.hosted.delivery.iter().flat_map(|delivery| &delivery.projects);
    projects.filter_map(|project| Some((project.service.as_str(), project.tags.first()?.name.as_str())))
}

/// The newest tag of the service's project.
fn tag<'t>(state: &State, c: &Canvas, view: &ServiceView) -> Vec<Piece<'t>> {
    let tag = tags(state).find(|(service, _)| *service == view.service.name).map(|(_, tag)| tag);
    vec![tag.map_or_else(|| c.piece(glyph::UNKNOWN, Role::Dim), |tag| c.piece(fit(tag, 9), Role::Dim))]
}

/// Whether two are the same version: a tag may have a `v` before it.
fn same(a: &str, b: &str) -> bool {
    crate::domain::version::compare(a, b).map_or(a == b, std::cmp::Ordering::is_eq)
}

/// The page of a service: what each of its hosts reports.
pub fn page<'t>(state: &State, c: &Canvas, view: &ServiceView) -> Vec<Line<'t>> {
    let mut lines = Vec::new();
    if let Some(live) = live(state, &view.service.name, &view.service.environment) {
        lines.push(Line::Pair("live", vec![c.piece(format!("{live}, says the forge"), Role::Text)]));
    }
    for host in &view.service.hosts {
        let name = c.look.theme().host(host.as_str());
        let mut pieces = vec![(format!("{:<12} ", host.as_str()).into(), name)];
        match view.on.get(host) {
            Some(on) => {
                let version = on.version.clone().unwrap_or_else(|| glyph::UNKNOWN.to_owned());
                pieces.push(figure(c.look, Some(format!("{version:<12} ")), trust(state, view, on), Role::Text));
                let unit = on.unit_state.clone().unwrap_or_default();
                let since_when =
                    on.since.map_or(String::new(), |at| format!("  for {}", duration(since(state.now, at))));
                pieces.push(c.piece(format!("{unit}{since_when}"), Role::Dim));
            }
            None => pieces.push(c.piece("not heard yet", Role::Dim)),
        }
        lines.push(Line::Pair("", pieces));
    }
    lines
}
