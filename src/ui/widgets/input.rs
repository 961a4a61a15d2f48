//! A line of text that is being typed, with its cursor always in sight.

use ratatui::layout::Rect;
use tui_textarea::TextArea;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::input::text_of;
use crate::ui::canvas::Canvas;
use crate::ui::theme::Role;

/// Draws a line editor in so many columns; how many it took.
pub fn draw(c: &mut Canvas, x: u16, y: u16, columns: u16, input: &TextArea) -> u16 {
    let used = line(c, x, y, columns, text_of(input), input.cursor().1);
    if input.is_selecting() {
        c.over(Rect { x, y, width: used, height: 1 }, Role::Selection);
    }
    used
}

/// Draws a text with a cursor before its character `at`.
pub fn line(c: &mut Canvas, x: u16, y: u16, columns: u16, text: &str, at: usize) -> u16 {
    let byte = text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    let (before, after) = text.split_at(byte);
    let under = after.graphemes(true).next().unwrap_or(" ");
    // What stands before the cursor is cut from its front, so that the cursor stays in sight.
    let room = usize::from(columns).saturating_sub(under.width().max(1));
    let mut start = 0;
    for (i, grapheme) in before.grapheme_indices(true) {
        if before[start..].width() <= room {
            break;
        }
        start = i + grapheme.len();
    }
    let mut used = c.put_as(x, y, columns, &before[start..], Role::Text);
    used += c.put_as(x + used, y, columns.saturating_sub(used), under, Role::Cursor);
    let rest = after.get(under.len()..).unwrap_or("");
    used + c.put_as(x + used, y, columns.saturating_sub(used), rest, Role::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::look::Look;
    use ratatui::buffer::Buffer;

    #[test]
    fn the_cursor_stays_in_sight() {
        for (text, at, expected, cursor) in [
            ("", 0, "", 0),
            ("ab", 2, "ab", 2),
            ("abcdef", 6, "def", 3),
            ("abcdef", 1, "abcd", 1),
            ("日本語", 3, "語", 2),
            ("日本語", 2, "本語", 2),
        ] {
            let (look, mut buffer) = (Look::default(), Buffer::empty(Rect::new(0, 0, 4, 1)));
            line(&mut Canvas::new(&look, &mut buffer), 0, 0, 4, text, at);
            let drawn: String =
                buffer.content.iter().map(|cell| cell.symbol()).filter(|symbol| *symbol != " ").collect();
            let reversed = ratatui::style::Modifier::REVERSED;
            let found = buffer.content.iter().position(|cell| cell.modifier.contains(reversed));
            assert_eq!((drawn.as_str(), found), (expected, Some(cursor)), "{text} {at}");
        }
    }
}
