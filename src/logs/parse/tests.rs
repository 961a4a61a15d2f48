use proptest::prelude::*;

use super::*;

/// 2026-11-18T08:00:00Z.
const NOW: i64 = 1_794_988_800_000_000_000;

fn one(line: &str) -> String {
    let mut parser = Parser::default();
    let parsed = parser.line(line.as_bytes(), NOW);
    let time = match parsed.time {
        TimeField::At(stamp) => stamp.to_string(),
        other => format!("{other:?}"),
    };
    let message = &line[message(parser.format(), line.as_bytes(), NOW)];
    format!("{} {time} {} {message}", parser.format().as_str(), parsed.level.map_or("-", Level::as_str))
}

#[test]
fn each_format_is_detected_and_read() {
    for (line, want) in [
        (
            r#"{"ts":"2026-11-18T07:59:59.104Z","level":"error","msg":"no \"x\"","req":{"level":"info"}}"#,
            r#"json 2026-11-18T07:59:59.104Z error no \"x\""#,
        ),
        (r#"{"level":30,"time":1794988799104,"msg":"pino"}"#, "json 2026-11-18T07:59:59.104Z info pino"),
        (
            r#"{ "req": {"msg": ["}",{"a":"\\"}]}, "@timestamp": "2026-11-18T07:59:59Z", "severity": "WARNING", "message": "m" }"#,
            "json 2026-11-18T07:59:59Z warn m",
        ),
        (
            r#"{"__REALTIME_TIMESTAMP":"1794988799104000","PRIORITY":"3","MESSAGE":"down"}"#,
            "json 2026-11-18T07:59:59.104000Z error down",
        ),
        (
            r#"{"log":"level=error msg=\"a b\"\n","stream":"stderr","time":"2026-11-18T07:59:59.123456789Z"}"#,
            r#"docker 2026-11-18T07:59:59.123456789Z error level=error msg=\"a b\"\n"#,
        ),
        (
            r#"ts=2026-11-18T07:59:59.104Z level=warn svc=a msg="slow \"q\" query" dur_ms=7"#,
            r#"logfmt 2026-11-18T07:59:59.104Z warn slow \"q\" query"#,
        ),
        ("level=info msg=started", "logfmt Missing info started"),
        (
            r#"10.0.1.2 - - [18/Nov/2026:08:59:59 +0100] "GET /x?a=\"b HTTP/1.1" 502 31 "-" "curl/8" rt=0.1"#,
            r#"access 2026-11-18T07:59:59Z error "GET /x?a=\"b HTTP/1.1" 502 31 "-" "curl/8" rt=0.1"#,
        ),
        (
            r#"::1 - bob [x] [18/Nov/2026:07:59:59 +0000] "POST / HTTP/2.0" 404 0"#,
            r#"access 2026-11-18T07:59:59Z warn "POST / HTTP/2.0" 404 0"#,
        ),
        (
            "2026/11/18 07:59:59 [crit] 7#8: *91 connect() failed",
            "nginx-error 2026-11-18T07:59:59Z fatal connect() failed",
        ),
        (
            "[Wed Nov 18 07:59:59.123456 2026] [core:error] [pid 7] [client ::1] AH00126: bad",
            "apache-error 2026-11-18T07:59:59.123456Z error AH00126: bad",
        ),
        ("Nov 18 07:59:59 web-1 sshd[81]: Accepted publickey", "syslog 2026-11-18T07:59:59Z - Accepted publickey"),
        ("<11>Nov  8 07:59:59 web-1 kernel: Out of memory", "syslog 2026-11-08T07:59:59Z error Out of memory"),
        (
            "2026-11-18T07:59:59.637+00:00 sys1 cron[7029]: (root) CMD (x)",
            "syslog 2026-11-18T07:59:59.637Z - (root) CMD (x)",
        ),
        (
            r#"<34>1 2026-11-18T07:59:59.003Z h app 7 ID47 [a@1 b="]\"x"][c] it is"#,
            "syslog5424 2026-11-18T07:59:59.003Z fatal it is",
        ),
        ("2026-11-18 07:59:59,104 - shop.cart - ERROR - no cart", "python 2026-11-18T07:59:59.104Z error no cart"),
        ("WARNING:root:careful", "python Missing warn WARNING:root:careful"),
        ("07:59:59.123 [main] INFO  com.acme.App - up", "java 2026-11-18T07:59:59.123Z info com.acme.App - up"),
        (
            "2026-11-18 07:59:59.123  WARN 1 --- [nio-1] o.s.Web : slow",
            "java 2026-11-18T07:59:59.123Z warn 1 --- [nio-1] o.s.Web : slow",
        ),
        ("2026/11/18 07:59:59.000123 main.go:7: listening", "go 2026-11-18T07:59:59.000123Z - main.go:7: listening"),
        (
            "2026-11-18T07:59:59.123456Z  INFO shop::cart: hello",
            "rust 2026-11-18T07:59:59.123456Z info shop::cart: hello",
        ),
        (
            "\u{1b}[2m2026-11-18T07:59:59.123456Z\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m a: no",
            "rust 2026-11-18T07:59:59.123456Z error a: no",
        ),
        ("[2026-11-18T07:59:59Z WARN  shop] low", "rust 2026-11-18T07:59:59Z warn shop] low"),
        ("2026-11-18 07:59:59.123 UTC [7] LOG:  checkpoint", "stamped 2026-11-18T07:59:59.123Z info checkpoint"),
        ("7:M 18 Nov 2026 07:59:59.123 * Ready", "stamped 2026-11-18T07:59:59.123Z - * Ready"),
        (
            "E1118 07:59:59.123456    7 main.go:12] no pod",
            "stamped 2026-11-18T07:59:59.123456Z error 7 main.go:12] no pod",
        ),
        ("18-Nov-2026 07:59:59.123 SEVERE [main] o.a.C bad", "stamped 2026-11-18T07:59:59.123Z error [main] o.a.C bad"),
        ("I, [2026-11-18T07:59:59.5 #7]  INFO -- : ruby", "stamped 2026-11-18T07:59:59.5Z info ruby"),
        ("[ERROR] 2026-11-18 07:59:59 it broke", "stamped 2026-11-18T07:59:59Z error it broke"),
        ("WARN  [2026-11-18 07:59:59,104] c.a.X: slow", "python 2026-11-18T07:59:59.104Z warn c.a.X: slow"),
        ("Nov 18, 2026 7:59:59 AM org.x.Y main", "java 2026-11-18T07:59:59Z - org.x.Y main"),
        ("[18/Nov/2026 07:59:59] \"GET / HTTP/1.1\" 500 7", "stamped 2026-11-18T07:59:59Z - \"GET / HTTP/1.1\" 500 7"),
        ("ERROR: 1794988799 items", "plain Missing error ERROR: 1794988799 items"),
        (
            r#"{"t":{"$date":"2026-11-18T07:59:59.104+00:00"},"s":"E","c":"NETWORK","msg":"gone"}"#,
            "json 2026-11-18T07:59:59.104Z error gone",
        ),
        (
            r#"{"time_local":"18/Nov/2026:07:59:59 +0000","status":"502"}"#,
            "json 2026-11-18T07:59:59Z - {\"time_local\":\"18/Nov/2026:07:59:59 +0000\",\"status\":\"502\"}",
        ),
        ("1999-01-01T00:00:00Z INFO x: old", "rust Bad info x: old"),
        ("hello there", "plain Missing - hello there"),
        ("", "plain Missing - "),
    ] {
        assert_eq!(one(line), want, "{line}");
    }
}

/// Reads lines with one parser; each is `+` when it continues the event before it.
fn marks(lines: &[&str]) -> String {
    let mut parser = Parser::default();
    lines.iter().map(|line| if parser.line(line.as_bytes(), NOW).continues { '+' } else { '.' }).collect()
}

#[test]
fn traces_belong_to_the_event_before_them() {
    let stamp = "ts=2026-11-18T07:59:59Z level=error msg=x";
    assert_eq!(
        marks(&[
            stamp,
            "Traceback (most recent call last):",
            "  File \"a.py\", line 1",
            "    pay()",
            "TimeoutError: no answer",
            "",
            stamp
        ]),
        ".++++.."
    );
    assert_eq!(
        marks(&[
            stamp,
            "Traceback (most recent call last):",
            "  File \"a.py\"",
            "KeyError: 'a'",
            "",
            "During handling of the above exception, another exception occurred:",
            "",
            "Traceback (most recent call last):",
            "  File \"b.py\"",
            "ValueError",
            stamp
        ]),
        ".+++.+++++."
    );
    assert_eq!(
        marks(&[
            "07:59:59.123 [main] ERROR c.A - x",
            "java.lang.IllegalStateException: no",
            "\tat c.A.b(A.java:7)",
            "Caused by: java.io.IOException",
            "\t... 12 more",
            "07:59:59.124 [main] INFO  c.A - y"
        ]),
        ".++++."
    );
    assert_eq!(
        marks(&[
            "2026/11/18 07:59:59 up",
            "panic: runtime error",
            "",
            "goroutine 1 [running]:",
            "main.main()",
            "\t/a.go:7 +0x1d",
            "exit status 2",
            "2026/11/18 08:00:00 up"
        ]),
        "..+++++."
    );
    assert_eq!(
        marks(&[
            "2026-11-18T07:59:59Z  INFO a: x",
            "thread 'main' panicked at src/main.rs:2:5:",
            "index out of bounds",
            "stack backtrace:",
            "   0: rust_begin_unwind",
            "note: run with `RUST_BACKTRACE=full` to see more",
            "2026-11-18T07:59:59Z  INFO a: y"
        ]),
        "..++++."
    );
    // JSON never continues, however it is indented.
    assert_eq!(marks(&[r#"{"msg":"a"}"#, r#"  {"msg":"b"}"#]), "..");
}

#[test]
fn a_detected_format_is_kept_until_it_clearly_does_not_fit() {
    let mut parser = Parser::default();
    let logfmt = b"ts=2026-11-18T07:59:59Z level=info msg=x";
    let json = br#"{"ts":"2026-11-18T07:59:59Z","level":"warn"}"#;
    parser.line(b"a banner", NOW);
    parser.line(logfmt, NOW);
    for _ in 0..PATIENCE - 1 {
        assert_eq!(parser.line(json, NOW).time, TimeField::Missing);
    }
    assert_eq!(parser.format(), Format::Logfmt);
    assert_eq!(parser.line(json, NOW).level, Some(Level::Warn));
    assert_eq!(parser.format(), Format::Json);
}

#[test]
fn fields_are_those_of_the_line() {
    let show = |format, line: &str| {
        let all = fields(format, line.as_bytes(), NOW);
        all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        show(Format::Json, r#"{"z":1.50,"a":{"b":[true,null]},"s":"A\n"}"#),
        r#"z=1.5 a={"b":[true,null]} s="A\n""#
    );
    assert_eq!(show(Format::Json, r#"{"a":"b","cut":"th"#), r#"a="b""#);
    assert_eq!(show(Format::Logfmt, r#"a=1 b="x \"y\"" word a=2 c= d="#), r#"a="2" b="x \"y\"" c="" d="""#);
    assert_eq!(
        show(
            Format::Access,
            r#"10.0.1.2 - bob [18/Nov/2026:07:59:59 +0000] "GET /x HTTP/1.1" 502 31 "-" "curl" rt=0.1"#
        ),
        r#"client="10.0.1.2" user="bob" time="18/Nov/2026:07:59:59 +0000" method="GET" path="/x" protocol="HTTP/1.1" status="502" bytes="31" user_agent="curl" rt="0.1""#
    );
    assert_eq!(
        show(Format::Syslog, "<11>Nov 18 07:59:59 web-1 app[81]: level=info n=1"),
        r#"facility="1" severity="3" host="web-1" program="app" pid="81" level="info" n="1""#
    );
}

#[test]
fn a_trace_that_docker_wrote_down_line_by_line_is_one_event() {
    let mut parser = Parser::default();
    let seen = [
        ("level=info msg=\\\"request handled\\\"", false),
        ("Traceback (most recent call last):", true),
        ("  File \\\"app.py\\\", line 7, in pay", true),
        ("KeyError: 'cart'", true),
        ("level=info msg=next", false),
        ("ERROR: payment failed\\r", false),
        ("java.lang.IllegalStateException: no cart", true),
        ("\\tat shop.Cart.pay(Cart.java:7)", true),
        ("Caused by: java.io.IOException: closed", true),
        ("level=info msg=next", false),
        ("panic: no cart", false),
        ("", true),
        ("goroutine 1 [running]:", true),
        ("main.pay(0x1)", true),
        ("\\t/app/main.go:7 +0x1d", true),
        ("level=info msg=next", false),
    ]
    .map(|(text, continues)| {
        let raw = format!(r#"{{"log":"{text}\n","stream":"stderr","time":"2026-11-18T07:59:59.123456789Z"}}"#);
        let parsed = parser.line(raw.as_bytes(), NOW);
        assert!(matches!(parsed.time, TimeField::At(_)), "{text}: its time is docker's");
        assert_eq!(parsed.continues, continues, "{text}");
        (text, parsed.level)
    });
    assert_eq!(parser.format(), Format::Docker);
    let level = |begin: &str| seen.iter().find(|(text, _)| text.starts_with(begin)).and_then(|(_, level)| *level);
    assert_eq!((level("panic"), level("ERROR"), level("KeyError")), (Some(Level::Fatal), Some(Level::Error), None));
}

const FORMATS: [Format; 14] = [
    Format::Plain,
    Format::Json,
    Format::Docker,
    Format::Logfmt,
    Format::Access,
    Format::NginxError,
    Format::ApacheError,
    Format::Syslog,
    Format::Syslog5424,
    Format::Python,
    Format::Java,
    Format::Go,
    Format::Rust,
    Format::Stamped,
];

fn survives(raw: &[u8], now: i64) {
    let mut parser = Parser::default();
    parser.line(raw, now);
    for format in FORMATS {
        let _ = (format.scan(raw, now), fields(format, raw, now));
        let range = message(format, raw, now);
        assert!(range.start <= range.end && range.end <= raw.len(), "{format:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_survived(raw in proptest::collection::vec(any::<u8>(), 0..300), now in any::<i64>()) {
        survives(&raw, now);
    }

    #[test]
    fn the_alphabet_of_logs_is_survived(raw in r#"[\[\]{}"=:,<>()1-2 aT\\.Z/*-]{0,60}"#) {
        survives(raw.as_bytes(), NOW);
    }

    #[test]
    fn damaged_lines_are_survived(which in 0_usize..8, at in 0_usize..120, byte in any::<u8>(), cut in 0_usize..150) {
        const LINES: [&str; 8] = [
            r#"{"ts":"2026-11-18T07:59:59.104Z","level":"error","msg":"no \"x\"","req":{"a":[1]}}"#,
            r#"{"log":"level=error\n","stream":"stderr","time":"2026-11-18T07:59:59.123456789Z"}"#,
            r#"ts=2026-11-18T07:59:59.104Z level=warn msg="slow \"q\"" dur_ms=7"#,
            r#"10.0.1.2 - - [18/Nov/2026:08:59:59 +0100] "GET /x HTTP/1.1" 502 31 "-" "curl/8""#,
            r#"<34>1 2026-11-18T07:59:59.003Z h app 7 ID47 [a@1 b="]"][c] it is"#,
            "<11>Nov  8 07:59:59 web-1 app[7]: Out of memory",
            "[Wed Nov 18 07:59:59.123456 2026] [core:error] [pid 7] AH00126: bad",
            "2026/11/18 07:59:59 [crit] 7#8: *91 connect() failed",
        ];
        let mut raw = LINES[which].as_bytes().to_vec();
        if let Some(place) = raw.get_mut(at) {
            *place = byte;
        }
        raw.truncate(cut);
        survives(&raw, NOW);
    }
}
