//! The made-up world: what its hosts write, second by second. Pure: the same seed, start and number of hosts give the same
//! text for every second, and nothing here reads a clock or touches a file.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::company::{Company, Delivered, Put, Seen};

mod database;
mod jobs;
mod journal;
mod line;
mod machine;
mod procfs;
pub mod rng;
pub mod role;
pub mod storefront;
pub mod story;
pub mod system;
pub mod units;
mod web;

pub use line::Line;

use line::Second;
use machine::Machine;
use rng::Rng;
use role::Role;
use story::{FLOOD, GOOD, GOOD_JOBS, Scenario, Scene, Story};
use units::{API, JOBS, NGINX, POSTGRES, Units, Verb};

/// How many seconds of the past are written down before the demo begins.
pub const HISTORY: i64 = 600;

/// What a host is like now, for its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Whether it can be reached at all.
    pub reachable: bool,
    /// Its HTTP service, where it has one.
    pub api: Option<Api>,
    /// Its storefront, where it has one.
    pub storefront: Option<Api>,
}

/// The HTTP service of a web host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// What it is called.
    pub service: &'static str,
    /// The version it reports.
    pub version: Arc<str>,
    /// What its health check complains of.
    pub trouble: Option<&'static str>,
}

impl Api {
    /// What it says of its version.
    pub fn told(&self) -> serde_json::Value {
        serde_json::json!({ "service": self.service, "version": &*self.version })
    }
}

/// One second of one host.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The lines written in this second, in order; each to appear at its time.
    pub lines: Vec<Line>,
    /// What its servers answer.
    pub live: Live,
}

/// The world up to some second.
#[derive(Debug)]
pub struct World {
    story: Story,
    /// Whose hosts they are; its APIs look at it too.
    company: Arc<Mutex<Company>>,
    started: DateTime<Utc>,
    /// The next second; 0 is the start of the demo.
    next: i64,
    hosts: Vec<Host>,
    /// What the web hosts have queued for the others.
    queued: Vec<jobs::Job>,
}

/// One made-up host.
#[derive(Clone, Debug)]
struct Host {
    name: String,
    role: Role,
    machine: Machine,
    units: Units,
    /// The release of the storefront that runs.
    storefront: Arc<str>,
    scene: Scene,
}

impl World {
    /// A world whose history ends at `started`.
    pub fn new(seed: u64, scenario: Scenario, hosts: usize, started: DateTime<Utc>) -> Self {
        let story = Story { scenario, seed, hosts };
        let host = |(i, name): (usize, String)| {
            let role = Role::of(&name);
            let machine = Machine::new(role, &mut Rng::at(seed, i as u64, i64::MIN));
            let units = Units::of(role, if role == Role::Web { GOOD } else { GOOD_JOBS });
            let scene = scene(&units, true, -HISTORY);
            Host { name, role, machine, units, storefront: storefront::LIVE.into(), scene }
        };
        let hosts = role::names(hosts).into_iter().enumerate().map(host).collect();
        let company = Company::new(seed, (started - TimeDelta::seconds(HISTORY)).timestamp());
        let company = Arc::new(Mutex::new(company));
        Self { story, company, started, next: -HISTORY, hosts, queued: Vec::new() }
    }

    /// The hosts' names, in order.
    pub fn host_names(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(|host| host.name.as_str())
    }

    /// The second that [`World::advance`] will make next; 0 is the start of the demo.
    pub fn next_second(&self) -> i64 {
        self.next
    }

    /// The company, to be shared with what tells of it.
    pub fn company(&self) -> Arc<Mutex<Company>> {
        Arc::clone(&self.company)
    }

    /// The names of the web hosts, in order.
    pub fn web_names(&self) -> Vec<String> {
        self.hosts.iter().filter(|host| host.role == Role::Web).map(|host| host.name.clone()).collect()
    }

    /// Leaves out the seconds before this one: nothing is written of them, but what happens in them happens.
    pub fn skip_to(&mut self, second: i64) {
        while self.next < second {
            self.happen(self.next);
            self.hosts.iter_mut().for_each(|host| host.units.begin());
            self.next += 1;
        }
    }

    /// Somebody does something to a unit of a host; false where there is none of this name.
    pub fn act(&mut self, host: usize, verb: Verb, unit: &str) -> bool {
        let now = self.next;
        self.hosts.get_mut(host).is_some_and(|host| host.units.act(verb, unit, now))
    }

    /// The storefront of a host is started with this release.
    pub fn start_storefront(&mut self, host: usize, version: &str) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.storefront = version.into();
        }
    }

    /// What happens in a second, before anything is written of it.
    fn happen(&mut self, now: i64) {
        let webs = || self.hosts.iter().filter(|host| host.role == Role::Web);
        let seen = Seen {
            webs: webs().count(),
            failing: webs().map(|host| host.scene.failing).fold(0.0, f64::max),
            away: webs().all(|host| host.scene.away || host.scene.closed),
            tempted: self.story.tempts(now),
        };
        let puts = lock(&self.company).second(self.time_of(now).timestamp(), &seen);
        for put in puts {
            self.put(&put, now);
        }
        for (i, host) in self.hosts.iter_mut().enumerate() {
            host.scene = scene(&host.units, self.story.reachable(i, now), now);
        }
    }

    fn put(&mut self, put: &Put, now: i64) {
        let (web, unit) = match put.service {
            Delivered::Api => (true, API),
            Delivered::Jobs => (false, JOBS),
        };
        // All jobs change at once, whichever host is named.
        let wanted = put.host.filter(|_| web);
        let hosts = self.hosts.iter_mut().filter(|host| (host.role == Role::Web) == web);
        for (_, host) in hosts.enumerate().filter(|(i, _)| wanted.is_none_or(|wanted| wanted == *i)) {
            host.units.put(&put.version, unit, now);
        }
    }

    /// When a second begins.
    pub fn time_of(&self, second: i64) -> DateTime<Utc> {
        self.started + TimeDelta::seconds(second)
    }

    /// Makes the next second: one moment for each host.
    pub fn advance(&mut self) -> Vec<Moment> {
        let now = self.next;
        self.happen(now);
        self.next += 1;
        let at = self.time_of(now);
        let jobs = std::mem::take(&mut self.queued);
        let runners = self.hosts.iter().filter(|host| host.role != Role::Web).count();
        let requests_s = self.requests_s(now);
        let mut runner = 0;
        let mut moments = Vec::with_capacity(self.hosts.len());
        for (i, host) in self.hosts.iter_mut().enumerate() {
            let mut rng = Rng::at(self.story.seed, i as u64, now);
            let mut second = Second::new(at);
            if host.has_storefront() {
                // Of its own, so that nothing else is other than it would be without it.
                let mut rng = Rng::at(self.story.seed ^ 0x0570_4ef0, i as u64, now);
                storefront::write(&host.storefront, &mut second, &mut rng);
            }
            let usage = if host.role == Role::Web {
                let load = web::Load { requests_s, scene: &host.scene };
                web::write(&load, &mut second, &mut rng, &mut self.queued)
            } else {
                let mine = jobs.iter().skip(runner).step_by(runners);
                runner += 1;
                let runs = |unit| host.units.get(unit).is_some_and(|state| !state.stopped);
                let mut usage = jobs::write(mine.filter(|_| runs(JOBS)), &mut second, &mut rng);
                if runs(POSTGRES) {
                    usage = usage + database::write(requests_s, now, &mut second, &mut rng);
                }
                usage
            };
            journal::write(&host.units, &mut second, &mut rng);
            host.units.begin();
            host.machine.advance(usage, &mut rng);
            moments.push(Moment { lines: second.into_lines(), live: host.live() });
        }
        moments
    }

    /// Requests a second at each web host: the day's shape with a slow wave upon it, or (not in history) a flood.
    fn requests_s(&self, now: i64) -> f64 {
        if self.story.scenario == Scenario::Flood && now >= 0 {
            let webs = self.hosts.iter().filter(|host| host.role == Role::Web).count();
            return FLOOD / web::LINES_EACH / webs as f64;
        }
        let seconds = self.time_of(now).timestamp() as f64;
        let turn = std::f64::consts::TAU;
        let day = (turn * (seconds / 86_400.0 - 9.0 / 24.0)).sin();
        let wave = (turn * seconds / 97.0).sin() + 0.6 * (turn * seconds / 31.0).sin();
        8.0 * (1.0 + 0.3 * day + 0.15 * wave)
    }

    /// The files of a host that show how it is now, by their path below its root: `/proc`, and what stands for the answers
    /// of its programs. They belong to the second that was made last.
    pub fn files(&self, host: usize) -> Vec<(String, String)> {
        let at = self.time_of(self.next - 1);
        let Some(host) = self.hosts.get(host) else { return Vec::new() };
        let mut files = procfs::files(&host.machine, at.timestamp());
        files.extend(system::changing(host.role, &host.machine, &host.units, self.next - 1, at));
        files.extend(storefront::answers(&host.live()));
        files
    }

    /// The files of a host that never change.
    pub fn fixtures(&self, host: usize) -> Vec<(String, String)> {
        self.hosts.get(host).map_or_else(Vec::new, |host| system::fixed(&host.name, host.role))
    }

    /// What a host is like in the second that was made last.
    pub fn live(&self, host: usize) -> Option<Live> {
        self.hosts.get(host).map(Host::live)
    }
}

impl Host {
    fn live(&self) -> Live {
        let runs = self.units.get(API).is_some_and(|api| !api.stopped);
        let api = Api { service: "myservice", version: self.scene.version.clone(), trouble: self.scene.trouble };
        let storefront = self.has_storefront().then(|| storefront::api(&self.storefront));
        Live { reachable: self.scene.reachable, api: runs.then_some(api), storefront }
    }

    fn has_storefront(&self) -> bool {
        self.units.get(storefront::UNIT).is_some_and(|unit| !unit.stopped)
    }
}

/// What a second is like on a host with these units.
fn scene(units: &Units, reachable: bool, now: i64) -> Scene {
    let api = units.get(API);
    let starting = api.is_some_and(|api| api.is_starting(now));
    let stopped = api.is_some_and(|api| api.stopped);
    let since = api.and_then(|api| api.since).map_or(i64::MAX, |since| now - since);
    let failing = if starting || stopped { 0.0 } else { Story::failing(&units.version, since) };
    let sick = (failing > 0.2).then_some("checkout: KeyError: 'cart'");
    Scene {
        version: units.version.clone(),
        replaces: units.replaces.clone(),
        failing,
        away: starting || stopped,
        closed: units.get(NGINX).is_some_and(|nginx| nginx.stopped),
        trouble: if starting { Some("starting") } else { sick },
        reachable,
    }
}

/// The company; what a panic left of it is still one.
pub fn lock(company: &Mutex<Company>) -> MutexGuard<'_, Company> {
    company.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_text() {
        let run = |seed| {
            let mut world = World::new(seed, Scenario::Incident, 5, start());
            let moments: Vec<_> = (0..HISTORY + 120).flat_map(|_| world.advance()).collect();
            let company = lock(&world.company).clone();
            (moments, (0..5).map(|host| world.files(host)).collect::<Vec<_>>(), company)
        };
        let (first, again, other) = (run(3), run(3), run(4));
        assert!(first == again);
        assert!(first.0 != other.0 && first.1 != other.1 && first.2 != other.2);
    }

    #[test]
    fn what_is_live_in_production_is_what_the_hosts_run_but_while_a_deploy_is_under_way() {
        let mut world = World::new(2, Scenario::Incident, 5, start());
        let (mut bad, mut down) = (0, 0);
        for _ in 0..HISTORY + 900 {
            world.advance();
            let company = lock(&world.company);
            let project = &company.ci.projects[0];
            let under_way = project
                .jobs
                .iter()
                .any(|job| job.task.place() == Some("production") && !job.status.is_over() && job.started.is_some());
            let live = project.live("production").unwrap();
            let webs = world.hosts.iter().filter(|host| host.role == Role::Web);
            let other: Vec<_> =
                webs.filter(|host| host.units.version != *live).map(|host| host.name.as_str()).collect();
            assert!(other.is_empty() || (under_way && other == ["web-2"]), "{other:?}");
            bad += other.len();
            down += usize::from(company.checks.is_checkout_down());
        }
        assert!(bad >= 300 && (200..300).contains(&down), "two rounds of it: {bad} {down}");
        let company = lock(&world.company);
        let opened = company.ci.projects[0].incidents.iter().filter(|one| one.severity == "HIGH").count();
        assert!(opened == 2 && company.ci.projects[0].incidents.iter().all(|one| one.closed.is_some()));
    }

    #[test]
    fn lines_come_in_order_within_their_second_and_whole() {
        let mut world = World::new(1, Scenario::Incident, 5, start());
        for _ in 0..HISTORY + 200 {
            let begins = world.time_of(world.next_second());
            for moment in world.advance() {
                for line in &moment.lines {
                    assert!((0..1000).contains(&line.at_ms), "{begins} {line:?}");
                    assert!(line.text.ends_with('\n'), "{line:?}");
                }
                assert!(moment.lines.is_sorted_by_key(|line| line.at_ms));
            }
        }
    }

    #[test]
    fn an_ordinary_second_has_tens_of_lines_and_a_flood_twenty_thousand() {
        let lines_s = |scenario, hosts| {
            let mut world = World::new(1, scenario, hosts, start());
            world.skip_to(0);
            let lines: usize = (0..20).flat_map(|_| world.advance()).map(|moment| moment.lines.len()).sum();
            lines / 20
        };
        assert!((20..90).contains(&lines_s(Scenario::Quiet, 3)), "{}", lines_s(Scenario::Quiet, 3));
        for hosts in [1, 3, 10] {
            let flood = lines_s(Scenario::Flood, hosts);
            assert!((19_000..21_500).contains(&flood), "{hosts}: {flood}");
        }
    }

    #[test]
    fn the_incident_shows_in_the_lines_the_health_and_the_load() {
        let mut world = World::new(1, Scenario::Incident, 3, start());
        let cpu = |world: &World| world.hosts[1].machine.busy();
        let (mut errors, mut calm, mut worst) = (0, 0.0, 0.0_f64);
        for second in -HISTORY..200 {
            let moments = world.advance();
            errors += moments[1].lines.iter().filter(|line| line.text.contains("KeyError")).count();
            assert!(moments[0].lines.iter().all(|line| !line.text.contains("KeyError")), "web-1 is well");
            match second {
                ..0 => assert_eq!(errors, 0, "history is calm"),
                0 => calm = cpu(&world),
                _ => worst = worst.max(cpu(&world)),
            }
        }
        assert!(errors > 100, "{errors}");
        assert!(worst > calm + 0.2, "{calm} {worst}");
    }
}
