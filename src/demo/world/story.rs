//! What happens in the world, and when: pure functions of the scenario, the seed and the second.

use super::rng::Rng;

/// The version that runs everywhere at the start.
pub const GOOD: &str = "1.4.2";
/// The version that fails.
pub const BAD: &str = "1.4.3";

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
const INCIDENT_FOR: i64 = 150;
/// How long the service is away when it is restarted.
const RESTART: i64 = 3;
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

/// What the story means for one host in one second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// The version of the api.
    pub version: &'static str,
    /// What share of its requests fail, 0 to 1.
    pub failing: f64,
    /// Whether the api is being restarted.
    pub restarting: bool,
    /// What the health check says, when not all is well.
    pub trouble: Option<&'static str>,
    /// Whether a deploy of this version begins in this very second.
    pub deploys: bool,
    /// The second of the api's last restart; none for "long ago".
    pub restarted: Option<i64>,
    /// Whether the host can be reached.
    pub reachable: bool,
}

impl Story {
    /// What the second `now` (0 is the start, negative ones are history) brings to a host.
    pub fn scene(&self, host: usize, now: i64) -> Scene {
        let calm = Scene {
            version: GOOD,
            failing: 0.0,
            restarting: false,
            trouble: None,
            deploys: false,
            restarted: None,
            reachable: true,
        };
        match self.scenario {
            Scenario::Incident if host == self.victim() && now >= 0 => self.incident(now, calm),
            Scenario::Lost => Scene { reachable: !self.lost(host, now), ..calm },
            _ => calm,
        }
    }

    /// The host that the incident befalls: web-2 where there is one.
    fn victim(&self) -> usize {
        usize::from(self.hosts > 1)
    }

    /// The bad deploy: errors begin seconds after it, health fails when they are many, a roll-back ends it.
    fn incident(&self, now: i64, calm: Scene) -> Scene {
        let round = now.div_euclid(INCIDENT_EVERY);
        let begin = |round: i64| {
            let calm_for = 55 + Rng::at(self.seed, 0x1_0c1d, round).below(30).cast_signed();
            round * INCIDENT_EVERY + calm_for
        };
        let (since_deploy, since_back) = (now - begin(round), now - begin(round) - INCIDENT_FOR);
        if since_deploy < 0 {
            let back = begin(round - 1) + INCIDENT_FOR;
            return Scene { restarted: (round > 0).then_some(back), ..calm };
        }
        let changed = if since_back < 0 { since_deploy } else { since_back };
        let restarting = changed < RESTART;
        let change = Scene { restarting, deploys: changed == 0, restarted: Some(now - changed), ..calm };
        if since_back >= 0 {
            return Scene { trouble: restarting.then_some("starting"), ..change };
        }
        let failing = 0.4 * ((since_deploy - 8) as f64 / 15.0).clamp(0.0, 1.0);
        let sick = (failing > 0.2).then_some("checkout: KeyError: 'cart'");
        Scene { version: BAD, failing, trouble: if restarting { Some("starting") } else { sick }, ..change }
    }

    /// Whether the host is the one that cannot be reached now.
    fn lost(&self, host: usize, now: i64) -> bool {
        let (round, t) = (now.div_euclid(LOST_EVERY), now.rem_euclid(LOST_EVERY));
        let chosen = Rng::at(self.seed, 0x1057, round).below(self.hosts as u64) as usize;
        now > 0 && chosen == host && (LOST_EVERY - LOST_FOR..).contains(&t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(scenario: Scenario, hosts: usize) -> Story {
        Story { scenario, seed: 5, hosts }
    }

    #[test]
    fn the_incident_starts_calm_breaks_web_2_and_ends() {
        let story = story(Scenario::Incident, 3);
        assert!((-600..55).all(|now| story.scene(1, now).version == GOOD));
        let broken: Vec<i64> = (0..INCIDENT_EVERY).filter(|now| story.scene(1, *now).failing > 0.3).collect();
        assert!((60..120).contains(&broken[0]), "{}", broken[0]);
        assert!(broken.iter().all(|now| story.scene(1, *now).version == BAD && story.scene(1, *now).trouble.is_some()));
        let end = story.scene(1, INCIDENT_EVERY + 10);
        assert_eq!((end.version, end.failing, end.trouble), (GOOD, 0.0, None));
        assert!((0..900).all(|now| story.scene(0, now).failing == 0.0 && story.scene(2, now).trouble.is_none()));
        let back = (0..INCIDENT_EVERY).find(|now| story.scene(1, *now).deploys && story.scene(1, *now).version == GOOD);
        assert_eq!(back, end.restarted, "it is rolled back");
    }

    #[test]
    fn only_one_host_is_lost_at_a_time_and_each_some_day() {
        let story = story(Scenario::Lost, 3);
        let lost = |now: i64| (0..3).filter(|host| !story.scene(*host, now).reachable).collect::<Vec<_>>();
        assert!((-600..30).all(|now| lost(now).is_empty()), "the start is whole");
        assert!((0..4000).all(|now| lost(now).len() <= 1));
        assert!((0..3).all(|host| (0..4000).any(|now| lost(now) == [host])));
    }

    #[test]
    fn a_fleet_of_one_has_its_incident_too() {
        let story = story(Scenario::Incident, 1);
        assert!((0..200).any(|now| story.scene(0, now).failing > 0.0));
    }
}
