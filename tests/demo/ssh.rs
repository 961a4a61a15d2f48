//! The system's `ssh`, as a client of the demo that shares no code with it.

use std::process::{Command, Output, Stdio};

use quarterdeck::demo::{Demo, DemoOptions, Scenario, start};
use quarterdeck::domain::host::Host;

/// A demo of so many hosts on an ordinary day.
pub async fn demo(hosts: usize) -> Demo {
    start(DemoOptions { hosts, seed: 1, scenario: Scenario::Quiet }).await.unwrap()
}

/// `ssh` to a host of the demo, with nothing of this machine's own configuration; arguments follow.
pub fn ssh(demo: &Demo, host: &str) -> Command {
    let Host { address, port, user, identity_file, .. } =
        demo.settings.hosts.iter().find(|h| h.name.as_str() == host).unwrap().clone();
    let known_hosts = demo.settings.ssh.known_hosts[0].display().to_string();
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"])
        .args(["-o", "IdentityAgent=none", "-o", "GlobalKnownHostsFile=none"])
        .arg("-o")
        .arg(format!("UserKnownHostsFile={known_hosts}"))
        .arg("-i")
        .arg(identity_file.unwrap())
        .args(["-p", &port.unwrap().to_string(), "-l", &user.unwrap(), &address.unwrap()])
        .stdin(Stdio::null());
    ssh
}

/// Runs a command on a host to its end.
pub fn run(demo: &Demo, host: &str, command: &str) -> Output {
    ssh(demo, host).arg(command).output().unwrap()
}

/// Runs a command that must succeed; its output.
pub fn read(demo: &Demo, host: &str, command: &str) -> String {
    let out = run(demo, host, command);
    assert!(out.status.success(), "{command}: {out:?}");
    String::from_utf8(out.stdout).unwrap()
}
