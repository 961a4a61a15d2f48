//! Baking: after the last host the fleet is watched, and what it finds decides.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::world::{World, text};

pub fn world(bake: &str) -> World {
    let world = World::relaxed();
    let root = world.path("app");
    for version in ["1.0", "1.1"] {
        std::fs::create_dir_all(root.join("releases").join(version)).unwrap();
    }
    symlink("releases/1.0", root.join("current")).unwrap();
    for (file, line) in
        [("log/access.log", request(200, 600)), ("log/app.log", "level=error msg=\"an old one\"\n".to_owned())]
    {
        std::fs::write(world.path(file), line).unwrap();
    }
    let config = std::fs::read_to_string(world.config()).unwrap();
    let service = format!(
        "access_log = \"/var/log/access.log\"\nlogs = [{{ file = \"/var/log/app.log\" }}, {{ file = \"/var/log/secure\", sudo = true }}]\n[service.deploy]\n\
         root = \"/var/app\"\n{bake}\n",
    );
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &service)).unwrap();
    world
}

/// A line of an access log, from so many seconds ago.
pub fn request(status: u16, ago: i64) -> String {
    let at = (chrono::Utc::now() - chrono::TimeDelta::seconds(ago)).format("%d/%b/%Y:%H:%M:%S +0000");
    format!("10.0.0.1 - - [{at}] \"GET / HTTP/1.1\" {status} 12 \"-\" \"curl\"\n")
}

/// Entries of a journal, of now: an error by what they say, not by their priority.
fn entries(message: &str, count: usize) -> String {
    let micros = chrono::Utc::now().timestamp_micros();
    let entry = |n: usize| {
        let entry = serde_json::json!({ "__CURSOR": format!("c{n}"), "__REALTIME_TIMESTAMP": micros.to_string(),
            "PRIORITY": "6", "MESSAGE": message });
        format!("{entry}\n")
    };
    (0..count).map(entry).collect()
}

pub fn append(path: &Path, text: &str) {
    std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Deploys 1.1, and does something as soon as the fleet has been looked at: later looks are compared with the first.
fn deploy(world: &World, meanwhile: impl FnOnce()) -> (Output, Value) {
    let mut qd = world.process(&["--host", "box-1", "deploy", "api", "1.1", "--yes", "--json"]).spawn().unwrap();
    let (mut said, mut meanwhile) = (String::new(), Some(meanwhile));
    for line in BufReader::new(qd.stderr.take().unwrap()).lines().map(Result::unwrap) {
        if line.starts_with("qd: bake ")
            && let Some(meanwhile) = meanwhile.take()
        {
            // What bears the second in which the release went live is of neither side, and logs know whole seconds only.
            std::thread::sleep(Duration::from_secs(2));
            meanwhile();
        }
        said += &(line + "\n");
    }
    let out = Output { stderr: said.into_bytes(), ..qd.wait_with_output().unwrap() };
    let document = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
    (out, document)
}

pub fn live(world: &World) -> String {
    std::fs::read_link(world.path("app/current")).unwrap().display().to_string()
}

#[test]
fn a_fleet_that_stays_well_bakes_to_its_end_and_the_numbers_are_told() {
    let world = world("bake = \"6s\"");
    let access = world.path("log/access.log");
    let (out, document) = deploy(&world, || append(&access, &request(200, 0).repeat(60)));
    let said = text(&out.stderr);
    assert_eq!((out.status.code(), document["result"].as_str()), (Some(0), Some("succeeded")), "{said}");
    assert!(said.contains("of 60 requests (before 0.0 %)"), "{said}");
    assert_eq!(live(&world), "releases/1.1");
}

#[test]
fn what_goes_wrong_under_load_takes_every_host_back() {
    for (what, why) in [
        ("5xx", "5xx 50.0 % of 60 requests"),
        ("error", "a new error, 3 times"),
        ("root's log", "a new error, 3 times"),
        ("journal", "a new error, 3 times: it is all on fire"),
        ("unit", "its unit ended"),
    ] {
        let world = world("bake = \"30s\"");
        let (out, document) = deploy(&world, || match what {
            "5xx" => append(&world.path("log/access.log"), &(request(200, 0) + &request(500, 0)).repeat(30)),
            "error" => {
                let lines = "level=error msg=\"an old one\"\nlevel=error msg=\"no such table\" id=7\n".repeat(3);
                append(&world.path("log/app.log"), &lines);
            }
            "root's log" => {
                append(&world.path("log/secure"), &"level=error msg=\"only root sees this\"\n".repeat(3));
            }
            "journal" => {
                append(&world.path("units/box-1/journal"), &entries("level=error msg=\"it is all on fire\"", 3))
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
    let (out, document) = deploy(&world, || append(&world.path("log/access.log"), &request(500, 0).repeat(60)));
    assert_eq!((out.status.code(), document["result"].as_str()), (Some(1), Some("held")), "{}", text(&out.stderr));
    assert_eq!(live(&world), "releases/1.1");
    let list: Vec<Value> = serde_json::from_slice(&world.qd(&["run", "list", "--json"]).stdout).unwrap();
    assert_eq!(list[0]["hosts"][0]["state"], "done");
    let out = world.qd(&["--host", "box-1", "run", "abort", "--undo", "--yes", "--reason", "x", "--json"]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert_eq!(live(&world), "releases/1.0");
}

#[test]
fn answers_that_name_the_version_before_are_not_the_new_ones() {
    for (version, result) in [("1.0", "succeeded"), ("1.1", "rolled_back")] {
        let world = world("bake = \"6s\"");
        let lines = request(500, 0).replace('\n', &format!(" version={version}\n")).repeat(60);
        let (out, document) = deploy(&world, || append(&world.path("log/access.log"), &lines));
        assert_eq!(document["result"].as_str(), Some(result), "{version}: {}", text(&out.stderr));
    }
}

#[test]
fn whoever_takes_a_run_over_goes_on_with_its_bake_and_knows_what_came_before() {
    for fails in [true, false] {
        let world = world("bake = \"12s\"\nlease = \"2s\"");
        let mut qd = world.process(&["--host", "box-1", "deploy", "api", "1.1", "--yes"]).spawn().unwrap();
        world.wait_for("box-1", "\"event\":\"done\"");
        qd.kill().unwrap();
        qd.wait().unwrap();
        // Nobody watches while this happens.
        std::thread::sleep(Duration::from_secs(5));
        append(&world.path("log/access.log"), &request(if fails { 500 } else { 200 }, 0).repeat(60));
        let out = world.qd(&["--host", "box-1", "run", "adopt", "--yes", "--reason", "x", "--json"]);
        let said = text(&out.stderr);
        let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{said}"));
        assert_eq!(document["result"], if fails { "rolled_back" } else { "succeeded" }, "{said}");
        assert!(said.contains("of 60 requests"), "{said}");
        let first = said.lines().find_map(|line| line.strip_prefix("qd: bake ")).unwrap();
        let seconds: u64 = first.split(' ').next().unwrap().parse().unwrap();
        assert!(seconds >= 4, "it began anew: {said}");
    }
}
