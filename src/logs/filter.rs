//! A compiled filter. Regexes run over the raw bytes of a line, so that counts equal ripgrep's.

use regex::bytes::Regex;

use super::record::{Ingest, Record};
use crate::domain::log_view::LogFilter;
use crate::domain::text::one_line;

/// A filter ready to run.
#[derive(Debug, Default)]
pub struct Filter {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
    rest: LogFilter,
}

/// Compiles a regex; the error is the regex engine's own last line.
pub fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        let text = error.to_string();
        let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("not a regex");
        one_line(&format!("{pattern}: {}", line.trim_start_matches("error: ")), 200)
    })
}

impl Filter {
    /// Compiles a filter; the error names the regex at fault.
    pub fn compile(filter: &LogFilter) -> Result<Self, String> {
        let all = |patterns: &[String]| patterns.iter().map(|pattern| regex(pattern)).collect::<Result<Vec<_>, _>>();
        Ok(Self { include: all(&filter.include)?, exclude: all(&filter.exclude)?, rest: filter.clone() })
    }

    /// Whether a row passes. Ledger rows pass wherever their source does.
    pub fn passes(&self, record: &Record, ingest: &Ingest) -> bool {
        let rest = &self.rest;
        if rest.hidden.contains(&record.id.source) {
            return false;
        }
        if (rest.host.is_some() || rest.service.is_some())
            && let Some(state) = ingest.source(record.id.source)
            && (rest.host.as_ref().is_some_and(|host| *host != state.source.host)
                || rest.service.as_ref().is_some_and(|service| state.source.service.as_deref() != Some(service)))
        {
            return false;
        }
        let Some(line) = record.line() else { return true };
        if let (Some(least), Some(level)) = (rest.min_level, record.level)
            && level < least
        {
            return false;
        }
        self.include.iter().all(|regex| regex.is_match(line)) && !self.exclude.iter().any(|regex| regex.is_match(line))
    }
}
