//! A hundred thousand lines a second from ten hosts, for a minute: whether any is lost, how far behind the screen is, and
//! what it costs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::hosts::LightFleet;
use super::tty::{Tty, percentile};
use super::{PATIENCE, QD, cost_row, row};

const HOSTS: usize = 10;
/// Lines a second of each host.
const RATE: u64 = 10_000;
const SECONDS: u64 = 60;
/// Between two writes to each file.
const TICK: Duration = Duration::from_millis(10);

/// How soon a terminal in which nothing but `cat` runs gives back what is typed: what the machine, busy with hosts too,
/// lets any program have.
pub fn echoed(cat: &Tty, n: usize) -> Duration {
    let typed = format!("{n:06}");
    let began = Instant::now();
    cat.keys(&typed);
    cat.wait(PATIENCE, "the echo", |screen| screen.contains(&typed));
    let took = began.elapsed();
    cat.keys("\r");
    took
}

/// All of it.
pub fn flood100k() {
    let fleet = LightFleet::up(HOSTS, "0");
    let tty = Tty::start(&[QD, "--config", &fleet.config()], fleet.env(), 120, 36);
    tty.wait(PATIENCE, "all hosts up", |screen| screen.contains(&format!("{HOSTS} up")));
    tty.keys("2");
    std::thread::sleep(Duration::from_secs(2));
    // Only the marked lines are shown: among all the others no eye would find them.
    tty.keys("fmarker-\r");
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let files: Vec<String> = (1..=HOSTS).map(|host| fleet.log_file(host)).collect();
    let writer = {
        let (stop, written) = (stop.clone(), written.clone());
        std::thread::spawn(move || write(&files, &stop, &written))
    };
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(2));
    let (before, at) = (written.load(Ordering::Relaxed), Instant::now());
    cost_row("100,000 lines/s from 10 hosts", tty.cost_over(Duration::from_secs(10)));
    let rate = (written.load(Ordering::Relaxed) - before) as f64 / at.elapsed().as_secs_f64();
    row("  written meanwhile", format!("{rate:.0} lines/s"));
    let cat = Tty::start(&["sh", "-c", "stty raw -echo; exec cat"], &[], 40, 5);
    let (mut behind, mut keys, mut echoes, mut markers) = (Vec::new(), Vec::new(), Vec::new(), 0);
    while began.elapsed().as_secs() < SECONDS {
        let marker = format!("marker-{markers:05}-end");
        fleet.append(1 + markers % HOSTS, &marker);
        markers += 1;
        behind.push(tty.wait(PATIENCE, "the marked line", |screen| screen.contains(&marker)));
        let pressed = Instant::now();
        tty.keys("?");
        tty.wait(PATIENCE, "the help", |screen| screen.contains("Help"));
        keys.push(pressed.elapsed());
        tty.keys("\x1b");
        tty.wait(PATIENCE, "the help to go", |screen| !screen.contains("Help"));
        echoes.push(echoed(&cat, markers));
        std::thread::sleep(Duration::from_millis(23 + 7 * (markers as u64 % 5)));
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("the writer ends");
    row(
        "  a line written -> on the screen (the hold of 250 ms in it), p50",
        format!("{:.0} ms", percentile(&mut behind, 50)),
    );
    row("  a line written -> on the screen, p99", format!("{:.0} ms", percentile(&mut behind, 99)));
    row("  key -> frame, p50", format!("{:.1} ms", percentile(&mut keys, 50)));
    row("  key -> frame, p99", format!("{:.1} ms", percentile(&mut keys, 99)));
    row("  the echo of a terminal with `cat` meanwhile, p99", format!("{:.1} ms", percentile(&mut echoes, 99)));
    let all = written.load(Ordering::Relaxed) + markers as u64;
    tty.keys(&format!("f{}\r", "\x7f".repeat(10)));
    std::thread::sleep(Duration::from_secs(5));
    let held = count(&tty.screen());
    row("  lines written, and of them held or let go", format!("{all}, {held}"));
    cost_row("  afterwards", tty.cost_over(Duration::from_secs(2)));
}

fn write(files: &[String], stop: &AtomicBool, written: &AtomicU64) {
    let mut open: Vec<std::fs::File> = (files.iter())
        .map(|path| std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the log opens"))
        .collect();
    let (began, mut turn, mut text) = (Instant::now(), 0_u32, String::new());
    let each = RATE * TICK.as_millis() as u64 / 1000;
    while !stop.load(Ordering::Relaxed) {
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        for (host, file) in open.iter_mut().enumerate() {
            text.clear();
            for n in 0..each {
                let n = u64::from(turn) * each + n;
                let _ = writeln!(
                    text,
                    "ts={now} level=info host=light-{host:03} n={n} path=/api/v1/orders/{} status=200 dur_ms={} msg=\"request served\"",
                    n % 977,
                    n % 97
                );
            }
            file.write_all(text.as_bytes()).expect("the log takes lines");
            written.fetch_add(each, Ordering::Relaxed);
        }
        turn += 1;
        std::thread::sleep((began + TICK * turn).saturating_duration_since(Instant::now()));
    }
}

/// The lines that the screen says it holds, and those that it says it let go.
fn count(screen: &str) -> u64 {
    let before = |word: &str| {
        let at = screen.find(word)?;
        let number = screen[..at].trim_end().rsplit(' ').next()?;
        number.replace(',', "").parse::<u64>().ok()
    };
    before(" lines").unwrap_or(0) + before(" older lines let go").unwrap_or(0)
}
