//! The company whose hosts these are, as its hosted APIs see it: what it delivers, what watches it from outside, and its
//! money. Pure, as the [world](super::world) is: it moves on a second at a time, and the same seed, seconds and deeds of
//! people give the same company.
//!
//! Its hosts are told by it what to run ([`Put`]), and it is told how they do ([`Seen`]), so that what GitLab says is
//! deployed is what the hosts report, and an outage at StatusCake is the one in the logs.

use std::sync::Arc;

pub mod books;
pub mod checks;
pub mod ci;
mod past;
pub mod people;
pub mod plan;
pub mod project;
pub mod shop;
pub mod trace;

use checks::Checks;
use ci::Ci;
use shop::Shop;

/// Seconds since 1970.
pub type Seconds = i64;

/// An hour and a day.
pub const HOUR: Seconds = 3600;
/// A day.
pub const DAY: Seconds = 24 * HOUR;

/// The services that are delivered through GitLab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// On the web hosts.
    Api,
    /// Where jobs are done.
    Jobs,
}

/// An order to run a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Of which service.
    pub service: Delivered,
    /// On which of its hosts, counted from 0; none for all.
    pub host: Option<usize>,
    /// The version.
    pub version: Arc<str>,
}

/// How the hosts do in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// How many web hosts there are.
    pub webs: usize,
    /// What share of requests fails on the worst of them, 0 to 1.
    pub failing: f64,
    /// Whether no web host answers at all.
    pub away: bool,
    /// Whether the story has somebody deploy the version that fails.
    pub tempted: bool,
}

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Company {
    /// What it delivers.
    pub ci: Ci,
    /// What watches it.
    pub checks: Checks,
    /// Its money.
    pub shop: Shop,
    /// The second that was made last.
    pub now: Seconds,
}

impl Company {
    /// The company as it is just before `now`, with its past.
    pub fn new(seed: u64, now: Seconds) -> Self {
        Self { ci: Ci::new(seed, now), checks: Checks::new(seed, now), shop: Shop::new(seed, now), now }
    }

    /// Lets a second go by; gives what the hosts are to run from now on.
    pub fn second(&mut self, now: Seconds, seen: &Seen) -> Vec<Put> {
        self.now = now;
        let was_down = self.checks.is_checkout_down();
        self.checks.second(now, seen);
        let is_down = self.checks.is_checkout_down();
        if is_down && !was_down {
            self.ci.open_incident(now);
        } else if was_down && !is_down {
            self.ci.close_incident(now);
        }
        self.shop.second(now, if seen.away { 1.0 } else { seen.failing });
        self.ci.second(now, seen)
    }
}
