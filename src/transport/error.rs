//! How the transports word their failures: what happened, to what, and what would mend it.

use crate::domain::host::{LinkError, LinkErrorKind};
use crate::domain::text::{clean, one_line};

/// The most of a server's or program's own words that an error repeats, in characters.
pub(super) const QUOTED: usize = 200;

/// A failure, made safe to show.
pub(super) fn fail(kind: LinkErrorKind, message: impl AsRef<str>, remedy: impl AsRef<str>) -> LinkError {
    LinkError { kind, message: clean(message.as_ref()).into_owned(), remedy: clean(remedy.as_ref()).into_owned() }
}

/// Whether the transport may try again by itself. Authentication and host keys are a person's business, and a config
/// error does not mend itself.
pub(super) fn retries(kind: LinkErrorKind) -> bool {
    !matches!(
        kind,
        LinkErrorKind::Auth | LinkErrorKind::HostKeyUnknown | LinkErrorKind::HostKeyChanged | LinkErrorKind::Config
    )
}

/// What a refusal to open a session channel is called, and what to do about it.
pub(super) fn sessions_full(host: &str, open: usize, why: &str) -> LinkError {
    fail(
        LinkErrorKind::Sessions,
        format!("{host} opens no more sessions on this connection ({open} are open): {why}"),
        "close other panes or connections to it, or raise MaxSessions in its sshd_config (default 10)",
    )
}

/// Why a TCP connection from a host was refused, with what to do about it where that is the host's own rule.
pub(super) fn refused_dial(host: &str, place: &str, why: &str) -> String {
    let why = one_line(why, QUOTED);
    if why.contains("prohibited") {
        return format!(
            "{place}: {host} forbids forwarding ({why}); its sshd_config must say AllowTcpForwarding yes or local"
        );
    }
    format!("{place}: {why}")
}

/// This machine has no more open files to give: no fault of the network's. `None` for every other error.
pub(super) fn exhausted(host: &str, error: &std::io::Error) -> Option<LinkError> {
    use rustix::io::Errno;
    let whose = match Errno::from_io_error(error)? {
        Errno::MFILE => "raise the limit of open files (ulimit -n), or watch fewer hosts",
        Errno::NFILE => "close other programs, or raise the system's limit of open files (fs.file-max)",
        _ => return None,
    };
    Some(fail(LinkErrorKind::Unreachable, format!("{host}: this machine gives no more open files: {error}"), whose))
}

/// [`exhausted`], when nobody says so: a resolver only tells that it failed.
pub(super) fn nothing_opens(host: &str) -> Option<LinkError> {
    exhausted(host, &std::fs::File::open("/dev/null").err()?)
}

/// A program or socket of this machine that cannot be had, or what else is in the way of it.
pub(super) fn here(host: &str, what: &str, error: &std::io::Error, remedy: &str) -> LinkError {
    let missing = || fail(LinkErrorKind::Config, format!("{host}: {what}: {error}"), remedy);
    exhausted(host, error).unwrap_or_else(missing)
}

/// Why a TCP connection to `address` could not be had.
pub(super) fn tcp(host: &str, address: &str, error: &std::io::Error) -> LinkError {
    use std::io::ErrorKind as Io;
    if let Some(exhausted) = exhausted(host, error) {
        return exhausted;
    }
    match error.kind() {
        Io::ConnectionRefused => fail(
            LinkErrorKind::Refused,
            format!("{host}: nobody listens on {address} (connection refused)"),
            "see whether sshd runs there, and whether the port is right",
        ),
        Io::TimedOut => timed_out(host, address),
        _ => fail(
            LinkErrorKind::Unreachable,
            format!("{host}: no way to {address}: {error}"),
            "see whether the network or VPN is up",
        ),
    }
}

/// No answer in time.
pub(super) fn timed_out(host: &str, address: &str) -> LinkError {
    fail(
        LinkErrorKind::Unreachable,
        format!("{host}: no answer from {address} in time"),
        "see whether the host is up, and whether a firewall or a VPN that is down lies between",
    )
}

/// The name does not resolve.
pub(super) fn unresolved(host: &str, address: &str, why: &str) -> LinkError {
    fail(
        LinkErrorKind::Resolve,
        format!("{host}: the name {address} does not resolve ({why})"),
        "correct the host's address or HostName, or see whether DNS or the VPN is up",
    )
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_machine_without_open_files_is_not_blamed_on_the_network() {
        for (errno, remedy) in [(Errno::MFILE, "ulimit -n"), (Errno::NFILE, "fs.file-max")] {
            for error in [tcp("web", "10.0.0.1:22", &errno.into()), here("web", "ssh", &errno.into(), "install it")] {
                assert!(error.message.contains("open files") && error.remedy.contains(remedy), "{error}");
            }
        }
        assert!(tcp("web", "10.0.0.1:22", &Errno::HOSTUNREACH.into()).remedy.contains("network"));
        assert_eq!(here("web", "ssh", &Errno::NOENT.into(), "install it").remedy, "install it");
    }
}
