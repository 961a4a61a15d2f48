//! The words of the logs' filter line: a small, pure parser.
//!
//! A word is a regex over the raw line; `!word` must not match; `level>=warn`, `host:NAME` and `service:NAME` mean
//! what they say; quotes keep blanks together and make anything text.

use crate::domain::log::Level;
use crate::domain::log_view::LogFilter;

/// Reads a filter line; what is hidden by hand stays with the caller.
pub fn parse(line: &str) -> Result<LogFilter, String> {
    let mut filter = LogFilter::default();
    for (word, quoted) in words(line) {
        let (inverted, bare) = match word.strip_prefix('!') {
            Some(rest) if !quoted => (true, rest),
            _ => (false, word.as_str()),
        };
        if bare.is_empty() {
            continue;
        }
        if !quoted && !inverted {
            if let Some(level) = bare.strip_prefix("level>=").or_else(|| bare.strip_prefix("level=")) {
                let found = Level::ALL.into_iter().find(|l| l.as_str() == level.to_lowercase());
                filter.min_level =
                    Some(found.ok_or_else(|| format!("`{level}` is no level; there are trace to fatal"))?);
                continue;
            }
            if let Some(host) = bare.strip_prefix("host:") {
                filter.host = Some(host.into());
                continue;
            }
            if let Some(service) = bare.strip_prefix("service:") {
                filter.service = Some(service.to_owned());
                continue;
            }
        }
        regex::Regex::new(bare).map_err(|_| format!("`{bare}` is no regex"))?;
        if inverted { filter.exclude.push(bare.to_owned()) } else { filter.include.push(bare.to_owned()) }
    }
    Ok(filter)
}

/// The line that [`parse`] reads as this filter.
pub fn text(filter: &LogFilter) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(filter.min_level.map(|level| format!("level>={}", level.as_str())));
    words.extend(filter.host.as_ref().map(|host| format!("host:{host}")));
    words.extend(filter.service.as_ref().map(|service| format!("service:{service}")));
    let quoted = |text: &String| if text.contains(' ') { format!("\"{text}\"") } else { text.clone() };
    words.extend(filter.include.iter().map(quoted));
    words.extend(filter.exclude.iter().map(|text| format!("!{text}")));
    words.join(" ")
}

/// Words and whether each was quoted.
fn words(line: &str) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, quoted, after) = match rest.strip_prefix('"') {
            Some(inner) => {
                let end = inner.find('"').unwrap_or(inner.len());
                (&inner[..end], true, inner.get(end + 1..).unwrap_or(""))
            }
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (&rest[..end], false, &rest[end..])
            }
        };
        out.push((word.to_owned(), quoted));
        rest = after.trim_start();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_they_say() {
        let filter = parse("level>=warn host:web-1 service:api \"a b\" !healthz x\\d+").unwrap();
        assert_eq!(filter.min_level, Some(Level::Warn));
        assert_eq!((filter.host.unwrap().as_str(), filter.service.as_deref()), ("web-1", Some("api")));
        assert_eq!(
            (filter.include, filter.exclude),
            (vec!["a b".to_owned(), "x\\d+".into()], vec!["healthz".to_owned()])
        );
        for (line, says) in [("level>=loud", "no level"), ("(", "no regex")] {
            assert!(parse(line).unwrap_err().contains(says));
        }
    }

    #[test]
    fn a_filter_is_written_as_it_is_read() {
        for line in ["", "level>=error", "host:web-1 service:api \"a b\" x !y"] {
            assert_eq!(text(&parse(line).unwrap()), line);
        }
    }
}
