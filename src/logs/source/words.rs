//! What a tool says of its own, on standard error: not of the log that it shows, but of itself.

use std::time::{Duration, Instant};

use crate::domain::log::RawLine;
use crate::domain::text::one_line;

/// The longest that is told of one of its messages.
const LONGEST: usize = 400;
/// So many messages are told in so long; those beyond that are counted.
const MOST: usize = 60;
const WHILE: Duration = Duration::from_secs(60);

/// What it said, the last time and this time.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The last time, up to so many.
    before: Vec<String>,
    now: Vec<String>,
    /// What it said last.
    last: Option<String>,
    /// Since when how many have been told.
    since: Option<Instant>,
    told: usize,
    /// How many have not been told.
    left_out: u64,
}

impl Words {
    /// The tool is begun.
    pub(super) fn begin(&mut self) {
        self.before = std::mem::take(&mut self.now);
        self.last = None;
    }

    /// What it said last since it was begun.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// It says something: what is to be told of it, in a line. The same as the last time is no news.
    pub(super) fn hear(&mut self, line: &RawLine, at: Instant) -> Vec<String> {
        let text = one_line(&String::from_utf8_lossy(&line.bytes), LONGEST);
        if text.is_empty() {
            return Vec::new();
        }
        self.last = Some(text.clone());
        if self.now.len() < MOST {
            self.now.push(text.clone());
        }
        if self.before.contains(&text) {
            return Vec::new();
        }
        let mut told = Vec::new();
        if self.since.is_none_or(|since| at.saturating_duration_since(since) >= WHILE) {
            told.extend(self.rest());
            (self.since, self.told) = (Some(at), 0);
        }
        if self.told < MOST {
            self.told += 1;
            told.push(text);
        } else {
            self.left_out += 1;
        }
        told
    }

    /// How many of its messages were not told.
    pub(super) fn rest(&mut self) -> Option<String> {
        let count = std::mem::take(&mut self.left_out);
        (count > 0).then(|| format!("{count} more messages of its own"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: String) -> RawLine {
        RawLine { bytes: text.into(), truncated: 0, offset: None, time: None, level: None, returned: false }
    }

    #[test]
    fn each_message_is_told_once_and_a_flood_of_them_is_counted() {
        let (mut words, start) = (Words::default(), Instant::now());
        words.begin();
        let said = words.hear(&line("Error: \u{1b}[31mno such\u{1b}[0m container\nx".to_owned()), start);
        assert_eq!(said, ["Error: ␛[31mno such␛[0m container"]);
        assert!(words.hear(&line("  ".to_owned()), start).is_empty());
        words.begin();
        assert_eq!(words.last(), None);
        let again = words.hear(&line("Error: \u{1b}[31mno such\u{1b}[0m container".to_owned()), start);
        assert!(again.is_empty(), "the same as the last time: {again:?}");
        assert!(words.last().is_some_and(|last| last.starts_with("Error")));
        let told: usize = (0..1000).map(|n| words.hear(&line(format!("n {n}")), start).len()).sum();
        assert_eq!(told, MOST - 1);
        let later = words.hear(&line("later".to_owned()), start + WHILE);
        assert_eq!(later, ["941 more messages of its own", "later"]);
        assert_eq!(words.rest(), None);
        assert!(words.now.len() <= MOST && words.before.len() <= MOST);
    }
}
