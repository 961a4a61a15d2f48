//! Baking: after the last host the fleet is watched, and what it finds decides.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{World, text};

fn world(bake: &str) -> World {
    let world = World::relaxed();
    let root = world.path("app");
    for version in ["1.0", "1.1"] {
        std::fs::create_dir_all(root.join("releases").join(version)).unwrap();
    }
    symlink("releases/1.0", root.join("current")).unwrap();
    for (file, line) in [("access.log", request(200, 600)), ("app.log", "level=error msg=\"an old one\"\n".to_owned())]
    {
        std::fs::write(world.path(file), line).unwrap();
    }
    let config = std::fs::read_to_string(world.config()).unwrap();
    let service = format!(
        "access_log = \"{0}/access.log\"\nlogs = [{{ file = \"{0}/app.log\" }}]\n[service.deploy]\nroot = \"{0}/app\"\n{bake}\n",
        world.path("").display().to_string().trim_end_matches('/')
    );
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &service)).unwrap();
    world
}

/// A line of an access log, from so many seconds ago.
fn request(status: u16, ago: i64) -> String {
    let at = (chrono::Utc::now() - chrono::TimeDelta::seconds(ago)).format("%d/%b/%Y:%H:%M:%S +0000");
    format!("10.0.0.1 - - [{at}] \"GET / HTTP/1.1\" {status} 12 \"-\" \"curl\"\n")
}

fn append(path: &Path, text: &str) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Deploys 1.1, and does something as soon as the fleet is watched.
fn deploy(world: &World, meanwhile: impl FnOnce() + Send) -> (Output, Value) {
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let began = Instant::now();
            let state = world.path("app/.quarterdeck/runs");
            let done = || {
                let run = std::fs::read_dir(&state).ok().and_then(|mut runs| runs.next()?.ok());
                let journal = run.and_then(|run| std::fs::read_to_string(run.path().join("journal.jsonl")).ok());
                journal.is_some_and(|journal| journal.contains("\"event\":\"done\""))
            };
            while !done() && began.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(50));
            }
            // The first look is what later ones are compared with.
            std::thread::sleep(Duration::from_millis(2500));
            meanwhile();
        });
        let out = world.qd(&["--host", "box-1", "deploy", "api", "1.1", "--yes", "--json"]);
        let document = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
        (out, document)
    })
}

fn live(world: &World) -> String {
    std::fs::read_link(world.path("app/current")).unwrap().display().to_string()
}

#[test]
fn a_fleet_that_stays_well_bakes_to_its_end_and_the_numbers_are_told() {
    let world = world("bake = \"6s\"");
    let access = world.path("access.log");
    let (out, document) = deploy(&world, || append(&access, &request(200, 0).repeat(60)));
    let said = text(&out.stderr);
    assert_eq!((out.status.code(), document["result"].as_str()), (Some(0), Some("succeeded")), "{said}");
    assert!(said.contains("of 60 requests (before 0.0 %)"), "{said}");
    assert_eq!(live(&world), "releases/1.1");
}

#[test]
fn what_goes_wrong_under_load_takes_every_host_back() {
    for (what, why) in
        [("5xx", "5xx 50.0 % of 60 requests"), ("error", "a new error, 3 times"), ("unit", "its unit ended")]
    {
        let world = world("bake = \"30s\"");
        let (out, document) = deploy(&world, || match what {
            "5xx" => append(&world.path("access.log"), &(request(200, 0) + &request(500, 0)).repeat(30)),
            "error" => {
                let lines = "level=error msg=\"an old one\"\nlevel=error msg=\"no such table\" id=7\n".repeat(3);
                append(&world.path("app.log"), &lines);
            }
            _ => std::fs::write(world.path("units/box-1/InvocationID"), "another").unwrap(),
        });
        let said = text(&out.stderr);
        assert_eq!((out.status.code(), document["result"].as_str()), (Some(1), Some("rolled_back")), "{what}: {said}");
        assert!(document["why"][0].as_str().unwrap().contains(why), "{what}: {document:#}");
        assert_eq!(document["why"].as_array().unwrap().len(), 1, "{what}: {document:#}");
        assert_eq!(live(&world), "releases/1.0", "{what}");
        let again = world.qd(&["--host", "box-1", "deploy", "api", "1.1", "--yes"]);
        assert!(text(&again.stderr).contains("marked bad"), "{what}: {}", text(&again.stderr));
    }
}

#[test]
fn a_breach_may_be_left_to_a_person() {
    let world = world("bake = \"30s\"\nbake_limits = { on_breach = \"hold\" }\nlease = \"60s\"");
    let (out, document) = deploy(&world, || append(&world.path("access.log"), &request(500, 0).repeat(60)));
    assert_eq!((out.status.code(), document["result"].as_str()), (Some(1), Some("held")), "{}", text(&out.stderr));
    assert_eq!(live(&world), "releases/1.1");
    let list: Vec<Value> = serde_json::from_slice(&world.qd(&["run", "list", "--json"]).stdout).unwrap();
    assert_eq!(list[0]["hosts"][0]["state"], "done");
    let out = world.qd(&["--host", "box-1", "run", "abort", "--undo", "--yes", "--reason", "x", "--json"]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert_eq!(live(&world), "releases/1.0");
}
