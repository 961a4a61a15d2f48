//! How lines of logs are made to look: what stands out in them, and filters that are at hand.

use regex::Regex;

/// A pattern that stands out wherever it is shown.
#[derive(Clone, Debug)]
pub struct Highlight {
    regex: Regex,
    /// A role of the theme; none: a colour of its own, by its text.
    pub role: Option<String>,
}

impl Highlight {
    /// A pattern; the error is the regex engine's last line.
    pub fn new(pattern: &str, role: Option<String>) -> Result<Self, String> {
        let last = |error: regex::Error| {
            error.to_string().lines().last().unwrap_or("not a regex").trim_start_matches("error: ").to_owned()
        };
        Ok(Self { regex: Regex::new(pattern).map_err(last)?, role })
    }

    /// The regex.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// As it was typed.
    pub fn pattern(&self) -> &str {
        self.regex.as_str()
    }
}

impl PartialEq for Highlight {
    fn eq(&self, other: &Self) -> bool {
        (self.pattern(), &self.role) == (other.pattern(), &other.role)
    }
}

/// A filter that the config gives a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterPreset {
    /// Its name.
    pub name: String,
    /// Its text, in the language of the logs' filter.
    pub text: String,
}
