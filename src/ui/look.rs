//! How the state is drawn for this person: theme, glyphs, their own keys.

use std::collections::HashMap;

use super::theme::Theme;

/// Everything about the drawing that is not in the state.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Styles by meaning.
    pub theme: Theme,
    /// Only ASCII.
    pub ascii: bool,
    /// The person's own keys.
    pub keys: KeyNames,
}

/// The key of each command, by the command's name.
#[derive(Clone, Debug, Default)]
pub struct KeyNames(pub HashMap<String, String>);

impl KeyNames {
    /// The key of a command; none when it is unbound.
    pub fn of(&self, command: &str) -> Option<&str> {
        self.0.get(command).map(String::as_str)
    }
}
