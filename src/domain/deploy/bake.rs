//! Baking: the whole fleet is watched for a while after its last host, because much goes wrong only under load.
//! deploys.md §5.6. There is no verdict without numbers: what nobody could measure is told as such.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What ends a bake badly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BakeLimits {
    /// Fewer requests say nothing.
    pub min_requests: u64,
    /// The share of 5xx answers that is borne, in percent.
    pub max_5xx: f64,
    /// So many times the share of before is borne too.
    pub ratio: f64,
    /// How often an error that was not seen before may come.
    pub new_errors: u64,
    /// A check of the service that goes down.
    pub statuscake: bool,
    /// What then happens.
    pub on_breach: OnBreach,
}

impl Default for BakeLimits {
    fn default() -> Self {
        let on_breach = OnBreach::Ask(Duration::from_secs(20));
        Self { min_requests: 50, max_5xx: 1.0, ratio: 2.0, new_errors: 3, statuscake: true, on_breach }
    }
}

/// What happens when a bake fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBreach {
    /// Somebody is asked, for so long; silence, or nobody to ask, is as `OnFail`.
    Ask(Duration),
    /// What `on_fail` says.
    OnFail,
    /// The run waits for a person.
    Hold,
}

impl OnBreach {
    /// Reads `ask 20s`, `on_fail` or `hold`; `duration` reads a time.
    pub fn parse(text: &str, duration: impl Fn(&str) -> Option<Duration>) -> Option<Self> {
        match text.trim() {
            "on_fail" => Some(Self::OnFail),
            "hold" => Some(Self::Hold),
            ask => duration(ask.strip_prefix("ask ")?.trim()).map(Self::Ask),
        }
    }
}

/// Answers, and those among them that were a 5xx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// All.
    pub all: u64,
    /// 5xx.
    pub failed: u64,
}

impl Answers {
    /// The share of failures, in percent; none without answers.
    pub fn share(self) -> Option<f64> {
        (self.all > 0).then(|| self.failed as f64 * 100.0 / self.all as f64)
    }

    /// Counts one more.
    pub fn count(&mut self, status: u16) {
        self.all += 1;
        self.failed += u64::from((500..600).contains(&status));
    }
}

/// What the fleet tells, as far as it could be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// How long it has been watched.
    pub elapsed: Duration,
    /// The half hour before the run; none: there is no access log that could be read.
    pub before: Option<Answers>,
    /// Of the new version: of each host since it went live there, or what the log itself says is its answer.
    pub since: Option<Answers>,
    /// Errors that were not there before, and how often they came; none: no log could be read.
    pub errors: Option<BTreeMap<String, u64>>,
    /// Checks that are down; none: nobody knows.
    pub down: Option<Vec<String>>,
    /// Hosts on which the unit ended or started again, and what is seen of it.
    pub units: Vec<String>,
    /// How often the kernel of each host has killed something for want of memory since before the switch; hosts that do not
    /// say are not in it.
    pub oom: BTreeMap<String, u64>,
    /// Hosts that wait much more than before: share of time before and now, in percent.
    pub pressure: Vec<(String, f64, f64)>,
    /// The greatest share of time that any host waits now, and that one's before, in percent.
    pub waits: Option<(f64, f64)>,
    /// Hosts that could not be asked.
    pub unheard: Vec<String>,
    /// Hosts whose access log may not be read: their answers are not counted.
    pub uncounted: Vec<String>,
    /// Logs that may not be read, with their hosts: errors are not looked for in them.
    pub unread: BTreeSet<String>,
}

impl Findings {
    /// What is borne of 5xx, in percent.
    fn borne(&self, limits: &BakeLimits) -> f64 {
        let before = self.before.and_then(Answers::share).unwrap_or(0.0);
        (limits.ratio * before).max(limits.max_5xx)
    }

    /// What is over the limits; empty: nothing.
    pub fn breaches(&self, limits: &BakeLimits) -> Vec<String> {
        let mut breaches = self.units.clone();
        if let Some((since, share)) = self.since.and_then(|since| Some((since, since.share()?))) {
            let borne = self.borne(limits);
            if since.all >= limits.min_requests && share > borne {
                breaches.push(format!("5xx {share:.1} % of {} requests; {borne:.1} % is borne", since.all));
            }
        }
        for (error, count) in self.errors.iter().flatten().filter(|(_, count)| **count >= limits.new_errors.max(1)) {
            breaches.push(format!("a new error, {count} times: {error}"));
        }
        if limits.statuscake {
            breaches.extend(self.down.iter().flatten().map(|check| format!("StatusCake: {check} is down")));
        }
        let killed = self.oom.iter().filter(|(_, count)| **count > 0);
        breaches.extend(killed.map(|(host, count)| format!("{host}: out of memory, {count} killed")));
        let much = |(host, before, now): &(String, f64, f64)| {
            format!("{host}: waits {now:.0} % of the time, {before:.0} % before")
        };
        breaches.extend(self.pressure.iter().map(much));
        breaches
    }

    /// The numbers, in a line.
    pub fn line(&self, limits: &BakeLimits) -> String {
        let answers = match (self.since, self.before) {
            (None, _) => "no access log to count 5xx in".to_owned(),
            (Some(since), before) => {
                let share = |answers: Option<Answers>| {
                    let share = answers.and_then(Answers::share);
                    share.map_or_else(|| "—".to_owned(), |share| format!("{share:.1} %"))
                };
                let little = if since.all < limits.min_requests { ", insufficient traffic" } else { "" };
                format!("5xx {} of {} requests (before {}){little}", share(Some(since)), since.all, share(before))
            }
        };
        let errors = match &self.errors {
            None => "no log to look for new errors in".to_owned(),
            Some(errors) => format!("{} new kinds of error", errors.len()),
        };
        let down = match &self.down {
            None => String::new(),
            Some(down) if down.is_empty() => "; StatusCake up".to_owned(),
            Some(down) => format!("; StatusCake: {} down", down.len()),
        };
        let unheard = match self.unheard.as_slice() {
            [] => String::new(),
            hosts => format!("; not heard: {}", hosts.join(", ")),
        };
        let uncounted = match self.uncounted.as_slice() {
            [] => String::new(),
            hosts => format!("; access log not readable: {}", hosts.join(", ")),
        };
        let kernel = match self.oom.values().sum::<u64>() {
            _ if self.oom.is_empty() => String::new(),
            count => format!("; {count} killed for want of memory"),
        };
        let waits = self.waits.map(|(before, now)| format!("; waits {now:.0} % (before {before:.0} %)"));
        let waits = waits.unwrap_or_default();
        let unread = match self.unread.len() {
            0 => String::new(),
            _ => format!("; not readable: {}", self.unread.iter().cloned().collect::<Vec<_>>().join(", ")),
        };
        format!("{answers}; {errors}{kernel}{waits}{down}{unheard}{uncounted}{unread}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> BakeLimits {
        BakeLimits::default()
    }

    fn answers(all: u64, failed: u64) -> Option<Answers> {
        Some(Answers { all, failed })
    }

    #[test]
    fn failures_count_against_what_was_before_and_only_where_there_are_enough() {
        for (before, since, breached) in [
            (None, answers(812, 20), true),
            (answers(10_000, 30), answers(812, 20), true),
            (answers(10_000, 200), answers(812, 20), false),
            (answers(10_000, 200), answers(812, 40), true),
            (answers(10_000, 30), answers(49, 49), false),
            (answers(10_000, 30), answers(800, 8), false),
            (None, None, false),
        ] {
            let findings = Findings { before, since, ..Findings::default() };
            assert_eq!(!findings.breaches(&limits()).is_empty(), breached, "{before:?} {since:?}");
        }
        let few = Findings { since: answers(3, 0), ..Findings::default() };
        assert!(few.line(&limits()).contains("insufficient traffic"), "{}", few.line(&limits()));
        assert!(Findings::default().line(&limits()).contains("no access log"));
    }

    #[test]
    fn a_new_error_counts_from_its_third_time_and_a_check_that_is_down_at_once() {
        let errors = |count| Some(BTreeMap::from([("cannot read config".to_owned(), count)]));
        let of = |findings: Findings| findings.breaches(&limits()).len();
        assert_eq!(of(Findings { errors: errors(2), ..Findings::default() }), 0);
        assert_eq!(of(Findings { errors: errors(3), ..Findings::default() }), 1);
        let down = Findings { down: Some(vec!["Checkout".to_owned()]), ..Findings::default() };
        assert_eq!(down.breaches(&limits()), ["StatusCake: Checkout is down"]);
        assert_eq!(down.breaches(&BakeLimits { statuscake: false, ..limits() }).len(), 0);
    }

    #[test]
    fn memory_and_waiting_stand_beside_the_verdict_and_what_nobody_could_read_too() {
        let oom = |count| BTreeMap::from([("web-1".to_owned(), count), ("web-2".to_owned(), 0)]);
        let unread = BTreeSet::from(["web-1: /var/log/secure".to_owned()]);
        let well = Findings { oom: oom(0), waits: Some((1.6, 2.4)), unread, ..Findings::default() };
        assert_eq!(well.breaches(&limits()).len(), 0);
        let line = well.line(&limits());
        for number in ["0 killed for want of memory", "waits 2 % (before 2 %)", "not readable: web-1: /var/log/secure"]
        {
            assert!(line.contains(number), "{line}");
        }
        let killed = Findings { oom: oom(2), ..Findings::default() };
        assert_eq!(killed.breaches(&limits()), ["web-1: out of memory, 2 killed"]);
    }

    #[test]
    fn what_happens_on_a_breach_is_read() {
        let seconds = |text: &str| text.strip_suffix('s')?.parse().ok().map(Duration::from_secs);
        assert_eq!(OnBreach::parse("ask 20s", seconds), Some(OnBreach::Ask(Duration::from_secs(20))));
        assert_eq!(OnBreach::parse("on_fail", seconds), Some(OnBreach::OnFail));
        assert_eq!(OnBreach::parse("hold", seconds), Some(OnBreach::Hold));
        assert_eq!(OnBreach::parse("ask", seconds), None);
    }
}
