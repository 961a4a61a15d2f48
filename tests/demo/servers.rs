//! What the servers do and refuse.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::ssh::{demo, read, run, ssh};

/// Waits until something is so; a generous ceiling on what must not hang.
fn wait_until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_run_in_the_made_up_host() {
    let demo = demo(3).await;
    for host in ["web-1", "web-2", "db-1"] {
        assert_eq!(read(&demo, host, "hostname"), format!("{host}\n"));
        assert_eq!(read(&demo, host, "cat \"$QD_ROOT/etc/hostname\""), format!("{host}\n"));
        assert!(read(&demo, host, "cat \"$QD_ROOT/proc/loadavg\"").split(' ').count() == 5);
    }
    assert!(read(&demo, "db-1", "df -Pk").contains("/var"));
    assert!(read(&demo, "web-1", "uname -sr").starts_with("Linux 6.1"));
    let shown = read(&demo, "web-1", "systemctl show -p ActiveState,NRestarts myservice.service nosuch.service");
    assert_eq!(shown, "ActiveState=active\nNRestarts=0\n\nActiveState=inactive\n");
    let environment = read(&demo, "web-1", "env");
    assert!(!environment.contains("SSH_AUTH_SOCK") && !environment.contains("CARGO"), "{environment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_restarted_stopped_and_started_and_it_shows() {
    let demo = demo(3).await;
    let show =
        |property: &str| read(&demo, "web-1", &format!("systemctl show -p {property} --value myservice.service"));
    let (pid, invocation) = (show("MainPID"), show("InvocationID"));
    assert!(read(&demo, "web-1", "sudo -n -l systemctl restart myservice.service").contains("restart"));
    // When it returns, it is done.
    read(&demo, "web-1", "sudo -n systemctl restart myservice");
    assert_eq!(show("ActiveState"), "active\n");
    assert!(show("MainPID") != pid && show("InvocationID") != invocation && show("NRestarts") == "0\n");
    assert!(!read(&demo, "web-1", "ls \"$QD_ROOT/proc\"").lines().any(|name| name == pid.trim()));
    let journal = read(&demo, "web-1", "journalctl -o json -q -u myservice.service -n 5");
    assert!(
        journal.contains("Stopping myservice.service") && journal.contains("Started myservice.service"),
        "{journal}"
    );

    read(&demo, "db-1", "systemctl stop jobs");
    let state = run(&demo, "db-1", "systemctl is-active jobs.service");
    assert_eq!((state.stdout.as_slice(), state.status.code()), (&b"inactive\n"[..], Some(3)));
    assert!(!read(&demo, "db-1", "ps -e").contains(" jobs\n"));
    read(&demo, "db-1", "systemctl start jobs");
    assert!(run(&demo, "db-1", "systemctl is-active jobs").status.success());
    let unknown = run(&demo, "web-1", "systemctl restart nosuch");
    assert_eq!(unknown.status.code(), Some(5), "{unknown:?}");
    // Another host is another host.
    assert_eq!(read(&demo, "web-2", "systemctl show -p MainPID --value myservice.service"), pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_read_from_its_end_from_a_cursor_and_by_unit() {
    let demo = demo(1).await;
    let last = read(&demo, "web-1", "journalctl -o json --no-pager -q -n 5");
    let entries: Vec<serde_json::Value> = last.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 5);
    let cursor = entries[2]["__CURSOR"].as_str().unwrap();
    let resumed = read(&demo, "web-1", &format!("journalctl -o json -q '--cursor={cursor}'"));
    assert!(resumed.starts_with(last.lines().nth(2).unwrap()), "inclusive, as systemd's: {resumed}");
    let unit = read(&demo, "web-1", "journalctl -o json -q -u ssh -n 4");
    assert!(unit.lines().count() == 4 && unit.lines().all(|line| line.contains("ssh.service")), "{unit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_exit_codes_and_signals_come_back() {
    let demo = demo(1).await;
    let out = run(&demo, "web-1", "echo out; echo err >&2; exit 7");
    assert_eq!((out.stdout, out.stderr, out.status.code()), (b"out\n".to_vec(), b"err\n".to_vec(), Some(7)));
    assert_eq!(run(&demo, "web-1", "nosuchprogram").status.code(), Some(127));
    // What ssh says of a remote signal.
    assert_eq!(run(&demo, "web-1", "kill -TERM $$").status.code(), Some(255));
    assert_eq!(run(&demo, "web-1", "sudo true").status.code(), Some(127), "never this machine's sudo");
}

#[tokio::test(flavor = "multi_thread")]
async fn input_flows_both_ways_and_ends() {
    let demo = demo(1).await;
    let mut child =
        ssh(&demo, "web-1").arg("cat; echo end").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let sent: Vec<u8> = (0..8_u32 << 20).map(|i| (i % 251) as u8).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = {
        let sent = sent.clone();
        std::thread::spawn(move || stdin.write_all(&sent).unwrap())
    };
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.stdout.strip_suffix(b"end\n") == Some(&sent), "{} bytes came back", out.stdout.len());

    // A command that reads nothing of what it is sent ends all the same.
    let mut child = ssh(&demo, "web-1").arg("exit 3").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(&sent);
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_takes_its_whole_process_group_with_it() {
    let demo = demo(1).await;
    let mark = demo.folder().join("mark");
    let command = format!(
        "sleep 1000 & echo $$ $! >'{0}.new'; mv '{0}.new' '{0}'; trap '' HUP TERM; sleep 1000; wait",
        mark.display()
    );
    let mut child = ssh(&demo, "web-1").arg(command).spawn().unwrap();
    wait_until("the command runs", || mark.exists());
    let pids = std::fs::read_to_string(&mark).unwrap();
    let alive = || pids.split_whitespace().any(runs);
    assert!(alive());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("both processes are gone", || !alive());
}

/// Whether a process runs (a zombie does not).
fn runs(pid: &str) -> bool {
    let out = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    out.status.success() && !out.stdout.starts_with(b"Z")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_demo_ends_what_runs_in_it() {
    let demo = demo(2).await;
    let mark = demo.folder().join("web-2/tmp/mark");
    let mut child =
        ssh(&demo, "web-2").arg("echo $$ >$TMPDIR/new; mv $TMPDIR/new $TMPDIR/mark; sleep 1000").spawn().unwrap();
    wait_until("the command runs", || mark.exists());
    let pid = std::fs::read_to_string(&mark).unwrap().trim().to_owned();
    let folder = demo.folder().to_owned();
    drop(demo);
    assert!(!folder.exists());
    wait_until("the process is gone", || !runs(&pid));
    assert!(!child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_hosts_own_service_can_be_dialed() {
    let demo = demo(3).await;
    // -W writes our input to the address and what comes back to our output.
    let dial = |host: &str, to: &str, request: &str| {
        let mut child = ssh(&demo, host)
            .args(["-W", to])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The connection may be refused before all is written.
        let _ = child.stdin.as_mut().unwrap().write_all(request.as_bytes());
        let out = child.wait_with_output().unwrap();
        (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let (health, _) = dial("web-1", "127.0.0.1:8000", &get("/healthz"));
    assert!(health.starts_with("HTTP/1.1 200 ") && health.ends_with("\r\n\r\nok\n"), "{health}");
    let (version, _) = dial("web-2", "localhost:8000", &get("/version"));
    assert!(version.contains("\"version\":\"1.4.2\""), "{version}");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let real = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    for (host, to) in [("web-1", real.as_str()), ("db-1", "127.0.0.1:8000"), ("web-1", "192.0.2.1:8000")] {
        let (out, err) = dial(host, to, &get("/healthz"));
        assert!(out.is_empty() && err.contains("open failed"), "{host} {to}: {out} {err}");
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody reached a real port of this machine");
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_subsystems_and_other_keys_are_refused() {
    let demo = demo(1).await;
    let out = ssh(&demo, "web-1").arg("-tt").output().unwrap();
    assert!(!out.status.success(), "an interactive shell: {out:?}");
    let out = ssh(&demo, "web-1").args(["-s", "sftp"]).output().unwrap();
    assert!(!out.status.success(), "sftp: {out:?}");
    let out =
        ssh(&demo, "web-1").args(["-R", "0:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes", "true"]).output().unwrap();
    assert!(!out.status.success(), "a forwarding from the host: {out:?}");

    let other = demo.folder().join("other");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&other).status();
    assert!(made.unwrap().success());
    let out = std::process::Command::new("ssh")
        .args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no"])
        .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none", "-i"])
        .arg(other)
        .args(["-p", &demo.settings.hosts[0].port.unwrap().to_string(), "deploy@127.0.0.1", "true"])
        .output()
        .unwrap();
    assert!(!out.status.success() && String::from_utf8_lossy(&out.stderr).contains("Permission denied"), "{out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_grow_while_one_looks() {
    let demo = demo(3).await;
    let count = |host: &str, file: &str| {
        read(&demo, host, &format!("cat \"$QD_ROOT\"{file} | wc -l")).trim().parse::<u64>().unwrap()
    };
    let logs = [
        ("web-1", "/var/log/myservice/app.log"),
        ("web-2", "/var/log/nginx/access.log"),
        ("db-1", "/var/log/postgresql/postgresql-16-main.log"),
        ("db-1", "/var/log/jobs/jobs.json"),
    ];
    for (host, file) in logs {
        let before = count(host, file);
        assert!(before > 50, "{file} has a history: {before}");
        wait_until(&format!("{file} grows"), || count(host, file) > before);
    }
    let cpu = || read(&demo, "web-1", "head -n1 \"$QD_ROOT/proc/stat\"");
    let before = cpu();
    wait_until("/proc/stat moves", || cpu() != before);
}
