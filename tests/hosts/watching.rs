//! This machine, watched.

use std::time::Duration;

use quarterdeck::hosts::HostEvent;

use crate::world::{SOON, Watched, local, plan};

fn kb(text: &str, key: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_figures_are_those_of_the_machine() {
    let mut here = Watched::start(local(), plan(1000));
    let facts = here.wait("facts", |event| if let HostEvent::Facts(facts) = event { Some(facts) } else { None }).await;
    let uname = std::process::Command::new("uname").arg("-sr").output().unwrap().stdout;
    assert_eq!(facts.kernel.unwrap(), String::from_utf8(uname).unwrap().trim());
    let sample = here
        .wait("whole sample", |event| match event {
            // A clock that was read late on a busy machine seems to be wrong.
            HostEvent::Sampled(sample)
                if sample.cpu.is_some()
                    && sample.slow.is_some()
                    && sample.clock_skew_ms.is_some_and(|skew| skew.abs() < 2000.0) =>
            {
                Some(sample)
            }
            _ => None,
        })
        .await;
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
    let mem = sample.mem.unwrap();
    assert_eq!(mem.total, kb(&meminfo, "MemTotal:") * 1024);
    let drift = mem.available.abs_diff(kb(&meminfo, "MemAvailable:") * 1024);
    assert!(drift < mem.total / 5, "{drift} bytes off");
    let cores = std::fs::read_to_string("/proc/stat").unwrap().lines().filter(|l| l.starts_with("cpu")).count() - 1;
    assert_eq!(sample.cores, u32::try_from(cores).ok());
    let cpu = sample.cpu.unwrap();
    assert!((0.0..=100.0).contains(&cpu.pct) && cpu.per_core.len() == cores);
    let df = std::process::Command::new("df").args(["-Pk", "/"]).output().unwrap().stdout;
    let df = String::from_utf8(df).unwrap();
    let total: u64 = df.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    let disks = sample.slow.unwrap().disks.unwrap();
    assert_eq!(disks.iter().find(|disk| disk.mount == "/").unwrap().total_bytes, total * 1024);
}

#[tokio::test]
async fn a_host_that_is_looked_at_is_sampled_more_often() {
    let mut here = Watched::start(local(), plan(1000));
    let is_sample = |event| if let HostEvent::Sampled(sample) = event { Some(sample.at) } else { None };
    // Past the quick first ones, three seconds go by between two samples of a host that nobody looks at.
    for _ in 0..3 {
        here.wait("first samples", is_sample).await;
    }
    here.watch.focus(true);
    let mut last = here.wait("a sample", is_sample).await;
    let mut often = 0;
    // Two in a row: one alone may have been late and the next not.
    here.wait("two that come soon after each other", |event| {
        let next = is_sample(event)?;
        assert!(next > last, "each sample is later than the one before");
        often = if next - last < chrono::TimeDelta::milliseconds(2500) { often + 1 } else { 0 };
        last = next;
        (often == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lost_link_is_a_gap_and_then_goes_on() {
    let transport = local();
    let mut here = Watched::start(transport.clone(), plan(500));
    let is_sample = |event| if let HostEvent::Sampled(sample) = event { Some(sample) } else { None };
    here.wait("the slow tier", |event| is_sample(event).and_then(|sample| sample.slow)).await;
    transport.declare_dead(1, "a test");
    here.wait("a gap", |event| (event == HostEvent::Gap).then_some(())).await;
    let first = here.wait("a sample after it", is_sample).await;
    assert_eq!(first.cpu, None, "rates do not reach over a gap");
    assert!(first.slow.is_some(), "the slow tier is carried over, with its own time");
    here.wait("rates again", |event| is_sample(event).and_then(|sample| sample.cpu)).await;
}

#[tokio::test]
async fn a_reader_who_lags_finds_the_newest_and_nothing_piles_up() {
    let mut here = Watched::start(local(), plan(50));
    here.watch.focus(true);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let woke = chrono::Utc::now();
    let mut stale = 0;
    here.wait("a fresh sample", |event| match event {
        HostEvent::Sampled(sample) if sample.at >= woke => Some(()),
        HostEvent::Sampled(_) => {
            stale += 1;
            None
        }
        _ => None,
    })
    .await;
    assert!(stale <= 3, "{stale} samples had piled up");
}

#[tokio::test]
async fn processes_come_at_once_and_then_with_their_share() {
    let mut here = Watched::start(local(), plan(1000));
    let busy = std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let busy = Kill(busy);
    here.watch.processes();
    let is_list = |event| if let HostEvent::Processes(list) = event { Some(list.unwrap()) } else { None };
    let first = here.wait("a list", is_list).await;
    assert!(first.iter().any(|process| process.pid == busy.0.id() && process.cpu_pct.is_none()));
    assert!(first.iter().all(|process| !process.user.is_empty()));
    let second = here.wait("shares", is_list).await;
    let found = second.iter().find(|process| process.pid == busy.0.id()).unwrap();
    assert!(found.cpu_pct.unwrap() > 0.0, "{found:?}");
    assert_eq!(found.command, "sh");
}

#[tokio::test]
async fn what_nobody_watches_leaves_nothing_running() {
    let mut here = Watched::start(local(), plan(1000));
    here.wait("a sample", |event| matches!(event, HostEvent::Sampled(_)).then_some(())).await;
    assert_eq!(own_probes(), 1);
    drop(here);
    let ended = async {
        while own_probes() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(SOON, ended).await.expect("the probe ends with its reader");
}

/// Shells in `/proc` that this test program started.
fn own_probes() -> usize {
    let me = std::process::id().to_string();
    let is_probe = |pid: &str| {
        let at = std::path::Path::new("/proc").join(pid);
        let parent = std::fs::read_to_string(at.join("status")).ok().and_then(|status| {
            status.lines().find_map(|line| line.strip_prefix("PPid:").map(|parent| parent.trim().to_owned()))
        });
        parent.as_deref() == Some(me.as_str())
            && std::fs::read_link(at.join("cwd")).is_ok_and(|cwd| cwd.ends_with("proc"))
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| is_probe(&entry.file_name().to_string_lossy())).count()
}

/// Ends a process with the test.
struct Kill(std::process::Child);

impl Drop for Kill {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
