//! The command that gives a person a shell on a host: the system's own `ssh`, with what the config writes.

use crate::domain::host::{Host, LinkError, TransportChoice};
use crate::domain::settings::SshSettings;
use crate::transport::resolve::Written;

/// The command line; on this machine itself it is a shell alone.
pub fn command(host: &Host, all: &[Host], settings: &SshSettings) -> Result<Vec<String>, LinkError> {
    if host.transport == TransportChoice::Local {
        return Ok(vec![std::env::var("SHELL").unwrap_or_else(|_| "sh".to_owned())]);
    }
    let written = Written::new(host, settings)?;
    let mut argv = vec!["ssh".to_owned()];
    let mut add = |flag: &str, value: Option<String>| argv.extend(value.into_iter().flat_map(|v| [flag.to_owned(), v]));
    add("-F", settings.config.as_ref().map(|path| path.display().to_string()));
    add("-l", written.user);
    add("-p", written.port.map(|port| port.to_string()));
    add("-i", written.identity_file.map(|path| path.display().to_string()));
    add("-o", written.address.map(|address| format!("HostName={}", address.replace('%', "%%"))));
    if !settings.known_hosts.is_empty() {
        let files: Vec<String> = settings.known_hosts.iter().map(|path| format!("\"{}\"", path.display())).collect();
        add("-o", Some(format!("UserKnownHostsFile={}", files.join(" "))));
    }
    let jump = match written.jump {
        Some(jump) => Some(hop(&jump, all, settings)?),
        None => None,
    };
    add("-J", jump);
    argv.extend(["-t".to_owned(), "--".to_owned(), written.name]);
    Ok(argv)
}

/// A jump in ssh's own form: ssh does not know what the config calls its hosts.
fn hop(jump: &str, all: &[Host], settings: &SshSettings) -> Result<String, LinkError> {
    let Some(host) = all.iter().find(|host| host.name.as_str() == jump) else { return Ok(jump.to_owned()) };
    let written = Written::new(host, settings)?;
    let user = written.user.map(|user| format!("{user}@")).unwrap_or_default();
    let port = written.port.map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{user}{}{port}", written.address.unwrap_or(written.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_config_writes_is_on_the_command_line() {
        let mut host = Host::named("web", "e");
        let settings = SshSettings { config: Some("/x/config".into()), ..SshSettings::default() };
        let line = |host: &Host, all: &[Host]| command(host, all, &settings).map(|argv| argv.join(" "));
        assert_eq!(line(&host, &[]).unwrap(), "ssh -F /x/config -t -- web");
        let gate = Host { address: Some("10.0.0.1".into()), user: Some("me".into()), ..Host::named("gate", "e") };
        (host.address, host.port, host.jump) = (Some("10.0.0.9".into()), Some(2222), Some("gate".into()));
        assert_eq!(
            line(&host, &[gate]).unwrap(),
            "ssh -F /x/config -p 2222 -o HostName=10.0.0.9 -J me@10.0.0.1 -t -- web"
        );
        assert!(line(&Host::named("-oProxyCommand=id", "e"), &[]).is_err());
    }
}
