//! The terminal is given back as it was taken, however the cockpit ends.

use std::time::Duration;

use quarterdeck::runtime::outlet::Outlet;
use quarterdeck::runtime::tty::Tty as Taken;

use crate::tty::Tty;

const SOON: Duration = Duration::from_secs(30);
const QD: &str = env!("CARGO_BIN_EXE_qd");

/// A config of one host that does not exist: the cockpit opens all the same.
fn config(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("quarterdeck.toml");
    let text = "[fleet]\nname = \"nowhere\"\n[[host]]\nname = \"gone-1\"\naddress = \"127.0.0.1\"\nport = 9\n";
    std::fs::write(&path, text).expect("the config is written");
    path.to_str().expect("UTF-8").to_owned()
}

fn start(folder: &tempfile::TempDir) -> Tty {
    start_on(folder, "dark")
}

fn start_on(folder: &tempfile::TempDir, colors: &str) -> Tty {
    let home = folder.path().to_str().expect("UTF-8");
    let env = [("HOME", home), ("XDG_CONFIG_HOME", home), ("XDG_STATE_HOME", home), ("COLORS", colors)];
    let qd = Tty::start(&[QD, "--config", &config(folder)], &env, 80, 24);
    qd.wait(SOON, "the cockpit", |screen| screen.contains("gone-1"));
    assert!(!qd.left_over().is_empty(), "it has taken the terminal");
    qd
}

#[test]
fn every_way_out_gives_the_terminal_back() {
    for (how, leave, code) in [
        ("q", (|qd: &Tty| qd.keys("q")) as fn(&Tty), 0),
        ("ctrl-c twice", |qd| qd.keys("\x03\x03"), 0),
        ("SIGTERM", |qd| qd.signal("TERM"), 143),
        ("SIGHUP", |qd| qd.signal("HUP"), 129),
        ("SIGINT", |qd| qd.signal("INT"), 130),
        ("SIGQUIT", |qd| qd.signal("QUIT"), 131),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut qd = start(&folder);
        leave(&qd);
        assert_eq!(qd.exit_code(SOON), code, "{how}");
        assert_eq!(qd.left_over(), Vec::<String>::new(), "{how}");
    }
}

#[test]
fn a_shell_gets_the_terminal_between_ctrl_z_and_fg() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().to_str().expect("UTF-8");
    // Each host starts a program (`ssh -G`), which is looked for in many folders: a stop that comes between the birth of a
    // process and its program must not last for ever.
    let hosts = (0..60).map(|i| format!("[[host]]\nname = \"gone-{i}\"\naddress = \"127.0.0.1\"\nport = 9\n"));
    let config = folder.path().join("many.toml");
    std::fs::write(&config, format!("[fleet]\nname = \"nowhere\"\n{}", hosts.collect::<String>())).expect("written");
    let path = format!("{}{}", "/-:".repeat(30_000), std::env::var("PATH").expect("a path"));
    let env = [("HOME", home), ("XDG_STATE_HOME", home), ("PS1", "shell> "), ("QD", QD), ("PATH", &path)];
    let shell = Tty::start(&["bash", "--norc", "--noprofile", "-i"], &env, 80, 24);
    shell.wait(SOON, "a prompt", |screen| screen.contains("shell>"));
    shell.keys(&format!("\"$QD\" --config {}\r", config.display()));
    shell.wait(SOON, "the cockpit", |screen| screen.contains("1Over"));
    shell.keys("\x1a");
    shell.wait(SOON, "the shell", |screen| screen.contains("Stopped") && !screen.contains("1Over"));
    shell.keys("echo mode: $((40 + 2))\r");
    shell.wait(SOON, "an answer", |screen| screen.contains("mode: 42"));
    shell.keys("fg\r");
    shell.wait(SOON, "the cockpit again", |screen| screen.contains("1Over") && !screen.contains("Stopped"));
    shell.keys("q");
    shell.wait(SOON, "the shell again", |screen| screen.contains("mode: 42") && !screen.contains("1Over"));
}

#[test]
fn the_mouse_and_a_new_size_of_the_window_are_heard() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let qd = start(&folder);
    let screen = qd.screen();
    let tabs = screen.lines().next().expect("a line");
    let column = tabs[..tabs.find("2Logs").expect("the tab")].chars().count() + 2;
    qd.keys(&format!("\x1b[<0;{column};1M\x1b[<0;{column};1m"));
    qd.wait(SOON, "the tab", |screen| screen.contains("── Logs"));
    qd.resize(110, 30);
    qd.wait(SOON, "a wider picture", |screen| screen.lines().any(|line| line.trim_end().chars().count() > 100));
    qd.resize(60, 20);
    qd.wait(SOON, "a smaller one", |screen| screen.lines().nth(19).is_some_and(|line| line.contains('?')));
}

/// The colour of the first letter of a text on the screen.
fn color_of(qd: &Tty, text: &str) -> vt100::Color {
    let screen = qd.screen();
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect("it is there");
    let column = line[..line.find(text).expect("it is there")].chars().count();
    qd.picture().cell(row as u16, column as u16).expect("a cell").fgcolor()
}

#[test]
fn the_theme_goes_with_the_terminals_background_and_no_answer_is_taken_for_keys() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let dark = start(&folders[0]);
    let light = start_on(&folders[1], "light");
    let began = std::time::Instant::now();
    // The answer comes after the first picture.
    while color_of(&light, "gone-1") == color_of(&dark, "gone-1") {
        assert!(began.elapsed() < SOON, "the light theme did not come:\n{}", light.screen());
        std::thread::sleep(Duration::from_millis(20));
    }
    for qd in [dark, light] {
        qd.keys("2");
        qd.wait(SOON, "keys work", |screen| screen.contains("── Logs"));
        assert!(!qd.screen().contains("rgb"), "{}", qd.screen());
    }
}

#[test]
fn an_inventory_is_asked_again_and_what_it_said_stays_when_it_fails() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let write = |text: &str| {
        std::fs::write(path("new"), text).expect("written");
        std::fs::rename(path("new"), path("hosts")).expect("in place");
    };
    write("{\"name\":\"old-1\",\"address\":\"127.0.0.1\"}\n");
    let text = "[fleet]\nname = \"x\"\ninventory = [{ command = [\"cat\", \"hosts\"], every = \"1s\" }]\n\
                [ssh]\nconfig = \"none\"\n";
    std::fs::write(path("none"), "Host *\n  Port 9\n").expect("written");
    std::fs::write(path("quarterdeck.toml"), text).expect("written");
    let home = folder.path().to_str().expect("UTF-8");
    let env = [("HOME", home), ("XDG_CONFIG_HOME", home), ("XDG_STATE_HOME", home)];
    let config = path("quarterdeck.toml");
    let qd = Tty::start(&[QD, "--config", config.to_str().expect("UTF-8")], &env, 100, 30);
    qd.wait(SOON, "its host", |screen| screen.contains("old-1"));
    write("{\"name\":\"old-1\",\"address\":\"127.0.0.1\"}\n{\"name\":\"new-2\",\"address\":\"127.0.0.1\"}\n");
    qd.wait(SOON, "the new host", |screen| screen.contains("new-2"));
    std::fs::remove_file(path("hosts")).expect("removed");
    qd.wait(SOON, "what is wrong", |screen| screen.contains("inventory"));
    assert!(qd.screen().contains("new-2"), "{}", qd.screen());
}

/// Not a test by itself: what the next one runs in a terminal of its own.
#[test]
fn takes_the_terminal_and_panics() {
    if std::env::var_os("QD_TEST_PANICS").is_some() {
        let outlet = Outlet::stdout().expect("a thread");
        let taken = Taken::take(outlet.clone(), true).expect("a terminal");
        assert!(outlet.drain(SOON), "the terminal takes it");
        let _taken = taken;
        panic!("the deck is on fire");
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let me = std::env::current_exe().expect("a path");
    let argv = [me.to_str().expect("UTF-8"), "--exact", "terminal::takes_the_terminal_and_panics", "--nocapture"];
    let mut child = Tty::start(&argv, &[("QD_TEST_PANICS", "1")], 80, 24);
    child.wait(SOON, "the panic's words", |screen| screen.contains("the deck is on fire"));
    assert_ne!(child.exit_code(SOON), 0);
    assert_eq!(child.left_over(), Vec::<String>::new());
}

#[test]
fn nothing_that_is_pasted_while_the_terminal_is_asked_is_taken_for_keys() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // This terminal never says anything about itself: the question stays open.
    let mut qd = start_on(&folder, "mute");
    qd.keys("\x1b[200~2q\r:quit\r\x03\x03");
    qd.keys("\r:quit\r\x1b[201~");
    qd.keys("?");
    qd.wait(SOON, "the help", |screen| screen.contains("Help: Overview"));
    // Into the help's filter it may go; Enter and q have done nothing.
    qd.keys("\x1b[6~\x1b[6~");
    qd.wait(SOON, "a page further down", |screen| !screen.contains("the tab to the right"));
    qd.keys("\x1b");
    qd.wait(SOON, "no help, by Esc alone", |screen| !screen.contains("Help: Overview"));
    qd.keys("\x1b[200~:quit\r");
    std::thread::sleep(Duration::from_millis(100));
    qd.signal("TERM");
    assert_eq!(qd.exit_code(SOON), 143, "a signal is heard while it is asked");
    assert_eq!(qd.left_over(), Vec::<String>::new());
}

#[test]
fn a_terminal_that_takes_nothing_can_be_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flood = "[fleet]\nname = \"flood\"\n[ui]\nstart = \"logs\"\n[[host]]\nname = \"here\"\ntransport = \"local\"\n\
                 [[service]]\nname = \"flood\"\nhosts = [\"here\"]\n\
                 logs = [{ command = [\"sh\", \"-c\", \"while :; do echo $RANDOM$RANDOM; sleep 0.01; done\"] }]\n";
    let path = folder.path().join("flood.toml");
    std::fs::write(&path, flood).expect("the config is written");
    let home = folder.path().to_str().expect("UTF-8");
    let env = [("HOME", home), ("XDG_CONFIG_HOME", home), ("XDG_STATE_HOME", home)];
    let mut qd = Tty::start(&[QD, "--config", path.to_str().expect("UTF-8")], &env, 200, 60);
    qd.wait(SOON, "lines", |screen| screen.contains("following"));
    qd.stall(true);
    // The pseudo-terminal's own buffer is soon full, and then a write does not come back.
    for _ in 0..100 {
        qd.keys("\x0c");
        std::thread::sleep(Duration::from_millis(5));
    }
    qd.keys("1");
    qd.signal("TERM");
    let code = qd.exit_code(SOON);
    qd.stall(false);
    assert_eq!(code, 143);
}

#[test]
fn a_broken_theme_or_keymap_is_told_with_its_place_and_reload_reads_everything() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let own = folder.path().join("quarterdeck");
    std::fs::create_dir_all(own.join("themes")).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(own.join(name), text).expect("written");
    write("keymap.toml", "[global]\n\"Q\" = \"help\"\n");
    let qd = start(&folder);
    write("keymap.toml", "[global]\n\"Q\" = \"fly\"\n");
    qd.keys(":reload\r");
    qd.wait(SOON, "what is wrong", |screen| {
        screen.contains("keymap.toml: [global] \"Q\"") && screen.contains("the old one")
    });
    qd.keys("Q");
    qd.wait(SOON, "the old keys", |screen| screen.contains("Help: Overview"));
    qd.keys("\x1b");
    write("keymap.toml", "[global]\n\"H\" = \"help\"\n");
    write("themes/mine.toml", "inherits = \"dark\"\n");
    qd.keys(":reload\r");
    qd.wait(SOON, "nothing wrong any more", |screen| !screen.contains("keymap.toml"));
    qd.keys(":theme ");
    qd.wait(SOON, "the new theme's name", |screen| screen.contains("mine"));
    qd.keys("\x1b");
    qd.wait(SOON, "no command line", |screen| !screen.contains("mine"));
    qd.keys("H");
    qd.wait(SOON, "the new keys", |screen| screen.contains("Help: Overview"));
}
