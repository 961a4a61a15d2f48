//! The pictures in `screenshots/`: `cargo bench --bench screenshots`. It opens `qd demo` in a pseudo-terminal of each size,
//! waits for the incident, goes from tab to tab and writes down what is on the screen.

mod svg;
#[path = "../measure/tty.rs"]
#[allow(dead_code, reason = "what programs cost is measured elsewhere")]
mod tty;

use std::path::Path;
use std::thread;
use std::time::Duration;

use tty::Tty;

/// The incident comes within 90 s, and its figures within some more.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long a tab may take to fill, and what is drawn to settle.
const SETTLE: Duration = Duration::from_secs(3);

/// Columns, rows, and what follows the name of a picture of that size.
const SIZES: [(u16, u16, &str); 2] = [(120, 36, ""), (80, 24, "-80x24")];

/// What is taken: its name, and the keys that lead there from the one before.
const PICTURES: [(&str, &str); 6] =
    [("overview", "1"), ("logs", "2"), ("host", "3j\r"), ("deploys", "4"), ("business", "6"), ("plan", "4jD3.8.0\r")];

fn main() {
    // `cargo test` builds benches too and calls them without `--bench`; there is nothing to test here.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let sizes = SIZES.map(|(columns, rows, suffix)| thread::spawn(move || take_all(columns, rows, suffix)));
    for size in sizes {
        assert!(size.join().is_ok(), "a picture could not be taken; why is said above");
    }
}

fn take_all(columns: u16, rows: u16, suffix: &str) {
    let state = tempfile::tempdir().expect("a temporary folder");
    let home = state.path().to_str().expect("UTF-8");
    let env = [("HOME", home), ("XDG_CONFIG_HOME", home), ("XDG_STATE_HOME", home)];
    let qd = Tty::start(&[env!("CARGO_BIN_EXE_qd"), "demo", "--seed", "7"], &env, columns, rows);
    // The version that fails, and then long enough for its figures to have a shape.
    qd.wait(PATIENCE, "the bad deploy", |screen| screen.contains("failing on"));
    thread::sleep(Duration::from_secs(40));
    for (name, keys) in PICTURES {
        for key in keys.chars() {
            qd.keys(&key.to_string());
            thread::sleep(Duration::from_millis(300));
        }
        thread::sleep(SETTLE);
        let picture = svg::draw(&qd.picture(), &format!("qd demo: {name}, {columns}x{rows}"));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
        std::fs::create_dir_all(&folder).expect("the folder is there");
        let path = folder.join(format!("{name}{suffix}.svg"));
        std::fs::write(&path, picture).expect("the picture is written");
        println!("{}", path.display());
    }
}
