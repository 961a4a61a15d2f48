//! What fires on a service before something is done to it: people are told, and nobody is kept from anything.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};

use super::herald::Herald;
use crate::actions::record::Recorder;
use crate::domain::event::{Event, EventKind};
use crate::domain::service::Service;
use crate::domain::text::one_line;

/// How far back an alert may have begun, and how many events are looked through.
const BACK: TimeDelta = TimeDelta::days(30);
const MOST: u32 = 50_000;

/// What fires on a service, in lines: as the store knows it, whoever has seen it, and as StatusCake says now.
pub async fn firing(recorder: &Recorder, herald: &Herald, service: &Service) -> Vec<String> {
    let kept = async {
        let Ok(store) = &recorder.store else { return Vec::new() };
        let now = Utc::now();
        store.events(&recorder.fleet, now - BACK, now, MOST).await.unwrap_or_default()
    };
    let (kept, down) = tokio::join!(kept, herald.down());
    let mut lines = fires(&kept, service);
    lines.extend(down.into_iter().flatten().map(|check| format!("StatusCake: {} is down", one_line(&check, 80))));
    lines
}

/// Those alerts of a service whose newest event is that they fire.
fn fires(events: &[Event], service: &Service) -> Vec<String> {
    let mut newest: BTreeMap<&str, &Event> = BTreeMap::new();
    let alerts = events.iter().filter(|event| {
        let here = event.environment.as_ref().is_none_or(|environment| *environment == service.environment);
        matches!(event.kind, EventKind::AlertFiring | EventKind::AlertResolved)
            && event.service.as_ref() == Some(&service.name)
            && here
    });
    for event in alerts {
        // Each turn of an alert has a number after what it is called.
        newest.insert(event.key.split('\u{1f}').next().unwrap_or_default(), event);
    }
    let firing = newest.into_values().filter(|event| event.kind == EventKind::AlertFiring);
    firing.map(|event| format!("it fires since {}: {}", event.time.format("%d %b %H:%M UTC"), event.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fires_now_and_here_is_told() {
        let service = Service {
            name: "api".to_owned(),
            environment: "production".to_owned(),
            hosts: Vec::new(),
            unit: None,
            container: None,
            critical: true,
            health: None,
            version: None,
            access_log: None,
            runbook: None,
            logs: Vec::new(),
        };
        let event = |key: &str, seq: u32, kind, service: &str, environment: Option<&str>| Event {
            fleet: "acme".to_owned(),
            key: format!("{key}\u{1f}{seq}"),
            time: chrono::DateTime::UNIX_EPOCH,
            kind,
            service: Some(service.to_owned()),
            environment: environment.map(str::to_owned),
            host: None,
            text: format!("{key} is down"),
        };
        use EventKind::{AlertFiring, AlertResolved};
        let events = [
            event("over", 1, AlertFiring, "api", None),
            event("over", 2, AlertResolved, "api", None),
            event("checkout", 3, AlertFiring, "api", Some("production")),
            event("elsewhere", 4, AlertFiring, "api", Some("staging")),
            event("another", 5, AlertFiring, "worker", None),
        ];
        assert_eq!(fires(&events, &service), ["it fires since 01 Jan 00:00 UTC: checkout is down"]);
    }
}
