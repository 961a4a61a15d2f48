//! What is watched from outside, the worst first, and what of it cannot be had.

use ratatui::layout::Rect;

use super::{nothing, trouble};
use crate::app::board::Pane;
use crate::app::state::State;
use crate::app::view_state::rows;
use crate::app::view_state::watched::{Condition, Watched};
use crate::app::viewport::Target;
use crate::domain::outside::{Feed, Outside};
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::figures::since;
use crate::ui::format::{age, duration, fit, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;
use crate::ui::widgets::bars;
use crate::ui::widgets::list::List;
use crate::ui::widgets::table::Column;

/// Columns of the list; the name gets what is left.
const COLUMNS: &[Column] = &[
    Column::text("", 12, 0),
    Column::text("name", 0, 0),
    Column::text("kind", 11, 2),
    Column::figure("figure", 11, 1),
    Column::text("", 12, 4),
    Column::figure("every", 5, 3),
];

/// Rows of trouble that are shown.
const TROUBLES: usize = 2;
/// Response times in the graph of a row.
const GRAPH: usize = 12;

/// Draws the rule, what is wrong with the source, and the list.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, focused: bool) {
    if area.height == 0 {
        return;
    }
    let figures = state.hosted.outside.as_ref().map_or(String::new(), |outside| heard(state, outside));
    c.titled(row(area, 0), "Watched from outside", &figures, focused);
    c.target(row(area, 0), Target::Pane(Pane::Watched));
    let mut rest = below(area, 1);
    if focused {
        c.regions.viewport.list_rows = usize::from(rest.height);
    }
    let Some(outside) = &state.hosted.outside else {
        let word = match state.settings.hosted.statuscake {
            Some(_) => "asking StatusCake",
            None => "nothing: [statuscake] in the config names a token",
        };
        return nothing(c, rest, &[word]);
    };
    let zone = Zone::of(state, c.look);
    for (feed, one) in outside.trouble.iter().take(TROUBLES) {
        rest = below(rest, trouble(c, rest, feed.as_str(), one, &zone.minutes(one.since)));
    }
    let found = rows::all_watched(state);
    if found.is_empty() {
        let word = if state.alerts.filter.is_empty() { "nothing is watched there" } else { "nothing holds that text" };
        return nothing(c, rest, &[word]);
    }
    let ids: Vec<String> = found.iter().map(Watched::id).collect();
    let list = List { board: &state.alerts, pane: Pane::Watched, focused, columns: COLUMNS, marked: None };
    list.draw(c, rest, found.len(), &ids, |c, n, widths| cells(state, c, outside, &found[n], widths));
}

/// `12 up · 1 down · 40s ago`, for the rule. What is old says so.
fn heard(state: &State, outside: &Outside) -> String {
    let all = crate::app::view_state::watched::watched(outside, state.now);
    let count = |wanted: Condition| all.iter().filter(|one| one.condition(state.now).0 == wanted).count();
    let parts = [
        (count(Condition::Bad), "bad"),
        (count(Condition::Warn), "to look at"),
        (count(Condition::Well), "well"),
        (count(Condition::Off), "off"),
    ];
    let mut said: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", thousands(*n as u64))).collect();
    match outside.as_of.get(&Feed::Checks) {
        Some(at) => said.push(format!("{} ago", age(since(state.now, *at)))),
        None => said.push("not heard".to_owned()),
    }
    said.join(&format!(" {} ", glyph::DOT))
}

/// Shape, word and meaning of how one is.
pub fn shown(one: &Watched, state: &State) -> (String, Role) {
    let (condition, word) = one.condition(state.now);
    let (shape, role) = match condition {
        Condition::Bad => (glyph::BAD, Role::Bad),
        Condition::Warn => (glyph::BAD, Role::Warn),
        Condition::Well => (glyph::GOOD, Role::Ok),
        Condition::Off => (glyph::HOLLOW, Role::Dim),
    };
    let word = if condition == Condition::Bad { word.to_uppercase() } else { word };
    (format!("{shape} {word}"), role)
}

fn cells(state: &State, c: &Canvas, outside: &Outside, one: &Watched, widths: &[u16]) -> Vec<Vec<Piece<'static>>> {
    let (word, role) = shown(one, state);
    let text = if role == Role::Dim { Role::Dim } else { Role::Text };
    let (figure, graph, every) = match one {
        Watched::Check(check) => {
            let graph = outside.responses.get(&check.id).map_or(String::new(), |times| {
                let values: Vec<Option<f64>> =
                    times.iter().take(GRAPH).rev().map(|one| one.millis.map(f64::from)).collect();
                bars::spark(&values, None)
            });
            let uptime = check.uptime_pct.map_or(glyph::UNKNOWN.to_owned(), |pct| format!("{pct:.2} %"));
            (uptime, graph, duration(check.every))
        }
        Watched::Heartbeat(beat) => {
            let seen = beat.last_seen.map(|at| format!("{} ago", duration(since(state.now, at))));
            (seen.unwrap_or_else(|| glyph::UNKNOWN.to_owned()), String::new(), duration(beat.period))
        }
        Watched::Certificate(one) => {
            let until = one.valid_until.map(|at| at.format("%Y-%m-%d").to_string());
            (until.unwrap_or_else(|| glyph::UNKNOWN.to_owned()), String::new(), String::new())
        }
        Watched::Page(page) => {
            let load = page.latest.as_ref().map(|load| format!("{} ms", thousands(u64::from(load.millis))));
            (load.unwrap_or_else(|| glyph::UNKNOWN.to_owned()), String::new(), String::new())
        }
        Watched::Window(window) => {
            let until = window.end.map(|at| format!("to {}", Zone::of(state, c.look).minutes(at)));
            (until.unwrap_or_default(), String::new(), String::new())
        }
    };
    vec![
        vec![c.piece(word, role)],
        vec![c.piece(fit(one.name(), usize::from(widths[1])), text)],
        vec![c.piece(fit(one.kind(), usize::from(widths[2])), Role::Dim)],
        vec![c.piece(figure, text)],
        vec![c.piece(graph, Role::Graph)],
        vec![c.piece(every, Role::Dim)],
    ]
}
