//! Two hosts on one real sshd, with a systemd of a few lines of shell that does what a test wants.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;

use crate::sshd::{Sshd, me};

/// What stands for systemctl: a unit is a folder with its state; `broken` makes a start fail, `loops` makes it crash.
const SYSTEMCTL: &str = r#"#!/bin/sh
unit=$QD_UNITS/$QD_HOST
verb=$1
case $verb in
show)
    echo LoadState=loaded
    for key in ActiveState SubState InvocationID NRestarts; do echo "$key=$(cat "$unit/$key")"; done
    echo Type=simple
    if [ -e "$unit/loops" ]; then
        n=$(cat "$unit/NRestarts")
        echo $((n + 1)) >"$unit/NRestarts"
        echo "run$n" >"$unit/InvocationID"
    fi ;;
restart | start)
    echo "$verb $2" >>"$unit/calls"
    if [ -e "$unit/broken-once" ]; then rm "$unit/broken-once"; echo "Job for $2 failed." >&2; exit 1; fi
    if [ -e "$unit/broken" ]; then echo "Job for $2 failed." >&2; exit 1; fi
    date +%s%N >"$unit/InvocationID"; echo 0 >"$unit/NRestarts"
    echo active >"$unit/ActiveState"; echo running >"$unit/SubState"
    if [ -e "$unit/slow" ]; then sleep 3; fi ;;
stop)
    echo "$verb $2" >>"$unit/calls"
    echo inactive >"$unit/ActiveState"; echo dead >"$unit/SubState" ;;
esac
"#;

/// What stands for sudo: it lets systemctl act, unless `no-sudo` is there.
const SUDO: &str = r#"#!/bin/sh
[ "$1" = -n ] || { echo "a password is required" >&2; exit 1; }
shift
export QD_SUDO=1
[ ! -e "$QD_UNITS/no-sudo" ] || { echo "sudo: a password is required" >&2; exit 1; }
if [ "$1" = -l ]; then exit 0; fi
if [ "$1" = -u ]; then
    user=$2
    shift 2
    echo "$user $1" >>"$QD_UNITS/$QD_HOST/as"
fi
exec "$@"
"#;

/// What stands for systemd-run, as far as the runner is started by it.
const SYSTEMD_RUN: &str = r#"#!/bin/sh
echo "$*" >>"$QD_UNITS/$QD_HOST/started"
while [ "${1#-}" != "$1" ]; do shift; done
setsid "$@" </dev/null >/dev/null 2>&1 &
"#;

/// What stands for mv: where `lose-start` is there it ends the connection that it runs on, in the midst of a start, once.
const MV: &str = r#"#!/bin/sh
/bin/mv "$@"
rc=$?
case $* in *plan.sh)
    if [ -e "$QD_UNITS/$QD_HOST/lose-start" ] && mkdir "$QD_UNITS/$QD_HOST/lost" 2>/dev/null; then
        pid=$PPID
        while [ "$pid" -gt 1 ]; do
            case $(cat "/proc/$pid/comm") in sshd*) kill -9 "$pid"; break ;; esac
            pid=$(cut -d' ' -f4 "/proc/$pid/stat")
        done
    fi ;;
esac
exit $rc
"#;

/// What stands for journalctl: the file `journal` of a unit, which only root may read.
const JOURNALCTL: &str = r#"#!/bin/sh
[ -n "$QD_SUDO" ] || exit 1
after=''
for word; do case $word in --cursor=*) after=${word#*=} ;; esac; done
cat "$QD_UNITS/$QD_HOST/journal" 2>/dev/null | sed -n "/\"__CURSOR\":\"$after/,\$p"
"#;

const ID: &str = "#!/bin/sh\ncase $1 in -u) echo 1000 ;; -un) echo deploy ;; *) exec /usr/bin/id \"$@\" ;; esac\n";

/// Which shell and tools its hosts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    /// Those of this machine, whose sh is dash.
    Gnu,
    /// The same, with bash as sh.
    Bash,
    /// Busybox for everything.
    Busybox,
}

/// The world of a test.
pub struct World {
    sshds: Vec<Sshd>,
    folder: tempfile::TempDir,
}

/// The hosts of every world.
pub const HOSTS: [&str; 2] = ["box-1", "box-2"];

impl World {
    /// Two hosts that run the service `api`, in an environment with these keys.
    pub fn new(environment: &str) -> Self {
        Self::of(environment, Tools::Gnu)
    }

    /// An environment in which nothing is dear, on hosts with these tools.
    pub fn with_tools(tools: Tools) -> Self {
        Self::of("[[environment]]\nname = \"production\"\ncareful = false\n", tools)
    }

    fn of(environment: &str, tools: Tools) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        for (name, text) in [
            ("systemctl", SYSTEMCTL),
            ("sudo", SUDO),
            ("id", ID),
            ("systemd-run", SYSTEMD_RUN),
            ("journalctl", JOURNALCTL),
        ] {
            let file = bin.join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        let (world, mut path) = (folder.path().display(), "/usr/bin:/bin".to_owned());
        match tools {
            Tools::Gnu => {
                let file = bin.join("mv");
                std::fs::write(&file, MV).unwrap();
                std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            }
            Tools::Bash => std::os::unix::fs::symlink("/bin/bash", bin.join("sh")).unwrap(),
            Tools::Busybox => {
                let applets = folder.path().join("busybox");
                std::fs::create_dir(&applets).unwrap();
                let listed = std::process::Command::new("busybox").arg("--list").output().unwrap();
                for applet in text(&listed.stdout).lines() {
                    std::os::unix::fs::symlink("/usr/bin/busybox", applets.join(applet)).unwrap();
                }
                // Debian's is built without it; wherever that is so, util-linux is there.
                if !applets.join("flock").exists() {
                    std::os::unix::fs::symlink("/usr/bin/flock", applets.join("flock")).unwrap();
                }
                path = applets.display().to_string();
            }
        }
        // The first host's service and its logs, at hand.
        for name in ["app", "log"] {
            std::os::unix::fs::symlink(format!("roots/box-1/var/{name}"), folder.path().join(name)).unwrap();
        }
        let mut config = format!(
            "[fleet]\nenvironment = \"production\"\n{environment}\n[ssh]\nconfig = \"{world}/ssh_config\"\n\
             connect_timeout = \"5s\"\n"
        );
        let mut sshds = Vec::new();
        let (mut known, mut ssh_config) = (String::new(), format!("UserKnownHostsFile {world}/known_hosts\n"));
        for host in HOSTS {
            let unit = folder.path().join("units").join(host);
            std::fs::create_dir_all(&unit).unwrap();
            for (key, value) in
                [("ActiveState", "active"), ("SubState", "running"), ("InvocationID", "first"), ("NRestarts", "0")]
            {
                std::fs::write(unit.join(key), value).unwrap();
            }
            // Two hosts on one machine are two machines to whoever asks.
            let root = folder.path().join("roots").join(host);
            for folder in ["etc", "var/app", "var/log"] {
                std::fs::create_dir_all(root.join(folder)).unwrap();
            }
            std::fs::write(root.join("etc/machine-id"), format!("{host}\n")).unwrap();
            std::os::unix::fs::symlink("/proc", root.join("proc")).unwrap();
            let sshd = Sshd::with(&format!(
                "SetEnv PATH={world}/bin:{path} QD_UNITS={world}/units QD_HOST={host} QD_ROOT={world}/roots/{host}"
            ));
            known.push_str(&format!("[127.0.0.1]:{} {}\n", sshd.port(), sshd.host_key("ed25519")));
            ssh_config.push_str(&format!(
                "Host {host}\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n",
                sshd.port(),
                me(),
                sshd.path("id").display()
            ));
            config.push_str(&format!("[[host]]\nname = \"{host}\"\ntags = [\"box\"]\n"));
            sshds.push(sshd);
        }
        config.push_str(
            "[[service]]\nname = \"api\"\nhosts = [\"box-*\"]\nunit = \"api.service\"\n[service.deploy]\n\
             gate = { timeout = \"5s\", every = \"100ms\", min_stable = \"300ms\" }\n\
             [[action]]\nname = \"touch\"\nhosts = [\"box-1\"]\ncommand = [\"touch\", \"{arg.file}\"]\nlevel = 1\n\
             args = { file = { ask = \"Which\", match = '^/[a-zA-Z0-9/._-]+$' } }\n",
        );
        std::fs::write(folder.path().join("known_hosts"), known).unwrap();
        std::fs::write(folder.path().join("ssh_config"), ssh_config).unwrap();
        std::fs::write(folder.path().join("quarterdeck.toml"), config).unwrap();
        Self { sshds, folder }
    }

    /// A careful environment that is read-only until it is armed, as production is by itself.
    pub fn careful() -> Self {
        Self::new("")
    }

    /// An environment in which nothing is dear.
    pub fn relaxed() -> Self {
        Self::new("[[environment]]\nname = \"production\"\ncareful = false\n")
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The arguments that name its config.
    pub fn config(&self) -> String {
        self.path("quarterdeck.toml").display().to_string()
    }

    /// The environment of its `qd`: a home of its own.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let home = self.path("home");
        std::fs::create_dir_all(&home).unwrap();
        ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"].map(|name| (name, home.display().to_string())).to_vec()
    }

    /// Runs `qd` without a terminal.
    pub fn qd(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The same, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("qd").unwrap();
        command.env_remove("QUARTERDECK_READ_ONLY").envs(self.env()).current_dir(self.path("home"));
        command.args(["--config", &self.config()]).args(args).timeout(std::time::Duration::from_secs(60));
        command
    }

    /// The same as a process that goes on beside the test.
    pub fn process(&self, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_qd"));
        command.env_remove("QUARTERDECK_READ_ONLY").envs(self.env()).current_dir(self.path("home"));
        command.args(["--config", &self.config()]).args(args).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The journal of a host's only run, as far as it has come.
    pub fn journal(&self, host: &str) -> String {
        let run = std::fs::read_dir(self.root(host).join("var/app/.quarterdeck/runs")).ok();
        let run = run.and_then(|mut runs| runs.next()?.ok());
        run.and_then(|run| std::fs::read_to_string(run.path().join("journal.jsonl")).ok()).unwrap_or_default()
    }

    /// Waits until a host's journal holds this.
    pub fn wait_for(&self, host: &str, what: &str) {
        let began = Instant::now();
        while !self.journal(host).contains(what) {
            assert!(began.elapsed() < Duration::from_secs(60), "{what} never came: {}", self.journal(host));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What systemctl was told on a host to do.
    pub fn calls(&self, host: &str) -> Vec<String> {
        let calls = std::fs::read_to_string(self.path("units").join(host).join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    /// What a host's unit folder holds in a file.
    pub fn told(&self, host: &str, name: &str) -> String {
        std::fs::read_to_string(self.path("units").join(host).join(name)).unwrap_or_default()
    }

    /// What a file in its folder holds.
    pub fn told_file(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default().trim().to_owned()
    }

    /// Puts a mark into a host's unit, such as `broken`.
    pub fn mark(&self, host: &str, name: &str) {
        std::fs::write(self.path("units").join(host).join(name), "").unwrap();
    }

    /// The folder that a host takes for its root.
    pub fn root(&self, host: &str) -> PathBuf {
        self.path("roots").join(host)
    }

    /// What the audit holds.
    pub fn audit(&self) -> Vec<Value> {
        let out = self.qd(&["audit", "--json"]);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Ends a host's connections; its sshd takes new ones.
    pub fn cut(&self, host: usize) {
        let is_sshd = |pid: &String| {
            std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("sshd"))
        };
        let connections: Vec<String> = self.sshds[host].sessions().into_iter().filter(is_sshd).collect();
        let killed = std::process::Command::new("kill").arg("-KILL").args(connections).status();
        assert!(killed.unwrap().success());
    }

    /// Stops a host's sshd.
    pub fn stop(&mut self, host: usize) {
        self.sshds[host].stop();
    }
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a file is there.
pub fn exists(path: &Path) -> bool {
    path.exists()
}
