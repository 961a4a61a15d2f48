//! The id that ties lines of many hosts together: of a request, a trace, a session, a user.

use std::sync::LazyLock;

use regex::Regex;

use super::query::{Op, Query};

/// Names of fields that hold one, without case and signs between words; the narrowest first.
const NAMES: &[&[&str]] = &[
    &[
        "requestid",
        "reqid",
        "xrequestid",
        "req",
        "request",
        "rid",
        "correlationid",
        "xcorrelationid",
        "transactionid",
        "jobid",
    ],
    &["traceid", "trace", "xtraceid", "xb3traceid", "traceparent"],
    &["sessionid", "session", "sid"],
    &["userid", "uid", "user", "customerid", "customer", "accountid", "account"],
];

/// What looks like an id in a text that has no fields.
static LOOKS: LazyLock<Regex> = LazyLock::new(|| {
    let looks = r"\b(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-f]{16,64}|[0-9A-HJKMNP-TV-Z]{26})\b";
    Regex::new(looks).expect("a test uses it")
});

/// A value shorter than this is no id by itself: its field's name is asked for too.
const TELLING: usize = 6;

/// An id of a line, and the name of its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The field's name; none: it was found in the text.
    pub field: Option<String>,
    /// The id.
    pub value: String,
}

impl Thread {
    /// The narrowest id that a line has.
    pub fn of_line(text: &str, fields: &[(String, String)]) -> Option<Self> {
        let of = |names: &&[&str]| {
            let named = |(name, value): &&(String, String)| {
                is_value(value) && [1, 2].iter().any(|parts| names.contains(&plain(name, *parts).as_str()))
            };
            fields.iter().find(named)
        };
        if let Some((name, value)) = NAMES.iter().find_map(of) {
            return Some(Self { field: Some(name.clone()), value: value.clone() });
        }
        LOOKS.find(text).map(|found| Self { field: None, value: found.as_str().to_owned() })
    }

    /// The lines that have it. An id that tells by itself is looked for in the whole line, because other programs write
    /// it under another name.
    pub fn query(&self) -> Query {
        let telling = self.value.len() >= TELLING && self.value.bytes().any(|b| b.is_ascii_digit());
        match &self.field {
            Some(name) if !telling => Query::field(name, Op::Is, &self.value),
            _ => {
                let edge =
                    |c: Option<char>| if c.is_some_and(|c| c.is_alphanumeric() || c == '_') { r"\b" } else { "" };
                let (first, last) = (edge(self.value.chars().next()), edge(self.value.chars().next_back()));
                Query::text(&format!("{first}{}{last}", regex::escape(&self.value)))
            }
        }
    }

    /// As it is written on the screen.
    pub fn label(&self) -> String {
        self.field.as_ref().map_or_else(|| self.value.clone(), |name| format!("{name}={}", self.value))
    }
}

/// The last parts of a name's path (`id`, or `req.id`), without case and the signs between their words.
fn plain(name: &str, parts: usize) -> String {
    let from = name.rmatch_indices('.').nth(parts - 1).map_or(0, |(dot, _)| dot);
    name[from..].chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// An id is one word; a request as web servers write it, `GET / HTTP/1.1`, is none.
fn is_value(value: &str) -> bool {
    !matches!(value, "" | "-" | "null" | "none" | "0" | "anonymous" | "{}") && !value.contains([' ', '/', '{', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, fields: &[(&str, &str)]) -> Option<(String, String)> {
        let fields: Vec<_> = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Thread::of_line(text, &fields).map(|thread| (thread.label(), thread.query().to_string()))
    }

    #[test]
    fn the_narrowest_id_is_followed_by_its_value_and_a_short_one_by_its_field() {
        let both = [("user", "7"), ("http.Request-Id", "7f3a91"), ("trace_id", "abcdef012345")];
        assert_eq!(of("", &both), Some(("http.Request-Id=7f3a91".into(), r"\b7f3a91\b".into())));
        assert_eq!(of("", &[("user", "7"), ("request_id", "-")]), Some(("user=7".into(), "user=7".into())));
        assert_eq!(of("", &[("user", "margarete")]), Some(("user=margarete".into(), "user=margarete".into())));
        let short = [("user.id", "7"), ("req", "8dc24300"), ("request", "GET / HTTP/1.1")];
        assert_eq!(of("", &short), Some(("req=8dc24300".into(), r"\b8dc24300\b".into())));
        let nested = [("user.id", "7"), ("req.id", "f522732e5d0b"), ("req.path", "/a")];
        assert_eq!(of("", &nested), Some(("req.id=f522732e5d0b".into(), r"\bf522732e5d0b\b".into())));
        assert_eq!(of("", &nested[..1]), Some(("user.id=7".into(), "user.id=7".into())));
        let uuid = "0b9e9c4e-7d0a-4a0e-9d4e-2f9f0a3b1c11";
        assert_eq!(
            of(&format!("job {uuid} failed"), &[]),
            Some((uuid.into(), format!(r"\b{}\b", regex::escape(uuid))))
        );
        assert_eq!(of("nothing to follow in 12:04:55", &[("path", "/a")]), None);
    }
}
