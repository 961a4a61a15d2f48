//! What is known of the services on one host, put together from what systemd, the container engine, the health check
//! and the version question say, each in its own time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::parse::containers::Container;
use crate::domain::sample::Unit;
use crate::domain::service::{Health, Service, ServiceOnHost};

/// The services of one host, in the plan's order.
#[derive(Debug)]
pub struct Board {
    rows: Mutex<Vec<Row>>,
}

#[derive(Debug)]
struct Row {
    unit: Option<String>,
    container: Option<String>,
    status: ServiceOnHost,
}

impl Board {
    /// Nothing is known of any yet.
    pub fn new(services: &[Service]) -> Self {
        let row = |service: &Service| Row {
            unit: service.unit.clone(),
            container: service.container.clone(),
            status: ServiceOnHost::default(),
        };
        Self { rows: Mutex::new(services.iter().map(row).collect()) }
    }

    /// Everything known of a service.
    pub fn status(&self, index: usize) -> Option<ServiceOnHost> {
        self.rows().get(index).map(|row| row.status.clone())
    }

    /// Takes what systemd and the container engine say; returns the services that were spoken of.
    pub fn systemd(&self, units: &[Unit], containers: &[Container], at: DateTime<Utc>) -> Vec<usize> {
        let mut told = Vec::new();
        for (index, row) in self.rows().iter_mut().enumerate() {
            let unit = units.iter().find(|unit| Some(&unit.name) == row.unit.as_ref());
            let container = containers.iter().find(|container| Some(&container.name) == row.container.as_ref());
            let status = &mut row.status;
            if let Some(unit) = unit {
                status.unit_state = Some(unit.active.clone());
                status.sub_state = Some(unit.sub.clone());
                status.restarts = unit.restarts;
                status.since = unit.since;
            } else if let Some(container) = container {
                status.unit_state = Some(container.active().to_owned());
                status.sub_state = Some(container.status.clone());
                status.restarts = container.restarts;
                status.since = container.since;
            } else {
                continue;
            }
            status.heard = Some(at);
            told.push(index);
        }
        told
    }

    /// Takes what a health check said.
    pub fn health(&self, index: usize, health: Health, detail: Option<String>, at: Option<DateTime<Utc>>) {
        if let Some(row) = self.rows().get_mut(index) {
            row.status.health = health;
            row.status.health_detail = detail;
            row.status.heard = at.or(row.status.heard);
        }
    }

    /// Takes what the service said its version is.
    pub fn version(&self, index: usize, version: Option<String>, at: DateTime<Utc>) {
        if let Some(row) = self.rows().get_mut(index) {
            row.status.version = version;
            row.status.heard = Some(at);
        }
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, unit: Option<&str>, container: Option<&str>) -> Service {
        Service {
            name: name.to_owned(),
            environment: "production".to_owned(),
            hosts: vec![],
            unit: unit.map(str::to_owned),
            container: container.map(str::to_owned),
            critical: false,
            health: None,
            version: None,
            access_log: None,
            runbook: None,
            logs: vec![],
        }
    }

    #[test]
    fn each_voice_keeps_what_the_others_said() {
        let board = Board::new(&[service("api", Some("api.service"), None), service("web", None, Some("web"))]);
        let at = DateTime::from_timestamp(100, 0).unwrap();
        board.version(0, Some("1.4.2".to_owned()), at);
        board.health(0, Health::Failing, Some("HTTP 500".to_owned()), Some(at));
        let unit = Unit { name: "api.service".into(), active: "active".into(), restarts: Some(3), ..Unit::default() };
        assert_eq!(board.systemd(&[unit], &[], at), [0]);
        let status = board.status(0).unwrap();
        assert_eq!((status.unit_state.as_deref(), status.restarts), (Some("active"), Some(3)));
        assert_eq!((status.version.as_deref(), status.health), (Some("1.4.2"), Health::Failing));
        let web = Container { name: "web".into(), status: "exited".into(), restarts: Some(0), since: None };
        assert_eq!(board.systemd(&[], &[web], at), [1]);
        let status = board.status(1).unwrap();
        assert_eq!((status.unit_state.as_deref(), status.sub_state.as_deref()), (Some("inactive"), Some("exited")));
    }

    #[test]
    fn a_lost_host_takes_its_health_along_but_not_the_time_it_was_heard() {
        let board = Board::new(&[service("api", None, None)]);
        let at = DateTime::from_timestamp(100, 0).unwrap();
        board.health(0, Health::Ok, None, Some(at));
        board.health(0, Health::Unknown, None, None);
        let status = board.status(0).unwrap();
        assert_eq!((status.health, status.heard), (Health::Unknown, Some(at)));
    }
}
