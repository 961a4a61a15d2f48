//! Light hosts of the fleet and a config that names them.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// N bare sshd on loopback, each with a log.
pub struct LightFleet {
    dir: PathBuf,
    state: tempfile::TempDir,
    env: [(&'static str, &'static str); 1],
    count: usize,
}

impl LightFleet {
    /// Starts them, writing so many lines a second each.
    pub fn up(count: usize, rate: &str) -> Self {
        let dir = PathBuf::from("/var/tmp/quarterdeck-measure");
        let state = tempfile::tempdir().expect("a temporary folder");
        // The environment outlives the programs started with it, which end before the process does.
        let home: &'static str = Box::leak(state.path().to_str().expect("UTF-8").to_owned().into_boxed_str());
        let fleet = Self { dir, state, env: [("XDG_STATE_HOME", home)], count };
        fleet.run(&["light", &count.to_string(), rate]);
        fleet
    }

    fn run(&self, args: &[&str]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fleet/fleet");
        let done = Command::new(script)
            .args(args)
            .env("FLEET_DIR", &self.dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the fleet script runs");
        assert!(done.success(), "fleet {args:?} failed");
    }

    /// What the measured program needs in its environment.
    pub fn env(&self) -> &[(&'static str, &'static str)] {
        &self.env
    }

    /// Path of a config with all of them and their logs.
    pub fn config(&self) -> String {
        let mut text = format!("[fleet]\nname = \"light\"\n[ssh]\nconfig = \"{}\"\n", self.ssh_config());
        for host in 1..=self.count {
            text.push_str(&format!("[[host]]\nname = \"{}\"\n", name(host)));
        }
        text.push_str("[[service]]\nname = \"app\"\nhosts = [\"light-*\"]\n");
        text.push_str("logs = [{ file = \"/var/log/myservice/app.log\" }]\n");
        let path = self.state.path().join("quarterdeck.toml");
        std::fs::write(&path, text).expect("the config is written");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn ssh_config(&self) -> String {
        self.dir.join("light/ssh_config").to_str().expect("UTF-8").to_owned()
    }

    /// How long one plain `ssh HOST true` takes.
    pub fn ssh_true(&self, host: usize) -> Duration {
        let began = Instant::now();
        let done = Command::new("ssh").args(["-F", &self.ssh_config(), &name(host), "true"]).status();
        assert!(done.is_ok_and(|status| status.success()), "ssh {} true", name(host));
        began.elapsed()
    }

    /// The log of a host, as this machine sees it.
    pub fn log_file(&self, host: usize) -> String {
        let path = self.dir.join("light").join(name(host)).join("log/myservice/app.log");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Appends a line to a host's log.
    pub fn append(&self, host: usize, message: &str) {
        let mut file =
            std::fs::OpenOptions::new().create(true).append(true).open(self.log_file(host)).expect("the log opens");
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
        writeln!(file, "ts={now} level=info host={} msg={message}", name(host)).expect("the log takes a line");
    }
}

impl Drop for LightFleet {
    fn drop(&mut self) {
        self.run(&["down"]);
    }
}

fn name(host: usize) -> String {
    format!("light-{host:03}")
}
