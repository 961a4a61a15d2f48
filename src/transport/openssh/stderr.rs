//! What `ssh` says when it fails, as our own kinds of failure.

use crate::domain::host::{LinkError, LinkErrorKind};
use crate::domain::text::one_line;
use crate::transport::error::{QUOTED, fail, tcp, timed_out, unresolved};
use crate::transport::resolve::Target;

/// Reads the last words of an `ssh` that could not connect.
pub(super) fn read(target: &Target, said: &str) -> LinkError {
    let host = target.host.as_str();
    let has = |text: &str| said.contains(text);
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing");
    let last = one_line(last, QUOTED);
    if last.starts_with("sh:") && has("not found") {
        return fail(
            LinkErrorKind::Config,
            format!("{host}: the ssh program cannot be started: {last}"),
            "install OpenSSH's client",
        );
    }
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") || has("Offending ") {
        let place = said.lines().find_map(|line| line.trim().strip_prefix("Offending ")?.split_once(" key in "));
        let place = place.map_or_else(|| "known_hosts".to_owned(), |(_, place)| one_line(place, QUOTED));
        return fail(
            LinkErrorKind::HostKeyChanged,
            format!("{host}: its key is not the one in {place}"),
            "somebody may be in between; when the host was rebuilt, check the key on its console and remove that line",
        );
    }
    if has("REVOKED") || has("revoked") {
        return fail(
            LinkErrorKind::HostKeyChanged,
            format!("{host}: its key is revoked: {last}"),
            "do not connect: the key is known to be compromised; give the host a new one",
        );
    }
    if has("host key is known") || has("Host key verification failed") {
        return fail(
            LinkErrorKind::HostKeyUnknown,
            format!("{host}: its key is not known"),
            format!("connect once with ssh {host} and compare the fingerprint"),
        );
    }
    if let Some(error) = negotiation(target, said) {
        return error;
    }
    if has("Permission denied") || has("Too many authentication failures") {
        let methods = said.split_once("Permission denied ").map_or("", |(_, rest)| rest).trim();
        let methods = one_line(methods.trim_end_matches('.'), QUOTED);
        return fail(
            LinkErrorKind::Auth,
            format!("permission denied {methods} for {}; the system's ssh tried its keys", target.account()),
            "correct user or identity_file, or load the key with ssh-add",
        );
    }
    if has("Could not resolve hostname") {
        return unresolved(host, &target.address, "ssh asked the resolver");
    }
    if has("Connection refused") {
        return tcp(host, &target.place(), &std::io::ErrorKind::ConnectionRefused.into());
    }
    if has("timed out") {
        return timed_out(host, &target.place());
    }
    if has("No route to host") || has("Network is unreachable") {
        return fail(
            LinkErrorKind::Unreachable,
            format!("{host}: no way to {}: {last}", target.place()),
            "see whether the network or VPN is up",
        );
    }
    if has("Bad configuration option") || has("terminating, ") || has("Bad owner or permissions") {
        return fail(
            LinkErrorKind::Config,
            format!("{host}: ssh refuses its config: {last}"),
            "correct the ssh config",
        );
    }
    fail(
        LinkErrorKind::Protocol,
        format!("{host}: ssh could not connect: {last}"),
        format!("try ssh -v {host} to see more"),
    )
}

/// `Unable to negotiate with ADDRESS port N: no matching WHAT found. Their offer: NAMES`.
fn negotiation(target: &Target, said: &str) -> Option<LinkError> {
    let (what, rest) = said.split_once("no matching ")?.1.split_once(" found")?;
    let option = match what {
        "host key type" => "HostKeyAlgorithms",
        "key exchange method" => "KexAlgorithms",
        "cipher" => "Ciphers",
        "MAC" => "MACs",
        _ => return None,
    };
    let offer = rest.split_once("Their offer: ").map_or("", |(_, offer)| offer.lines().next().unwrap_or("").trim());
    let offer = one_line(offer, QUOTED);
    let first = offer.split(',').next().unwrap_or("");
    Some(fail(
        LinkErrorKind::Protocol,
        format!("{}: it and ssh have no {what} in common; {} offers {offer}", target.host, target.place()),
        format!("update its sshd; if it cannot be, allow the old one for it in the ssh config: {option} +{first}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::Host;
    use crate::domain::settings::SshSettings;
    use crate::transport::resolve::{Here, SshOptions, Written};

    #[test]
    fn what_openssh_says() {
        let (host, settings) = (Host::named("web", "e"), SshSettings::default());
        let written = Written::new(&host, &settings).unwrap();
        let here = Here { home: "/home/me".into(), user: "me".into() };
        let target = Target::new(&host.name, &written, SshOptions::default(), &settings, &here).unwrap();
        use LinkErrorKind as Kind;
        for (said, kind, part) in [
            ("ssh: Could not resolve hostname web: Name or service not known", Kind::Resolve, "does not resolve"),
            ("ssh: connect to host web port 22: Connection refused", Kind::Refused, "nobody listens"),
            ("ssh: connect to host web port 22: Connection timed out", Kind::Unreachable, "no answer"),
            ("Connection timed out during banner exchange", Kind::Unreachable, "no answer"),
            ("ssh: connect to host web port 22: No route to host", Kind::Unreachable, "No route"),
            ("me@web: Permission denied (publickey,password).", Kind::Auth, "(publickey,password) for me@web"),
            ("Received disconnect: Too many authentication failures", Kind::Auth, "permission denied"),
            (
                "No ED25519 host key is known for web and you have requested strict checking.\nHost key verification failed.",
                Kind::HostKeyUnknown,
                "not known",
            ),
            (
                "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n\
                 Offending ED25519 key in /home/me/.ssh/known_hosts:7\nHost key verification failed.",
                Kind::HostKeyChanged,
                "/home/me/.ssh/known_hosts:7",
            ),
            (
                "@       WARNING: REVOKED HOST KEY DETECTED!               @\nHost key verification failed.",
                Kind::HostKeyChanged,
                "revoked",
            ),
            ("sh: 1: ssh: not found", Kind::Config, "cannot be started"),
            ("/c: line 2: Bad configuration option: prot\n/c: terminating, 1 bad", Kind::Config, "refuses its config"),
            ("kex_exchange_identification: Connection closed by remote host", Kind::Protocol, "kex_exchange"),
            (
                "Unable to negotiate with 1.2.3.4 port 22: no matching host key type found. Their offer: ssh-rsa,ssh-dss",
                Kind::Protocol,
                "no host key type in common; web:22 offers ssh-rsa,ssh-dss",
            ),
            (
                "Unable to negotiate with UNKNOWN port 65535: no matching MAC found. Their offer: hmac-md5\u{1b}[2J",
                Kind::Protocol,
                "no MAC in common",
            ),
            ("Unable to negotiate with 1.2.3.4 port 22: no matching", Kind::Protocol, "negotiate"),
            ("evil \u{1b}]0;x\u{7}", Kind::Protocol, "␛]0;x␇"),
            ("", Kind::Protocol, "said nothing"),
        ] {
            let error = read(&target, said);
            assert_eq!(error.kind, kind, "{said}");
            assert!(error.message.contains(part), "{said}: {error}");
        }
    }
}
