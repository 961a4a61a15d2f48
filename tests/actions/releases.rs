//! Deploys on a host whose systemd is made up: what a runner does with hooks, migrations, archives and locks.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{HOSTS, World, exists, text};

/// A release's own command: says what it was called with, and for whom.
const HOOK: &str = "#!/bin/sh\nwhile [ -e ../../slow-$1 ]; do sleep 0.1; done\n\
    echo \"$1 $QD_VERSION $QD_PREVIOUS $(basename \"$PWD\")\" >>../../said\n[ ! -e ../../fail-$1 ]\n";

/// The hooks of a service that has them all, and a migration.
pub const ALL: &str = "hooks = { before_switch = [\"./hook\", \"before\"], drain = [\"./hook\", \"drain\"], undrain = [\"./hook\", \"undrain\"], \
    after_done = [\"./hook\", \"after\"] }\nmigrate = { command = [\"./hook\", \"migrate\"], reversible = true }";

/// A world in which the first host has releases 1.0 (live), 1.1 and 1.2.
pub fn world(deploy: &str) -> World {
    released(World::relaxed(), deploy)
}

/// The same on the hosts of another world.
pub fn released(world: World, deploy: &str) -> World {
    for host in HOSTS {
        let root = world.root(host).join("var/app");
        for version in ["1.0", "1.1", "1.2"] {
            release(&root.join("releases").join(version));
        }
        symlink("releases/1.0", root.join("current")).unwrap();
    }
    let config = std::fs::read_to_string(world.config()).unwrap();
    let lease = if deploy.contains("lease = ") { "" } else { "lease = \"5s\"\n" };
    let keys = format!("[service.deploy]\nroot = \"/var/app\"\nbake = \"0s\"\n{lease}{deploy}\n");
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &keys)).unwrap();
    world
}

/// A release with its hooks.
pub fn release(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("hook"), HOOK).unwrap();
    std::fs::set_permissions(folder.join("hook"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// Deploys a version to the first host.
pub fn deploy(world: &World, version: &str) -> Output {
    world.qd(&["--host", "box-1", "deploy", "api", version, "--yes", "--json"])
}

/// How the first host of a run came out.
pub fn state(out: &Output) -> String {
    let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
    document["hosts"][0]["state"].as_str().unwrap().to_owned()
}

pub fn live(world: &World) -> String {
    std::fs::read_link(world.path("app/current")).unwrap().display().to_string()
}

fn said(world: &World) -> Vec<String> {
    std::fs::read_to_string(world.path("app/said")).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn hooks_run_in_their_order_in_the_new_release_and_know_what_it_is() {
    let world = world(ALL);
    let out = deploy(&world, "1.1");
    assert_eq!((out.status.code(), state(&out).as_str()), (Some(0), "done"), "{}", text(&out.stderr));
    let steps = ["before", "migrate", "drain", "undrain", "after"];
    assert_eq!(said(&world), steps.map(|step| format!("{step} 1.1 1.0 1.1")));
    assert_eq!((live(&world).as_str(), world.calls("box-1").len()), ("releases/1.1", 1));
    let state: Value =
        serde_json::from_slice(&std::fs::read(world.path("app/.quarterdeck/state.json")).unwrap()).unwrap();
    assert_eq!(state, serde_json::json!({ "current": "1.1", "good": ["1.1", "1.0"], "bad": [] }));
    assert!(!exists(&world.path("app/.quarterdeck/owner")));
}

#[test]
fn a_hook_that_fails_changes_nothing_before_the_switch_and_is_undone_after_it() {
    for (hook, ended) in [("before", "canceled"), ("migrate", "canceled"), ("drain", "undone"), ("undrain", "undone")] {
        let world = world(ALL);
        std::fs::write(world.path(&format!("app/fail-{hook}")), "").unwrap();
        let out = deploy(&world, "1.1");
        assert_eq!((out.status.code(), state(&out).as_str()), (Some(1), ended), "{hook}: {}", text(&out.stderr));
        assert_eq!(live(&world), "releases/1.0", "{hook}");
    }
}

#[test]
fn a_migration_that_was_cut_off_is_never_run_again_by_itself() {
    let world = world(&ALL.replace("reversible = true", "reversible = false"));
    std::fs::write(world.path("app/slow-migrate"), "").unwrap();
    let mut qd = Command::new(env!("CARGO_BIN_EXE_qd"))
        .envs(world.env())
        .args(["--config", &world.config(), "--host", "box-1", "deploy", "api", "1.1", "--migrate", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let runs = world.path("app/.quarterdeck/runs");
    let journal = || {
        let run = std::fs::read_dir(&runs).ok().and_then(|mut runs| runs.next()?.ok());
        run.and_then(|run| std::fs::read_to_string(run.path().join("journal.jsonl")).ok()).unwrap_or_default()
    };
    while !journal().contains("\"event\":\"begin\",\"step\":\"migrate\"") {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", journal());
        std::thread::sleep(Duration::from_millis(20));
    }
    let owner = std::fs::read_to_string(world.path("app/.quarterdeck/owner")).unwrap();
    let pid = owner.split(" pid ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
    while !journal().contains("\"event\":\"stuck\"") {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", journal());
        std::thread::sleep(Duration::from_millis(20));
    }
    qd.kill().unwrap();
    qd.wait().unwrap();
    assert_eq!(journal().matches("\"event\":\"begin\",\"step\":\"migrate\"").count(), 1, "{}", journal());
    assert_eq!(live(&world), "releases/1.0");
    let out = world.qd(&["--host", "box-1", "run", "abort", "--yes", "--reason", "looked at it"]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert!(journal().contains("canceled"), "{}", journal());
}

#[test]
fn a_migration_runs_only_where_its_files_differ_from_those_of_the_release_before() {
    for (differs, ran, ended) in [(false, false, "undone"), (true, true, "failed")] {
        let world = world(&ALL.replace("reversible = true", "when = \"migrations/**\""));
        for version in ["1.0", "1.1"] {
            let folder = world.path(&format!("app/releases/{version}/migrations/deep"));
            std::fs::create_dir_all(&folder).unwrap();
            let text = if differs { version } else { "the same" };
            std::fs::write(folder.join("1.sql"), text).unwrap();
        }
        std::fs::write(world.path("app/fail-undrain"), "").unwrap();
        let plan = world.qd(&["--host", "box-1", "deploy", "api", "1.1", "--dry-run"]);
        assert_eq!(text(&plan.stdout).contains("no migration"), !differs, "{}", text(&plan.stdout));
        // What has been migrated does not go back by itself; what has not does.
        let unticked = deploy(&world, "1.1");
        assert_eq!(unticked.status.code() == Some(4), differs, "{differs}: {}", text(&unticked.stderr));
        if differs {
            let (page, said) = (text(&plan.stdout), text(&unticked.stderr));
            assert!(page.contains("migration migrations/deep/1.sql: one-way; auto-rollback OFF"), "{page}");
            assert!(said.contains("it brings migrations/deep/1.sql") && said.contains("--migrate"), "{said}");
        }
        let out = if differs {
            world.qd(&["--host", "box-1", "deploy", "api", "1.1", "--migrate", "--yes", "--json"])
        } else {
            unticked
        };
        assert_eq!((out.status.code(), state(&out).as_str()), (Some(1), ended), "{differs}: {}", text(&out.stderr));
        assert_eq!(said(&world).iter().any(|line| line.starts_with("migrate")), ran, "{differs}");
        if differs {
            let out = world.qd(&["--host", "box-1", "run", "abort", "--undo", "--yes", "--reason", "x", "--json"]);
            assert_eq!(state(&out), "undone", "{}", text(&out.stderr));
        }
        assert_eq!(live(&world), "releases/1.0");
    }
}

#[test]
fn steps_are_taken_by_who_was_asked_for_and_the_runner_is_kept_by_systemd() {
    let world = world(&format!("{ALL}\nrun_as = \"app\"\nrunner = \"system\""));
    let out = deploy(&world, "1.1");
    assert_eq!((out.status.code(), state(&out).as_str()), (Some(0), "done"), "{}", text(&out.stderr));
    let by = world.told("box-1", "as");
    // Hooks and the switch are theirs; the restart is one plain sudo of the login user's.
    assert!(by.contains("app env") && by.contains("app mv"), "{by}");
    assert!(!by.contains("systemctl"), "{by}");
    let started = world.told("box-1", "started");
    assert!(started.starts_with("--uid=deploy --collect --quiet --unit=qd-01"), "{started}");
    std::fs::write(world.path("units/no-sudo"), "").unwrap();
    let out = deploy(&world, "1.2");
    assert_eq!(out.status.code(), Some(1));
    for line in ["deploy ALL=(app) NOPASSWD: ALL", "deploy ALL=(root) NOPASSWD: /usr/bin/systemd-run --uid=deploy"] {
        assert!(text(&out.stderr).contains(line), "{}", text(&out.stderr));
    }
}

#[test]
fn the_first_release_of_all_has_no_way_back_and_says_so() {
    let world = world("");
    std::fs::remove_file(world.path("app/current")).unwrap();
    world.mark("box-1", "broken");
    let out = deploy(&world, "1.1");
    assert_eq!((out.status.code(), state(&out).as_str()), (Some(1), "stuck"), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("no release to go back to"), "{}", text(&out.stderr));
}

#[test]
fn what_somebody_changed_since_the_plan_and_what_is_no_release_is_not_deployed() {
    let world = world("");
    for (version, code) in [("9.9", 1), ("../1.1", 1), ("-x", 2), ("1.0", 1)] {
        let out = deploy(&world, version);
        assert_eq!(out.status.code(), Some(code), "{version}: {}", text(&out.stderr));
    }
    std::fs::write(world.path("app/releases/1.1.part"), "").unwrap();
    assert_eq!(deploy(&world, "1.1").status.code(), Some(1), "CI is still putting it there");
    assert_eq!((live(&world).as_str(), world.calls("box-1").len()), ("releases/1.0", 0));
    assert!(world.audit().is_empty());
}

#[test]
fn old_releases_are_removed_but_never_the_way_back_nor_what_qd_has_not_made() {
    let world = world("keep = 2");
    for old in ["0.7", "0.8"] {
        release(&world.path(&format!("app/releases/{old}")));
    }
    std::fs::write(world.path("app/releases/0.8/.complete"), "x").unwrap();
    let out = deploy(&world, "1.1");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let left = |version: &str| exists(&world.path(&format!("app/releases/{version}")));
    assert_eq!(["0.7", "0.8", "1.0", "1.1", "1.2"].map(left), [true, false, true, true, true]);
}

#[test]
fn a_lock_that_is_taken_in_the_same_moment_leaves_everything_alone() {
    let world = world(ALL);
    let state = world.path("app/.quarterdeck");
    std::fs::create_dir_all(&state).unwrap();
    let mut holder = Command::new("flock").arg("-F").arg(state.join("lock")).args(["sleep", "60"]).spawn().unwrap();
    let began = Instant::now();
    while Command::new("flock").arg("-n").arg(state.join("lock")).arg("true").status().unwrap().success() {
        assert!(began.elapsed() < Duration::from_secs(10), "the lock is never held");
    }
    let out = deploy(&world, "1.1");
    assert_eq!((out.status.code(), self::state(&out).as_str()), (Some(4), "denied"), "{}", text(&out.stderr));
    assert_eq!((live(&world).as_str(), said(&world).len()), ("releases/1.0", 0));
    holder.kill().unwrap();
    holder.wait().unwrap();
}
