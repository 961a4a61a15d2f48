//! Making a plan from what the config wants and what the hosts are.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::preflight;
use super::script::find_path;
use super::survey::{Question, Survey, survey};
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::deploy::batches::{BatchSize, Share, sizes};
use crate::domain::deploy::plan::{
    Artifact, Bake, DeployPlan, HostPart, Kind, PlanGate, PlanHealth, PlanVersion, Script,
};
use crate::domain::deploy::spec::{AfterSwitch, DeploySpec, OnFail, Strategy};
use crate::domain::deploy::state::is_version;
use crate::domain::host::HostName;
use crate::domain::log::{SourceKind, SourceSpec};
use crate::domain::service::{HealthCheck, Service, VersionSource};
use crate::domain::version;
use crate::transport::SharedTransport;

pub use crate::actions::plan::NoPlan;

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
    let when = wanted.spec.migrate.as_ref().map(|migrate| find_path(&migrate.when)).unwrap_or_default();
    let (version, run_as, runner) = (wanted.version, wanted.spec.run_as.as_deref(), wanted.spec.runner);
    let privileged = preflight::privileged(wanted.spec, root, version, wanted.artifact.as_ref());
    let (first, privileged) = (wanted.spec.preflight.as_slice(), privileged.as_slice());
    let question = Question { root, state, version, unit, verb, run_as, runner, when: &when, first, privileged };
    let asked = hosts.iter().map(|(_, transport)| survey(transport, &question));
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
        older: BTreeSet::new(),
        migrates: None,
        migrations: BTreeSet::new(),
        privileged,
        breaks: None,
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
    if spec.strategy == Strategy::Gitlab {
        faults.push("a job of GitLab's deploys it: there is nothing to plan on its hosts".to_owned());
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
    older: BTreeSet<String>,
    migrates: Option<bool>,
    migrations: BTreeSet<String>,
    privileged: &'a [Vec<String>],
    /// What a run that was cut off has left behind.
    breaks: Option<String>,
}

impl Maker<'_> {
    fn host(&mut self, host: &HostName, survey: &Survey) {
        let (root, mut faults) = (self.root, Vec::new());
        let mut fault = |text: String| faults.push(format!("{host}: {text}"));
        preflight::faults(self.wanted.spec, root, self.unit, survey).into_iter().for_each(&mut fault);
        if let Some(cut) = preflight::cut_off(survey) {
            self.breaks.get_or_insert_with(|| format!("{host}: {cut}"));
            self.warnings.push(format!("{host}: {cut}"));
        }
        preflight::refused(self.privileged, survey).into_iter().for_each(&mut fault);
        let (spec, by_script) = (self.wanted.spec, self.wanted.spec.strategy == Strategy::Script);
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
        let live = if by_script { state.current.as_deref() } else { survey.live() };
        if !by_script && !survey.link.is_empty() && live.is_none() {
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
        if self.wanted.kind == Kind::Deploy {
            faults
                .extend(preflight::room(self.wanted.artifact.as_ref(), survey).iter().map(|f| format!("{host}: {f}")));
        }
        let there = survey.releases.iter().any(|(name, _)| *name == to);
        let needs_archive = |argv: &Vec<String>| argv.iter().any(|word| word.contains("{artifact}"));
        let needed = match self.wanted.kind {
            Kind::Deploy => !by_script || needs_archive(&spec.script.install),
            Kind::Rollback => {
                !by_script || needs_archive(spec.script.rollback.as_ref().unwrap_or(&spec.script.install))
            }
        };
        if !there && needed && self.wanted.artifact.is_none() {
            faults.push(format!("{host}: there is no whole {root}/releases/{to}"));
        }
        let act = preflight::act(self.verb, self.unit, survey).unwrap_or_else(|why| {
            faults.push(format!("{host}: {why}"));
            Vec::new()
        });
        if state.current.as_deref().is_some_and(|known| Some(known) != live) {
            let known = state.current.as_deref().unwrap_or_default();
            self.warnings
                .push(format!("{host} was left on {known} by qd, and {} is live there now", live.unwrap_or("nothing")));
        }
        self.warnings.extend(preflight::warnings(survey).map(|warning| format!("{host}: {warning}")));
        self.migrates = self.migrates.max(Some(survey.migrates.unwrap_or(true)));
        self.migrations.extend(survey.migrations.iter().cloned());
        if self.wanted.kind == Kind::Deploy
            && let Some(why) = preflight::no_way_back(spec, live, survey)
        {
            self.warnings.push(format!("{host}: {why}"));
        }
        if let Some(live) =
            live.filter(|live| self.wanted.kind == Kind::Deploy && version::compare(&to, live) == Some(Ordering::Less))
        {
            self.older.insert(live.to_owned());
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
        if wants_reason.is_none() && !self.older.is_empty() {
            let live: Vec<&str> = self.older.iter().map(String::as_str).collect();
            wants_reason = Some(format!("{version} is older than {}, which is live", live.join(", ")));
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
        let migrate = spec.migrate.clone().filter(|_| kind == Kind::Deploy);
        let mut brings = Vec::new();
        let mut oneway = None;
        if let Some(migrate) = &migrate {
            let none = self.migrates == Some(false) && !migrate.when.is_empty();
            let undoes = if migrate.reversible { "" } else { ": one-way; auto-rollback OFF" };
            if none {
                brings.push(format!("no migration: {} are as they were", migrate.when));
            } else if self.migrations.is_empty() && !migrate.when.is_empty() {
                brings.push(format!("a migration, where {} differ{undoes}", migrate.when));
            }
            brings.extend(self.migrations.iter().map(|name| format!("migration {name}{undoes}")));
            if !none && !migrate.reversible {
                let named: Vec<&str> = self.migrations.iter().map(String::as_str).collect();
                oneway = Some(if named.is_empty() { "a one-way migration".to_owned() } else { named.join(", ") });
            }
        }
        let action = if kind == Kind::Deploy { ActionKind::Deploy } else { ActionKind::Rollback };
        let mut level = action.level(Scope { careful, hosts, of, configured: None });
        if (!self.wanted.left_out.is_empty() || self.breaks.is_some()) && careful {
            level = Level::Three;
        }
        let wants_reason = self.breaks.or(wants_reason);
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
            migrate,
            gate: gate(spec, service),
            on_fail: if kind == Kind::Rollback { OnFail::Hold } else { spec.on_fail },
            on_loss: spec.on_loss,
            max_failures: spec.max_failures.max(1),
            lease: spec.lease,
            level: level.number(),
            wants_reason,
            warnings: self.warnings,
            run_as: spec.run_as.clone(),
            runner: spec.runner,
            script: script(spec),
            bake: bake(spec, service, kind),
            maintenance: spec.maintenance,
            announce: spec.announce,
            lock_after: kind == Kind::Rollback && spec.lock_after_rollback,
            brings,
            oneway,
        })
    }
}

fn script(spec: &DeploySpec) -> Option<Script> {
    let script = &spec.script;
    (spec.strategy == Strategy::Script).then(|| Script {
        install: script.install.clone(),
        back: script.rollback.clone().unwrap_or_else(|| script.install.clone()),
        verify: script.verify.clone(),
    })
}

/// What is watched after the last host of a deploy; a rollback is over when every host is well.
pub(super) fn bake(spec: &DeploySpec, service: &Service, kind: Kind) -> Option<Bake> {
    let files = |sudo| {
        let file = move |source: &SourceSpec| match &source.kind {
            SourceKind::File(path) if source.sudo == sudo => Some(path.clone()),
            _ => None,
        };
        service.logs.iter().filter_map(file).collect()
    };
    let named = service.logs.iter().filter_map(|source| match &source.kind {
        SourceKind::Journal(unit) if !unit.is_empty() => Some(unit),
        _ => None,
    });
    let journals: BTreeSet<&String> = service.unit.iter().chain(named).collect();
    (kind == Kind::Deploy && !spec.bake.is_zero()).then(|| Bake {
        time: spec.bake,
        limits: spec.bake_limits.clone(),
        access_log: service.access_log.clone(),
        logs: files(false),
        rooted: files(true),
        journals: journals.into_iter().cloned().collect(),
    })
}

pub(super) fn gate(spec: &DeploySpec, service: &Service) -> PlanGate {
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
