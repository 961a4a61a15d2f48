//! A program in a pseudo-terminal, driven and measured from outside: it types keys, reads the screen as a terminal
//! would show it, and asks `/proc` what the program costs.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A program and the screen it draws.
pub struct Tty {
    child: Box<dyn Child + Send + Sync>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    parser: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<AtomicU64>,
    stalled: Arc<AtomicBool>,
    started: Instant,
    master: Box<dyn MasterPty + Send>,
}

impl Tty {
    /// Starts a program on a terminal of this size.
    pub fn start(argv: &[&str], env: &[(&str, &str)], cols: u16, rows: u16) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(argv[0]);
        command.args(&argv[1..]);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        // What whoever runs this has said of their own terminal is not said of this one.
        for name in ["NO_COLOR", "COLORFGBG"] {
            command.env_remove(name);
        }
        for (name, value) in env {
            command.env(name, value);
        }
        let mut reader = pair.master.try_clone_reader().expect("the terminal's output");
        let writer: Arc<Mutex<Box<dyn Write + Send>>> =
            Arc::new(Mutex::new(pair.master.take_writer().expect("the terminal's input")));
        let parser = Arc::new(Mutex::new(vt100::Parser::new(nonzero(rows), nonzero(cols), 0)));
        let bytes = Arc::new(AtomicU64::new(0));
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let (screen, count, answers) = (parser.clone(), bytes.clone(), writer.clone());
        // What a terminal answers when asked for its colours (one of them light), its cursor, and what it can do.
        let light = env.contains(&("COLORS", "light"));
        let mute = env.contains(&("COLORS", "mute"));
        let known: Vec<(&[u8], &[u8])> = [
            (light, &b"\x1b]10;?"[..], &b"\x1b]10;rgb:0000/0000/0000\x1b\\"[..]),
            (light, b"\x1b]11;?", b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"),
            (!mute, b"\x1b[6n", b"\x1b[1;1R"),
            (!mute, b"\x1b[c", b"\x1b[?62;22c"),
        ]
        .into_iter()
        .filter_map(|(answered, question, answer)| answered.then_some((question, answer)))
        .collect();
        let stalled = Arc::new(AtomicBool::new(false));
        let stall = stalled.clone();
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 65536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                count.fetch_add(n as u64, Ordering::Relaxed);
                while stall.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(2));
                }
                screen.lock().expect("no holder panics").process(&buffer[..n]);
                for (question, answer) in &known {
                    if buffer[..n].windows(question.len()).any(|w| w == *question) {
                        let _ = answers.lock().expect("no holder panics").write_all(answer);
                    }
                }
            }
        });
        Self { child, writer, parser, bytes, stalled, started, master: pair.master }
    }

    /// The screen as text, one line a row.
    pub fn screen(&self) -> String {
        self.parser.lock().expect("no holder panics").screen().contents()
    }

    /// The screen with its colours.
    #[allow(dead_code, reason = "only the screenshots take it")]
    pub fn picture(&self) -> vt100::Screen {
        self.parser.lock().expect("no holder panics").screen().clone()
    }

    /// When the program was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Types bytes.
    pub fn keys(&self, keys: &str) {
        let mut writer = self.writer.lock().expect("no holder panics");
        writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
        writer.flush().expect("the terminal takes keys");
    }

    /// The terminal takes nothing any more, as over a link that has stalled; or it does again.
    #[allow(dead_code, reason = "only the tests of the screen need it")]
    pub fn stall(&self, on: bool) {
        self.stalled.store(on, Ordering::Relaxed);
    }

    /// Its window is made larger or smaller.
    #[allow(dead_code, reason = "only the tests of the screen need it")]
    pub fn resize(&self, cols: u16, rows: u16) {
        self.parser.lock().expect("no panic").screen_mut().set_size(nonzero(rows), nonzero(cols));
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("a new size");
    }

    /// How long until the screen fulfils the condition, looked at every half millisecond.
    pub fn wait(&self, limit: Duration, what: &str, condition: impl Fn(&str) -> bool) -> Duration {
        let began = Instant::now();
        loop {
            if condition(&self.screen()) {
                return began.elapsed();
            }
            assert!(began.elapsed() < limit, "{what} did not come within {limit:?}; the screen:\n{}", self.screen());
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Sends the program a signal, by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -s {name} {pid}");
    }

    /// The code that the program ends with.
    pub fn exit_code(&mut self, limit: Duration) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.exit_code();
            }
            assert!(began.elapsed() < limit, "it did not end within {limit:?}; the screen:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What of the terminal is not as a shell needs it: modes of its screen, and of its line.
    pub fn left_over(&self) -> Vec<String> {
        let mut left = self.left_now();
        // What a program has written before its end may still be on its way to us.
        let until = Instant::now() + Duration::from_secs(5);
        while !left.is_empty() && self.has_ended() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
            left = self.left_now();
        }
        left
    }

    fn has_ended(&self) -> bool {
        let pid = self.child.process_id().map_or(String::new(), |pid| pid.to_string());
        !std::path::Path::new("/proc").join(pid).join("status").exists()
    }

    fn left_now(&self) -> Vec<String> {
        let mut left = Vec::new();
        let parser = self.parser.lock().expect("no holder panics");
        let screen = parser.screen();
        for (on, what) in [
            (screen.alternate_screen(), "the alternate screen"),
            (screen.hide_cursor(), "a hidden cursor"),
            (screen.bracketed_paste(), "bracketed paste"),
            (screen.application_cursor(), "application cursor keys"),
            (screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None, "the mouse"),
        ] {
            if on {
                left.push(what.to_owned());
            }
        }
        let name = self.master.tty_name().expect("it has a name");
        let stty = std::process::Command::new("stty").arg("-F").arg(name).arg("-a").output().expect("stty runs");
        let modes = String::from_utf8_lossy(&stty.stdout).into_owned();
        let off = modes.split_whitespace().filter(|word| ["-icanon", "-echo", "-isig", "-opost"].contains(word));
        left.extend(off.map(str::to_owned));
        left
    }

    /// The cost of the program and its children over a time.
    pub fn cost_over(&self, time: Duration) -> Cost {
        let pid = self.child.process_id().expect("it runs");
        let (cpu, bytes, began) = (cpu_seconds(pid), self.bytes.load(Ordering::Relaxed), Instant::now());
        std::thread::sleep(time);
        let seconds = began.elapsed().as_secs_f64();
        Cost {
            cpu_pct: 100.0 * (cpu_seconds(pid) - cpu) / seconds,
            tty_bytes_s: (self.bytes.load(Ordering::Relaxed) - bytes) as f64 / seconds,
            rss_mib: rss_mib(pid),
            threads: threads(pid),
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), self.child.process_id()) {
            let _ = std::process::Command::new("kill").arg(pid.to_string()).status();
        }
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
    }
}

fn nonzero(cells: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(cells).expect("a terminal has cells")
}

/// What a program costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Percent of one core.
    pub cpu_pct: f64,
    /// Bytes a second written to its terminal.
    pub tty_bytes_s: f64,
    /// Resident memory.
    pub rss_mib: f64,
    /// Threads.
    pub threads: u64,
}

/// The process and its descendants.
fn tree(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut i = 0;
    while i < all.len() {
        let path = format!("/proc/{0}/task/{0}/children", all[i]);
        let children = std::fs::read_to_string(path).unwrap_or_default();
        all.extend(children.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        i += 1;
    }
    all
}

fn cpu_seconds(pid: u32) -> f64 {
    let ticks: f64 = tree(pid)
        .iter()
        .filter_map(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            // utime and stime are fields 14 and 15; what is left of the line begins with field 3.
            Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
        })
        .sum();
    ticks / 100.0
}

fn status_sum(pid: u32, key: &str) -> u64 {
    tree(pid)
        .iter()
        .filter_map(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find(|line| line.starts_with(key))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .sum()
}

fn rss_mib(pid: u32) -> f64 {
    status_sum(pid, "VmRSS:") as f64 / 1024.0
}

fn threads(pid: u32) -> u64 {
    status_sum(pid, "Threads:")
}

/// The p-th percentile of some durations by nearest rank, in milliseconds.
pub fn percentile(times: &mut [Duration], p: usize) -> f64 {
    times.sort();
    let i = (times.len() * p).div_ceil(100).clamp(1, times.len()) - 1;
    times[i].as_secs_f64() * 1000.0
}
