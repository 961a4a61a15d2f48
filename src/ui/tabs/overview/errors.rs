//! Errors in the logs, a line for each kind of message: how often, where, what, and whether that is new.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::nothing;
use crate::app::state::{OverviewPane, State};
use crate::app::view_state::glance::{error_id, errors, hosts_of, news, selected_error};
use crate::app::viewport::Target;
use crate::domain::template::Change;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::since;
use crate::ui::format::{count, fit, plural};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// Most rows that it takes.
const MOST: usize = 8;
/// What has not been said for so many seconds is past.
const PAST: i64 = 120;

/// Rows that it would like to have, without its rule.
pub fn wanted(state: &State) -> u16 {
    errors(state).len().clamp(1, MOST) as u16
}

/// Draws the pane.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if area.height == 0 {
        return;
    }
    let focused = state.overview.pane == OverviewPane::Errors;
    let (found, rest) = (errors(state), below(area, 1));
    let fits = usize::from(rest.height);
    let figures = match found.len() {
        n if n > fits => format!("{fits} of {} {} 10 min", plural(n, "kind"), glyph::DOT),
        _ => "10 min".to_owned(),
    };
    c.titled(row(area, 0), "Errors", &figures, focused);
    if found.is_empty() {
        let line = match state.logs.window.sources.len() {
            0 => "no logs are read yet: logs = [...] of a [[service]] names them".to_owned(),
            n => format!("none in {}", plural(n, "source")),
        };
        return nothing(c, rest, &[&line]);
    }
    if focused {
        c.regions.viewport.list_rows = fits;
    }
    let scroll = state.overview.error_scroll.min(found.len().saturating_sub(fits));
    let selected = selected_error(state).filter(|_| focused).map(error_id);
    let places: Vec<String> = found.iter().map(|change| place(state, change)).collect();
    let widest = places.iter().map(|place| place.width()).max().unwrap_or(0).clamp(6, 18) as u16;
    for (n, (change, place)) in found.iter().zip(&places).skip(scroll).take(fits).enumerate() {
        let line = row(rest, n as u16);
        one(state, c, line, change, (place, widest));
        let id = error_id(change);
        c.chosen(line, selected.as_ref() == Some(&id));
        c.target(line, Target::Glance(OverviewPane::Errors, id));
    }
}

fn one(state: &State, c: &mut Canvas, line: Rect, change: &Change, (place, widest): (&str, u16)) {
    let now = since(state.now, change.last).as_secs() < PAST as u64;
    let (loud, text) = if now { (Role::Bad, Role::Text) } else { (Role::Dim, Role::Dim) };
    let mut x = line.x + 1;
    c.pieces_right(x, x + 6, line.y, &[c.piece(format!("{}{}", glyph::TIMES, count(change.after)), loud)]);
    x += 7;
    let style = match place.split([' ', '/']).count() {
        1 if now => c.look.theme().host(place),
        _ => c.style(Role::Dim),
    };
    c.put(x, line.y, widest, &fit(place, usize::from(widest)), style);
    x += widest + 2;
    let mut end = line.right().saturating_sub(1);
    if let Some(news) = news(state, change).filter(|news| news.width() + 20 < usize::from(end.saturating_sub(x))) {
        let role = if now { Role::Warn } else { Role::Dim };
        end = c.pieces_right(x, end, line.y, &[c.piece(news, role)]).saturating_sub(1);
    }
    let room = end.saturating_sub(x);
    c.put_as(x, line.y, room, &fit(&change.text, usize::from(room)), text);
}

/// Where it is said: the hosts' names, or how many they are.
fn place(state: &State, change: &Change) -> String {
    let hosts = hosts_of(state, change);
    match hosts[..] {
        [_, _, _, ..] => format!("{} hosts", hosts.len()),
        _ => hosts.join(" "),
    }
}
