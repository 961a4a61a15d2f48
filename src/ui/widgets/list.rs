//! A list of rows that have ids: its columns, its scrolling, the selected row and the mouse.

use ratatui::layout::Rect;

use super::table::{Column, cell, place, titles};
use crate::app::board::{Board, Pane};
use crate::app::viewport::Target;
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// A list as it is to be drawn.
pub struct List<'l> {
    /// The tab's state.
    pub board: &'l Board,
    /// Which list it is.
    pub pane: Pane,
    /// Whether it has the keys.
    pub focused: bool,
    /// Its columns; the one without a width gets what the others leave.
    pub columns: &'l [Column],
    /// The row at which the time cursor stands.
    pub marked: Option<usize>,
}

/// Least width of the column that gets what is left.
const LEAST: u16 = 16;

impl List<'_> {
    /// Draws titles and rows; says how many rows fit when the list has the keys. The row of index `n` is made by `make`, so
    /// that only those on the screen are.
    pub fn draw<'t>(
        &self,
        c: &mut Canvas,
        area: Rect,
        count: usize,
        ids: &[String],
        make: impl Fn(&Canvas, usize, &[u16]) -> Vec<Vec<Piece<'t>>>,
    ) {
        let room = area.width.saturating_sub(2);
        let mut columns = self.columns.to_vec();
        stretch(&mut columns, room);
        let places = place(&columns, room);
        titles(c, &columns, &places, area.x + 1, area.y);
        let rest = below(area, 1);
        let fits = usize::from(rest.height);
        if self.focused {
            c.regions.viewport.list_rows = fits;
        }
        let list = self.board.list(self.pane);
        let chosen = list.selected.as_ref().and_then(|id| ids.iter().position(|other| other == id)).unwrap_or(0);
        let scroll = list.scroll.min(count.saturating_sub(fits));
        let widths: Vec<u16> = columns.iter().map(|column| column.width).collect();
        for (line, n) in (scroll..count).take(fits).enumerate() {
            let at = row(rest, line as u16);
            let cells = make(c, n, &widths);
            for ((column, place), pieces) in columns.iter().zip(&places).zip(&cells) {
                if let Some(place) = place {
                    cell(c, *column, at.x + 1 + place, at.y, pieces);
                }
            }
            c.chosen(at, self.focused && n == chosen);
            if self.marked == Some(n) {
                c.put_as(at.right().saturating_sub(1), at.y, 1, glyph::BACK, Role::Key);
            }
            if let Some(id) = ids.get(n) {
                c.target(at, Target::Item(self.pane, id.clone()));
            }
        }
    }
}

/// Gives the column without a width what those that fit beside its least leave.
fn stretch(columns: &mut [Column], room: u16) {
    let Some(at) = columns.iter().position(|column| column.width == 0) else { return };
    columns[at].width = LEAST;
    let places = place(columns, room);
    let used: u16 =
        columns.iter().zip(&places).filter(|(_, place)| place.is_some()).map(|(column, _)| column.width + 1).sum();
    columns[at].width = LEAST + (room + 1).saturating_sub(used);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_to_the_column_without_a_width() {
        let columns = [Column::text("a", 4, 1), Column::text("b", 0, 0), Column::figure("c", 6, 2)];
        for (room, width) in [(60, 48), (28, 16), (27, 22)] {
            let mut columns = columns;
            stretch(&mut columns, room);
            assert_eq!(columns[1].width, width, "{room}");
        }
    }
}
