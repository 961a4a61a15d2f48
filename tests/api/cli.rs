//! `qd alerts` and `qd check` as scripts see them.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::fake_apis::FakeApis;
use crate::support::http_server::{Server, answer};

const TOKEN: &str = "sc-qd";

fn qd(folder: &Path, url: &str, args: &[&str]) -> Output {
    let config = folder.join("qd.toml");
    let text = format!(
        "[statuscake]\nurl = \"{url}\"\ntoken = {{ env = \"QD_TEST_SC\" }}\n[[service]]\nname = \"shop\"\n\
         statuscake = [\"Checkout\"]\n[fleet]\nenvironment = \"live\"\n"
    );
    std::fs::write(&config, text).unwrap();
    Command::cargo_bin("qd")
        .unwrap()
        .env("HOME", folder)
        .env("QD_TEST_SC", TOKEN)
        .env("QD_LOG", "trace")
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .arg("--config")
        .arg(&config)
        .args(args)
        .output()
        .unwrap()
}

/// Every file beneath a folder, as text.
pub fn everything_in(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all += &everything_in(&path);
        } else {
            all += &String::from_utf8_lossy(&std::fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn alerts_are_one_json_document_with_every_field_and_1_while_one_is_firing() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let out = qd(home.path(), &fake.url("statuscake"), &["alerts", "--json", "--at", "2026-03-18T14:30:00Z"]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(document["at"], "2026-03-18T14:30:00Z");
    assert_eq!(document["errors"], serde_json::json!([]));
    let first = &document["alerts"][0];
    for (key, value) in [
        ("id", "statuscake:uptime:6003".into()),
        ("source", "statuscake".into()),
        ("severity", "page".into()),
        ("state", "firing".into()),
        ("title", "Checkout down (504)".into()),
        ("service", "shop".into()),
        ("since", "2026-03-18T14:07:00Z".into()),
        ("ended", Value::Null),
        ("host", Value::Null),
        ("acked_by", Value::Null),
        ("silenced", false.into()),
        ("last_change", Value::Null),
        ("url", "https://checkout.example.test".into()),
    ] {
        assert_eq!(first.get(key), Some(&value), "{key}");
    }
    let ended = document["alerts"].as_array().unwrap().iter().filter(|alert| alert["state"] == "resolved");
    assert_eq!(ended.count(), 4);

    // Narrowed to a service; as text.
    let at = "2026-03-18T14:30:00Z";
    let out = qd(home.path(), &fake.url("statuscake"), &["alerts", "--service", "shop", "--at", at]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    let events = |check: &str| fake.requests("statuscake").iter().filter(|r| r.path.contains(check)).count();
    assert_eq!((events("/uptime/6003/alerts"), events("/uptime/6006/alerts")), (2, 1), "only what is asked for");
    assert!(text.contains("PAGE") && text.contains("Checkout down (504)") && text.contains("23m"), "{text}");
    // The token was sent, and is nowhere that it was not asked to be.
    assert!(fake.requests("statuscake").iter().all(|request| request.auth));
    let written = everything_in(home.path());
    assert!(written.len() > 1000, "the log of everything was written");
    assert!(!written.contains(TOKEN) && !written.contains("PK="));
}

#[test]
fn status_counts_what_fires_outside_and_says_what_it_could_not_hear() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let out = qd(home.path(), &fake.url("statuscake"), &["status", "--json"]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    let alerts = document["alerts"].as_array().unwrap();
    assert!(alerts.iter().all(|alert| alert["state"] == "firing"), "what is over is not listed");
    let checkout = alerts.iter().find(|alert| alert["id"] == "statuscake:uptime:6003").expect("the check that is down");
    assert_eq!((&checkout["service"], &checkout["severity"]), (&"shop".into(), &"page".into()));
    assert_eq!(document["worst"], "page");
    let problems = document["problems"].as_array().unwrap();
    assert!(problems.iter().any(|problem| problem["title"] == "Checkout down (504) (statuscake)"), "{document:#}");
    assert_eq!(
        document["verdict"],
        format!("{} · {} more", problems[0]["title"].as_str().unwrap(), problems.len() - 1)
    );
    assert_eq!(document["errors"], serde_json::json!([]));

    let refusing = Server::start(|_, _| answer(401, &[], r#"{"message":"Unauthorized"}"#));
    let out = qd(home.path(), &refusing.origin, &["status", "--json"]);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(document["alerts"], serde_json::json!([]));
    assert_eq!(document["errors"][0]["source"], "statuscake");
    let verdict = document["verdict"].as_str().unwrap();
    assert!(verdict.ends_with("but StatusCake was not heard"), "{verdict}");
    let out = qd(home.path(), &refusing.origin, &["status"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("\nunheard "), "{text}");
}

#[test]
fn no_answer_is_3_and_an_impossible_call_is_2() {
    let home = tempfile::tempdir().unwrap();
    let refusing = Server::start(|_, _| answer(401, &[], r#"{"message":"Unauthorized sc-qd"}"#));
    for url in [refusing.origin.as_str(), "http://127.0.0.1:1"] {
        let out = qd(home.path(), url, &["alerts", "--json"]);
        assert_eq!(out.status.code(), Some(3));
        let document: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(document["alerts"], serde_json::json!([]));
        let message = document["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("StatusCake") && !message.contains(TOKEN), "{message}");
    }
    let both = qd(home.path(), &refusing.origin, &["alerts", "--watch", "--at", "2026-03-18T14:30:00Z"]);
    assert_eq!(both.status.code(), Some(2));
    assert_eq!(qd(home.path(), &refusing.origin, &["alerts", "--at", "yesterday"]).status.code(), Some(2));
}

#[test]
fn check_says_what_the_token_may_and_what_it_may_not() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    fake.control(&serde_json::json!({ "force": [{ "match": "/ssl", "status": 403, "times": 1 }] }));
    let out = qd(home.path(), &fake.url("statuscake"), &["check", "--json"]);
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    let of = |name: &str| {
        let items = report["items"].as_array().unwrap().iter();
        let mut items = items.filter(|item| item["what"] == "statuscake" && item["name"] == name);
        items.next().unwrap_or_else(|| panic!("{name} in {report}")).clone()
    };
    assert_eq!((&of("read checks")["state"], &of("read checks")["message"]), (&"ok".into(), &"33 checks".into()));
    assert_eq!(of("read certificates")["state"], "warning");
    assert!(of("read certificates")["remedy"].as_str().unwrap().contains("[statuscake]"));
    assert_eq!(of("read heartbeats")["state"], "ok");
    assert!(fake.requests("statuscake").iter().all(|request| request.method == "GET"), "asking changes nothing");
}
