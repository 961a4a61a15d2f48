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
pub(super) struct LinkCell {
    published: Arc<watch::Sender<Link>>,
    /// The connection that it speaks for; none before the first.
    generation: u64,
}

impl LinkCell {
    /// A link before its first attempt.
    pub fn new() -> Self {
        let link = Link::connecting(TransportKind::Ssh2, Utc::now());
        Self { published: Arc::new(watch::Sender::new(link)), generation: 0 }
    }

    /// The handle of one connection.
    pub fn of(&self, generation: u64) -> Self {
        Self { generation, ..self.clone() }
    }

    /// Whoever wants to follow it.
    pub fn subscribe(&self) -> watch::Receiver<Link> {
        self.published.subscribe()
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
        self.published.send_if_modified(|link| {
            let before = link.rtt.unwrap_or_default();
            let news = link.is_up() && rtt.abs_diff(before) > (before / 4).max(NOTICEABLE);
            if news {
                link.rtt = Some(rtt);
            }
            news
        });
    }

    /// This handle's connection is lost. Said before its streams end: whoever learns of the loss from one of them does not
    /// find the link up and use it again.
    pub fn lost(&self, error: LinkError) {
        self.change_if(|link| {
            let ours = link.is_up() && link.generation == self.generation;
            if ours {
                (link.state, link.error) = (LinkState::Retrying, Some(error));
            }
            ours
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
        self.published.send_if_modified(|link| {
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

    fn change(&self, change: impl FnOnce(&mut Link)) {
        self.change_if(|link| {
            change(link);
            true
        });
    }

    /// `since` moves only when what a person is told does.
    fn change_if(&self, change: impl FnOnce(&mut Link) -> bool) {
        self.published.send_if_modified(|link| {
            let before = HostState::of_link(link);
            let changed = change(link);
            if HostState::of_link(link) != before {
                link.since = Utc::now();
            }
            changed
        });
    }
}
