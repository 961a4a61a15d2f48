//! Requests of the last minutes, from the lines as they come.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::parse::{self, Format};
use super::record::{Ingest, Record, SourceState};
use crate::domain::host::HostName;
use crate::domain::log::SourceId;
use crate::domain::traffic::{Tally, Traffic, TrafficPart};

/// Requests are counted in slots of so many microseconds of their own time,
const SLOT: i64 = 10_000_000;
/// of which so many are kept: five minutes.
const SLOTS: i64 = 30;

/// Counts requests of every source.
#[derive(Debug, Default)]
pub struct Meter {
    sources: Vec<VecDeque<Slot>>,
    versions: HashMap<(HostName, Arc<str>), Arc<str>>,
    requests: u64,
}

#[derive(Debug)]
struct Slot {
    number: i64,
    version: Option<Arc<str>>,
    tally: Tally,
}

impl Meter {
    /// A service on a host reports this version from now on.
    pub fn set_version(&mut self, host: HostName, service: &str, version: Option<&str>) {
        let key = (host, Arc::from(service));
        match version {
            Some(version) if self.versions.get(&key).is_some_and(|known| **known == *version) => {}
            Some(version) => drop(self.versions.insert(key, version.into())),
            None => drop(self.versions.remove(&key)),
        }
    }

    /// Looks at a line that stands at `micros`.
    pub fn count(&mut self, record: &Record, state: &SourceState, micros: i64, now: i64) {
        let number = micros.div_euclid(SLOT);
        if number <= now.div_euclid(SLOT) - SLOTS || record.continues {
            return;
        }
        let Some(request) = record.line().and_then(|line| parse::request(state.shape(), line)) else { return };
        let at = record.source.0 as usize;
        if self.sources.len() <= at {
            self.sources.resize_with(at + 1, VecDeque::new);
        }
        let service = state.source.service.as_ref();
        let version = service.and_then(|it| self.versions.get(&(state.source.host.clone(), it.clone())));
        let slots = &mut self.sources[at];
        while slots.front().is_some_and(|slot| slot.number <= now.div_euclid(SLOT) - SLOTS) {
            slots.pop_front();
        }
        let same = |slot: &Slot| slot.number == number && slot.version.as_ref() == version;
        let place = slots.iter().rposition(same).unwrap_or_else(|| {
            let place = slots.partition_point(|slot| slot.number <= number);
            slots.insert(place, Slot { number, version: version.cloned(), tally: Tally::default() });
            place
        });
        slots[place].tally.add(request.status, request.seconds);
        self.requests += 1;
    }

    /// Another number whenever [`Self::traffic`] says something else than how long was watched.
    pub fn state(&self, now: i64) -> (u64, i64) {
        (self.requests, now.div_euclid(SLOT))
    }

    /// The requests of the last minutes. Where a service has access logs on a host, only they count: what the
    /// application says of the same requests would count them twice.
    pub fn traffic(&self, ingest: &Ingest, now: i64) -> Traffic {
        let oldest = now.div_euclid(SLOT) - SLOTS;
        let mut parts: Vec<TrafficPart> = Vec::new();
        let mut first = i64::MAX;
        let place = |state: &SourceState| (state.source.host.clone(), state.source.service.clone());
        let with_access: std::collections::HashSet<_> = self
            .counted(ingest, oldest)
            .filter(|(state, _)| state.format() == Format::Access)
            .map(|(state, _)| place(state))
            .collect();
        for (state, slots) in self.counted(ingest, oldest) {
            if state.format() != Format::Access && with_access.contains(&place(state)) {
                continue;
            }
            for slot in slots.iter().filter(|slot| slot.number > oldest) {
                first = first.min(slot.number);
                let source = &state.source;
                let same = |part: &&mut TrafficPart| {
                    part.host == source.host && part.service == source.service && part.version == slot.version
                };
                match parts.iter_mut().find(same) {
                    Some(part) => part.tally.merge(&slot.tally),
                    None => parts.push(TrafficPart {
                        host: source.host.clone(),
                        service: source.service.clone(),
                        version: slot.version.clone(),
                        tally: slot.tally.clone(),
                    }),
                }
            }
        }
        // What has been watched for a shorter time is spread over that.
        let seconds = if parts.is_empty() { 0.0 } else { (now.saturating_sub(first * SLOT)) as f64 / 1e6 };
        Traffic { seconds, parts }
    }

    fn counted<'m>(
        &'m self,
        ingest: &'m Ingest,
        oldest: i64,
    ) -> impl Iterator<Item = (&'m SourceState, &'m VecDeque<Slot>)> {
        self.sources.iter().zip(0..).filter_map(move |(slots, id)| {
            let recent = slots.back().is_some_and(|slot| slot.number > oldest);
            recent.then_some(()).and(ingest.source(SourceId(id))).map(|state| (state, slots))
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::domain::log::{RawLine, Source};

    fn fed(lines: &[(&str, &str, i64)], versions: &[(&str, &str)]) -> (Ingest, Meter, i64) {
        let (mut ingest, mut meter) = (Ingest::default(), Meter::default());
        let now: DateTime<Utc> = "2026-11-18T08:05:00Z".parse().unwrap();
        for (host, version) in versions {
            meter.set_version((*host).into(), "api", Some(version));
        }
        for (host, file, ago) in lines {
            let name = format!("file:/{file}").as_str().into();
            let id = ingest.number(&Arc::new(Source { host: (*host).into(), service: Some("api".into()), name }));
            let at = now - chrono::TimeDelta::seconds(*ago);
            let text = match *file {
                "access" => {
                    format!(
                        "1.2.3.4 - - [{}] \"GET / HTTP/1.1\" 500 1 \"-\" \"-\" rt=0.5",
                        at.format("%d/%b/%Y:%T +0000")
                    )
                }
                _ => format!("ts={} level=info status=200 dur_ms=100", at.format("%FT%TZ")),
            };
            let raw = RawLine {
                bytes: Bytes::from(text),
                truncated: 0,
                offset: None,
                time: None,
                level: None,
                returned: false,
            };
            let (record, _) = ingest.line(id, raw, now).unwrap();
            let micros = record.time.micros();
            meter.count(&record, ingest.source(id).unwrap(), micros, now.timestamp_micros());
        }
        (ingest, meter, now.timestamp_micros())
    }

    #[test]
    fn requests_are_counted_once_by_host_and_version_over_the_last_minutes() {
        let lines = [
            ("web-1", "access", 5),
            ("web-1", "access", 100),
            ("web-1", "app", 5),
            ("web-2", "app", 99),
            ("web-2", "app", 3),
            ("web-2", "app", 4000),
        ];
        let (ingest, mut meter, now) = fed(&lines, &[("web-1", "1.4.3")]);
        let traffic = meter.traffic(&ingest, now);
        let of = |host: &str| traffic.of_host(&host.into()).map(|it| (it.error_pct, it.per_second * traffic.seconds));
        assert_eq!((of("web-1"), of("web-2")), (Some((100.0, 2.0)), Some((0.0, 2.0))));
        assert_eq!(traffic.seconds, 100.0);
        assert_eq!(traffic.of_service("api", None, Some("1.4.3")).map(|it| it.error_pct), Some(100.0));
        assert_eq!(meter.traffic(&ingest, now + 600_000_000), Traffic::default());
        meter.set_version("web-1".into(), "api", None);
        assert!(meter.versions.is_empty());
    }
}
