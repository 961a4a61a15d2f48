//! Runs steered from the cockpit by typed keys: held, continued, taken back, ended for somebody else, kept or taken back
//! when their bake fails; and services that are locked.

use std::time::Duration;

use crate::bakes;
use crate::cockpit::{SOON, confirmed, open, popup, typed, went_well};
use crate::releases::{self, live};
use crate::steered::Waiting;
use crate::tty::Tty;
use crate::world::World;

/// A deploy of 1.1 to the first host, confirmed.
fn deploy(qd: &Tty) {
    typed(qd, "4D");
    qd.wait(SOON, "the question", |screen| screen.contains("the version"));
    typed(qd, "1.1\r\r");
    popup(qd, "[y] yes");
    typed(qd, "y");
}

fn journal(world: &World) -> String {
    let run = std::fs::read_dir(world.path("app/.quarterdeck/runs")).ok().and_then(|mut runs| runs.next()?.ok());
    run.and_then(|run| std::fs::read_to_string(run.path().join("journal.jsonl")).ok()).unwrap_or_default()
}

fn actions(world: &World) -> Vec<String> {
    world.audit().iter().map(|entry| entry["action"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_run_of_ones_own_is_held_waits_without_losing_its_lease_and_goes_on() {
    let world = releases::world(releases::ALL);
    std::fs::write(world.path("app/slow-before"), "").unwrap();
    let qd = open(&world, &["--host", "box-1"]);
    deploy(&qd);
    qd.wait(SOON, "its hook", |screen| screen.contains("before_switch") && screen.contains("H hold"));
    typed(&qd, "H");
    popup(&qd, "Hold at the next boundary?");
    typed(&qd, "\ry");
    qd.wait(SOON, "the wish", |screen| screen.contains("holding"));
    std::fs::remove_file(world.path("app/slow-before")).unwrap();
    qd.wait(SOON, "its boundary", |screen| screen.contains("▲ held"));
    // Longer than its lease of five seconds.
    std::thread::sleep(Duration::from_secs(8));
    assert_eq!(live(&world), "releases/1.0");
    assert!(!journal(&world).contains("unattended"), "{}", journal(&world));
    typed(&qd, "c");
    popup(&qd, "Go on with it?");
    typed(&qd, "y");
    qd.wait(SOON, "its end", went_well);
    assert_eq!(live(&world), "releases/1.1");
    assert_eq!(actions(&world), ["deploy", "hold", "continue"]);
}

#[test]
fn a_run_of_ones_own_is_taken_back_by_a_choice_of_its_own() {
    let world = releases::world(releases::ALL);
    std::fs::write(world.path("app/slow-undrain"), "").unwrap();
    let qd = open(&world, &["--host", "box-1"]);
    deploy(&qd);
    qd.wait(SOON, "its last hook", |screen| screen.contains("undrain …"));
    assert_eq!(live(&world), "releases/1.1");
    typed(&qd, "X");
    popup(&qd, "Stop at the next boundary?");
    typed(&qd, "\x1bU");
    popup(&qd, "take every host back?");
    typed(&qd, "y");
    qd.wait(SOON, "the wish", |screen| screen.contains("going back"));
    std::fs::remove_file(world.path("app/slow-undrain")).unwrap();
    qd.wait(SOON, "its end", |screen| screen.contains("rolled back"));
    assert_eq!(live(&world), "releases/1.0");
    assert_eq!(actions(&world), ["deploy", "undo"]);
}

#[test]
fn a_run_that_nobody_steers_is_held_and_then_stopped_by_typed_keys() {
    let world = releases::world(releases::ALL);
    Waiting::start(&world).leave();
    let qd = open(&world, &["--host", "box-1"]);
    qd.wait(SOON, "a word about it", |screen| screen.contains("is unattended"));
    typed(&qd, "4\t\r");
    qd.wait(SOON, "its page", |screen| screen.contains("c go on with it") && screen.contains("U take"));
    typed(&qd, "H");
    popup(&qd, "[y] yes");
    typed(&qd, "\ry");
    qd.wait(SOON, "its boundary", |screen| screen.contains("▲ held"));
    assert_eq!(live(&world), "releases/1.0");
    typed(&qd, "X");
    popup(&qd, "Stop at the next boundary?");
    typed(&qd, "y");
    qd.wait(SOON, "its end", |screen| screen.contains("not done"));
    assert_eq!(live(&world), "releases/1.0");
    assert_eq!(actions(&world), ["deploy", "hold", "abort"]);
}

#[test]
fn a_deploy_that_a_run_keeps_away_offers_to_take_that_over() {
    let world = releases::world(releases::ALL);
    Waiting::start(&world).leave();
    let qd = open(&world, &["--host", "box-1"]);
    qd.wait(SOON, "a word about it", |screen| screen.contains("is unattended"));
    typed(&qd, "4D");
    qd.wait(SOON, "the question", |screen| screen.contains("the version"));
    typed(&qd, "\x7f\x7f\x7f\x7f1.2\r\r");
    qd.wait(SOON, "why there is no plan", |screen| {
        screen.contains("there is no plan") && screen.contains("[A] take over the run that keeps it away")
    });
    typed(&qd, "A");
    popup(&qd, "goes on from the first step that is not proven");
    typed(&qd, "\ry");
    qd.wait(SOON, "its end", went_well);
    assert_eq!(live(&world), "releases/1.1");
    assert_eq!(actions(&world), ["deploy", "adopt"]);
}

#[test]
fn a_bake_that_fails_asks_whether_to_keep_the_release_and_silence_takes_it_back() {
    for (key, at_last, patience) in
        [("B", "releases/1.0", "20s"), ("y", "releases/1.1", "20s"), ("", "releases/1.0", "3s")]
    {
        let world = bakes::world(&format!("bake = \"60s\"\nbake_limits = {{ on_breach = \"ask {patience}\" }}"));
        let qd = open(&world, &["--host", "box-1"]);
        deploy(&qd);
        qd.wait(SOON, "the bake", |screen| screen.contains("the fleet is watched"));
        // The first look is what later ones are compared with.
        qd.wait(SOON, "the first look", |screen| screen.contains(" of 60 s: "));
        bakes::append(&world.path("log/access.log"), &(bakes::request(200, 0) + &bakes::request(500, 0)).repeat(30));
        qd.wait(SOON, "the question", |screen| {
            screen.contains("Keep the new release, or take it back?") && screen.contains("[B]")
        });
        let screen = qd.screen();
        for needed in
            ["5xx 50.0 % of 60 requests", "silence takes every host back", "[y] keep it", "[B] roll back now", " s "]
        {
            assert!(screen.contains(needed), "{needed} is missing:\n{screen}");
        }
        // Enter is no answer.
        std::thread::sleep(Duration::from_millis(400));
        typed(&qd, "\r");
        typed(&qd, key);
        let end = if key == "y" { "● ok" } else { "rolled back" };
        qd.wait(SOON, end, |screen| screen.contains(end) && !screen.contains("or take it back?"));
        assert_eq!(bakes::live(&world), at_last, "{key:?}");
        let wished = match key {
            "B" => vec!["deploy", "undo"],
            "y" => vec!["deploy", "keep"],
            _ => vec!["deploy"],
        };
        assert_eq!(actions(&world), wished);
    }
}

#[test]
fn a_service_is_locked_with_a_reason_is_not_deployed_then_and_is_unlocked() {
    let world = releases::world("");
    let qd = open(&world, &["--host", "box-1"]);
    typed(&qd, "4xlock\r");
    qd.wait(SOON, "the question", |screen| screen.contains("for how long"));
    typed(&qd, "2 days\r");
    qd.wait(SOON, "what is wrong", |screen| screen.contains("2 days"));
    typed(&qd, &"\x7f".repeat(6));
    typed(&qd, "2h\r");
    popup(&qd, "type y to go on");
    typed(&qd, "\r");
    confirmed(&qd, "y");
    qd.wait(SOON, "the missing reason", |screen| screen.contains("it wants a reason"));
    confirmed(&qd, "the fair");
    confirmed(&qd, "y");
    qd.wait(SOON, "its end", went_well);
    let hold = std::fs::read_to_string(world.path("app/.quarterdeck/hold")).unwrap();
    assert!(hold.contains("the fair"), "{hold}");
    typed(&qd, "D");
    qd.wait(SOON, "the question", |screen| screen.contains("the version"));
    typed(&qd, "1.1\r\r");
    qd.wait(SOON, "the refusal", |screen| screen.contains("locked by hand") && screen.contains("the fair"));
    typed(&qd, "\x1bxunlock\r");
    popup(&qd, "type y to go on");
    confirmed(&qd, "it is over");
    confirmed(&qd, "y");
    qd.wait(SOON, "its end", |screen| went_well(screen) && screen.contains("unlock api on box-1"));
    assert!(!world.path("app/.quarterdeck/hold").exists());
    assert_eq!(actions(&world), ["lock", "unlock"]);
    assert_eq!(world.audit()[0]["reason"], "the fair");
}

#[test]
fn a_service_under_the_cursor_is_deployed_from_any_tab_and_hosts_that_are_away_are_asked_about() {
    let mut world = releases::world("");
    let qd = open(&world, &[]);
    for tab in ["1", "3", "4"] {
        typed(&qd, tab);
        typed(&qd, "D");
        qd.wait(SOON, "the question", |screen| screen.contains("the version"));
        assert!(!qd.screen().contains("left out"), "all are up:\n{}", qd.screen());
        typed(&qd, "\x1b");
        qd.wait(SOON, "the tab", |screen| !screen.contains("the version"));
    }
    world.cut(1);
    world.stop(1);
    qd.wait(Duration::from_secs(60), "its loss", |screen| screen.contains("box-2") && !screen.contains("2 up"));
    typed(&qd, "1");
    qd.wait(Duration::from_secs(60), "its loss", |screen| screen.contains("1 up"));
    typed(&qd, "D");
    qd.wait(SOON, "the question", |screen| screen.contains("box-2 not up; which are left out"));
}

#[test]
fn hosts_are_asked_for_runs_seldom_while_nobody_looks_and_tell_of_one_that_begins() {
    let world = releases::world(releases::ALL);
    let ls = world.path("bin/ls");
    std::fs::write(&ls, "#!/bin/sh\necho look >>\"$QD_UNITS/$QD_HOST/looks\"\nexec /bin/ls \"$@\"\n").unwrap();
    std::fs::set_permissions(&ls, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let looks = || world.told("box-1", "looks").lines().count();
    let came = |more: usize, before: usize| {
        let began = std::time::Instant::now();
        while looks() < before + more {
            assert!(began.elapsed() < SOON * 2, "{} looks after {before}", looks());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let qd = open(&world, &["--host", "box-1"]);
    came(2, 0);
    // More than what is between two looks while somebody looks on.
    std::thread::sleep(Duration::from_secs(15));
    assert_eq!(looks(), 2);
    // One that begins elsewhere is told all the same, long before the next look: its host says so with its heartbeat.
    let theirs = Waiting::start(&world);
    qd.wait(Duration::from_secs(30), "a word about it", |screen| screen.contains("◌ deploy 0/1 by "));
    theirs.go();
    qd.wait(SOON, "its end", |screen| !screen.contains("deploy 0/1") && !screen.contains("deploy 1/1"));
    let after = looks();
    typed(&qd, "4");
    came(1, after);
}
