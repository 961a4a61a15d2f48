//! What drawing code draws on: a buffer, the look, and the regions that the mouse and the scrolling need to know.
//!
//! All text goes through [`Canvas::put`], which makes it safe: nothing that a host sent can reach a cell otherwise.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::glyph;
use super::look::Look;
use super::theme::Role;
use crate::app::viewport::{Regions, Target};
use crate::domain::text;

/// A text and its style.
pub type Piece<'a> = (Cow<'a, str>, Style);

/// How many columns some pieces take.
pub fn width(pieces: &[Piece]) -> u16 {
    let columns: usize = pieces.iter().map(|(text, _)| text.width()).sum();
    u16::try_from(columns).unwrap_or(u16::MAX)
}

/// A buffer with a look, and what is where on it.
#[derive(Debug)]
pub struct Canvas<'a> {
    /// The look.
    pub look: &'a Look,
    /// What has been drawn.
    pub buffer: &'a mut Buffer,
    /// What fits and what is where.
    pub regions: Regions,
}

impl<'a> Canvas<'a> {
    /// An empty canvas on a buffer.
    pub fn new(look: &'a Look, buffer: &'a mut Buffer) -> Self {
        Self { look, buffer, regions: Regions::default() }
    }

    /// The style of a meaning.
    pub fn style(&self, role: Role) -> Style {
        self.look.theme().style(role)
    }

    /// A piece of text with the style of a meaning.
    pub fn piece<'t>(&self, text: impl Into<Cow<'t, str>>, role: Role) -> Piece<'t> {
        (text.into(), self.style(role))
    }

    /// Draws a text in at most so many columns; how many it took. Outside of the buffer nothing is drawn.
    pub fn put(&mut self, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if x < area.x || x >= area.right() || y < area.y || y >= area.bottom() {
            return 0;
        }
        let text = text::clean(text);
        if !text.is_ascii() {
            return self.buffer.set_stringn(x, y, text, usize::from(columns), style).0 - x;
        }
        // Most of a screen is ASCII, where every byte is a character of one column: no search for graphemes.
        let mut end = x;
        for byte in text.bytes().take(usize::from(columns.min(area.right() - x))) {
            self.buffer[(end, y)].set_char(char::from(byte)).set_style(style);
            end += 1;
        }
        end - x
    }

    /// [`Self::put`] with the style of a meaning.
    pub fn put_as(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) -> u16 {
        self.put(x, y, columns, text, self.style(role))
    }

    /// Draws pieces one after the other; how many columns they took.
    pub fn pieces(&mut self, x: u16, y: u16, columns: u16, pieces: &[Piece]) -> u16 {
        let mut used = 0;
        for (text, style) in pieces {
            if used >= columns {
                break;
            }
            used += self.put(x.saturating_add(used), y, columns - used, text, *style);
        }
        used
    }

    /// Draws pieces so that they end before column `end`; where they begin. Left of `start` they are cut.
    pub fn pieces_right(&mut self, start: u16, end: u16, y: u16, pieces: &[Piece]) -> u16 {
        let x = end.saturating_sub(width(pieces)).max(start);
        self.pieces(x, y, end.saturating_sub(x), pieces);
        x
    }

    /// Whether there is room for so many columns of figures on a rule beside its title.
    pub fn rule_fits(area: Rect, title: &[Piece], figures: usize) -> bool {
        // A lead of three, a blank behind the title; a blank on each side of the figures and a bit of line at the end.
        usize::from(width(title)) + figures + 8 <= usize::from(area.width)
    }

    /// The thin rule over a pane: its title on the left, its figures on the right. The figures give way to the title.
    pub fn rule(&mut self, area: Rect, title: &[Piece], figures: &[Piece], focused: bool) {
        let line = self.style(if focused { Role::RuleFocused } else { Role::Rule });
        let lines = glyph::RULE.repeat(usize::from(area.width));
        self.put(area.x, area.y, area.width, &lines, line);
        let end = area.right();
        let mut x = area.x;
        if !title.is_empty() && area.width > 4 {
            let room = area.width - 4;
            self.clear(Rect { x: area.x + 3, width: width(title).min(room), ..area });
            self.put(x + 2, area.y, 1, " ", line);
            x += 3 + self.pieces(x + 3, area.y, room, title);
            x += self.put(x, area.y, 1, " ", line);
        }
        let needed = width(figures) + 4;
        if !figures.is_empty() && x + needed <= end {
            let from = end - needed + 1;
            self.clear(Rect { x: from, width: needed - 2, ..area });
            self.pieces(from + 1, area.y, needed - 4, figures);
            self.put(end - 2, area.y, 1, " ", line);
        }
    }

    /// [`Self::rule`] with a plain title and dim figures.
    pub fn titled(&mut self, area: Rect, title: &str, figures: &str, focused: bool) {
        let figures: &[Piece] = if figures.is_empty() { &[] } else { &[self.piece(figures, Role::Dim)] };
        self.rule(area, &[self.piece(title, Role::Title)], figures, focused);
    }

    /// Lets a drawn row stand out that is selected.
    pub fn chosen(&mut self, line: Rect, is: bool) {
        if is {
            self.put_as(line.x, line.y, 1, glyph::CURSOR, Role::Key);
            self.over(line, Role::Selection);
        }
    }

    /// Lays the style of a meaning over what is drawn there. What has a ground of its own, such as a hit, keeps it: its
    /// letters would be lost on another. Where the style only reverses, what was reversed stands out by not being so,
    /// and colours, whose contrast nobody knows when they are a ground, give way.
    pub fn over(&mut self, area: Rect, role: Role) {
        let style = self.style(role);
        let reverses = style.add_modifier.contains(Modifier::REVERSED);
        for position in area.intersection(self.buffer.area).positions() {
            let cell = &mut self.buffer[position];
            if cell.bg != Color::Reset {
                continue;
            }
            let reversed = cell.modifier.contains(Modifier::REVERSED);
            cell.set_style(style);
            if reverses {
                cell.fg = Color::Reset;
                cell.modifier.remove(Modifier::DIM);
                cell.modifier.set(Modifier::REVERSED, !reversed);
            }
        }
    }

    /// Marks the characters that were typed in a text that is drawn from column `x` on; each takes one column there.
    pub fn mark(&mut self, x: u16, y: u16, columns: u16, characters: &[usize]) {
        let style = self.style(Role::Key);
        for at in characters.iter().filter_map(|at| u16::try_from(*at).ok()).filter(|at| *at < columns) {
            if let Some(cell) = self.buffer.cell_mut((x + at, y)) {
                cell.set_style(style);
            }
        }
    }

    /// Empties a part of the screen.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            self.buffer[position].reset();
        }
    }

    /// Makes everything drawn so far dim, so that what lies over it stands out.
    pub fn dim(&mut self) {
        let style = self.style(Role::Dim);
        for cell in &mut self.buffer.content {
            cell.set_style(Style::reset().patch(style));
        }
    }

    /// What the mouse finds there.
    pub fn target(&mut self, area: Rect, target: Target) {
        self.regions.targets.push((area, target));
    }
}

/// One row of an area; empty when the area has fewer.
pub fn row(area: Rect, n: u16) -> Rect {
    if n < area.height {
        Rect { y: area.y + n, height: 1, ..area }
    } else {
        Rect { y: area.bottom(), height: 0, ..area }
    }
}

/// An area without its first rows.
pub fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// An area's first rows.
pub fn top(area: Rect, rows: u16) -> Rect {
    Rect { height: rows.min(area.height), ..area }
}

/// Two areas side by side with a blank column between them, the left one of so many columns.
pub fn split(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    let right = (left + 1).min(area.width);
    (Rect { width: left, ..area }, Rect { x: area.x + right, width: area.width - right, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(columns: u16, draw: impl FnOnce(&mut Canvas)) -> String {
        let look = Look::default();
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, 1));
        draw(&mut Canvas::new(&look, &mut buffer));
        buffer.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn a_rule_has_its_title_left_and_its_figures_right_and_lets_go_of_them_when_narrow() {
        for (columns, expected) in [
            (30, "── Hosts ────────────── 5 up ─"),
            (18, "── Hosts ── 5 up ─"),
            (16, "── Hosts ───────"),
            (8, "── Host "),
            (3, "───"),
        ] {
            assert_eq!(drawn(columns, |c| c.titled(Rect::new(0, 0, columns, 1), "Hosts", "5 up", false)), expected);
        }
    }

    #[test]
    fn a_hit_stays_legible_on_the_selected_row() {
        let look = Look::default();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        let mut c = Canvas::new(&look, &mut buffer);
        c.put_as(0, 0, 3, "hit", Role::Hit);
        c.put_as(3, 0, 3, "row", Role::Text);
        c.over(Rect::new(0, 0, 6, 1), Role::Selection);
        let (hit, selection) = (look.theme().style(Role::Hit), look.theme().style(Role::Selection));
        assert_eq!((Some(buffer[(0, 0)].bg), Some(buffer[(0, 0)].fg)), (hit.bg, hit.fg));
        assert_eq!(Some(buffer[(3, 0)].bg), selection.bg);
    }

    #[test]
    fn without_colours_a_hit_on_the_selected_row_stands_out_by_more_than_its_weight() {
        use crate::ui::keymap::Keymap;
        use crate::ui::theme::{Theme, colors::Colors};
        let look = Look::new(&Theme::default(), Colors::None, Keymap::default());
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        let mut c = Canvas::new(&look, &mut buffer);
        c.put_as(0, 0, 2, "hi", Role::Hit);
        c.put_as(2, 0, 2, "di", Role::Dim);
        c.put_as(4, 0, 2, "ro", Role::Text);
        let reversed = |buffer: &Buffer, x| buffer[(x, 0)].modifier.contains(Modifier::REVERSED);
        assert!(reversed(c.buffer, 0) && !reversed(c.buffer, 4), "a hit is seen on any row");
        c.over(Rect::new(0, 0, 6, 1), Role::Selection);
        assert!(!reversed(c.buffer, 0) && reversed(c.buffer, 2) && reversed(c.buffer, 4));
        assert!(!c.buffer[(2, 0)].modifier.contains(Modifier::DIM), "what is dim is legible there");
    }

    #[test]
    fn nothing_unsafe_reaches_a_cell_and_nothing_is_drawn_outside() {
        let unsafe_text = "a\u{1b}[31m\u{202e}b\tc";
        let inside = |c: &mut Canvas| _ = c.put(0, 0, 8, unsafe_text, Style::new());
        assert_eq!(drawn(8, inside), "a␛[31m\u{fffd}b");
        let outside = |c: &mut Canvas| _ = c.put(5, 0, 8, "x", Style::new()) + c.put(0, 5, 8, "x", Style::new());
        assert_eq!(drawn(2, outside), "  ");
    }
}
