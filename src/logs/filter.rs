//! A compiled filter. Regexes run over the raw bytes of a line, so that counts equal ripgrep's.

use regex::bytes::{Regex, RegexBuilder};

use crate::domain::log::{Level, Source, SourceId};
use crate::domain::log_view::LogFilter;
use crate::domain::text::one_line;

/// A filter ready to run.
#[derive(Debug, Default)]
pub struct Filter {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
    wanted: LogFilter,
}

/// Compiles a regex over raw bytes, case as written. The error is the regex engine's own, in one line.
pub fn regex(pattern: &str) -> Result<Regex, String> {
    // A pattern that needs more than this would stall the screen before it is of use.
    RegexBuilder::new(pattern).size_limit(4 << 20).build().map_err(|error| {
        let text = error.to_string();
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it is no regex");
        one_line(&format!("{pattern}: {}", last.trim_start_matches("error: ")), 200)
    })
}

impl Filter {
    /// Compiles a filter; the error names the regex at fault.
    pub fn compile(filter: &LogFilter) -> Result<Self, String> {
        let all = |patterns: &[String]| patterns.iter().map(|pattern| regex(pattern)).collect::<Result<Vec<_>, _>>();
        Ok(Self { include: all(&filter.include)?, exclude: all(&filter.exclude)?, wanted: filter.clone() })
    }

    /// Whether rows of this source can pass.
    pub fn wants_source(&self, id: SourceId, source: &Source) -> bool {
        let wanted = &self.wanted;
        !wanted.hidden.contains(&id)
            && wanted.host.as_ref().is_none_or(|host| *host == source.host)
            && wanted.service.as_ref().is_none_or(|service| source.service.as_deref() == Some(service))
    }

    /// Whether a line of a wanted source passes; one without a level passes any least level.
    pub fn wants_line(&self, line: &[u8], level: Option<Level>) -> bool {
        self.wanted.min_level.is_none_or(|least| level.is_none_or(|level| level >= least))
            && self.include.iter().all(|regex| regex.is_match(line))
            && !self.exclude.iter().any(|regex| regex.is_match(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_in_one_line_what_is_wrong() {
        let bad = LogFilter { include: vec!["a(b".to_owned()], ..LogFilter::default() };
        assert_eq!(Filter::compile(&bad).map(drop), Err("a(b: unclosed group".to_owned()));
        let huge = LogFilter { include: vec!["(\\w{200}){200}".to_owned()], ..LogFilter::default() };
        assert!(Filter::compile(&huge).is_err_and(|error| error.lines().count() == 1));
    }

    #[test]
    fn every_include_must_match_and_no_exclude() {
        let filter = LogFilter {
            include: vec!["a".to_owned(), "(?-u)\\xff$".to_owned()],
            exclude: vec!["b".to_owned()],
            min_level: Some(Level::Warn),
            ..LogFilter::default()
        };
        let filter = Filter::compile(&filter).expect("it compiles");
        assert!(filter.wants_line(b"xa\xff", Some(Level::Error)));
        assert!(filter.wants_line(b"xa\xff", None));
        assert!(!filter.wants_line(b"xa\xff", Some(Level::Info)));
        assert!(!filter.wants_line(b"xab\xff", None));
        assert!(!filter.wants_line(b"xa", None));
    }
}
