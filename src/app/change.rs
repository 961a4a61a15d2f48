//! What changed in the fleet while the cockpit watched: the answer to "what changed?".

use chrono::{DateTime, Utc};

use super::state::State;
use crate::domain::host::HostName;

/// How many changes are kept.
const KEPT: usize = 200;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When it was seen.
    pub at: DateTime<Utc>,
    /// Where.
    pub host: HostName,
    /// What.
    pub what: ChangeKind,
}

/// Kinds of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A service reports another version.
    Version {
        /// The service.
        service: String,
        /// What it reported before.
        from: String,
        /// What it reports now.
        to: String,
    },
    /// A service was started anew, by systemd (a crash) or by somebody.
    Restarted {
        /// The service.
        service: String,
        /// Whether systemd did it by itself.
        by_itself: bool,
    },
    /// The host was booted.
    Rebooted,
    /// The kernel killed processes for want of memory.
    OomKill(u64),
}

impl State {
    /// Remembers a change.
    pub(super) fn note_change(&mut self, host: &HostName, what: ChangeKind) {
        if self.changes.len() == KEPT {
            self.changes.pop_front();
        }
        self.changes.push_back(Change { at: self.now, host: host.clone(), what });
    }
}
