//! The script strategy: commands that put a version in place on each host, and the kept archives that are the way back.

use std::process::Output;

use serde_json::Value;

use crate::world::{World, exists, text};

/// A world in which a version is a file that a command copies into place. `build` makes the archive of each version.
fn world(more: &str) -> World {
    let world = World::relaxed();
    let site = world.path("site");
    std::fs::create_dir_all(&site).unwrap();
    let config = std::fs::read_to_string(world.config()).unwrap();
    let keys = format!(
        "[service.deploy]\nstrategy = \"script\"\nstate = \"/var/kept\"\nartifact = \"dist/worker-{{version}}.txt\"\n\
         build = [\"sh\", \"-c\", \"mkdir -p dist && echo $0 >dist/worker-$0.txt && test ! -e no-build\", \"{{version}}\"]\n\
         install = [\"sh\", \"-c\", \"test ! -e {site}/fail-$1 && cp $2 {site}/live && basename $2 >{site}/name\", \"sh\", \"{{version}}\", \"{{artifact}}\"]\n\
         verify = [\"grep\", \"-qx\", \"{{version}}\", \"{site}/live\"]\nbake = \"0s\"\nlease = \"5s\"\n{more}\n",
        site = site.display(),
    );
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &keys)).unwrap();
    world
}

fn qd(world: &World, words: &[&str]) -> Output {
    world.qd(&[&["--host", "box-1"], words, &["--yes", "--json"]].concat())
}

fn came(out: &Output) -> (Option<i32>, String) {
    let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
    (out.status.code(), document["hosts"][0]["state"].as_str().unwrap().to_owned())
}

fn live(world: &World) -> String {
    std::fs::read_to_string(world.path("site/live")).unwrap_or_default().trim().to_owned()
}

#[test]
fn a_version_is_built_installed_and_verified_and_the_kept_archive_is_the_way_back() {
    let world = world("");
    for version in ["1.0", "1.1"] {
        let out = qd(&world, &["deploy", "api", version]);
        assert_eq!(came(&out), (Some(0), "done".to_owned()), "{}", text(&out.stderr));
        assert_eq!(live(&world), version);
        assert_eq!(world.told_file("site/name"), format!("worker-{version}.txt"));
    }
    assert_eq!(world.calls("box-1").len(), 2, "each was followed by a restart");
    let plan = world.qd(&["--host", "box-1", "deploy", "api", "1.2", "--dry-run"]);
    assert_eq!(plan.status.code(), Some(1), "a dry run builds nothing");
    // Back to the archive that was kept, without the one here.
    std::fs::remove_dir_all(world.path("dist")).unwrap();
    let out = qd(&world, &["rollback", "api"]);
    assert_eq!(came(&out), (Some(0), "done".to_owned()), "{}", text(&out.stderr));
    assert_eq!(live(&world), "1.0");
    let out = qd(&world, &["deploy", "api", "1.1"]);
    assert!(text(&out.stderr).contains("marked bad"), "{}", text(&out.stderr));
}

#[test]
fn an_install_that_fails_puts_the_version_before_back_in_place() {
    let world = world("");
    assert_eq!(came(&qd(&world, &["deploy", "api", "1.0"])).1, "done");
    // The commands themselves, what looks after them, and the unit.
    std::fs::write(world.path("site/fail-1.1"), "").unwrap();
    let out = qd(&world, &["deploy", "api", "1.1"]);
    assert_eq!(came(&out), (Some(1), "undone".to_owned()), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("install ended with exit code 1"), "{}", text(&out.stderr));
    assert_eq!(live(&world), "1.0");
    let said = text(&world.qd(&["--host", "box-1", "deploy", "api", "1.3", "--yes"]).stderr);
    assert!(said.contains("not atomic"), "{said}");
    assert_eq!(live(&world), "1.3");
}

#[test]
fn a_build_that_fails_leaves_every_host_alone() {
    let world = world("");
    std::fs::write(world.path("no-build"), "").unwrap();
    let out = world.qd(&["--host", "box-1", "deploy", "api", "1.0", "--yes"]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("failed here"), "{}", text(&out.stderr));
    assert!(!exists(&world.root("box-1").join("var/kept")), "nothing was written on the host");
}

#[test]
fn another_command_can_be_the_way_back() {
    let site = "SITE";
    let world = world(&format!("rollback = [\"sh\", \"-c\", \"echo $0 >{site}/live\", \"{{version}}\"]"));
    let config = std::fs::read_to_string(world.config()).unwrap();
    std::fs::write(world.config(), config.replace("SITE", &world.path("site").display().to_string())).unwrap();
    for version in ["1.0", "1.1"] {
        assert_eq!(came(&qd(&world, &["deploy", "api", version])).1, "done");
    }
    let out = qd(&world, &["rollback", "api"]);
    assert_eq!(came(&out), (Some(0), "done".to_owned()), "{}", text(&out.stderr));
    assert_eq!((live(&world).as_str(), world.told_file("site/name").as_str()), ("1.0", "worker-1.1.txt"));
}
