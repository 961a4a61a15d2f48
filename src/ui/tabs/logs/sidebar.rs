//! The sources: what is read, how fast, how long ago it last said something, and its errors.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::nothing;
use crate::app::state::State;
use crate::app::viewport::Target;
use crate::domain::log::Source;
use crate::domain::log_view::SourceStatus;
use crate::domain::text::clean;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::since;
use crate::ui::format::{age, count, fit, fit_end, rate};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::bars;

/// Columns of the error graph.
const GRAPH: usize = 12;

/// Draws the sidebar.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let sources = &state.logs.window.sources;
    let live = sources.iter().filter(|source| !state.is_silent(source)).count();
    let figures = if sources.is_empty() { String::new() } else { format!("{live} of {}", sources.len()) };
    c.target(area, Target::Sidebar);
    c.titled(row(area, 0), "Sources", &figures, state.logs.sidebar);
    let rest = below(area, 1);
    if sources.is_empty() {
        return nothing(c, rest, &["none yet"]);
    }
    // Two rows each while all of them fit so; the choice does not depend on what they say, so nothing jumps.
    let each = if sources.len() * 2 <= usize::from(rest.height) { 2 } else { 1 };
    let fits = usize::from(rest.height / each);
    if state.logs.sidebar {
        c.regions.viewport.list_rows = fits;
    }
    let at = sources.iter().position(|source| Some(source.id) == state.logs.source).unwrap_or(0);
    let scroll = (at + 1).saturating_sub(fits);
    for (n, source) in sources.iter().skip(scroll).take(fits).enumerate() {
        let line = row(rest, n as u16 * each);
        let whole = Rect { height: each, ..line };
        let hidden = state.logs.query.filter.hidden.contains(&source.id);
        first(state, c, line, source, hidden);
        if each == 2 {
            second(state, c, row(rest, n as u16 * each + 1), source, hidden);
        }
        if state.logs.sidebar && state.logs.source == Some(source.id) {
            c.over(whole, Role::Selection);
        }
        c.target(whole, Target::Source(source.id));
    }
}

/// State, name, rate, age.
fn first(state: &State, c: &mut Canvas, line: Rect, source: &SourceStatus, hidden: bool) {
    let silent = state.is_silent(source);
    let (shape, role) = match (source.live, &source.error) {
        _ if hidden => (glyph::HOLLOW, Role::Dim),
        (true, _) if silent => (glyph::STALE, Role::Warn),
        (true, _) => (glyph::GOOD, Role::Ok),
        (false, Some(_)) => (glyph::BAD, Role::Bad),
        (false, None) => (glyph::DIALING, Role::Busy),
    };
    let mut x = line.x + 1;
    x += c.put_as(x, line.y, 2, shape, role) + 1;
    let newest = source.newest.map(|at| age(since(state.now, at)));
    let end = line.right();
    let quiet = newest.unwrap_or_else(|| glyph::UNKNOWN.to_owned());
    c.pieces_right(x, end, line.y, &[c.piece(quiet, Role::Dim)]);
    let end = end.saturating_sub(5);
    let speed = match (hidden, silent) {
        (true, _) => "hidden".to_owned(),
        (_, true) => format!("{}/s?", rate(source.rate)),
        _ => format!("{}/s", rate(source.rate)),
    };
    let end = c.pieces_right(x, end, line.y, &[c.piece(speed, if silent { Role::Dim } else { Role::Text })]);
    let room = end.saturating_sub(x + 1);
    let host = source.source.host.as_str();
    let host_room = usize::from(room).min(host.width().min(usize::from(room / 2).max(6)));
    let style = if hidden { c.style(Role::Dim) } else { c.look.theme().host(host) };
    x += c.put(x, line.y, room, &fit(host, host_room), style) + 1;
    let room = end.saturating_sub(x + 1);
    let name = name(&state.logs.window.sources, source, usize::from(room));
    c.put_as(x, line.y, room, &name, if hidden { Role::Dim } else { Role::Text });
}

/// Its name; with its service before it where another source of the host has the same one.
fn name(sources: &[SourceStatus], source: &SourceStatus, room: usize) -> String {
    let name = short(&source.source);
    let same = |other: &SourceStatus| {
        other.id != source.id && other.source.host == source.source.host && short(&other.source) == name
    };
    match &source.source.service {
        Some(service) if sources.iter().any(same) => fit(&format!("{}/{name}", clean(service)), room),
        _ => fit_end(&name, room),
    }
}

/// Why it is not read; else its errors.
fn second(state: &State, c: &mut Canvas, line: Rect, source: &SourceStatus, hidden: bool) {
    let (x, end) = (line.x + 3, line.right());
    let room = end.saturating_sub(x);
    match &source.error {
        Some(error) if !hidden => _ = c.put_as(x, line.y, room, &fit(error, usize::from(room)), Role::Dim),
        _ => {
            let silent = state.is_silent(source);
            let any = source.errors.iter().any(|n| *n > 0) && !silent;
            c.put_as(
                x,
                line.y,
                room,
                &bars::spark_counts(&source.errors, GRAPH),
                if any { Role::Error } else { Role::Dim },
            );
            let words = format!("err {}/m{}", count(source.errors_min), if silent { "?" } else { "" });
            c.pieces_right(
                x,
                end,
                line.y,
                &[c.piece(words, if any && source.errors_min > 0 { Role::Error } else { Role::Dim })],
            );
        }
    }
}

/// A source's name without what every source has: `access.log`, `nginx`, `docker logs`.
pub fn short(source: &Source) -> String {
    let name = source.name.as_ref();
    match name.split_once(':') {
        Some(("file", path)) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        Some(("journal", "")) => "journal".to_owned(),
        Some(("journal", unit)) => unit.trim_end_matches(".service").to_owned(),
        Some(("command", line)) => line.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        for (name, expected) in [
            ("file:/var/log/nginx/access.log", "access.log"),
            ("journal:nginx.service", "nginx"),
            ("journal:", "journal"),
            ("command:docker logs -f api", "docker logs -f api"),
            ("odd", "odd"),
        ] {
            assert_eq!(short(&Source { host: "h".into(), service: None, name: name.into() }), expected);
        }
    }
}
