//! A graph of braille dots: two points a column, four dots a row. A gap in the series is a gap in the graph.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::domain::series::Series;
use crate::ui::canvas::Canvas;
use crate::ui::glyph::{SIDE, braille};
use crate::ui::theme::Role;

/// Draws the newest points of a series, the newest at the right edge; `top` is the full height. Where the time cursor
/// stands a line goes through it.
pub fn draw(c: &mut Canvas, area: Rect, series: &Series, top: f64, role: Role, cursor: Option<DateTime<Utc>>) {
    let points = series.tail(usize::from(area.width) * 2);
    let dots = u32::from(area.height) * 4;
    // What is known is seen: at least one dot.
    let height = |value: Option<f64>| {
        value.map_or(0, |v| if top > 0.0 { ((v / top * f64::from(dots)).round() as u32).clamp(1, dots) } else { 1 })
    };
    for row in 0..area.height {
        let under = u32::from(area.height - 1 - row) * 4;
        let part = |value: Option<f64>| height(value).saturating_sub(under).min(4) as u8;
        let line: String = points.chunks(2).map(|pair| blank(braille(part(pair[0]), part(pair[1])))).collect();
        c.put_as(area.x, area.y + row, area.width, &line, role);
    }
    let column = cursor.and_then(|at| series.column_of(at, usize::from(area.width) * 2));
    if let Some(x) = column.map(|column| area.x + (column / 2) as u16) {
        for y in area.y..area.bottom() {
            if c.buffer[(x, y)].symbol() == " " {
                c.put_as(x, y, 1, SIDE, Role::Key);
            } else {
                c.buffer[(x, y)].modifier.insert(Modifier::REVERSED);
            }
        }
    }
}

/// An empty braille cell is a blank, so that it costs nothing to draw or copy.
fn blank(cell: char) -> char {
    if cell == '\u{2800}' { ' ' } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::look::Look;
    use chrono::DateTime;
    use ratatui::buffer::Buffer;

    #[test]
    fn a_gap_is_drawn_as_a_gap() {
        let mut series = Series::new(16);
        for (s, value) in [(1, Some(0.0)), (2, Some(100.0)), (3, None), (4, Some(50.0)), (5, Some(50.0))] {
            series.push(DateTime::from_timestamp(s, 0).unwrap(), value);
        }
        let (look, area) = (Look::default(), Rect::new(0, 0, 4, 2));
        let mut buffer = Buffer::empty(area);
        draw(&mut Canvas::new(&look, &mut buffer), area, &series, 100.0, Role::Graph, None);
        assert_eq!(buffer[(3, 0)].symbol(), " ", "half height fills the lower row only");
        assert_eq!(buffer[(3, 1)].symbol(), "⣿");
        assert_eq!(buffer[(2, 1)].symbol(), "⡇", "the gap is in the right half of its column");
        let at = DateTime::from_timestamp(1, 0);
        draw(&mut Canvas::new(&look, &mut buffer), area, &series, 100.0, Role::Graph, at);
        assert_eq!(buffer[(1, 0)].symbol(), SIDE, "a line where the cursor stands");
        assert!(buffer[(1, 1)].modifier.contains(Modifier::REVERSED), "and what was there is still to be seen");
    }
}
