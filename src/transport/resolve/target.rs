//! What is dialed, and how.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{SshOptions, Written};
use crate::domain::host::{HostName, LinkError, LinkErrorKind};
use crate::domain::settings::{HostKeyPolicy, SshSettings};
use crate::transport::error::fail;
use crate::transport::known_hosts::lookup_name;

/// Which agent holds keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agent {
    /// None may be used.
    No,
    /// The one that `SSH_AUTH_SOCK` names.
    Environment,
    /// The one at this socket.
    Socket(PathBuf),
}

/// Everything that is needed to reach one host, after the winner rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host's name in the config.
    pub host: HostName,
    /// Address or DNS name.
    pub address: String,
    /// TCP port.
    pub port: u16,
    /// Login name.
    pub user: String,
    /// Private keys, in the order in which they are tried.
    pub identity_files: Vec<PathBuf>,
    /// Certificates for them.
    pub certificate_files: Vec<PathBuf>,
    /// Whether the agent may offer only keys that `identity_files` name.
    pub identities_only: bool,
    /// The agent.
    pub agent: Agent,
    /// Whether keys may be tried at all.
    pub pubkey: bool,
    /// Whether the server may ask questions.
    pub keyboard_interactive: bool,
    /// Whether a password may be sent.
    pub password: bool,
    /// The name under which the host key is looked up.
    pub known_as: String,
    /// known_hosts files, the one that is appended to first.
    pub known_hosts: Vec<PathBuf>,
    /// Whether names are hashed when a key is kept.
    pub hash_known_hosts: bool,
    /// What to do with an unknown host key.
    pub host_keys: HostKeyPolicy,
    /// Where to jump, in ssh's ProxyJump form.
    pub jump: Option<String>,
    /// Silence after which the peer is asked for a sign of life.
    pub keepalive: Duration,
    /// How long a dial and the authentication after it may take together.
    pub connect_timeout: Duration,
    /// Which address family may be used.
    pub family: Family,
    /// Whether compression was asked for.
    pub compression: bool,
    /// The options themselves, for what only the system's ssh can do.
    pub options: SshOptions,
}

/// Address families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Both, in the resolver's order.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Silence after which a peer is asked for a sign of life, where the ssh config says nothing.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// What of this machine goes into a target.
#[derive(Clone, Debug, Default)]
pub struct Here {
    /// The home folder.
    pub home: PathBuf,
    /// The login name.
    pub user: String,
}

impl Here {
    /// This machine and whoever runs the program.
    pub fn now() -> Self {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()).unwrap_or_default();
        let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|u| !u.is_empty()));
        Self { home, user: user.unwrap_or_else(|| "root".to_owned()) }
    }
}

impl Target {
    /// Applies the winner rule.
    pub fn new(
        host: &HostName,
        written: &Written,
        options: SshOptions,
        settings: &SshSettings,
        here: &Here,
    ) -> Result<Self, LinkError> {
        let address = written.address.as_deref().or(options.some("hostname")).unwrap_or(&written.name).to_owned();
        let port = written.port.or_else(|| options.get("port")?.parse().ok()).unwrap_or(22);
        let user = written.user.as_deref().or(options.some("user")).unwrap_or(&here.user).to_owned();
        for (what, text) in [("address", &address), ("user", &user)] {
            if !super::is_plain(text) {
                return Err(fail(
                    LinkErrorKind::Config,
                    format!("{host}: the {what} {text:?} of the ssh config cannot be used"),
                    "correct HostName or User in the ssh config",
                ));
            }
        }
        let alias = options.some("hostkeyalias");
        let files = Files { written, address: &address, port, user: &user, here };
        let certificate_files = options.all("certificatefile").filter_map(|file| files.path(file)).collect();
        let identity_files = match &written.identity_file {
            Some(file) => vec![file.clone()],
            None if settings.use_agent => options.all("identityfile").filter_map(|file| files.path(file)).collect(),
            None => vec![],
        };
        let known_hosts = if settings.known_hosts.is_empty() {
            let names = ["userknownhostsfile", "globalknownhostsfile"].map(|name| options.words(name));
            names.iter().flatten().filter_map(|file| files.path(file)).collect()
        } else {
            settings.known_hosts.clone()
        };
        let strict = options.yes("stricthostkeychecking") || settings.host_keys == HostKeyPolicy::Strict;
        Ok(Self {
            known_as: lookup_name(&address, port, alias),
            identity_files,
            certificate_files,
            identities_only: options.yes("identitiesonly"),
            agent: agent(&options, settings, &files),
            pubkey: !options.no("pubkeyauthentication"),
            keyboard_interactive: !options.no("kbdinteractiveauthentication"),
            password: !options.no("passwordauthentication"),
            known_hosts,
            hash_known_hosts: options.yes("hashknownhosts"),
            host_keys: if strict { HostKeyPolicy::Strict } else { settings.host_keys },
            jump: written.jump.clone().or_else(|| options.some("proxyjump").map(str::to_owned)),
            keepalive: seconds(&options, "serveraliveinterval").unwrap_or(KEEPALIVE),
            connect_timeout: settings.connect_timeout,
            family: match options.get("addressfamily") {
                Some("inet") => Family::V4,
                Some("inet6") => Family::V6,
                _ => Family::Any,
            },
            compression: options.yes("compression"),
            host: host.clone(),
            address,
            port,
            user,
            options,
        })
    }

    /// `user@host`, for messages.
    pub fn account(&self) -> String {
        format!("{}@{}", self.user, self.host)
    }

    /// `address:port`, for messages.
    pub fn place(&self) -> String {
        if self.address.contains(':') {
            format!("[{}]:{}", self.address, self.port)
        } else {
            format!("{}:{}", self.address, self.port)
        }
    }
}

fn seconds(options: &SshOptions, name: &str) -> Option<Duration> {
    let seconds = options.get(name)?.parse().ok().filter(|&seconds| seconds > 0)?;
    Some(Duration::from_secs(seconds))
}

fn agent(options: &SshOptions, settings: &SshSettings, files: &Files<'_>) -> Agent {
    if !settings.use_agent {
        return Agent::No;
    }
    match options.get("identityagent") {
        None | Some("SSH_AUTH_SOCK") => Agent::Environment,
        Some(none) if none.eq_ignore_ascii_case("none") => Agent::No,
        Some(variable) if variable.starts_with('$') => {
            let name = variable.trim_start_matches('$').trim_matches(['{', '}']);
            std::env::var_os(name).map_or(Agent::No, |path| Agent::Socket(path.into()))
        }
        Some(path) => files.path(path).map_or(Agent::No, Agent::Socket),
    }
}

/// Expands what `ssh -G` prints unexpanded in file names.
struct Files<'t> {
    written: &'t Written,
    address: &'t str,
    port: u16,
    user: &'t str,
    here: &'t Here,
}

impl Files<'_> {
    /// The path with `~` and the tokens of ssh_config(5) expanded; `None` for `none` and unknown tokens.
    fn path(&self, text: &str) -> Option<PathBuf> {
        if text.is_empty() || text.eq_ignore_ascii_case("none") {
            return None;
        }
        let home = self.here.home.to_str()?;
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next()? {
                '%' => out.push('%'),
                'd' => out.push_str(home),
                'h' => out.push_str(self.address),
                'k' | 'n' => out.push_str(&self.written.name),
                'p' => out.push_str(&self.port.to_string()),
                'r' => out.push_str(self.user),
                'u' => out.push_str(&self.here.user),
                _ => return None,
            }
        }
        Some(match out.strip_prefix("~/") {
            Some(rest) => Path::new(home).join(rest),
            None => PathBuf::from(out),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::Host;

    const SSH_G: &str = "user conf\nhostname 10.0.0.9\nport 2200\nidentityfile ~/.ssh/id_%r\nidentityfile %d/k\n\
        userknownhostsfile ~/.ssh/known_hosts /x\nglobalknownhostsfile /etc/g\nproxyjump gate\n\
        stricthostkeychecking ask\nhashknownhosts yes\nserveraliveinterval 0\naddressfamily inet\n";

    fn target(change: impl FnOnce(&mut Host, &mut SshSettings), ssh_g: &str) -> Target {
        let (mut host, mut settings) = (Host::named("web", "e"), SshSettings::default());
        change(&mut host, &mut settings);
        let written = Written::new(&host, &settings).unwrap();
        let here = Here { home: "/home/me".into(), user: "me".into() };
        Target::new(&host.name, &written, SshOptions::parse(ssh_g), &settings, &here).unwrap()
    }

    #[test]
    fn what_nobody_wrote_comes_from_ssh_g() {
        let t = target(|_, _| {}, SSH_G);
        assert_eq!((t.address.as_str(), t.port, t.user.as_str()), ("10.0.0.9", 2200, "conf"));
        assert_eq!(t.identity_files, [PathBuf::from("/home/me/.ssh/id_conf"), "/home/me/k".into()]);
        assert_eq!(t.known_hosts, [PathBuf::from("/home/me/.ssh/known_hosts"), "/x".into(), "/etc/g".into()]);
        assert_eq!((t.jump.as_deref(), t.known_as.as_str()), (Some("gate"), "[10.0.0.9]:2200"));
        assert_eq!((t.host_keys, t.hash_known_hosts, t.family), (HostKeyPolicy::Ask, true, Family::V4));
        assert_eq!((t.keepalive, &t.agent), (KEEPALIVE, &Agent::Environment));
    }

    #[test]
    fn what_is_written_wins() {
        let t = target(
            |host, settings| {
                host.address = Some("192.0.2.1".into());
                host.port = Some(22);
                host.identity_file = Some("/own".into());
                settings.defaults.user = Some("team".into());
                settings.defaults.jump = Some("bastion".into());
            },
            SSH_G,
        );
        assert_eq!((t.address.as_str(), t.port, t.user.as_str()), ("192.0.2.1", 22, "team"));
        assert_eq!((t.identity_files, t.jump.as_deref()), (vec!["/own".into()], Some("bastion")));
        assert_eq!(t.known_as, "192.0.2.1");
    }

    #[test]
    fn without_any_ssh_config_the_name_is_the_address() {
        let t = target(|_, _| {}, "");
        assert_eq!((t.address.as_str(), t.port, t.user.as_str(), t.jump), ("web", 22, "me", None));
    }

    #[test]
    fn host_keys_are_never_weakened_by_the_ssh_config() {
        for (written, ssh, expected) in [
            (HostKeyPolicy::Ask, "no", HostKeyPolicy::Ask),
            (HostKeyPolicy::Ask, "false", HostKeyPolicy::Ask),
            (HostKeyPolicy::Ask, "accept-new", HostKeyPolicy::Ask),
            (HostKeyPolicy::Ask, "true", HostKeyPolicy::Strict),
            (HostKeyPolicy::Strict, "no", HostKeyPolicy::Strict),
            (HostKeyPolicy::AcceptNew, "ask", HostKeyPolicy::AcceptNew),
            (HostKeyPolicy::AcceptNew, "yes", HostKeyPolicy::Strict),
        ] {
            let t = target(|_, s| s.host_keys = written, &format!("stricthostkeychecking {ssh}\n"));
            assert_eq!(t.host_keys, expected, "{written:?} {ssh}");
        }
    }

    #[test]
    fn agent_and_alias() {
        assert_eq!(target(|_, _| {}, "identityagent none\n").agent, Agent::No);
        assert_eq!(target(|_, _| {}, "identityagent ~/a.sock\n").agent, Agent::Socket("/home/me/a.sock".into()));
        let t = target(|_, s| s.use_agent = false, SSH_G);
        assert_eq!((t.agent, t.identity_files.len()), (Agent::No, 0));
        assert_eq!(target(|_, _| {}, "hostkeyalias Fleet\nport 99\n").known_as, "fleet");
    }

    #[test]
    fn an_ssh_config_cannot_smuggle_options() {
        let host = Host::named("web", "e");
        let written = Written::new(&host, &SshSettings::default()).unwrap();
        for ssh_g in ["hostname -oX=y\n", "user -x\n", "hostname a\u{1b}b\n"] {
            let options = SshOptions::parse(ssh_g);
            assert!(Target::new(&host.name, &written, options, &SshSettings::default(), &Here::default()).is_err());
        }
    }
}
