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
