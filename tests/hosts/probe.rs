//! The probe itself, under the shells and tools of several systems.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use quarterdeck::hosts::frame::{Frame, Reader};
use quarterdeck::hosts::probe::{Ask, script};
use quarterdeck::hosts::slow;
use quarterdeck::hosts::tick::Tick;

/// The applets of busybox that the probe may call, as the only commands there are.
fn busybox() -> tempfile::TempDir {
    let found = Command::new("sh").args(["-c", "command -v busybox"]).output().unwrap().stdout;
    let path = String::from_utf8(found).unwrap();
    assert!(!path.is_empty(), "busybox is needed: apt-get install busybox");
    let bin = tempfile::tempdir().unwrap();
    for applet in ["sh", "grep", "df", "date", "uname", "timeout", "cat", "sed", "ps", "sleep"] {
        symlink(path.trim(), bin.path().join(applet)).unwrap();
    }
    bin
}

/// A command of one's own.
fn write_command(bin: &Path, name: &str, text: &str) {
    let path = bin.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A running probe.
struct Probe {
    child: Child,
    out: BufReader<ChildStdout>,
    reader: Reader,
}

impl Probe {
    fn start(shell: &mut Command, units: &[&str]) -> Self {
        Self::start_with(shell, units, &[], &[])
    }

    fn start_with(shell: &mut Command, units: &[&str], containers: &[&str], states: &[&str]) -> Self {
        let [units, containers, states] = [units, containers, states]
            .map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>());
        let mut child = shell
            .args(["-c", &script(&units, &containers, &states)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, reader: Reader::new() }
    }

    fn ask(&mut self, asks: &[Ask]) {
        let input = self.child.stdin.as_mut().unwrap();
        for ask in asks {
            input.write_all(ask.line().as_bytes()).unwrap();
        }
    }

    /// Answers up to the wanted one, which comes last.
    fn until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::new();
        while !frames.last().is_some_and(&wanted) {
            let mut line = Vec::new();
            assert_ne!(self.out.read_until(b'\n', &mut line).unwrap(), 0, "the probe ended: {frames:?}");
            frames.extend(self.reader.feed(&line));
        }
        frames
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // Its background jobs too.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

#[test]
fn busybox_knows_all_that_is_asked_of_it() {
    let bin = busybox();
    let mut shell = Command::new(bin.path().join("sh"));
    let mut probe = Probe::start(shell.env("PATH", bin.path()), &["nginx.service"]);
    probe.ask(&[Ask::Fast, Ask::Clock(4), Ask::Disks]);
    let frames = probe.until(|frame| matches!(frame, Frame::Disks(_)));
    let fast = frames.iter().find_map(|frame| if let Frame::Fast(block) = frame { Some(block) } else { None }).unwrap();
    let sample = Tick::read(fast, now()).sample(None);
    assert!(sample.mem.is_some() && sample.load.is_some() && sample.cores.is_some() && sample.uptime_s.is_some());
    assert!(frames.iter().any(|frame| matches!(frame, Frame::Clock(4, time) if time.starts_with("1"))));
    let Some(Frame::Disks(block)) = frames.last() else { panic!() };
    let disks = slow::disks(block, &mut Default::default(), now()).unwrap();
    assert!(disks.iter().any(|disk| disk.mount == "/"), "{disks:?}");
    // No systemd: unknown, not none.
    probe.ask(&[Ask::Units]);
    let frames = probe.until(|frame| matches!(frame, Frame::Units(_)));
    let Some(Frame::Units(block)) = frames.last() else { panic!() };
    assert_eq!(slow::units(block, &["nginx.service".to_owned()], now()).failed_units, None);
}

#[test]
fn a_hung_df_delays_neither_ticks_nor_the_heartbeat_nor_the_units() {
    let bin = busybox();
    std::fs::remove_file(bin.path().join("df")).unwrap();
    std::fs::remove_file(bin.path().join("timeout")).unwrap();
    write_command(bin.path(), "df", "exec sleep 1000");
    write_command(bin.path(), "systemctl", "[ \"$1\" != list-units ] || echo 'bad.service loaded failed failed x'");
    let mut shell = Command::new(bin.path().join("sh"));
    let mut probe = Probe::start(shell.env("PATH", bin.path()), &[]);
    let began = Instant::now();
    probe.ask(&[Ask::Disks, Ask::Beat(1)]);
    let mut frames = probe.until(|frame| *frame == Frame::Beat(1));
    // What the job says before it hangs may cut one tick in two, and only one.
    for _ in 0..2 {
        probe.ask(&[Ask::Fast]);
        frames.extend(probe.until(|frame| matches!(frame, Frame::Fast(_) | Frame::Torn)));
    }
    assert!(frames.iter().any(|frame| matches!(frame, Frame::Fast(_))), "{frames:?}");
    // Asked by itself: a block that another one cuts in two is torn, and dropped.
    probe.ask(&[Ask::Units]);
    probe.until(|frame| matches!(frame, Frame::Units(_)));
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(!frames.iter().any(|frame| matches!(frame, Frame::Disks(_))));
}

#[test]
fn a_docker_without_its_daemon_does_not_hide_what_podman_runs() {
    let bin = busybox();
    write_command(bin.path(), "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    write_command(bin.path(), "podman", "[ \"$7\" = api ] && echo 'api running 2 2026-11-21 01:17:40.5 +0000 UTC'");
    let mut shell = Command::new(bin.path().join("sh"));
    let mut probe = Probe::start_with(shell.env("PATH", bin.path()), &[], &["api"], &[]);
    probe.ask(&[Ask::Units]);
    let frames = probe.until(|frame| matches!(frame, Frame::Units(_)));
    let Some(Frame::Units(block)) = frames.last() else { panic!() };
    let found: Vec<_> = slow::containers(block).into_iter().map(|c| (c.name, c.status, c.restarts)).collect();
    assert_eq!(found, [("api".to_owned(), "running".to_owned(), Some(2))]);
}

#[test]
fn a_run_that_begins_is_told_once_with_the_next_beat_and_nothing_is_started_for_it() {
    let bin = busybox();
    let busybox = bin.path().join("sh");
    for shell in [Path::new("sh"), Path::new("bash"), &busybox] {
        let root = tempfile::tempdir().unwrap();
        let runs = |state: &str| root.path().join(state).join("runs");
        let begin = |state: &str, id: &str| std::fs::create_dir_all(runs(state).join(id)).unwrap();
        std::fs::create_dir(root.path().join("proc")).unwrap();
        begin("a b", "01M7ZN8YB7HS97MQA6H6PYAAV6");
        begin("a b", "01M7ZNM47JXZXXVCDGBE9CMDF0");
        begin("a b", "zz\nrun:01M7ZZZZZZZZZZZZZZZZZZZZZZ");
        let mut command = Command::new(shell);
        let mut probe = Probe::start_with(command.env("QD_ROOT", root.path()), &[], &[], &["/a b", "/c", "/none"]);
        let mut told = |beat: u64| {
            probe.ask(&[Ask::Beat(beat), Ask::Clock(beat)]);
            let frames = probe.until(|frame| matches!(frame, Frame::Clock(..)));
            let id = |frame| if let Frame::Run(id) = frame { Some(id) } else { None };
            frames.into_iter().filter_map(id).collect::<Vec<String>>()
        };
        assert_eq!(told(1), ["01M7ZNM47JXZXXVCDGBE9CMDF0"], "{shell:?}");
        assert!(told(2).is_empty(), "{shell:?}");
        begin("c", "01M7ZNM47JXZXXVCDGBE9CMDF1");
        begin("a b", "01M7ZNM47JXZXXVCDGBE9CMDF2");
        assert_eq!(told(3), ["01M7ZNM47JXZXXVCDGBE9CMDF2", "01M7ZNM47JXZXXVCDGBE9CMDF1"], "{shell:?}");
        // The newest was removed: what was told before is nothing new.
        std::fs::remove_dir(runs("c").join("01M7ZNM47JXZXXVCDGBE9CMDF1")).unwrap();
        assert!(told(4).is_empty(), "{shell:?}");
    }
}

#[test]
fn the_probe_ends_with_its_input() {
    let mut probe = Probe::start(&mut Command::new("sh"), &[]);
    probe.ask(&[Ask::Beat(9)]);
    probe.until(|frame| *frame == Frame::Beat(9));
    drop(probe.child.stdin.take());
    let began = Instant::now();
    while probe.child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(20), "it runs on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn another_root_is_another_machine() {
    let root = tempfile::tempdir().unwrap();
    let proc = root.path().join("proc");
    std::fs::create_dir_all(proc.join("pressure")).unwrap();
    std::fs::create_dir_all(root.path().join("etc")).unwrap();
    std::fs::write(root.path().join("etc/os-release"), "ID=x\nPRETTY_NAME=\"Made Up 1\"\n").unwrap();
    std::fs::write(proc.join("uptime"), "12.50 20.00\n").unwrap();
    std::fs::write(proc.join("meminfo"), "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\n").unwrap();
    std::fs::write(proc.join("pressure/io"), "some avg10=4.00 avg60=0 avg300=0 total=1\n").unwrap();
    let mut probe = Probe::start(Command::new("sh").env("QD_ROOT", root.path()), &[]);
    probe.ask(&[Ask::Fast]);
    let frames = probe.until(|frame| matches!(frame, Frame::Fast(_)));
    let [Frame::Hello(hello), Frame::Fast(fast)] = frames.as_slice() else { panic!("{frames:?}") };
    assert_eq!(hello.lines("os"), ["PRETTY_NAME=\"Made Up 1\""]);
    let sample = Tick::read(fast, now()).sample(None);
    assert_eq!((sample.uptime_s, sample.mem.map(|mem| mem.pct())), (Some(12.5), Some(75.0)));
    assert_eq!((sample.psi.io_some, sample.psi.cpu_some, sample.load), (Some(4.0), None, None));
}

#[test]
fn a_background_job_never_spoils_a_tick_that_is_believed() {
    // Many processors make a fast tick of several pieces, between which a job may write.
    let root = tempfile::tempdir().unwrap();
    let proc = root.path().join("proc");
    std::fs::create_dir_all(&proc).unwrap();
    let stat: String = (0..500).map(|n| format!("cpu{n} 1000 2000 3000 4000 5000 6000 7000 8000 0 0\n")).collect();
    std::fs::write(proc.join("stat"), stat).unwrap();
    let mut probe = Probe::start(Command::new("sh").env("QD_ROOT", root.path()), &[]);
    let (mut whole, mut torn) = (0, 0);
    for _ in 0..20 {
        probe.ask(&[Ask::Disks, Ask::Fast, Ask::Fast, Ask::Fast]);
        let mut left = 4;
        while left > 0 {
            for frame in probe.until(|frame| !matches!(frame, Frame::Hello(_))) {
                match frame {
                    Frame::Fast(block) => {
                        assert_eq!(Tick::read(&block, now()).sample(None).cores, Some(500));
                        whole += 1;
                        left -= 1;
                    }
                    Frame::Torn => {
                        torn += 1;
                        left -= 1;
                    }
                    Frame::Disks(_) => left -= 1,
                    _ => {}
                }
            }
        }
    }
    assert_eq!(whole + torn, 60);
    assert!(whole > 0);
}
