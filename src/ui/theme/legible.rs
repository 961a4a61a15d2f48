//! Every shipped theme is legible, with every number of colours, on the selected row too.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::colors::Colors;
use super::role::{ROLES, Role};
use super::{Theme, luminance};
use crate::ui::canvas::Canvas;
use crate::ui::keymap::Keymap;
use crate::ui::look::Look;

/// The sixteen of xterm, and those of the Linux console (VGA).
const SIXTEEN: [[u32; 16]; 2] = [
    [
        0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5, 0x7f_7f7f, 0xff_0000,
        0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
    ],
    [
        0x00_0000, 0xaa_0000, 0x00_aa00, 0xaa_5500, 0x00_00aa, 0xaa_00aa, 0x00_aaaa, 0xaa_aaaa, 0x55_5555, 0xff_5555,
        0x55_ff55, 0xff_ff55, 0x55_55ff, 0xff_55ff, 0x55_ffff, 0xff_ffff,
    ],
];

/// A terminal: its own text and background, and its sixteen colours.
struct Terminal {
    text: Color,
    background: Color,
    sixteen: &'static [u32; 16],
}

impl Terminal {
    /// What a colour looks like there.
    fn shows(&self, color: Color, own: Color) -> Color {
        let parts = |n: u32| Color::from_u32(n);
        let own_of = |n: usize| parts(self.sixteen[n]);
        match color {
            Color::Reset => own,
            Color::Rgb(..) => color,
            Color::Indexed(n @ 16..=231) => {
                let level = |n: u8| [0, 95, 135, 175, 215, 255][usize::from(n % 6)];
                Color::Rgb(level((n - 16) / 36), level((n - 16) / 6), level(n - 16))
            }
            Color::Indexed(n @ 232..) => Color::Rgb(8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232)),
            Color::Indexed(n) => own_of(usize::from(n)),
            named => {
                let names = [
                    Color::Black,
                    Color::Red,
                    Color::Green,
                    Color::Yellow,
                    Color::Blue,
                    Color::Magenta,
                    Color::Cyan,
                    Color::Gray,
                    Color::DarkGray,
                    Color::LightRed,
                    Color::LightGreen,
                    Color::LightYellow,
                    Color::LightBlue,
                    Color::LightMagenta,
                    Color::LightCyan,
                    Color::White,
                ];
                own_of(names.iter().position(|name| *name == named).expect("one of the sixteen"))
            }
        }
    }

    /// The contrast of a cell's letter with its ground (WCAG 2.1, 1.4.3).
    fn contrast(&self, cell: &Cell) -> f64 {
        let pair = (self.shows(cell.fg, self.text), self.shows(cell.bg, self.background));
        // Reversing changes their places, and nothing of their contrast.
        let of = |color| luminance(color).expect("it has parts");
        let (a, b) = (of(pair.0), of(pair.1));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// Text 4.5:1, dim text too; rules are lines, not text (WCAG 1.4.11 asks 3:1 of what carries meaning).
fn least(role: Role) -> f64 {
    match role {
        Role::Rule => 1.2,
        Role::RuleFocused | Role::Dialog | Role::DialogDanger | Role::Graph => 3.0,
        _ => 4.5,
    }
}

/// The terminals that a theme is shown on with so many colours.
fn terminals(theme: &Theme, colors: Colors) -> Vec<Terminal> {
    let background = theme.background.expect("it has a background");
    let light = luminance(background).expect("it has parts") > 0.5;
    let (text, plain) = if light { (0x00_0000, 0xff_ffff) } else { (0xe5_e5e5, 0x00_0000) };
    let of = |background, sixteen| Terminal { text: Color::from_u32(text), background, sixteen };
    match colors {
        Colors::Sixteen => SIXTEEN.iter().map(|sixteen| of(Color::from_u32(plain), sixteen)).collect(),
        _ => [background, Color::from_u32(plain)].into_iter().map(|ground| of(ground, &SIXTEEN[0])).collect(),
    }
}

#[test]
fn every_shipped_theme_is_legible_with_any_number_of_colours_on_any_row() {
    let mut wrong = Vec::new();
    for name in Theme::names() {
        let theme = Theme::shipped(name);
        if theme.background.is_none() {
            let colored = theme.styles.iter().flatten().any(|style| style.fg.is_some() || style.bg.is_some());
            assert!(!colored, "{name}: state `background`");
            continue;
        }
        for colors in [Colors::True, Colors::Indexed, Colors::Sixteen] {
            let look = Look::new(&theme, colors, Keymap::default());
            let mut styles: Vec<(String, Style, f64)> = ROLES
                .iter()
                .map(|entry| (entry.name.to_owned(), look.theme().style(entry.role), least(entry.role)))
                .collect();
            styles
                .extend(look.theme().hosts.iter().map(|host| (format!("host {host:?}"), Style::new().fg(*host), 4.5)));
            for (what, style, least) in styles {
                let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
                let mut c = Canvas::new(&look, &mut buffer);
                c.put(0, 0, 1, "x", style);
                let plain = c.buffer[(0, 0)].clone();
                c.over(Rect::new(0, 0, 1, 1), Role::Selection);
                let selected = c.buffer[(0, 0)].clone();
                for terminal in terminals(&theme, colors) {
                    // A rule is never part of a selected row.
                    let on_row = if least < 2.0 { 1.0 } else { least };
                    for (row, cell, least) in [("", &plain, least), (" selected", &selected, on_row)] {
                        let contrast = terminal.contrast(cell);
                        if contrast < least {
                            let ground = terminal.background;
                            wrong.push(format!("{name}, {colors:?}, on {ground:?}: {what}{row} has {contrast:.2}"));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn hosts_have_colours_of_their_own_and_none_is_the_colour_of_trouble() {
    for name in Theme::names() {
        let theme = Theme::shipped(name);
        if theme.hosts.is_empty() {
            continue;
        }
        let several = !theme.hosts.len().is_multiple_of(5) && theme.hosts.len() >= 6;
        assert!(several, "{name}: neighbours are 5 steps apart");
        for host in &theme.hosts {
            let Color::Rgb(r, g, b) = *host else { panic!("{host:?}") };
            assert!(!(r > 200 && g < 130 && b < 130), "{name}: {host:?} is red, which is kept for trouble");
        }
    }
}

#[test]
fn a_hit_differs_from_its_row_by_its_ground() {
    for name in Theme::names() {
        for colors in [Colors::True, Colors::Indexed, Colors::Sixteen, Colors::None] {
            let look = Look::new(&Theme::shipped(name), colors, Keymap::default());
            let mut buffer = Buffer::empty(Rect::new(0, 0, 2, 1));
            let mut c = Canvas::new(&look, &mut buffer);
            c.put_as(0, 0, 1, "h", Role::Hit);
            c.put_as(1, 0, 1, "r", Role::Text);
            for _ in 0..2 {
                let ground = |x| (c.buffer[(x, 0)].bg, c.buffer[(x, 0)].modifier.contains(Modifier::REVERSED));
                assert_ne!(ground(0), ground(1), "{name}, {colors:?}");
                c.over(Rect::new(0, 0, 2, 1), Role::Selection);
            }
        }
    }
}
