//! StatusCake's answers as they come (API v1). What its specification does not require may be
//! missing; whole numbers are any, and what they mean is for [`super::map`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A list by pages.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    pub metadata: Pagination,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pagination {
    pub page_count: i64,
    pub total_count: i64,
}

/// A series, newest first.
#[derive(Debug, Deserialize)]
pub(super) struct Series<T> {
    pub data: Vec<T>,
    pub links: Links,
}

#[derive(Debug, Deserialize)]
pub(super) struct Links {
    /// Of these only the one that always comes is asked for, to know a whole answer; the address in it is never used.
    #[serde(rename = "self")]
    pub _own: String,
    #[serde(default)]
    pub next: Option<String>,
}

/// A single thing.
#[derive(Debug, Deserialize)]
pub(super) struct One<T> {
    pub data: T,
}

/// What was made.
#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub new_id: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Up,
    Down,
}

#[derive(Debug, Deserialize)]
pub(super) struct Uptime {
    pub id: String,
    pub name: String,
    pub website_url: String,
    pub test_type: String,
    pub check_rate: i64,
    #[serde(default)]
    pub contact_groups: Vec<String>,
    pub paused: bool,
    pub status: Status,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub uptime: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct UptimeDetail {
    #[serde(default)]
    pub last_tested_at: Option<String>,
    #[serde(default)]
    pub processing_state: Option<String>,
    #[serde(default)]
    pub servers: Vec<Server>,
    pub confirmation: i64,
    pub timeout: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Server {
    pub description: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Alert {
    pub id: String,
    pub status: Status,
    pub status_code: i64,
    #[serde(default)]
    pub triggered_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Period {
    pub status: Status,
    pub created_at: String,
    #[serde(default)]
    pub ended_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct History {
    pub created_at: String,
    #[serde(default)]
    pub performance: Option<i64>,
    #[serde(default)]
    pub status_code: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ssl {
    pub id: String,
    pub website_url: String,
    pub paused: bool,
    #[serde(default)]
    pub alert_at: Vec<i64>,
    #[serde(default)]
    pub certificate_status: Option<String>,
    /// Named yes or no.
    #[serde(default)]
    pub flags: BTreeMap<String, Value>,
    #[serde(default)]
    pub issuer_common_name: Option<String>,
    #[serde(default)]
    pub valid_until: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Heartbeat {
    pub id: String,
    pub name: String,
    pub period: i64,
    pub paused: bool,
    pub status: Status,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub uptime: Option<f64>,
    #[serde(default)]
    pub last_tested_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PageSpeed {
    pub id: String,
    pub name: String,
    pub website_url: String,
    pub paused: bool,
    pub alert_slower: i64,
    #[serde(default)]
    pub latest_stats: Option<Stats>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stats {
    pub filesize: f64,
    pub has_issue: bool,
    pub loadtime: i64,
    pub requests: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct ContactGroup {
    pub id: String,
    pub name: String,
    pub email_addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Window {
    pub id: String,
    pub name: String,
    pub start_at: String,
    pub end_at: String,
    pub repeat_interval: String,
    pub state: String,
    pub tags: Vec<String>,
    pub tests: Vec<String>,
}
