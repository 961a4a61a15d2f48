//! What was deployed over hosts is in the history, also of who has deployed nothing: the hosts tell it.

use serde_json::Value;

use crate::releases::{deploy, world};
use crate::world::text;

#[test]
fn qd_deploys_asks_the_hosts_for_their_runs() {
    let world = world("");
    let out = deploy(&world, "1.1");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let out = world.qd(&["--host", "box-1", "rollback", "api", "--yes"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    // Another person's machine: nothing is kept there.
    let home = tempfile::tempdir().unwrap();
    let mut command = world.command(&["--host", "box-1", "deploys", "--json"]);
    let out = command.envs(["HOME", "XDG_STATE_HOME"].map(|name| (name, home.path()))).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(document["errors"], serde_json::json!([]));
    let told = |one: &Value| {
        ["source", "service", "version", "kind", "status"].map(|key| one[key].as_str().unwrap().to_owned()).join(" ")
    };
    let deploys: Vec<String> = document["deploys"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(deploys, ["hosts api 1.0 rollback success", "hosts api 1.1 deploy success"]);
    assert_eq!(document["live"]["production"]["api"], "1.0");
}

#[test]
fn a_host_that_is_away_is_named_and_the_others_are_told() {
    let mut world = world("");
    assert_eq!(deploy(&world, "1.1").status.code(), Some(0));
    world.stop(1);
    let out = world.qd(&["deploys", "--json"]);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(document["deploys"].as_array().unwrap().len(), 1);
    let error = &document["errors"][0];
    assert!(
        error["source"] == "hosts" && error["message"].as_str().unwrap().starts_with("box-2 cannot be reached: "),
        "{error}"
    );
}
