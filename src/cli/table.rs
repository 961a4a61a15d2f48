//! Aligned columns for a terminal or a pipe.

use unicode_width::UnicodeWidthStr;

use super::paint::Paint;

/// Rows under a header, each column as wide as its widest cell, two blanks between, nothing behind the last.
#[derive(Clone, Debug)]
pub struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
    /// Whether words for how something is are coloured.
    colored: bool,
}

impl Table {
    /// A table with these titles; those that begin with `>` head right-aligned columns (numbers).
    pub fn new(titles: &[&str]) -> Self {
        let right = titles.iter().map(|title| title.starts_with('>')).collect();
        let titles = titles.iter().map(|title| title.trim_start_matches('>').to_owned()).collect();
        Self { right, rows: vec![titles], colored: false }
    }

    /// The same with colours on words for how something is, where they are wanted.
    pub fn colored(mut self, colored: bool) -> Self {
        self.colored = colored;
        self
    }

    /// Adds a row; cells are texts safe to show.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The text, or where there is no row these words: a header alone says nothing.
    pub fn render_or(&self, words: &str) -> String {
        if self.rows.len() > 1 { self.render() } else { format!("{words}\n") }
    }

    /// The text, a line a row.
    pub fn render(&self) -> String {
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.right.len()).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&self.right) {
                let pad = " ".repeat(width.saturating_sub(cell.width()));
                let cell = Paint::of_state(cell).map_or_else(|| cell.clone(), |paint| paint.on(cell, self.colored));
                line += &if *right { pad + &cell } else { cell + &pad };
                line += "  ";
            }
            out += line.trim_end();
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_with_their_text() {
        let mut table = Table::new(&["HOST", ">CPU%", "WHY"]);
        table.row(["web-1", "7", ""].map(str::to_owned));
        table.row(["日本", "100", "x"].map(str::to_owned));
        let mut colors = Table::new(&["HOST", "STATE", "AGE"]).colored(true);
        colors.row(["web-1", "up", "1s"].map(str::to_owned));
        assert_eq!(colors.render(), "HOST   STATE  AGE\nweb-1  \x1b[32mup\x1b[0m     1s\n");
        assert_eq!(Table::new(&["HOST"]).render_or("no hosts"), "no hosts\n");
        assert_eq!(table.render_or("no hosts"), table.render());
        assert_eq!(table.render(), "HOST   CPU%  WHY\nweb-1     7\n日本    100  x\n");
    }
}
