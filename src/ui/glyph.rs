//! THE table of glyphs: everything drawn that is not ASCII, with its ASCII twin.
//!
//! Drawing code uses these constants (or text from outside); `--ascii` exchanges them in one pass over the finished
//! picture, so that nothing else has to know. All are one column wide everywhere, but for those that Unicode calls
//! "ambiguous": East Asian terminals may be set to draw them wide. Lines, bars and the dash have no twin that is not.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

/// Unknown: never 0, never green.
pub const UNKNOWN: &str = "—";
/// As it should be.
pub const GOOD: &str = "●";
/// Not known yet, or quiet.
pub const HOLLOW: &str = "○";
/// Something is wrong.
pub const BAD: &str = "▲";
/// Old.
pub const STALE: &str = "◇";
/// Needs a person before it can go on.
pub const LOCKED: &str = "◆";
/// Dialing.
pub const DIALING: &str = "◌";
/// Sorted or moving up.
pub const UP: &str = "▴";
/// Sorted or moving down.
pub const DOWN: &str = "▾";
/// What the cursor is at.
pub const CURSOR: &str = "▸";
/// Late, or from before.
pub const BACK: &str = "◂";
/// Away and back again.
pub const AWAY: &str = "⇄";
/// Becomes.
pub const ARROW: &str = "→";
/// Between things of equal rank.
pub const DOT: &str = "·";
/// Times.
pub const TIMES: &str = "×";
/// Something is cut off.
pub const MORE: &str = "…";
/// A typed secret.
pub const SECRET: &str = "•";
/// Done.
pub const CHECK: &str = "✓";
/// Thin rules.
pub const RULE: &str = "─";
/// Sides of a dialog.
pub const SIDE: &str = "│";
/// Corners of a dialog: top left, top right, bottom left, bottom right.
pub const CORNERS: [&str; 4] = ["┌", "┐", "└", "┘"];
/// Eight heights of a bar.
pub const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// The part of a bar that is not filled.
pub const EMPTY: &str = "░";

/// Every glyph with its ASCII twin.
pub const TABLE: &[(&str, &str)] = &[
    (UNKNOWN, "-"),
    (GOOD, "*"),
    (HOLLOW, "o"),
    (BAD, "!"),
    (STALE, "?"),
    (LOCKED, "#"),
    (DIALING, "."),
    (UP, "^"),
    (DOWN, "v"),
    (CURSOR, ">"),
    (BACK, "<"),
    (AWAY, "%"),
    (ARROW, ">"),
    (DOT, "|"),
    (TIMES, "x"),
    (MORE, "~"),
    (SECRET, "*"),
    (CHECK, "+"),
    (RULE, "-"),
    (SIDE, "|"),
    (CORNERS[0], "+"),
    (CORNERS[1], "+"),
    (CORNERS[2], "+"),
    (CORNERS[3], "+"),
    (BARS[0], "_"),
    (BARS[1], "_"),
    (BARS[2], "."),
    (BARS[3], "-"),
    (BARS[4], "-"),
    (BARS[5], "="),
    (BARS[6], "="),
    (BARS[7], "#"),
    (EMPTY, "."),
];

/// The braille cell whose left and right columns are filled to so many of four dots.
pub fn braille(left: u8, right: u8) -> char {
    const LEFT: [u32; 5] = [0, 0x40, 0x44, 0x46, 0x47];
    const RIGHT: [u32; 5] = [0, 0x80, 0xa0, 0xb0, 0xb8];
    let dots = LEFT[usize::from(left.min(4))] | RIGHT[usize::from(right.min(4))];
    char::from_u32(0x2800 + dots).unwrap_or(' ')
}

/// The ASCII twin of what one cell holds.
fn ascii(symbol: &str) -> &'static str {
    if let Some((_, twin)) = TABLE.iter().find(|(glyph, _)| *glyph == symbol) {
        return twin;
    }
    match symbol.chars().next().map(u32::from) {
        // Braille graphs: the number of dots says how much there is.
        Some(dots @ 0x2800..=0x28ff) => {
            [" ", ".", ".", ":", ":", "|", "|", "#", "#"][(dots & 0xff).count_ones() as usize]
        }
        _ => "?",
    }
}

/// Exchanges everything that is not ASCII, in what was drawn and in what hosts sent.
pub fn to_ascii(buffer: &mut Buffer) {
    let mut wide = 0;
    for cell in &mut buffer.content {
        if wide > 0 {
            // The hidden half of a wide character.
            wide -= 1;
            cell.set_symbol(" ");
        } else if !cell.symbol().is_ascii() {
            wide = cell.symbol().width().saturating_sub(1);
            let twin = ascii(cell.symbol());
            cell.set_symbol(twin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    /// Glyphs that Unicode calls ambiguous and for which there is nothing better.
    const AMBIGUOUS: &str = "—●○▲◇◆→·×…•─│┌┐└┘▁▂▃▄▅▆▇█";

    #[test]
    fn every_glyph_is_one_column_wide_and_has_an_ascii_twin() {
        for (glyph, twin) in TABLE {
            assert_eq!(glyph.width(), 1, "{glyph}");
            assert_eq!(glyph.chars().count(), 1, "{glyph}: no emoji selectors");
            assert!(glyph.width_cjk() == 1 || AMBIGUOUS.contains(glyph), "{glyph} may be drawn wide");
            assert!(twin.len() == 1 && twin.is_ascii(), "{glyph}");
        }
        for dots in 0x2800..=0x28ff_u32 {
            let glyph = char::from_u32(dots).unwrap().to_string();
            assert_eq!((glyph.width(), glyph.width_cjk()), (1, 1));
        }
    }

    #[test]
    fn ascii_mode_leaves_only_ascii_and_moves_nothing() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "●日本 é▁⣿ end", Style::new());
        to_ascii(&mut buffer);
        let text: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(text, "*? ?  ?_# en");
    }

    #[test]
    fn braille_fills_from_below() {
        assert_eq!((braille(0, 0), braille(4, 4), braille(1, 2)), ('\u{2800}', '⣿', '⣠'));
    }
}
