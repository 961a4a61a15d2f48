//! One line in detail: where it came from, its time, every field, the whole text.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{ledger, line, sidebar};
use crate::app::state::State;
use crate::domain::log::TimeFrom;
use crate::domain::log_view::{LogRow, RowContent, SourceStatus};
use crate::ui::canvas::{Canvas, Piece, below, row, top};
use crate::ui::format::{rate, thousands, wrap};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, log_row: &LogRow) {
    let source = state.logs.window.sources.iter().find(|source| source.id == log_row.source);
    let title = match source {
        Some(source) => vec![
            (source.source.host.as_str().to_owned().into(), c.look.theme().host(source.source.host.as_str())),
            c.piece(format!(" {}", source.source.name), Role::Title),
        ],
        None => vec![c.piece("Line", Role::Title)],
    };
    let mut figures = vec![c.piece(Zone::of(state, c.look).full(log_row.time), Role::Text)];
    let (word, role) = line::level(log_row.level);
    if !word.is_empty() {
        figures.push(c.piece(" ", Role::Dim));
        figures.push(c.piece(word, role));
    }
    c.rule(row(area, 0), &title, &figures, false);
    let rest = below(area, 1);
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let room = usize::from(area.width.saturating_sub(2));
    match &log_row.content {
        RowContent::Ledger(event) => {
            let name = source.map(|source| sidebar::short(&source.source)).unwrap_or_default();
            let (words, role) = ledger::words(event, &name);
            lines.extend(line::wrap(&[c.piece(words, role)], room));
        }
        RowContent::Line { text, hits, fields, .. } => {
            if let Some(note) = note(log_row) {
                lines.extend(wrap(&note, room).into_iter().map(|part| vec![c.piece(part, Role::Dim)]));
            }
            // An event is all of its lines.
            let more = continued(&state.logs.window.rows, log_row).filter_map(|row| match &row.content {
                RowContent::Line { text, hits, .. } => Some((text, hits)),
                RowContent::Ledger(_) => None,
            });
            for (text, hits) in std::iter::once((text, hits)).chain(more) {
                let hits: Vec<line::Marked> = hits.iter().map(|hit| (hit.clone(), c.style(Role::Hit))).collect();
                lines.extend(line::wrap(&line::marked(text, 0..text.len(), &hits, c.style(Role::Text)), room));
            }
            let tree = tree(fields);
            let name = tree.iter().map(|(name, _)| name.width()).max().unwrap_or(0).min(28);
            for (field, value) in tree {
                let value = c.piece(value.unwrap_or_default(), Role::Text);
                lines.extend(line::wrap(&[c.piece(format!("{field:<name$} "), Role::Field), value], room));
            }
        }
    }
    show(c, rest, &lines);
}

/// The lines that continue the event which a line begins, as far as they are at hand.
fn continued<'r>(rows: &'r [LogRow], of: &LogRow) -> impl Iterator<Item = &'r LogRow> {
    let after = rows.iter().skip_while(|row| row.id != of.id).skip(1);
    after.take_while(|row| row.continues && row.source == of.source).filter(|_| !of.continues)
}

/// How many rows it takes to show an event, with the rule over it.
pub fn height(state: &State, area: Rect, log_row: &LogRow) -> u16 {
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let of = |row: &LogRow| match &row.content {
        RowContent::Line { text, .. } => text.width().div_ceil(room).max(1),
        RowContent::Ledger(_) => 1,
    };
    let event = std::iter::once(log_row).chain(continued(&state.logs.window.rows, log_row));
    u16::try_from(1 + event.map(of).sum::<usize>()).unwrap_or(u16::MAX)
}

/// Draws lines, as many as fit.
fn show(c: &mut Canvas, rest: Rect, lines: &[Vec<Piece>]) {
    let fits = usize::from(rest.height);
    for (n, pieces) in lines.iter().take(fits).enumerate() {
        let at = row(top(rest, rest.height), n as u16);
        c.pieces(at.x + 1, at.y, at.width.saturating_sub(1), pieces);
    }
    if lines.len() > fits && fits > 0 {
        c.put_as(rest.right().saturating_sub(2), rest.bottom() - 1, 1, glyph::MORE, Role::Dim);
    }
}

/// Fields as a tree: members of an object stand under its name.
fn tree(fields: &[(String, String)]) -> Vec<(String, Option<&str>)> {
    let mut out: Vec<(String, Option<&str>)> = Vec::with_capacity(fields.len());
    let mut open: Vec<&str> = Vec::new();
    for (name, value) in fields {
        let path: Vec<&str> = name.split('.').collect();
        let parents = path.len() - 1;
        let shared = open.iter().zip(&path[..parents]).take_while(|(a, b)| a == b).count();
        open.truncate(shared);
        for part in &path[shared..parents] {
            out.push((format!("{}{part}", "  ".repeat(open.len())), None));
            open.push(part);
        }
        out.push((format!("{}{}", "  ".repeat(parents), path[parents]), Some(value)));
    }
    out
}

/// Draws all that is known of a source: what the sidebar has no room for.
pub fn source(state: &State, c: &mut Canvas, area: Rect, source: &SourceStatus) {
    let host = source.source.host.as_str();
    let title = vec![
        (host.to_owned().into(), c.look.theme().host(host)),
        c.piece(format!(" {}", source.source.name), Role::Title),
    ];
    c.rule(row(area, 0), &title, &[c.piece(source.format, Role::Dim)], false);
    let room = usize::from(area.width.saturating_sub(2));
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let mut say = |c: &Canvas, name: &str, words: String, role: Role| {
        for (n, part) in wrap(&words, room.saturating_sub(10)).into_iter().enumerate() {
            let name = if n == 0 { name } else { "" };
            lines.push(vec![c.piece(format!("{name:<9} "), Role::Dim), c.piece(part, role)]);
        }
    };
    let silent = state.is_silent(source);
    let (words, role) = match (source.live, silent) {
        (true, false) => ("is being read".to_owned(), Role::Ok),
        (true, true) => ("was being read; its host is not heard".to_owned(), Role::Warn),
        (false, _) => ("is not read".to_owned(), Role::Bad),
    };
    say(c, "source", words, role);
    if let Some(error) = &source.error {
        say(c, "because", error.clone(), Role::Bad);
    }
    let host = state.hosts.iter().find(|view| view.host.name == source.source.host);
    if let Some(error) = host.and_then(|view| view.link.as_ref()).and_then(|link| link.error.as_ref()) {
        say(c, "host", format!("{}; {}", error.message, error.remedy), Role::Bad);
    }
    say(c, "service", source.source.service.as_deref().unwrap_or(glyph::UNKNOWN).to_owned(), Role::Text);
    let newest = source.newest.map_or_else(|| glyph::UNKNOWN.to_owned(), |at| Zone::of(state, c.look).full(at));
    let lines_ = format!("{}, {}/s lately, the newest came {newest}", thousands(source.lines), rate(source.rate));
    say(c, "lines", lines_, Role::Text);
    let lag = source.lag_s.map_or_else(|| glyph::UNKNOWN.to_owned(), |lag| format!("{lag:.2} s"));
    say(c, "lag", format!("{lag} between a line's own time and its arrival"), Role::Text);
    if let Some((_, error)) = &source.newest_error {
        say(c, "error", error.clone(), Role::Error);
    }
    show(c, below(area, 1), &lines);
}

/// What is odd about its time or place.
fn note(log_row: &LogRow) -> Option<String> {
    let mut words = Vec::new();
    match log_row.time_from {
        TimeFrom::Line => {}
        TimeFrom::Previous => words.push("it has no time of its own: that of the line before it"),
        TimeFrom::Arrival => words.push("it has no time of its own: the moment it arrived here"),
    }
    if log_row.late {
        words.push("it came late and was put in its place");
    }
    if log_row.continues {
        words.push("it continues the line before it");
    }
    (!words.is_empty()).then(|| words.join(&format!(" {} ", glyph::DOT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_an_object_stand_under_its_name() {
        let fields: Vec<(String, String)> = ["a", "http.method", "http.url.path", "http.url.query", "zone"]
            .map(|name| (name.into(), "1".into()))
            .into();
        let names: Vec<String> = tree(&fields).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "http", "  method", "  url", "    path", "    query", "zone"]);
    }
}
