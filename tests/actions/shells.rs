//! The remote half under the shells and tools that hosts have: dash, bash, and busybox for everything.

use std::process::{Command, Output};

use serde_json::Value;

use crate::world::{Tools, World, text};

fn world(tools: Tools) -> World {
    let world = World::with_tools(tools);
    let root = world.path("app");
    for folder in ["app/releases/1.0", "app/shared", "build/top"] {
        std::fs::create_dir_all(world.path(folder)).unwrap();
    }
    std::os::unix::fs::symlink("releases/1.0", root.join("current")).unwrap();
    std::fs::write(root.join("shared/secret"), "s").unwrap();
    std::fs::write(world.path("build/top/a b"), "x").unwrap();
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(world.path("api-2.0.tar.gz")).arg("-C").arg(world.path("build")).arg("top");
    assert!(tar.status().unwrap().success());
    let config = std::fs::read_to_string(world.config()).unwrap();
    let keys = format!(
        "[service.deploy]\nroot = \"/var/app\"\nartifact = \"{}\"\nshared = [\"secret\"]\nbake = \"0s\"\nlease = \"5s\"\n\
         hooks = {{ before_switch = [\"sh\", \"-c\", \"test -e 'a b' && echo $QD_VERSION >../../said\"] }}\n",
        world.path("api-{version}.tar.gz").display(),
    );
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &keys)).unwrap();
    world
}

fn came(out: &Output) -> String {
    let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
    document["hosts"][0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn an_archive_goes_live_fails_and_goes_back_whatever_shell_and_tools_a_host_has() {
    for tools in [Tools::Gnu, Tools::Bash, Tools::Busybox] {
        let world = world(tools);
        let deploy =
            |more: &[&str]| world.qd(&[&["--host", "box-1", "deploy", "api", "2.0", "--yes", "--json"], more].concat());
        // The start of what is new fails once, and the release before is started again.
        world.mark("box-1", "broken-once");
        let out = deploy(&[]);
        assert_eq!(came(&out), "undone", "{tools:?}: {}", text(&out.stderr));
        let live = || std::fs::read_link(world.path("app/current")).unwrap().display().to_string();
        assert_eq!(live(), "releases/1.0", "{tools:?}");
        let out = deploy(&["--even-bad", "--reason", "it was the unit"]);
        assert_eq!(came(&out), "done", "{tools:?}: {}", text(&out.stderr));
        assert_eq!((live().as_str(), world.told_file("app/said").as_str()), ("releases/2.0", "2.0"), "{tools:?}");
        assert_eq!(world.told_file("app/releases/2.0/secret"), "s", "{tools:?}");
        let out = world.qd(&["--host", "box-1", "rollback", "api", "--yes", "--json"]);
        assert_eq!(came(&out), "done", "{tools:?}: {}", text(&out.stderr));
        assert_eq!(live(), "releases/1.0", "{tools:?}");
    }
}

#[test]
fn a_start_whose_answer_is_lost_is_asked_for_again_and_happens_once() {
    let world = world(Tools::Gnu);
    world.mark("box-1", "lose-start");
    let out = world.qd(&["--host", "box-1", "deploy", "api", "2.0", "--yes", "--json"]);
    assert_eq!(came(&out), "done", "{}", text(&out.stderr));
    assert!(world.path("units/box-1/lost").exists(), "the link was lost in the middle of the start");
    let runs = std::fs::read_dir(world.path("app/.quarterdeck/runs")).unwrap().flatten().collect::<Vec<_>>();
    assert_eq!(runs.len(), 1);
    let journal = std::fs::read_to_string(runs[0].path().join("journal.jsonl")).unwrap();
    assert_eq!(journal.matches("\"event\":\"locked\"").count(), 1, "{journal}");
    assert!(!journal.contains("denied"), "{journal}");
    assert_eq!(world.calls("box-1").len(), 1);
}
