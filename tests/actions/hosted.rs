//! Deploys and the hosted APIs: a job of GitLab's that deploys, Slack that is told, StatusCake's checks that are left alone.

use serde_json::Value;

use crate::support::fake_apis::FakeApis;
use crate::support::http_server::{Server, answer};
use crate::world::{World, text};

/// A world whose service is deployed by a job of the public company's GitLab.
fn by_job(fake: &FakeApis, more: &str) -> World {
    let world = World::relaxed();
    let config = std::fs::read_to_string(world.config()).unwrap();
    let keys = format!(
        "[service.deploy]\nstrategy = \"gitlab\"\nproject = \"acme/shop\"\njob = \"deploy:production\"\n\
         gitlab_environment = \"production\"\nbake = \"0s\"\n{more}\n"
    );
    let gitlab = format!("[gitlab]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_TOKEN\" }}\n", fake.url("gitlab"));
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &keys) + &gitlab).unwrap();
    world
}

fn qd(world: &World, words: &[&str]) -> std::process::Output {
    world.command(words).env("QD_TEST_TOKEN", "glpat-qd").output().unwrap()
}

fn document(out: &std::process::Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)))
}

#[test]
fn a_job_is_run_its_log_is_followed_and_what_came_of_it_is_kept() {
    let fake = FakeApis::public(&["--job-seconds", "3"]);
    let world = by_job(&fake, "");
    let out = qd(&world, &["deploy", "api", "1.0.32", "--dry-run"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("Retry deploy:production of 1.0.32"), "{}", text(&out.stdout));
    let posts = || fake.requests("gitlab").into_iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts(), 0, "a dry run changes nothing");
    let out = qd(&world, &["deploy", "api", "1.0.32", "--yes", "--json"]);
    assert_eq!(
        (out.status.code(), document(&out)["result"].as_str()),
        (Some(0), Some("succeeded")),
        "{}",
        text(&out.stderr)
    );
    assert_eq!(posts(), 1, "it is started once");
    assert!(text(&out.stderr).contains("deploy:production:   "), "its log is shown: {}", text(&out.stderr));
    let audit = world.audit();
    assert_eq!((audit[0]["action"].as_str(), audit[0]["result"].as_str()), (Some("deploy"), Some("ok")));
    let runs: Vec<Value> = serde_json::from_slice(&qd(&world, &["run", "list", "--json"]).stdout).unwrap();
    assert_eq!(
        (runs[0]["version"].as_str(), runs[0]["state"].as_str()),
        (Some("1.0.32"), Some("success")),
        "{runs:#?}"
    );
    assert_eq!(runs[0]["id"], document(&out)["id"]);
    let out = qd(&world, &["deploy", "api", "1.0.31", "--yes"]);
    assert_eq!(out.status.code(), Some(4), "an older one wants a reason: {}", text(&out.stderr));
    // Back to what was live before, by the job that had put it there.
    let config = std::fs::read_to_string(world.config()).unwrap();
    std::fs::write(
        world.config(),
        config.replace("gitlab_environment = \"production\"", "gitlab_environment = \"staging\""),
    )
    .unwrap();
    let out = qd(&world, &["rollback", "api", "--yes", "--json"]);
    let back = document(&out);
    assert_eq!((out.status.code(), back["version"].as_str()), (Some(0), Some("1.0.32")), "{}", text(&out.stderr));
}

#[test]
fn a_version_without_a_job_and_an_api_that_is_away_do_nothing() {
    let fake = FakeApis::public(&[]);
    let world = by_job(&fake, "pipeline = { ref = \"{version}\", variables = { \"not a name\" = \"x\" } }");
    let out = qd(&world, &["deploy", "api", "9.9.9", "--yes"]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    drop(fake);
    let out = qd(&world, &["rollback", "api", "--yes"]);
    assert_ne!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(world.audit().is_empty());
}

#[test]
fn people_are_told_and_checks_are_left_alone_while_a_run_touches_them() {
    let fake = FakeApis::public(&[]);
    let slack = Server::start(|_, _| answer(200, &[], "ok"));
    let world = World::relaxed();
    let root = world.path("app");
    for version in ["1.0", "1.1"] {
        std::fs::create_dir_all(root.join("releases").join(version)).unwrap();
    }
    std::os::unix::fs::symlink("releases/1.0", root.join("current")).unwrap();
    let config = std::fs::read_to_string(world.config()).unwrap();
    let keys = "statuscake = [\"Checkout\"]\n[service.deploy]\nroot = \"/var/app\"\nmaintenance = \"statuscake\"\n\
        bake = \"0s\"\n";
    let apis = format!(
        "[statuscake]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_TOKEN\" }}\n[slack]\nwebhook = {{ env = \"QD_TEST_SLACK\" }}\nsend = [\"deploy\"]\n",
        fake.url("statuscake")
    );
    std::fs::write(world.config(), config.replace("[service.deploy]\n", keys) + &apis).unwrap();
    let out = world
        .command(&["--host", "box-1", "deploy", "api", "1.1", "--yes", "--json"])
        .env("QD_TEST_TOKEN", "sc-qd")
        .env("QD_TEST_SLACK", format!("{}/services/T0/B0/secret", slack.origin))
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let said: Vec<String> = slack.seen().iter().map(|request| request.body.clone()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("deploys *api 1.1* in production") && said[1].contains("api 1.1 is live"), "{said:?}");
    let windows: Vec<(String, u16)> = fake
        .requests("statuscake")
        .into_iter()
        .filter(|request| request.path.contains("maintenance-windows") && request.method != "GET")
        .map(|request| (request.method, request.status))
        .collect();
    assert_eq!(windows, [("POST".to_owned(), 201), ("DELETE".to_owned(), 204)], "{}", text(&out.stderr));
}

/// The same with a service that tells its version: what is in the file `live`.
pub fn by_job_that_tells(fake: &FakeApis, live: &str) -> World {
    let world = by_job(fake, "");
    std::fs::write(world.path("live"), live).unwrap();
    let config = std::fs::read_to_string(world.config()).unwrap();
    let keys = format!("version = {{ command = [\"cat\", \"{}\"] }}\n[service.deploy]\n", world.path("live").display());
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &keys)).unwrap();
    world
}

pub fn run_of(world: &World, id: &str) -> Value {
    let runs: Vec<Value> = serde_json::from_slice(&qd(world, &["run", "list", "--json"]).stdout).unwrap();
    runs.into_iter().find(|run| run["id"] == id).unwrap_or_default()
}

#[test]
fn a_job_that_succeeds_is_not_enough_its_hosts_are_judged_too() {
    let fake = FakeApis::public(&["--job-seconds", "1"]);
    for (live, code, result) in [("1.0.32", 0, "succeeded"), ("1.0.31", 1, "held")] {
        let world = by_job_that_tells(&fake, live);
        let out = qd(&world, &["deploy", "api", "1.0.32", "--yes", "--json"]);
        let said = text(&out.stderr);
        assert_eq!((out.status.code(), document(&out)["result"].as_str()), (Some(code), Some(result)), "{said}");
        let why = document(&out)["why"].to_string();
        assert_eq!(why.contains("it reports version 1.0.31, not 1.0.32"), code == 1, "{why}");
        assert_eq!(said.contains("qd rollback api goes back"), code == 1, "{said}");
    }
    // A host whose unit is down is not well either, and one that cannot be asked is not known to be.
    let mut world = by_job_that_tells(&fake, "1.0.32");
    std::fs::write(world.path("units/box-1/ActiveState"), "failed").unwrap();
    world.stop(1);
    let out = qd(&world, &["deploy", "api", "1.0.32", "--yes", "--json"]);
    let why = document(&out)["why"].to_string();
    assert!(why.contains("box-1: the unit is failed") && why.contains("box-2: it is not connected"), "{why}");
}

#[test]
fn a_detached_job_is_followed_to_its_end_and_a_lost_one_is_taken_up_again() {
    let fake = FakeApis::public(&["--job-seconds", "3"]);
    let world = by_job_that_tells(&fake, "1.0.32");
    let out = qd(&world, &["deploy", "api", "1.0.32", "--yes", "--detach"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let id = text(&out.stdout).trim().to_owned();
    let began = std::time::Instant::now();
    while run_of(&world, &id)["state"] != "success" {
        assert!(began.elapsed().as_secs() < 60, "{:#}", run_of(&world, &id));
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    // One whose qd was killed: the job goes on, and somebody takes it up.
    let mut lost = world.process(&["deploy", "api", "1.0.32", "--yes"]);
    let mut lost = lost.env("QD_TEST_TOKEN", "glpat-qd").spawn().unwrap();
    let posts = || fake.requests("gitlab").into_iter().filter(|request| request.method == "POST").count();
    while posts() < 2 {
        assert!(began.elapsed().as_secs() < 90, "it was never started");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    lost.kill().unwrap();
    lost.wait().unwrap();
    let runs: Vec<Value> = serde_json::from_slice(&qd(&world, &["run", "list", "--json"]).stdout).unwrap();
    let id = runs[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(runs[0]["state"], "running");
    let out = qd(&world, &["run", "adopt", &id, "--yes", "--json"]);
    assert_eq!(
        (out.status.code(), document(&out)["result"].as_str()),
        (Some(0), Some("succeeded")),
        "{}",
        text(&out.stderr)
    );
    assert_eq!((run_of(&world, &id)["state"].as_str(), posts()), (Some("success"), 2), "it was started once");
}
