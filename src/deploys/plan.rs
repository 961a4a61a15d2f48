//! Making a plan from what the config wants and what the hosts are.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::survey::{Survey, survey};
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::deploy::batches::{BatchSize, Share, sizes};
use crate::domain::deploy::plan::{Artifact, DeployPlan, HostPart, Kind, PlanGate, PlanHealth, PlanVersion};
use crate::domain::deploy::spec::{AfterSwitch, DeploySpec, OnFail, Strategy};
use crate::domain::deploy::state::is_version;
use crate::domain::host::HostName;
use crate::domain::service::{HealthCheck, Service, VersionSource};
use crate::transport::SharedTransport;

pub use crate::actions::plan::NoPlan;

/// File systems on which a lock means nothing, or not on every machine.
const NETWORK: [&str; 9] = ["nfs", "nfs4", "cifs", "smb", "smb2", "smbfs", "afs", "ceph", "fuseblk"];

/// What is wanted.
pub struct Wanted<'a> {
    /// What for.
    pub kind: Kind,
    /// How the service is deployed.
    pub spec: &'a DeploySpec,
    /// The service.
    pub service: &'a Service,
    /// How many hosts it has at all.
    pub of: usize,
    /// Whether its environment is careful.
    pub careful: bool,
    /// The version; for a rollback each host has its own.
    pub version: &'a str,
    /// The archive, where one is uploaded.
    pub artifact: Option<Artifact>,
    /// Also a release that is marked bad.
    pub even_bad: bool,
    /// Hosts that cannot be reached and are left out by name.
    pub left_out: Vec<String>,
}

/// Looks at every host and makes the plan, or says what is in the way.
pub async fn make(wanted: Wanted<'_>, hosts: &[(HostName, SharedTransport)]) -> Result<DeployPlan, NoPlan> {
    let (root, state, unit) = ready(&wanted)?;
    let verb = match wanted.spec.restart {
        AfterSwitch::Restart => "restart",
        AfterSwitch::Reload => "reload",
        AfterSwitch::None => "",
    };
    let asked = hosts.iter().map(|(_, transport)| survey(transport, root, state, wanted.version, unit, verb));
    let surveys = join_all(asked).await;
    let mut maker = Maker {
        wanted,
        root,
        unit,
        verb,
        faults: Vec::new(),
        warnings: Vec::new(),
        parts: Vec::new(),
        bad: BTreeSet::new(),
    };
    let mut failing = 0;
    for ((host, _), survey) in hosts.iter().zip(&surveys) {
        match survey {
            Ok(survey) => {
                failing += usize::from(survey.unit.facts.active != "active");
                maker.host(host, survey);
            }
            Err(why) => maker.faults.push(format!("{host}: {why}")),
        }
    }
    let made: Vec<&Survey> = surveys.iter().flatten().collect();
    let everything_fails = failing == hosts.len();
    maker.plan(&made, state, everything_fails)
}

/// What a plan needs of the config.
fn ready<'a>(wanted: &Wanted<'a>) -> Result<(&'a str, &'a str, &'a str), NoPlan> {
    let spec = wanted.spec;
    let mut faults = Vec::new();
    if spec.strategy != Strategy::ReleaseDir {
        faults.push("only strategy = \"release-dir\" can be deployed by qd so far".to_owned());
    }
    for key in &spec.unsupported {
        faults.push(format!("{key} is not built yet; nothing is deployed as somebody else than was asked for"));
    }
    if wanted.kind == Kind::Deploy && !is_version(wanted.version) {
        faults.push("a version is letters, digits and . _ + -, beginning with a letter or digit".to_owned());
    }
    let unit = wanted.service.unit.as_deref();
    match (&spec.root, &spec.state, unit) {
        (Some(root), Some(state), Some(unit)) if faults.is_empty() => return Ok((root, state, unit)),
        (Some(_), Some(_), Some(_)) => {}
        (_, _, None) => faults.push(format!("{} names no unit", wanted.service.name)),
        _ => faults.push(format!("[service.deploy] of {} has no root", wanted.service.name)),
    }
    Err(NoPlan(faults))
}

struct Maker<'a> {
    wanted: Wanted<'a>,
    root: &'a str,
    unit: &'a str,
    verb: &'a str,
    faults: Vec<String>,
    warnings: Vec<String>,
    parts: Vec<HostPart>,
    bad: BTreeSet<String>,
}

impl Maker<'_> {
    fn host(&mut self, host: &HostName, survey: &Survey) {
        let (root, mut faults) = (self.root, Vec::new());
        let mut fault = |text: String| faults.push(format!("{host}: {text}"));
        if !survey.missing.is_empty() {
            fault(format!("a run needs {}, which is not there", survey.missing.join(", ")));
        }
        if !survey.has_root {
            fault(format!("there is no {root}/releases"));
        } else if !survey.writable {
            fault(format!("{} may not write {root} and {root}/releases", survey.unit.user));
        }
        if NETWORK.contains(&survey.fs.as_str()) {
            fault(format!("{root} is on a network file system ({}), where a lock means nothing", survey.fs));
        }
        if let Some(owner) = &survey.owner {
            fault(format!("another run has the lock: {owner}"));
        }
        if let Some(hold) = &survey.hold {
            fault(format!("it is locked by hand: {hold}; qd unlock lets it again"));
        }
        if survey.unit.facts.load != "loaded" {
            fault(format!("{} is {} there", self.unit, survey.unit.facts.load));
        }
        if survey.machine_id.is_empty() {
            fault("it has no machine-id".to_owned());
        } else if let Some(twin) = self.parts.iter().find(|part| part.machine_id == survey.machine_id) {
            fault(format!("it is the same machine as {}", twin.host));
        }
        let state = match &survey.state {
            Ok(state) => state.clone(),
            Err(why) => {
                fault(why.clone());
                Default::default()
            }
        };
        self.bad.extend(state.bad.iter().cloned());
        let live = survey.live();
        if !survey.link.is_empty() && live.is_none() {
            fault(format!("{root}/current leads to {}, not into releases", survey.link));
        }
        let to = match self.wanted.kind {
            Kind::Deploy => Some(self.wanted.version.to_owned()),
            Kind::Rollback => state.way_back(live).map(str::to_owned),
        };
        let Some(to) = to else {
            fault("it knows no good release to go back to".to_owned());
            self.faults.extend(faults);
            return;
        };
        if live == Some(to.as_str()) {
            self.warnings.push(format!("{host} is left out: {to} is live there already"));
            self.faults.extend(faults);
            return;
        }
        self.room(host, survey, &mut faults);
        let there = survey.releases.iter().any(|(name, _)| *name == to);
        if !there && self.wanted.artifact.is_none() {
            faults.push(format!("{host}: there is no whole {root}/releases/{to}"));
        }
        let act = self.act(host, survey, &mut faults);
        if state.current.as_deref().is_some_and(|known| Some(known) != live) {
            let known = state.current.as_deref().unwrap_or_default();
            self.warnings
                .push(format!("{host} was left on {known} by qd, and {} is live there now", live.unwrap_or("nothing")));
        }
        if survey.no_http && (self.wanted.service.health.is_some()) {
            faults.push(format!("{host}: its health cannot be asked there: neither curl nor wget is there"));
        }
        self.faults.extend(faults);
        self.parts.push(HostPart {
            host: host.to_string(),
            machine_id: survey.machine_id.clone(),
            from: live.map(str::to_owned),
            to,
            link: survey.link.clone(),
            pin: survey.pin.clone(),
            act,
            state,
            state_sum: survey.state_sum.clone(),
        });
    }

    /// Three times what is uploaded, and a tenth of the disk and its inodes.
    fn room(&self, host: &HostName, survey: &Survey, faults: &mut Vec<String>) {
        if self.wanted.kind == Kind::Rollback {
            return;
        }
        let needs = self.wanted.artifact.as_ref().map_or(0, |artifact| 3 * artifact.bytes / 1024);
        if let Some((free, used)) = survey.disk
            && (free < needs || used >= 90)
        {
            faults.push(format!("{host}: the disk is {used} % full, with {free} kB free; {needs} kB are needed"));
        }
        if let Some(used) = survey.inodes.filter(|used| *used >= 90) {
            faults.push(format!("{host}: {used} % of the disk's inodes are used"));
        }
    }

    fn act(&self, host: &HostName, survey: &Survey, faults: &mut Vec<String>) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match &survey.unit {
            _ if self.verb.is_empty() => Vec::new(),
            unit if unit.root => words(&["systemctl", self.verb, self.unit]),
            unit => match &unit.sudo {
                Some(name) => words(&["sudo", "-n", "systemctl", self.verb, name]),
                None => {
                    let (user, verb, name) = (&unit.user, self.verb, self.unit);
                    faults.push(format!(
                        "{host}: sudo does not let {user} run `systemctl {verb} {name}` without a password; in sudoers that is\n    \
                         {user} ALL=(root) NOPASSWD: /usr/bin/systemctl {verb} {name}"
                    ));
                    Vec::new()
                }
            },
        }
    }

    fn plan(mut self, surveys: &[&Survey], state: &str, everything_fails: bool) -> Result<DeployPlan, NoPlan> {
        let Wanted { kind, spec, service, of, careful, version, .. } = self.wanted;
        let mut wants_reason = None;
        if kind == Kind::Deploy && self.bad.contains(version) {
            if self.wanted.even_bad {
                wants_reason = Some(format!("{version} is marked bad"));
            } else {
                self.faults.push(format!(
                    "{version} failed here before and is marked bad; --even-bad deploys it in spite of that"
                ));
            }
        }
        if self.parts.is_empty() && self.faults.is_empty() {
            self.faults.push("there is nothing to do: it is live everywhere".to_owned());
        }
        if !self.faults.is_empty() {
            return Err(NoPlan(self.faults));
        }
        let hosts = self.parts.len();
        let batches = match kind {
            Kind::Deploy => sizes(&spec.batches, hosts, of, spec.min_available),
            // What fails everywhere can only become better; else half of it stays up.
            Kind::Rollback if everything_fails => vec![hosts],
            Kind::Rollback => sizes(&[BatchSize::Percent(50), BatchSize::Rest], hosts, of, Share::Percent(0)),
        };
        for host in &self.wanted.left_out {
            self.warnings.push(format!("{host} is left out: it cannot be reached, and keeps what it has"));
        }
        if kind == Kind::Deploy && !spec.bake.is_zero() {
            self.warnings.push("nothing bakes: errors that begin after the gate are for people to see".to_owned());
        }
        let action = if kind == Kind::Deploy { ActionKind::Deploy } else { ActionKind::Rollback };
        let mut level = action.level(Scope { careful, hosts, of, configured: None });
        if !self.wanted.left_out.is_empty() && careful {
            level = Level::Three;
        }
        let version = match kind {
            Kind::Deploy => version.to_owned(),
            Kind::Rollback => most_common(self.parts.iter().map(|part| part.to.as_str())),
        };
        Ok(DeployPlan {
            kind,
            service: service.name.clone(),
            environment: service.environment.clone(),
            prune: prunable(surveys, &self.parts, spec.keep),
            version,
            unit: self.unit.to_owned(),
            root: self.root.to_owned(),
            state: state.to_owned(),
            hosts: self.parts,
            batches,
            artifact: self.wanted.artifact,
            shared: if kind == Kind::Deploy { spec.shared.clone() } else { Vec::new() },
            after_switch: spec.restart,
            hooks: spec.hooks.clone(),
            migrate: spec.migrate.clone().filter(|_| kind == Kind::Deploy),
            gate: gate(spec, service),
            on_fail: if kind == Kind::Rollback { OnFail::Hold } else { spec.on_fail },
            on_loss: spec.on_loss,
            max_failures: spec.max_failures.max(1),
            lease: spec.lease,
            level: level.number(),
            wants_reason,
            warnings: self.warnings,
        })
    }
}

fn gate(spec: &DeploySpec, service: &Service) -> PlanGate {
    let version = service.version.as_ref().filter(|_| spec.gate.version).map(|version| match version {
        VersionSource::Url(url) => PlanVersion::Url(url.clone()),
        VersionSource::Command(argv) => PlanVersion::Command(argv.clone()),
    });
    let health = |check: &HealthCheck| PlanHealth {
        url: check.url.clone(),
        timeout: check.timeout.max(Duration::from_secs(1)).as_secs(),
        statuses: check.status.clone(),
    };
    PlanGate {
        timeout: spec.gate.timeout,
        successes: spec.gate.successes,
        every: spec.gate.every,
        min_stable: spec.gate.min_stable,
        health: service.health.as_ref().map(health),
        version,
    }
}

/// Releases that qd has made and that no host of the run needs: not live, not the next, not good, beyond those to keep.
fn prunable(surveys: &[&Survey], parts: &[HostPart], keep: usize) -> Vec<String> {
    let mut made: Vec<&str> = surveys
        .iter()
        .flat_map(|survey| &survey.releases)
        .filter(|(_, made)| *made)
        .map(|(name, _)| name.as_str())
        .collect();
    made.sort_unstable();
    made.dedup();
    let needed = |version: &str| {
        parts.iter().any(|part| {
            let good = part.state.good.iter().take(keep.max(2));
            part.to == version || part.from.as_deref() == Some(version) || good.clone().any(|good| good == version)
        })
    };
    made.into_iter().filter(|version| !needed(version)).map(str::to_owned).collect()
}

fn most_common<'v>(versions: impl Iterator<Item = &'v str> + Clone) -> String {
    let count = |version: &str| versions.clone().filter(|other| *other == version).count();
    versions.clone().max_by_key(|version| count(version)).unwrap_or_default().to_owned()
}
