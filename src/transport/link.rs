//! The published state of one link, and the few ways it changes.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;

use crate::domain::host::{HostState, Link, LinkError, LinkErrorKind, LinkState, TransportKind};

/// Round trips that differ by less are the same to a person.
const NOTICEABLE: Duration = Duration::from_millis(2);

/// A handle on one link's published state.
#[derive(Clone)]
pub(super) struct LinkCell(Arc<watch::Sender<Link>>);

impl LinkCell {
    /// A link before its first attempt.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Link::connecting(TransportKind::Ssh2, Utc::now()))))
    }

    /// Whoever wants to follow it.
    pub fn subscribe(&self) -> watch::Receiver<Link> {
        self.0.subscribe()
    }

    /// An attempt begins; the last failure stays in sight.
    pub fn connecting(&self) {
        self.change(|link| {
            link.state = LinkState::Connecting;
            link.retry_at = None;
        });
    }

    /// Which transport is used, and why where that was a choice.
    pub fn transport(&self, kind: TransportKind, reason: String) {
        self.change(|link| {
            link.transport = kind;
            link.transport_reason = reason;
        });
    }

    /// The hops, outermost first.
    pub fn via(&self, via: Vec<String>) {
        self.change(|link| link.via = via);
    }

    /// A person is being asked whether a host key is right.
    pub fn asking_host_key(&self, error: LinkError) {
        self.change(|link| {
            link.state = LinkState::HostKeyUnknown;
            link.error = Some(error);
        });
    }

    /// Connected.
    pub fn up(&self, generation: u64, rtt: Option<Duration>) {
        self.change(|link| {
            link.state = LinkState::Up;
            link.error = None;
            link.generation = generation;
            link.rtt = rtt;
        });
    }

    /// Another round trip was measured; told only when it says something new.
    pub fn rtt(&self, rtt: Duration) {
        self.0.send_if_modified(|link| {
            let before = link.rtt.unwrap_or_default();
            let news = link.is_up() && rtt.abs_diff(before) > (before / 4).max(NOTICEABLE);
            if news {
                link.rtt = Some(rtt);
            }
            news
        });
    }

    /// Failed, with the time of the next attempt where there is one.
    pub fn failed(&self, error: LinkError, retry_in: Option<Duration>) {
        self.change(|link| {
            link.state = match (retry_in, error.kind) {
                (Some(_), _) => LinkState::Retrying,
                (None, LinkErrorKind::Auth) => LinkState::AuthFailed,
                (None, LinkErrorKind::HostKeyUnknown) => LinkState::HostKeyUnknown,
                (None, LinkErrorKind::HostKeyChanged) => LinkState::HostKeyChanged,
                (None, _) => LinkState::Down,
            };
            link.retry_at =
                retry_in.and_then(|delay| Utc::now().checked_add_signed(chrono::Duration::from_std(delay).ok()?));
            link.error = Some(error);
        });
    }

    /// Something about a live link that a person should know (a full MaxSessions).
    pub fn note(&self, error: LinkError) {
        self.0.send_if_modified(|link| {
            let news = link.is_up() && link.error.as_ref() != Some(&error);
            if news {
                link.error = Some(error);
            }
            news
        });
    }

    /// Closed for good.
    pub fn down(&self) {
        self.change(|link| {
            link.state = LinkState::Down;
            link.retry_at = None;
        });
    }

    /// `since` moves only when what a person is told does.
    fn change(&self, change: impl FnOnce(&mut Link)) {
        self.0.send_modify(|link| {
            let before = HostState::of_link(link);
            change(link);
            if HostState::of_link(link) != before {
                link.since = Utc::now();
            }
        });
    }
}
