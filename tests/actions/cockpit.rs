//! Actions from the cockpit, by typed keys in a pseudo-terminal, to real hosts over SSH and back.

use std::time::Duration;

use crate::releases::{self, live};
use crate::steered::Waiting;
use crate::tty::Tty;
use crate::world::World;

pub const SOON: Duration = Duration::from_secs(30);

/// The cockpit over a world, its hosts connected.
pub fn open(world: &World, args: &[&str]) -> Tty {
    open_with(world, args, &[])
}

/// The same, with more in its environment.
pub fn open_with(world: &World, args: &[&str], more: &[(&str, &str)]) -> Tty {
    let config = world.config();
    let mut argv = vec![env!("CARGO_BIN_EXE_qd"), "--config", &config];
    argv.extend(args);
    let env = world.env();
    let mut env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    env.extend(more);
    let qd = Tty::start(&argv, &env, 100, 30);
    let hosts = if args.contains(&"--host") { "1 up" } else { "2 up" };
    qd.wait(SOON, "its hosts", |screen| screen.contains(hosts));
    qd
}

/// Types letter by letter, as fingers do.
pub fn typed(qd: &Tty, keys: &str) {
    for key in keys.chars() {
        let before = qd.screen();
        qd.keys(&key.to_string());
        // What comes in one moment with Escape is a key with Alt.
        if key == '\x1b' {
            qd.wait(SOON, "what Escape does", |screen| screen != before);
        }
        std::thread::sleep(Duration::from_millis(40));
    }
}

/// Types a word into a popup that wants one, and then Enter: not before the word is seen, for on a busy machine both would
/// come as one, as a paste does.
pub fn confirmed(qd: &Tty, word: &str) {
    typed(qd, word);
    qd.wait(SOON, word, |screen| screen.contains(&format!(": {word}")));
    typed(qd, "\r");
}

/// Whether the page of what was confirmed last says that it went well. Under its popup there may be one of something
/// before it, which did.
pub fn went_well(screen: &str) -> bool {
    let asks = ["[y] yes", " to go on: "].iter().any(|words| screen.contains(words));
    !asks && screen.lines().any(|line| line.contains("state ") && line.contains("● ok"))
}

/// Waits for a popup to show this, and until it listens.
pub fn popup(qd: &Tty, text: &str) {
    qd.wait(SOON, text, |screen| screen.contains(text));
    std::thread::sleep(Duration::from_millis(400));
}

#[test]
fn two_hosts_are_restarted_by_typed_keys_and_it_is_all_in_the_audit() {
    let world = World::careful();
    let qd = open(&world, &[]);
    typed(&qd, "W\tR");
    popup(&qd, "type api to go on");
    assert!(qd.screen().contains("sudo -n systemctl restart api.service"), "{}", qd.screen());
    confirmed(&qd, "api");
    qd.wait(SOON, "the end", |screen| went_well(screen) && screen.contains("2 of 2 hosts"));
    for host in ["box-1", "box-2"] {
        assert_eq!(world.calls(host), ["restart api.service"], "{}", qd.screen());
    }
    let entry = world.audit().pop().unwrap();
    assert_eq!((entry["action"].as_str(), entry["result"].as_str()), (Some("restart"), Some("ok")));
    assert_eq!(entry["hosts"].as_array().unwrap().len(), 2);
    // Once more within ten minutes wants a reason.
    typed(&qd, "R");
    typed(&qd, "\x1b4R");
    popup(&qd, "restarted it");
    typed(&qd, "\r");
    confirmed(&qd, "api");
    qd.wait(SOON, "the reason", |screen| screen.contains("it wants a reason"));
    confirmed(&qd, "it leaks");
    confirmed(&qd, "api");
    qd.wait(SOON, "the end", |screen| went_well(screen) && screen.contains("2 of 2 hosts"));
    let entry = world.audit().pop().unwrap();
    assert_eq!(entry["reason"].as_str(), Some("it leaks"));
}

#[test]
fn a_paste_read_only_and_keys_typed_ahead_do_nothing() {
    let world = World::careful();
    let qd = open(&world, &[]);
    // Typed ahead of the popup, all at once, and as a paste; with Enter each.
    typed(&qd, "W\t");
    qd.keys("Rapi\r");
    popup(&qd, "type api to go on");
    qd.keys("\r");
    qd.keys("\x1b[200~api\r\x1b[201~");
    qd.wait(SOON, "the note", |screen| screen.contains("a paste confirms nothing"));
    qd.keys("R");
    popup(&qd, "type api to go on");
    qd.keys("api\r");
    qd.wait(SOON, "the note", |screen| screen.contains("came like a paste"));
    qd.keys("\x1b");
    qd.wait(SOON, "its end", |screen| !screen.contains("came like a paste"));
    // Disarmed again.
    typed(&qd, "WR");
    popup(&qd, "read-only until it is armed");
    typed(&qd, "api\ryy\r");
    drop(qd);
    let read_only = open(&world, &["--read-only"]);
    typed(&read_only, "W\tR");
    popup(&read_only, "read-only was asked for");
    typed(&read_only, "Wapi\ryy\r");
    drop(read_only);
    assert!(world.calls("box-1").is_empty() && world.calls("box-2").is_empty());
    assert!(world.audit().is_empty());
}

#[test]
fn a_host_that_fails_leaves_the_others_alone_and_says_why() {
    let world = World::careful();
    world.mark("box-1", "broken");
    let qd = open(&world, &[]);
    typed(&qd, "W\tR");
    popup(&qd, "type api to go on");
    confirmed(&qd, "api");
    qd.wait(SOON, "the failure", |screen| screen.contains("Job for api.service failed"));
    qd.wait(SOON, "the other", |screen| screen.contains("left alone: a host before it failed"));
    assert!(world.calls("box-2").is_empty());
}

#[test]
fn commands_of_the_config_typed_commands_and_a_shell_leave_their_rows() {
    let world = World::relaxed();
    let qd = open(&world, &[]);
    // The first host; the command of the config, with its answer.
    typed(&qd, "xtouch\r");
    qd.wait(SOON, "the question", |screen| screen.contains("Which"));
    let file = world.path("touched").display().to_string();
    typed(&qd, &format!("{file}\r"));
    popup(&qd, "[y] yes");
    typed(&qd, "y");
    qd.wait(SOON, "the end", |screen| screen.contains("1 of 1 host,"));
    assert!(world.path("touched").exists());
    typed(&qd, "1:act exec\r");
    qd.wait(SOON, "the question", |screen| screen.contains("read by sh"));
    typed(&qd, "echo one two | wc -w\r");
    popup(&qd, "[y] yes");
    typed(&qd, "y");
    qd.wait(SOON, "the answer", |screen| screen.lines().any(|line| line.trim() == "2"));
    // A shell gets the terminal with all that is typed there, and gives it back.
    typed(&qd, "1S");
    popup(&qd, "[y] yes");
    typed(&qd, "y");
    qd.wait(SOON, "a shell", |screen| !screen.contains("1Over") && !screen.contains("1 Overview"));
    std::thread::sleep(Duration::from_millis(500));
    let file = world.path("typed").display().to_string();
    typed(&qd, &format!("echo shell-$((40+2)) >{file} && exit\r"));
    qd.wait(SOON, "the cockpit again", |screen| screen.contains("1 Overview"));
    assert_eq!(std::fs::read_to_string(file).expect("written"), "shell-42\n");
    let audit = world.audit();
    let actions: Vec<_> = audit.iter().map(|entry| entry["action"].as_str().unwrap_or_default()).collect();
    for action in ["touch", "exec", "shell"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

#[test]
fn a_release_goes_live_and_back_by_typed_keys_and_its_run_is_seen_step_by_step() {
    let world = releases::world("");
    let qd = open(&world, &["--host", "box-1"]);
    typed(&qd, "4D");
    qd.wait(SOON, "the question", |screen| screen.contains("the version"));
    typed(&qd, "1.1\r\r");
    popup(&qd, "1.0 → 1.1");
    assert!(qd.screen().contains("[y] yes"), "{}", qd.screen());
    typed(&qd, "\r");
    assert_eq!(live(&world), "releases/1.0", "Enter alone is nothing");
    typed(&qd, "y");
    qd.wait(SOON, "its end", |screen| went_well(screen) && screen.contains("gate ✓"));
    assert_eq!(live(&world), "releases/1.1");
    typed(&qd, "B");
    popup(&qd, "1.1 → 1.0");
    typed(&qd, "y");
    qd.wait(SOON, "its end", |screen| went_well(screen) && screen.contains("roll api back"));
    assert_eq!(live(&world), "releases/1.0");
    let audit = world.audit();
    let actions: Vec<_> = audit.iter().map(|entry| entry["action"].as_str().unwrap_or_default()).collect();
    assert_eq!(actions, ["deploy", "rollback"]);
    // What failed here once is not deployed without more.
    typed(&qd, "D");
    qd.wait(SOON, "the question", |screen| screen.contains("the version"));
    typed(&qd, "1.1\r\r");
    qd.wait(SOON, "the refusal", |screen| screen.contains("there is no plan"));
}

#[test]
fn a_run_that_nobody_steers_is_seen_and_taken_over() {
    let world = releases::world(releases::ALL);
    Waiting::start(&world).leave();
    let qd = open(&world, &["--host", "box-1"]);
    qd.wait(SOON, "a word about it", |screen| screen.contains("is unattended"));
    typed(&qd, "4\tA");
    popup(&qd, "[y] yes");
    assert!(qd.screen().contains("goes on from the first step"), "{}", qd.screen());
    typed(&qd, "y");
    qd.wait(SOON, "its end", went_well);
    assert_eq!(live(&world), "releases/1.1");
    assert_eq!(world.audit().last().unwrap()["action"], "adopt");
}

#[test]
fn a_run_of_ones_own_is_stopped_at_its_next_boundary() {
    let world = releases::world(releases::ALL);
    std::fs::write(world.path("app/slow-before"), "").unwrap();
    let qd = open(&world, &["--host", "box-1"]);
    typed(&qd, "4D");
    qd.wait(SOON, "the question", |screen| screen.contains("the version"));
    typed(&qd, "1.1\r\r");
    popup(&qd, "[y] yes");
    typed(&qd, "y");
    qd.wait(SOON, "its hook", |screen| screen.contains("before_switch"));
    typed(&qd, "X");
    popup(&qd, "Stop at the next boundary?");
    typed(&qd, "\ry");
    std::thread::sleep(Duration::from_millis(1000));
    std::fs::remove_file(world.path("app/slow-before")).unwrap();
    qd.wait(SOON, "its end", |screen| screen.contains("not done"));
    assert_eq!(live(&world), "releases/1.0");
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_three_hosts_are_restarted_by_seven_typed_keys_and_it_is_in_the_audit() {
    let fleet = crate::support::Fleet::running();
    let cockpit = crate::fleet::Cockpit::new(&fleet);
    let pid = |host: &str| fleet.exec(host, "systemctl show -p MainPID --value myservice").trim().to_owned();
    let hosts = ["web-1", "web-2", "db-1"];
    let before = hosts.map(pid);
    let (config, home) = (cockpit.path("quarterdeck.toml"), cockpit.path(""));
    let (config, home) = (config.to_str().unwrap(), home.to_str().unwrap());
    let env = [("HOME", home), ("XDG_CONFIG_HOME", home), ("XDG_STATE_HOME", home)];
    let qd = Tty::start(&[env!("CARGO_BIN_EXE_qd"), "--config", config], &env, 120, 36);
    qd.wait(SOON, "all hosts", |screen| screen.contains("3 up"));
    let (begin, word) = ("W\tR", "api");
    assert!(begin.len() + word.len() + 1 < 8);
    typed(&qd, begin);
    popup(&qd, "type api to go on");
    confirmed(&qd, word);
    qd.wait(Duration::from_secs(120), "all hosts", |screen| screen.contains("3 of 3 hosts") && screen.contains("● ok"));
    for (host, before) in hosts.iter().zip(&before) {
        let now = pid(host);
        assert!(now != *before && now != "0", "{host}: {before} {now}");
    }
    let audit = cockpit.qd(&["audit", "--json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&audit.stdout).unwrap();
    let row = rows.last().unwrap();
    assert_eq!((row["action"].as_str(), row["result"].as_str()), (Some("restart"), Some("ok")));
    assert_eq!(row["hosts"], serde_json::json!(hosts));
}
