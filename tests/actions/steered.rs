//! Runs that are left, taken over, cut off, or steered by another qd than the one that began them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::releases::{ALL, deploy, live, state, world};
use crate::world::{World, text};

/// A deploy of 1.1 that waits in its first hook until `go` lets it.
pub struct Waiting<'w> {
    world: &'w World,
    qd: std::process::Child,
}

impl<'w> Waiting<'w> {
    pub fn start(world: &'w World) -> Self {
        std::fs::write(world.path("app/slow-before"), "").unwrap();
        let qd = Command::new(env!("CARGO_BIN_EXE_qd"))
            .envs(world.env())
            .args(["--config", &world.config(), "--host", "box-1", "deploy", "api", "1.1", "--yes"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let waiting = Self { world, qd };
        let began = Instant::now();
        while !waiting.journal().contains("\"step\":\"before_switch\"") {
            assert!(began.elapsed() < Duration::from_secs(60), "it never begins");
            std::thread::sleep(Duration::from_millis(20));
        }
        waiting
    }

    /// Leaves it to itself, as a laptop that is shut does.
    pub fn leave(mut self) {
        self.qd.kill().unwrap();
        self.qd.wait().unwrap();
        self.go();
    }

    fn journal(&self) -> String {
        let run =
            std::fs::read_dir(self.world.path("app/.quarterdeck/runs")).ok().and_then(|mut runs| runs.next()?.ok());
        run.and_then(|run| std::fs::read_to_string(run.path().join("journal.jsonl")).ok()).unwrap_or_default()
    }

    pub fn go(&self) {
        std::fs::remove_file(self.world.path("app/slow-before")).unwrap();
    }
}

#[test]
fn ctrl_c_leaves_the_run_and_somebody_takes_it_up_again() {
    let world = world(ALL);
    let waiting = Waiting::start(&world);
    assert!(Command::new("kill").args(["-INT", &waiting.qd.id().to_string()]).status().unwrap().success());
    waiting.go();
    let out = waiting.qd.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(130), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("the run continues"), "{}", text(&out.stderr));
    let out = world.qd(&["--host", "box-1", "run", "adopt", "--yes", "--reason", "back again", "--json"]);
    assert_eq!((out.status.code(), state(&out).as_str()), (Some(0), "done"), "{}", text(&out.stderr));
    assert_eq!(live(&world), "releases/1.1");
}

#[test]
fn a_run_that_somebody_steers_is_taken_over_only_with_a_reason_and_they_are_told() {
    let world = world(ALL);
    let waiting = Waiting::start(&world);
    let adopt = ["--host", "box-1", "run", "adopt", "--yes", "--json"];
    let out = world.qd(&adopt);
    assert_eq!(out.status.code(), Some(4), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("still steers it"), "{}", text(&out.stderr));
    let second = Command::new(env!("CARGO_BIN_EXE_qd"))
        .envs(world.env())
        .args(["--config", &world.config()])
        .args(adopt)
        .args(["--reason", "ana is asleep"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first is told, and leaves; the run itself has not moved.
    let slow = world.path("app/slow-before");
    let first = waiting.qd.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(1), "{}", text(&first.stderr));
    assert!(text(&first.stderr).contains("somebody else steers"), "{}", text(&first.stderr));
    std::fs::remove_file(slow).unwrap();
    let out = second.wait_with_output().unwrap();
    assert_eq!((out.status.code(), state(&out).as_str()), (Some(0), "done"), "{}", text(&out.stderr));
    assert_eq!(world.audit().last().unwrap()["reason"], "ana is asleep");
    assert_eq!(live(&world), "releases/1.1");
}

/// Ends a process, whatever becomes of the test that has started it.
struct Ended(String);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(Command::new("kill").args(["-9", &self.0]).stderr(Stdio::null()).status());
    }
}

#[test]
fn another_qd_steers_a_detached_run() {
    let world = world("");
    let out = world.qd(&["--host", "box-1", "deploy", "api", "1.1", "--yes", "--detach"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let id = text(&out.stdout).trim().to_owned();
    let pid = text(&out.stderr).split("(process ").nth(1).unwrap().split(')').next().unwrap().to_owned();
    let _ended = Ended(pid.clone());
    let began = Instant::now();
    loop {
        let runs: Vec<Value> =
            serde_json::from_slice(&world.qd(&["--host", "box-1", "run", "list", "--json"]).stdout).unwrap();
        let run = runs.iter().find(|run| run["id"] == id.as_str()).unwrap();
        if run["state"] == "succeeded" {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{run:#}");
    }
    assert_eq!(live(&world), "releases/1.1");
    // It leaves when there is nothing more to steer; one that is ended and not waited for yet has no command line.
    let line = std::path::PathBuf::from(format!("/proc/{pid}/cmdline"));
    while std::fs::read(&line).is_ok_and(|line| !line.is_empty()) {
        assert!(began.elapsed() < Duration::from_secs(90), "the detached qd goes on for ever");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_run_that_was_cut_off_is_told_from_one_that_lives_and_is_not_passed_over() {
    let world = world("lease = \"5s\"\nhooks = { drain = [\"./hook\", \"drain\"] }");
    let slow = world.path("app/slow-drain");
    std::fs::write(&slow, "").unwrap();
    let mut qd = world.process(&["--host", "box-1", "deploy", "api", "1.1", "--yes"]).spawn().unwrap();
    world.wait_for("box-1", "\"event\":\"begin\",\"step\":\"drain\"");
    let owner = std::fs::read_to_string(world.path("app/.quarterdeck/owner")).unwrap();
    let pid = owner.split(" pid ").nth(1).unwrap().split(' ').next().unwrap();
    qd.kill().unwrap();
    qd.wait().unwrap();
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
    // Its qd may still start it again: it has the lock for as long as its lease.
    let out = deploy(&world, "1.2");
    assert!(text(&out.stderr).contains("another run has the lock"), "{}", text(&out.stderr));
    std::thread::sleep(Duration::from_secs(6));
    let out = deploy(&world, "1.2");
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(4), "it wants a reason: {said}");
    assert!(said.contains("a run was cut off here at drain") && said.contains("qd run adopt 01"), "{said}");
    std::fs::remove_file(slow).unwrap();
    let out = world.qd(&["--host", "box-1", "run", "adopt", "--yes", "--json"]);
    assert_eq!((out.status.code(), state(&out).as_str()), (Some(0), "done"), "{}", text(&out.stderr));
    assert_eq!(live(&world), "releases/1.1");
}
