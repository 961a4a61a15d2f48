//! Lines that tell of a request: its status, and how long it took.
//!
//! A line of an access log is one. A line of logfmt or JSON is one when it has a status of HTTP (`status`,
//! `status_code`, `http_status`, `statusCode`, `res.statusCode`). Its duration is read where its unit is beyond doubt:
//! from a name that says it (`dur_ms`, `latency_s`, nginx's `request_time` and `rt`, pino's `responseTime`), from a
//! value that says it (`duration=12ms`), or from the bare decimal number after an access line, which is nginx's
//! `$request_time`.

use super::{Format, Shape, json, logfmt, time, web};

/// A request that was answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// Its status, 100 to 599.
    pub status: u16,
    /// How long it took, in seconds, where the line says so.
    pub seconds: Option<f64>,
}

/// What a line says of a request; none when it is about something else.
pub fn request<'s>(shape: impl Into<Shape<'s>>, raw: &[u8]) -> Option<Request> {
    let shape = shape.into();
    let raw = shape.body(raw).0;
    let mut found = Found::default();
    match shape.format {
        Format::Access => return access(raw),
        // Most lines are told from requests by the lack of this.
        _ if memchr::memmem::find(raw, b"tatus").is_none() => return None,
        Format::Json | Format::Docker => {
            json::members(raw, |key, value| {
                let (key, value) = (&raw[key], &raw[value]);
                match value.first() {
                    Some(b'{') if key == b"res" || key == b"response" => {
                        json::members(value, |key, inner| {
                            found.take(&value[key], &value[inner]);
                            true
                        });
                    }
                    _ => found.take(key, value),
                }
                true
            });
        }
        Format::Logfmt | Format::Go | Format::Rust | Format::Python | Format::Stamped | Format::Java => {
            logfmt::pairs(raw, |key, value| {
                found.take(&raw[key], &raw[value]);
                true
            });
        }
        _ => return None,
    }
    found.status.map(|status| Request { status, seconds: found.seconds })
}

#[derive(Default)]
struct Found {
    status: Option<u16>,
    seconds: Option<f64>,
}

impl Found {
    fn take(&mut self, key: &[u8], value: &[u8]) {
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        match key {
            b"status" | b"status_code" | b"statusCode" | b"http_status" | b"http.status_code" => {
                self.status = self.status.or_else(|| status(value));
            }
            _ => self.seconds = self.seconds.or_else(|| seconds(key, value)),
        }
    }
}

fn status(value: &[u8]) -> Option<u16> {
    let status = time::digits(value).filter(|_| value.len() == 3)?;
    u16::try_from(status).ok().filter(|status| (100..600).contains(status))
}

/// Names of durations, and how many seconds one of their unit is. None: the value says it.
fn unit(key: &[u8]) -> Option<Option<f64>> {
    const STEMS: [&[u8]; 10] = [
        b"dur",
        b"duration",
        b"latency",
        b"elapsed",
        b"took",
        b"time_taken",
        b"response_time",
        b"request_time",
        b"time",
        b"runtime",
    ];
    const SUFFIXES: [(&[u8], f64); 7] = [
        (b"_ms", 1e-3),
        (b"_msec", 1e-3),
        (b"_millis", 1e-3),
        (b"_us", 1e-6),
        (b"_ns", 1e-9),
        (b"_s", 1.0),
        (b"_seconds", 1.0),
    ];
    match key {
        b"rt" | b"request_time" => return Some(Some(1.0)),
        b"ms" | b"responseTime" | b"durationMs" => return Some(Some(1e-3)),
        _ => {}
    }
    for (suffix, seconds) in SUFFIXES {
        if key.strip_suffix(suffix).is_some_and(|stem| STEMS.contains(&stem)) {
            return Some(Some(seconds));
        }
    }
    (STEMS.contains(&key) && key != b"time").then_some(None)
}

fn seconds(key: &[u8], value: &[u8]) -> Option<f64> {
    // What is no duration is told by its first letters.
    if !matches!(key.first(), Some(b'd' | b'l' | b'e' | b't' | b'r' | b'm')) {
        return None;
    }
    let (unit, text) = (unit(key)?, std::str::from_utf8(value).ok()?);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let said = match &text[end..] {
        "" => unit?,
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return None,
    };
    Some(number * said)
}

fn access(raw: &[u8]) -> Option<Request> {
    let parts = web::access(raw)?;
    let status = status(&raw[parts.status])?;
    let rest = &raw[parts.rest];
    // What a site adds stands after the user agent.
    let after = memchr::memrchr(b'"', rest).map_or(0, |quote| quote + 1);
    let mut added = &rest[after..];
    if added.trim_ascii().is_empty() {
        added = rest;
    }
    let mut found = None;
    logfmt::pairs(added, |key, value| {
        found = seconds(&added[key], &added[value]);
        found.is_none()
    });
    let bare = |word: &[u8]| word.contains(&b'.').then(|| seconds(b"rt", word)).flatten();
    let seconds = found.or_else(|| rest[after..].split(|byte| *byte == b' ').find_map(bare));
    Some(Request { status, seconds })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_are_told_with_their_durations() {
        let access = |rest: &str| format!("1.2.3.4 - - [18/Nov/2026:08:00:00 +0000] \"GET /x HTTP/1.1\" {rest}");
        for (format, line, want) in [
            (Format::Access, access("200 5 \"-\" \"curl/8\" rt=0.042"), Some((200, Some(0.042)))),
            (Format::Access, access("502 5 \"-\" \"curl/8\" 1.250 0.9"), Some((502, Some(1.25)))),
            (Format::Access, access("200 5 \"-\" \"curl/8\" 7"), Some((200, None))),
            (Format::Access, access("404 5"), Some((404, None))),
            (Format::Access, "no request".to_owned(), None),
            (Format::Logfmt, "level=info status=500 dur_ms=12.5 msg=x".to_owned(), Some((500, Some(0.0125)))),
            (Format::Logfmt, "status=200 duration=3s".to_owned(), Some((200, Some(3.0)))),
            (Format::Logfmt, "status=200 duration=3".to_owned(), Some((200, None))),
            (Format::Logfmt, "status=ready dur_ms=3".to_owned(), None),
            (Format::Logfmt, "dur_ms=3".to_owned(), None),
            (Format::Json, r#"{"status":200,"dur_ms":113.7}"#.to_owned(), Some((200, Some(0.1137)))),
            (Format::Json, r#"{"status_code":"404","elapsed":"250µs"}"#.to_owned(), Some((404, Some(0.00025)))),
            (Format::Json, r#"{"res":{"statusCode":201},"responseTime":7}"#.to_owned(), Some((201, Some(0.007)))),
            (Format::Json, r#"{"status":"ok","ms":1}"#.to_owned(), None),
            (Format::Plain, "status=200".to_owned(), None),
        ] {
            let got = request(format, line.as_bytes());
            let near = |got: Option<f64>, want: Option<f64>| match (got, want) {
                (Some(got), Some(want)) => (got - want).abs() < 1e-9,
                (got, want) => got == want,
            };
            let same = match (got, want) {
                (Some(got), Some((status, seconds))) => got.status == status && near(got.seconds, seconds),
                (None, None) => true,
                _ => false,
            };
            assert!(same, "{line}: {got:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), tail in "[ -~]{0,60}") {
            for format in [Format::Access, Format::Json, Format::Logfmt] {
                let _ = request(format, &bytes);
                let _ = request(format, format!("a - - [18/Nov/2026:08:00:00 +0000] \"G\" 200 status={tail}").as_bytes());
            }
        }
    }
}
