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
    let keys = format!(
        "statuscake = [\"Checkout\"]\n[service.deploy]\nroot = \"{}\"\nmaintenance = \"statuscake\"\nbake = \"0s\"\n",
        root.display()
    );
    let apis = format!(
        "[statuscake]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_TOKEN\" }}\n[slack]\nwebhook = {{ env = \"QD_TEST_SLACK\" }}\nsend = [\"deploy\"]\n",
        fake.url("statuscake")
    );
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &keys) + &apis).unwrap();
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
