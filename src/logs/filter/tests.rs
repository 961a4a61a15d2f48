use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::query::parse;
use crate::logs::parse::Format;

fn source() -> Source {
    Source { host: "web-1".into(), service: Some("api".into()), name: Arc::from("file:/var/log/api.log") }
}

fn wants(query: &str, format: Format, level: Option<Level>, bytes: &[u8]) -> bool {
    let query = parse(query, |_| true).expect(query);
    let filter = Filter::of_query(&query).expect("it compiles");
    let source = source();
    filter.wants(&Line { bytes, level, source: &source, shape: format.into(), nanos: 0 })
}

#[test]
fn an_error_says_in_one_line_what_is_wrong() {
    let bad = |pattern: &str| Filter::of_query(&Query::text(pattern)).map(drop);
    assert_eq!(bad("a(b"), Err("a(b: unclosed group".to_owned()));
    assert!(bad("(\\w{200}){200}").is_err_and(|error| error.lines().count() == 1));
}

#[test]
fn text_is_matched_in_the_raw_bytes() {
    let plain = |query: &str, bytes: &[u8]| wants(query, Format::Plain, None, bytes);
    assert!(plain("a (?-u)\\xff$", b"xa\xff"));
    assert!(!plain("a (?-u)\\xff$", b"xa"));
    assert!(plain("a !b", b"xa") && !plain("a !b", b"ab"));
    assert!(plain("a|b", b"b") && !plain("!(a|b)", b"b"));
    assert!(plain("", b""));
}

#[test]
fn fields_are_asked_in_every_format() {
    let json = br#"{"ts":"2026-11-18T08:00:00Z","level":"error","msg":"no \"cart\"","req":{"id":"7f","n":3},"a.b":1,"ok":true}"#;
    let logfmt = br#"ts=2026-11-18T08:00:00Z level=error msg="no \"cart\"" dur_ms=41 path=/cart dur_ms=42"#;
    let access = br#"10.0.0.1 - - [18/Nov/2026:08:00:00 +0000] "GET /cart?x=1 HTTP/1.1" 502 17 "-" "curl/8" rt=0.25"#;
    let syslog = b"2026-11-18T08:00:00Z sys1 sshd[77]: Accepted publickey user=deploy";
    for (query, format, line, expected) in [
        ("msg='no \"cart\"'", Format::Json, json.as_slice(), true),
        ("req.id=7f", Format::Json, json, true),
        ("req.n>2 req.n<=3", Format::Json, json, true),
        ("a.b=1", Format::Json, json, true),
        ("ok=true", Format::Json, json, true),
        ("req.id=8f", Format::Json, json, false),
        ("nothing=1", Format::Json, json, false),
        ("nothing!=1", Format::Json, json, true),
        ("message:*cart*", Format::Json, json, true),
        ("msg='no \"cart\"'", Format::Logfmt, logfmt, true),
        ("dur_ms=42", Format::Logfmt, logfmt, true),
        ("dur_ms=41", Format::Logfmt, logfmt, false),
        ("path~^/c !path~checkout", Format::Logfmt, logfmt, true),
        ("status>=500 method=GET path:/cart*", Format::Access, access, true),
        ("rt<0.2", Format::Access, access, false),
        ("user=x", Format::Access, access, false),
        ("program=sshd pid=77 user=deploy", Format::Syslog, syslog, true),
        ("fields.host=sys1 host=web-1", Format::Syslog, syslog, true),
        ("host=sys1", Format::Syslog, syslog, false),
        ("host:web* service=api source~api", Format::Plain, b"x", true),
        ("!host:web*", Format::Plain, b"x", false),
        ("status=1", Format::Plain, b"status=1", false),
    ] {
        assert_eq!(wants(query, format, None, line), expected, "{query} {format:?}");
    }
}

#[test]
fn levels_have_an_order_and_a_line_without_one_has_none() {
    for (query, level, expected) in [
        ("level=warn", Some(Level::Warn), true),
        ("level=warn", Some(Level::Error), false),
        ("level>=warn", Some(Level::Error), true),
        ("level>=WARNING", Some(Level::Info), false),
        ("level<warn", Some(Level::Info), true),
        ("level!=warn", Some(Level::Info), true),
        ("level~^(warn|err)", Some(Level::Error), true),
        ("level:*rr*", Some(Level::Error), true),
        ("level>=trace", None, false),
        ("level<error", None, false),
        ("level!=warn", None, true),
        ("!level>=warn", None, true),
    ] {
        assert_eq!(wants(query, Format::Plain, level, b"x"), expected, "{query} {level:?}");
    }
}

#[test]
fn what_is_certain_of_a_source_is_known_without_its_lines() {
    for (query, expected) in [
        ("", Some(true)),
        ("host:web*", Some(true)),
        ("host=db-1 error", Some(false)),
        ("host=web-1 error", None),
        ("host=web-1 | error", Some(true)),
        ("host=db-1 | error", None),
        ("!(host=web-1 | error)", Some(false)),
        ("service!=api", Some(false)),
    ] {
        let filter = Filter::of_query(&parse(query, |_| true).unwrap()).unwrap();
        assert_eq!(filter.of_source(SourceId(0), &source()), expected, "{query}");
    }
    let hidden = LogFilter { hidden: vec![SourceId(0)], ..LogFilter::default() };
    assert_eq!(Filter::compile(&hidden).unwrap().of_source(SourceId(0), &source()), Some(false));
}

proptest! {
    /// Fields are what was written, in whichever format, among whatever stands beside them.
    #[test]
    fn a_field_test_equals_a_plain_comparison(
        n in -30_i32..30, word in "[a-c\"\\\\]{0,3}", bound in -30_i32..30, other in "[a-c\"\\\\]{0,3}",
        op in proptest::sample::select(vec![Op::Is, Op::IsNot, Op::Above, Op::AtLeast, Op::Below, Op::AtMost]),
    ) {
        let json = serde_json::json!({ "x": { "word": word, "n": "no" }, "n": n, "word": word, "z": [1, { "n": 7 }] });
        let logfmt = format!("a=1 n={n} word={word:?} z=\"n=99\" end");
        for (format, line) in [(Format::Json, json.to_string()), (Format::Logfmt, logfmt)] {
            let test = |name: &str, op, value: &str| {
                let test = FieldTest { name: name.to_owned(), op, value: value.to_owned() };
                let filter = Filter::of_query(&Query::Field(test)).unwrap();
                let source = source();
                filter.wants(&Line { bytes: line.as_bytes(), level: None, source: &source, shape: format.into(), nanos: 0 })
            };
            prop_assert_eq!(test("n", op, &bound.to_string()), op.holds(n.cmp(&bound)), "{}", line);
            prop_assert_eq!(test("word", op, &other), op.holds(word.cmp(&other)), "{}", line);
            prop_assert_eq!(test("absent", op, &other), op == Op::IsNot);
            if format == Format::Json {
                prop_assert_eq!(test("x.word", op, &other), op.holds(word.cmp(&other)), "{}", line);
            }
            // What one line's detail shows is what its filter asks.
            for (name, value) in parse::fields(format, line.as_bytes(), 0) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let found = parse::field(format, line.as_bytes(), 0, &name).expect("it is there");
                prop_assert_eq!(String::from_utf8_lossy(&found), text.as_str());
            }
        }
    }
}
