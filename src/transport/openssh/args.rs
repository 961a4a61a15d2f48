//! The command lines of `ssh`.

use std::ffi::OsString;
use std::path::Path;

use crate::domain::settings::{HostKeyPolicy, SshSettings};
use crate::transport::resolve::{Agent, Target};

/// How one master is started.
#[derive(Clone, Copy, Default)]
pub(super) struct How<'h> {
    /// Its control socket.
    pub socket: Option<&'h Path>,
    /// The port here of a jump that our own transport makes.
    pub bridge: Option<u16>,
    /// Whether there is somebody that it can ask.
    pub asks: bool,
    /// The known_hosts file that it writes accepted keys to; it asks about unknown ones then.
    pub accepted: Option<&'h Path>,
    /// Whether it knows the options of OpenSSH 8.7.
    pub modern: bool,
}

/// Options that keep `ssh` to what a transport is: nothing of the person's forwards, commands or terminals, and a
/// host-key policy that is never weaker than ours.
pub(super) fn master(target: &Target, settings: &SshSettings, how: How<'_>) -> Vec<OsString> {
    let How { bridge, asks, accepted, .. } = how;
    let mut args: Vec<OsString> = vec!["-M".into(), "-N".into()];
    if let Some(socket) = how.socket {
        args.extend(["-S".into(), socket.into()]);
    }
    if let Some(config) = &settings.config {
        args.extend(["-F".into(), config.into()]);
    }
    let mut option = |name: &str, value: String| args.extend(["-o".into(), format!("{name}={value}").into()]);
    option("ControlPersist", "no".to_owned());
    option("BatchMode", if asks { "no" } else { "yes" }.to_owned());
    option("NumberOfPasswordPrompts", "3".to_owned());
    option("ClearAllForwardings", "yes".to_owned());
    option("PermitLocalCommand", "no".to_owned());
    option("RemoteCommand", "none".to_owned());
    option("RequestTTY", "no".to_owned());
    option("ForkAfterAuthentication", "no".to_owned());
    // A banner would be taken for ssh's own words. What the two have no algorithms for, and why a channel is refused, it
    // says only together with banners, unless it is told to.
    option("LogLevel", "ERROR".to_owned());
    if how.modern {
        option("LogVerbose", "packet.c:sshpkt_vfatal*:*,channels.c:channel_input_open_failure*:*".to_owned());
    }
    option("ConnectTimeout", target.connect_timeout.as_secs().max(1).to_string());
    option("ServerAliveInterval", target.keepalive.as_secs().max(1).to_string());
    option("ServerAliveCountMax", "3".to_owned());
    // Without anybody to ask an unknown key is refused. Nothing of the person's config may take one for granted, and
    // nobody but a person puts one into known_hosts.
    option(
        "StrictHostKeyChecking",
        match target.host_keys {
            HostKeyPolicy::AcceptNew => "accept-new",
            HostKeyPolicy::Ask if accepted.is_some() => "ask",
            HostKeyPolicy::Ask | HostKeyPolicy::Strict => "yes",
        }
        .to_owned(),
    );
    for name in ["NoHostAuthenticationForLocalhost", "VerifyHostKeyDNS", "UpdateHostKeys", "CheckHostIP"] {
        option(name, "no".to_owned());
    }
    let own = accepted.map(literal);
    if !settings.known_hosts.is_empty() {
        let files = own.into_iter().chain(settings.known_hosts.iter().map(|file| literal(file)));
        option("UserKnownHostsFile", list(files));
        option("GlobalKnownHostsFile", "none".to_owned());
    } else if own.is_some() {
        // As the config writes them: ssh knows more tokens than we do.
        option("UserKnownHostsFile", list(own.into_iter().chain(target.options.words("userknownhostsfile"))));
    }
    if target.agent == Agent::No {
        option("IdentityAgent", "none".to_owned());
    }
    option("User", target.user.clone());
    match bridge {
        // The jump is made by our own transport; ssh is told where its near end is, and whom it really reaches.
        Some(port) => {
            option("HostName", "127.0.0.1".to_owned());
            option("Port", port.to_string());
            option("HostKeyAlias", target.known_as.clone());
            option("ProxyJump", "none".to_owned());
        }
        None => {
            option("HostName", target.address.replace('%', "%%"));
            option("Port", target.port.to_string());
        }
    }
    for file in &target.identity_files {
        args.extend(["-i".into(), file.into()]);
    }
    args.extend(["--".into(), target.host.as_str().into()]);
    args
}

/// A file's name where a percent sign would begin a token.
fn literal(file: &Path) -> String {
    file.display().to_string().replace('%', "%%")
}

/// Names of files as the value of one option.
fn list(files: impl Iterator<Item = String>) -> String {
    let quoted = files.map(|name| format!("\"{}\"", name.replace('\\', r"\\").replace('"', "\\\"")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// Options of a small `ssh` that talks to a master: no config is read, and without the master it fails rather than
/// connect by itself.
pub(super) fn through(socket: &Path) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["-F".into(), "/dev/null".into(), "-S".into(), socket.into()];
    for option in ["ControlMaster=no", "ProxyCommand=false", "BatchMode=yes", "LogLevel=ERROR", "EscapeChar=none"] {
        args.extend(["-o".into(), option.into()]);
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::Host;
    use crate::transport::resolve::{Here, SshOptions, Written};

    fn line(policy: HostKeyPolicy, ssh_g: &str, bridge: Option<u16>, asks: bool) -> String {
        let (host, settings) = (Host::named("web", "e"), SshSettings { host_keys: policy, ..SshSettings::default() });
        let written = Written::new(&host, &settings).unwrap();
        let here = Here { home: "/home/me".into(), user: "me".into() };
        let target = Target::new(&host.name, &written, SshOptions::parse(ssh_g), &settings, &here).unwrap();
        let accepted = asks.then_some(Path::new("/accepted"));
        let how = How { socket: Some(Path::new("/s")), bridge, asks, accepted, modern: true };
        let args = master(&target, &settings, how);
        args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn host_key_policy_is_never_weaker_than_ours() {
        for (policy, ssh, expected) in [
            (HostKeyPolicy::Ask, "no", "yes"),
            (HostKeyPolicy::Strict, "accept-new", "yes"),
            (HostKeyPolicy::AcceptNew, "no", "accept-new"),
            (HostKeyPolicy::AcceptNew, "yes", "yes"),
        ] {
            let line = line(policy, &format!("stricthostkeychecking {ssh}\n"), None, false);
            assert!(line.contains(&format!(" StrictHostKeyChecking={expected} ")), "{policy:?} {ssh}: {line}");
        }
    }

    #[test]
    fn with_somebody_to_ask_unknown_keys_are_asked_about_and_written_to_our_own_file() {
        let ssh_g = "stricthostkeychecking no\nuserknownhostsfile ~/k/%C /k/2\n";
        let line = line(HostKeyPolicy::Ask, ssh_g, None, true);
        for option in
            [" StrictHostKeyChecking=ask ", " BatchMode=no ", " UserKnownHostsFile=\"/accepted\" \"~/k/%C\" \"/k/2\" "]
        {
            assert!(line.contains(option), "{option}: {line}");
        }
        assert!(!line.contains("GlobalKnownHostsFile"), "the system's own file still counts: {line}");
    }

    #[test]
    fn nothing_asks_forwards_or_runs_here() {
        let line = line(HostKeyPolicy::Ask, "", None, false);
        for option in [
            "BatchMode=yes",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "RemoteCommand=none",
            "NoHostAuthenticationForLocalhost=no",
            "VerifyHostKeyDNS=no",
        ] {
            assert!(line.contains(option), "{option}: {line}");
        }
        assert!(line.ends_with("-- web"));
    }

    #[test]
    fn a_bridge_still_checks_the_real_hosts_key() {
        let line = line(HostKeyPolicy::Ask, "hostname 10.0.0.9\nport 2222\n", Some(4000), false);
        for option in ["HostName=127.0.0.1", "Port=4000", "HostKeyAlias=[10.0.0.9]:2222", "ProxyJump=none"] {
            assert!(line.contains(option), "{option}: {line}");
        }
    }
}
