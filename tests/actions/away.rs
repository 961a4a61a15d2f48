//! A host that goes away in the middle of a run and stays away: it counts as failed, and nobody waits for it.

use std::time::Duration;

use serde_json::Value;

use crate::releases::{live, world};
use crate::world::text;

#[test]
fn a_host_that_stays_away_counts_as_failed_and_the_run_stops_without_it() {
    for (failures, first) in [(1, "kept"), (2, "done")] {
        let mut world = world(&format!(
            "lease = \"2s\"\nmax_failures = {failures}\nbatches = [\"1\"]\nhooks = {{ drain = [\"./hook\", \"drain\"] }}"
        ));
        // box-1 is in the midst of its part when box-2 goes away.
        let slow = world.path("app/slow-drain");
        std::fs::write(&slow, "").unwrap();
        let qd = world.process(&["deploy", "api", "1.1", "--yes", "--json"]).spawn().unwrap();
        world.wait_for("box-1", "\"step\":\"drain\"");
        world.stop(1);
        std::thread::sleep(Duration::from_secs(8));
        std::fs::remove_file(slow).unwrap();
        let out = qd.wait_with_output().unwrap();
        let said = text(&out.stderr);
        let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{said}"));
        assert_eq!((out.status.code(), document["result"].as_str()), (Some(1), Some("held")), "{said}");
        let states = [0, 1].map(|host| document["hosts"][host]["state"].as_str().unwrap());
        assert_eq!(states, [first, "unknown"], "{said}");
        assert!(document["why"].to_string().contains("box-2: it is not heard any more"), "{document:#}");
        assert_eq!(live(&world), "releases/1.1", "{said}");
        let entry = &world.audit()[0];
        assert_eq!((entry["result"].as_str(), entry["hosts"].as_array().unwrap().len()), (Some("unknown"), 2));
    }
}

#[test]
fn a_host_that_is_gone_for_good_is_given_up_by_name_and_holds_nobody() {
    let mut world = world("lease = \"5s\"\nbatches = [\"1\"]");
    let mut qd = world.process(&["deploy", "api", "1.1", "--yes"]).spawn().unwrap();
    world.wait_for("box-1", "\"event\":\"done\"");
    qd.kill().unwrap();
    qd.wait().unwrap();
    world.stop(1);
    let out = world.qd(&["run", "abort", "--undo", "--yes", "--reason", "x"]);
    assert_eq!(out.status.code(), Some(3), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("--leave-out HOST gives one up"), "{}", text(&out.stderr));
    let mut abort = vec!["run", "abort", "--undo", "--leave-out", "box-2", "--yes", "--json"];
    let out = world.qd(&abort);
    assert_eq!(out.status.code(), Some(4), "it wants a reason: {}", text(&out.stderr));
    abort.extend(["--reason", "its disk is dead"]);
    let out = world.qd(&abort);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
    assert_eq!(document["result"], "held", "{}", text(&out.stderr));
    let states = [0, 1].map(|host| document["hosts"][host]["state"].as_str().unwrap());
    assert_eq!(states, ["undone", "unknown"], "{}", text(&out.stderr));
    assert_eq!(live(&world), "releases/1.0");
    let out = world.qd(&["deploy", "api", "1.2", "--leave-out", "box-2", "--yes", "--reason", "x", "--json"]);
    assert_eq!(out.status.code(), Some(0), "nobody is locked out: {}", text(&out.stderr));
}
