//! Themes: a style for each meaning. Shipped ones are compiled in; a person's own lie in `themes/NAME.toml`.

pub mod colors;
#[cfg(test)]
mod legible;
mod load;
pub mod role;

use ratatui::style::{Color, Style};

use colors::Colors;
pub use role::Role;

/// Styles by meaning, and the colours of hosts (red is not among them: it is kept for trouble).
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// By role; none: as the role it falls back to.
    styles: Vec<Option<Style>>,
    hosts: Vec<Color>,
    /// The background that the contrast is meant for; the terminal's own is what is drawn on.
    background: Option<Color>,
}

impl Default for Theme {
    fn default() -> Self {
        Self::shipped("dark")
    }
}

impl Theme {
    /// The style of a meaning.
    pub fn style(&self, role: Role) -> Style {
        match self.styles.get(role as usize).copied().flatten() {
            Some(style) => style,
            None if role.entry().like == role => Style::new(),
            None => self.style(role.entry().like),
        }
    }

    /// The style of a host's name: the same every day. Hosts whose names differ only in their number get colours that
    /// are far apart.
    pub fn host(&self, name: &str) -> Style {
        if self.hosts.is_empty() {
            return self.style(Role::Text);
        }
        // Neighbours are steps apart; themes list hues in order and their count shares no factor with the step.
        const STEP: u64 = 5;
        let (stem, number) = stem_and_number(name);
        // FNV-1a.
        let hash =
            stem.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let at = (hash ^ (hash >> 32)).wrapping_add(number.wrapping_mul(STEP)) % self.hosts.len() as u64;
        Style::new().fg(self.hosts[at as usize])
    }

    /// This theme in the colours that there are; without any, the theme `mono`.
    pub fn shown_with(&self, colors: Colors) -> Self {
        if colors == Colors::None {
            return Self::shipped("mono");
        }
        let light = self.background.and_then(luminance).is_some_and(|light| light > 0.5);
        let reduce = |style: &Style| colors::reduced(*style, colors, light);
        Self {
            styles: self.styles.iter().map(|style| style.as_ref().map(reduce)).collect(),
            hosts: self.hosts.iter().filter_map(|color| reduce(&Style::new().fg(*color)).fg).collect(),
            background: self.background,
        }
    }
}

/// How light a colour is, from 0 to 1: WCAG 2.1's relative luminance. Only of colours that are given by their parts.
fn luminance(color: Color) -> Option<f64> {
    let Color::Rgb(r, g, b) = color else { return None };
    let part = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b))
}

/// A name without its last number, and that number: `web-1.eu` is `web-` and 1.
fn stem_and_number(name: &str) -> (&str, u64) {
    let label = name.split('.').next().unwrap_or(name);
    let Some(end) = label.rfind(|c: char| c.is_ascii_digit()) else { return (name, 0) };
    let start = end + 1 - label[..=end].bytes().rev().take_while(u8::is_ascii_digit).count();
    (&label[..start], label[start..=end].parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_differ_and_every_day_is_alike() {
        let theme = Theme::default();
        for stem in ["web-", "db", "host-eu-", "worker_"] {
            for n in 1..40 {
                let name = |n| format!("{stem}{n}");
                assert_ne!(theme.host(&name(n)), theme.host(&name(n + 1)), "{stem}{n}");
                assert_ne!(theme.host(&name(n)), theme.host(&name(n + 2)), "{stem}{n}");
            }
        }
        assert_eq!(theme.host("web-1.example.com"), theme.host("web-1.example.org"));
    }

    #[test]
    fn names_are_parted_at_their_last_number() {
        for (name, stem, number) in
            [("web-1", "web-", 1), ("web-12.eu", "web-", 12), ("db", "db", 0), ("ü7x", "ü", 7), ("9", "", 9)]
        {
            assert_eq!(stem_and_number(name), (stem, number));
        }
        assert_eq!(stem_and_number("web-99999999999999999999999").1, 0);
    }

    #[test]
    fn what_a_theme_leaves_out_falls_back() {
        let theme = Theme::load("x", "[roles]\nbad = \"bold red\"", &Default::default()).unwrap();
        assert_eq!(theme.style(Role::Fatal), theme.style(Role::Bad));
        assert_eq!(theme.style(Role::Text), Style::new());
    }
}
