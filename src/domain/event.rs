//! Things that happened and are kept: what the log's rulers and a timeline show.

use chrono::{DateTime, Utc};

use super::text::one_line;

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
    /// Somebody did something else through `qd`.
    Action,
}

impl EventKind {
    /// Each.
    pub const ALL: [Self; 7] = [
        Self::Version,
        Self::Restart,
        Self::AlertFiring,
        Self::AlertResolved,
        Self::DeployBegun,
        Self::DeployEnded,
        Self::Action,
    ];

    /// Its word, as it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Restart => "restart",
            Self::AlertFiring => "alert_firing",
            Self::AlertResolved => "alert_resolved",
            Self::DeployBegun => "deploy_begun",
            Self::DeployEnded => "deploy_ended",
            Self::Action => "action",
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

/// That something began to be so, or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What it is called, the same at its beginning and its end.
    pub of: String,
    /// What whoever tells its end must know of it besides.
    pub note: String,
    /// The event; its own key does not matter.
    pub event: Event,
}

/// The longest text of an event, in characters.
pub const TEXT: usize = 300;

impl Event {
    /// That a run of a deploy or rollback began, or ended in some way. The same for whoever sees it: who steers it, and who
    /// finds it on its hosts.
    pub fn of_run(fleet: &str, run: &RunSeen<'_>, kind: EventKind, word: &str, time: DateTime<Utc>) -> Self {
        let RunSeen { id, action, service, environment, to, by } = run;
        Self {
            fleet: fleet.to_owned(),
            key: format!("run:{id}:{}", kind.as_str()),
            time,
            kind,
            service: service.map(str::to_owned),
            environment: Some((*environment).to_owned()),
            host: None,
            text: one_line(&format!("{action} {} {to} {word} · {by}", service.unwrap_or_default()), TEXT),
        }
    }
}

/// What an event says of a run.
#[derive(Clone, Copy, Debug)]
pub struct RunSeen<'a> {
    /// Its id.
    pub id: &'a str,
    /// `deploy` or `rollback`.
    pub action: &'a str,
    /// The service.
    pub service: Option<&'a str>,
    /// The environment.
    pub environment: &'a str,
    /// The version that it is to make live.
    pub to: &'a str,
    /// Who started it.
    pub by: &'a str,
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
