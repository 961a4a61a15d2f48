//! Columns that hold still: which of them fit, where they stand.

use crate::ui::canvas::{Canvas, Piece, width};
use crate::ui::theme::Role;

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its title, with the unit of its figures.
    pub title: &'static str,
    /// How wide it is.
    pub width: u16,
    /// Figures stand at the right of their column.
    pub right: bool,
    /// Which columns go first when there is no room: those of the greatest rank.
    pub rank: u8,
}

impl Column {
    /// A column of text.
    pub const fn text(title: &'static str, width: u16, rank: u8) -> Self {
        Self { title, width, right: false, rank }
    }

    /// A column of figures.
    pub const fn figure(title: &'static str, width: u16, rank: u8) -> Self {
        Self { title, width, right: true, rank }
    }
}

/// Blanks between columns.
const GAP: u16 = 1;

/// Where each column begins; none for those that do not fit.
pub fn place(columns: &[Column], room: u16) -> Vec<Option<u16>> {
    let mut by_rank: Vec<usize> = (0..columns.len()).collect();
    by_rank.sort_by_key(|i| columns[*i].rank);
    let (mut used, mut kept) = (0_u16, vec![false; columns.len()]);
    for i in by_rank {
        let more = columns[i].width + if used == 0 { 0 } else { GAP };
        if used + more > room {
            break;
        }
        used += more;
        kept[i] = true;
    }
    let mut x = 0;
    let place = |(column, kept): (&Column, bool)| {
        kept.then(|| {
            let at = x;
            x += column.width + GAP;
            at
        })
    };
    columns.iter().zip(kept).map(place).collect()
}

/// Draws one cell of a column that begins at `x`.
pub fn cell(c: &mut Canvas, column: Column, x: u16, y: u16, pieces: &[Piece]) {
    if column.right {
        let x = x + column.width.saturating_sub(width(pieces));
        c.pieces(x, y, column.width, pieces);
    } else {
        c.pieces(x, y, column.width, pieces);
    }
}

/// Draws the titles of the columns that have their places.
pub fn titles(c: &mut Canvas, columns: &[Column], places: &[Option<u16>], x: u16, y: u16) {
    for (column, place) in columns.iter().zip(places) {
        if let Some(place) = place {
            cell(c, *column, x + place, y, &[c.piece(column.title, Role::Dim)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_by_rank_and_stay_in_their_order() {
        let columns = [Column::text("a", 4, 0), Column::figure("b", 3, 2), Column::figure("c", 3, 1)];
        assert_eq!(place(&columns, 12), [Some(0), Some(5), Some(9)]);
        assert_eq!(place(&columns, 11), [Some(0), None, Some(5)]);
        assert_eq!(place(&columns, 4), [Some(0), None, None]);
        assert_eq!(place(&columns, 3), [None, None, None]);
    }
}
