//! The hosted APIs of the demo: what they tell, that they agree with the hosts, and what they take.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use quarterdeck::config::secret;
use quarterdeck::demo::Demo;
use quarterdeck::domain::api_error::ApiErrorKind;
use quarterdeck::domain::ci_plan::CiAction;
use quarterdeck::domain::hosted::{GitLabSettings, TokenState};
use quarterdeck::integrations::gitlab::{CiDone, GitLab, TraceReader};
use quarterdeck::integrations::statuscake::{NewWindow, StatusCake};
use quarterdeck::integrations::stripe::account::Account;
use serde_json::Value;

use crate::ssh::{demo, read};

/// A generous ceiling on what takes the demo some seconds.
const SOON: Duration = Duration::from_secs(60);

fn gitlab_settings(demo: &Demo) -> GitLabSettings {
    demo.settings.hosted.gitlab.clone().unwrap()
}

fn gitlab(demo: &Demo) -> GitLab {
    let settings = gitlab_settings(demo);
    GitLab::new(&settings, secret::source(settings.token.clone(), "[gitlab] token"))
}

fn statuscake(demo: &Demo) -> StatusCake {
    let settings = demo.settings.hosted.statuscake.clone().unwrap();
    StatusCake::new(&settings, secret::source(settings.token.clone(), "[statuscake] token"))
}

/// `qd` as a second terminal would call it, with the demo's own config.
fn qd(demo: &Demo, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.arg("--config").arg(config(demo)).args(arguments).env_clear().env("HOME", home.path());
    command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap()
}

fn config(demo: &Demo) -> PathBuf {
    demo.folder().join("quarterdeck.toml")
}

async fn json(demo: &Demo, arguments: &'static [&'static str]) -> Value {
    let out = qd(demo, arguments);
    assert!(matches!(out.status.code(), Some(0 | 1)), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_token_may_do_everything() {
    let demo = demo(3).await;
    let mut findings = gitlab(&demo).check(chrono::Utc::now()).await;
    findings.extend(statuscake(&demo).check().await);
    let stripe = demo.settings.hosted.stripe[0].clone();
    let key = secret::source(stripe.key.clone(), "[stripe] key");
    findings.extend(Account::new(&stripe, "stripe", key).check().await);
    assert!(findings.len() > 10);
    assert!(findings.iter().all(|finding| finding.state == TokenState::May), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_as_each_api_tells_it() {
    let demo = demo(1).await;
    let wrong = demo.folder().join("wrong");
    std::fs::copy(demo.folder().join("ssh_config"), &wrong).unwrap();
    let place = || {
        let from = quarterdeck::domain::hosted::SecretFrom::File(wrong.clone());
        Some(quarterdeck::domain::hosted::SecretPlace { from, prefix: String::new() })
    };
    let settings = gitlab_settings(&demo);
    let error = GitLab::new(&settings, secret::source(place(), "x")).token().await.unwrap_err();
    assert_eq!((error.kind, error.status), (ApiErrorKind::Unauthorized, Some(401)));
    assert!(error.message.contains("401 Unauthorized"), "{error:?}");
    let settings = demo.settings.hosted.statuscake.clone().unwrap();
    let error = StatusCake::new(&settings, secret::source(place(), "x")).checks().await.unwrap_err();
    assert_eq!((error.kind, error.status), (ApiErrorKind::Unauthorized, Some(401)));
    let settings = demo.settings.hosted.stripe[0].clone();
    let findings = Account::new(&settings, "stripe", secret::source(place(), "x")).check().await;
    assert!(findings[0].state == TokenState::Failed && findings[0].message.contains("API Key"), "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headless_twins_agree_with_each_other_and_with_the_hosts() {
    let demo = demo(3).await;
    let services = json(&demo, &["services", "--json"]).await;
    let reported = |name: &str| -> BTreeSet<String> {
        let all = services["services"].as_array().unwrap();
        let of = all.iter().find(|service| service["name"] == name).unwrap_or_else(|| panic!("{services}"));
        of["versions"].as_object().unwrap().keys().cloned().collect()
    };
    let deploys = json(&demo, &["deploys", "--json"]).await;
    for service in ["api", "jobs"] {
        let live = deploys["live"]["production"][service].as_str().unwrap().to_owned();
        assert_eq!(reported(service), BTreeSet::from([live]), "{service}");
    }
    let all = deploys["deploys"].as_array().unwrap();
    let with = |key: &str, value: &str| all.iter().filter(|one| one[key] == value).count();
    assert!(all.len() > 20 && with("kind", "rollback") == 1 && with("status", "failed") >= 2, "{deploys}");

    let counters = json(&demo, &["counters", "--json"]).await;
    assert_eq!(counters["errors"], serde_json::json!([]));
    let figure = |name: &str, window: Option<&str>| {
        let all = counters["counters"].as_array().unwrap();
        let is = |one: &&Value| one["name"] == name && one["window"].as_str() == window;
        let one = all.iter().find(is).unwrap_or_else(|| panic!("{name}: {counters}"));
        one["amount"].as_i64().or(one["value"].as_i64()).unwrap()
    };
    assert!(figure("mrr", None) > 100_000 && figure("paying_customers", None) > 100);
    assert!(figure("revenue_gross", Some("30d")) > figure("revenue_gross", Some("7d")));
    assert!(figure("failed_payments", Some("30d")) > figure("failed_payments_recovered", Some("30d")));
    assert_eq!((figure("open_disputes", None), figure("disputes_needing_response", None)), (2, 1));

    let alerts = json(&demo, &["alerts", "--json"]).await;
    let all = alerts["alerts"].as_array().unwrap();
    let checkout: Vec<_> =
        all.iter().filter(|one| one["title"].as_str().unwrap().starts_with("Checkout down")).collect();
    assert!(checkout.len() == 1 && checkout[0]["state"] == "resolved" && checkout[0]["service"] == "api", "{alerts}");
    assert!(all.iter().any(|one| one["rule"] == "certificate" && one["state"] == "firing"), "{alerts}");
    assert!(all.iter().any(|one| one["source"] == "gitlab"), "{alerts}");
    // The page that is firing is what the exit code says.
    assert_eq!(qd(&demo, &["alerts"]).status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_played_job_runs_through_its_log_and_changes_what_the_hosts_report() {
    let demo = demo(3).await;
    let gitlab = gitlab(&demo);
    let project = "lumen/api".to_owned();
    let version =
        |host: &str| read(&demo, host, "cat \"$QD_ROOT/var/log/myservice/app.log\" | grep -o 'to=.*' | tail -n 1");
    let candidate = gitlab.pipeline_of(&project, "1.5.0-rc.1").await.unwrap().unwrap();
    let jobs = gitlab.jobs(&project, candidate.id).await.unwrap();
    let manual = jobs.iter().find(|job| job.status.is_manual()).unwrap();
    let play = CiAction::PlayJob { project: project.clone(), job: manual.id };
    let CiDone::Job(played) = gitlab.act(&play).await.unwrap() else { panic!("no job") };
    assert_eq!(played.status.0, "running");
    let again = gitlab.act(&play).await.unwrap_err();
    assert!(again.message.contains("Unplayable"), "{again:?}");

    let (begun, mut reader, mut log, mut pieces) =
        (Instant::now(), TraceReader::new(&project, manual.id), Vec::new(), 0);
    loop {
        assert!(begun.elapsed() < SOON, "{}", String::from_utf8_lossy(&log));
        let state = gitlab.job(&project, manual.id).await.unwrap().status;
        let news = reader.next(&gitlab).await.unwrap();
        assert!(!news.restarted, "a log only grows");
        pieces += usize::from(!news.bytes.is_empty());
        log.extend_from_slice(&news.bytes);
        if state.0 == "success" {
            break;
        }
        assert_eq!(state.0, "running");
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    let log = String::from_utf8(log).unwrap();
    assert!(pieces > 3 && log.contains("web-1: healthy") && log.contains("Job succeeded"), "{pieces}: {log}");
    for host in ["web-1", "web-2"] {
        assert!(version(host).contains("to=1.5.0-rc.1"), "{host}: {}", version(host));
    }
    let live = json(&demo, &["deploys", "--json"]).await;
    assert_eq!(live["live"]["production"]["api"], "1.5.0-rc.1");
    assert_eq!((&live["deploys"][0]["by"], &live["deploys"][0]["status"]), (&"you".into(), &"success".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_makes_a_pipeline_and_a_canceled_job_is_done_again_as_another() {
    let demo = demo(3).await;
    let gitlab = gitlab(&demo);
    let project = "lumen/api".to_owned();
    let tag = |name: &str| CiAction::CreateTag {
        project: project.clone(),
        name: name.to_owned(),
        git_ref: "main".to_owned(),
        message: Some("mended".to_owned()),
    };
    assert!(matches!(gitlab.act(&tag("1.4.4")).await.unwrap(), CiDone::Tag(made) if made.name == "1.4.4"));
    let twice = gitlab.act(&tag("1.4.4")).await.unwrap_err();
    assert!(twice.message.contains("already exists"), "{twice:?}");
    let pipeline = gitlab.pipeline_of(&project, "1.4.4").await.unwrap().unwrap();
    let begun = Instant::now();
    let test = loop {
        let jobs = gitlab.jobs(&project, pipeline.id).await.unwrap();
        match jobs.into_iter().find(|job| job.name == "test" && job.status.0 == "running") {
            Some(job) => break job,
            None => assert!(begun.elapsed() < SOON),
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let cancel = CiAction::CancelJob { project: project.clone(), job: test.id };
    assert!(matches!(gitlab.act(&cancel).await.unwrap(), CiDone::Job(job) if job.status.0 == "canceled"));
    let retry = CiAction::RetryJob { project: project.clone(), job: test.id };
    assert!(matches!(gitlab.act(&retry).await.unwrap(), CiDone::Job(job) if job.id != test.id));
    let new = CiAction::NewPipeline { project: project.clone(), git_ref: "nosuch".to_owned(), variables: vec![] };
    assert!(gitlab.act(&new).await.unwrap_err().message.contains("Reference not found"));
    let new = CiAction::NewPipeline { project, git_ref: "main".to_owned(), variables: vec![] };
    assert!(matches!(gitlab.act(&new).await.unwrap(), CiDone::Pipeline(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_pause_and_windows_open_and_close() {
    let demo = demo(1).await;
    let cake = statuscake(&demo);
    let check = cake.checks().await.unwrap().into_iter().find(|check| check.name == "Checkout").unwrap();
    cake.set_paused(&check.id, true).await.unwrap();
    let paused = |all: Vec<quarterdeck::domain::monitor::Monitor>| {
        let state = all.into_iter().find(|one| one.id == check.id).unwrap().state;
        state == quarterdeck::domain::monitor::MonitorState::Paused
    };
    assert!(paused(cake.checks().await.unwrap()));
    cake.set_paused(&check.id, false).await.unwrap();
    assert!(!paused(cake.checks().await.unwrap()));

    let now = chrono::Utc::now();
    let window = NewWindow {
        name: "deploy of api".to_owned(),
        start: now,
        end: now + chrono::TimeDelta::minutes(20),
        checks: vec![check.id.clone()],
        tags: vec![],
    };
    let id = cake.open_window(&window).await.unwrap();
    let open = cake.maintenance_windows().await.unwrap();
    assert!(open.iter().any(|one| one.id == id && one.checks == [check.id.clone()]), "{open:?}");
    cake.close_window(&id).await.unwrap();
    assert!(cake.maintenance_windows().await.unwrap().iter().all(|one| one.id != id));
    let backwards = NewWindow { end: now - chrono::TimeDelta::minutes(1), ..window };
    let refused = cake.open_window(&backwards).await.unwrap_err();
    assert_eq!(refused.status, Some(400), "{refused:?}");
    let history = cake.history(&check.id, 100).await.unwrap();
    assert!(history.len() == 100 && history.iter().all(|one| one.millis.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_deployed_and_rolled_back_as_a_real_one() {
    let demo = demo(3).await;
    let yes = ["--yes", "--arm", "production"];
    let act = |arguments: &[&str]| {
        let out = qd(&demo, &[arguments, &yes[..]].concat());
        assert!(out.status.success(), "{arguments:?}: {out:?}");
    };
    let refused = qd(&demo, &["restart", "api", "--yes"]);
    assert_eq!(refused.status.code(), Some(4), "read-only until it is armed: {refused:?}");
    let reported = || read(&demo, "web-2", "grep -o 'to=[^ ]*' \"$QD_ROOT/var/log/myservice/app.log\" | tail -n 1");
    act(&["deploy", "api", "1.5.0-rc.1"]);
    assert_eq!(reported(), "to=1.5.0-rc.1\n");
    act(&["rollback", "api"]);
    assert_eq!(reported(), "to=1.4.2\n");
    let deploys = json(&demo, &["deploys", "--json"]).await;
    assert_eq!(deploys["live"]["production"]["api"], "1.4.2");
    let services = json(&demo, &["services", "--json"]).await;
    let api = services["services"].as_array().unwrap().iter().find(|one| one["name"] == "api").unwrap();
    assert_eq!(api["versions"], serde_json::json!({ "1.4.2": ["web-1", "web-2"] }));
}
