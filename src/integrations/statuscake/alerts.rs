//! StatusCake's troubles as alerts: pure.
//!
//! A check that is down is a page, and so is a certificate that is over, broken or has a week left; a missing heartbeat
//! and a certificate within the days that its check warns of are tickets; a slow page is a notice. Paused ones are
//! nothing. What has ended stays for a day, each outage by itself.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::alert::{Alert, AlertState, Severity, is_recent, sort};
use crate::domain::hosted::CheckOwner;
use crate::domain::monitor::{
    Certificate, CertificateState, Heartbeat, Monitor, MonitorEvent, MonitorState, Outage, PageSpeed, is_flapping,
    outages,
};
use crate::domain::outside::{Feed, Outside};

/// The days before its end from which a certificate is a page.
const CERTIFICATE_PAGE: i64 = 7;
/// The days before its end from which a certificate is a ticket, where its check names none.
const CERTIFICATE_TICKET: u32 = 21;

/// Every alert of what is known, in the order in which they are read. `now` may lie before it was asked: events up to then
/// count, and what has no history counts as it is.
pub fn alerts(outside: &Outside, owners: &[CheckOwner], now: DateTime<Utc>) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = Vec::new();
    for check in &outside.checks {
        let events = outside.events.get(&check.id).map_or(&[][..], Vec::as_slice);
        let silenced = is_silenced(outside, check, now);
        for mut alert in of_check(check, events, now) {
            alert.silenced = silenced && alert.state == AlertState::Firing;
            alerts.push(owned(alert, owners, &check.id, &check.name, &check.tags));
        }
    }
    for one in &outside.certificates {
        alerts.extend(of_certificate(one, now).map(|alert| owned(alert, owners, &one.id, &one.url, &[])));
    }
    for one in &outside.heartbeats {
        alerts.extend(of_heartbeat(one).map(|alert| owned(alert, owners, &one.id, &one.name, &one.tags)));
    }
    for one in &outside.page_speeds {
        alerts.extend(of_page(one).map(|alert| owned(alert, owners, &one.id, &one.name, &[])));
    }
    sort(&mut alerts);
    alerts
}

/// Whether enough is known to say that an alert which is not among those of [`alerts`] is over.
pub fn is_heard(outside: &Outside, alert: &Alert) -> bool {
    let heard = |feed: Feed| outside.as_of.contains_key(&feed);
    match alert.rule.as_str() {
        "certificate" => heard(Feed::Certificates),
        "heartbeat" => heard(Feed::Heartbeats),
        "pagespeed" => heard(Feed::PageSpeeds),
        _ => {
            // When a check came back its events say.
            let id = alert.id.split(':').nth(2).unwrap_or_default();
            let lasts = |check: &Monitor| check.id == id && check.state != MonitorState::Paused;
            heard(Feed::Checks) && (outside.events.contains_key(id) || !outside.checks.iter().any(lasts))
        }
    }
}

/// An alert with whose it is, by the first service that claims what it is about.
fn owned(alert: Alert, owners: &[CheckOwner], id: &str, name: &str, tags: &[String]) -> Alert {
    let Some(owner) = owners.iter().find(|owner| owner.owns(id, name, tags)) else { return alert };
    Alert { service: Some(owner.service.clone()), environment: Some(owner.environment.clone()), ..alert }
}

fn alert(rule: &str, id: &str, severity: Severity, title: String, url: Option<&str>) -> Alert {
    Alert {
        url: url.map(str::to_owned),
        ..Alert::firing(format!("statuscake:{rule}:{id}"), rule, "statuscake", severity, title)
    }
}

/// The outage that lasts, and those of the last day. The newest has the check's own identity; older ones add when they
/// began.
fn of_check(check: &Monitor, events: &[MonitorEvent], now: DateTime<Utc>) -> Vec<Alert> {
    let mut all = outages(events, now);
    let open = all.first().is_some_and(|outage| outage.ended.is_none());
    // Events after `now` say that the list's state is of a later moment.
    let later = events.iter().any(|event| event.at.is_some_and(|at| at > now));
    let down = check.state != MonitorState::Paused && if later { open } else { check.state == MonitorState::Down };
    if check.state == MonitorState::Paused && open {
        // How it went on, nobody looked.
        all.remove(0);
    }
    let recent = |(i, outage): (usize, Outage)| {
        let firing = down && open && i == 0;
        // One that the list says is over, and no event when, is as recent as its beginning.
        let shown = firing || is_recent(outage.ended.unwrap_or(outage.began), now);
        shown.then_some((Some(outage), firing))
    };
    // Down, and no event says since when.
    let unseen = (down && !open).then_some((None, true));
    let shown = unseen.into_iter().chain(all.into_iter().enumerate().filter_map(recent));
    let flapping = is_flapping(events, now);
    shown.enumerate().map(|(i, (outage, firing))| of_outage(check, outage, firing, flapping, i == 0)).collect()
}

fn of_outage(check: &Monitor, outage: Option<Outage>, firing: bool, flapping: bool, newest: bool) -> Alert {
    let code = outage.and_then(|outage| outage.code);
    let why = match code {
        Some(0) => " (no answer)".to_owned(),
        Some(code) => format!(" ({code})"),
        None => String::new(),
    };
    let id = match outage.filter(|_| !newest) {
        Some(outage) => format!("{}:{}", check.id, outage.began.timestamp()),
        None => check.id.clone(),
    };
    Alert {
        state: if firing { AlertState::Firing } else { AlertState::Resolved },
        since: outage.map(|outage| outage.began),
        ended: outage.and_then(|outage| outage.ended),
        value: code.map(f64::from),
        flapping,
        ..alert("uptime", &id, Severity::Page, format!("{} down{why}", check.name), Some(&check.url))
    }
}

/// Whether the account tells nobody of a check now.
fn is_silenced(outside: &Outside, check: &Monitor, now: DateTime<Utc>) -> bool {
    outside.windows.iter().any(|window| {
        let covers = window.checks.contains(&check.id) || check.tags.iter().any(|tag| window.tags.contains(tag));
        // A window that comes back names only its first time; then its state is all that is known.
        let within = match (window.start, window.end) {
            (Some(start), Some(end)) if window.repeat == "never" => start <= now && now < end,
            _ => window.state == "active",
        };
        covers && within && window.state != "paused"
    })
}

fn of_certificate(certificate: &Certificate, now: DateTime<Utc>) -> Option<Alert> {
    let warn = certificate.warn_days.iter().copied().max().unwrap_or(CERTIFICATE_TICKET);
    let whose = &certificate.url;
    let (severity, title, value, since) = match certificate.state(now) {
        CertificateState::Broken => {
            (Severity::Page, format!("certificate of {whose} is {}", certificate.faults.join(", ")), None, None)
        }
        CertificateState::Expired => {
            let left = certificate.valid_until.map(|end| days(end - now));
            (Severity::Page, format!("certificate of {whose} has expired"), left, certificate.valid_until)
        }
        CertificateState::Valid(left) if certificate.expires_within(i64::from(warn), now) => {
            let severity = if left < CERTIFICATE_PAGE { Severity::Page } else { Severity::Ticket };
            let since = certificate.valid_until.map(|end| end - TimeDelta::days(i64::from(warn)));
            (
                severity,
                format!("certificate of {whose} ends in {left} d"),
                certificate.valid_until.map(|end| days(end - now)),
                since,
            )
        }
        _ => return None,
    };
    Some(Alert { value, since, ..alert("certificate", &certificate.id, severity, title, Some(whose)) })
}

/// Whole days, negative when over.
fn days(left: TimeDelta) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no certificate lasts 2^53 days")]
    let days = left.num_days() as f64;
    days
}

fn of_heartbeat(heartbeat: &Heartbeat) -> Option<Alert> {
    if heartbeat.state != MonitorState::Down {
        return None;
    }
    let since =
        heartbeat.last_seen.and_then(|seen| seen.checked_add_signed(TimeDelta::from_std(heartbeat.period).ok()?));
    let title = format!("no heartbeat from {}", heartbeat.name);
    Some(Alert { since, ..alert("heartbeat", &heartbeat.id, Severity::Ticket, title, None) })
}

fn of_page(page: &PageSpeed) -> Option<Alert> {
    let (latest, most) = (page.latest?, page.alert_slower?);
    if page.paused || latest.millis <= most {
        return None;
    }
    let title = format!("{} takes {} ms to load, over {most} ms", page.name, latest.millis);
    Some(Alert {
        value: Some(f64::from(latest.millis)),
        ..alert("pagespeed", &page.id, Severity::Notice, title, Some(&page.url))
    })
}
