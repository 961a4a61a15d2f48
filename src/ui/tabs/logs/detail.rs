//! One line in detail: where it came from, its time, every field, the whole text.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{ledger, line, sidebar};
use crate::app::state::State;
use crate::domain::log::TimeFrom;
use crate::domain::log_view::{LogRow, RowContent};
use crate::ui::canvas::{Canvas, Piece, below, row, top};
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
                lines.push(vec![c.piece(note, Role::Dim)]);
            }
            let whole = line::marked(text, 0..text.len(), hits, c.style(Role::Text), c.style(Role::Hit));
            lines.extend(line::wrap(&whole, room));
            let name = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0).min(24);
            for (field, value) in fields {
                let pieces = [c.piece(format!("{field:<name$} "), Role::Field), c.piece(value.as_str(), Role::Text)];
                lines.extend(line::wrap(&pieces, room));
            }
        }
    }
    let fits = usize::from(rest.height);
    for (n, pieces) in lines.iter().take(fits).enumerate() {
        let at = row(top(rest, rest.height), n as u16);
        c.pieces(at.x + 1, at.y, at.width.saturating_sub(1), pieces);
    }
    if lines.len() > fits && fits > 0 {
        c.put_as(rest.right().saturating_sub(2), rest.bottom() - 1, 1, glyph::MORE, Role::Dim);
    }
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
