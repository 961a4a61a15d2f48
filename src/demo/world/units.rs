//! The units of a made-up host, and what becomes of them when somebody starts and stops them.

use std::sync::Arc;

use super::role::Role;
use super::storefront;

/// The api's unit.
pub const API: &str = "myservice.service";
/// The unit of the web server.
pub const NGINX: &str = "nginx.service";
/// The database's unit.
pub const POSTGRES: &str = "postgresql.service";
/// The jobs' unit.
pub const JOBS: &str = "jobs.service";

/// How many seconds the api takes to start.
const STARTS_FOR: i64 = 3;

/// A unit that runs on a host of some role.
#[derive(Debug)]
pub struct Unit {
    /// Its name.
    pub name: &'static str,
    /// What systemd calls it.
    pub title: &'static str,
    roles: &'static [Role],
    /// The number of its first main process.
    pid: u32,
    /// Whose that is.
    pub user: &'static str,
    /// Its name.
    pub command: &'static str,
    /// Its share of the processors' work.
    pub cpu: f64,
    /// Its share of memory.
    pub memory: f64,
}

static ALL: [Unit; 6] = [
    unit(API, "myservice api", &[Role::Web], 1042, ("myservice", "myservice"), 0.62, 0.22),
    unit(NGINX, "A high performance web server", &[Role::Web], 812, ("www-data", "nginx"), 0.13, 0.02),
    unit(storefront::UNIT, "The shop's pages", &[Role::Web], 1107, ("storefront", "storefront"), 0.04, 0.03),
    unit(POSTGRES, "PostgreSQL RDBMS", &[Role::Db], 701, ("postgres", "postgres"), 0.71, 0.34),
    unit(JOBS, "Background jobs", &[Role::Db, Role::Worker], 930, ("jobs", "jobs"), 0.16, 0.08),
    unit(
        "ssh.service",
        "OpenBSD Secure Shell server",
        &[Role::Web, Role::Db, Role::Worker],
        611,
        ("root", "sshd"),
        0.003,
        0.001,
    ),
];

const fn unit(
    name: &'static str,
    title: &'static str,
    roles: &'static [Role],
    pid: u32,
    (user, command): (&'static str, &'static str),
    cpu: f64,
    memory: f64,
) -> Unit {
    Unit { name, title, roles, pid, user, command, cpu, memory }
}

/// What is done to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
    /// Both.
    Restart,
    /// It reads its configuration again.
    Reload,
}

impl Verb {
    /// The verb that systemctl calls by this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "start" => Self::Start,
            "stop" => Self::Stop,
            "restart" => Self::Restart,
            "reload" => Self::Reload,
            _ => return None,
        })
    }
}

/// A unit as it is.
#[derive(Clone, Debug)]
pub struct State {
    /// Which.
    pub unit: &'static Unit,
    /// Its main process.
    pub pid: u32,
    /// The second in which it was started or stopped last; none for "long ago".
    pub since: Option<i64>,
    /// Whether it is stopped.
    pub stopped: bool,
    /// How often it was started.
    pub starts: u32,
}

impl State {
    /// Whether it is still being started.
    pub fn is_starting(&self, now: i64) -> bool {
        self.unit.name == API && !self.stopped && self.since.is_some_and(|since| now - since < STARTS_FOR)
    }
}

/// All units of a host, and what it runs.
#[derive(Clone, Debug)]
pub struct Units {
    /// The units.
    pub all: Vec<State>,
    /// The version of what is delivered to the host.
    pub version: Arc<str>,
    /// The version that was replaced in this second.
    pub replaces: Option<Arc<str>>,
    /// What was done in this second.
    pub done: Vec<(Verb, &'static Unit)>,
}

impl Units {
    /// The units of a host of this role, long since started.
    pub fn of(role: Role, version: &str) -> Self {
        let state = |unit: &'static Unit| State { unit, pid: unit.pid, since: None, stopped: false, starts: 1 };
        Self {
            all: ALL.iter().filter(|unit| unit.roles.contains(&role)).map(state).collect(),
            version: version.into(),
            replaces: None,
            done: Vec::new(),
        }
    }

    /// A second begins in which nothing has been done yet.
    pub fn begin(&mut self) {
        self.replaces = None;
        self.done.clear();
    }

    /// A unit.
    pub fn get(&self, name: &str) -> Option<&State> {
        self.all.iter().find(|one| one.unit.name == name)
    }

    /// Does something to a unit; false where there is no such unit.
    pub fn act(&mut self, verb: Verb, name: &str, now: i64) -> bool {
        let Some(state) = self.all.iter_mut().find(|one| one.unit.name == name) else { return false };
        let verb = match verb {
            // Nothing is done twice, and what is stopped reads nothing.
            Verb::Start if !state.stopped => return true,
            Verb::Stop if state.stopped => return true,
            Verb::Reload if state.stopped => return true,
            Verb::Restart if state.stopped => Verb::Start,
            verb => verb,
        };
        if verb != Verb::Reload {
            state.since = Some(now);
            state.stopped = verb == Verb::Stop;
        }
        if matches!(verb, Verb::Start | Verb::Restart) {
            state.starts += 1;
            // Numbers go on, as a kernel's do.
            state.pid += 1000 + 17 * state.starts;
        }
        self.done.push((verb, state.unit));
        true
    }

    /// Puts a version onto the host, which restarts the unit.
    pub fn put(&mut self, version: &Arc<str>, unit: &str, now: i64) {
        if self.version != *version {
            self.replaces = Some(std::mem::replace(&mut self.version, version.clone()));
            self.act(Verb::Restart, unit, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_gives_another_process_and_a_stop_none() {
        let mut units = Units::of(Role::Web, "1.0");
        let before = units.get(API).unwrap().pid;
        assert!(units.act(Verb::Restart, API, 10));
        let state = units.get(API).unwrap();
        assert!(state.pid != before && state.is_starting(11) && !state.is_starting(13));
        units.act(Verb::Stop, API, 20);
        units.act(Verb::Stop, API, 21);
        assert!(units.get(API).unwrap().stopped && units.get(API).unwrap().since == Some(20));
        units.act(Verb::Restart, API, 30);
        assert!(!units.get(API).unwrap().stopped);
        assert!(!units.act(Verb::Start, "nosuch.service", 30));
        assert_eq!(units.done.len(), 3);
    }

    #[test]
    fn the_same_version_again_changes_nothing() {
        let mut units = Units::of(Role::Web, "1.0");
        units.put(&"1.0".into(), API, 5);
        assert!(units.done.is_empty());
        units.put(&"1.1".into(), API, 5);
        assert_eq!((&*units.version, units.replaces.as_deref()), ("1.1", Some("1.0")));
        units.begin();
        assert!(units.replaces.is_none() && units.done.is_empty());
    }
}
