//! Things that happened and are kept: what the log's rulers and a timeline show.

use chrono::{DateTime, Utc};

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// A host reports another version of a service.
    Version,
    /// A unit was started anew.
    Restart,
    /// An alert began to fire.
    AlertFiring,
    /// An alert ended.
    AlertResolved,
    /// A deploy or rollback began.
    DeployBegun,
    /// A deploy or rollback ended.
    DeployEnded,
}

impl EventKind {
    /// Each.
    pub const ALL: [Self; 6] =
        [Self::Version, Self::Restart, Self::AlertFiring, Self::AlertResolved, Self::DeployBegun, Self::DeployEnded];

    /// Its word, as it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Restart => "restart",
            Self::AlertFiring => "alert_firing",
            Self::AlertResolved => "alert_resolved",
            Self::DeployBegun => "deploy_begun",
            Self::DeployEnded => "deploy_ended",
        }
    }

    /// The kind of a word; none for one of a newer `qd`.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The fleet: `[fleet] name`. Several share a store.
    pub fleet: String,
    /// What makes two sightings of it in a fleet the same one, whoever sees it: it is kept once.
    pub key: String,
    /// When it happened, as well as that is known.
    pub time: DateTime<Utc>,
    /// What sort of thing it was.
    pub kind: EventKind,
    /// The service that it concerns.
    pub service: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// What happened, in a line safe to show.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_one_kind() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::of(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::of("something newer"), None);
    }
}
