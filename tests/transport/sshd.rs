//! A private sshd on loopback, with keys of its own: most of SSH is tested on it, without root and without the fleet.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::domain::host::{Host, TransportChoice};
use quarterdeck::domain::settings::{HostKeyPolicy, SshSettings};
use quarterdeck::transport::{Asker, Connector, Nobody, SharedTransport};

/// A running sshd.
pub struct Sshd {
    folder: tempfile::TempDir,
    daemon: Child,
    port: u16,
}

impl Sshd {
    /// Starts one with sshd's defaults.
    pub fn start() -> Self {
        Self::with("")
    }

    /// Starts one with lines of sshd_config put before the defaults of the test.
    pub fn with(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        keygen(&path("host_ed25519"), &["-t", "ed25519", "-N", ""]);
        keygen(&path("host_rsa"), &["-t", "rsa", "-b", "2048", "-N", ""]);
        keygen(&path("id"), &["-t", "ed25519", "-N", ""]);
        std::fs::copy(path("id.pub"), path("authorized")).unwrap();
        // sshd wants its empty folder when it runs as root.
        let _ = std::fs::create_dir_all("/run/sshd");
        let at = folder.path().display();
        // Another test's may be quicker to take a port: then it is another one.
        let (port, daemon) = (0..10)
            .find_map(|_| {
                let port = unused_port();
                // SHLVL: bash reads the rc file of whoever runs the tests only in an outermost shell, and what that says
                // and costs is not ours to test.
                let text = format!(
                    "{config}\nListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host_ed25519\n\
                     HostKey {at}/host_rsa\nAuthorizedKeysFile {at}/authorized\nStrictModes no\nUsePAM no\n\
                     PidFile {at}/pid\nPermitRootLogin yes\nPasswordAuthentication no\n\
                     KbdInteractiveAuthentication no\nLogLevel ERROR\nMaxStartups 100\nSetEnv SHLVL=5\n"
                );
                std::fs::write(path("sshd_config"), text).unwrap();
                Some((port, listening(folder.path())?))
            })
            .unwrap_or_else(|| panic!("sshd does not start: {}", log_of(folder.path())));
        let sshd = Self { folder, daemon, port };
        sshd.write_known_hosts("ed25519");
        sshd
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        log_of(self.folder.path())
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its public key of a type, as `type base64`.
    pub fn host_key(&self, kind: &str) -> String {
        let text = std::fs::read_to_string(self.path(&format!("host_{kind}.pub"))).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// Makes its key of a type the one that is known.
    pub fn write_known_hosts(&self, kind: &str) {
        self.known_hosts(&format!("[127.0.0.1]:{} {}\n", self.port, self.host_key(kind)));
    }

    /// Writes the known_hosts file.
    pub fn known_hosts(&self, text: &str) {
        std::fs::write(self.path("known_hosts"), text).unwrap();
    }

    /// A host that reaches it.
    pub fn host(&self, transport: TransportChoice) -> Host {
        let mut host = Host::named("box", "test");
        host.address = Some("127.0.0.1".into());
        host.port = Some(self.port);
        host.user = Some(me());
        host.identity_file = Some(self.path("id"));
        host.transport = transport;
        host
    }

    /// Settings that read nothing of the person's own.
    pub fn settings(&self) -> SshSettings {
        self.settings_with("")
    }

    /// The same, with lines in the ssh config.
    pub fn settings_with(&self, ssh_config: &str) -> SshSettings {
        std::fs::write(self.path("ssh_config"), ssh_config).unwrap();
        SshSettings {
            config: Some(self.path("ssh_config")),
            host_keys: HostKeyPolicy::Ask,
            known_hosts: vec![self.path("known_hosts")],
            use_agent: false,
            askpass: Some(env!("CARGO_BIN_EXE_qd").into()),
            ..SshSettings::default()
        }
    }

    /// Connects.
    pub fn connect(&self, transport: TransportChoice) -> SharedTransport {
        self.connect_as(&self.host(transport), self.settings(), Arc::new(Nobody))
    }

    /// Connects in a way of its own.
    pub fn connect_as(&self, host: &Host, settings: SshSettings, asker: Arc<dyn Asker>) -> SharedTransport {
        Connector::new(settings, vec![], asker).connect(host)
    }

    /// The processes that serve its connections.
    pub fn sessions(&self) -> Vec<String> {
        let all = Command::new("ps").args(["-eo", "pid=,ppid="]).output().unwrap();
        let all = String::from_utf8(all.stdout).unwrap();
        let pairs: Vec<(&str, &str)> = all.lines().filter_map(|l| l.trim().split_once(char::is_whitespace)).collect();
        let mut found = vec![self.daemon.id().to_string()];
        let mut n = 0;
        while n < found.len() {
            let parent = found[n].clone();
            found.extend(pairs.iter().filter(|(_, p)| p.trim() == parent).map(|(pid, _)| (*pid).to_owned()));
            n += 1;
        }
        found.remove(0);
        found
    }

    /// Sends a signal to everything that serves its connections.
    pub fn signal_sessions(&self, signal: &str) {
        let _ = Command::new("kill").arg(format!("-{signal}")).args(self.sessions()).stderr(Stdio::null()).status();
    }

    /// Stops it, connections and all. One that it took between a look at them and its own end would live on: it stands
    /// still meanwhile.
    pub fn stop(&mut self) {
        let _ = Command::new("kill").args(["-STOP", &self.daemon.id().to_string()]).stderr(Stdio::null()).status();
        self.signal_sessions("KILL");
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }

    /// Starts it anew on the same port.
    pub fn restart(&mut self) {
        self.daemon = listening(self.folder.path()).unwrap_or_else(|| panic!("sshd does not start: {}", self.log()));
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.signal_sessions("CONT");
        self.stop();
    }
}

/// Starts an sshd with the config of its folder, and waits until it listens: it writes its PidFile then. None when it
/// ends instead.
fn listening(folder: &Path) -> Option<Child> {
    let pid = folder.join("pid");
    let _ = std::fs::remove_file(&pid);
    // sshd runs itself anew for each connection and wants its own path for that.
    let mut daemon = Command::new("/usr/sbin/sshd")
        .args(["-D", "-f"])
        .arg(folder.join("sshd_config"))
        .arg("-E")
        .arg(folder.join("log"))
        .stdin(Stdio::null())
        .spawn()
        .expect("sshd is installed (Debian: openssh-server)");
    let begun = Instant::now();
    while !pid.exists() {
        if daemon.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "sshd does not start: {}", log_of(folder));
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(daemon)
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// Makes a key.
pub fn keygen(file: &Path, args: &[&str]) {
    let done = Command::new("ssh-keygen").args(["-q", "-f"]).arg(file).args(args).status().unwrap();
    assert!(done.success(), "ssh-keygen {args:?}");
}

/// A port that nobody listens on, below those that a system gives to connections and to whoever asks for any: such a
/// one could be somebody else's before sshd has it, and again while it is stopped.
fn unused_port() -> u16 {
    let random = || 10_000 + (RandomState::new().hash_one(()) % 20_000) as u16;
    std::iter::repeat_with(random).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// Whoever runs the tests.
pub fn me() -> String {
    let name = Command::new("id").arg("-un").output().unwrap().stdout;
    String::from_utf8(name).unwrap().trim().to_owned()
}
