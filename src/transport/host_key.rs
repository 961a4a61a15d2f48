//! What is said of a host key that is not known, and how one is kept: the same over every transport.

use super::error::fail;
use super::known_hosts::append;
use super::resolve::Target;
use crate::domain::host::{LinkError, LinkErrorKind};

/// A key that known_hosts does not hold; `other` says more of it, after a blank.
pub(super) fn unknown(target: &Target, kind: &str, fingerprint: &str, other: &str, remedy: &str) -> LinkError {
    let message = format!("{}: its {kind} key {fingerprint} is not known{other}", target.host);
    fail(LinkErrorKind::HostKeyUnknown, message, remedy)
}

/// What to do about it where a person can accept it.
pub(super) const ACCEPT: &str = "accept it in the cockpit, or connect once with ssh and compare the fingerprint";

/// Keeps an accepted key.
pub(super) fn keep(target: &Target, blob: &[u8]) -> Result<(), LinkError> {
    let Some(file) = target.known_hosts.first() else { return Ok(()) };
    append(file, &target.known_as, blob, target.hash_known_hosts).map_err(|error| {
        fail(
            LinkErrorKind::HostKeyUnknown,
            format!("{}: its key cannot be kept in {}: {error}", target.host, file.display()),
            "make that file writable, or accept the key for this run only",
        )
    })
}
