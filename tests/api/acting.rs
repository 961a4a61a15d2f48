//! What can be done at hosted APIs, from the command line: planned, confirmed, sent once, and in the audit.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::fake_apis::FakeApis;

fn qd(folder: &Path, fake: &FakeApis, token: &str, args: &[&str]) -> Output {
    let config = folder.join("qd.toml");
    let text = format!(
        "[fleet]\nenvironment = \"production\"\n[statuscake]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_SC\" }}\n\
         [gitlab]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_GL\" }}\nprojects = [{{ path = \"acme/shop\" }}]\n\
         [[host]]\nname = \"web-1\"\n[[service]]\nname = \"shop\"\nhosts = [\"web-1\"]\nstatuscake = [\"Checkout\"]\n",
        fake.url("statuscake"),
        fake.url("gitlab")
    );
    std::fs::write(&config, text).unwrap();
    Command::cargo_bin("qd")
        .unwrap()
        .env("HOME", folder)
        .env("QD_TEST_SC", "sc-qd")
        .env("QD_TEST_GL", token)
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .arg("--config")
        .arg(&config)
        .args(args)
        .output()
        .unwrap()
}

fn changes(fake: &FakeApis, api: &str) -> Vec<String> {
    let sent = fake.requests(api).into_iter().filter(|request| request.method != "GET");
    sent.map(|request| format!("{} {}", request.method, request.path)).collect()
}

const ACT: [&str; 3] = ["--arm", "production", "--yes"];

#[test]
fn a_check_is_paused_once_and_only_when_it_may_be() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let act =
        |args: &[&str]| qd(home.path(), &fake, crate::gitlab::TOKEN, &[&["action", "pause-check"], args].concat());
    let out = act(&["check=Checkout", "--yes"]);
    assert_eq!(out.status.code(), Some(4), "read-only: {}", String::from_utf8_lossy(&out.stderr));
    let out = act(&["check=Checkout", "--arm", "production"]);
    assert_eq!(out.status.code(), Some(4), "nobody has confirmed it: {}", String::from_utf8_lossy(&out.stderr));
    let out = act(&["check=Chekout", ACT[0], ACT[1], ACT[2]]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("has no check Chekout"));
    assert_eq!(changes(&fake, "statuscake"), Vec::<String>::new());
    let out = act(&["check=Checkout", ACT[0], ACT[1], ACT[2], "--json"]);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let sent = changes(&fake, "statuscake");
    assert!(sent.len() == 1 && sent[0].starts_with("PUT "), "{sent:?}");
    let audit = qd(home.path(), &fake, crate::gitlab::TOKEN, &["audit", "--json"]);
    let rows: Vec<Value> = serde_json::from_slice(&audit.stdout).unwrap();
    let row = rows.last().unwrap();
    assert_eq!((row["action"].as_str(), row["result"].as_str()), (Some("pause-check"), Some("ok")));
}

#[test]
fn a_tag_is_the_next_version_and_the_plan_says_so_before() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let args = ["action", "create-tag", "project=acme/shop"];
    let act = |more: &[&str]| qd(home.path(), &fake, crate::gitlab::TOKEN, &[&args[..], more].concat());
    let out = act(&["--dry-run"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains("Tag "), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(changes(&fake, "gitlab"), Vec::<String>::new());
    let out = act(&ACT);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(changes(&fake, "gitlab").len(), 1);
    // Its name is taken now: the next one is another.
    let list = qd(home.path(), &fake, crate::gitlab::TOKEN, &["action"]);
    let text = String::from_utf8_lossy(&list.stdout).into_owned();
    for name in ["pause-check", "open-window", "play-job", "roll-back-job", "create-tag"] {
        assert!(text.contains(name), "{text}");
    }
}
