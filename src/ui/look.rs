//! How the state is drawn for this person and this terminal: theme, their own keys, glyphs, zone.

use chrono::FixedOffset;

use super::keymap::Keymap;
use super::theme::Theme;
use super::theme::colors::Colors;

/// Everything about the drawing that is not in the state.
#[derive(Clone, Debug)]
pub struct Look {
    theme: Theme,
    colors: Colors,
    /// The person's own keys.
    pub keymap: Keymap,
    /// Only ASCII.
    pub ascii: bool,
    /// This machine's offset from UTC, for `ui.time = "local"`.
    pub local: FixedOffset,
}

impl Look {
    /// A look for a terminal with these colours; local time is UTC until `local` is set.
    pub fn new(theme: &Theme, colors: Colors, keymap: Keymap) -> Self {
        let local = FixedOffset::east_opt(0).expect("zero is an offset");
        Self { theme: theme.shown_with(colors), colors, keymap, ascii: false, local }
    }

    /// Uses another theme, in the colours that the terminal has.
    pub fn set_theme(&mut self, theme: &Theme) {
        self.theme = theme.shown_with(self.colors);
    }

    /// The styles, in colours that the terminal has.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }
}

impl Default for Look {
    fn default() -> Self {
        Self::new(&Theme::default(), Colors::True, Keymap::load("default", None).0)
    }
}
