//! Regexes over raw bytes.

use regex::bytes::{Regex, RegexBuilder};

use crate::domain::text::one_line;

/// A pattern that needs more than this would stall the screen before it is of use.
const LARGEST: usize = 4 << 20;

/// Compiles a regex over raw bytes, case as written. The error is the regex engine's own, in one line.
pub fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(|error| {
        let text = error.to_string();
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it is no regex");
        one_line(&format!("{pattern}: {}", last.trim_start_matches("error: ")), 200)
    })
}
