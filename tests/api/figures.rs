//! What a large account costs, for people to read:
//! `cargo nextest run --release --test api --ignore-default-filter --run-ignored all --no-capture figures::`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::stripe::large::{Large, Size};

/// A line of `/proc/PID/status`, in MiB.
fn memory(pid: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

#[test]
#[ignore = "a figure: takes a minute, and tells what it took"]
fn ten_thousand_subscriptions_and_a_hundred_thousand_charges() {
    let large = Large::start(Size { subscriptions: 10_000, charges: 100_000 });
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("quarterdeck.toml");
    let text = format!("[stripe]\nurl = \"{}\"\nkey = {{ env = \"KEY\" }}\nrefresh = \"2s\"\n", large.server.origin);
    std::fs::write(&config, text).unwrap();
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_qd"))
        .args(["--config", config.to_str().unwrap(), "counters", "--watch", "--json"])
        .env("KEY", "rk_live_1")
        .env("HOME", home.path())
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let (took, requests) = (began.elapsed(), large.server.seen().len());
    let (peak, now) = (memory(child.id(), "VmHWM:"), memory(child.id(), "VmRSS:"));
    let again = Instant::now();
    lines.next().unwrap().unwrap();
    let (second, more) = (again.elapsed(), large.server.seen().len() - requests);
    child.kill().unwrap();
    child.wait().unwrap();
    println!(
        "120,000 objects: {requests} requests ({} at once at most), {:.1} s, {peak:.0} MiB at most, {now:.0} MiB after; \
         the next look: {more} requests, {:.1} s; {} bytes of JSON",
        large.most.load(Ordering::SeqCst),
        took.as_secs_f64(),
        second.as_secs_f64(),
        first.len(),
    );
}
