//! `qd exec` and `qd action`.

use crate::world::{World, exists, text};

fn lines(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = text(bytes).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn each_line_has_its_host_before_it_and_arguments_arrive_as_they_were() {
    let world = World::relaxed();
    let command = ["printf", "%s\\n", "a b", "$HOME; ls", "it's"];
    let out = world.qd(&[&["exec", "tag:box", "--yes", "--"], &command[..]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let expected: Vec<String> = ["box-1", "box-2"]
        .iter()
        .flat_map(|host| ["$HOME; ls", "a b", "it's"].map(|line| format!("{host} | {line}")))
        .collect();
    assert_eq!(lines(&out.stdout), expected);
    // No control character of a host's reaches the terminal; what hosts say on stderr goes there.
    let out = world.qd(&["exec", "box-1", "--yes", "--", "sh", "-c", r"printf '\033]0;x\007\n'; echo err >&2"]);
    assert_eq!((text(&out.stdout).as_str(), text(&out.stderr).as_str()), ("box-1 | ␛]0;x␇\n", "box-1 | err\n"));
    let out = world.qd(&["exec", "api", "--yes", "--group", "--", "echo", "same"]);
    assert_eq!(text(&out.stdout), "── box-1, box-2 (2)\nsame\n");
}

#[test]
fn exit_codes_say_whether_all_were_fine_some_failed_or_some_were_not_reached() {
    let mut world = World::relaxed();
    let code = |world: &World, args: &[&str]| world.qd(&[&["exec", "box-*", "--yes"], args].concat()).status.code();
    let fails_on_two = ["--", "sh", "-c", "test $QD_HOST = box-1 || exit 7"];
    assert_eq!(code(&world, &["--", "true"]), Some(0));
    assert_eq!(code(&world, &fails_on_two), Some(1));
    assert_eq!(code(&world, &[&["--exit-code"], &fails_on_two[..]].concat()), Some(7));
    assert_eq!(code(&world, &["--", "nosuch-program"]), Some(1));
    assert_eq!(code(&world, &["--timeout", "1s", "--", "sleep", "20"]), Some(3));
    world.stop(1);
    let out = world.qd(&["exec", "box-*", "--yes", "--", "echo", "here"]);
    assert_eq!((out.status.code(), text(&out.stdout).as_str()), (Some(3), "box-1 | here\n"), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("box-2 cannot be reached"), "{}", text(&out.stderr));
    let entry = world.audit().pop().unwrap();
    assert_eq!(entry["hosts"], serde_json::json!(["box-1"]));
    let out = world.qd(&["--host", "box-2", "exec", "box-2", "--yes", "--", "true"]);
    assert_eq!(out.status.code(), Some(3));
}

#[test]
fn an_action_of_the_config_runs_where_it_may_with_answers_that_fit() {
    let world = World::careful();
    let file = world.path("made");
    let (good, bad) = (format!("file={}", file.display()), "file=/x;rm".to_owned());
    let base = ["action", "touch", "--arm", "production", "--yes"];
    for (args, code) in [
        (vec![bad.as_str()], 2),
        (vec![], 2),
        (vec![good.as_str(), "other=1"], 2),
        (vec![good.as_str(), "--on", "box-2"], 4),
        (vec![good.as_str(), "--dry-run"], 0),
    ] {
        let out = world.qd(&[&base[..], &args].concat());
        assert_eq!(out.status.code(), Some(code), "{args:?}: {}", text(&out.stderr));
        assert!(!exists(&file), "{args:?}");
    }
    let out = world.qd(&[&base[..], &[&good]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(exists(&file));
    let entry = world.audit().pop().unwrap();
    assert_eq!((entry["action"].as_str(), entry["level"].as_u64()), (Some("touch"), Some(1)));
    assert_eq!(entry["argv"], serde_json::json!(["touch", file.display().to_string()]));
    assert!(text(&world.qd(&["action"]).stdout).contains("touch {arg.file}"));
}
