//! Everything that is watched from outside, as rows of one list: the worst first.

use chrono::{DateTime, Utc};

use crate::domain::monitor::{
    Certificate, CertificateState, Heartbeat, MaintenanceWindow, Monitor, MonitorState, PageSpeed,
};
use crate::domain::outside::Outside;

/// A certificate is worth a word so many days before its end, where its check does not say otherwise.
const CERTIFICATE_DAYS: u32 = 21;

/// One thing that is watched.
#[derive(Clone, Copy, Debug)]
pub enum Watched<'o> {
    /// A check of whether something answers.
    Check(&'o Monitor),
    /// A certificate.
    Certificate(&'o Certificate),
    /// Something that is expected to call now and then.
    Heartbeat(&'o Heartbeat),
    /// A page whose speed is measured.
    Page(&'o PageSpeed),
    /// A time in which nobody is told.
    Window(&'o MaintenanceWindow),
}

/// How one of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Something is wrong now.
    Bad,
    /// Something will be, or is not as it should be.
    Warn,
    /// All is well.
    Well,
    /// It is not looked at.
    Off,
}

impl<'o> Watched<'o> {
    /// Its stable id.
    pub fn id(&self) -> String {
        match self {
            Self::Check(one) => format!("uptime:{}", one.id),
            Self::Certificate(one) => format!("certificate:{}", one.id),
            Self::Heartbeat(one) => format!("heartbeat:{}", one.id),
            Self::Page(one) => format!("pagespeed:{}", one.id),
            Self::Window(one) => format!("window:{}", one.id),
        }
    }

    /// What sort of thing it is.
    pub fn kind(&self) -> &'o str {
        match self {
            Self::Check(one) => &one.kind,
            Self::Certificate(_) => "certificate",
            Self::Heartbeat(_) => "heartbeat",
            Self::Page(_) => "page speed",
            Self::Window(_) => "maintenance",
        }
    }

    /// Its name.
    pub fn name(&self) -> &'o str {
        match self {
            Self::Check(one) => &one.name,
            Self::Certificate(one) => &one.url,
            Self::Heartbeat(one) => &one.name,
            Self::Page(one) => &one.name,
            Self::Window(one) => &one.name,
        }
    }

    /// Where it is to be looked at.
    pub fn url(&self) -> Option<&'o str> {
        match self {
            Self::Check(one) => Some(&one.url),
            Self::Certificate(one) => Some(&one.url),
            Self::Page(one) => Some(&one.url),
            Self::Heartbeat(_) | Self::Window(_) => None,
        }
    }

    /// How it is, and the word for it.
    pub fn condition(&self, now: DateTime<Utc>) -> (Condition, String) {
        let monitor = |state: MonitorState| match state {
            MonitorState::Down => Condition::Bad,
            MonitorState::Paused => Condition::Off,
            MonitorState::Up => Condition::Well,
        };
        match self {
            Self::Check(one) => (monitor(one.state), one.state.as_str().to_owned()),
            Self::Heartbeat(one) => {
                let word = if one.state == MonitorState::Down { "missing" } else { one.state.as_str() };
                (monitor(one.state), word.to_owned())
            }
            Self::Certificate(one) => certificate(one, now),
            Self::Page(one) if one.paused => (Condition::Off, "paused".to_owned()),
            Self::Page(one) => match (&one.latest, one.alert_slower) {
                (None, _) => (Condition::Off, "not yet".to_owned()),
                (Some(load), Some(limit)) if load.millis > limit => (Condition::Warn, "slow".to_owned()),
                (Some(load), _) if load.has_issue => (Condition::Warn, "issue".to_owned()),
                (Some(_), _) => (Condition::Well, "ok".to_owned()),
            },
            Self::Window(one) if one.state == "active" => (Condition::Warn, "active".to_owned()),
            Self::Window(one) => (Condition::Off, one.state.clone()),
        }
    }
}

fn certificate(one: &Certificate, now: DateTime<Utc>) -> (Condition, String) {
    let warned = one.warn_days.iter().copied().max().unwrap_or(CERTIFICATE_DAYS);
    match one.state(now) {
        CertificateState::Paused => (Condition::Off, "paused".to_owned()),
        CertificateState::Unknown => (Condition::Off, "not known".to_owned()),
        CertificateState::Expired => (Condition::Bad, "expired".to_owned()),
        CertificateState::Broken => (Condition::Bad, "broken".to_owned()),
        CertificateState::Valid(days) if days <= i64::from(warned) => (Condition::Warn, format!("{days} d left")),
        CertificateState::Valid(days) => (Condition::Well, format!("{days} d left")),
    }
}

/// All of it, the worst first, then by kind and name.
pub fn watched(outside: &Outside, now: DateTime<Utc>) -> Vec<Watched<'_>> {
    let mut all: Vec<Watched> = outside.checks.iter().map(Watched::Check).collect();
    all.extend(outside.heartbeats.iter().map(Watched::Heartbeat));
    all.extend(outside.certificates.iter().map(Watched::Certificate));
    all.extend(outside.page_speeds.iter().map(Watched::Page));
    all.extend(outside.windows.iter().filter(|one| one.end.is_none_or(|end| end > now)).map(Watched::Window));
    // Stable: within a kind they stay as the source has them.
    all.sort_by_key(|one| one.condition(now).0);
    all
}
