//! What a service says its version is.

use crate::domain::text::one_line;

/// The longest version that is kept, in characters.
const LONGEST: usize = 64;

/// The `version` of a JSON object, or else the first line. `None` for an empty answer and for one that looks like a
/// page rather than a version.
pub fn version(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let found = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Object(object)) => match object.get("version")? {
            serde_json::Value::String(version) => version.clone(),
            serde_json::Value::Number(version) => version.to_string(),
            _ => return None,
        },
        Ok(serde_json::Value::String(version)) => version,
        Ok(serde_json::Value::Array(_)) => return None,
        _ => text.to_owned(),
    };
    let line = one_line(&found, LONGEST);
    (!line.is_empty() && !line.starts_with(['<', '{', '['])).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_json() {
        let cases: [(&[u8], Option<&str>); 11] = [
            (b"1.4.2\n", Some("1.4.2")),
            (b"v1.4.2 (abc)\nbuilt yesterday", Some("v1.4.2 (abc)")),
            (br#"{"name":"api","version":"1.5.0"}"#, Some("1.5.0")),
            (br#"{"version":7}"#, Some("7")),
            (br#""2.0""#, Some("2.0")),
            (b"1.10", Some("1.10")),
            (br#"{"build":7}"#, None),
            (b"<!doctype html><html>", None),
            (b"  \n", None),
            (b"[1]", None),
            (b"1.0\x1b[31m", Some("1.0\u{241b}[31m")),
        ];
        for (body, expected) in cases {
            assert_eq!(version(body).as_deref(), expected, "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(version(&[b'x'; 5000]).map(|v| v.chars().count()), Some(LONGEST));
    }
}
