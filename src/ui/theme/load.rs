//! Reading themes: `inherits`, a palette of names, a style for each role.

use std::collections::{BTreeMap, HashMap};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use super::Theme;
use super::role::{ROLES, Role};
use crate::domain::nearest::nearest;

const SHIPPED: &[(&str, &str)] = &[
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("safe", include_str!("../../../themes/safe.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// A theme may inherit from one that inherits, so many times.
const DEEPEST: usize = 8;

/// A theme file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    inherits: Option<Spanned<String>>,
    background: Option<Spanned<String>>,
    hosts: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    palette: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// A person's own themes: the text of each file by the theme's name.
pub type Own = HashMap<String, String>;

impl Theme {
    /// The names of the shipped themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// The theme of this name: the person's own, else a shipped one.
    pub fn find(name: &str, own: &Own) -> Result<Self, String> {
        named(name, own, 0)
            .and_then(|palette_and_theme| palette_and_theme.map(|(theme, _)| theme).ok_or_else(|| unknown(name, own)))
    }

    /// Reads a theme file. An error names the file, the line, the role and what would be right.
    pub fn load(name: &str, text: &str, own: &Own) -> Result<Self, String> {
        read(name, text, own, 0).map(|(theme, _)| theme)
    }

    /// A theme that is compiled in and tested.
    pub(super) fn shipped(name: &str) -> Self {
        Self::find(name, &Own::new()).expect("a test reads every shipped theme")
    }
}

type Palette = HashMap<String, Color>;

fn unknown(name: &str, own: &Own) -> String {
    let mut names: Vec<String> = own.keys().cloned().chain(Theme::names().map(str::to_owned)).collect();
    names.sort_unstable();
    names.dedup();
    format!("there is no theme `{name}`; there are {}", names.join(", "))
}

fn named(name: &str, own: &Own, depth: usize) -> Result<Option<(Theme, Palette)>, String> {
    if depth > DEEPEST {
        return Err(format!("theme `{name}` inherits from itself"));
    }
    match own.get(name) {
        Some(text) => read(name, text, own, depth).map(Some),
        None => shipped(name, depth),
    }
}

fn shipped(name: &str, depth: usize) -> Result<Option<(Theme, Palette)>, String> {
    let text = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
    text.map(|(name, text)| read(name, text, &Own::new(), depth)).transpose()
}

fn read(name: &str, text: &str, own: &Own, depth: usize) -> Result<(Theme, Palette), String> {
    let at = |offset: usize, what: String| {
        let line = text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        format!("themes/{name}.toml, line {line}: {what}")
    };
    let raw: Raw = toml::from_str(text)
        .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message().replace('\n', " ")))?;
    let (mut theme, mut palette) = match &raw.inherits {
        None => (Theme { styles: vec![None; ROLES.len()], hosts: Vec::new(), background: None }, Palette::new()),
        Some(below) => {
            let below_name = below.get_ref().as_str();
            // One's own `dark` may inherit from the shipped `dark`.
            let found = if below_name == name { shipped(name, depth + 1)? } else { named(below_name, own, depth + 1)? };
            found.ok_or_else(|| at(below.span().start, format!("inherits: {}", unknown(below_name, own))))?
        }
    };
    for (key, value) in &raw.palette {
        let color = color(value.get_ref(), &palette)
            .map_err(|e| at(value.span().start, format!("[palette] {}: {e}", key.get_ref())))?;
        palette.insert(key.get_ref().clone(), color);
    }
    if let Some(value) = &raw.background {
        theme.background =
            Some(color(value.get_ref(), &palette).map_err(|e| at(value.span().start, format!("background: {e}")))?);
    }
    if let Some(hosts) = &raw.hosts {
        let read = |value: &Spanned<String>| {
            color(value.get_ref(), &palette).map_err(|e| at(value.span().start, format!("hosts: {e}")))
        };
        theme.hosts = hosts.iter().map(read).collect::<Result<_, _>>()?;
    }
    for (key, value) in &raw.roles {
        let Some(role) = Role::named(key.get_ref()) else {
            let near = nearest(key.get_ref(), ROLES.iter().map(|entry| entry.name));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(at(key.span().start, format!("there is no role `{}`{near}", key.get_ref())));
        };
        let style = style(value.get_ref(), &palette)
            .map_err(|e| at(value.span().start, format!("[roles] {}: {e}", key.get_ref())))?;
        theme.styles[role as usize] = Some(style);
    }
    Ok((theme, palette))
}

/// Reads a style: `bold`, `dim`, `italic`, `underline`, `reverse`, a colour, `on` a colour; `plain` for none of them.
fn style(words: &str, palette: &Palette) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        style = match word {
            "plain" => style,
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underline" => style.add_modifier(Modifier::UNDERLINED),
            "reverse" => style.add_modifier(Modifier::REVERSED),
            "on" => style.bg(color(words.next().ok_or("a colour must follow `on`")?, palette)?),
            word => style.fg(color(word, palette)?),
        };
    }
    Ok(style)
}

fn color(text: &str, palette: &Palette) -> Result<Color, String> {
    if let Some(color) = palette.get(text) {
        return Ok(*color);
    }
    text.parse().map_err(|_| {
        format!("`{text}` is no colour: `#rrggbb`, a name of [palette], or a terminal's own such as `red`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_file_the_line_and_the_role() {
        let own = Own::from([
            ("loop".to_owned(), "inherits = \"pool\"".to_owned()),
            ("pool".to_owned(), "inherits = \"loop\"".to_owned()),
        ]);
        for (text, says) in [
            ("[roles]\n\ntxet = \"bold\"", "themes/mine.toml, line 3: there is no role `txet`; did you mean `text`?"),
            ("[roles]\nbad = \"rde\"", "themes/mine.toml, line 2: [roles] bad: `rde` is no colour"),
            ("[roles]\nbad = \"on\"", "line 2: [roles] bad: a colour must follow `on`"),
            ("inherits = \"drak\"", "line 1: inherits: there is no theme `drak`; there are dark, high-contrast"),
            ("inherits = \"loop\"", "inherits from itself"),
            ("[palette]\nx = \"y\"", "line 2: [palette] x: `y`"),
            ("a = 1", "line 1: unknown field `a`"),
            ("a =", "line 1: "),
        ] {
            let error = Theme::load("mine", text, &own).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn ones_own_theme_lies_over_a_shipped_one_and_may_have_its_name() {
        let own = Own::from([("dark".to_owned(), "inherits = \"dark\"\n[roles]\ndim = \"italic red\"".to_owned())]);
        let theme = Theme::find("dark", &own).unwrap();
        // `red` is what the shipped palette calls so.
        assert_eq!(theme.style(Role::Dim).fg, Theme::shipped("dark").style(Role::Bad).fg);
        assert_eq!(theme.style(Role::Hit), Theme::shipped("dark").style(Role::Hit));
        assert!(Theme::find("nowhere", &own).is_err());
    }
}
