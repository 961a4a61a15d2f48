//! The company's StatusCake: checks of its pages, which go down when they fail and come back, and what else it watches.

use super::{DAY, HOUR, Seconds, Seen};
use crate::demo::world::rng::Rng;

/// Seconds for which something is wrong, or well again, before StatusCake says so.
const CONFIRM: Seconds = 10;
/// The share of failing requests at which the checkout counts as failing.
const TOO_MANY: f64 = 0.2;
/// The most changes that are kept of a check.
const MOST: usize = 200;
/// The most maintenance windows there are.
pub const MOST_WINDOWS: usize = 50;

/// What keeps a check down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fails {
    /// The checkout's errors.
    WithErrors,
    /// No web host's answering.
    WithAll,
    /// Nothing.
    Never,
}

/// A change of a check's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Seconds,
    /// Whether it is up since.
    pub up: bool,
    /// What the page answered.
    pub code: u16,
}

/// A check of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// StatusCake's number.
    pub id: u64,
    /// Its name.
    pub name: &'static str,
    /// What is asked.
    pub url: &'static str,
    /// Such as `HTTP`.
    pub kind: &'static str,
    /// Seconds from one test to the next.
    pub rate: Seconds,
    /// Its tags.
    pub tags: &'static [&'static str],
    /// Whether nobody looks.
    pub paused: bool,
    /// Its changes, oldest first; it began up.
    pub changes: Vec<Change>,
    fails: Fails,
    /// Since when it has been other than its state says.
    odd_since: Option<Seconds>,
    /// Usual milliseconds.
    usual_ms: f64,
}

/// A certificate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certificate {
    /// StatusCake's number.
    pub id: u64,
    /// What it is for.
    pub url: &'static str,
    /// When it ends.
    pub ends: Seconds,
    /// Who gave it.
    pub issuer: &'static str,
}

/// Something that says now and then that it lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heartbeat {
    /// StatusCake's number.
    pub id: u64,
    /// Its name.
    pub name: &'static str,
    /// The seconds in which it is to be heard.
    pub period: Seconds,
    /// When it was heard last.
    pub heard: Seconds,
}

/// A maintenance window.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// StatusCake's number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// When it begins, as it was given.
    pub start: String,
    /// When it ends, as it was given.
    pub end: String,
    /// Both in seconds since 1970.
    pub times: (Seconds, Seconds),
    /// `never`, or how often it comes back.
    pub repeat: String,
    /// The zone that it was given in.
    pub timezone: String,
    /// Tags of checks.
    pub tags: Vec<String>,
    /// Numbers of checks.
    pub checks: Vec<String>,
}

/// All that is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Checks {
    /// The checks.
    pub checks: Vec<Check>,
    /// The certificates.
    pub certificates: Vec<Certificate>,
    /// The heartbeats.
    pub heartbeats: Vec<Heartbeat>,
    /// The maintenance windows.
    pub windows: Vec<Window>,
    seed: u64,
    next_id: u64,
}

impl Check {
    /// Whether it is up.
    pub fn is_up(&self) -> bool {
        self.changes.last().is_none_or(|last| last.up)
    }

    /// Whether it was up at a time.
    fn was_up(&self, at: Seconds) -> bool {
        self.changes.iter().rev().find(|change| change.at <= at).is_none_or(|change| change.up)
    }

    /// What share of the last thirty days it was up, in percent.
    pub fn uptime(&self, now: Seconds) -> f64 {
        let from = now - 30 * DAY;
        let ends = self.changes.iter().skip(1).map(|change| change.at).chain([now]);
        let down: Seconds = self
            .changes
            .iter()
            .zip(ends)
            .filter(|(change, end)| !change.up && *end > from)
            .map(|(change, end)| end - change.at.max(from))
            .sum();
        100.0 - 100.0 * down as f64 / (30 * DAY) as f64
    }

    fn second(&mut self, now: Seconds, seen: &Seen) {
        let wrong = match self.fails {
            Fails::WithErrors => seen.away || seen.failing > TOO_MANY,
            Fails::WithAll => seen.away,
            Fails::Never => false,
        };
        // Nobody looks at a paused one; it keeps the state that it had.
        if self.paused || wrong != self.is_up() {
            self.odd_since = None;
            return;
        }
        let since = *self.odd_since.get_or_insert(now);
        if now - since >= CONFIRM {
            let code = if !wrong {
                200
            } else if seen.away {
                502
            } else {
                500
            };
            self.changes.push(Change { at: now, up: !wrong, code });
            let surplus = self.changes.len().saturating_sub(MOST);
            self.changes.drain(..surplus);
            self.odd_since = None;
        }
    }

    /// Whether it is down with a page that fails.
    fn is_checkout(&self) -> bool {
        self.fails == Fails::WithErrors
    }
}

/// One test of a check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// When.
    pub at: Seconds,
    /// How long the page took, in milliseconds.
    pub millis: u64,
    /// What it answered.
    pub code: u16,
}

impl Checks {
    /// With the past of some weeks.
    pub fn new(seed: u64, now: Seconds) -> Self {
        let check = |id, name, url, kind, rate, tags, fails, usual_ms| Check {
            id,
            name,
            url,
            kind,
            rate,
            tags,
            paused: false,
            changes: Vec::new(),
            fails,
            odd_since: None,
            usual_ms,
        };
        let mut checks = vec![
            check(
                6021,
                "Shop front page",
                "https://shop.lumen.example/",
                "HTTP",
                60,
                &["web", "production"],
                Fails::WithAll,
                182.0,
            ),
            check(
                6022,
                "Checkout",
                "https://shop.lumen.example/checkout",
                "HTTP",
                30,
                &["api", "production"],
                Fails::WithErrors,
                311.0,
            ),
            check(
                6023,
                "API health",
                "https://api.lumen.example/healthz",
                "HTTP",
                60,
                &["api", "production"],
                Fails::WithAll,
                64.0,
            ),
            check(
                6024,
                "Product search",
                "https://shop.lumen.example/search?q=lamp",
                "HTTP",
                300,
                &["api"],
                Fails::WithAll,
                402.0,
            ),
            check(6025, "Mail", "smtp.lumen.example", "SMTP", 300, &["mail"], Fails::Never, 38.0),
            check(6026, "Old shop", "https://old.lumen.example/", "HTTP", 900, &["web"], Fails::Never, 540.0),
        ];
        let outage = |from: Seconds, lasted: Seconds, code| {
            [Change { at: now - from, up: false, code }, Change { at: now - from + lasted, up: true, code: 200 }]
        };
        checks[0].changes.extend(outage(12 * DAY + 4 * HOUR, 260, 502));
        checks[1].changes.extend(outage(23 * DAY, 1260, 500));
        checks[1].changes.extend(outage(16 * DAY + HOUR, 1500, 500));
        checks[1].changes.extend(outage(2 * HOUR + 340, 410, 504));
        checks[3].changes.extend(outage(6 * DAY, 4100, 504));
        checks[5].changes.push(Change { at: now - 40 * DAY, up: false, code: 0 });
        checks[5].paused = true;
        let certificate =
            |id, url, days: Seconds, issuer| Certificate { id, url, ends: now + days * DAY + 5 * HOUR, issuer };
        let certificates = vec![
            certificate(811, "https://shop.lumen.example", 71, "Let's Encrypt R11"),
            certificate(812, "https://api.lumen.example", 71, "Let's Encrypt R11"),
            certificate(813, "https://old.lumen.example", 9, "Sectigo DV"),
        ];
        let heartbeats = vec![
            Heartbeat { id: 901, name: "nightly backup", period: 90_000, heard: now - 9 * HOUR },
            Heartbeat { id: 902, name: "stock import", period: 600, heard: now - 120 },
        ];
        let sunday = now - now.rem_euclid(7 * DAY) + 10 * DAY + 2 * HOUR;
        let mut all = Self { checks, certificates, heartbeats, windows: Vec::new(), seed, next_id: 300 };
        let (start, end) = (iso(sunday), iso(sunday + HOUR));
        all.add_window(
            "Database upgrades",
            [&start, &end],
            (sunday, sunday + HOUR),
            "UTC",
            (vec!["production".to_owned()], Vec::new()),
        );
        all
    }

    /// Lets a second go by.
    pub fn second(&mut self, now: Seconds, seen: &Seen) {
        for check in &mut self.checks {
            check.second(now, seen);
        }
        for heartbeat in self.heartbeats.iter_mut().filter(|one| one.period < HOUR) {
            if now - heartbeat.heard >= heartbeat.period / 2 {
                heartbeat.heard = now;
            }
        }
        // What is long over is forgotten.
        self.windows.retain(|window| window.times.1 > now - DAY);
    }

    /// Whether the checkout is down, as far as anybody looks.
    pub fn is_checkout_down(&self) -> bool {
        self.checks.iter().any(|check| check.is_checkout() && !check.paused && !check.is_up())
    }

    /// The newest tests of a check before a time, newest first: the same for the same times.
    pub fn tests(&self, check: &Check, before: Seconds, most: usize) -> Vec<Test> {
        // Nobody tests a paused one.
        let most = if check.paused { 0 } else { most };
        let last = (before - 1).div_euclid(check.rate);
        let slots = (0..most as Seconds).map(|back| (last - back) * check.rate);
        slots
            .map(|at| {
                let mut rng = Rng::at(self.seed, check.id, at);
                let up = check.was_up(at);
                let day = (std::f64::consts::TAU * (at as f64 / DAY as f64 - 0.375)).sin();
                let usual = check.usual_ms * (1.0 + 0.15 * day) + rng.wait(check.usual_ms * 0.12);
                let millis = if up { usual } else { usual * 4.0 };
                let change = check.changes.iter().rev().find(|change| change.at <= at);
                Test { at, millis: millis as u64, code: if up { 200 } else { change.map_or(500, |one| one.code) } }
            })
            .collect()
    }

    /// Opens a window; its number, or none when there are too many.
    pub fn add_window(
        &mut self,
        name: &str,
        [start, end]: [&str; 2],
        times: (Seconds, Seconds),
        timezone: &str,
        (tags, checks): (Vec<String>, Vec<String>),
    ) -> Option<u64> {
        if self.windows.len() >= MOST_WINDOWS {
            return None;
        }
        self.next_id += 1;
        self.windows.push(Window {
            id: self.next_id,
            name: name.to_owned(),
            start: start.to_owned(),
            end: end.to_owned(),
            times,
            repeat: "never".to_owned(),
            timezone: timezone.to_owned(),
            tags,
            checks,
        });
        Some(self.next_id)
    }
}

/// A time as every one of these APIs writes it, but Stripe.
pub fn iso(at: Seconds) -> String {
    let time = chrono::DateTime::from_timestamp(at, 0).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_goes_down_with_what_it_watches_and_comes_back() {
        let mut all = Checks::new(1, 1_763_000_000);
        assert!(!all.is_checkout_down());
        let ill = Seen { webs: 2, failing: 0.4, ..Seen::default() };
        let well = Seen { failing: 0.0, ..ill };
        let states: Vec<bool> = (1..60)
            .map(|second| {
                all.second(1_763_000_000 + second, if second < 30 { &ill } else { &well });
                all.is_checkout_down()
            })
            .collect();
        assert_eq!(states.iter().filter(|down| **down).count(), 29);
        assert!(!states[9] && states[10] && !states[58]);
        let front = &all.checks[0];
        assert!(front.is_up() && front.uptime(1_763_000_060) > 99.9 && front.uptime(1_763_000_060) < 100.0);
    }

    #[test]
    fn a_paused_check_keeps_its_state() {
        let mut all = Checks::new(1, 1_763_000_000);
        all.checks[1].paused = true;
        for second in 1..60 {
            all.second(1_763_000_000 + second, &Seen { webs: 2, failing: 0.4, away: false, tempted: false });
        }
        assert!(all.checks[1].is_up());
    }
}
