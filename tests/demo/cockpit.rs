//! `qd demo` as a person starts it.

use std::path::Path;
use std::time::Duration;

use crate::tty::Tty;

/// A generous ceiling on what must come.
const SOON: Duration = Duration::from_secs(60);

/// `qd demo` with a home and a temporary folder of its own.
fn start(home: &Path, temp: &Path) -> Tty {
    let env = [
        ("HOME", home.to_str().unwrap()),
        ("XDG_CONFIG_HOME", home.to_str().unwrap()),
        ("XDG_STATE_HOME", home.to_str().unwrap()),
        ("XDG_CACHE_HOME", home.to_str().unwrap()),
        ("TMPDIR", temp.to_str().unwrap()),
        ("SSH_AUTH_SOCK", "/nonexistent/agent"),
    ];
    Tty::start(&[env!("CARGO_BIN_EXE_qd"), "demo"], &env, 100, 30)
}

fn entries(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn one_command_shows_the_product_and_leaves_nothing_behind() {
    let (home, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // A folder that a demo left which was killed: its process, this test's own child, is gone.
    let mut dead = std::process::Command::new("true").spawn().unwrap();
    let left = temp.path().join(format!("qd-demo-{}-0badcafe", dead.id()));
    dead.wait().unwrap();
    std::fs::create_dir(&left).unwrap();

    let qd = start(home.path(), temp.path());
    qd.wait(SOON, "three hosts", |screen| screen.contains("3 up") && screen.contains("web-2"));
    qd.wait(SOON, "versions and figures", |screen| screen.contains("1.4.2") && screen.contains("/var "));
    assert!(entries(temp.path()).iter().any(|name| name.starts_with("qd-demo-")), "{:?}", entries(temp.path()));
    assert!(!left.exists(), "what a dead demo left is removed");
    qd.keys("2");
    qd.wait(SOON, "merged logs", |screen| screen.contains("request handled") && screen.contains("following"));

    // Its terminal ends it with SIGTERM.
    drop(qd);
    assert!(entries(temp.path()).is_empty(), "{:?}", entries(temp.path()));
    assert!(entries(home.path()).is_empty(), "{:?}", entries(home.path()));
}

#[test]
fn a_version_goes_out_by_a_job_of_the_forge_from_the_keyboard_and_is_live_then() {
    let (home, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let qd = start(home.path(), temp.path());
    qd.wait(SOON, "three hosts", |screen| screen.contains("3 up"));
    qd.keys("4");
    qd.wait(SOON, "what is live", |screen| screen.contains("staging"));
    // The version is proposed from the tags, once they are heard of.
    let began = std::time::Instant::now();
    loop {
        qd.keys("D");
        qd.wait(SOON, "the question", |screen| screen.contains("the version"));
        if qd.screen().contains("▸ 1.4.3") {
            break;
        }
        assert!(began.elapsed() < SOON, "no version is proposed:\n{}", qd.screen());
        qd.keys("\x1b");
        qd.wait(SOON, "the tab again", |screen| !screen.contains("the version"));
    }
    // Not one that comes before its release; that is typed.
    qd.keys(&"\x7f".repeat(5));
    qd.keys("1.5.0-rc.1\r");
    qd.wait(SOON, "the plan", |screen| screen.contains("Play deploy:production") && screen.contains("read-only"));
    assert!(qd.screen().contains("commits since 1.4.2"), "{}", qd.screen());
    qd.keys("W");
    qd.wait(SOON, "what confirms it", |screen| screen.contains("type api to go on"));
    // Keys that come too soon after what they answer are thrown away.
    std::thread::sleep(Duration::from_millis(600));
    qd.keys("api");
    // What is not seen yet would come together with Enter, as a paste does.
    qd.wait(SOON, "the word", |screen| screen.contains(": api"));
    std::thread::sleep(Duration::from_millis(100));
    qd.keys("\r");
    qd.wait(SOON, "the job's own log", |screen| screen.contains("$ bin/deploy production 1.5.0-rc.1"));
    assert!(!qd.screen().contains("stops it"), "it is GitLab's to stop:\n{}", qd.screen());
    qd.wait(SOON, "its end", |screen| screen.contains("● ok  job success, 2 of 2 hosts"));
    qd.keys("\x1b");
    qd.wait(SOON, "what the hosts report", |screen| {
        screen.lines().any(|line| line.contains("api") && line.matches("1.5.0-rc").count() >= 2)
    });
}
