//! What hosts tell of their services, read to what happened there: starts and new versions, also of while nobody looked.
//!
//! A start is known by its time, which the host tells itself. A version is one word of now; when it changed is between
//! the last look at the old one and the first at the new one, and if the service was started within that, then.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::event::{Event, EventKind, TEXT};
use super::host::HostName;
use super::service::ServiceOnHost;
use super::text::one_line;

/// Times that hosts tell are whole seconds: a clock that is off by less is not corrected for.
const EXACT: TimeDelta = TimeDelta::seconds(1);

/// A version as it was seen. Whether it is news depends on what was seen before, perhaps by another `qd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSeen {
    /// The fleet.
    pub fleet: String,
    /// The service.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// The host.
    pub host: HostName,
    /// The version.
    pub version: String,
    /// When it was seen.
    pub seen: DateTime<Utc>,
    /// When the service was started, as the host tells.
    pub started: Option<DateTime<Utc>>,
    /// When whoever saw this looked before, and saw another.
    pub looked: Option<DateTime<Utc>>,
}

impl VersionSeen {
    /// What it is the version of, as one word.
    pub fn of(&self) -> String {
        format!("version\u{1f}{}\u{1f}{}\u{1f}{}", self.environment, self.service, self.host)
    }

    /// That another version was known before, and when it was last known.
    pub fn event(&self, before: &str, known: DateTime<Utc>) -> Event {
        let not_before = self.looked.map_or(known, |looked| looked.max(known));
        let started = self.started.filter(|started| *started > not_before && *started <= self.seen);
        let time = started.unwrap_or(self.seen);
        let Self { fleet, service, environment, host, version, seen, .. } = self;
        Event {
            fleet: fleet.clone(),
            key: format!("{}\u{1f}{}", self.of(), seen.timestamp_millis()),
            time,
            kind: EventKind::Version,
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            host: Some(host.to_string()),
            text: one_line(&format!("{service} {before} → {version} on {host}"), TEXT),
        }
    }
}

/// Something that hosts told, for whoever keeps what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A service was started.
    Started(Event),
    /// A version was seen.
    Version(VersionSeen),
}

/// What was told of each host so far.
#[derive(Clone, Debug)]
pub struct Chronicle {
    fleet: String,
    hosts: BTreeMap<HostName, OnHost>,
}

#[derive(Clone, Debug, Default)]
struct OnHost {
    /// The units have been heard since the connection was made: when services were started is known.
    units: bool,
    /// When the connection was last lost.
    lost: Option<DateTime<Utc>>,
    /// Its clock less ours.
    skew: TimeDelta,
    /// By service and environment.
    services: BTreeMap<(String, String), Known>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// All that was told last.
    status: ServiceOnHost,
    started: Option<DateTime<Utc>>,
    version: Option<String>,
    /// When that version was last seen.
    looked: Option<DateTime<Utc>>,
    /// A version that waits until it is known when the service was started.
    waits: Option<(String, DateTime<Utc>)>,
}

impl Chronicle {
    /// Nothing is known of a fleet yet.
    pub fn new(fleet: &str) -> Self {
        Self { fleet: fleet.to_owned(), hosts: BTreeMap::new() }
    }

    /// The connection to a host was lost: what is known of its units is old.
    pub fn lost(&mut self, host: &HostName, at: DateTime<Utc>) {
        let on = self.hosts.entry(host.clone()).or_default();
        (on.units, on.lost) = (false, Some(at));
    }

    /// A host told of its units at a time, and how far its clock is off; says what is to be kept of services that waited for
    /// it.
    pub fn units(&mut self, host: &HostName, at: DateTime<Utc>, skew: TimeDelta) -> Vec<Told> {
        let on = self.hosts.entry(host.clone()).or_default();
        let known = std::mem::replace(&mut on.units, on.lost.is_none_or(|lost| at > lost));
        on.skew = skew;
        if known || !on.units {
            return Vec::new();
        }
        // What was told of a service since then has its unit in it; what was not is told of again soon.
        let told = on.services.iter().filter(|(_, known)| known.status.heard.is_some_and(|heard| heard >= at));
        let told: Vec<_> = told.map(|(key, known)| (key.clone(), known.status.clone())).collect();
        let kept =
            told.into_iter().map(|((service, environment), status)| self.take(host, &service, &environment, &status));
        kept.flatten().collect()
    }

    /// What could not be kept is told again.
    pub fn forget(&mut self, host: &HostName) {
        self.hosts.entry(host.clone()).or_default().services.clear();
    }

    /// Takes what is known of a service on a host; says what of it is to be kept. Nothing before the host has told of its
    /// units: a version that is seen first is dated by the start that it came with.
    pub fn take(&mut self, host: &HostName, service: &str, environment: &str, status: &ServiceOnHost) -> Vec<Told> {
        let on = self.hosts.entry(host.clone()).or_default();
        let known = on.services.entry((service.to_owned(), environment.to_owned())).or_default();
        if let (Some(version), Some(heard)) = (&status.version, status.heard) {
            if known.version.as_ref() == Some(version) {
                (known.looked, known.waits) = (Some(heard), None);
            } else if known.waits.as_ref().is_none_or(|(waits, _)| waits != version) {
                known.waits = Some((version.clone(), heard));
            }
        }
        known.status = status.clone();
        if !on.units {
            return Vec::new();
        }
        let ours = |time: DateTime<Utc>| if on.skew.abs() >= EXACT { time - on.skew } else { time };
        let started = status.since.map(ours);
        let mut told = Vec::new();
        if let Some(since) = status.since.filter(|since| known.started != Some(*since)) {
            known.started = Some(since);
            told.push(Told::Started(Event {
                fleet: self.fleet.clone(),
                // The host's own time: it is the same whoever looks, and however wrong it is.
                key: format!("start\u{1f}{environment}\u{1f}{service}\u{1f}{host}\u{1f}{}", since.timestamp_millis()),
                time: ours(since),
                kind: EventKind::Restart,
                service: Some(service.to_owned()),
                environment: Some(environment.to_owned()),
                host: Some(host.to_string()),
                text: one_line(&format!("{service} was started on {host}"), TEXT),
            }));
        }
        if let Some((version, seen)) = known.waits.take() {
            told.push(Told::Version(VersionSeen {
                fleet: self.fleet.clone(),
                service: service.to_owned(),
                environment: environment.to_owned(),
                host: host.clone(),
                version: version.clone(),
                seen,
                started,
                looked: known.looked,
            }));
            (known.version, known.looked) = (Some(version), Some(seen));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    fn status(version: Option<&str>, since: Option<i64>, heard: i64) -> ServiceOnHost {
        ServiceOnHost {
            version: version.map(str::to_owned),
            since: since.map(at),
            heard: Some(at(heard)),
            ..ServiceOnHost::default()
        }
    }

    fn chronicle() -> (Chronicle, HostName) {
        let host = HostName::from("web-1");
        let mut chronicle = Chronicle::new("acme");
        chronicle.units(&host, at(0), TimeDelta::zero());
        (chronicle, host)
    }

    /// `started TIME` or `VERSION seen TIME started TIME looked TIME`.
    fn words(told: &[Told]) -> Vec<String> {
        let second = |time: Option<DateTime<Utc>>| time.map_or("?".to_owned(), |time| time.timestamp().to_string());
        let word = |told: &Told| match told {
            Told::Started(event) => format!("started {}", event.time.timestamp()),
            Told::Version(seen) => format!(
                "{} seen {} started {} looked {}",
                seen.version,
                seen.seen.timestamp(),
                second(seen.started),
                second(seen.looked)
            ),
        };
        told.iter().map(word).collect()
    }

    #[test]
    fn each_start_and_each_version_is_told_once() {
        let (mut chronicle, host) = chronicle();
        for (status, told) in [
            (status(None, Some(10), 20), vec!["started 10"]),
            (status(Some("1.4"), Some(10), 21), vec!["1.4 seen 21 started 10 looked ?"]),
            (status(Some("1.4"), Some(10), 30), vec![]),
            (status(None, Some(10), 35), vec![]),
            (status(Some("1.4"), Some(36), 40), vec!["started 36"]),
            (status(Some("1.5"), Some(44), 50), vec!["started 44", "1.5 seen 50 started 44 looked 40"]),
            (status(Some("1.4"), Some(44), 60), vec!["1.4 seen 60 started 44 looked 50"]),
        ] {
            assert_eq!(words(&chronicle.take(&host, "api", "production", &status)), told, "{status:?}");
        }
    }

    #[test]
    fn a_version_waits_for_the_units_of_its_connection_and_keeps_the_time_it_was_first_seen() {
        let host = HostName::from("web-1");
        let mut chronicle = Chronicle::new("acme");
        let take = |chronicle: &mut Chronicle, status| words(&chronicle.take(&host, "api", "production", &status));
        assert_eq!(take(&mut chronicle, status(Some("1.4"), None, 20)), [""; 0]);
        assert_eq!(take(&mut chronicle, status(Some("1.4"), Some(10), 21)), [""; 0]);
        let told = chronicle.units(&host, at(21), TimeDelta::seconds(3));
        assert_eq!(words(&told), ["started 7", "1.4 seen 20 started 7 looked ?"], "by our clock");
        assert_eq!(take(&mut chronicle, status(Some("1.4"), Some(10), 22)), [""; 0]);
        chronicle.lost(&host, at(80));
        chronicle.units(&host, at(21), TimeDelta::zero());
        assert_eq!(take(&mut chronicle, status(Some("1.5"), Some(10), 90)), [""; 0]);
        // What was told last is of before the units: the next word has them.
        assert_eq!(chronicle.units(&host, at(91), TimeDelta::zero()), []);
        let told = take(&mut chronicle, status(Some("1.5"), Some(70), 91));
        assert_eq!(told, ["started 70", "1.5 seen 90 started 70 looked 22"]);
    }

    #[test]
    fn a_version_is_dated_by_a_start_only_when_that_came_after_the_old_one_was_seen() {
        let seen = |started, looked: Option<i64>| VersionSeen {
            fleet: "acme".to_owned(),
            service: "api".to_owned(),
            environment: "production".to_owned(),
            host: HostName::from("web-1"),
            version: "1.5".to_owned(),
            seen: at(100),
            started: Some(at(started)),
            looked: looked.map(at),
        };
        for (started, looked, time) in
            [(60, None, 60), (40, None, 100), (60, Some(55), 60), (60, Some(70), 100), (101, None, 100)]
        {
            let event = seen(started, looked).event("1.4", at(50));
            assert_eq!(event.time, at(time), "{started} {looked:?}");
            assert_eq!(event.text, "api 1.4 → 1.5 on web-1");
        }
    }
}
