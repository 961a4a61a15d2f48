//! `qd restart` and its like: rolling, gated, and never twice by accident.

use serde_json::{Value, json};

use crate::world::{World, text};

fn results(out: &std::process::Output) -> Vec<(String, String)> {
    let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    document["hosts"].as_array().unwrap().iter().map(|host| (word(&host["host"]), word(&host["result"]))).collect()
}

fn came(results: &[(String, String)]) -> Vec<&str> {
    results.iter().map(|(_, result)| result.as_str()).collect()
}

#[test]
fn hosts_go_one_after_the_other_with_exactly_the_command_that_the_plan_shows() {
    let world = World::careful();
    let dry = world.qd(&["restart", "api", "--dry-run", "--json"]);
    let plan: Value = serde_json::from_slice(&dry.stdout).unwrap();
    let argv = json!(["sudo", "-n", "systemctl", "restart", "api.service"]);
    assert_eq!((&plan["plan"]["targets"][0]["argv"], &plan["plan"]["at_once"]), (&argv, &json!(1)));
    assert!(world.calls("box-1").is_empty(), "a dry run does nothing");
    let out = world.qd(&["restart", "api", "--arm", "production", "--yes", "--json"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert_eq!(came(&results(&out)), ["ok", "ok"]);
    assert_eq!(world.calls("box-2"), ["restart api.service"]);
    let entry = world.audit().pop().unwrap();
    assert_eq!((&entry["argv"], &entry["plan"]), (&argv, &plan["hash"]));
    // Again within ten minutes: not without a reason.
    let again = world.qd(&["restart", "api", "--arm", "production", "--yes"]);
    assert_eq!(again.status.code(), Some(4), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("restarted it"), "{}", text(&again.stderr));
    let reason = ["restart", "api", "--arm", "production", "--yes", "--reason", "it leaks"];
    assert_eq!(world.qd(&reason).status.code(), Some(0));
    assert_eq!(world.calls("box-1").len(), 2);
}

#[test]
fn a_host_that_fails_is_the_last() {
    for mark in ["broken", "loops"] {
        let world = World::relaxed();
        world.mark("box-1", mark);
        let out = world.qd(&["restart", "api", "--yes", "--json"]);
        assert_eq!(out.status.code(), Some(1), "{mark}: {}", text(&out.stderr));
        assert_eq!(came(&results(&out)), ["failed", "not_done"], "{mark}: {}", text(&out.stderr));
        assert!(world.calls("box-2").is_empty(), "{mark}");
        let entry = world.audit().pop().unwrap();
        assert_eq!(entry["result"], "failed", "{mark}");
    }
}

#[test]
fn what_sudo_does_not_allow_is_named_before_anything_is_touched() {
    let world = World::relaxed();
    std::fs::write(world.path("units/no-sudo"), "").unwrap();
    let out = world.qd(&["restart", "api", "--yes"]);
    assert_eq!(out.status.code(), Some(1));
    let said = text(&out.stderr);
    assert!(said.contains("deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart api.service"), "{said}");
    assert!(world.calls("box-1").is_empty() && world.audit().is_empty());
}

#[test]
fn a_host_that_is_away_keeps_all_from_being_touched_until_it_is_left_out() {
    let mut world = World::relaxed();
    world.stop(1);
    let out = world.qd(&["restart", "api", "--yes"]);
    assert_eq!(out.status.code(), Some(3), "{}", text(&out.stderr));
    assert!(world.calls("box-1").is_empty());
    let out = world.qd(&["--host", "box-1", "restart", "api", "--yes"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
}

#[test]
fn ctrl_c_finishes_what_has_begun_and_leaves_the_rest_alone() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};
    let world = World::relaxed();
    world.mark("box-1", "slow");
    let mut qd = Command::new(env!("CARGO_BIN_EXE_qd"))
        .envs(world.env())
        .args(["--config", &world.config(), "restart", "api", "--yes", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(qd.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("box-1: begins")));
    assert!(Command::new("kill").args(["-INT", &qd.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    let mut out = String::new();
    qd.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(qd.wait().unwrap().code(), Some(1), "{rest:?}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&document["hosts"][0]["result"], &document["hosts"][1]["result"]), (&json!("ok"), &json!("not_done")));
    assert!(world.calls("box-2").is_empty());
    assert_eq!(world.audit().pop().unwrap()["result"], "not_done");
}

#[test]
fn the_link_is_lost_while_it_restarts_and_what_became_of_it_is_read() {
    use std::process::{Command, Stdio};
    let world = World::relaxed();
    world.mark("box-1", "slow");
    let qd = Command::new(env!("CARGO_BIN_EXE_qd"))
        .envs(world.env())
        .args(["--config", &world.config(), "restart", "api", "--yes", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = std::time::Instant::now();
    while world.calls("box-1").is_empty() {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "it never begins");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    world.cut(0);
    let out = qd.wait_with_output().unwrap();
    assert_eq!(came(&results(&out)), ["ok", "ok"], "{}", text(&out.stderr));
    assert_eq!(world.calls("box-1").len(), 1, "it is not done twice");
    assert!(text(&out.stderr).contains("the link was lost"), "{}", text(&out.stderr));
}

#[test]
fn a_snapshot_is_kept_before_anything_is_wiped_out() {
    let world = World::relaxed();
    let out = world.qd(&["restart", "api", "--yes", "--snapshot"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let said = text(&out.stderr);
    let path = said.lines().find_map(|line| line.strip_prefix("box-1: kept in ")).unwrap();
    let kept = std::fs::read_to_string(path).unwrap();
    for part in ["=== ps", "=== df", "=== systemctl status"] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    assert!(said.find("kept in") < said.find("box-1: begins"), "{said}");
}
