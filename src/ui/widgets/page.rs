//! The page of one row: what is known of it, line by line, scrolling as a whole.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::theme::Role;

/// Columns of the names on the left.
const NAMES: u16 = 14;

/// A line of a page.
pub enum Line<'t> {
    /// A name and what it is.
    Pair(&'static str, Vec<Piece<'t>>),
    /// A text, wrapped at words.
    Text(String),
    /// Pieces as they are, cut where the page ends.
    Raw(Vec<Piece<'t>>),
    /// A title of what follows.
    Title(String),
    /// Nothing.
    Blank,
}

/// Draws a page under its rule.
pub fn draw(c: &mut Canvas, area: Rect, title: &str, figures: &str, lines: &[Line], scroll: u16) {
    c.titled(row(area, 0), title, figures, true);
    let rest = below(area, 1);
    let columns = usize::from(rest.width.saturating_sub(3));
    let mut rows: Vec<(&'static str, Vec<Piece>)> = Vec::new();
    for line in lines {
        match line {
            Line::Pair(name, pieces) => {
                let text: String = pieces.iter().map(|(text, _)| text.as_ref()).collect();
                let room = columns.saturating_sub(usize::from(NAMES));
                if text.width() <= room {
                    rows.push((name, pieces.clone()));
                } else {
                    let style = pieces.first().map_or_else(|| c.style(Role::Text), |(_, style)| *style);
                    for (n, part) in words(&text, room).into_iter().enumerate() {
                        rows.push((if n == 0 { name } else { "" }, vec![(part.into(), style)]));
                    }
                }
            }
            Line::Text(text) => {
                rows.extend(words(text, columns).into_iter().map(|part| ("\0", vec![c.piece(part, Role::Text)])));
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

/// A text in lines of at most so many columns, broken at blanks where it can be.
pub fn words(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word;
        loop {
            let line = lines.last_mut().expect("there is always one");
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() <= columns {
                line.push_str(if gap == 1 { " " } else { "" });
                line.push_str(word);
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            // A word that is longer than a line is cut.
            let (mut end, mut used) = (0, 0);
            for (at, letter) in word.char_indices() {
                used += letter.to_string().width();
                if used > columns.max(1) && at > 0 {
                    break;
                }
                end = at + letter.len_utf8();
            }
            line.push_str(&word[..end]);
            word = &word[end..];
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_broken_at_blanks_and_long_words_anywhere() {
        assert_eq!(words("to be or not", 5), ["to be", "or", "not"]);
        assert_eq!(words("https://example.com x", 8), ["https://", "example.", "com x"]);
        assert_eq!(words("", 5), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[a-zé日 ]{0,60}", columns in 2usize..20) {
            let lines = words(&text, columns);
            prop_assert!(lines.iter().all(|line| line.width() <= columns));
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
