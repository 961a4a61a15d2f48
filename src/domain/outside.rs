//! What is known of the outside view, how old each part of it is, and what of it cannot be had.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::api_error::ApiError;
use super::monitor::{
    Certificate, ContactGroup, Heartbeat, MaintenanceWindow, Monitor, MonitorEvent, PageSpeed, Response,
};

/// A sort of thing that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// The list of checks.
    Checks,
    /// A check's ups and downs.
    Events,
    /// Heartbeats.
    Heartbeats,
    /// Maintenance windows.
    Windows,
    /// Certificates.
    Certificates,
    /// Page speed.
    PageSpeeds,
    /// Contact groups.
    ContactGroups,
    /// A check's response times.
    Responses,
}

impl Feed {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Events => "alerts of checks",
            Self::Heartbeats => "heartbeats",
            Self::Windows => "maintenance windows",
            Self::Certificates => "certificates",
            Self::PageSpeeds => "page speed",
            Self::ContactGroups => "contact groups",
            Self::Responses => "response times",
        }
    }
}

/// Why something of it is not known, or old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What happened last.
    pub error: ApiError,
    /// Since when it has.
    pub since: DateTime<Utc>,
}

/// What is known of what a source watches from outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outside {
    /// Its checks.
    pub checks: Vec<Monitor>,
    /// Ups and downs by the check's id; a check that is missing has not been asked after yet.
    pub events: BTreeMap<String, Vec<MonitorEvent>>,
    /// Newest response times by the check's id, newest first.
    pub responses: BTreeMap<String, Vec<Response>>,
    /// Its certificates.
    pub certificates: Vec<Certificate>,
    /// Its heartbeats.
    pub heartbeats: Vec<Heartbeat>,
    /// Its pages whose speed is measured.
    pub page_speeds: Vec<PageSpeed>,
    /// Who is called.
    pub contact_groups: Vec<ContactGroup>,
    /// Its maintenance windows.
    pub windows: Vec<MaintenanceWindow>,
    /// When each sort of thing was last had.
    pub as_of: BTreeMap<Feed, DateTime<Utc>>,
    /// What cannot be had now; the rest goes on.
    pub trouble: BTreeMap<Feed, Trouble>,
}
