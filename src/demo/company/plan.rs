//! What the jobs of a pipeline do, and how long they take.

use std::sync::Arc;

use super::Seconds;
use crate::demo::world::story::{BAD, INCIDENT_FOR};

/// Seconds after the start of a deploy at which the first host is put onto the new version.
pub const FIRST_PUT: Seconds = 5;
/// Seconds in which all hosts are.
const PUTS: Seconds = 12;
/// What a deploy takes in all, when all goes well.
const DEPLOY: Seconds = 20;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Looks at the code's style.
    Lint,
    /// Tests.
    Test,
    /// Packs a release.
    Build,
    /// Puts it where it is tried.
    Staging,
    /// Puts it where it is used, when somebody says so.
    Production,
}

impl Task {
    /// What a tag's pipeline does.
    pub const OF_TAG: [Self; 4] = [Self::Test, Self::Build, Self::Staging, Self::Production];
    /// What a push's pipeline does.
    pub const OF_PUSH: [Self; 3] = [Self::Lint, Self::Test, Self::Build];

    /// The job's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Test => "test",
            Self::Build => "build",
            Self::Staging => "deploy:staging",
            Self::Production => "deploy:production",
        }
    }

    /// The stage it belongs to.
    pub fn stage(self) -> &'static str {
        match self {
            Self::Lint | Self::Test => "test",
            Self::Build => "build",
            Self::Staging | Self::Production => "deploy",
        }
    }

    /// The environment that it deploys to.
    pub fn place(self) -> Option<&'static str> {
        match self {
            Self::Staging => Some(STAGING),
            Self::Production => Some(PRODUCTION),
            _ => None,
        }
    }
}

/// The environment that is used.
pub const PRODUCTION: &str = "production";
/// The environment where it is tried.
pub const STAGING: &str = "staging";

/// What a job does, second by second.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Seconds after the start, and which host goes onto the version then.
    pub puts: Vec<(Seconds, usize)>,
    /// When it turns back, if it does: all goes onto what was there before.
    pub back: Option<Seconds>,
    /// How long it takes.
    pub seconds: Seconds,
}

/// The plan of a job for a service on so many hosts.
pub fn plan(task: Task, version: &Arc<str>, hosts: usize) -> Plan {
    let quiet = |seconds| Plan { puts: Vec::new(), back: None, seconds };
    match task {
        Task::Lint => quiet(12),
        Task::Test => quiet(48),
        Task::Build => quiet(26),
        Task::Staging => quiet(14),
        Task::Production if **version == *BAD && hosts > 0 => {
            // Its first host shows it; the others never see it.
            let back = FIRST_PUT + INCIDENT_FOR;
            Plan { puts: vec![(FIRST_PUT, first(hosts))], back: Some(back), seconds: back + 6 }
        }
        Task::Production => {
            let order = std::iter::once(first(hosts)).chain((0..hosts).filter(|host| *host != first(hosts)));
            let put = |(i, host): (usize, usize)| (FIRST_PUT + PUTS * i as Seconds / hosts as Seconds, host);
            Plan { puts: order.take(hosts).enumerate().map(put).collect(), ..quiet(DEPLOY) }
        }
    }
}

/// The host that a new version is tried on first.
pub fn first(hosts: usize) -> usize {
    usize::from(hosts > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deploy_reaches_every_host_once_before_it_ends() {
        for hosts in [0, 1, 2, 20] {
            let plan = plan(Task::Production, &Arc::from("9.9.9"), hosts);
            let mut reached: Vec<usize> = plan.puts.iter().map(|(_, host)| *host).collect();
            assert!(plan.puts.iter().all(|(at, _)| *at < plan.seconds));
            reached.sort_unstable();
            assert_eq!(reached, (0..hosts).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_version_that_fails_reaches_one_host_and_goes_back() {
        let plan = plan(Task::Production, &Arc::from(BAD), 4);
        assert_eq!(plan.puts, [(FIRST_PUT, 1)]);
        assert!(plan.back.is_some_and(|back| back > FIRST_PUT && back < plan.seconds));
    }
}
