//! A terminal's screen as an SVG picture that any browser shows, README viewers too: no script, no outside font.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// Size of a character cell in pixels; close to that of common monospaced fonts at 14 px.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;
const BACKGROUND: Rgb = Rgb(0x16, 0x18, 0x1d);
const FOREGROUND: Rgb = Rgb(0xd5, 0xd8, 0xde);

/// The sixteen colours that a terminal chooses itself.
const PALETTE: [Rgb; 16] = [
    Rgb(0x1d, 0x20, 0x26),
    Rgb(0xf0, 0x6a, 0x6a),
    Rgb(0x7f, 0xc9, 0x7f),
    Rgb(0xe5, 0xc0, 0x6b),
    Rgb(0x6c, 0xa8, 0xf0),
    Rgb(0xc4, 0x8f, 0xe0),
    Rgb(0x5f, 0xc4, 0xc4),
    Rgb(0xd5, 0xd8, 0xde),
    Rgb(0x7a, 0x80, 0x8c),
    Rgb(0xff, 0x8c, 0x8c),
    Rgb(0xa0, 0xe3, 0xa0),
    Rgb(0xff, 0xd8, 0x8a),
    Rgb(0x94, 0xc2, 0xff),
    Rgb(0xda, 0xb0, 0xf2),
    Rgb(0x8a, 0xe0, 0xe0),
    Rgb(0xff, 0xff, 0xff),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb(u8, u8, u8);

impl std::fmt::Display for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

fn rgb(color: Color, default: Rgb) -> Rgb {
    match color {
        Color::Default => default,
        Color::Rgb(r, g, b) => Rgb(r, g, b),
        Color::Idx(i @ 0..=15) => PALETTE[usize::from(i)],
        // xterm's cube of 6x6x6, then its greys.
        Color::Idx(i @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = i - 16;
            Rgb(level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        Color::Idx(i) => Rgb(8 + 10 * (i - 232), 8 + 10 * (i - 232), 8 + 10 * (i - 232)),
    }
}

/// How a run of cells looks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    text: Rgb,
    ground: Rgb,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (text, ground) = (rgb(cell.fgcolor(), FOREGROUND), rgb(cell.bgcolor(), BACKGROUND));
        let (text, ground) = if cell.inverse() { (ground, text) } else { (text, ground) };
        Self { text, ground, bold: cell.bold(), dim: cell.dim(), italic: cell.italic(), underline: cell.underline() }
    }
}

/// Draws a screen.
pub fn draw(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f64::from(columns) * CELL.0 + 2.0 * MARGIN, f64::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\">\n\
         <title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace\" font-size=\"14\" \
         xml:space=\"preserve\">\n",
        escape(title)
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let begin = column;
            let mut text = String::new();
            let look = screen.cell(row, begin).map(Look::of);
            while column < columns && screen.cell(row, column).map(Look::of) == look {
                match screen.cell(row, column) {
                    Some(cell) if cell.is_wide_continuation() => {}
                    Some(cell) if cell.has_contents() => text += cell.contents(),
                    _ => text.push(' '),
                }
                column += 1;
            }
            if let Some(look) = look {
                run(&mut svg, row, begin, column - begin, &text, look);
            }
        }
    }
    svg += "</g>\n</svg>\n";
    svg
}

/// One run of cells that look alike.
fn run(svg: &mut String, row: u16, column: u16, cells: u16, text: &str, look: Look) {
    let (x, y) = (MARGIN + f64::from(column) * CELL.0, MARGIN + f64::from(row) * CELL.1);
    let width = f64::from(cells) * CELL.0;
    // Writing to a String cannot fail.
    if look.ground != BACKGROUND {
        let (height, ground) = (CELL.1, look.ground);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{ground}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    for (on, attribute) in [
        (look.bold, " font-weight=\"bold\""),
        (look.dim, " opacity=\"0.6\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
    ] {
        style += if on { attribute } else { "" };
    }
    // The length is given so that columns stay columns in whatever font there is.
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{style}>{}</text>",
        y + 13.5,
        look.text,
        escape(text)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
