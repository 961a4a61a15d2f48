//! The page of one row: what is known of it, line by line, scrolling as a whole.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::format::wrap;
use crate::ui::theme::Role;

/// Columns of the names on the left.
const NAMES: u16 = 14;
/// Columns of the labels of a plan.
const LABELS: usize = 12;

/// A line of a page.
pub enum Line<'t> {
    /// A name and what it is.
    Pair(&'static str, Vec<Piece<'t>>),
    /// A line of a plan: its label, and a text that is wrapped beside it.
    Plan(String, String),
    /// A text, wrapped at words.
    Text(String),
    /// Pieces as they are, cut where the page ends.
    Raw(Vec<Piece<'t>>),
    /// A title of what follows.
    Title(String),
    /// Nothing.
    Blank,
}

impl Line<'_> {
    /// A line of a plan's page.
    pub fn of_plan(line: &str) -> Self {
        let (label, text) = labelled(line);
        Self::Plan(label.to_owned(), text.to_owned())
    }
}

/// A line of a plan's page, cut into its label, in twelve columns or as long as it is, and its text.
pub fn labelled(line: &str) -> (&str, &str) {
    let at = line.char_indices().nth(LABELS).map_or(line.len(), |(at, _)| at);
    // A name that is longer than the column of labels is not torn.
    let at = line[at..].find(' ').map_or(line.len(), |more| at + more);
    let (label, text) = line.split_at(at);
    (label.trim_end(), text.trim_start())
}

/// Draws a page under its rule.
pub fn draw(c: &mut Canvas, area: Rect, title: &str, figures: &str, lines: &[Line], scroll: u16) {
    c.titled(row(area, 0), title, figures, true);
    let rest = below(area, 1);
    let columns = usize::from(rest.width.saturating_sub(3));
    let mut rows: Vec<(&str, Vec<Piece>)> = Vec::new();
    let room = columns.saturating_sub(usize::from(NAMES));
    for line in lines {
        match line {
            Line::Plan(label, text) => {
                let long = label.width() >= usize::from(NAMES);
                if long {
                    rows.push(("\0", vec![c.piece(label.clone(), Role::Dim)]));
                }
                for (n, part) in wrap(text, room).into_iter().enumerate() {
                    let label = if n == 0 && !long { label.as_str() } else { "" };
                    rows.push((label, vec![c.piece(part, Role::Text)]));
                }
            }
            Line::Pair(name, pieces) => {
                let text: String = pieces.iter().map(|(text, _)| text.as_ref()).collect();
                if text.width() <= room {
                    rows.push((name, pieces.clone()));
                } else {
                    let style = pieces.first().map_or_else(|| c.style(Role::Text), |(_, style)| *style);
                    for (n, part) in wrap(&text, room).into_iter().enumerate() {
                        rows.push((if n == 0 { name } else { "" }, vec![(part.into(), style)]));
                    }
                }
            }
            Line::Text(text) => {
                rows.extend(wrap(text, columns).into_iter().map(|part| ("\0", vec![c.piece(part, Role::Text)])));
            }
            Line::Raw(pieces) => rows.push(("\0", pieces.clone())),
            Line::Title(text) => rows.push(("\0", vec![c.piece(text.clone(), Role::Title)])),
            Line::Blank => rows.push(("", Vec::new())),
        }
    }
    c.regions.viewport.page_rows = usize::from(rest.height);
    c.regions.viewport.page_lines = rows.len();
    let most = rows.len().saturating_sub(usize::from(rest.height));
    for (n, (name, pieces)) in
        rows.iter().skip(usize::from(scroll).min(most)).take(usize::from(rest.height)).enumerate()
    {
        let at = row(rest, n as u16);
        let mut x = at.x + 1;
        // A text begins where names do.
        if *name != "\0" {
            c.put_as(x, at.y, NAMES, name, Role::Dim);
            x += NAMES;
        }
        c.pieces(x, at.y, at.right().saturating_sub(x + 1), pieces);
    }
}
