//! From StatusCake's words to ours: pure, and every text made safe.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::wire;
use crate::domain::monitor::{
    Certificate, ContactGroup, Heartbeat, MaintenanceWindow, Monitor, MonitorDetail, MonitorEvent, MonitorState,
    Outage, PageLoad, PageSpeed, Response,
};
use crate::domain::text::one_line;
use crate::integrations::http::public_url;

/// The longest text that is kept of any.
const LONGEST: usize = 200;

fn text(text: &str) -> String {
    one_line(text, LONGEST)
}

fn texts(all: &[String]) -> Vec<String> {
    all.iter().map(|one| text(one)).collect()
}

/// A length of time; a negative one is none.
fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

/// A number that fits, or nothing.
fn small(number: i64) -> Option<u32> {
    u32::try_from(number).ok()
}

/// A time, or nothing where it cannot be read.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| time.to_utc())
}

/// A paused check keeps the state of its last day, which says nothing of today.
fn state(paused: bool, status: wire::Status) -> MonitorState {
    match (paused, status) {
        (true, _) => MonitorState::Paused,
        (false, wire::Status::Up) => MonitorState::Up,
        (false, wire::Status::Down) => MonitorState::Down,
    }
}

pub(super) fn check(raw: &wire::Uptime) -> Monitor {
    Monitor {
        id: text(&raw.id),
        name: text(&raw.name),
        url: text(&public_url(&raw.website_url)),
        kind: text(&raw.test_type),
        state: state(raw.paused, raw.status),
        uptime_pct: raw.uptime.filter(|pct| (0.0..=100.0).contains(pct)),
        every: seconds(raw.check_rate),
        tags: texts(&raw.tags),
        contact_groups: texts(&raw.contact_groups),
    }
}

pub(super) fn detail(raw: &wire::UptimeDetail) -> MonitorDetail {
    MonitorDetail {
        last_tested: raw.last_tested_at.as_deref().and_then(time),
        processing: raw.processing_state.as_deref().map(text),
        servers: raw.servers.iter().map(|server| text(&server.description)).collect(),
        confirmation: small(raw.confirmation).unwrap_or(0),
        timeout: seconds(raw.timeout),
    }
}

pub(super) fn event(raw: &wire::Alert) -> MonitorEvent {
    MonitorEvent {
        id: text(&raw.id),
        at: raw.triggered_at.as_deref().and_then(time),
        up: raw.status == wire::Status::Up,
        code: small(raw.status_code).unwrap_or(0),
    }
}

/// A period of being down. The unit of `duration` is written nowhere: the two times say it.
pub(super) fn outage(raw: &wire::Period) -> Option<Outage> {
    if raw.status != wire::Status::Down {
        return None;
    }
    Some(Outage { began: time(&raw.created_at)?, ended: raw.ended_at.as_deref().and_then(time), code: None })
}

pub(super) fn response(raw: &wire::History) -> Option<Response> {
    Some(Response {
        at: time(&raw.created_at)?,
        millis: raw.performance.and_then(small),
        code: raw.status_code.and_then(small),
    })
}

pub(super) fn certificate(raw: &wire::Ssl) -> Certificate {
    let flag = |name: &str| raw.flags.get(name).and_then(serde_json::Value::as_bool) == Some(true);
    let status = raw.certificate_status.as_deref().unwrap_or("").to_ascii_uppercase();
    let faults = [("broken", "is_broken"), ("missing", "is_missing"), ("revoked", "is_revoked")];
    let faults = faults.into_iter().filter(|(word, name)| flag(name) || status.contains(&word.to_uppercase()));
    Certificate {
        id: text(&raw.id),
        url: text(&public_url(&raw.website_url)),
        paused: raw.paused,
        faults: faults.map(|(word, _)| word).collect(),
        said_expired: flag("is_expired") || status.contains("EXPIRED"),
        valid_until: raw.valid_until.as_deref().and_then(time),
        issuer: raw.issuer_common_name.as_deref().map(text),
        warn_days: raw.alert_at.iter().copied().filter_map(small).collect(),
    }
}

pub(super) fn heartbeat(raw: &wire::Heartbeat) -> Heartbeat {
    Heartbeat {
        id: text(&raw.id),
        name: text(&raw.name),
        state: state(raw.paused, raw.status),
        period: seconds(raw.period),
        last_seen: raw.last_tested_at.as_deref().and_then(time),
        uptime_pct: raw.uptime.filter(|pct| (0.0..=100.0).contains(pct)),
        tags: texts(&raw.tags),
    }
}

pub(super) fn page_speed(raw: &wire::PageSpeed) -> PageSpeed {
    PageSpeed {
        id: text(&raw.id),
        name: text(&raw.name),
        url: text(&public_url(&raw.website_url)),
        paused: raw.paused,
        latest: raw.latest_stats.as_ref().and_then(|stats| {
            Some(PageLoad {
                millis: small(stats.loadtime)?,
                kilobytes: stats.filesize,
                requests: small(stats.requests)?,
                has_issue: stats.has_issue,
            })
        }),
        alert_slower: small(raw.alert_slower).filter(|millis| *millis > 0),
    }
}

pub(super) fn contact_group(raw: &wire::ContactGroup) -> ContactGroup {
    ContactGroup { id: text(&raw.id), name: text(&raw.name), emails: texts(&raw.email_addresses) }
}

pub(super) fn window(raw: &wire::Window) -> MaintenanceWindow {
    MaintenanceWindow {
        id: text(&raw.id),
        name: text(&raw.name),
        state: text(&raw.state),
        start: time(&raw.start_at),
        end: time(&raw.end_at),
        repeat: text(&raw.repeat_interval),
        checks: texts(&raw.tests),
        tags: texts(&raw.tags),
    }
}
