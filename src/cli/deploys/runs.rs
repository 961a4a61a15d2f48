//! The runs that went over the hosts: as this machine kept them, and as the hosts tell them.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::cli::deploy::run::{known, started};
use crate::cli::opened::Opened;
use crate::domain::delivered::each_once;
use crate::domain::deploy::known::KnownRun;
use crate::domain::deployment::DeploymentStatus;
use crate::domain::run::{RunHost, RunRecord};
use crate::runtime::history::History;
use crate::store::{self, Store};

/// While it is watched, hosts are dialed again after so long.
const ASKED_EVERY: Duration = Duration::from_secs(60);

/// What is known of runs.
#[derive(Default)]
pub struct Runs {
    /// Each, newest first.
    pub known: Vec<RunRecord>,
    /// What could not be had.
    pub faults: Vec<String>,
    told: Vec<RunRecord>,
    unheard: Vec<String>,
    asked: Option<Instant>,
}

/// Whether the config deploys anything over its hosts.
pub fn may_be(opened: &Opened) -> bool {
    opened.settings.deploys.iter().any(|spec| spec.state.is_some())
}

impl Runs {
    /// Reads them anew.
    pub async fn read(&mut self, opened: &Opened) {
        self.faults.clear();
        if may_be(opened) && self.asked.is_none_or(|asked| asked.elapsed() >= ASKED_EVERY) {
            let (told, connected) = known(opened, None).await;
            self.told = told.iter().filter_map(|run| record(run, &opened.settings.fleet, Utc::now())).collect();
            self.unheard = connected.faults();
            self.asked = Some(Instant::now());
        }
        let kept = match kept(opened).await {
            Ok(kept) => kept,
            Err(error) => {
                self.faults.push(error.to_string());
                Vec::new()
            }
        };
        self.faults.extend(self.unheard.iter().cloned());
        self.known = each_once(kept, self.told.clone());
    }
}

/// What this machine kept; nothing where it never kept anything.
async fn kept(opened: &Opened) -> Result<Vec<RunRecord>, store::StoreError> {
    let folder = &opened.options.dirs.state;
    if !folder.join(store::FILE).exists() {
        return Ok(Vec::new());
    }
    History::new(Store::open(folder).await?, &opened.settings.fleet, opened.settings.store)
        .runs(DateTime::UNIX_EPOCH)
        .await
}

/// A run as its hosts tell it; none for one that never had its locks.
fn record(run: &KnownRun, fleet: &str, now: DateTime<Utc>) -> Option<RunRecord> {
    let status = match run.state() {
        "succeeded" => DeploymentStatus::Success,
        "rolled_back" => DeploymentStatus::RolledBack,
        "failed" => DeploymentStatus::Failed,
        "held" => DeploymentStatus::Held,
        "canceled" => DeploymentStatus::Canceled,
        "unattended" => DeploymentStatus::Unattended,
        "running" | "baking" => DeploymentStatus::Running,
        _ => return None,
    };
    let (parts, began) = (&run.plan.hosts, started(&run.id)?);
    let from = parts.first().and_then(|part| part.from.clone());
    let hosts = parts.iter().map(|part| {
        let told = run.hosts.get(&part.host);
        RunHost {
            host: part.host.clone(),
            state: told.map_or("unknown", |told| told.word()).to_owned(),
            step: told.and_then(|told| told.step.clone()),
            from: part.from.clone(),
            detail: told.and_then(|told| told.why.clone()),
        }
    });
    Some(RunRecord {
        id: run.id.clone(),
        fleet: fleet.to_owned(),
        action: run.plan.kind.as_str().to_owned(),
        service: Some(run.plan.service.clone()),
        environment: run.plan.environment.clone(),
        from: from.filter(|from| parts.iter().all(|part| part.from.as_ref() == Some(from))),
        to: Some(run.plan.version.clone()),
        by: run.by.clone(),
        machine: String::new(),
        began,
        // When it ended is not told.
        updated: if status.is_active() { now } else { began },
        ended: None,
        status,
        detail: None,
        hosts: hosts.collect(),
        job: None,
    })
}
