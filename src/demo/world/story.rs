//! What happens in the world by itself, and when: pure functions of the scenario, the seed and the second.

use std::sync::Arc;

use super::rng::Rng;
use crate::demo::company::plan::FIRST_PUT;

/// The version of the api that runs everywhere at the start.
pub const GOOD: &str = "1.4.2";
/// The version that fails.
pub const BAD: &str = "1.4.3";
/// The version of the jobs at the start.
pub const GOOD_JOBS: &str = "2.3.1";

/// What happens in the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// A calm start; after about a minute a deploy breaks one web host, is rolled back, and so on.
    #[default]
    Incident,
    /// An ordinary day: a warning here and there.
    Quiet,
    /// 20,000 lines a second, for measuring.
    Flood,
    /// Now and then a host cannot be reached for some seconds.
    Lost,
}

/// Lines a second over all hosts in [`Scenario::Flood`].
pub const FLOOD: f64 = 20_000.0;

/// Seconds from one incident to the next.
const INCIDENT_EVERY: i64 = 420;
/// How long the bad version stays.
pub const INCIDENT_FOR: i64 = 150;
/// Seconds from one lost host to the next.
const LOST_EVERY: i64 = 40;
/// How long it stays lost.
const LOST_FOR: i64 = 9;

/// A world's plot.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// What happens.
    pub scenario: Scenario,
    /// Which of many such worlds it is.
    pub seed: u64,
    /// How many hosts there are.
    pub hosts: usize,
}

/// What one second is like on one host.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The version of the api.
    pub version: Arc<str>,
    /// The version before it, in the very second in which that changes.
    pub replaces: Option<Arc<str>>,
    /// What share of its requests fail, 0 to 1.
    pub failing: f64,
    /// Whether the api does not answer: it is being started, or is stopped.
    pub away: bool,
    /// Whether nginx is stopped.
    pub closed: bool,
    /// What the health check says, when not all is well.
    pub trouble: Option<&'static str>,
    /// Whether the host can be reached.
    pub reachable: bool,
}

impl Story {
    /// Whether in this second (0 is the start, negative ones are history) somebody begins to deploy the bad version, so
    /// that the first host gets it some seconds later.
    pub fn tempts(&self, now: i64) -> bool {
        if self.scenario != Scenario::Incident || now < 0 {
            return false;
        }
        let round = now.div_euclid(INCIDENT_EVERY);
        let calm_for = 55 + Rng::at(self.seed, 0x1_0c1d, round).below(30).cast_signed();
        now == round * INCIDENT_EVERY + calm_for - FIRST_PUT
    }

    /// What share of requests fails for the version that a host runs since so many seconds.
    pub fn failing(version: &str, since: i64) -> f64 {
        if version == BAD { 0.4 * ((since - 8) as f64 / 15.0).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Whether the host can be reached.
    pub fn reachable(&self, host: usize, now: i64) -> bool {
        let (round, t) = (now.div_euclid(LOST_EVERY), now.rem_euclid(LOST_EVERY));
        let chosen = || Rng::at(self.seed, 0x1057, round).below(self.hosts as u64) as usize;
        !(self.scenario == Scenario::Lost && now > 0 && (LOST_EVERY - LOST_FOR..).contains(&t) && chosen() == host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(scenario: Scenario, hosts: usize) -> Story {
        Story { scenario, seed: 5, hosts }
    }

    #[test]
    fn an_incident_begins_once_a_round_after_a_calm_start() {
        let incident = story(Scenario::Incident, 3);
        let begins: Vec<i64> = (-600..4 * INCIDENT_EVERY).filter(|now| incident.tempts(*now)).collect();
        assert_eq!(begins.len(), 4);
        assert!(begins.iter().all(|now| (50..85).contains(&now.rem_euclid(INCIDENT_EVERY))), "{begins:?}");
        assert!(!(0..1000).any(|now| story(Scenario::Quiet, 3).tempts(now)));
        assert!(Story::failing(GOOD, 100) == 0.0 && Story::failing(BAD, 5) == 0.0 && Story::failing(BAD, 60) == 0.4);
    }

    #[test]
    fn only_one_host_is_lost_at_a_time_and_each_some_day() {
        let story = story(Scenario::Lost, 3);
        let lost = |now: i64| (0..3).filter(|host| !story.reachable(*host, now)).collect::<Vec<_>>();
        assert!((0..4000).all(|now| lost(now).len() <= 1));
        assert!((0..3).all(|host| (0..4000).any(|now| lost(now) == [host])));
        assert!((0..30).all(|now| lost(now).is_empty()));
    }
}
