//! Which transport `auto` takes, and why.

use super::known_hosts::KnownHosts;
use super::resolve::{Agent, Target};
use crate::domain::host::{TransportChoice, TransportKind};

/// The transport for a target, and the reason where it was a choice and not the usual one. `failed` is why libssh2 was
/// found not to get along with this host.
pub(super) fn choose(asked: TransportChoice, target: &Target, failed: Option<&str>) -> (TransportKind, String) {
    match asked {
        TransportChoice::Ssh2 => (TransportKind::Ssh2, String::new()),
        TransportChoice::OpenSsh => (TransportKind::OpenSsh, String::new()),
        TransportChoice::Local => (TransportKind::Local, String::new()),
        TransportChoice::Auto => {
            let reason = failed.map(str::to_owned).or_else(|| needs_openssh(target)).or_else(|| {
                let known = KnownHosts::load(target.known_hosts.iter().map(std::path::PathBuf::as_path));
                known.has_authority(&target.known_as).then(|| "@cert-authority in known_hosts".to_owned())
            });
            let kind = if reason.is_some() { TransportKind::OpenSsh } else { TransportKind::Ssh2 };
            (kind, reason.unwrap_or_default())
        }
    }
}

/// What only the system's ssh can do, where the resolved config asks for it.
fn needs_openssh(target: &Target) -> Option<String> {
    let options = &target.options;
    // A jump that the config writes wins over a ProxyCommand, as ssh's first value does.
    if target.jump.is_none() && options.some("proxycommand").is_some() {
        return Some("ProxyCommand".to_owned());
    }
    for (name, shown) in [
        ("pkcs11provider", "PKCS11Provider"),
        ("knownhostscommand", "KnownHostsCommand"),
        ("revokedhostkeys", "RevokedHostKeys"),
        ("bindaddress", "BindAddress"),
        ("bindinterface", "BindInterface"),
    ] {
        if options.some(name).is_some() {
            return Some(shown.to_owned());
        }
    }
    if options.yes("gssapiauthentication") {
        return Some("GSSAPIAuthentication".to_owned());
    }
    if options.some("forwardagent").is_some_and(|value| value != "no" && value != "false") {
        return Some("ForwardAgent".to_owned());
    }
    if options.some("controlpath").is_some_and(|path| std::fs::metadata(path).is_ok()) {
        return Some("a live ControlPath".to_owned());
    }
    // Debian's ssh offers SHA-1 signatures of RSA host keys no more; a config that names only those wants them.
    if options.some("hostkeyalgorithms").is_some_and(|algorithms| algorithms.split(',').all(|name| name == "ssh-rsa")) {
        return Some("HostKeyAlgorithms ssh-rsa".to_owned());
    }
    // A security key signs only through the agent or through ssh's own helper.
    let hardware = |file: &std::path::PathBuf| {
        let mut public = file.clone().into_os_string();
        public.push(".pub");
        std::fs::read_to_string(public).is_ok_and(|text| text.starts_with("sk-"))
    };
    let usual = target.identity_files.iter().any(|file| file.exists() && !hardware(file));
    (target.agent == Agent::No && !usual && target.identity_files.iter().any(hardware))
        .then(|| "a security key".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::Host;
    use crate::domain::settings::SshSettings;
    use crate::transport::resolve::{Here, SshOptions, Written};

    fn target(ssh_g: &str, change: impl FnOnce(&mut Host, &mut SshSettings)) -> Target {
        let (mut host, mut settings) = (Host::named("web", "e"), SshSettings::default());
        change(&mut host, &mut settings);
        let written = Written::new(&host, &settings).unwrap();
        let here = Here { home: "/home/me".into(), user: "me".into() };
        Target::new(&host.name, &written, SshOptions::parse(ssh_g), &settings, &here).unwrap()
    }

    #[test]
    fn auto_takes_openssh_only_for_what_only_it_can_do() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (ssh_g, expected) in [
            ("hostname web\nproxyjump gate\nforwardagent no\ngssapiauthentication no\n".to_owned(), ""),
            ("proxycommand nc %h %p\n".to_owned(), "ProxyCommand"),
            ("proxycommand none\n".to_owned(), ""),
            ("pkcs11provider /lib/p11.so\n".to_owned(), "PKCS11Provider"),
            ("pkcs11provider none\n".to_owned(), ""),
            ("gssapiauthentication yes\n".to_owned(), "GSSAPIAuthentication"),
            ("forwardagent yes\n".to_owned(), "ForwardAgent"),
            ("knownhostscommand /bin/x\n".to_owned(), "KnownHostsCommand"),
            (format!("controlpath {}\n", file.path().display()), "a live ControlPath"),
            ("controlpath /nowhere/at/all\n".to_owned(), ""),
            ("hostkeyalgorithms ssh-rsa\n".to_owned(), "HostKeyAlgorithms ssh-rsa"),
            ("hostkeyalgorithms ssh-ed25519,ssh-rsa\n".to_owned(), ""),
        ] {
            let (kind, reason) = choose(TransportChoice::Auto, &target(&ssh_g, |_, _| {}), None);
            assert_eq!(reason, expected, "{ssh_g}");
            assert_eq!(kind == TransportKind::OpenSsh, !expected.is_empty(), "{ssh_g}");
        }
    }

    #[test]
    fn a_written_jump_wins_over_a_proxy_command() {
        let t = target("proxycommand nc %h %p\n", |host, _| host.jump = Some("gate".to_owned()));
        assert_eq!(choose(TransportChoice::Auto, &t, None).0, TransportKind::Ssh2);
    }

    #[test]
    fn what_is_asked_for_is_taken() {
        let t = target("proxycommand nc %h %p\n", |_, _| {});
        assert_eq!(choose(TransportChoice::Ssh2, &t, None), (TransportKind::Ssh2, String::new()));
        let t = target("", |_, _| {});
        assert_eq!(choose(TransportChoice::OpenSsh, &t, None), (TransportKind::OpenSsh, String::new()));
        assert_eq!(choose(TransportChoice::Auto, &t, Some("no kex")).1, "no kex");
    }

    #[test]
    fn certificate_authorities_and_security_keys() {
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("known_hosts");
        let blob = "AAAAC3NzaC1lZDI1NTE5AAAAIG1hZGUgdXAgZm9yIHRoaXMgdGVzdCBvbmx5ISEhISE=";
        std::fs::write(&known, format!("@cert-authority *.corp ssh-ed25519 {blob}\n")).unwrap();
        let corp = |address: &str| {
            let t = target("", |host, settings| {
                host.address = Some(address.to_owned());
                settings.known_hosts = vec![known.clone()];
            });
            choose(TransportChoice::Auto, &t, None).0
        };
        assert_eq!((corp("a.corp"), corp("a.net")), (TransportKind::OpenSsh, TransportKind::Ssh2));
        let key = folder.path().join("id_sk");
        std::fs::write(&key, "").unwrap();
        std::fs::write(folder.path().join("id_sk.pub"), "sk-ssh-ed25519@openssh.com AAAA me\n").unwrap();
        let t = target(&format!("identityfile {}\nidentityagent none\n", key.display()), |_, _| {});
        assert_eq!(choose(TransportChoice::Auto, &t, None).1, "a security key");
    }
}
