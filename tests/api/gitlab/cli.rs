//! `qd deploys`, `qd check` and `qd alerts` as scripts see them.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::domain::deployment::DeploymentStatus;
use quarterdeck::domain::run::RunRecord;
use quarterdeck::store::Store;

use super::{TOKEN, expected};
use crate::support::fake_apis::FakeApis;
use crate::support::http_server::{Server, answer};

const AT: &str = "2026-03-18T14:30:00Z";

fn qd_as(token: &str, folder: &Path, url: &str, args: &[&str]) -> Output {
    let config = folder.join("qd.toml");
    let text = format!(
        "[fleet]\nname = \"acme\"\nenvironment = \"live\"\n[gitlab]\nurl = \"{url}\"\ntoken = {{ env = \"QD_TEST_GL\" }}\n\
         projects = [{{ path = \"acme/shop\", service = \"store\", environments = {{ production = \"live\" }} }}]\n"
    );
    std::fs::write(&config, text).unwrap();
    Command::cargo_bin("qd")
        .unwrap()
        .env("HOME", folder)
        .env("QD_TEST_GL", token)
        .env("QD_LOG", "trace")
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .arg("--config")
        .arg(&config)
        .args(args)
        .output()
        .unwrap()
}

fn qd(folder: &Path, url: &str, args: &[&str]) -> Output {
    qd_as(TOKEN, folder, url, args)
}

fn document(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)))
}

#[test]
fn deploys_are_one_json_document_with_every_field_of_the_contract() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let out = qd(home.path(), &fake.url("gitlab"), &["deploys", "--json", "--at", AT]);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let document = document(&out);
    assert_eq!((&document["at"], &document["errors"]), (&AT.into(), &json!([])));
    assert_eq!(
        document["live"],
        json!({ "live": { "store": "1.0.30" }, "staging": { "store": "1.0.33" }, "review/feature-x": { "store": "feature-x" } })
    );
    let deploys = document["deploys"].as_array().unwrap();
    assert_eq!(deploys.len(), 73);
    let running = deploys.iter().find(|one| one["id"] == "371").unwrap();
    for (key, value) in [
        ("source", json!("gitlab")),
        ("service", json!("store")),
        ("environment", json!("live")),
        ("version", json!("1.0.33")),
        ("sha", json!("93eed05569365a3362be96c923f23f876c24fb50")),
        ("status", json!("running")),
        ("kind", json!("deploy")),
        ("by", json!("li")),
        ("created", json!("2026-03-07T20:35:00Z")),
        ("started", json!("2026-03-07T20:35:06Z")),
        ("finished", Value::Null),
        ("previous_version", json!("1.0.32")),
        ("url", json!("https://gitlab.example.test/acme/shop/-/jobs/5140")),
    ] {
        assert_eq!(running.get(key), Some(&value), "{key}");
    }
    let ours: Vec<Value> = deploys.iter().filter(|one| one["environment"] == "live").cloned().collect();
    for (ours, theirs) in ours.iter().zip(expected().0["production_history_newest_first"].as_array().unwrap()) {
        for key in ["version", "sha", "status", "by", "kind", "previous_version"] {
            assert_eq!(ours[key], theirs[key], "{key} of {theirs}");
        }
    }
    // The token was sent, and is nowhere that it was not asked to be.
    assert!(fake.requests("gitlab").iter().all(|request| request.auth));
    let written = crate::cli::everything_in(home.path());
    assert!(written.len() > 300 && !written.contains(TOKEN), "the log of everything was written");
}

#[test]
fn deploys_are_narrowed_by_service_and_environment_and_shown_to_people() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let run = |args: &[&str]| qd(home.path(), &fake.url("gitlab"), &[&["deploys", "--at", AT][..], args].concat());
    let text = |out: Output| String::from_utf8(out.stdout).unwrap();
    let one = text(run(&["--env", "live", "--limit", "2"]));
    assert_eq!(
        one,
        "live  service  version\nlive  store    1.0.30\n\n\
         service  version  status   kind      environment  by          source  at                 took  was\n\
         store    1.0.30   success  rollback  live         deploy-bot  gitlab  2026-03-14 12:30Z   30s  1.0.32\n\
         store    1.0.33   running  deploy    live         li          gitlab  2026-03-07 20:35Z   10d  1.0.32\n\
         and 36 older; --limit shows more\n"
    );
    let count = |args: &[&str]| document(&run(&[&["--json"], args].concat()))["deploys"].as_array().unwrap().len();
    assert_eq!(count(&["--env", "review/*"]), 1);
    assert_eq!(count(&["--service", "sto*", "--env", "staging"]), 34);
    assert_eq!(count(&["--service", "store@live"]), 38);
    let before = fake.requests("gitlab").len();
    for (args, said) in [
        (&["--service", "stor"][..], "there is no service \"stor\"; did you mean \"store\"?"),
        (&["--env", "produktion"], "there is no environment \"produktion\"; there is live, local, review"),
        (&["--watch"], "cannot be used with"),
    ] {
        let out = run(args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(stderr.contains(said), "{stderr}");
    }
    assert_eq!(fake.requests("gitlab").len(), before + 3, "only the environment had to be asked for");
    // As of the middle of the day before the first production deploy ended.
    let out = qd(home.path(), &fake.url("gitlab"), &["deploys", "--json", "--at", "2026-01-19T06:35:30Z"]);
    let early = document(&out);
    assert_eq!(early["live"]["live"]["store"], Value::Null);
    assert_eq!(early["deploys"][0]["status"], "running");
}

#[test]
fn what_cannot_be_had_is_said_and_nothing_at_all_is_3() {
    let home = tempfile::tempdir().unwrap();
    let refusing = Server::start(|_, _| answer(401, &[], r#"{"message":"401 Unauthorized glpat-qd"}"#));
    for url in [refusing.origin.as_str(), "http://127.0.0.1:1"] {
        let out = qd(home.path(), url, &["deploys", "--json"]);
        assert_eq!(out.status.code(), Some(3), "{url}");
        let document = document(&out);
        assert_eq!((&document["deploys"], &document["live"]), (&json!([]), &json!({})));
        let message = document["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("GitLab") && !message.contains(TOKEN), "{message}");
    }
    assert_eq!(refusing.seen().len(), 1, "a bad token is shown once");
    // One part that is refused costs that part.
    let fake = FakeApis::public(&[]);
    fake.control(&json!({ "force": [{ "match": "/environments", "status": 403, "times": 9 }] }));
    let out = qd(home.path(), &fake.url("gitlab"), &["deploys", "--json", "--at", AT]);
    assert_eq!(out.status.code(), Some(0));
    let document = document(&out);
    assert_eq!(document["live"]["live"]["store"], "1.0.30", "what deployments say is still known");
    assert_eq!(document["errors"][0]["what"], "environments of acme/shop");
    assert!(document["errors"][0]["since"].is_string());
}

#[test]
fn check_says_what_the_token_may_until_when_and_what_is_off() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    fake.control(&json!({ "force": [{ "match": "/issues", "status": 403, "times": 1, "body": { "error": "insufficient_scope" } }] }));
    let items = |token: &str| {
        let out = qd_as(token, home.path(), &fake.url("gitlab"), &["check", "--json"]);
        let report = document(&out);
        let items = report["items"].as_array().unwrap().clone();
        move |name: &str| items.iter().find(|one| one["what"] == "gitlab" && one["name"] == name).cloned().unwrap()
    };
    let of = items(TOKEN);
    assert_eq!(of("act")["state"], "ok");
    assert!(of("token")["message"].as_str().unwrap().contains("on 2026-03-27"), "{}", of("token"));
    let project = of("read acme/shop");
    assert_eq!(project["state"], "warning");
    assert!(project["message"].as_str().unwrap().contains("no incidents: the token may not"), "{project}");
    let of = items("glpat-qd-ro");
    assert_eq!(of("act")["state"], "warning");
    assert!(of("act")["message"].as_str().unwrap().contains("off"));
    assert_eq!(of("read acme/shop")["state"], "ok");
    let of = items("glpat-wrong");
    assert_eq!(of("token")["state"], "failed");
    assert!(fake.requests("gitlab").iter().all(|request| request.method == "GET"), "asking changes nothing");
}

#[test]
fn open_incidents_are_alerts() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let out = qd(home.path(), &fake.url("gitlab"), &["alerts", "--json", "--at", AT]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    let alerts = document(&out)["alerts"].as_array().unwrap().clone();
    assert_eq!(alerts.len(), 1);
    for (key, value) in [
        ("id", json!("gitlab:incident:71")),
        ("source", json!("gitlab")),
        ("severity", json!("ticket")),
        ("state", json!("firing")),
        ("title", json!("Queue backlog growing")),
        ("service", json!("store")),
        ("environment", Value::Null),
        ("since", json!("2026-03-18T09:30:00Z")),
        ("url", json!("https://gitlab.example.test/acme/shop/-/issues/2")),
    ] {
        assert_eq!(alerts[0].get(key), Some(&value), "{key}");
    }
    // Two days before, another one had just ended.
    let out = qd(home.path(), &fake.url("gitlab"), &["alerts", "--json", "--at", "2026-03-15T00:00:00Z"]);
    assert_eq!((out.status.code(), &document(&out)["alerts"][0]["state"]), (Some(0), &json!("resolved")));
}

#[test]
fn with_a_third_of_the_answers_bad_the_document_is_later_and_the_same() {
    let home = tempfile::tempdir().unwrap();
    let run = |faults: &[&str]| {
        let fake = FakeApis::public(faults);
        document(&qd(home.path(), &fake.url("gitlab"), &["deploys", "--json", "--at", AT]))
    };
    let good = run(&[]);
    for seed in ["1", "2"] {
        let faults = ["--fail-rate", "0.3", "--garbage", "0.15", "--truncate", "0.15", "--seed", seed];
        assert_eq!(run(&faults), good);
    }
}

#[test]
fn watching_prints_a_document_a_line() {
    use std::io::{BufRead, BufReader};
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    // The config is written by the first call.
    qd(home.path(), &fake.url("gitlab"), &["deploys", "--limit", "1"]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_qd"))
        .args([
            "--config",
            home.path().join("qd.toml").to_str().unwrap(),
            "deploys",
            "--json",
            "--watch",
            "--limit",
            "2",
        ])
        .env("HOME", home.path())
        .env("QD_TEST_GL", TOKEN)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let document: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(document["deploys"].as_array().unwrap().len(), 2);
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn services_alerts_and_status_know_what_was_deployed_last() {
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let config = home.path().join("qd.toml");
    let text = format!(
        "[fleet]\nenvironment = \"production\"\n[[host]]\nname = \"here\"\ntransport = \"local\"\n[[service]]\nname = \"shop\"\nhealth = \"http://127.0.0.1:1/\"\nstatuscake = [\"Checkout\"]\n\
         [statuscake]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_SC\" }}\n\
         [gitlab]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_GL\" }}\nprojects = [{{ path = \"acme/shop\" }}]\n",
        fake.url("statuscake"),
        fake.url("gitlab")
    );
    std::fs::write(&config, text).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::cargo_bin("qd").unwrap();
        command
            .env("HOME", home.path())
            .env("QD_TEST_SC", "sc-qd")
            .env("QD_TEST_GL", TOKEN)
            .arg("--config")
            .arg(&config);
        document(&command.args(args).output().unwrap())
    };
    let alerts = run(&["alerts", "--json", "--at", AT, "--service", "shop"]);
    let change = |id: &str| {
        let all = alerts["alerts"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{alerts:#}"))["last_change"].clone()
    };
    assert_eq!(change("statuscake:uptime:6003"), "shop 1.0.30 rollback, 4d before");
    assert_eq!(
        change("gitlab:incident:71"),
        "shop 1.0.30 rollback in production, 3d before",
        "a review is no change of note"
    );
    let services = run(&["services", "--json"]);
    let last = &services["services"][0]["last_deploy"];
    assert_eq!((&last["version"], &last["kind"], &last["id"]), (&json!("1.0.30"), &json!("rollback"), &json!("372")));
    let status = run(&["status", "--json"]);
    assert_eq!(status["last_deploy"]["id"], "372");
    assert!(fake.requests("gitlab").iter().all(|one| one.method == "GET" && one.status == 200));
}

/// As if this machine's `qd` had gone over the hosts.
fn keep_run(home: &Path, id: &str, (action, from, to): (&str, &str, &str), began: &str, status: DeploymentStatus) {
    let began: DateTime<Utc> = began.parse().unwrap();
    let run = RunRecord {
        id: id.to_owned(),
        fleet: "acme".to_owned(),
        action: action.to_owned(),
        service: Some("store".to_owned()),
        environment: "live".to_owned(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        by: "ana".to_owned(),
        machine: "laptop".to_owned(),
        began,
        updated: began + TimeDelta::seconds(40),
        ended: Some(began + TimeDelta::seconds(40)),
        status,
        detail: None,
        hosts: Vec::new(),
        job: None,
    };
    let folder = home.join(".local/state/quarterdeck");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { Store::open(&folder).await.unwrap().save_run(run).await.unwrap() });
}

#[test]
fn runs_over_hosts_stand_among_the_forges_deployments_and_what_both_know_is_told_once() {
    use DeploymentStatus::{Failed, Success};
    let (fake, home) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
    let url = fake.url("gitlab");
    keep_run(home.path(), "01A", ("deploy", "1.0.30", "1.0.34"), "2026-03-18T10:00:00Z", Success);
    keep_run(home.path(), "01B", ("rollback", "1.0.34", "1.0.30"), "2026-03-18T11:00:00Z", Success);
    keep_run(home.path(), "01C", ("restart", "1.0.30", "1.0.30"), "2026-03-18T12:00:00Z", Success);
    // GitLab has one of that version from that minute: it is that one.
    keep_run(home.path(), "01D", ("deploy", "1.0.32", "1.0.33"), "2026-03-07T20:35:10Z", Failed);
    // It began after the time that is asked for.
    keep_run(home.path(), "01E", ("deploy", "1.0.30", "1.0.35"), "2026-03-19T10:00:00Z", Success);
    let out = qd(home.path(), &url, &["deploys", "--json", "--at", AT]);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let document = document(&out);
    let deploys = document["deploys"].as_array().unwrap();
    assert_eq!(deploys.len(), 73 + 2);
    let told = |one: &Value| {
        let word = |key: &str| one[key].as_str().unwrap_or("null").to_owned();
        ["source", "version", "kind", "status", "previous_version", "by"].map(word).join(" ")
    };
    assert_eq!(told(&deploys[0]), "hosts 1.0.30 rollback success 1.0.34 ana");
    assert_eq!(told(&deploys[1]), "hosts 1.0.34 deploy success 1.0.30 ana");
    assert!(deploys[2..].iter().all(|one| one["source"] == "gitlab"));
    assert_eq!(document["live"]["live"]["store"], "1.0.30");
    assert_eq!(document["live"]["staging"]["store"], "1.0.33");

    let before = ["deploys", "--json", "--at", "2026-03-18T10:00:30Z", "--limit", "1"];
    let then: Value = serde_json::from_slice(&qd(home.path(), &url, &before).stdout).unwrap();
    assert_eq!((&then["deploys"][0]["status"], &then["deploys"][0]["finished"]), (&"running".into(), &Value::Null));
    // As text, each says whose it is.
    let text = String::from_utf8(qd(home.path(), &url, &["deploys", "--at", AT]).stdout).unwrap();
    let line = text.lines().find(|line| line.contains("1.0.34") && line.contains("hosts"));
    assert!(line.is_some() && text.contains(" gitlab "), "{text}");
}
