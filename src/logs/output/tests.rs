use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::domain::log::RawLine;
use crate::logs::record::Ingest;

fn style(form: Form) -> Style {
    let zone = TimeZoneChoice::Utc;
    Style {
        form,
        stamps: None,
        zone,
        colored: false,
        terminal: false,
        highlight: Vec::new(),
        redact: false,
        palette: Palette::default(),
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-18T08:01:12Z".parse().expect("a time")
}

/// The lines as a style writes them.
fn written(style: &Style, lines: &[&[u8]]) -> String {
    let mut ingest = Ingest::default();
    let source = Source { host: "web-1".into(), service: Some("api".into()), name: "file:/var/log/app.log".into() };
    let id = ingest.number(&Arc::new(source));
    let mut out = Vec::new();
    for line in lines {
        let bytes = Bytes::copy_from_slice(line);
        let raw = RawLine { bytes, truncated: 0, offset: None, time: None, level: None, returned: false };
        let (record, _) = ingest.line(id, raw, now()).expect("a known source");
        style.line(&mut out, ingest.source(id).expect("a known source"), &record, now());
    }
    String::from_utf8_lossy(&out).into_owned()
}

const LINE: &[u8] = b"ts=2026-11-18T08:00:00.5Z level=error n=7 msg=\"no \\\"x\\\"\"";

#[test]
fn json_has_the_keys_of_the_contract_in_their_order() {
    let out = written(&style(Form::Json), &[LINE, b"  at a\xff\x1b[31m", b"{\"ts\""]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"time":"2026-11-18T08:00:00.5Z","time_from":"line","host":"web-1","service":"api","source":"file:/var/log/app.log","level":"error","message":"ts=2026-11-18T08:00:00.5Z level=error n=7 msg=\"no \\\"x\\\"\"","fields":{"ts":"2026-11-18T08:00:00.5Z","level":"error","n":"7","msg":"no \"x\""},"continues":false}"#
    );
    assert_eq!(
        lines[1],
        "{\"time\":\"2026-11-18T08:00:00.5Z\",\"time_from\":\"previous\",\"host\":\"web-1\",\"service\":\"api\",\"source\":\"file:/var/log/app.log\",\"level\":\"error\",\"message\":\"  at a\u{fffd}\\u001b[31m\",\"fields\":{},\"continues\":true}"
    );
    assert!(lines[2].contains(r#""level":null"#));
    assert_eq!(lines.len(), 3);
}

#[test]
fn nothing_but_text_reaches_a_terminal() {
    let hostile = "x \u{1b}]52;c;AAAA\u{7} \u{9b}31m \u{202e}rev\u{e0041} ok".as_bytes();
    for form in
        [Form::Default, Form::Raw, Form::Json, Form::PrettyJson, Form::Template(Template::parse("{line}").unwrap())]
    {
        let out = written(&Style { terminal: true, ..style(form) }, &[hostile]);
        assert!(!out.chars().any(|c| crate::domain::text::is_unsafe(c) && c != '\n'), "{out:?}");
        if out.starts_with('{') {
            let read: serde_json::Value = serde_json::from_str(&out).expect("still JSON");
            assert_eq!(read["message"].as_str().map(str::as_bytes), Some(hostile));
        }
    }
    // Where no terminal reads it, raw is raw.
    assert_eq!(written(&style(Form::Raw), &[b"a\x1b[2Jb"]), "a\u{1b}[2Jb\n");
    assert!(!written(&style(Form::Default), &[hostile]).contains('\u{1b}'));
}

#[test]
fn people_see_host_service_and_line() {
    assert_eq!(written(&style(Form::Default), &[b"hello"]), "web-1 api/app.log hello\n");
    assert_eq!(
        written(&style(Form::Default), &[b"\tat a.b(C.java:1)\x1b\tend"]),
        "web-1 api/app.log \tat a.b(C.java:1)\u{241b}\tend\n"
    );
    let full = Style {
        stamps: Some(Stamps::Full),
        zone: TimeZoneChoice::Zone(chrono_tz::Europe::Berlin),
        ..style(Form::Default)
    };
    assert!(written(&full, &[LINE]).starts_with("2026-11-18T09:00:00.500+01:00 web-1 api/app.log ts="));
    let short = Style { stamps: Some(Stamps::Short), ..style(Form::Default) };
    assert!(written(&short, &[LINE]).starts_with("11-18 08:00:00 web-1"));
    let relative = Style { stamps: Some(Stamps::Relative), ..style(Form::Default) };
    assert!(written(&relative, &[LINE]).starts_with("-1m11s web-1"));
}

#[test]
fn highlights_overlap_without_breaking_and_errors_are_red() {
    let highlight = ["lev.l", "vel=e", "msg"].map(|pattern| Regex::new(pattern).expect("a regex")).to_vec();
    let out = written(&Style { colored: true, highlight, ..style(Form::Default) }, &[LINE]);
    assert!(
        out.contains("\x1b[31mts=2026-11-18T08:00:00.5Z \x1b[7mlevel=e\x1b[27mrror n=7 \x1b[7mmsg\x1b[27m="),
        "{out:?}"
    );
    assert!(out.ends_with("\x1b[0m\n"));
}

#[test]
fn a_template_is_filled_in_or_says_what_it_does_not_know() {
    let template = Template::parse("{{{level}}} {fields.n}/{fields.no} {message}").expect("a template");
    assert_eq!(written(&style(Form::Template(template)), &[LINE]), "{error} 7/- no \\\"x\\\"\n");
    for (text, says) in
        [("{nope}", "`{nope}` is unknown"), ("a { b", "without its partner"), ("a } b", "without its partner")]
    {
        assert!(Template::parse(text).is_err_and(|error| error.contains(says)), "{text}");
    }
}

#[test]
fn events_are_told_with_what_is_known() {
    let source = Source { host: "web-2".into(), service: None, name: "file:/x.log".into() };
    let event = SourceEvent {
        kind: SourceEventKind::Recovered,
        at: now(),
        seconds: Some(41.2),
        lines: Some(3118),
        bytes: Some(9),
        lost: Some(0),
        detail: String::new(),
    };
    assert_eq!(event_text(&source, &event), "~ web-2 file:/x.log was away 41 s: 3118 lines recovered, 0 bytes lost");
    let mut out = Vec::new();
    style(Form::Json).event(&mut out, &source, &SourceEvent { lost: None, ..event.clone() });
    assert_eq!(
        String::from_utf8_lossy(&out),
        "{\"event\":\"recovered\",\"time\":\"2026-11-18T08:01:12.000Z\",\"host\":\"web-2\",\"source\":\"file:/x.log\",\"seconds\":41.2,\"lines\":3118,\"bytes\":9,\"lost\":null,\"detail\":null}\n"
    );
    let gone = SourceEvent { kind: SourceEventKind::Disconnected, detail: "the link went away".to_owned(), ..event };
    assert_eq!(event_text(&source, &gone), "- web-2 file:/x.log: the link went away");
}

#[test]
fn a_template_has_columns_colours_and_quotes() {
    let filled = |text: &str, colored: bool| {
        let form = Form::Template(Template::parse(text).expect("a template"));
        written(&Style { colored, ..style(form) }, &[LINE])
    };
    assert_eq!(
        filled("{time|short} {host:8}|{level:6}|{fields.msg|json}", false),
        "08:00:00.500 web-1   |error |\"no \\\"x\\\"\"\n"
    );
    assert_eq!(filled("{level|color} {fields}", true).split(' ').next(), Some("\u{1b}[31merror\u{1b}[0m"));
    assert_eq!(filled("{host|color}", false), "web-1\n", "no colours where none are wanted");
    assert_eq!(
        filled("{fields.n}{{}} {json}", false).split_once(' ').map(|(n, json)| (n, &json[..8])),
        Some(("7{}", "{\"time\":"))
    );
    assert_eq!(filled("{time|%H:%M:%S} {level|upper:6}|", false), "08:00:00 ERROR |\n");
    let json = br#"{"msg":"hi","req":{"id":"7f3a"}}"#;
    let nested = Form::Template(Template::parse("{fields.req.id} {fields.req.no}").expect("a template"));
    assert_eq!(written(&style(nested), &[json]), "7f3a -\n");
    assert_eq!(filled("{fields.n|cyan} {line|level}", true).split(' ').next(), Some("\u{1b}[36m7\u{1b}[0m"));
    assert!(filled("{line|level}", true).starts_with("\u{1b}[31m"), "in the colour of its level");
    assert!(filled("{json|pretty}", false).contains("\n  \"time\": "), "over several lines");
    assert_eq!(filled("{line|pretty}", false), filled("{line}", false), "what is no JSON stays as it is");
    assert_eq!(filled("a\\tb\\nc\\\\n\\d", false), "a\tb\nc\\n\\d\n", "as printf has it");
    for (text, says) in [
        ("{hots}", "is unknown"),
        ("{host|blink}", "`blink`"),
        ("{host:x}", "number of columns"),
        ("{a", "partner"),
        ("{{.Message}}", "{{.Message}} is {line}"),
        ("{{color .PodColor .PodName}} {{.Message}}", "{{color .PodColor .PodName}} is {host|color}"),
        ("{host|%H}", "`%H`"),
        ("{time|%Q}", "`%Q`"),
    ] {
        let error = Template::parse(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn secrets_are_printed_unless_they_are_to_be_taken_out() {
    let line: &[u8] = b"level=info password=hunter2 key=sk_live_51Habcdef123456";
    assert!(written(&style(Form::Raw), &[line]).contains("hunter2"), "data is as it was read");
    for form in [Form::Default, Form::Raw, Form::Json, Form::Template(Template::parse("{line} {fields}").expect("one"))]
    {
        let out = written(&Style { redact: true, ..style(form) }, &[line]);
        assert!(out.contains("[redacted]") && !out.contains("hunter2") && !out.contains("abcdef"), "{out}");
    }
}

#[test]
fn a_message_that_is_json_stands_as_that_in_extended_json() {
    let lines: [&[u8]; 3] = [br#"{"msg":"a","n":[1,{"x":null}]}"#, b"level=info msg=b", b"{no json"];
    let extended = written(&style(Form::ExtendedJson { pretty: false }), &lines);
    let parsed: Vec<serde_json::Value> = extended.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(parsed[0]["message"], serde_json::json!({"msg": "a", "n": [1, {"x": null}]}));
    assert_eq!((&parsed[1]["message"], &parsed[2]["message"]), (&"level=info msg=b".into(), &"{no json".into()));
    let plain = written(&style(Form::Json), &lines);
    let plain: serde_json::Value = serde_json::from_str(plain.lines().next().unwrap()).unwrap();
    assert!(plain["message"].is_string(), "plain JSON is as the contract has it");
    let pretty = written(&style(Form::ExtendedJson { pretty: true }), &lines[..1]);
    assert!(pretty.contains("  \"message\": {\n    \"msg\": \"a\""), "{pretty}");
}

#[test]
fn colours_are_those_that_a_person_names() {
    let hosts = Palette::parse("91, 38;5;208").unwrap();
    assert_eq!(hosts, ["91", "38;5;208"]);
    let palette = Palette { services: hosts.clone(), hosts };
    let out = written(&Style { colored: true, palette, ..style(Form::Default) }, &[b"hello"]);
    assert!(out.starts_with("\u{1b}[91mweb-1") || out.starts_with("\u{1b}[38;5;208mweb-1"), "{out:?}");
    for text in ["", "91,", "red", "1;;2", "300", "\u{1b}[0m"] {
        assert!(Palette::parse(text).is_err(), "{text:?}");
    }
}
