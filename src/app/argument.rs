//! What a command may be given.

/// What a command may be given on the command line or in a keymap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A tab's name.
    Tab,
    /// A host's name.
    Host,
    /// A theme's name.
    Theme,
    /// A column of the host table.
    Column,
    /// A level, or `all`.
    Level,
    /// A regular expression.
    Regex,
    /// Words of a log filter.
    Filter,
    /// A time.
    Time,
    /// Free text.
    Text,
}

impl Argument {
    /// How it is written in help.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tab => "TAB",
            Self::Host => "HOST",
            Self::Theme => "THEME",
            Self::Column => "COLUMN",
            Self::Level => "LEVEL",
            Self::Regex => "REGEX",
            Self::Filter => "FILTER",
            Self::Time => "TIME",
            Self::Text => "TEXT",
        }
    }
}
