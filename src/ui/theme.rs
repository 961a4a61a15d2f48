//! Themes: a style for each meaning, read from TOML.

use std::collections::HashMap;

use ratatui::style::{Color, Modifier, Style};

/// What a style means. The names are those of theme files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Most text.
    Text,
    /// What is old, quiet or explanatory.
    Dim,
    /// What needs a person.
    Strong,
    /// Titles, the tab in front.
    Accent,
    /// As it should be.
    Ok,
    /// May become a problem.
    Warn,
    /// Something failed.
    Bad,
    /// The badge of a careful environment.
    Danger,
    /// Thin rules.
    Rule,
    /// The rule of the pane that has the keys.
    RuleFocused,
    /// The selected row.
    Selection,
    /// What a search found.
    Hit,
}

const ROLES: [(&str, Role); 12] = [
    ("text", Role::Text),
    ("dim", Role::Dim),
    ("strong", Role::Strong),
    ("accent", Role::Accent),
    ("ok", Role::Ok),
    ("warn", Role::Warn),
    ("bad", Role::Bad),
    ("danger", Role::Danger),
    ("rule", Role::Rule),
    ("rule-focused", Role::RuleFocused),
    ("selection", Role::Selection),
    ("hit", Role::Hit),
];

const SHIPPED: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("safe", include_str!("../../themes/safe.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Styles by meaning, and the colours of hosts (never red: that is kept for trouble).
#[derive(Clone, Debug)]
pub struct Theme {
    styles: HashMap<Role, Style>,
    hosts: Vec<Color>,
}

impl Default for Theme {
    fn default() -> Self {
        Self::named("dark").unwrap_or_else(|| Self { styles: HashMap::new(), hosts: Vec::new() })
    }
}

impl Theme {
    /// A shipped theme.
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Self::load(text).ok()
    }

    /// The names of the shipped themes.
    pub fn names() -> Vec<&'static str> {
        SHIPPED.iter().map(|(name, _)| *name).collect()
    }

    /// Reads a theme; the error names what is wrong. `inherits` names a shipped theme; what neither says is plain text.
    pub fn load(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let mut theme = match table.get("inherits").and_then(toml::Value::as_str) {
            Some(below) => Self::named(below).ok_or_else(|| format!("there is no theme `{below}` to inherit from"))?,
            None => Self { styles: HashMap::new(), hosts: Vec::new() },
        };
        for (key, value) in &table {
            if key == "inherits" || key == "background" {
                continue;
            }
            if key == "hosts" {
                let colors = value.as_array().into_iter().flatten().map(|c| color(c.as_str().unwrap_or("")));
                theme.hosts = colors.collect::<Result<_, _>>()?;
                continue;
            }
            let Some((_, role)) = ROLES.iter().find(|(name, _)| name == key) else {
                return Err(format!("there is no role `{key}`"));
            };
            let words = value.as_str().ok_or_else(|| format!("{key}: a style is text, such as \"bold #ff0000\""))?;
            theme.styles.insert(*role, style(words).map_err(|error| format!("{key}: {error}"))?);
        }
        Ok(theme)
    }

    /// The style of a meaning.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }

    /// The colour of a host: the same every day.
    pub fn host(&self, name: &str) -> Style {
        if self.hosts.is_empty() {
            return self.style(Role::Text);
        }
        // FNV-1a; neighbours such as web-1 and web-2 differ in their last byte and so in their colour.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193));
        Style::new().fg(self.hosts[hash as usize % self.hosts.len()])
    }
}

fn style(words: &str) -> Result<Style, String> {
    let mut style = Style::new();
    for word in words.split_whitespace() {
        style = match word {
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "reverse" => style.add_modifier(Modifier::REVERSED),
            "underline" => style.add_modifier(Modifier::UNDERLINED),
            "plain" => style,
            word => match word.strip_prefix("on:") {
                Some(background) => style.bg(color(background)?),
                None => style.fg(color(word)?),
            },
        };
    }
    Ok(style)
}

fn color(text: &str) -> Result<Color, String> {
    text.parse().map_err(|_| format!("`{text}` is no colour; `#rrggbb` or a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1 contrast of two colours.
    fn contrast(a: Color, b: Color) -> f64 {
        let luminance = |c: Color| {
            let Color::Rgb(r, g, b) = c else { panic!("{c:?} is not measured") };
            let part = |v: u8| {
                let v = f64::from(v) / 255.0;
                if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
        };
        let (x, y) = (luminance(a), luminance(b));
        (x.max(y) + 0.05) / (x.min(y) + 0.05)
    }

    #[test]
    fn every_shipped_theme_is_whole_and_legible() {
        for (name, text) in SHIPPED {
            let theme = Theme::load(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let table: toml::Table = text.parse().unwrap();
            let Some(background) = table.get("background").and_then(toml::Value::as_str) else { continue };
            let behind = color(background).unwrap();
            for (word, role) in ROLES {
                let style = theme.style(role);
                let (front, back) = (style.fg, style.bg.unwrap_or(behind));
                let Some(front) = front else { continue };
                // Rules are lines, not text.
                let least = if matches!(role, Role::Rule | Role::RuleFocused) { 1.5 } else { 4.5 };
                let measured = contrast(front, back);
                assert!(measured >= least, "{name}: {word} has {measured:.1}");
            }
            for host in &theme.hosts {
                assert!(contrast(*host, behind) >= 4.5, "{name}: {host:?}");
            }
        }
    }

    #[test]
    fn errors_name_the_role() {
        for (text, says) in
            [("txet = \"bold\"", "`txet`"), ("bad = \"rde\"", "bad: `rde`"), ("inherits = \"x\"", "`x`"), ("a =", "")]
        {
            assert!(Theme::load(text).unwrap_err().contains(says), "{text}");
        }
    }
}
