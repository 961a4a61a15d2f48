//! GitLab's incidents as alerts: pure.
//!
//! A critical or high one is a page, a low one a notice, any other a ticket. What has ended stays for a day.

use chrono::{DateTime, Utc};

use crate::domain::alert::{Alert, AlertState, Severity, is_recent, sort};
use crate::domain::ci::Incident;
use crate::domain::delivery::{Delivery, Part, Project};

/// Every alert of what is known, in the order in which they are read, as of this time.
pub fn alerts(delivery: &Delivery, now: DateTime<Utc>) -> Vec<Alert> {
    let of =
        |project: &'_ Project| project.incidents.iter().filter_map(|one| alert(one, project, now)).collect::<Vec<_>>();
    let mut alerts: Vec<Alert> = delivery.projects.iter().flat_map(of).collect();
    sort(&mut alerts);
    alerts
}

/// Whether enough is known to say that an alert which is not among those of [`alerts`] is over: every project's incidents.
pub fn is_heard(delivery: &Delivery) -> bool {
    let heard = |project: &Project| project.as_of.contains_key(&Part::Incidents);
    !delivery.projects.is_empty() && delivery.projects.iter().all(heard)
}

fn alert(incident: &Incident, project: &Project, now: DateTime<Utc>) -> Option<Alert> {
    if incident.opened.is_some_and(|opened| opened > now) {
        return None;
    }
    let firing = incident.is_open || incident.closed.is_some_and(|closed| closed > now);
    // One that is closed, and nobody says since when, is over.
    if !firing && !incident.closed.is_some_and(|closed| is_recent(closed, now)) {
        return None;
    }
    let severity = match incident.severity.to_ascii_uppercase().as_str() {
        "CRITICAL" | "HIGH" => Severity::Page,
        "LOW" => Severity::Notice,
        _ => Severity::Ticket,
    };
    let id = format!("gitlab:incident:{}", incident.id);
    Some(Alert {
        state: if firing { AlertState::Firing } else { AlertState::Resolved },
        service: Some(project.service.clone()),
        since: incident.opened,
        ended: incident.closed.filter(|_| !firing),
        url: incident.url.clone(),
        ..Alert::firing(id, "incident", "gitlab", severity, incident.title.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incidents_are_alerts_by_how_bad_they_are_and_for_a_day_after_their_end() {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = time("2026-03-18T14:30:00Z");
        let incident = |id, severity: &str, opened: &str, closed: Option<&str>| Incident {
            id,
            number: id,
            title: format!("number {id}"),
            severity: severity.to_owned(),
            opened: Some(time(opened)),
            closed: closed.map(time),
            is_open: closed.is_none(),
            url: None,
        };
        let incidents = vec![
            incident(1, "MEDIUM", "2026-03-18T09:30:00Z", None),
            incident(2, "critical", "2026-03-18T10:30:00Z", None),
            incident(3, "LOW", "2026-03-01T00:00:00Z", None),
            incident(4, "HIGH", "2026-03-18T01:00:00Z", Some("2026-03-18T02:00:00Z")),
            incident(5, "HIGH", "2026-03-16T01:00:00Z", Some("2026-03-17T14:00:00Z")),
            incident(6, "UNKNOWN", "2026-03-18T15:00:00Z", None),
            incident(7, "HIGH", "2026-03-18T13:00:00Z", Some("2026-03-18T14:31:00Z")),
        ];
        let project = Project { service: "shop".to_owned(), incidents, ..Project::default() };
        let delivery = Delivery { projects: vec![project], ..Delivery::default() };
        let all: Vec<_> = alerts(&delivery, now).into_iter().map(|one| (one.id, one.state, one.severity)).collect();
        let id = |id: u64| format!("gitlab:incident:{id}");
        assert_eq!(
            all,
            [
                (id(7), AlertState::Firing, Severity::Page),
                (id(2), AlertState::Firing, Severity::Page),
                (id(1), AlertState::Firing, Severity::Ticket),
                (id(3), AlertState::Firing, Severity::Notice),
                (id(4), AlertState::Resolved, Severity::Page),
            ]
        );
    }
}
