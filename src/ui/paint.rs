//! Drawing on cells: texts, rules, tables of columns. Everything is cut to its area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::format::fit;
use super::look::Look;
use super::theme::Role;
use crate::app::viewport::{Regions, Target};
use crate::domain::text::clean;

/// A buffer, how it is to look, and what turns out to be where.
pub(super) struct Painter<'b> {
    buffer: &'b mut Buffer,
    pub(super) look: &'b Look,
    pub(super) regions: Regions,
}

impl<'b> Painter<'b> {
    pub(super) fn new(buffer: &'b mut Buffer, look: &'b Look) -> Self {
        Self { buffer, look, regions: Regions::default() }
    }

    pub(super) fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    /// Text at a place of an area, cut to it; the column after it.
    pub(super) fn text(&mut self, area: Rect, x: u16, y: u16, text: &str, role: Role) -> u16 {
        let style = self.style(role);
        self.styled(area, x, y, text, style)
    }

    /// [`Painter::text`] with a style of its own.
    pub(super) fn styled(&mut self, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if y >= area.height || x >= area.width {
            return x;
        }
        let text = self.plain(text);
        let room = usize::from(area.width - x);
        let (end, _) = self.buffer.set_stringn(area.x + x, area.y + y, &text, room, style);
        end - area.x
    }

    /// Text that ends at the right edge.
    pub(super) fn right(&mut self, area: Rect, y: u16, text: &str, role: Role) {
        let width = u16::try_from(unicode_width::UnicodeWidthStr::width(text)).unwrap_or(area.width).min(area.width);
        self.text(area, area.width - width, y, text, role);
    }

    /// A cell of a table: left or right aligned in so many columns; the column after it and a blank.
    pub(super) fn cell(
        &mut self,
        area: Rect,
        (x, y): (u16, u16),
        text: &str,
        width: u16,
        right: bool,
        role: Role,
    ) -> u16 {
        let text = fit(&clean(text), usize::from(width));
        let used = u16::try_from(unicode_width::UnicodeWidthStr::width(text.as_str())).unwrap_or(width);
        let at = if right { x + width.saturating_sub(used) } else { x };
        self.text(area, at, y, &text, role);
        x + width + 1
    }

    /// A thin rule with its title on the left and its figures on the right.
    pub(super) fn rule(&mut self, area: Rect, y: u16, title: &str, figures: &str, focused: bool) {
        let (line, role) =
            (if self.look.ascii { "-" } else { "─" }, if focused { Role::RuleFocused } else { Role::Rule });
        self.text(area, 0, y, &line.repeat(usize::from(area.width)), role);
        let x = self.text(area, 3, y, &format!(" {} ", clean(title)), Role::Accent);
        let figures = fit(&clean(figures), usize::from(area.width.saturating_sub(x + 4)));
        if !figures.is_empty() {
            let width = u16::try_from(unicode_width::UnicodeWidthStr::width(figures.as_str())).unwrap_or(0);
            self.text(area, area.width.saturating_sub(width + 4), y, &format!(" {figures} "), Role::Dim);
        }
    }

    /// Gives a row the look of the selected one.
    pub(super) fn select(&mut self, area: Rect, y: u16) {
        let style = self.style(Role::Selection);
        if y < area.height {
            self.buffer.set_style(Rect::new(area.x, area.y + y, area.width, 1), style);
        }
    }

    /// Marks what is at a row of an area, for the mouse.
    pub(super) fn target(&mut self, area: Rect, y: u16, target: Target) {
        if y < area.height {
            self.regions.targets.push((Rect::new(area.x, area.y + y, area.width, 1), target));
        }
    }

    /// Marks a part of a row.
    pub(super) fn target_span(&mut self, area: Rect, from: u16, to: u16, y: u16, target: Target) {
        if y < area.height && from < to {
            self.regions.targets.push((Rect::new(area.x + from, area.y + y, to - from, 1), target));
        }
    }

    /// An empty box over a dimmed screen; what is inside it.
    pub(super) fn dialog(&mut self, screen: Rect, width: u16, height: u16, title: &str, role: Role) -> Rect {
        let dim = self.style(Role::Dim);
        self.buffer.set_style(screen, dim);
        let (width, height) = (width.min(screen.width), height.min(screen.height));
        let area =
            Rect::new(screen.x + (screen.width - width) / 2, screen.y + (screen.height - height) / 2, width, height);
        let [tl, tr, bl, br, h, v] =
            if self.look.ascii { ["+", "+", "+", "+", "-", "|"] } else { ["┌", "┐", "└", "┘", "─", "│"] };
        let inner = usize::from(width.saturating_sub(2));
        for y in 0..height {
            let line = if y == 0 {
                format!("{tl}{}{tr}", h.repeat(inner))
            } else if y + 1 == height {
                format!("{bl}{}{br}", h.repeat(inner))
            } else {
                format!("{v}{}{v}", " ".repeat(inner))
            };
            for x in 0..width {
                self.buffer[(area.x + x, area.y + y)].reset();
            }
            self.text(area, 0, y, &line, role);
        }
        self.text(area, 2, 0, &format!(" {} ", clean(title)), Role::Strong);
        Rect::new(area.x + 2, area.y + 1, width.saturating_sub(4), height.saturating_sub(2))
    }

    /// The text with glyphs that an ASCII screen has.
    fn plain(&self, text: &str) -> String {
        let text = clean(text);
        if !self.look.ascii {
            return text.into_owned();
        }
        text.chars()
            .map(|c| match c {
                '—' | '─' => '-',
                '…' => '~',
                '·' => '.',
                '●' => '*',
                '○' => 'o',
                '▲' => '!',
                '▼' => 'v',
                '⇄' => '=',
                '█' | '▇' | '▆' => '#',
                '░' => '.',
                '▁' => '_',
                '▂' | '▃' | '▄' | '▅' => '=',
                c if c.is_ascii() => c,
                _ => '?',
            })
            .collect()
    }
}
