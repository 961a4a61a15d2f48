//! What fires on a service before something is done to it: people are told, and nobody is kept from anything.

use super::herald::Herald;
use crate::actions::record::Recorder;
use crate::domain::event::Turn;
use crate::domain::service::Service;
use crate::domain::text::one_line;

/// How alerts are called in the store.
const ALERTS: &str = "alert ";

/// What fires on a service, in lines: as the store knows it, whoever has seen it, and as StatusCake says now.
pub async fn firing(recorder: &Recorder, herald: &Herald, service: &Service) -> Vec<String> {
    let kept = async {
        let Ok(store) = &recorder.store else { return Vec::new() };
        store.standing(&recorder.fleet, ALERTS).await.unwrap_or_default()
    };
    let (kept, down) = tokio::join!(kept, herald.down());
    let mut lines = fires(&kept, service);
    lines.extend(down.into_iter().flatten().map(|check| format!("StatusCake: {} is down", one_line(&check, 80))));
    lines
}

/// Those that are the service's, in its environment or in none.
fn fires(standing: &[Turn], service: &Service) -> Vec<String> {
    let mine = standing.iter().map(|turn| &turn.event).filter(|event| {
        event.service.as_ref() == Some(&service.name)
            && event.environment.as_ref().is_none_or(|environment| *environment == service.environment)
    });
    mine.map(|event| format!("it fires since {}: {}", event.time.format("%d %b %H:%M UTC"), event.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Event, EventKind};

    #[test]
    fn only_what_fires_here_is_told() {
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
        let turn = |of: &str, service: &str, environment: Option<&str>| Turn {
            of: format!("alert {of}"),
            note: String::new(),
            event: Event {
                fleet: "acme".to_owned(),
                key: String::new(),
                time: chrono::DateTime::UNIX_EPOCH,
                kind: EventKind::AlertFiring,
                service: Some(service.to_owned()),
                environment: environment.map(str::to_owned),
                host: None,
                text: format!("{of} is down"),
            },
        };
        let standing = [
            turn("checkout", "api", Some("production")),
            turn("elsewhere", "api", Some("staging")),
            turn("another", "worker", None),
        ];
        assert_eq!(fires(&standing, &service), ["it fires since 01 Jan 00:00 UTC: checkout is down"]);
    }
}
