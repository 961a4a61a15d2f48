//! What is kept of the logs' view between two sessions: filters, bookmarks, patterns, searches, views by name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is kept. What a newer `qd` has added is ignored, what it has left out is as at first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The view that was left last.
    pub last: Option<View>,
    /// Views that have a name.
    pub views: Vec<View>,
    /// Filters that have a name.
    pub filters: Vec<KeptFilter>,
    /// Patterns that stand out.
    pub highlights: Vec<String>,
    /// Lines to come back to.
    pub bookmarks: Vec<KeptBookmark>,
    /// Searches, newest last.
    pub searches: Vec<String>,
}

/// How the logs are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// Its name; empty for the one that was left last.
    pub name: String,
    /// The filter that was typed.
    pub filter: String,
    /// Names of the filters that are on.
    pub on: Vec<String>,
    /// Sources that are hidden, by host and name.
    pub hidden: Vec<(String, String)>,
    /// What is searched for.
    pub search: Option<String>,
    /// The look of the time column.
    pub times: String,
    /// How fields are shown.
    pub fields: String,
    /// Fields that are not shown.
    pub hidden_fields: Vec<String>,
    /// Long lines wrap.
    pub wrap: bool,
    /// The hosts' own clocks.
    pub raw_time: bool,
    /// Repeats are shown as one.
    pub fold: bool,
}

/// A filter that has a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptFilter {
    /// Its name.
    pub name: String,
    /// Its text.
    pub filter: String,
}

/// A line to come back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBookmark {
    /// Its host.
    pub host: String,
    /// Its source's name.
    pub source: String,
    /// Its time.
    pub time: DateTime<Utc>,
    /// How it begins, without secrets.
    pub text: String,
    /// What somebody has to say about it.
    pub note: String,
}

impl Kept {
    /// What is to be written when somebody else has written meanwhile: what they have added to `base`, which both began
    /// with, is not lost.
    pub fn with(mut self, theirs: &Self, base: &Self) -> Self {
        add(&mut self.views, &theirs.views, &base.views, |a, b| a.name == b.name);
        add(&mut self.filters, &theirs.filters, &base.filters, |a, b| a.name == b.name);
        add(&mut self.highlights, &theirs.highlights, &base.highlights, |a, b| a == b);
        add(&mut self.searches, &theirs.searches, &base.searches, |a, b| a == b);
        let same = |a: &KeptBookmark, b: &KeptBookmark| (a.time, &a.host, &a.text) == (b.time, &b.host, &b.text);
        add(&mut self.bookmarks, &theirs.bookmarks, &base.bookmarks, same);
        self
    }
}

/// Adds what is theirs alone and was not there at the beginning.
fn add<T: Clone>(ours: &mut Vec<T>, theirs: &[T], base: &[T], same: impl Fn(&T, &T) -> bool) {
    for one in theirs {
        let known = |all: &[T]| all.iter().any(|other| same(one, other));
        if !known(ours) && !known(base) {
            ours.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_sessions_add_at_once_is_kept_and_what_one_lets_go_of_is_gone() {
        let of =
            |names: &[&str]| Kept { highlights: names.iter().map(|n| (*n).to_owned()).collect(), ..Kept::default() };
        let base = of(&["a", "b"]);
        // We let go of a and add c; they add d.
        let both = of(&["b", "c"]).with(&of(&["a", "b", "d"]), &base);
        assert_eq!(both.highlights, ["b", "c", "d"]);
    }

    #[test]
    fn what_is_not_known_is_ignored_and_what_is_missing_is_as_at_first() {
        let text = r#"{"last":{"filter":"level>=warn","shape":"round"},"newer":1}"#;
        let kept: Kept = serde_json::from_str(text).expect("it is read");
        assert_eq!(kept.last.map(|view| view.filter).as_deref(), Some("level>=warn"));
        assert!(kept.bookmarks.is_empty());
    }
}
