//! Reads the ssh config where no `ssh` program is installed to ask.
//!
//! ssh2-config merges `Match` blocks into the `Host` before them, so that a file with `Match` would give a wrong user
//! or port: such a file is refused rather than misread.

use std::io::BufReader;

use ssh2_config::{HostParams, ParseRule, SshConfig};

use super::target::Here;
use super::{SshOptions, Written};
use crate::domain::host::{HostName, LinkError, LinkErrorKind};
use crate::domain::settings::SshSettings;
use crate::transport::error::fail;

/// The key files that OpenSSH tries where none is named.
const DEFAULT_KEYS: [&str; 3] = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];

/// What the ssh config says of a host, in the words of `ssh -G`.
pub(super) fn options(
    host: &HostName,
    written: &Written,
    settings: &SshSettings,
    here: &Here,
) -> Result<SshOptions, LinkError> {
    let file = settings.config.clone().unwrap_or_else(|| here.home.join(".ssh/config"));
    let params = match std::fs::read_to_string(&file) {
        Ok(text) => {
            let refuse = |why: String| {
                fail(
                    LinkErrorKind::Config,
                    format!("{host}: {} cannot be used without the ssh program: {why}", file.display()),
                    "install OpenSSH's client, or write address, user and port in the config",
                )
            };
            let word = |line: &str| line.split([' ', '\t', '=']).find(|w| !w.is_empty()).map(str::to_lowercase);
            if let Some(n) = text.lines().position(|line| word(line).as_deref() == Some("match")) {
                return Err(refuse(format!("it has a Match on line {}", n + 1)));
            }
            let parsed = SshConfig::default()
                .home_dir(&here.home)
                .parse(&mut BufReader::new(text.as_bytes()), ParseRule::ALLOW_UNKNOWN_FIELDS)
                .map_err(|error| refuse(error.to_string()))?;
            Some(parsed.query(&written.name))
        }
        Err(_) => None,
    };
    Ok(table(params.as_ref()))
}

/// What OpenSSH does without any config.
pub(super) fn defaults() -> SshOptions {
    table(None)
}

fn table(params: Option<&HostParams>) -> SshOptions {
    let mut options = SshOptions::default();
    options.push("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2");
    options.push("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2");
    let files = params.and_then(|params| params.identity_file.clone()).unwrap_or_default();
    for file in &files {
        options.push("identityfile", file.to_string_lossy());
    }
    if files.is_empty() {
        DEFAULT_KEYS.iter().for_each(|file| options.push("identityfile", *file));
    }
    let Some(params) = params else { return options };
    for (name, value) in [
        ("hostname", params.host_name.clone()),
        ("user", params.user.clone()),
        ("port", params.port.map(|port| port.to_string())),
        ("proxyjump", params.proxy_jump.as_ref().map(|hops| hops.join(","))),
        ("certificatefile", params.certificate_file.as_ref().map(|file| file.to_string_lossy().into_owned())),
        ("serveraliveinterval", params.server_alive_interval.map(|every| every.as_secs().to_string())),
    ] {
        if let Some(value) = value {
            options.push(name, value);
        }
    }
    for (name, values) in params.unsupported_fields.iter().chain(&params.ignored_fields) {
        options.push(&name.to_lowercase(), values.join(" "));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::Host;

    fn read(text: &str) -> Result<SshOptions, LinkError> {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        std::fs::write(&config, text).unwrap();
        let settings = SshSettings { config: Some(config), ..SshSettings::default() };
        let host = Host::named("web", "e");
        let here = Here { home: folder.path().to_owned(), user: "me".into() };
        options(&host.name, &Written::new(&host, &settings).unwrap(), &settings, &here)
    }

    #[test]
    fn a_plain_file_is_read() {
        let options = read("Host web\n  HostName 10.0.0.1\n  User deploy\n  Port 2222\n  ProxyJump gate\n").unwrap();
        assert_eq!((options.get("hostname"), options.get("user")), (Some("10.0.0.1"), Some("deploy")));
        assert_eq!((options.get("port"), options.get("proxyjump")), (Some("2222"), Some("gate")));
        assert_eq!(options.all("identityfile").count(), 3);
    }

    #[test]
    fn a_file_with_match_is_refused_not_misread() {
        for text in ["Host web\n  User a\nMatch user b\n  Port 9\n", "\tmatch=all\n"] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind, LinkErrorKind::Config);
            assert!(error.message.contains("Match on line"), "{error}");
        }
    }
}
