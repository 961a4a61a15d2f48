//! `qd counters` and `qd check`, as scripts see them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::company::{Company, Figures, assert_right};
use super::ledger::{Ledger, Objects, balance, charge};
use crate::support::fake_apis::FakeApis;

pub const KEY: &str = "rk_test_qd";

/// What a command said.
pub struct Out {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

fn command(home: &Path, key: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.env("HOME", home).env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
    command.env("STRIPE_KEY", key).current_dir(home).stdin(Stdio::null());
    command.args(["--config", home.join("quarterdeck.toml").to_str().unwrap()]).args(args);
    command
}

pub fn qd(home: &Path, key: &str, args: &[&str]) -> Out {
    let out = command(home, key, args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let out = Out { code: out.status.code().unwrap(), stdout: text(out.stdout), stderr: text(out.stderr) };
    for (file, said) in [("stdout", &out.stdout), ("stderr", &out.stderr), ("log", &log(home))] {
        assert!(!said.contains(key), "the key is in {file}: {said}");
    }
    out
}

/// What the program wrote about itself.
fn log(home: &Path) -> String {
    std::fs::read_to_string(home.join("state/quarterdeck/qd.log")).unwrap_or_default()
}

pub fn config(urls: &[&str]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let zone = Company::public().zone();
    let accounts = urls.iter().enumerate().map(|(i, url)| {
        format!("[[stripe]]\nname = \"shop-{i}\"\nurl = \"{url}\"\nkey = {{ env = \"STRIPE_KEY\" }}\ntimezone = \"{zone}\"\nrefresh = \"1s\"\n")
    });
    std::fs::write(home.path().join("quarterdeck.toml"), accounts.collect::<String>()).unwrap();
    home
}

/// The figures of the contract's JSON.
fn figures(document: &Value, source: &str) -> Figures {
    let mut figures = Figures::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for counter in document["counters"].as_array().unwrap().iter().filter(|counter| counter["source"] == source) {
        let amount = counter.get("amount");
        assert!(amount.is_some() != counter.get("value").is_some(), "exactly one of the two: {counter}");
        assert_eq!(amount.is_some(), !counter["currency"].is_null(), "{counter}");
        let name = text(&counter["name"]);
        let number = |value: &Value| {
            if name.ends_with("_pct") { value.as_f64().map(|pct| (pct * 100.0).round() as i64) } else { value.as_i64() }
        };
        let (currency, window) = (text(&counter["currency"]), text(&counter["window"]));
        if !window.is_empty() {
            figures
                .insert((name.clone(), currency.clone(), format!("previous {window}")), number(&counter["previous"]));
        }
        let figure = number(amount.unwrap_or(&counter["value"]));
        figures.insert((name, currency, window), figure);
    }
    figures
}

fn at() -> String {
    Company::public().now().to_rfc3339()
}

#[test]
fn every_expected_figure_is_in_the_json_also_when_answers_fail() {
    for args in [&[][..], &["--fail-rate", "0.3", "--garbage", "0.1"]] {
        let fake = FakeApis::of(Company::public().fixtures(), args);
        let home = config(&[&fake.url("stripe")]);
        let out = qd(home.path(), KEY, &["counters", "--json", "--at", &at()]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        assert_eq!(document["errors"], serde_json::json!([]));
        assert_eq!(
            document["at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
            Company::public().now()
        );
        assert!(document["as_of"].is_string());
        assert_right(&figures(&document, "stripe"), &Company::public().expected());
    }
}

#[test]
fn people_see_money_in_its_currency_and_what_a_figure_means() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let home = config(&[&fake.url("stripe")]);
    let out = qd(home.path(), KEY, &["counters", "--at", &at()]);
    for text in ["$6,740.99", "€1,975.00", "¥13,600", "3.77 %", "Paying customers"] {
        assert!(out.stdout.contains(text), "{text}: {}", out.stdout);
    }
    assert!(!out.stdout.contains("TEST"));
    let definitions = qd(home.path(), KEY, &["counters", "--definitions"]);
    assert!(definitions.stdout.contains("Monthly recurring revenue") && definitions.code == 0);
}

#[test]
fn what_cannot_be_had_is_said_with_the_right_exit_code() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let home = config(&[&fake.url("stripe")]);
    let wrong = "rk_live_wrong_0123456789";
    let out = qd(home.path(), wrong, &["counters", "--json"]);
    assert_eq!(out.code, 3);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(document["counters"], serde_json::json!([]));
    assert!(document["as_of"].is_null());
    let errors = document["errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error["counters"].as_array().unwrap().contains(&"mrr".into())));
    assert_eq!(qd(home.path(), wrong, &["counters"]).stderr.lines().count(), 1, "one reason is said once");
    for args in [&["counters", "--watch", "--at", "2026-03-18T14:30:00Z"][..], &["counters", "--at", "yesterday"]] {
        assert_eq!(qd(home.path(), KEY, args).code, 2, "{args:?}");
    }
}

#[test]
fn several_accounts_keep_their_names_and_one_that_fails_does_not_spoil_another() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let home = config(&[&fake.url("stripe"), "http://127.0.0.1:1"]);
    let out = qd(home.path(), KEY, &["counters", "--json", "--at", &at()]);
    assert_eq!(out.code, 0);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_right(&figures(&document, "stripe:shop-0"), &Company::public().expected());
    let errors = document["errors"].as_array().unwrap();
    assert!(!errors.is_empty() && errors.iter().all(|error| error["source"] == "stripe:shop-1"), "{errors:?}");
}

#[test]
fn check_tells_what_a_key_may_read() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let home = config(&[&fake.url("stripe")]);
    let items = |key: &str| {
        let out = qd(home.path(), key, &["check", "--json"]);
        let report: Value = serde_json::from_str(&out.stdout).unwrap();
        let items = report["items"].as_array().unwrap().iter().filter(|item| item["what"] == "stripe").cloned();
        (out.code, items.collect::<Vec<_>>())
    };
    let (code, all) = items(KEY);
    assert_eq!((code, all.len()), (0, 10));
    assert_eq!(all[0]["message"], "live mode");
    let (code, none) = items("rk_test_qd_limited");
    assert_eq!((code, none.len()), (1, 10));
    let disputes = none.iter().find(|item| item["name"] == "read disputes").unwrap();
    assert!(disputes["remedy"].as_str().unwrap().contains("open_disputes"), "{disputes}");
    let (code, wrong) = items("rk_live_wrong_0123456789");
    assert_eq!((code, wrong.len()), (1, 1));
}

#[test]
fn watching_prints_a_document_a_line_and_follows_what_happens() {
    let now = chrono::Utc::now().timestamp();
    let event = serde_json::json!({ "object": "event", "id": "evt_000001", "created": 1, "type": "x", "data": { "object": {} } });
    let ledger = Ledger::start(Objects::from([
        ("balance", vec![balance(100)]),
        ("charges", vec![charge("ch_1", now - 5, 4900, false)]),
        ("events", vec![event]),
    ]));
    let home = config(&[&ledger.server.origin]);
    let mut child =
        command(home.path(), "rk_test_1", &["counters", "--watch", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut payments = || {
        let document: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(document["test_mode"], true);
        figures(&document, "stripe")[&("payments".to_owned(), String::new(), "7d".to_owned())]
    };
    assert_eq!(payments(), Some(1));
    ledger.happens("charges", "charge.succeeded", charge("ch_2", now - 1, 700, false));
    let later: Vec<Option<i64>> = (0..3).map(|_| payments()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(later[2], Some(2), "{later:?}");
}
