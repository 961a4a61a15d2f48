//! From an answer that is none to words.

use std::error::Error;

use serde_json::Value;

use super::cause::cause;
use crate::domain::api_error::ApiErrorKind;
use crate::domain::text::one_line;

/// The longest text of an API's that is repeated.
const LONGEST: usize = 300;

/// The sort of failure that a status is.
pub(super) fn kind(status: u16) -> ApiErrorKind {
    match status {
        401 => ApiErrorKind::Unauthorized,
        403 => ApiErrorKind::Forbidden,
        404 | 410 => ApiErrorKind::NotFound,
        429 => ApiErrorKind::RateLimited,
        400..=499 => ApiErrorKind::Rejected,
        500..=599 => ApiErrorKind::Failing,
        _ => ApiErrorKind::Other,
    }
}

/// What an answer of that status comes to in a line: the API's own words, where it said any.
pub(super) fn message(status: u16, body: &[u8]) -> String {
    let plain = match status {
        401 => "it does not know the token",
        403 => "the token may not do this",
        404 => "not found",
        410 => "gone",
        429 => "too many requests",
        300..=399 => "it redirects elsewhere, and a token is never taken along",
        400..=499 => "it refused",
        _ => "it failed",
    };
    match said(body) {
        Some(said) => format!("{plain} ({status}: {said})"),
        None if body.trim_ascii_start().starts_with(b"<") => format!("{plain} ({status}, with a page in HTML)"),
        None => format!("{plain} ({status})"),
    }
}

/// The words in an error's JSON: `message` or `error` (a text, or what holds one), `error_description`, and the faults
/// of single fields.
fn said(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let mut words = Vec::new();
    for key in ["message", "error", "error_description", "errors"] {
        if let Some(value) = value.get(key) {
            collect(value, &mut words, 0);
        }
    }
    let words = words.join("; ");
    (!words.is_empty()).then(|| one_line(&words, LONGEST))
}

fn collect(value: &Value, words: &mut Vec<String>, depth: usize) {
    // Whatever an API nests deeper than this, it is not a sentence.
    if depth > 3 || words.len() >= 5 {
        return;
    }
    match value {
        Value::String(text) if !text.trim().is_empty() && !words.contains(text) => words.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words, depth + 1)),
        Value::Object(fields) => match fields.get("message") {
            Some(message) => collect(message, words, depth + 1),
            None => {
                for (name, value) in fields {
                    let mut inner = Vec::new();
                    collect(value, &mut inner, depth + 1);
                    if !inner.is_empty() {
                        words.push(format!("{name} {}", inner.join(", ")));
                    }
                }
            }
        },
        _ => {}
    }
}

/// What an exchange that broke off comes to in a line. The URL is left out: it may hold what nobody is to see.
pub(super) fn broke(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return if error.is_connect() { "no connection in time" } else { "no answer in time" }.to_owned();
    }
    let what = if error.is_connect() { "cannot connect" } else { "the answer broke off" };
    // Its own words hold the URL.
    match error.source() {
        Some(deeper) => format!("{what}: {}", one_line(&cause(deeper), LONGEST)),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_of_every_shape_of_error_are_found() {
        for (body, expected) in [
            (r#"{"message":"404 Project Not Found"}"#, "404 Project Not Found"),
            (r#"{"message":{"base":["Reference not found"]}}"#, "base Reference not found"),
            (r#"{"error":"ref is missing"}"#, "ref is missing"),
            (
                r#"{"error":"insufficient_scope","error_description":"needs more","scope":"api"}"#,
                "insufficient_scope; needs more",
            ),
            (r#"{"error":{"message":"No such customer","type":"invalid_request_error"}}"#, "No such customer"),
            (
                r#"{"message":"invalid","errors":{"end_at":["is required","is wrong"]}}"#,
                "invalid; end_at is required, is wrong",
            ),
        ] {
            assert_eq!(message(400, body.as_bytes()), format!("it refused (400: {expected})"));
        }
        assert_eq!(message(502, b" <html>"), "it failed (502, with a page in HTML)");
        assert_eq!(message(500, b""), "it failed (500)");
    }

    proptest! {
        #[test]
        fn any_body_gives_one_short_safe_line(status in 100_u16..600, body in proptest::collection::vec(any::<u8>(), 0..400)) {
            let line = message(status, &body);
            prop_assert!(line.chars().count() < 400);
            prop_assert!(!line.chars().any(crate::domain::text::is_unsafe));
        }

        #[test]
        fn any_json_gives_one_short_safe_line(text in "\\PC*", deep in 0_usize..8) {
            let mut value = serde_json::json!({ "message": text.clone(), "errors": { "a": [text] } });
            for _ in 0..deep {
                value = serde_json::json!({ "message": value, "error": [value] });
            }
            let line = message(400, value.to_string().as_bytes());
            prop_assert!(line.chars().count() < 400 && !line.chars().any(crate::domain::text::is_unsafe));
        }
    }
}
