//! How many colours a terminal has, and the nearest it can show to a style.

use ratatui::style::{Color, Modifier, Style};

/// Colours of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// Red, green and blue of 256 steps each.
    True,
    /// xterm's 256.
    Indexed,
    /// The terminal's own sixteen.
    Sixteen,
    /// None: bold, dim, underline and reverse only.
    None,
}

impl Colors {
    /// What the environment says, given as data: `NO_COLOR` (any text but an empty one means none; no-color.org),
    /// `COLORTERM` and `TERM`.
    pub fn of_environment(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or("");
        if no_color.is_some_and(|value| !value.is_empty())
            || matches!(term, "dumb" | "vt100" | "vt220")
            || term.ends_with("-m")
        {
            Self::None
        } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") || ["xterm-kitty", "alacritty", "foot"].contains(&term) {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// A style in the colours that there are, on a light background or a dark one. Without colours, styles come from the
/// theme `mono` instead.
pub(super) fn reduced(style: Style, colors: Colors, light: bool) -> Style {
    match colors {
        Colors::True => style,
        Colors::Indexed => Style { fg: style.fg.map(indexed), bg: style.bg.map(indexed), ..style },
        Colors::Sixteen => match style.bg.map(sixteen) {
            None => Style { fg: style.fg.and_then(|fg| on_background(sixteen(fg), light)), ..style },
            // A grey that differs a little from the background is not to be had: the row is reversed.
            Some(Color::Black | Color::DarkGray | Color::Gray | Color::White) => {
                Style { fg: None, bg: None, ..style }.add_modifier(Modifier::REVERSED)
            }
            Some(ground) => {
                // Yellow is brown on some: what is dark becomes red, what is not another light ground.
                let ground = match ground {
                    Color::Yellow if style.bg.is_some_and(is_dark) => Color::Red,
                    Color::Yellow if light => Color::Cyan,
                    Color::Yellow => Color::LightYellow,
                    ground => ground,
                };
                let dark = matches!(ground, Color::Red | Color::Blue | Color::Magenta);
                Style { fg: Some(if dark { Color::White } else { Color::Black }), bg: Some(ground), ..style }
            }
        },
        Colors::None => Style { fg: None, bg: None, ..style },
    }
}

fn is_dark(color: Color) -> bool {
    matches!(color, Color::Rgb(r, g, b) if r.max(g).max(b) < 0xb0)
}

/// Of the terminal's own sixteen the one of this hue that is legible on its background, as xterm and the Linux console
/// have them: on black the bright ones and not blue, on white only red, blue and magenta. None: the text's own colour.
fn on_background(color: Color, light: bool) -> Option<Color> {
    Some(match (color, light) {
        (Color::Red, true) => Color::Red,
        (Color::Blue | Color::Cyan, true) => Color::Blue,
        (Color::Gray, true) => Color::Gray,
        (color @ (Color::Rgb(..) | Color::Indexed(_)), _) => color,
        (_, true) => return None,
        (Color::Red, _) => Color::LightRed,
        (Color::Green, _) => Color::LightGreen,
        (Color::Yellow, _) => Color::LightYellow,
        (Color::Blue | Color::Cyan, _) => Color::LightCyan,
        (Color::Magenta, _) => Color::LightMagenta,
        (color, _) => color,
    })
}

/// The nearest of xterm's cube and greys.
fn indexed(color: Color) -> Color {
    let Color::Rgb(r, g, b) = color else { return color };
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |v: u8| (0..6).min_by_key(|i| LEVELS[*i].abs_diff(v)).unwrap_or(0);
    let far = |x: (u8, u8, u8)| {
        let d = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        d(x.0, r) + d(x.1, g) + d(x.2, b)
    };
    let (ri, gi, bi) = (nearest(r), nearest(g), nearest(b));
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let step = ((mean.saturating_sub(3)) / 10).min(23) as u8;
    let grey = 8 + 10 * step;
    if far((grey, grey, grey)) < far((LEVELS[ri], LEVELS[gi], LEVELS[bi])) {
        Color::Indexed(232 + step)
    } else {
        Color::Indexed(16 + 36 * ri as u8 + 6 * gi as u8 + bi as u8)
    }
}

/// The one of the terminal's own sixteen that means the same: by hue, since nobody knows what they look like.
fn sixteen(color: Color) -> Color {
    let Color::Rgb(r, g, b) = color else { return color };
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let spread = high - low;
    if u16::from(spread) * 4 < u16::from(high) || spread < 24 {
        return match high {
            0..=60 => Color::Black,
            61..=120 => Color::DarkGray,
            121..=225 => Color::Gray,
            _ => Color::White,
        };
    }
    // Hue in sixths of a turn, from red over green to blue.
    let (r, g, b, spread) = (f32::from(r), f32::from(g), f32::from(b), f32::from(spread));
    let hue = match f32::from(high) {
        high if high == r => ((g - b) / spread).rem_euclid(6.0),
        high if high == g => (b - r) / spread + 2.0,
        _ => (r - g) / spread + 4.0,
    };
    match hue {
        h if !(0.4..5.6).contains(&h) => Color::Red,
        h if h < 1.4 => Color::Yellow,
        h if h < 2.5 => Color::Green,
        h if h < 3.3 => Color::Cyan,
        h if h < 4.3 => Color::Blue,
        _ => Color::Magenta,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_many() {
        for (no_color, colorterm, term, expected) in [
            (None, Some("truecolor"), Some("xterm-256color"), Colors::True),
            (None, None, Some("xterm-256color"), Colors::Indexed),
            (None, None, Some("screen"), Colors::Sixteen),
            (None, None, None, Colors::Sixteen),
            (Some("1"), Some("truecolor"), Some("xterm"), Colors::None),
            (Some(""), Some("24bit"), Some("xterm"), Colors::True),
            (None, None, Some("dumb"), Colors::None),
        ] {
            assert_eq!(Colors::of_environment(no_color, colorterm, term), expected);
        }
    }

    #[test]
    fn colours_become_the_nearest_there_is() {
        for (rgb, cube, own) in [
            ((255, 123, 123), Color::Indexed(210), Color::Red),
            ((229, 192, 107), Color::Indexed(179), Color::Yellow),
            ((134, 208, 138), Color::Indexed(114), Color::Green),
            ((125, 180, 245), Color::Indexed(111), Color::Blue),
            ((111, 208, 208), Color::Indexed(80), Color::Cyan),
            ((207, 158, 232), Color::Indexed(182), Color::Magenta),
            ((148, 155, 168), Color::Indexed(247), Color::Gray),
            ((255, 255, 255), Color::Indexed(231), Color::White),
        ] {
            let color = Color::Rgb(rgb.0, rgb.1, rgb.2);
            assert_eq!((indexed(color), sixteen(color)), (cube, own), "{rgb:?}");
        }
    }

    #[test]
    fn a_faint_ground_is_reversed_where_it_cannot_be_shown() {
        let row = Style::new().bg(Color::Rgb(0x2b, 0x31, 0x3d));
        assert_eq!(reduced(row, Colors::Sixteen, false), Style::new().add_modifier(Modifier::REVERSED));
        let danger = Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(0xb3, 0x26, 0x2e));
        assert_eq!(reduced(danger, Colors::Sixteen, false), Style::new().fg(Color::White).bg(Color::Red));
        assert_eq!(reduced(danger, Colors::None, false), Style::new());
    }
}
