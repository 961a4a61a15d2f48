//! `[service.deploy]`, resolved.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bake::BakeLimits;
use super::batches::{BatchSize, Share};
use crate::domain::gate::GateSettings;

/// How one service of one environment is deployed.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploySpec {
    /// The service's name.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// How a release reaches the hosts.
    pub strategy: Strategy,
    /// ROOT/releases/VERSION, ROOT/current, ROOT/shared.
    pub root: Option<String>,
    /// Where its runs and its lock are kept on the hosts.
    pub state: Option<String>,
    /// The archive of a version on this machine, with `{version}` in it; none when CI puts releases in place.
    pub artifact: Option<PathBuf>,
    /// Who takes each step on the hosts (`sudo -n -u`); none: the login user.
    pub run_as: Option<String>,
    /// What keeps the runner alive on the hosts.
    pub runner: RunnerKind,
    /// Paths of ROOT/shared that each release sees as its own.
    pub shared: Vec<String>,
    /// What happens to the unit after the switch.
    pub restart: AfterSwitch,
    /// How many hosts at a time.
    pub batches: Vec<BatchSize>,
    /// Hosts that must be up while others are down.
    pub min_available: Share,
    /// How many hosts may fail before the run stops.
    pub max_failures: usize,
    /// What a failure leads to.
    pub on_fail: OnFail,
    /// What the loss of the controller leads to.
    pub on_loss: OnLoss,
    /// How long a silent controller keeps its run.
    pub lease: Duration,
    /// When a host counts as good.
    pub gate: GateSettings,
    /// How long the whole fleet is watched after the last host.
    pub bake: Duration,
    /// What ends that badly.
    pub bake_limits: BakeLimits,
    /// Commands of the release.
    pub hooks: Hooks,
    /// Run on each host before a plan is made, such as `nginx -t`; empty: nothing.
    pub preflight: Vec<String>,
    /// A migration, before any switch.
    pub migrate: Option<Migrate>,
    /// Releases to keep.
    pub keep: usize,
    /// No deploy after a rollback until it is unlocked.
    pub lock_after_rollback: bool,
    /// Whether the service's checks are left alone while a run touches it.
    pub maintenance: bool,
    /// Whether people are told in Slack.
    pub announce: bool,
    /// The commands of the script strategy.
    pub script: ScriptSpec,
    /// The job of the gitlab strategy.
    pub gitlab: GitlabSpec,
}

/// The commands of the script strategy, with `{artifact}` and `{version}` in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptSpec {
    /// Run here before anything else; empty: nothing.
    pub build: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// Run on each host.
    pub install: Vec<String>,
    /// Run after it; empty: nothing.
    pub verify: Vec<String>,
    /// How a host goes back; none: `install` with the kept archive.
    pub rollback: Option<Vec<String>>,
}

/// Where the gitlab strategy finds its job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitlabSpec {
    /// The project's path; none: the one that `[gitlab]` says is this service's.
    pub project: Option<String>,
    /// The job's name.
    pub job: Option<String>,
    /// The environment's name there; none: as here.
    pub environment: Option<String>,
    /// The tag or branch of a version, with `{version}` in it.
    pub git_ref: Option<String>,
    /// The variables of a pipeline that is made because there is none.
    pub variables: Vec<(String, String)>,
}

/// How a release reaches the hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A folder a release, and a link that is switched.
    #[default]
    ReleaseDir,
    /// Commands on each host in turn.
    Script,
    /// A job of GitLab's.
    Gitlab,
}

/// What keeps the runner alive on the hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunnerKind {
    /// The person's own systemd where it lingers, else a session of its own.
    #[default]
    Auto,
    /// The host's systemd, asked through sudo, as the person.
    System,
}

/// What happens to the unit after the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterSwitch {
    /// It is restarted.
    Restart,
    /// It is reloaded.
    Reload,
    /// Nothing.
    None,
}

/// What a failure leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFail {
    /// The failing host goes back and the run stops.
    UndoHost,
    /// Every host goes back.
    UndoAll,
    /// The run waits for a person.
    Hold,
}

/// What the loss of the controller leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnLoss {
    /// The run waits for a person.
    Hold,
    /// Hosts that are done go back.
    UndoHost,
    /// Hosts that are done stay.
    Continue,
}

/// Commands of a release, run in its folder; an empty one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooks {
    /// Before the link is switched, on every host before the first is switched.
    pub before_switch: Vec<String>,
    /// Takes the host out of the balancer.
    pub drain: Vec<String>,
    /// Puts it back.
    pub undrain: Vec<String>,
    /// After the run.
    pub after_done: Vec<String>,
    /// How long draining may take, in seconds.
    pub drain_timeout: u64,
}

/// A migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrate {
    /// What runs, in the new release's folder.
    pub command: Vec<String>,
    /// On every host, not only on the first.
    pub each: bool,
    /// Only when files like these, in the release, differ from those of the release before; empty: always.
    #[serde(default)]
    pub when: String,
    /// Whether going back is safe after it.
    pub reversible: bool,
    /// How long it may take, in seconds.
    pub timeout: u64,
}
