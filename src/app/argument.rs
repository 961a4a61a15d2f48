//! What a command may be given.

/// What a command may be given on the command line or in a keymap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A tab's name.
    Tab,
    /// A host's name.
    Host,
    /// The name or address of anything.
    Name,
    /// A theme's name.
    Theme,
    /// A column of the host table.
    Column,
    /// A level, or `all`.
    Level,
    /// A field of log lines.
    Field,
    /// A regular expression.
    Regex,
    /// Words of a log filter.
    Filter,
    /// A time.
    Time,
    /// A stretch of time.
    Duration,
    /// An action's name.
    Action,
    /// An environment's name.
    Environment,
    /// Free text.
    Text,
}

impl Argument {
    /// How it is written in help.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tab => "TAB",
            Self::Host => "HOST",
            Self::Name => "NAME",
            Self::Theme => "THEME",
            Self::Column => "COLUMN",
            Self::Level => "LEVEL",
            Self::Field => "FIELD",
            Self::Regex => "REGEX",
            Self::Filter => "FILTER",
            Self::Time => "TIME",
            Self::Duration => "DURATION",
            Self::Action => "ACTION",
            Self::Environment => "ENVIRONMENT",
            Self::Text => "TEXT",
        }
    }
}

/// Reads a stretch of time, such as `30s`, `10m`, `2h` or `1d`, in seconds; a number alone is minutes.
pub fn seconds(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit {
        "" | "m" => 60,
        "s" => 1,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}
