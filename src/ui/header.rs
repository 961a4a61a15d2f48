//! The first line: which fleet, which environment, which tab, what time it is.

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Piece, width};
use super::figures::since;
use super::format::{duration, fit};
use super::glyph;
use super::theme::Role;
use super::times::Zone;
use crate::app::command::Command;
use crate::app::context::Context;
use crate::app::state::{State, Tab};
use crate::app::viewport::Target;
use crate::domain::alert::Severity;
use crate::domain::host::HostName;
use crate::domain::settings::{Environment, ReadOnly};

/// Under this many columns words are short.
const NARROW: u16 = 100;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let narrow = area.width < NARROW;
    let zone = Zone::of(state, c.look);
    let clock = zone.minutes(state.now);
    let end = area.right().saturating_sub(1);
    let clock_at = c.pieces_right(area.x, end, area.y, &[c.piece(clock, Role::Text)]);
    let mut x = area.x + 1;
    let room = |x: u16| clock_at.saturating_sub(x + 1);
    let fleet = fit(&state.settings.fleet, if narrow { 12 } else { 24 });
    x += c.put_as(x, area.y, room(x), &fleet, Role::Strong) + 1;
    if let Some(badge) = &state.badge {
        x += c.put_as(x, area.y, room(x), &format!(" {badge} "), Role::Badge) + 1;
    }
    x += c.pieces(x, area.y, room(x), &environment(state, c, narrow));
    let [brief, whole] = [true, false].map(|brief| Tab::ALL.map(|tab| label(state, c, tab, brief)));
    let needed = |labels: &[Vec<Piece>], gap: u16| labels.iter().map(|label| width(label) + gap).sum::<u16>() - gap;
    let before = if narrow { 2 } else { 3 };
    if let Some(doing) = doing(state, c, narrow) {
        // Its page says the rest: no tab is left out for it.
        let fits = width(std::slice::from_ref(&doing)) + before + needed(&brief, 1) <= room(x);
        let doing = if fits { doing } else { c.piece(format!(" {}", glyph::DIALING), Role::Busy) };
        x += c.pieces(x, area.y, room(x), &[doing]);
    }
    x += before;
    // No tab is left out while shorter names have room.
    let (labels, gap) = if narrow || needed(&whole, 2) > room(x) { (brief, 1) } else { (whole, 2) };
    for (tab, label) in Tab::ALL.into_iter().zip(labels) {
        let columns = width(&label);
        if columns > room(x) {
            break;
        }
        c.pieces(x, area.y, columns, &label);
        c.target(Rect { x, width: columns, ..area }, Target::Tab(tab));
        x += columns + gap;
    }
}

/// A tab's key and name, and what asks for somebody there.
fn label(state: &State, c: &Canvas, tab: Tab, brief: bool) -> Vec<Piece<'static>> {
    let key = c.look.keymap.key_of(&[Context::Global], &Command::Show(tab)).filter(|key| key.len() == 1);
    let name = if brief { short(tab) } else { long(tab) };
    let style = if tab == state.tab { Role::Front } else { Role::Text };
    let gap = if brief || key.is_none() { "" } else { " " };
    let mut label = vec![c.piece(key.unwrap_or_default(), Role::Dim), c.piece(gap, Role::Dim), c.piece(name, style)];
    label.extend(firing(state, c, tab));
    label
}

/// How many alerts ask for somebody, behind the name of their tab.
fn firing(state: &State, c: &Canvas, tab: Tab) -> Option<Piece<'static>> {
    let problems = || state.hosted.alerts.iter().filter(|alert| alert.is_problem() && !alert.silenced);
    let count = problems().count();
    let worst = problems().map(|alert| alert.severity).max()?;
    let role = if worst == Severity::Page { Role::Bad } else { Role::Warn };
    (tab == Tab::Alerts && count > 0).then(|| c.piece(format!(" {count}"), role))
}

fn long(tab: Tab) -> &'static str {
    match tab {
        Tab::Overview => "Overview",
        Tab::Logs => "Logs",
        Tab::Hosts => "Hosts",
        Tab::Deploys => "Deploys",
        Tab::Alerts => "Alerts",
        Tab::Business => "Business",
    }
}

fn short(tab: Tab) -> &'static str {
    match tab {
        Tab::Overview => "Over",
        Tab::Logs => "Logs",
        Tab::Hosts => "Host",
        Tab::Deploys => "Depl",
        Tab::Alerts => "Alrt",
        Tab::Business => "Biz",
    }
}

/// The host that the selected row is about.
fn focused_host(state: &State) -> Option<HostName> {
    match state.tab {
        Tab::Overview => state.overview.selected.clone(),
        Tab::Hosts => state.machines.open.clone().or_else(|| state.machines.selected.clone()),
        Tab::Deploys | Tab::Alerts | Tab::Business => None,
        Tab::Logs => {
            let row = state.logs.window.rows.iter().find(|row| Some(row.id) == state.logs.selected)?;
            let source = state.logs.window.sources.iter().find(|source| source.id == row.source)?;
            Some(source.source.host.clone())
        }
    }
}

/// The environments that what is on the screen belongs to: that of the focused row, else all.
fn environments(state: &State) -> Vec<String> {
    let focused = focused_host(state).and_then(|name| state.hosts.iter().find(|view| view.host.name == name));
    match focused {
        Some(view) => vec![view.host.environment.clone()],
        None => {
            let all: BTreeSet<&str> = state.hosts.iter().map(|view| view.host.environment.as_str()).collect();
            all.into_iter().map(str::to_owned).collect()
        }
    }
}

/// Whether an act on what is on the screen would be one in a careful environment.
pub fn careful(state: &State) -> bool {
    environments(state).iter().any(|name| of(state, name).is_some_and(|environment| environment.careful))
}

fn of<'s>(state: &'s State, name: &str) -> Option<&'s Environment> {
    state.settings.environments.iter().find(|environment| environment.name == name)
}

/// The badge of the environment and whether it may be changed.
fn environment(state: &State, c: &Canvas, narrow: bool) -> Vec<Piece<'static>> {
    let names = environments(state);
    let known: Vec<&Environment> = names.iter().filter_map(|name| of(state, name)).collect();
    let words = match names.as_slice() {
        [] => return Vec::new(),
        [name] if narrow => short_environment(name),
        [name] => fit(&name.to_uppercase(), 20),
        several if narrow => format!("{} ENVS", several.len()),
        several => format!("{} ENVIRONMENTS", several.len()),
    };
    // Where one of several is careful, its accent is worn.
    let accent = known.iter().find(|environment| environment.careful).or(known.first());
    let role = match accent {
        Some(environment) => {
            let role = Role::named(&environment.accent).unwrap_or(Role::Badge);
            if environment.careful && role == Role::Badge { Role::Danger } else { role }
        }
        None => Role::Badge,
    };
    let mut pieces = vec![c.piece(format!(" {words} "), role)];
    let armed = known.iter().filter_map(|one| state.acting.standing.armed(&one.name, state.now)).min();
    if let Some(until) = armed {
        let left = duration(since(until, state.now));
        pieces.push(c.piece(format!(" armed {left} "), Role::Danger));
    } else if known.iter().any(|environment| environment.read_only != ReadOnly::No) {
        pieces.push(c.piece(if narrow { " ro" } else { " read-only" }, Role::Dim));
    }
    pieces
}

/// What is being done to the fleet from here, or by somebody else.
fn doing(state: &State, c: &Canvas, narrow: bool) -> Option<Piece<'static>> {
    if let Some(act) = state.acting.under_way().next() {
        let (done, of) = act.done();
        let what = act.want.custom.as_deref().unwrap_or(act.want.action.def().name);
        let count = if of > 0 { format!(" {done}/{of}") } else { String::new() };
        return Some(c.piece(format!(" {} {}{count}", glyph::DIALING, fit(what, 12)), Role::Busy));
    }
    let run = state.acting.known_elsewhere().find(|run| !run.is_over())?;
    let ((done, of), what) = (run.done(), run.plan.kind.as_str());
    let by = if narrow { String::new() } else { format!(" by {}", fit(&run.by, 8)) };
    Some(c.piece(format!(" {} {what} {done}/{of}{by}", glyph::DIALING), Role::Busy))
}

/// `PROD` for production, four letters of any other.
fn short_environment(name: &str) -> String {
    name.to_uppercase().chars().take(4).collect()
}
