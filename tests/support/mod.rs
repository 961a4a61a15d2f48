//! What tests share: the fleet of real hosts, the hosted APIs' stand-ins, a small HTTP server. `tests/run` brings the
//! fleet up and sets `QD_FLEET`; tests that need it are `#[ignore]`d for a plain `cargo test`, named `fleet_…`, and run
//! one at a time.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod fake_apis;
pub mod http_server;
pub mod schema;

use std::path::PathBuf;
use std::process::Command;

/// The running fleet.
pub struct Fleet {
    dir: PathBuf,
}

impl Fleet {
    /// The fleet that `QD_FLEET` (or `FLEET_DIR`, or the default place) names. Panics when none is up.
    pub fn running() -> Self {
        let dir = std::env::var_os("QD_FLEET")
            .or_else(|| std::env::var_os("FLEET_DIR"))
            .map_or_else(|| PathBuf::from("/var/tmp/fleet"), PathBuf::from);
        assert!(
            dir.join("ssh/config").exists(),
            "no fleet in {}: run tests/run, or tests/fleet/fleet up 3",
            dir.display()
        );
        Self { dir }
    }

    /// Path of the ssh config that knows every host.
    pub fn ssh_config(&self) -> PathBuf {
        self.dir.join("ssh/config")
    }

    /// Path of a file in the fleet's ssh folder, such as `id_passphrase` or `known_hosts`.
    pub fn ssh_file(&self, name: &str) -> PathBuf {
        self.dir.join("ssh").join(name)
    }

    /// Runs a command of the fleet script, such as `["cut", "web-1"]`; panics when it fails.
    pub fn run(&self, args: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fleet/fleet");
        let out = Command::new(script).args(args).env("FLEET_DIR", &self.dir).output().expect("the fleet script runs");
        assert!(out.status.success(), "fleet {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Runs a command as root inside a host, not through its network.
    pub fn exec(&self, host: &str, command: &str) -> String {
        self.run(&["exec", host, command])
    }

    /// Makes the account `ana` on a host, with the password `open sesame`, the fleet's key and these lines of sudoers,
    /// until the guard is dropped.
    pub fn sudoer(&self, host: &str, sudoers: &str) -> Undo<'_> {
        let gone = "pkill -KILL -u ana; userdel -rf ana 2>/dev/null; rm -f /etc/sudoers.d/zz-ana /etc/ssh/authorized_keys.d/ana";
        let made = format!(
            "{{ {gone}; }}; useradd -m -s /bin/bash ana && echo ana:'open sesame' | chpasswd && \
             cp /etc/ssh/authorized_keys.d/deploy /etc/ssh/authorized_keys.d/ana && \
             printf '%s\\n' '{sudoers}' >/etc/sudoers.d/zz-ana && chmod 440 /etc/sudoers.d/zz-ana && visudo -cq"
        );
        self.during(&["exec", host, &made], &["exec", host, &format!("{gone}; true")])
    }

    /// Runs a command of the fleet script now, and its opposite when the guard is dropped (`cut`/`heal` and so on).
    pub fn during(&self, now: &[&str], after: &[&str]) -> Undo<'_> {
        self.run(now);
        Undo { fleet: self, args: after.iter().map(|s| (*s).to_owned()).collect() }
    }
}

/// Puts a host back as it was, also when the test panics.
pub struct Undo<'f> {
    fleet: &'f Fleet,
    args: Vec<String>,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        self.fleet.run(&args);
    }
}
