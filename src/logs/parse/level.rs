//! Words and numbers for severity.

use std::ops::Range;

use crate::domain::log::Level;

/// The level that a word names, in any case; no other word is a level.
pub fn word(word: &[u8]) -> Option<Level> {
    let mut lower = [0_u8; 11];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"finest" | b"finer" => Level::Trace,
        b"debug" | b"dbg" | b"fine" | b"verbose" => Level::Debug,
        b"info" | b"inf" | b"information" | b"log" => Level::Info,
        b"notice" => Level::Notice,
        b"warn" | b"warning" | b"wrn" => Level::Warn,
        b"error" | b"err" | b"severe" => Level::Error,
        b"fatal" | b"critical" | b"crit" | b"alert" | b"emerg" | b"emergency" | b"panic" => Level::Fatal,
        _ => return None,
    })
}

/// The level that a capital letter stands for: glog, Ruby's logger, MongoDB.
pub fn letter(letter: u8) -> Option<Level> {
    Some(match letter {
        b'D' => Level::Debug,
        b'I' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'F' => Level::Fatal,
        _ => return None,
    })
}

/// Syslog's severities, 0 (emerg) to 7 (debug): RFC 5424, 6.2.1.
pub fn syslog(severity: i64) -> Option<Level> {
    Some(match severity {
        0..=2 => Level::Fatal,
        3 => Level::Error,
        4 => Level::Warn,
        5 => Level::Notice,
        6 => Level::Info,
        7 => Level::Debug,
        _ => return None,
    })
}

/// The numbers of bunyan and pino: 10 (trace) to 60 (fatal).
pub fn bunyan(number: i64) -> Option<Level> {
    Some(match number {
        10..=19 => Level::Trace,
        20..=29 => Level::Debug,
        30..=39 => Level::Info,
        40..=49 => Level::Warn,
        50..=59 => Level::Error,
        60..=69 => Level::Fatal,
        _ => return None,
    })
}

/// The level of a request by its HTTP status: 5xx error, 4xx warn, else info.
pub fn status(status: i64) -> Option<Level> {
    Some(match status {
        500..=599 => Level::Error,
        400..=499 => Level::Warn,
        100..=399 => Level::Info,
        _ => return None,
    })
}

/// How many words of a text are looked at, and how many bytes: a level stands near the front or nowhere.
const WORDS: usize = 6;
const BYTES: usize = 120;

/// The level that free text seems to have: among its first words one in capitals or brackets, a first word before
/// a colon, or `level=…` in any quoting.
pub fn guess(text: &[u8]) -> Option<Level> {
    let text = &text[..text.len().min(BYTES)];
    let mut rest = text;
    for number in 0..WORDS {
        rest = rest.trim_ascii_start();
        let end = memchr::memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        let token = &rest[..end];
        if let Some(level) = token_level(token, number == 0) {
            return Some(level);
        }
        rest = &rest[end..];
    }
    None
}

fn token_level(token: &[u8], first: bool) -> Option<Level> {
    if let Some(equals) = memchr::memchr2(b'=', b':', token)
        && ends_with_key(&token[..equals])
    {
        let value = &token[equals + 1..];
        return word(&value[letters(value)]);
    }
    let range = letters(token);
    let (before, inner, after) = (&token[..range.start], &token[range.clone()], &token[range.end..]);
    let capitals = inner.len() > 2 && inner.iter().all(u8::is_ascii_uppercase);
    let bracketed = matches!((before.last(), after.first()), (Some(b'[' | b'<' | b'('), Some(b']' | b'>' | b')')));
    let labelled = first && before.is_empty() && after.first() == Some(&b':');
    let alone =
        capitals && !after.first().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'/'));
    if alone || bracketed || labelled { word(inner) } else { None }
}

fn ends_with_key(key: &[u8]) -> bool {
    let key = key.strip_suffix(b"\"").unwrap_or(key);
    let key = key.strip_suffix(b"\\").unwrap_or(key);
    [b"level".as_slice(), b"lvl", b"severity"]
        .iter()
        .any(|name| key.len() >= name.len() && key[key.len() - name.len()..].eq_ignore_ascii_case(name))
}

/// Where the first run of letters is.
fn letters(token: &[u8]) -> Range<usize> {
    let from = token.iter().position(u8::is_ascii_alphabetic).unwrap_or(token.len());
    let length = token[from..].iter().position(|c| !c.is_ascii_alphabetic()).unwrap_or(token.len() - from);
    from..from + length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_in_any_case() {
        assert_eq!(word(b"WARNING"), Some(Level::Warn));
        assert_eq!(word(b"Err"), Some(Level::Error));
        assert_eq!(word(b"crit"), Some(Level::Fatal));
        for none in [b"".as_slice(), b"errors", b"warned", b"informational-text"] {
            assert_eq!(word(none), None);
        }
    }

    #[test]
    fn levels_are_found_near_the_front_of_free_text() {
        for (text, want) in [
            (" [main] INFO  c.a.B - hello", Some(Level::Info)),
            (" - shop.cart - ERROR - no cart", Some(Level::Error)),
            ("WARNING:root:careful", Some(Level::Warn)),
            ("error: cannot open", Some(Level::Error)),
            (" [error] 7#7: *1 open() failed", Some(Level::Error)),
            ("[7] LOG:  checkpoint complete", Some(Level::Info)),
            ("level=warn msg=x", Some(Level::Warn)),
            (r#"{\"level\":\"error\",\"m\":1}"#, Some(Level::Error)),
            (r#"{"severity":"WARNING"}"#, Some(Level::Warn)),
            ("the info you wanted about error handling", None),
            ("GET /INFO/x served", None),
            ("one two three four five six seven ERROR", None),
            ("", None),
        ] {
            assert_eq!(guess(text.as_bytes()), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (word(&bytes), guess(&bytes));
        }
    }
}
