//! Requests as the logs tell of them: how many, how many failed, how long they took.

use std::sync::Arc;

use super::host::HostName;
use super::sketch::Sketch;

/// Some requests, counted. Those of two stretches, hosts or services can be added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many there were.
    pub requests: u64,
    /// Of those, were answered with a status of 500 or more.
    pub errors: u64,
    /// How long they took, in seconds, of those whose log says it.
    pub durations: Sketch,
}

impl Tally {
    /// Counts a request.
    pub fn add(&mut self, status: u16, seconds: Option<f64>) {
        self.requests += 1;
        self.errors += u64::from(status >= 500);
        if let Some(seconds) = seconds {
            self.durations.add(seconds);
        }
    }

    /// Takes in what another counted.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.durations.merge(&other.durations);
    }
}

/// Requests of one service on one host in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficPart {
    /// Where.
    pub host: HostName,
    /// Of which service; none for sources that no service claims.
    pub service: Option<Arc<str>>,
    /// The version that it reported then, where it was known.
    pub version: Option<Arc<str>>,
    /// The requests.
    pub tally: Tally,
}

/// The requests of the last minutes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Over how many seconds.
    pub seconds: f64,
    /// By service, host and version.
    pub parts: Vec<TrafficPart>,
}

/// Figures of some requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrafficFigures {
    /// Requests per second.
    pub per_second: f64,
    /// Per cent of them that failed (status 500 or more).
    pub error_pct: f64,
    /// The duration in seconds that half, 95 % and 99 % of them did not exceed, give or take
    /// [`ERROR`](super::sketch::ERROR); none where the logs do not say.
    pub p50: Option<f64>,
    /// 95 %.
    pub p95: Option<f64>,
    /// 99 %.
    pub p99: Option<f64>,
}

impl Traffic {
    /// Figures of the parts that a test accepts; none when they had no request.
    pub fn of(&self, wanted: impl Fn(&TrafficPart) -> bool) -> Option<TrafficFigures> {
        let mut sum = Tally::default();
        self.parts.iter().filter(|part| wanted(part)).for_each(|part| sum.merge(&part.tally));
        (sum.requests > 0).then(|| TrafficFigures {
            per_second: sum.requests as f64 / self.seconds.max(1.0),
            error_pct: 100.0 * sum.errors as f64 / sum.requests as f64,
            p50: sum.durations.quantile(0.5),
            p95: sum.durations.quantile(0.95),
            p99: sum.durations.quantile(0.99),
        })
    }

    /// Figures of a host, all its services together.
    pub fn of_host(&self, host: &HostName) -> Option<TrafficFigures> {
        self.of(|part| part.host == *host)
    }

    /// Figures of a service, on all its hosts or on one, in every version or in one.
    pub fn of_service(&self, service: &str, host: Option<&HostName>, version: Option<&str>) -> Option<TrafficFigures> {
        self.of(|part| {
            part.service.as_deref() == Some(service)
                && host.is_none_or(|host| part.host == *host)
                && version.is_none_or(|version| part.version.as_deref() == Some(version))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_requests_not_means_of_percentiles() {
        let part = |host: &str, version: &str, requests: &[(u16, f64)]| {
            let mut tally = Tally::default();
            requests.iter().for_each(|(status, seconds)| tally.add(*status, Some(*seconds)));
            TrafficPart { host: host.into(), service: Some("api".into()), version: Some(version.into()), tally }
        };
        let (fast, slow) = ([(200, 0.1); 90], [(503, 2.0); 10]);
        let parts = vec![part("web-1", "1.4.2", &fast), part("web-2", "1.4.3", &slow)];
        let traffic = Traffic { seconds: 10.0, parts };
        let near = |told: Option<f64>, exact: f64| told.is_some_and(|told| (told - exact).abs() <= exact * 0.011);
        let all = traffic.of_service("api", None, None).unwrap();
        assert_eq!((all.per_second, all.error_pct), (10.0, 10.0));
        assert!(near(all.p50, 0.1) && near(all.p95, 2.0) && near(all.p99, 2.0));
        let new = traffic.of_service("api", None, Some("1.4.3")).unwrap();
        assert!(new.error_pct == 100.0 && near(new.p50, 2.0));
        assert_eq!(traffic.of_host(&"web-1".into()).unwrap().error_pct, 0.0);
        assert_eq!(traffic.of_service("api", Some(&"web-1".into()), Some("1.4.3")), None);
        assert_eq!(traffic.of_service("worker", None, None), None);
    }
}
