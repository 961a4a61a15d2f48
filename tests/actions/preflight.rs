//! What is looked at before anything is planned, and what is told of it.

use chrono::Utc;
use quarterdeck::domain::event::{Event, EventKind, Turn};
use quarterdeck::store::Store;

use crate::cockpit;
use crate::releases::{live, world};
use crate::world::{World, text};

fn dry_run(world: &World, version: &str) -> (Option<i32>, String, String) {
    let out = world.qd(&["--host", "box-1", "deploy", "api", version, "--dry-run"]);
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn what_was_asked_to_be_looked_at_first_must_end_well() {
    let world = world("preflight = [\"sh\", \"-c\", \"echo the config is odd >&2; test -e /$0\", \"etc\"]");
    assert_eq!(dry_run(&world, "1.1").0, Some(0));
    let config = std::fs::read_to_string(world.config()).unwrap();
    std::fs::write(world.config(), config.replace("\"etc\"]", "\"nowhere\"]")).unwrap();
    let (code, _, said) = dry_run(&world, "1.1");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("ends with exit code 1: the config is odd"), "{said}");
    assert_eq!(live(&world), "releases/1.0");
}

#[test]
fn a_command_that_sudo_does_not_let_is_named_with_its_line() {
    let world = world("hooks = { drain = [\"sudo\", \"-n\", \"-u\", \"proxy\", \"/bin/drain\", \"me\"] }");
    assert_eq!(dry_run(&world, "1.1").0, Some(0));
    std::fs::write(world.path("units/no-sudo"), "").unwrap();
    let (code, _, said) = dry_run(&world, "1.1");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("deploy ALL=(proxy) NOPASSWD: /bin/drain me"), "{said}");
}

#[test]
fn a_host_without_a_way_back_says_so_before() {
    let world = world("");
    assert!(!dry_run(&world, "1.1").1.contains("no way back"));
    std::fs::remove_file(world.path("app/current")).unwrap();
    let (_, page, said) = dry_run(&world, "1.1");
    assert!(page.contains("there is no way back"), "{page}{said}");
}

#[test]
fn what_fires_on_the_service_is_told_and_keeps_nobody_from_deploying() {
    let world = world("");
    let config = std::fs::read_to_string(world.config()).unwrap();
    std::fs::write(world.config(), config.replace("[fleet]\n", "[fleet]\nname = \"acme\"\n")).unwrap();
    // It makes the store.
    assert_eq!(world.qd(&["--host", "box-1", "deploy", "api", "1.1", "--yes"]).status.code(), Some(0));
    let state = world.path("home/quarterdeck");
    let turn = |kind| Turn {
        of: "alert x".to_owned(),
        note: String::new(),
        event: Event {
            fleet: "acme".to_owned(),
            key: String::new(),
            time: Utc::now(),
            kind,
            service: Some("api".to_owned()),
            environment: Some("production".to_owned()),
            host: None,
            text: "checkout is down".to_owned(),
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (kind, told) in [(EventKind::AlertFiring, true), (EventKind::AlertResolved, false)] {
        runtime.block_on(async {
            let store = Store::open(&state).await.unwrap();
            assert_eq!(store.turns(vec![turn(kind)]).await.unwrap(), [true]);
        });
        let (code, page, said) = dry_run(&world, "1.2");
        assert_eq!((code, page.contains("checkout is down")), (Some(0), told), "{page}{said}");
        // The cockpit's popup says the same.
        let qd = cockpit::open(&world, &["--host", "box-1"]);
        cockpit::typed(&qd, "4D");
        qd.wait(cockpit::SOON, "the question", |screen| screen.contains("the version"));
        cockpit::typed(&qd, "1.2\r\r");
        qd.wait(cockpit::SOON, "the plan", |screen| screen.contains("type y to go on") || screen.contains("[y] yes"));
        assert_eq!(qd.screen().contains("checkout is down"), told, "{}", qd.screen());
    }
}
