//! What somebody wants done: an action, and what it is to be done to, by names that were bound when the key went down.
//! A row that moves afterwards changes nothing about it.

use super::action::ActionKind;
use super::deploy::steer::Wish;
use super::host::HostName;

/// What an action is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A service's unit on some of its hosts.
    Service {
        /// The service's name.
        name: String,
        /// Its environment.
        environment: String,
        /// The hosts that are meant, in config order.
        hosts: Vec<HostName>,
    },
    /// Hosts, whatever runs there.
    Hosts {
        /// The environment of all of them.
        environment: String,
        /// The hosts.
        hosts: Vec<HostName>,
    },
    /// A run of a deploy.
    Run {
        /// The service's name.
        service: String,
        /// Its environment.
        environment: String,
        /// The run's id.
        id: String,
    },
    /// Something at a hosted API; the answers say what.
    Hosted {
        /// The environment that it is about, or none of the config's.
        environment: String,
    },
}

impl Subject {
    /// The environment that it is in.
    pub fn environment(&self) -> &str {
        match self {
            Self::Service { environment, .. }
            | Self::Hosts { environment, .. }
            | Self::Run { environment, .. }
            | Self::Hosted { environment } => environment,
        }
    }

    /// Its hosts, where it is about hosts.
    pub fn hosts(&self) -> &[HostName] {
        match self {
            Self::Service { hosts, .. } | Self::Hosts { hosts, .. } => hosts,
            Self::Run { .. } | Self::Hosted { .. } => &[],
        }
    }
}

/// An action that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Which.
    pub action: ActionKind,
    /// The name of the config's `[[action]]`, for [`ActionKind::Custom`].
    pub custom: Option<String>,
    /// What it is done to.
    pub subject: Subject,
    /// What was answered to what it asks.
    pub answers: Vec<(String, String)>,
}

impl Want {
    /// An action without answers.
    pub fn new(action: ActionKind, subject: Subject) -> Self {
        Self { action, custom: None, subject, answers: Vec::new() }
    }

    /// The same with an answer more, or another one.
    pub fn with(mut self, name: &str, answer: impl Into<String>) -> Self {
        self.answers.retain(|(known, _)| known != name);
        self.answers.push((name.to_owned(), answer.into()));
        self
    }

    /// What was answered to a question; an empty answer is none.
    pub fn answer(&self, name: &str) -> Option<&str> {
        let found = self.answers.iter().find(|(known, _)| known == name);
        found.map(|(_, answer)| answer.as_str()).filter(|answer| !answer.is_empty())
    }

    /// What it wishes for a run.
    pub fn wish(&self) -> Wish {
        match self.action {
            ActionKind::Abort if self.answer("undo").is_some() => Wish::Undo,
            ActionKind::Abort => Wish::Stop,
            ActionKind::Hold => Wish::Hold,
            _ => Wish::On,
        }
    }

    /// What is wanted, in a few words, such as `restart api on web-1, web-2`.
    pub fn title(&self) -> String {
        let what = self.custom.as_deref().unwrap_or(self.action.def().name);
        let hosts = || self.subject.hosts().iter().map(HostName::as_str).collect::<Vec<_>>().join(", ");
        match &self.subject {
            Subject::Service { name, .. } => format!("{what} {name} on {}", hosts()),
            Subject::Hosts { .. } => format!("{what} on {}", hosts()),
            Subject::Run { service, .. } => format!("{what} the run of {service}"),
            Subject::Hosted { .. } => {
                let about = self.answers.iter().map(|(_, answer)| answer.as_str()).next().unwrap_or_default();
                format!("{what} {about}").trim_end().to_owned()
            }
        }
    }
}
