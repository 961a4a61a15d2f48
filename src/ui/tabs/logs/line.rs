//! A log line as pieces: its message in the colour of its level, its fields, what a search found.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::log::Level;
use crate::domain::log_view::{LogRow, RowContent};
use crate::ui::canvas::{Canvas, Piece};
use crate::ui::theme::Role;

/// Names of fields that other columns show.
const TOLD: &[&str] = &[
    "ts",
    "time",
    "timestamp",
    "@timestamp",
    "t",
    "date",
    "level",
    "lvl",
    "severity",
    "loglevel",
    "priority",
    "PRIORITY",
    "msg",
    "message",
    "event",
    "MESSAGE",
];

/// Most lines that one wrapped row takes: the detail shows the rest.
const WRAPPED: usize = 20;

/// The word and role of a level, five columns at most; trouble is in capitals.
pub fn level(level: Option<Level>) -> (&'static str, Role) {
    match level {
        None => ("", Role::Text),
        Some(Level::Trace) => ("trace", Role::Trace),
        Some(Level::Debug) => ("debug", Role::Debug),
        Some(Level::Info) => ("info", Role::Info),
        Some(Level::Notice) => ("note", Role::Notice),
        Some(Level::Warn) => ("WARN", Role::Warn),
        Some(Level::Error) => ("ERROR", Role::Error),
        Some(Level::Fatal) => ("FATAL", Role::Fatal),
    }
}

/// What is shown of a line.
pub fn pieces<'r>(c: &Canvas, row: &'r LogRow) -> Vec<Piece<'r>> {
    let RowContent::Line { text, hits, message, fields } = &row.content else { return Vec::new() };
    let role = match row.level {
        // Only what is worse than usual, or less than usual, has a colour: most lines are in the terminal's own.
        Some(Level::Warn | Level::Error | Level::Fatal | Level::Trace | Level::Debug) => level(row.level).1,
        _ => Role::Text,
    };
    let style = if role == Role::Fatal { c.style(Role::Error) } else { c.style(role) };
    let hit = c.style(Role::Hit);
    let mut out = marked(text, message.clone(), hits, style, hit);
    if message.len() == text.len() {
        return out;
    }
    let mut from = 0;
    for (name, value) in fields {
        let place = find(text, from, name, value);
        if let Some(range) = &place {
            from = range.end;
        }
        let inside = place.as_ref().is_some_and(|range| range.start >= message.start && range.end <= message.end);
        if inside || TOLD.contains(&name.as_str()) {
            continue;
        }
        out.push(c.piece(format!(" {name}="), Role::Field));
        match place {
            Some(range) => out.extend(marked(text, range, hits, c.style(Role::Text), hit)),
            None => out.push(c.piece(value.as_str(), Role::Text)),
        }
    }
    out
}

/// Where a field's value stands in the line: the first after its name.
fn find(text: &str, from: usize, name: &str, value: &str) -> Option<Range<usize>> {
    let at = from + text.get(from..)?.find(name)? + name.len();
    let at = at + text.get(at..)?.find(value)?;
    Some(at..at + value.len())
}

/// A part of a line with what was found in it marked.
pub fn marked<'t>(
    text: &'t str,
    range: Range<usize>,
    hits: &[Range<usize>],
    style: Style,
    hit: Style,
) -> Vec<Piece<'t>> {
    let mut out = Vec::new();
    let mut push = |from: usize, to: usize, style: Style| {
        // Offsets come from elsewhere: those that do not fit are left out, never a panic.
        if let Some(part) = text.get(from..to).filter(|part| !part.is_empty()) {
            out.push((Cow::Borrowed(part), style));
        }
    };
    let mut at = range.start;
    for found in hits.iter().filter(|found| found.end > range.start && found.start < range.end) {
        let (from, to) = (found.start.max(at), found.end.min(range.end));
        if from < to {
            push(at, from, style);
            push(from, to, style.patch(hit));
            at = to;
        }
    }
    push(at, range.end, style);
    out
}

/// The part of some pieces from a column on.
pub fn skip<'t>(pieces: Vec<Piece<'t>>, columns: usize) -> Vec<Piece<'t>> {
    let mut left = columns;
    let mut out = Vec::new();
    for (text, style) in pieces {
        if left == 0 {
            out.push((text, style));
            continue;
        }
        let kept: String = text
            .graphemes(true)
            .skip_while(|grapheme| {
                let over = left > 0;
                left = left.saturating_sub(grapheme.width());
                over
            })
            .collect();
        if !kept.is_empty() {
            out.push((kept.into(), style));
        }
    }
    out
}

/// Pieces broken into lines of so many columns.
pub fn wrap<'t>(pieces: &[Piece<'t>], columns: usize) -> Vec<Vec<Piece<'t>>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    for (text, style) in pieces {
        let mut part = String::new();
        for grapheme in text.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > columns && used > 0 {
                if let Some(line) = lines.last_mut() {
                    line.push((std::mem::take(&mut part).into(), *style));
                }
                if lines.len() == WRAPPED {
                    return lines;
                }
                lines.push(Vec::new());
                used = 0;
            }
            part.push_str(grapheme);
            used += wide;
        }
        if let Some(line) = lines.last_mut() {
            line.push((part.into(), *style));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::{SourceId, TimeFrom};
    use crate::domain::log_view::RowId;
    use crate::ui::look::Look;
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    fn shown(text: &str, message: Range<usize>, fields: &[(&str, &str)], hits: &[Range<usize>]) -> String {
        let look = Look::default();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
        let c = Canvas::new(&look, &mut buffer);
        let row = LogRow {
            id: RowId { micros: 0, source: SourceId(0), seq: 0 },
            source: SourceId(0),
            time: chrono::DateTime::UNIX_EPOCH,
            time_from: TimeFrom::Line,
            level: Some(Level::Info),
            content: RowContent::Line {
                text: text.to_owned(),
                hits: hits.to_vec(),
                message,
                fields: fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            },
            late: false,
            continues: false,
            marked: false,
        };
        let hit = c.style(Role::Hit);
        let mark = |(text, style): &Piece| {
            if style.bg == hit.bg && hit.bg.is_some() { format!("[{text}]") } else { text.to_string() }
        };
        pieces(&c, &row).iter().map(mark).collect()
    }

    #[test]
    fn the_message_comes_first_then_the_fields_and_hits_are_marked_in_both() {
        let text = "level=info msg=\"cart saved\" path=/cart user=7";
        let fields = [("level", "info"), ("msg", "cart saved"), ("path", "/cart"), ("user", "7")];
        assert_eq!(shown(text, 16..26, &fields, &[]), "cart saved path=/cart user=7");
        assert_eq!(shown(text, 16..26, &fields, &[16..20, 34..38]), "[cart] saved path=/[cart] user=7");
        assert_eq!(shown("plain text", 0..10, &[], std::slice::from_ref(&(6..10))), "plain [text]");
        assert_eq!(shown("odd", 0..3, &[], &[2..99, 1..2]), "od[d]");
    }

    fn text(pieces: &[Piece]) -> String {
        pieces.iter().map(|(text, _)| text.as_ref()).collect()
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_fits(words in prop::collection::vec("\\PC{0,12}", 0..6), columns in 2usize..20) {
            let pieces: Vec<Piece> = words.iter().map(|word| (word.as_str().into(), Style::new())).collect();
            let lines = wrap(&pieces, columns);
            // A single sign wider than the pane has nowhere to be cut.
            let fits = |line: &Vec<Piece>| {
                let (mut width, mut signs) = (0, 0);
                text(line).graphemes(true).for_each(|sign| (width, signs) = (width + sign.width(), signs + 1));
                width <= columns || signs == 1
            };
            prop_assert!(lines.iter().all(fits));
            if lines.len() < WRAPPED {
                prop_assert_eq!(lines.iter().map(|line| text(line)).collect::<String>(), text(&pieces));
            }
        }

        #[test]
        fn scrolling_sideways_takes_from_the_front(word in "[a-z]{0,30}", by in 0usize..40) {
            let left = skip(vec![(word.as_str().into(), Style::new())], by);
            prop_assert_eq!(text(&left), word.get(by..).unwrap_or(""));
        }
    }
}
