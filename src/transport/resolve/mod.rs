//! From a host of the config to what is dialed: the winner rule of the contract.
//!
//! A key of `[[host]]` wins, then a written key of `[ssh]`, then what `ssh -G` says. The first two are handed to
//! `ssh -G` as options of its command line, which win there as well, so that tokens and `Match` see the final values.

mod fallback;
mod jump;
mod options;
mod read;
mod ssh_g;
mod target;

use crate::domain::host::{Host, LinkError, LinkErrorKind};
use crate::domain::settings::SshSettings;

use super::error::fail;
pub use jump::hops;
pub use options::SshOptions;
pub use ssh_g::SshG;
pub use target::{Agent, Family, Here, Target};

/// What the config itself writes for a host, the host's own keys first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Written {
    /// What `ssh` is asked for.
    pub name: String,
    /// Address.
    pub address: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Login name.
    pub user: Option<String>,
    /// Private key.
    pub identity_file: Option<std::path::PathBuf>,
    /// Jump, in ssh's ProxyJump form or the name of a host.
    pub jump: Option<String>,
}

impl Written {
    /// Puts a host's own keys over those of `[ssh]`, and refuses what could be taken for an option or a command.
    pub fn new(host: &Host, settings: &SshSettings) -> Result<Self, LinkError> {
        let defaults = &settings.defaults;
        let written = Self {
            name: host.name.as_str().to_owned(),
            address: host.address.clone(),
            port: host.port.or(defaults.port),
            user: host.user.clone().or_else(|| defaults.user.clone()),
            identity_file: host.identity_file.clone().or_else(|| defaults.identity_file.clone()),
            // A hop that is its own jump's target would be dialed through itself.
            jump: host.jump.clone().or_else(|| defaults.jump.clone().filter(|jump| jump != host.name.as_str())),
        };
        let texts = [
            ("name", Some(&written.name)),
            ("address", written.address.as_ref()),
            ("user", written.user.as_ref()),
            ("jump", written.jump.as_ref()),
        ];
        for (what, text) in texts {
            if let Some(text) = text
                && !is_plain(text)
            {
                return Err(fail(
                    LinkErrorKind::Config,
                    format!("{}: the {what} {text:?} cannot be used", host.name),
                    "names, users and addresses may not be empty, begin with - or hold blanks or control characters",
                ));
            }
        }
        Ok(written)
    }
}

/// Whether a name, user or address can be handed to programs and servers as it is.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::SshDefaults;

    #[test]
    fn a_hosts_own_key_wins_over_those_of_ssh() {
        let mut host = Host::named("web", "production");
        let mut settings = SshSettings {
            defaults: SshDefaults {
                user: Some("team".into()),
                port: Some(2222),
                identity_file: Some("/k/team".into()),
                jump: Some("bastion".into()),
            },
            ..SshSettings::default()
        };
        let written = Written::new(&host, &settings).unwrap();
        assert_eq!((written.user.as_deref(), written.port), (Some("team"), Some(2222)));
        assert_eq!((written.jump.as_deref(), written.identity_file), (Some("bastion"), Some("/k/team".into())));
        host.user = Some("own".into());
        host.port = Some(22);
        host.jump = Some("gate".into());
        let written = Written::new(&host, &settings).unwrap();
        assert_eq!((written.user.as_deref(), written.port), (Some("own"), Some(22)));
        assert_eq!(written.jump.as_deref(), Some("gate"));
        settings.defaults.jump = Some("web".into());
        host.jump = None;
        assert_eq!(Written::new(&host, &settings).unwrap().jump, None, "nobody jumps through himself");
    }

    #[test]
    fn what_could_be_an_option_or_a_command_is_refused() {
        for name in ["-oProxyCommand=id", "a b", "a\nb", "", "a\u{1b}[m"] {
            let error = Written::new(&Host::named(name, "e"), &SshSettings::default()).unwrap_err();
            assert_eq!(error.kind, LinkErrorKind::Config, "{name:?}");
            let mut host = Host::named("web", "e");
            host.user = Some(name.to_owned());
            assert!(Written::new(&host, &SshSettings::default()).is_err(), "user {name:?}");
        }
    }
}
