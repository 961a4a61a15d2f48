//! Runs that were lost are taken up again in the cockpit: without a host that is gone for good, or by following their job.

use std::time::{Duration, Instant};

use crate::cockpit::{SOON, confirmed, open_with, popup, typed};
use crate::hosted::{by_job_that_tells, run_of};
use crate::releases::{live, world};
use crate::support::fake_apis::FakeApis;
use crate::tty::Tty;

#[test]
fn a_host_that_is_gone_for_good_is_given_up_by_its_name_and_for_a_reason() {
    let mut world = world("lease = \"5s\"\nbatches = [\"1\"]");
    let mut theirs = world.process(&["deploy", "api", "1.1", "--yes"]).spawn().unwrap();
    world.wait_for("box-1", "\"event\":\"done\"");
    theirs.kill().unwrap();
    theirs.wait().unwrap();
    world.stop(1);
    let env = world.env();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let qd = Tty::start(&[env!("CARGO_BIN_EXE_qd"), "--config", &world.config()], &env, 100, 30);
    qd.wait(SOON * 2, "a word about it", |screen| screen.contains("is unattended"));
    typed(&qd, "4\t\rU");
    qd.wait(SOON, "the question", |screen| screen.contains("box-2 not up; which are given up"));
    typed(&qd, "\r");
    popup(&qd, "name one among those that are given up");
    typed(&qd, "\x1b");
    typed(&qd, "U");
    qd.wait(SOON, "the question", |screen| screen.contains("box-2 not up; which are given up"));
    typed(&qd, "box-2\r");
    popup(&qd, "given up: it cannot be reached");
    confirmed(&qd, "its disk is dead");
    confirmed(&qd, "y");
    qd.wait(SOON, "its end", |screen| screen.contains("it is not heard any more; what it serves is not known"));
    assert_eq!(live(&world), "releases/1.0");
    let entry = world.audit().pop().unwrap();
    assert_eq!((entry["action"].as_str(), entry["reason"].as_str()), (Some("abort"), Some("its disk is dead")));
}

#[test]
fn a_job_whose_qd_was_lost_is_followed_again_from_its_row_and_started_once() {
    let fake = FakeApis::public(&["--job-seconds", "12"]);
    let world = by_job_that_tells(&fake, "1.0.32");
    let posts = || fake.requests("gitlab").into_iter().filter(|request| request.method == "POST").count();
    let mut lost = world.process(&["deploy", "api", "1.0.32", "--yes"]);
    let mut lost = lost.env("QD_TEST_TOKEN", "glpat-qd").spawn().unwrap();
    let began = Instant::now();
    while posts() < 1 {
        assert!(began.elapsed() < SOON, "it was never started");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(1));
    lost.kill().unwrap();
    lost.wait().unwrap();
    let qd = open_with(&world, &[], &[("QD_TEST_TOKEN", "glpat-qd")]);
    typed(&qd, "4\t\r");
    qd.wait(SOON, "its page", |screen| screen.contains("c follows it again"));
    typed(&qd, "c");
    popup(&qd, "nothing is started");
    typed(&qd, "y");
    qd.wait(SOON * 2, "its end", |screen| screen.contains("● ok  job success, 2 of 2 hosts"));
    let id = world.audit().pop().unwrap();
    assert_eq!((id["action"].as_str(), posts()), (Some("adopt"), 1));
    let runs: Vec<serde_json::Value> =
        serde_json::from_slice(&world.command(&["run", "list", "--json"]).output().unwrap().stdout).unwrap();
    assert_eq!(run_of(&world, runs[0]["id"].as_str().unwrap())["state"], "success");
}
