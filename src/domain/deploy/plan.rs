//! The plan of a deploy or a rollback: everything that each host will do, fixed before anybody confirms it.
//!
//! It is kept beside the run on every host, so that anybody may read it and take the run over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bake::BakeLimits;
use super::spec::{AfterSwitch, Hooks, Migrate, OnFail, OnLoss, RunnerKind, Strategy};
use super::state::HostState;
use super::steer::Course;
use crate::domain::action::Level;
use crate::domain::confirm::{Demand, Typed};
use crate::domain::plan::hash_of;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A release is made live.
    Deploy,
    /// Each host goes back to its own last good release.
    Rollback,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
        }
    }
}

/// An archive of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its path on the machine that the plan was made on.
    pub path: String,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// One host's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPart {
    /// The host.
    pub host: String,
    /// Which machine that is, whatever it is called.
    pub machine_id: String,
    /// What is live there; none before the first deploy.
    pub from: Option<String>,
    /// What will be.
    pub to: String,
    /// Where its link points now.
    pub link: String,
    /// A checksum over names, sizes and times of a release that CI has put there.
    pub pin: String,
    /// The exact command that follows the switch; empty for none.
    pub act: Vec<String>,
    /// What it remembers.
    pub state: HostState,
    /// The checksum of the file that says so.
    pub state_sum: String,
}

/// How a host is judged, as its runner does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanGate {
    /// How long it may take.
    pub timeout: Duration,
    /// Good looks in a row.
    pub successes: u32,
    /// How often it looks.
    pub every: Duration,
    /// How long all of it must stay so.
    pub min_stable: Duration,
    /// The health check, where there is one.
    pub health: Option<PlanHealth>,
    /// Where the version is asked, when it must be the new one.
    pub version: Option<PlanVersion>,
}

/// A health check, as it is asked on the host itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanHealth {
    /// What is asked.
    pub url: String,
    /// How long an answer may take, in seconds.
    pub timeout: u64,
    /// Inclusive ranges of statuses that mean healthy.
    pub statuses: Vec<(u16, u16)>,
}

/// Where a service tells its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanVersion {
    /// At a URL.
    Url(String),
    /// On a command's first line of output.
    Command(Vec<String>),
}

/// How the whole fleet is watched after its last host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bake {
    /// For how long.
    pub time: Duration,
    /// What ends it badly.
    pub limits: BakeLimits,
    /// The access log that answers are counted in.
    pub access_log: Option<String>,
    /// Log files of the service that errors are looked for in.
    pub logs: Vec<String>,
    /// The same, of those that are read through sudo.
    #[serde(default)]
    pub rooted: Vec<String>,
    /// Units whose journal errors are looked for in: the service's own, and those that its logs name.
    #[serde(default)]
    pub journals: Vec<String>,
}

/// The commands of the script strategy, with `{artifact}` and `{version}` in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Puts a version in place.
    pub install: Vec<String>,
    /// Puts the version before in place again.
    pub back: Vec<String>,
    /// Looks whether that went well; empty: nobody looks.
    pub verify: Vec<String>,
}

/// What a run will do. It is never changed: another one is made, with another hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeployPlan {
    /// What for.
    pub kind: Kind,
    /// The service.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// The version that is deployed; for a rollback, what most hosts go back to.
    pub version: String,
    /// The service's unit.
    pub unit: String,
    /// The folder of its releases.
    pub root: String,
    /// The folder of its runs and its lock.
    pub state: String,
    /// Each host, in the order of the batches.
    pub hosts: Vec<HostPart>,
    /// The sizes of the batches.
    pub batches: Vec<usize>,
    /// What is uploaded; none when the release is there already.
    pub artifact: Option<Artifact>,
    /// Paths of ROOT/shared that the release sees as its own.
    pub shared: Vec<String>,
    /// What follows the switch.
    pub after_switch: AfterSwitch,
    /// Commands of the release.
    pub hooks: Hooks,
    /// A migration, before any switch.
    pub migrate: Option<Migrate>,
    /// When a host counts as good.
    pub gate: PlanGate,
    /// What a failure leads to.
    pub on_fail: OnFail,
    /// What the loss of the controller leads to.
    pub on_loss: OnLoss,
    /// How many hosts may fail before it stops.
    pub max_failures: usize,
    /// How long a silent controller keeps its run.
    pub lease: Duration,
    /// Releases that may be removed afterwards, when qd has made them.
    pub prune: Vec<String>,
    /// Its level of confirmation, 1 to 3.
    pub level: u8,
    /// Why it wants a reason, where it does.
    pub wants_reason: Option<String>,
    /// What whoever confirms it should know.
    pub warnings: Vec<String>,
    /// Who takes each step on the hosts; none: the login user.
    #[serde(default)]
    pub run_as: Option<String>,
    /// What keeps the runner alive there.
    #[serde(default)]
    pub runner: RunnerKind,
    /// The script strategy's commands; none: release-dir.
    #[serde(default)]
    pub script: Option<Script>,
    /// How the fleet is watched afterwards; none: nothing bakes.
    #[serde(default)]
    pub bake: Option<Bake>,
    /// Whether the service's checks are left alone meanwhile.
    #[serde(default)]
    pub maintenance: bool,
    /// Whether people are told.
    #[serde(default)]
    pub announce: bool,
    /// Whether nobody deploys afterwards until somebody unlocks it.
    #[serde(default)]
    pub lock_after: bool,
    /// What comes with it: commits, migrations, and the like, as far as that is known.
    #[serde(default)]
    pub brings: Vec<String>,
    /// The migration that comes with it and cannot be undone, by the names that are known of it.
    #[serde(default)]
    pub oneway: Option<String>,
}

impl DeployPlan {
    /// Which strategy it follows on the hosts.
    pub fn strategy(&self) -> Strategy {
        if self.script.is_some() { Strategy::Script } else { Strategy::ReleaseDir }
    }

    /// As long as it may take when every limit is used up.
    pub fn longest(&self) -> Duration {
        let batch = self.gate.timeout * 2 + Duration::from_secs(400 + self.hooks.drain_timeout);
        let migrate = self.migrate.as_ref().map_or(0, |migrate| migrate.timeout);
        let bake = self.bake.as_ref().map_or(Duration::ZERO, |bake| bake.time);
        batch * u32::try_from(self.batches.len()).unwrap_or(u32::MAX) + Duration::from_secs(600 + migrate) + bake
    }

    /// What it is called from now on.
    pub fn hash(&self) -> String {
        hash_of(self)
    }

    /// What is done to what.
    pub fn title(&self) -> String {
        let hosts: Vec<&str> = self.hosts.iter().map(|part| part.host.as_str()).collect();
        let what = match self.kind {
            Kind::Deploy => format!("deploy {} {}", self.service, self.version),
            Kind::Rollback => format!("roll {} back", self.service),
        };
        format!("{what} on {}", hosts.join(", "))
    }

    /// A host's part.
    pub fn part(&self, host: &str) -> Option<&HostPart> {
        self.hosts.iter().find(|part| part.host == host)
    }

    /// How it is steered.
    pub fn course(&self) -> Course {
        let mut hosts = self.hosts.iter().map(|part| part.host.clone());
        let batches = self.batches.iter().map(|size| hosts.by_ref().take(*size).collect()).collect();
        let oneway = self.kind == Kind::Deploy && self.migrate.as_ref().is_some_and(|migrate| !migrate.reversible);
        Course {
            batches,
            on_fail: self.on_fail,
            oneway,
            max_failures: self.max_failures,
            migrate: self.migrate.as_ref().filter(|_| self.kind == Kind::Deploy).map(|migrate| migrate.each),
        }
    }

    /// What must be done to confirm it; `names` are those that a typed prefix must tell apart.
    pub fn demand<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Demand {
        let whole = format!("{}/{}", self.environment, self.service);
        let typed = Typed::name(&self.service, names);
        let demand = Demand::of(Level::of(u64::from(self.level)), typed.clone(), whole, self.wants_reason.clone());
        demand.with_oneway(self.oneway.clone(), typed)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plan over three hosts.
    pub(crate) fn plan() -> DeployPlan {
        let part = |host: &str| HostPart {
            host: host.to_owned(),
            machine_id: host.to_owned(),
            from: Some("1.4.2".to_owned()),
            to: "1.5.0".to_owned(),
            link: "releases/1.4.2".to_owned(),
            pin: "1 2".to_owned(),
            act: ["sudo", "-n", "systemctl", "restart", "api.service"].map(str::to_owned).to_vec(),
            state: HostState::default(),
            state_sum: String::new(),
        };
        DeployPlan {
            kind: Kind::Deploy,
            service: "api".to_owned(),
            environment: "production".to_owned(),
            version: "1.5.0".to_owned(),
            unit: "api.service".to_owned(),
            root: "/var/api".to_owned(),
            state: "/var/api/.quarterdeck".to_owned(),
            hosts: ["web-1", "web-2", "web-3"].map(part).to_vec(),
            batches: vec![1, 2],
            artifact: None,
            shared: vec![],
            after_switch: AfterSwitch::Restart,
            hooks: Hooks::default(),
            migrate: None,
            gate: PlanGate {
                timeout: Duration::from_secs(60),
                successes: 3,
                every: Duration::from_secs(2),
                min_stable: Duration::from_secs(10),
                health: None,
                version: None,
            },
            on_fail: OnFail::UndoHost,
            on_loss: OnLoss::Hold,
            max_failures: 1,
            lease: Duration::from_secs(90),
            prune: vec![],
            level: 2,
            wants_reason: None,
            warnings: vec![],
            run_as: None,
            runner: RunnerKind::Auto,
            script: None,
            bake: None,
            maintenance: false,
            announce: true,
            lock_after: false,
            brings: vec![],
            oneway: None,
        }
    }

    #[test]
    fn it_comes_back_from_a_host_as_it_was_under_the_same_hash() {
        let plan = plan();
        let back: DeployPlan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!((back.hash(), &back), (plan.hash(), &plan));
        let other = DeployPlan { version: "1.5.1".to_owned(), ..plan.clone() };
        assert_ne!(other.hash(), plan.hash());
        assert_eq!(plan.course().batches, [vec!["web-1".to_owned()], vec!["web-2".to_owned(), "web-3".to_owned()]]);
    }

    #[test]
    fn a_one_way_migration_never_undoes_anything_by_itself() {
        let command = vec!["bin/migrate".to_owned()];
        let migrate = Migrate { command, each: false, when: String::new(), reversible: false, timeout: 600 };
        let plan = DeployPlan { migrate: Some(migrate), ..plan() };
        assert!(plan.course().oneway);
        assert!(plan.page().join("\n").contains("one-way"));
    }
}
