//! What is watched from outside: checks, heartbeats, certificates, page speed. All text in it is safe to show.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// How a check, or what it watches, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MonitorState {
    /// It answers.
    Up,
    /// It does not.
    Down,
    /// Nobody looks. What it was before is not known to hold, so a paused check is never down.
    Paused,
}

impl MonitorState {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Paused => "paused",
        }
    }
}

/// One check of an address from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Monitor {
    /// The source's own identity.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What is asked, without credentials and query.
    pub url: String,
    /// How it is asked: HTTP, TCP, PING and so on.
    pub kind: String,
    /// How it is.
    pub state: MonitorState,
    /// Percentage of the time that it answered, over the source's own window.
    pub uptime_pct: Option<f64>,
    /// How often it is asked; zero is the source's "all the time".
    pub every: Duration,
    /// Its tags.
    pub tags: Vec<String>,
    /// Ids of the groups of people that the source calls.
    pub contact_groups: Vec<String>,
}

/// What only the question for a single check tells.
#[derive(Clone, Debug, PartialEq)]
pub struct MonitorDetail {
    /// When it was last asked.
    pub last_tested: Option<DateTime<Utc>>,
    /// How far it is with asking: complete, pretest, retest, up_retest.
    pub processing: Option<String>,
    /// From where it is asked.
    pub servers: Vec<String>,
    /// How many places must agree before it counts as down.
    pub confirmation: u32,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A change between up and down that the source told people of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorEvent {
    /// The source's own identity.
    pub id: String,
    /// When; not every source says.
    pub at: Option<DateTime<Utc>>,
    /// Whether it went up.
    pub up: bool,
    /// The status code of the answer; 0 is none at all.
    pub code: u32,
}

/// A stretch of being down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it began.
    pub began: DateTime<Utc>,
    /// When it ended; none while it lasts.
    pub ended: Option<DateTime<Utc>>,
    /// The status code of the first bad answer; 0 is no answer, none is not known.
    pub code: Option<u32>,
}

impl Outage {
    /// How long it lasted, or has lasted until now.
    pub fn length(&self, now: DateTime<Utc>) -> Duration {
        (self.ended.unwrap_or(now) - self.began).to_std().unwrap_or_default()
    }
}

/// One answer of a check, or the lack of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// When.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub millis: Option<u32>,
    /// Its status code.
    pub code: Option<u32>,
}

/// So many downs in a day are flapping.
const FLAPS: usize = 3;

/// The outages that events up to `now` tell of, newest first. Events in any order; those without a time tell nothing.
pub fn outages(events: &[MonitorEvent], now: DateTime<Utc>) -> Vec<Outage> {
    let mut timed: Vec<(DateTime<Utc>, &MonitorEvent)> =
        events.iter().filter_map(|event| Some((event.at?, event))).filter(|(at, _)| *at <= now).collect();
    // At one moment, an end comes before a beginning: ids grow, but are opaque.
    timed.sort_by_key(|(at, event)| (*at, !event.up));
    let mut outages: Vec<Outage> = Vec::new();
    for (at, event) in timed {
        let open = outages.last_mut().filter(|outage| outage.ended.is_none());
        match (open, event.up) {
            (Some(outage), true) => outage.ended = Some(at),
            // Told again that it is down: the first time counts.
            (Some(_), false) => {}
            (None, false) => outages.push(Outage { began: at, ended: None, code: Some(event.code) }),
            // Its beginning is older than what is known.
            (None, true) => {}
        }
    }
    outages.reverse();
    outages
}

/// Whether it went down three times or more in the day before `now`.
pub fn is_flapping(events: &[MonitorEvent], now: DateTime<Utc>) -> bool {
    let day = |at: DateTime<Utc>| at > now - chrono::TimeDelta::hours(24) && at <= now;
    events.iter().filter(|event| !event.up && event.at.is_some_and(day)).count() >= FLAPS
}

/// A certificate that is watched from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The source's own identity.
    pub id: String,
    /// Whose it is, without credentials and query.
    pub url: String,
    /// Whether nobody looks.
    pub paused: bool,
    /// What is wrong with it besides its age: broken, missing, revoked.
    pub faults: Vec<&'static str>,
    /// Whether the source itself calls it expired.
    pub said_expired: bool,
    /// When it ends.
    pub valid_until: Option<DateTime<Utc>>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// How many days before its end the source tells people, in any order.
    pub warn_days: Vec<u32>,
}

/// How a certificate stands at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateState {
    /// Nobody looks.
    Paused,
    /// Nothing is known of it yet.
    Unknown,
    /// It holds, for so many whole days.
    Valid(i64),
    /// Its time is over.
    Expired,
    /// It is broken, missing or revoked.
    Broken,
}

impl Certificate {
    /// How it stands.
    pub fn state(&self, now: DateTime<Utc>) -> CertificateState {
        if self.paused {
            return CertificateState::Paused;
        }
        if !self.faults.is_empty() {
            return CertificateState::Broken;
        }
        match self.valid_until {
            Some(end) if end <= now => CertificateState::Expired,
            // What the source said of it may be older than the certificate that is there now, but not the other way.
            _ if self.said_expired => CertificateState::Expired,
            Some(end) => CertificateState::Valid((end - now).num_days()),
            None => CertificateState::Unknown,
        }
    }

    /// Whether it still holds and ends within so many days.
    pub fn expires_within(&self, days: i64, now: DateTime<Utc>) -> bool {
        let soon = self.valid_until.is_some_and(|end| end <= now + chrono::TimeDelta::days(days));
        soon && matches!(self.state(now), CertificateState::Valid(_))
    }

    /// Whether it is expired, broken, missing or revoked.
    pub fn is_bad(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state(now), CertificateState::Expired | CertificateState::Broken)
    }
}

/// Something that must report by itself, such as a nightly backup. (Where it reports to is a secret and not kept.)
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    /// The source's own identity.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How it is.
    pub state: MonitorState,
    /// How long it may be silent.
    pub period: Duration,
    /// When it last reported, where that is known.
    pub last_seen: Option<DateTime<Utc>>,
    /// Percentage of the time that it reported in time.
    pub uptime_pct: Option<f64>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// How long a page takes to load.
#[derive(Clone, Debug, PartialEq)]
pub struct PageSpeed {
    /// The source's own identity.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The page, without credentials and query.
    pub url: String,
    /// Whether nobody looks.
    pub paused: bool,
    /// The newest measurement.
    pub latest: Option<PageLoad>,
    /// The source tells people of anything slower, in milliseconds.
    pub alert_slower: Option<u32>,
}

/// One loading of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageLoad {
    /// How long, in milliseconds.
    pub millis: u32,
    /// How much, in kilobytes.
    pub kilobytes: f64,
    /// How many requests.
    pub requests: u32,
    /// Whether the source found something wrong.
    pub has_issue: bool,
}

/// People that a source calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactGroup {
    /// The source's own identity.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it writes to.
    pub emails: Vec<String>,
}

/// A time in which a source tells nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// The source's own identity.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// active, pending or paused.
    pub state: String,
    /// When it begins.
    pub start: Option<DateTime<Utc>>,
    /// When it ends.
    pub end: Option<DateTime<Utc>>,
    /// How often it comes back: never, 1d, 1w, 2w, 1m.
    pub repeat: String,
    /// Ids of the checks.
    pub checks: Vec<String>,
    /// Tags of the checks.
    pub tags: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + minute * 60, 0).unwrap()
    }

    fn event(minute: i64, up: bool) -> MonitorEvent {
        MonitorEvent { id: minute.to_string(), at: Some(at(minute)), up, code: if up { 200 } else { 502 } }
    }

    fn outage(began: i64, ended: Option<i64>) -> Outage {
        Outage { began: at(began), ended: ended.map(at), code: Some(502) }
    }

    #[test]
    fn outages_are_paired_from_events_in_any_order() {
        let events = [event(30, false), event(5, true), event(10, false), event(14, true), event(31, false)];
        assert_eq!(outages(&events, at(60)), [outage(30, None), outage(10, Some(14))]);
        // At an earlier moment less is known.
        assert_eq!(outages(&events, at(12)), [outage(10, None)]);
        assert_eq!(outages(&events, at(7)), []);
        // Down again in the very moment of its recovery.
        let events = [event(10, false), event(14, false), event(14, true)];
        assert_eq!(outages(&events, at(60)), [outage(14, None), outage(10, Some(14))]);
        let timeless = MonitorEvent { at: None, ..event(1, false) };
        assert_eq!(outages(&[timeless], at(60)), []);
    }

    #[test]
    fn three_downs_in_a_day_are_flapping() {
        let day = 24 * 60;
        let events = [event(0, false), event(1, true), event(2, false), event(3, true), event(4, false)];
        assert!(is_flapping(&events, at(5)));
        assert!(!is_flapping(&events, at(3)), "two so far");
        assert!(!is_flapping(&events, at(day)), "the first is a day old");
    }

    #[test]
    fn a_certificate_counts_its_days() {
        let now = at(0);
        let day = 24 * 60;
        let certificate = |until, said_expired, faults: &[&'static str], paused| Certificate {
            id: String::new(),
            url: String::new(),
            paused,
            faults: faults.to_vec(),
            said_expired,
            valid_until: until,
            issuer: None,
            warn_days: vec![],
        };
        let in_30_days = certificate(Some(at(30 * day)), false, &[], false);
        assert_eq!(in_30_days.state(now), CertificateState::Valid(30));
        assert!(in_30_days.expires_within(30, now) && !in_30_days.expires_within(29, now));
        assert!(in_30_days.is_bad(at(30 * day)), "its last moment is not its own");
        assert!(!in_30_days.expires_within(30, at(31 * day)));
        assert!(certificate(None, true, &[], false).is_bad(now));
        assert!(certificate(Some(at(day)), false, &["revoked"], false).is_bad(now));
        assert_eq!(certificate(None, false, &[], false).state(now), CertificateState::Unknown);
        assert!(!certificate(Some(at(-day)), true, &["broken"], true).is_bad(now), "nobody looks");
    }
}
