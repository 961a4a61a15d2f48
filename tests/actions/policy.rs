//! What must not happen, headless: each refusal leaves hosts and audit as they were.

use crate::releases::{self, live};
use crate::world::{World, exists, text};

/// Tries to make a file on a host, and says the exit code and whether the file is there.
fn attempt(world: &World, flags: &[&str], env: &[(&str, &str)]) -> (i32, bool, String) {
    let file = world.path("made");
    let made = file.display().to_string();
    let mut command = world.command(&[flags, &["exec", "box-1", "--", "touch", &made]].concat());
    let out = command.envs(env.iter().copied()).output().unwrap();
    let done = exists(&file);
    let _ = std::fs::remove_file(file);
    (out.status.code().unwrap(), done, text(&out.stderr))
}

#[test]
fn a_careful_environment_does_nothing_that_is_not_armed_and_confirmed() {
    let world = World::careful();
    for (flags, code) in [
        (&[][..], 4),
        (&["--yes"], 4),
        (&["--arm", "production"], 4),
        (&["--arm", "staging", "--yes"], 2),
        (&["--arm", "production", "--yes", "--read-only"], 4),
        (&["--arm", "production", "--yes", "--dry-run"], 0),
    ] {
        // The options of a command stand behind it.
        let (global, own): (Vec<&str>, Vec<&str>) = flags.iter().partition(|flag| **flag == "--read-only");
        let file = world.path("made");
        let made = file.display().to_string();
        let out = world.qd(&[&global[..], &["exec", "box-1"], &own, &["--", "touch", &made]].concat());
        assert_eq!(out.status.code(), Some(code), "{flags:?}: {}", text(&out.stderr));
        assert!(!exists(&file), "{flags:?}");
    }
    assert_eq!(world.audit().len(), 0, "what did not happen is not in the audit");
    let file = world.path("made");
    let made = file.display().to_string();
    let out = world.qd(&["exec", "box-1", "--arm", "production", "--yes", "--reason", "why not", "--", "touch", &made]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(exists(&file));
    let audit = world.audit();
    let entry = &audit[0];
    assert_eq!(audit.len(), 1);
    for (key, value) in [
        ("action", "exec"),
        ("environment", "production"),
        ("reason", "why not"),
        ("result", "ok"),
        ("who", &crate::sshd::me()),
    ] {
        assert_eq!(entry[key].as_str(), Some(value), "{key}: {entry}");
    }
    assert_eq!((entry["level"].as_u64(), entry["rc"].as_i64()), (Some(2), Some(0)));
    assert_eq!(entry["argv"], serde_json::json!(["touch", made]));
}

#[test]
fn read_only_is_lifted_by_nothing() {
    let relaxed = World::relaxed();
    assert_eq!(attempt(&relaxed, &["--read-only"], &[]).0, 4);
    let (code, done, said) = attempt(&relaxed, &[], &[("QUARTERDECK_READ_ONLY", "1")]);
    assert_eq!((code, done), (4, false), "{said}");
    let always = World::new("[[environment]]\nname = \"production\"\nread_only = \"always\"\n");
    let made = always.path("made").display().to_string();
    let out = always.qd(&["exec", "box-1", "--arm", "production", "--yes", "--", "touch", &made]);
    assert_eq!((out.status.code(), exists(&always.path("made"))), (Some(4), false), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("always read-only"), "{}", text(&out.stderr));
}

#[test]
fn level_three_wants_its_words_and_a_reason() {
    let world = World::careful();
    let base = ["stop", "api", "--arm", "production", "--yes"];
    for (flags, code) in [
        (&[][..], 4),
        (&["--confirm", "production/api"], 4),
        (&["--reason", "maintenance"], 4),
        (&["--confirm", "production/web", "--reason", "maintenance"], 4),
        (&["--confirm", "api", "--reason", "maintenance"], 4),
    ] {
        let out = world.qd(&[&base[..], flags].concat());
        assert_eq!(out.status.code(), Some(code), "{flags:?}: {}", text(&out.stderr));
        assert!(world.calls("box-1").is_empty(), "{flags:?}");
    }
    let out = world.qd(&[&base[..], &["--confirm", "production/api", "--reason", "maintenance"]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert_eq!(
        (world.calls("box-1"), world.calls("box-2")),
        (vec!["stop api.service".to_owned()], vec!["stop api.service".to_owned()])
    );
    // One of two is not everything, nor more than half: its name is enough.
    let half = World::careful();
    let out = half.qd(&["--host", "box-1", "stop", "api", "--arm", "production", "--yes"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
}

#[test]
fn a_key_that_nobody_knows_keeps_actions_from_happening() {
    let world = World::relaxed();
    let config = std::fs::read_to_string(world.config()).unwrap();
    std::fs::write(world.config(), format!("{config}\n[stats]\nevrey = \"5s\"\n")).unwrap();
    let out = world.qd(&["exec", "box-1", "--yes", "--", "true"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("evrey"), "{}", text(&out.stderr));
}

#[test]
fn nothing_is_done_that_cannot_be_recorded_but_a_restart_with_a_reason() {
    let world = World::relaxed();
    // The state folder's place is taken by a file: no store can be made.
    world.env();
    std::fs::write(world.path("home/quarterdeck"), "").unwrap();
    let made = world.path("made").display().to_string();
    let out = world.qd(&["exec", "box-1", "--yes", "--reason", "x", "--", "touch", &made]);
    assert_eq!((out.status.code(), exists(&world.path("made"))), (Some(1), false), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("cannot be opened"), "{}", text(&out.stderr));
    assert_eq!(world.qd(&["restart", "api", "--yes"]).status.code(), Some(1));
    assert!(world.calls("box-1").is_empty());
    let out = world.qd(&["restart", "api", "--yes", "--reason", "it is down"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("not recorded"), "{}", text(&out.stderr));
    assert_eq!(world.calls("box-1"), ["restart api.service"]);
}

/// Every command that acts, and what it needs to be understood.
const ACTING: [&[&str]; 13] = [
    &["restart", "api"],
    &["reload", "api"],
    &["start", "api"],
    &["stop", "api"],
    &["action", "touch", "file=/tmp/never"],
    &["deploy", "api", "1.2"],
    &["rollback", "api"],
    &["run", "adopt"],
    &["run", "hold"],
    &["run", "abort"],
    &["run", "abort", "--undo"],
    &["lock", "api", "--reason", "x"],
    &["unlock", "api", "--reason", "x"],
];

#[test]
fn every_command_that_acts_is_refused_where_nothing_may_happen() {
    // It goes on for longer than all of the commands take, on however slow a machine.
    let hooks = "hooks = { drain = [\"./hook\", \"drain\"], drain_timeout = \"10m\" }";
    let world = releases::released(World::careful(), hooks);
    let slow = world.path("app/slow-drain");
    std::fs::write(&slow, "").unwrap();
    let armed = ["--arm", "production", "--yes"];
    let run = world.process(&[&["--host", "box-1", "deploy", "api", "1.1"], &armed[..]].concat()).spawn().unwrap();
    world.wait_for("box-1", "\"step\":\"drain\"");
    let before = (world.journal("box-1"), world.audit().len());
    for words in ACTING {
        // Not armed; armed and confirmed, but under --read-only; armed, and confirmed by nobody.
        for (global, own, code) in [
            (&[][..], &["--yes"][..], Some(4)),
            (&["--read-only"], &armed, Some(4)),
            (&[], &["--arm", "production"], None),
        ] {
            let out = world.qd(&[global, words, own].concat());
            let said = text(&out.stderr);
            assert!(code.is_none_or(|code| out.status.code() == Some(code)), "{words:?} {own:?}: {said}");
            assert!(!out.status.success(), "{words:?} {own:?}: {said}");
        }
    }
    assert_eq!((world.journal("box-1"), world.audit().len()), before, "nobody has steered it, and nothing is recorded");
    assert!(world.calls("box-1").is_empty() && world.calls("box-2").is_empty());
    assert!(!exists(&world.path("app/.quarterdeck/hold")) && live(&world) == "releases/1.0");
    std::fs::remove_file(slow).unwrap();
    let out = run.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
}
