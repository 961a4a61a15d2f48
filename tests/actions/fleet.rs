//! Actions on real hosts: systemd, sudo with exact commands, and a real service.

use std::process::Output;

use serde_json::Value;

use crate::support::Fleet;

/// `qd` over the fleet, with a home of its own.
pub struct Cockpit {
    home: tempfile::TempDir,
}

impl Cockpit {
    /// A config over three hosts of the fleet that run `api`.
    pub fn new(fleet: &Fleet) -> Self {
        Self::with(fleet, "")
    }

    /// The same, with more keys in its `[service.deploy]`.
    pub fn with(fleet: &Fleet, deploy: &str) -> Self {
        let cockpit = Self { home: tempfile::tempdir().unwrap() };
        cockpit.configure(fleet, deploy);
        cockpit
    }

    /// Writes its config, with more keys in its `[service.deploy]`.
    pub fn configure(&self, fleet: &Fleet, deploy: &str) {
        let config = format!(
            "[fleet]\nenvironment = \"production\"\n[ssh]\nconfig = \"{}\"\n[[host]]\nname = \"web-1\"\n\
             [[host]]\nname = \"web-2\"\n[[host]]\nname = \"db-1\"\n[[service]]\nname = \"api\"\n\
             hosts = [\"web-*\", \"db-1\"]\nunit = \"myservice.service\"\n\
             health = \"http://127.0.0.1:8000/healthz\"\nversion = \"http://127.0.0.1:8000/version\"\n[service.deploy]\n\
             root = \"/var/myservice\"\nbake = \"0s\"\n{deploy}\n\
             gate = {{ timeout = \"15s\", successes = 2, every = \"200ms\", min_stable = \"1500ms\" }}\n",
            fleet.ssh_config().display()
        );
        std::fs::write(self.home.path().join("quarterdeck.toml"), config).unwrap();
    }

    /// A path in its home.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    /// `qd`, not yet started.
    pub fn command(&self, args: &[&str]) -> std::process::Command {
        let home = self.home.path();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_qd"));
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(name, home);
        }
        command.arg("--config").arg(home.join("quarterdeck.toml")).args(args);
        command
    }

    /// Runs `qd`.
    pub fn qd(&self, args: &[&str]) -> Output {
        self.command(args).stdin(std::process::Stdio::null()).output().unwrap()
    }
}

fn invocation(fleet: &Fleet, host: &str) -> String {
    fleet.exec(host, "systemctl show -p InvocationID --value myservice")
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_a_restart_goes_over_three_hosts_and_stops_at_the_first_that_fails() {
    let fleet = Fleet::running();
    let cockpit = Cockpit::new(&fleet);
    let hosts = ["web-1", "web-2", "db-1"];
    let before = hosts.map(|host| invocation(&fleet, host));
    let out = cockpit.qd(&["restart", "api", "--arm", "production", "--yes", "--json"]);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{out:?}"));
    assert_eq!(document["result"], "ok", "{out:?}");
    for (host, before) in hosts.iter().zip(&before) {
        assert_ne!(invocation(&fleet, host), *before, "{host} was restarted");
        assert_eq!(fleet.exec(host, "systemctl is-active myservice").trim(), "active");
    }
    // web-1 gets a release that answers 500: its gate does not pass, and the others are left alone.
    let _back = fleet.during(
        &["exec", "web-1", "ln -sfn releases/1.5.1 /var/myservice/current"],
        &["exec", "web-1", "ln -sfn releases/1.4.2 /var/myservice/current; systemctl restart myservice"],
    );
    let others = invocation(&fleet, "web-2");
    let out = cockpit.qd(&["restart", "api", "--arm", "production", "--yes", "--json", "--reason", "a test"]);
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    let results: Vec<&str> =
        document["hosts"].as_array().unwrap().iter().map(|host| host["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["failed", "not_done", "not_done"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(document["hosts"][0]["detail"].as_str().unwrap().contains("HTTP 500"), "{document}");
    assert!(said.contains("msg=") && said.contains("path=/healthz status=500"), "the last log lines are shown: {said}");
    assert_eq!(invocation(&fleet, "web-2"), others);
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_sudo_is_asked_before_and_given_exactly_what_the_plan_shows() {
    let fleet = Fleet::running();
    let cockpit = Cockpit::new(&fleet);
    let out = cockpit.qd(&["reload", "api", "--arm", "production", "--yes"]);
    assert_eq!(out.status.code(), Some(1));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("deploy ALL=(root) NOPASSWD: /usr/bin/systemctl reload myservice.service"), "{said}");
    let out = cockpit.qd(&["exec", "web-1", "web-2", "--arm", "production", "--yes", "--group", "--", "id", "-un"]);
    assert_eq!(String::from_utf8_lossy(&out.stdout), "── web-1, web-2 (2)\ndeploy\n");
}
