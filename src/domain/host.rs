//! A host and the state of the link to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// The name of a host as the config writes it; the stable id of everything about that host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Arc<str>);

impl HostName {
    /// Takes a name that the config has already checked (no blanks, control characters or leading `-`).
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for HostName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// Which way a host is reached, as asked for in the config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportChoice {
    /// ssh2 unless the resolved ssh config needs what only the system's `ssh` can do.
    #[default]
    Auto,
    /// libssh2, in this process.
    Ssh2,
    /// The system's `ssh` program.
    OpenSsh,
    /// Processes on this machine; no network.
    Local,
}

/// Which way a host is reached in fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportKind {
    /// libssh2, in this process.
    Ssh2,
    /// The system's `ssh` program.
    OpenSsh,
    /// Processes on this machine.
    Local,
}

impl TransportKind {
    /// The word for it in config, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssh2 => "ssh2",
            Self::OpenSsh => "openssh",
            Self::Local => "local",
        }
    }
}

/// One host of the fleet, as the config means it (not yet what ssh resolves it to).
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Its name: an alias of the ssh config unless `address` is given.
    pub name: HostName,
    /// Address or DNS name, where the config writes one.
    pub address: Option<String>,
    /// TCP port, where the config writes one.
    pub port: Option<u16>,
    /// Login name, where the config writes one.
    pub user: Option<String>,
    /// Path of a private key, `~` expanded, where the config writes one.
    pub identity_file: Option<std::path::PathBuf>,
    /// Another host's name, or `user@host:port`.
    pub jump: Option<String>,
    /// Which transport was asked for.
    pub transport: TransportChoice,
    /// The environment it belongs to, such as `production`.
    pub environment: String,
    /// Free words to choose hosts by.
    pub tags: Vec<String>,
}

impl Host {
    /// A host with a name, an environment, and nothing else said.
    pub fn named(name: impl Into<HostName>, environment: &str) -> Self {
        Self {
            name: name.into(),
            address: None,
            port: None,
            user: None,
            identity_file: None,
            jump: None,
            transport: TransportChoice::Auto,
            environment: environment.to_owned(),
            tags: Vec::new(),
        }
    }
}

/// What the link to a host is doing, as its transport knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Dialing or authenticating.
    Connecting,
    /// Connected and authenticated.
    Up,
    /// Lost or refused; another attempt follows by itself.
    Retrying,
    /// Every way to authenticate was refused; only a person can mend it.
    AuthFailed,
    /// The host's key is not in known_hosts and nobody has accepted it.
    HostKeyUnknown,
    /// The host's key is not the one in known_hosts, or is revoked.
    HostKeyChanged,
    /// Given up (closed, or an error that no retry mends).
    Down,
}

/// Why a link failed: what happened, to what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// The class of failure.
    pub kind: LinkErrorKind,
    /// One sentence: what happened, to what. Safe to show.
    pub message: String,
    /// One sentence: what would mend it. Safe to show.
    pub remedy: String,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

impl std::error::Error for LinkError {}

/// Classes of link failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkErrorKind {
    /// The name does not resolve.
    Resolve,
    /// Nobody listens there.
    Refused,
    /// No answer in time, no route, or the network is down.
    Unreachable,
    /// The peer spoke, but no SSH that we can follow.
    Protocol,
    /// Authentication was refused.
    Auth,
    /// The host key is unknown.
    HostKeyUnknown,
    /// The host key differs from known_hosts, or is revoked.
    HostKeyChanged,
    /// The server opens no more sessions (MaxSessions).
    Sessions,
    /// The link was up and broke, or went silent.
    Lost,
    /// The host's entry or the ssh config cannot be used.
    Config,
}

/// The link to one host at one moment; what a transport publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What it is doing.
    pub state: LinkState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The last failure, kept while retrying, cleared when up.
    pub error: Option<LinkError>,
    /// Which transport is in use.
    pub transport: TransportKind,
    /// Why that transport, when `auto` had to choose; empty when it was asked for.
    pub transport_reason: String,
    /// Counts connections; streams started under an older one are dead.
    pub generation: u64,
    /// When the next attempt starts, while retrying.
    pub retry_at: Option<DateTime<Utc>>,
    /// The hosts jumped through, outermost first.
    pub via: Vec<String>,
    /// The last measured round trip: of the TCP connection at first, then again and again over SSH itself. The system's
    /// `ssh` tells none.
    pub rtt: Option<Duration>,
}

impl Link {
    /// The state before the first attempt.
    pub fn connecting(transport: TransportKind, now: DateTime<Utc>) -> Self {
        Self {
            state: LinkState::Connecting,
            since: now,
            error: None,
            transport,
            transport_reason: String::new(),
            generation: 0,
            retry_at: None,
            via: Vec::new(),
            rtt: None,
        }
    }

    /// Whether streams can be opened now.
    pub fn is_up(&self) -> bool {
        self.state == LinkState::Up
    }
}

/// What a person is told of a host: the link's state, and STALE when a live link has gone silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostState {
    /// See [`LinkState::Connecting`].
    Connecting,
    /// Connected and heard from lately.
    Up,
    /// The link claims to be up, but nothing was heard for [`STALE_AFTER`].
    Stale,
    /// See [`LinkState::Retrying`].
    Retrying,
    /// See [`LinkState::AuthFailed`].
    AuthFailed,
    /// See [`LinkState::HostKeyUnknown`].
    HostKeyUnknown,
    /// See [`LinkState::HostKeyChanged`].
    HostKeyChanged,
    /// See [`LinkState::Down`].
    Down,
}

/// A live link that says nothing for this long is stale (three heartbeats of 5 s).
pub const STALE_AFTER: Duration = Duration::from_secs(15);

impl HostState {
    /// What to tell of a link that was last heard at `heard`.
    pub fn of(link: &Link, heard: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let last = heard.map_or(link.since, |h| h.max(link.since));
        let silent = (now - last).to_std().unwrap_or_default();
        match Self::of_link(link) {
            Self::Up if silent >= STALE_AFTER => Self::Stale,
            state => state,
        }
    }

    /// What to tell of a link by itself: never [`Self::Stale`].
    pub fn of_link(link: &Link) -> Self {
        match link.state {
            // An attempt that follows a failure is part of the retrying; the word would only flicker.
            LinkState::Connecting if link.error.is_some() => Self::Retrying,
            LinkState::Connecting => Self::Connecting,
            LinkState::Up => Self::Up,
            LinkState::Retrying => Self::Retrying,
            LinkState::AuthFailed => Self::AuthFailed,
            LinkState::HostKeyUnknown => Self::HostKeyUnknown,
            LinkState::HostKeyChanged => Self::HostKeyChanged,
            LinkState::Down => Self::Down,
        }
    }

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Stale => "stale",
            Self::Retrying => "retrying",
            Self::AuthFailed => "auth_failed",
            Self::HostKeyUnknown => "host_key_unknown",
            Self::HostKeyChanged => "host_key_changed",
            Self::Down => "down",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_host_is_retrying_from_its_loss_until_it_is_up() {
        let now = DateTime::UNIX_EPOCH;
        let mut link = Link::connecting(TransportKind::Ssh2, now);
        assert_eq!(HostState::of(&link, None, now), HostState::Connecting);
        link.state = LinkState::Up;
        assert_eq!(HostState::of(&link, Some(now), now + STALE_AFTER), HostState::Stale);
        link.error =
            Some(LinkError { kind: LinkErrorKind::Lost, message: "no answer".to_owned(), remedy: String::new() });
        for state in [LinkState::Retrying, LinkState::Connecting, LinkState::Retrying] {
            link.state = state;
            assert_eq!(HostState::of(&link, Some(now), now), HostState::Retrying);
        }
    }
}
