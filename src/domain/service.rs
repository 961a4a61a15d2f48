//! A service: what runs on some hosts, how its health and version are asked, and where its logs are.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::host::HostName;
use super::log::SourceSpec;

/// One service of one environment, its hosts already worked out from names, globs and tags.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name; unique together with the environment.
    pub name: String,
    /// The environment of its hosts.
    pub environment: String,
    /// The hosts it runs on, in config order.
    pub hosts: Vec<HostName>,
    /// The systemd unit, such as `myservice.service`.
    pub unit: Option<String>,
    /// The container's name, where it runs in docker or podman instead.
    pub container: Option<String>,
    /// Whether its failure wakes people.
    pub critical: bool,
    /// How its health is asked on each host.
    pub health: Option<HealthCheck>,
    /// How its running version is asked on each host.
    pub version: Option<VersionSource>,
    /// The access log that requests/s and percentiles come from.
    pub access_log: Option<String>,
    /// Where to read what to do.
    pub runbook: Option<String>,
    /// Its log sources.
    pub logs: Vec<SourceSpec>,
}

/// An HTTP question put to a service on its own host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// As seen from the host itself, such as `http://127.0.0.1:8000/healthz`.
    pub url: String,
    /// Inclusive ranges of HTTP status codes that mean healthy.
    pub status: Vec<(u16, u16)>,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How often to ask.
    pub every: Duration,
}

/// Where a running service tells its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionSource {
    /// A URL asked from the host: the body, or the `version` of a JSON body.
    Url(String),
    /// A command on the host (argv): its first line of output.
    Command(Vec<String>),
}

/// What a health check said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Answered as it should.
    Ok,
    /// Answered otherwise, or not at all on a live host.
    Failing,
    /// Not asked, or the host cannot be reached.
    #[default]
    Unknown,
}

impl Health {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of one service on one host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceOnHost {
    /// systemd's ActiveState, such as `active`.
    pub unit_state: Option<String>,
    /// systemd's SubState, such as `running`.
    pub sub_state: Option<String>,
    /// systemd's NRestarts.
    pub restarts: Option<u64>,
    /// When the main process started.
    pub since: Option<DateTime<Utc>>,
    /// The version that the service reports.
    pub version: Option<String>,
    /// What the health check said.
    pub health: Health,
    /// Why it is failing, in one line safe to show.
    pub health_detail: Option<String>,
    /// When any of this was last heard.
    pub heard: Option<DateTime<Utc>>,
}

impl ServiceOnHost {
    /// Whether nothing speaks against it: its health check does not fail, and its unit is up (a reload counts as up).
    /// What is unknown speaks against nothing.
    pub fn is_well(&self) -> bool {
        let up = |unit: &str| matches!(unit, "active" | "reloading" | "refreshing");
        self.health != Health::Failing && self.unit_state.as_deref().is_none_or(up)
    }
}

/// One service over all its hosts.
pub type ServiceRow = BTreeMap<HostName, ServiceOnHost>;
