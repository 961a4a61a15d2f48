//! What somebody should know of: alerts, whoever raised them.
//!
//! External ones (StatusCake's and others') are firing or resolved: their source owns their state.

use std::fmt;

use chrono::{DateTime, Utc};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Kept in the log only.
    Log,
    /// Shown.
    Notice,
    /// Somebody must do something in working hours.
    Ticket,
    /// Somebody must do something now.
    Page,
}

impl Severity {
    /// Each, the least first.
    pub const ALL: [Self; 4] = [Self::Log, Self::Notice, Self::Ticket, Self::Page];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Notice => "notice",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertState {
    /// It is over.
    Resolved,
    /// It may become one.
    Pending,
    /// It holds.
    Firing,
}

impl AlertState {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One alert. All text in it is safe to show.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its identity, the same as long as it lasts: `source:` and what the source calls it.
    pub id: String,
    /// What raised it, such as `uptime`, `certificate`, `heartbeat`, or a rule's name.
    pub rule: String,
    /// Who says so: `statuscake`, `gitlab`, or `quarterdeck` for its own rules.
    pub source: String,
    /// How much it matters.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// What is wrong, in a line.
    pub title: String,
    /// The host, where it is one's.
    pub host: Option<String>,
    /// The service, where it is one's.
    pub service: Option<String>,
    /// The service's or host's environment.
    pub environment: Option<String>,
    /// Since when it has been so, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// The figure behind it, such as a status code, or days left.
    pub value: Option<f64>,
    /// Who has taken it on.
    pub acked_by: Option<String>,
    /// Whether nobody is told of it.
    pub silenced: bool,
    /// Whether it comes and goes.
    pub flapping: bool,
    /// What was changed last before it began.
    pub last_change: Option<String>,
    /// Where to look at it.
    pub url: Option<String>,
}

impl Alert {
    /// One that fires, and of which no more is known than this: what its source calls it, what raised it, who says so, how
    /// much it matters, and what is wrong.
    pub fn firing(id: String, rule: &str, source: &str, severity: Severity, title: String) -> Self {
        Self {
            id,
            rule: rule.to_owned(),
            source: source.to_owned(),
            severity,
            state: AlertState::Firing,
            title,
            host: None,
            service: None,
            environment: None,
            since: None,
            ended: None,
            value: None,
            acked_by: None,
            silenced: false,
            flapping: false,
            last_change: None,
            url: None,
        }
    }

    /// Whether it asks somebody to act: a firing page or ticket.
    pub fn is_problem(&self) -> bool {
        self.state == AlertState::Firing && self.severity >= Severity::Ticket
    }
}

/// Puts alerts in the order in which they are read: firing first, then by severity, then the newest; then by identity.
pub fn sort(alerts: &mut [Alert]) {
    alerts.sort_by(|a, b| {
        let key = |alert: &Alert| (alert.state, alert.severity, alert.since);
        key(b).cmp(&key(a)).then_with(|| a.id.cmp(&b.id))
    });
}

/// Resolved alerts stay on the list for a day.
pub fn is_recent(ended: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    ended > now - chrono::TimeDelta::hours(24) && ended <= now
}
