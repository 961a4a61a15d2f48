//! The table of figures: `cargo bench --bench measure`. It measures the release binary in a pseudo-terminal against
//! light hosts of the fleet (bare sshd on loopback) and, where they are installed, against lnav, multitail and htop.
//!
//! It asserts nothing about times: figures are for people, and depend on the machine.

mod flood;
mod hosts;
mod logs;
#[allow(dead_code, reason = "how programs end is asked elsewhere")]
mod tty;

use std::time::{Duration, Instant};

use hosts::LightFleet;
use tty::{Tty, percentile};

const QD: &str = env!("CARGO_BIN_EXE_qd");
const PATIENCE: Duration = Duration::from_secs(90);

fn main() {
    // `cargo test` builds benches too and calls them without `--bench`; there is nothing to test here.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    println!("{:<62} {:>10}", "what", "measured");
    for (name, measure) in [
        ("logs", logs::logs as fn()),
        ("start", start),
        ("live", all_live),
        ("append", append_to_screen),
        ("flood", flood),
        ("100k", flood::flood100k),
        ("idle", idle),
    ] {
        if is_wanted(name) {
            measure();
        }
    }
}

fn row(what: &str, measured: String) {
    println!("{what:<62} {measured:>10}");
}

fn ms(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn cost_row(what: &str, cost: tty::Cost) {
    row(&format!("{what}: CPU of one core"), format!("{:.1} %", cost.cpu_pct));
    row(&format!("{what}: memory"), format!("{:.0} MiB", cost.rss_mib));
    row(&format!("{what}: threads"), cost.threads.to_string());
    row(&format!("{what}: to the terminal"), format!("{:.0} B/s", cost.tty_bytes_s));
}

fn installed(program: &str) -> bool {
    std::process::Command::new("sh")
        .args(["-c", "command -v \"$1\" >/dev/null", "sh", program])
        .status()
        .is_ok_and(|status| status.success())
}

/// From the start of the program to the first thing on its screen.
fn start() {
    let fleet = LightFleet::up(3, "1");
    let config = fleet.config();
    let first = |argv: &[&str], env: &[(&str, &str)]| {
        let tty = Tty::start(argv, env, 120, 36);
        let began = tty.started();
        tty.wait(PATIENCE, "a first frame", |screen| !screen.trim().is_empty());
        began.elapsed()
    };
    let qd = median((0..7).map(|_| first(&[QD, "--config", &config], fleet.env())).collect());
    row("first frame after start, qd with 3 hosts", ms(qd));
    let log = fleet.log_file(1);
    for (program, argv) in [("htop", vec!["htop"]), ("lnav", vec!["lnav", log.as_str()])] {
        if installed(program) {
            let time = median((0..7).map(|_| first(&argv, &[])).collect());
            row(&format!("first frame after start, {program}"), ms(time));
        }
    }
}

/// From the start of the program to the moment when every host is up, beside one plain `ssh HOST true`.
fn all_live() {
    for n in [3, 50, 300] {
        let fleet = LightFleet::up(n, "1");
        let mut slowest = Duration::ZERO;
        for host in 1..=n.min(5) {
            slowest = slowest.max(fleet.ssh_true(host));
        }
        let times = (0..3)
            .map(|_| {
                let tty = Tty::start(&[QD, "--config", &fleet.config()], fleet.env(), 120, 36);
                let began = tty.started();
                tty.wait(PATIENCE, "all hosts up", |screen| screen.contains(&format!("{n} up")));
                began.elapsed()
            })
            .collect();
        row(&format!("all live from {n} hosts"), ms(median(times)));
        row(&format!("  the slowest of {} single `ssh HOST true`", n.min(5)), ms(slowest));
    }
}

/// From a line's write on a host to its showing on the screen: of one host, and merged with two others that speak too.
fn append_to_screen() {
    for (hosts, what) in [(1, "one host"), (3, "merged with two others")] {
        let fleet = LightFleet::up(hosts, "0");
        let tty = Tty::start(&[QD, "--config", &fleet.config()], fleet.env(), 120, 36);
        tty.wait(PATIENCE, "all hosts up", |screen| screen.contains(&format!("{hosts} up")));
        tty.keys("2");
        std::thread::sleep(Duration::from_secs(2));
        appended(&format!("append on a host -> on the screen, {what}"), 100, &tty, |i, marker| {
            fleet.append(1 + i % hosts, marker);
        });
        for peer in ["lnav", "multitail"].into_iter().filter(|peer| hosts == 1 && installed(peer)) {
            let tty = Tty::start(&[peer, &fleet.log_file(1)], &[], 120, 36);
            std::thread::sleep(Duration::from_secs(2));
            let what = format!("append to a local file -> on the screen, {peer}");
            appended(&what, 30, &tty, |_, marker| fleet.append(1, marker));
        }
    }
}

/// Appends lines one by one and waits for each to be seen.
fn appended(what: &str, lines: usize, tty: &Tty, append: impl Fn(usize, &str)) {
    let mut times: Vec<_> = (0..lines)
        .map(|i| {
            let marker = format!("marker-{i:04}-end");
            append(i, &marker);
            let time = tty.wait(PATIENCE, "the appended line", |screen| screen.contains(&marker));
            // Lines that come at odd moments, not each upon the last.
            std::thread::sleep(Duration::from_millis(37 + 13 * (i as u64 % 7)));
            time
        })
        .collect();
    row(&format!("{what}, p50"), format!("{:.0} ms", percentile(&mut times, 50)));
    row(&format!("{what}, p99"), format!("{:.0} ms", percentile(&mut times, 99)));
}

/// 2,000 lines a second from each of ten hosts: what it costs, and how soon a key is answered.
fn flood() {
    let fleet = LightFleet::up(10, "2000");
    let tty = Tty::start(&[QD, "--config", &fleet.config()], fleet.env(), 120, 36);
    tty.wait(PATIENCE, "all hosts up", |screen| screen.contains("10 up"));
    tty.keys("2");
    std::thread::sleep(Duration::from_secs(3));
    cost_row("20,000 lines/s from 10 hosts", tty.cost_over(Duration::from_secs(15)));
    // `?` opens and Esc closes the help, which shows on the screen without doubt.
    let cat = Tty::start(&["sh", "-c", "stty raw -echo; exec cat"], &[], 40, 5);
    let (mut times, mut echoes) = (Vec::new(), Vec::new());
    for n in 0..400 {
        // Each at a moment of its own: right after an answer the machine is likelier to be free.
        echoes.push(flood::echoed(&cat, n));
        std::thread::sleep(Duration::from_millis(13 + n as u64 * 7 % 31));
        let began = Instant::now();
        tty.keys("?");
        tty.wait(PATIENCE, "the help", |screen| screen.contains("Help"));
        times.push(began.elapsed());
        tty.keys("\x1b");
        tty.wait(PATIENCE, "the help to go", |screen| !screen.contains("Help"));
        std::thread::sleep(Duration::from_millis(13 + n as u64 * 11 % 31));
    }
    row("key -> frame in that flood, p50", format!("{:.1} ms", percentile(&mut times, 50)));
    row("key -> frame in that flood, p99", format!("{:.1} ms", percentile(&mut times, 99)));
    row("  the echo of a terminal with `cat` meanwhile, p99", format!("{:.1} ms", percentile(&mut echoes, 99)));
    let logs: Vec<String> = (1..=10).map(|host| fleet.log_file(host)).collect();
    // multitail makes a window of each file unless it is told to put it into the one before.
    for (peer, between) in [("lnav", None), ("multitail", Some("-I"))].into_iter().filter(|(peer, _)| installed(peer)) {
        let mut argv = vec![peer];
        for (n, log) in logs.iter().enumerate() {
            argv.extend(between.filter(|_| n > 0));
            argv.push(log);
        }
        let tty = Tty::start(&argv, &[], 120, 36);
        std::thread::sleep(Duration::from_secs(3));
        cost_row(&format!("the same files, locally, in {peer}"), tty.cost_over(Duration::from_secs(15)));
    }
}

/// Twenty quiet hosts.
fn idle() {
    let fleet = LightFleet::up(20, "0");
    let tty = Tty::start(&[QD, "--config", &fleet.config()], fleet.env(), 120, 36);
    tty.wait(PATIENCE, "all hosts up", |screen| screen.contains("20 up"));
    std::thread::sleep(Duration::from_secs(10));
    cost_row("20 quiet hosts", tty.cost_over(Duration::from_secs(30)));
    if installed("htop") {
        let tty = Tty::start(&["htop"], &[], 120, 36);
        std::thread::sleep(Duration::from_secs(3));
        cost_row("htop on this machine", tty.cost_over(Duration::from_secs(20)));
    }
}
