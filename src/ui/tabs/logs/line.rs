//! A log line as pieces: its message in the colour of its level, its fields, what a search found.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::state::{FieldsView, LogsState, State, TOLD};
use crate::domain::log::Level;
use crate::domain::log_look::Highlight;
use crate::domain::log_view::{LogRow, RowContent};
use crate::ui::canvas::{Canvas, Piece};
use crate::ui::format::fit;
use crate::ui::glyph;
use crate::ui::theme::Role;

/// A part of a line that stands out, and how.
pub type Marked = (Range<usize>, Style);

/// The most places of one pattern that are marked in one line.
const MOST_FOUND: usize = 50;
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

/// What stands out in a line and how, in order: what the search found, then patterns where it found nothing.
fn stand_out(c: &Canvas, logs: &LogsState, rules: &[Highlight], text: &str, hits: &[Range<usize>]) -> Vec<Marked> {
    let hit = c.style(Role::Hit);
    let mut all: Vec<Marked> = hits.iter().map(|range| (range.clone(), hit)).collect();
    let free = |range: &Range<usize>, all: &[Marked]| {
        !range.is_empty() && all.iter().all(|(taken, _)| range.end <= taken.start || range.start >= taken.end)
    };
    for rule in rules.iter().chain(&logs.highlights) {
        let style = rule.role.as_deref().and_then(Role::named).map_or_else(
            // A colour of its own, the same every day, that is legible without colours too.
            || c.look.theme().host(rule.pattern()).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            |role| c.style(role),
        );
        for found in rule.regex().find_iter(text).take(MOST_FOUND) {
            if free(&found.range(), &all) {
                all.push((found.range(), style));
            }
        }
    }
    all.sort_by_key(|(range, _)| range.start);
    all
}

/// What is shown of a line.
pub fn pieces<'r>(c: &Canvas, state: &State, row: &'r LogRow) -> Vec<Piece<'r>> {
    let RowContent::Line { text, hits, message, fields } = &row.content else { return Vec::new() };
    let logs = &state.logs;
    let role = match row.level {
        // Around a line it is told from the rest by what passes the filter.
        _ if logs.around.is_some() && !row.marked && logs.selected != Some(row.id) => Role::Dim,
        // Only what is worse than usual, or less than usual, has a colour: most lines are in the terminal's own.
        Some(Level::Fatal) => Role::Error,
        Some(Level::Warn | Level::Error | Level::Trace | Level::Debug) => level(row.level).1,
        _ => Role::Text,
    };
    let out = stand_out(c, logs, &state.settings.logs.highlights, text, hits);
    let whole = logs.fields == FieldsView::Raw;
    let mut pieces = columns(c, logs, fields, text, &out);
    pieces.extend(marked(text, if whole { 0..text.len() } else { message.clone() }, &out, c.style(role)));
    if whole || message.len() == text.len() || logs.fields == FieldsView::Message {
        return pieces;
    }
    let source = logs.window.sources.iter().find(|source| source.id == row.source);
    let is_host = |name: &str, value: &str| {
        matches!(name, "host" | "hostname") && source.is_some_and(|source| source.source.host.as_str() == value)
    };
    let mut from = 0;
    for (name, value) in fields {
        let place = find(text, from, name, value);
        if let Some(range) = &place {
            from = range.end;
        }
        let inside = place.as_ref().is_some_and(|range| range.start >= message.start && range.end <= message.end);
        let told = TOLD.contains(&name.as_str()) || logs.columns.iter().any(|(column, _)| column == name);
        if inside || told || is_host(name, value) || logs.hidden_fields.contains(name) {
            continue;
        }
        pieces.push(c.piece(format!(" {name}="), Role::Field));
        match place {
            Some(range) => pieces.extend(marked(text, range, &out, c.style(Role::Text))),
            None => pieces.push(c.piece(value.as_str(), Role::Text)),
        }
    }
    pieces
}

/// The fields that have columns, each in its width.
fn columns<'r>(
    c: &Canvas,
    logs: &LogsState,
    fields: &'r [(String, String)],
    text: &'r str,
    out: &[Marked],
) -> Vec<Piece<'r>> {
    let mut pieces = Vec::new();
    for (name, width) in &logs.columns {
        let value = fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let shown = value.filter(|value| value.width() <= *width).map(|value| (find(text, 0, name, value), value));
        let used = match (shown, value) {
            (Some((Some(range), value)), _) => {
                pieces.extend(marked(text, range, out, c.style(Role::Text)));
                value.width()
            }
            (_, Some(value)) => {
                let value = fit(value, *width);
                let used = value.width();
                pieces.push(c.piece(value, Role::Text));
                used
            }
            (_, None) => {
                pieces.push(c.piece(glyph::UNKNOWN, Role::Dim));
                1
            }
        };
        pieces.push(c.piece(" ".repeat(width.saturating_sub(used) + 1), Role::Text));
    }
    pieces
}

/// Where a field's value stands in the line: the first after its name.
fn find(text: &str, from: usize, name: &str, value: &str) -> Option<Range<usize>> {
    let at = from + text.get(from..)?.find(name)? + name.len();
    let at = at + text.get(at..)?.find(value)?;
    Some(at..at + value.len())
}

/// A part of a line with what was found in it marked.
pub fn marked<'t>(text: &'t str, range: Range<usize>, hits: &[Marked], style: Style) -> Vec<Piece<'t>> {
    let mut out = Vec::new();
    let mut push = |from: usize, to: usize, style: Style| {
        // Offsets come from elsewhere: those that do not fit are left out, never a panic.
        if let Some(part) = text.get(from..to).filter(|part| !part.is_empty()) {
            out.push((Cow::Borrowed(part), style));
        }
    };
    let mut at = range.start;
    for (found, hit) in hits.iter().filter(|(found, _)| found.end > range.start && found.start < range.end) {
        let (from, to) = (found.start.max(at), found.end.min(range.end));
        if from < to {
            push(at, from, style);
            push(from, to, style.patch(*hit));
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

/// Pieces broken into lines of so many columns, at a blank where one stands in the line's second half.
pub fn wrap<'t>(pieces: &[Piece<'t>], columns: usize) -> Vec<Vec<Piece<'t>>> {
    let whole: String = pieces.iter().map(|(text, _)| text.as_ref()).collect();
    let mut breaks = breaks(&whole, columns).into_iter().peekable();
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut at = 0;
    for (text, style) in pieces {
        let mut rest = text.as_ref();
        loop {
            let here = breaks.next_if(|next| *next < at + rest.len());
            let (part, after) = rest.split_at(here.map_or(rest.len(), |next| next - at));
            if let Some(line) = lines.last_mut().filter(|_| !part.is_empty()) {
                line.push((part.to_owned().into(), *style));
            }
            at += part.len();
            rest = after;
            if here.is_none() {
                break;
            }
            if lines.len() == WRAPPED {
                return lines;
            }
            lines.push(Vec::new());
        }
    }
    lines
}

/// Where a text is broken so that no line is wider than so many columns: the offset of each line's first byte but the
/// first's. A word that would take more than half a line with it is cut itself.
fn breaks(text: &str, columns: usize) -> Vec<usize> {
    let mut breaks = Vec::new();
    let (mut used, mut blank) = (0, None);
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = grapheme.width();
        if used + wide > columns && used > 0 {
            match blank.take().filter(|(_, before)| *before > columns / 2) {
                Some((after, before)) => {
                    breaks.push(after);
                    used -= before;
                }
                None => {
                    breaks.push(at);
                    used = 0;
                }
            }
            if breaks.len() == WRAPPED {
                break;
            }
        }
        used += wide;
        if grapheme == " " {
            blank = Some((at + 1, used));
        }
    }
    breaks
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
    use std::sync::Arc;

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
            repeats: None,
            spot: None,
        };
        let hit = c.style(Role::Hit);
        let mark = |(text, style): &Piece| {
            if style.bg == hit.bg && hit.bg.is_some() { format!("[{text}]") } else { text.to_string() }
        };
        let state = State::new(Arc::default(), chrono::DateTime::UNIX_EPOCH, (80, 24), None);
        pieces(&c, &state, &row).iter().map(mark).collect()
    }

    #[test]
    fn lines_break_between_words_and_nothing_is_lost() {
        let style = ratatui::style::Style::default();
        let wrapped = |parts: &[&'static str], columns| -> Vec<String> {
            let pieces: Vec<Piece> = parts.iter().map(|part| ((*part).into(), style)).collect();
            let lines = wrap(&pieces, columns);
            lines.iter().map(|line| line.iter().map(|(text, _)| text.as_ref()).collect()).collect()
        };
        assert_eq!(wrapped(&["path=/cart st", "atus=200 dur=1"], 20), ["path=/cart ", "status=200 dur=1"]);
        assert_eq!(
            wrapped(&["a bbbbbbbbbbbbbbbbbb"], 8),
            ["a bbbbbb", "bbbbbbbb", "bbbb"],
            "a long word is cut itself"
        );
        assert_eq!(wrapped(&["日本語のログ 行です"], 8), ["日本語の", "ログ ", "行です"]);
        assert_eq!(wrapped(&[""], 8), [""]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_wrapped_is_all_there_and_fits(parts in proptest::collection::vec("[a-c 日é]{0,12}", 0..6), columns in 2_usize..30) {
            let style = ratatui::style::Style::default();
            let pieces: Vec<Piece> = parts.iter().map(|part| (part.clone().into(), style)).collect();
            let lines = wrap(&pieces, columns);
            let texts: Vec<String> = lines.iter().map(|line| line.iter().map(|(text, _)| text.as_ref()).collect()).collect();
            if lines.len() < WRAPPED {
                proptest::prop_assert_eq!(texts.concat(), parts.concat());
            }
            for text in texts {
                proptest::prop_assert!(text.trim_end().width() <= columns, "{:?}", text);
            }
        }
    }

    #[test]
    fn the_message_comes_first_then_the_fields_and_hits_are_marked_in_both() {
        let text = "level=info msg=\"cart saved\" path=/cart user=7";
        let fields = [("level", "info"), ("msg", "cart saved"), ("path", "/cart"), ("user", "7")];
        assert_eq!(shown(text, 16..26, &fields, &[]), "cart saved path=/cart user=7");
        assert_eq!(shown(text, 16..26, &fields, &[16..20, 34..38]), "[cart] saved path=/[cart] user=7");
        assert_eq!(shown("plain text", 0..10, &[], std::slice::from_ref(&(6..10))), "plain [text]");
        assert_eq!(shown("odd", 0..3, &[], &[2..99, 1..2]), "o[d][d]");
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
