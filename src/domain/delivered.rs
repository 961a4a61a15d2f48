//! One history of what was deployed: a forge's deployments and the runs that went over the hosts.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::deployment::{Deployment, DeploymentKind, DeploymentStatus, sort};
use super::run::RunRecord;
use super::version;

/// What a run that went over the hosts is said to be from.
pub const HOSTS: &str = "hosts";
/// How far the forge's clock and waiting line may be from what this machine saw.
const SLACK: TimeDelta = TimeDelta::minutes(2);

/// A run as a row of the history; none for what deploys nothing, such as a restart.
pub fn row(run: &RunRecord) -> Option<Deployment> {
    let kind = match run.action.as_str() {
        "deploy" => None,
        "rollback" => Some(DeploymentKind::Rollback),
        _ => return None,
    };
    Some(Deployment {
        id: run.id.clone(),
        source: HOSTS,
        project: String::new(),
        place: run.environment.clone(),
        service: run.service.clone()?,
        environment: run.environment.clone(),
        version: run.to.clone().unwrap_or_default(),
        is_tag: None,
        sha: None,
        status: Some(run.status),
        kind,
        by: Some(run.by.clone()).filter(|by| !by.is_empty()),
        created: Some(run.began),
        started: Some(run.began),
        finished: run.ended,
        updated: Some(run.updated),
        previous_version: run.from.clone(),
        job: None,
        pipeline: None,
        url: None,
    })
}

/// Runs as this machine kept them and as the hosts tell them, each once. What hosts say of a run goes before what was
/// kept while it went on, for only they know; who began it, and when it ended, is kept here alone.
pub fn each_once(kept: Vec<RunRecord>, told: Vec<RunRecord>) -> Vec<RunRecord> {
    let mut runs: BTreeMap<String, RunRecord> = kept.into_iter().map(|run| (run.id.clone(), run)).collect();
    for told in told {
        match runs.get_mut(&told.id) {
            Some(kept) if kept.ended.is_some() => {}
            Some(kept) => {
                (kept.status, kept.updated, kept.hosts) = (told.status, told.updated, told.hosts);
            }
            None => drop(runs.insert(told.id.clone(), told)),
        }
    }
    runs.into_values().rev().collect()
}

/// Runs as they stood at an earlier time: what began later is not there, and what ended later was under way.
pub fn as_of(mut runs: Vec<RunRecord>, at: DateTime<Utc>) -> Vec<RunRecord> {
    runs.retain(|run| run.began <= at);
    for run in runs.iter_mut().filter(|run| run.ended.is_some_and(|ended| ended > at)) {
        (run.status, run.ended) = (DeploymentStatus::Running, None);
    }
    runs
}

/// A forge's deployments, classified, and runs in one list, newest first. A run that played a job of the forge's is that
/// deployment, and is told once.
pub fn merged(forge: Vec<Deployment>, runs: &[RunRecord]) -> Vec<Deployment> {
    let mut rows: Vec<Deployment> = runs.iter().filter_map(row).collect();
    rows.retain(|row| !forge.iter().any(|one| is_same(one, row)));
    for row in &mut rows {
        // What lies between two versions is asked of the project of the same service.
        if let Some(of) = forge.iter().find(|one| one.service == row.service) {
            row.project.clone_from(&of.project);
        }
    }
    rows.extend(forge);
    sort(&mut rows);
    let mut places: HashMap<(String, String), Place> = HashMap::new();
    for row in rows.iter_mut().rev() {
        places.entry((row.service.clone(), row.environment.clone())).or_default().take_up(row);
    }
    rows
}

/// Whether a run is the one that made a deployment of the forge's.
fn is_same(forge: &Deployment, run: &Deployment) -> bool {
    let (Some(made), Some(began)) = (forge.started.or(forge.created), run.started) else { return false };
    let ended: DateTime<Utc> = run.finished.or(run.updated).unwrap_or(began);
    let version = version::compare(&forge.version, &run.version).map_or(forge.version == run.version, |o| o.is_eq());
    version
        && (&forge.service, &forge.environment) == (&run.service, &run.environment)
        && (began - SLACK..=ended + SLACK).contains(&made)
}

/// What has happened to a service in an environment so far, whoever did it.
#[derive(Default)]
struct Place {
    live: Option<String>,
    tried: HashSet<String>,
}

impl Place {
    fn take_up(&mut self, row: &mut Deployment) {
        let identity = version::key(&row.version).unwrap_or_else(|| row.version.clone());
        if row.source == HOSTS {
            if row.previous_version.is_none() {
                row.previous_version.clone_from(&self.live);
            }
            let lower = |before: &String| version::compare(&row.version, before).is_some_and(|order| order.is_lt());
            let back = row.previous_version.as_ref().is_some_and(lower);
            row.kind = row.kind.or(Some(match (back, self.tried.contains(&identity)) {
                (true, _) => DeploymentKind::Rollback,
                (false, true) => DeploymentKind::Redeploy,
                (false, false) => DeploymentKind::Deploy,
            }));
        }
        if row.status == Some(DeploymentStatus::Success) {
            self.live = Some(row.version.clone());
        }
        self.tried.insert(identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn run(
        id: &str,
        action: &str,
        versions: (Option<&str>, &str),
        minutes: i64,
        status: DeploymentStatus,
    ) -> RunRecord {
        RunRecord {
            id: id.to_owned(),
            fleet: "acme".to_owned(),
            action: action.to_owned(),
            service: Some("api".to_owned()),
            environment: "production".to_owned(),
            from: versions.0.map(str::to_owned),
            to: Some(versions.1.to_owned()),
            by: "ana".to_owned(),
            machine: "laptop".to_owned(),
            began: at(minutes),
            updated: at(minutes + 1),
            ended: (status != DeploymentStatus::Running).then(|| at(minutes + 1)),
            status,
            detail: None,
            hosts: Vec::new(),
            job: None,
        }
    }

    fn forge(id: &str, version: &str, minutes: i64) -> Deployment {
        let run = run(id, "deploy", (None, version), minutes, DeploymentStatus::Success);
        let (project, kind) = ("acme/api".to_owned(), Some(DeploymentKind::Deploy));
        Deployment { source: "gitlab", project, kind, ..row(&run).unwrap() }
    }

    fn told(rows: &[Deployment]) -> Vec<String> {
        let word = |row: &Deployment| {
            let before = row.previous_version.as_deref().unwrap_or("—");
            format!("{} {} {} after {before}", row.source, row.version, row.kind.unwrap().as_str())
        };
        rows.iter().map(word).collect()
    }

    use DeploymentStatus::{Failed, RolledBack, Running, Success};

    #[test]
    fn both_are_one_list_by_time_and_each_says_whose_it_is() {
        let runs = [
            run("05", "rollback", (Some("1.5.0"), "1.4.2"), 50, Success),
            run("04", "deploy", (None, "1.5.0"), 40, Success),
            run("03", "deploy", (Some("1.4.2"), "1.5.0"), 30, RolledBack),
            run("02", "restart", (None, "1.4.2"), 25, Success),
            run("01", "deploy", (None, "1.4.1"), 5, Success),
        ];
        let rows = merged(vec![forge("11", "1.4.2", 20), forge("10", "1.4.0", 1)], &runs);
        assert_eq!(
            told(&rows),
            [
                "hosts 1.4.2 rollback after 1.5.0",
                "hosts 1.5.0 redeploy after 1.4.2",
                "hosts 1.5.0 deploy after 1.4.2",
                "gitlab 1.4.2 deploy after —",
                "hosts 1.4.1 deploy after 1.4.0",
                "gitlab 1.4.0 deploy after —",
            ]
        );
        assert!(rows.iter().all(|row| row.project == "acme/api"));
        let live = super::super::deployment::live(&rows, []);
        assert_eq!(live["production"]["api"].as_deref(), Some("1.4.2"));
    }

    #[test]
    fn a_run_that_played_a_job_is_told_once_and_another_place_is_another_deployment() {
        let played = run("01", "deploy", (None, "v1.5.0"), 10, Running);
        assert_eq!(told(&merged(vec![forge("10", "1.5.0", 11)], std::slice::from_ref(&played))).len(), 1);
        for other in [
            RunRecord { environment: "staging".to_owned(), ..played.clone() },
            RunRecord { service: Some("shop".to_owned()), ..played.clone() },
            RunRecord { to: Some("1.5.1".to_owned()), ..played.clone() },
            RunRecord { began: at(60), updated: at(61), ..played.clone() },
        ] {
            assert_eq!(merged(vec![forge("10", "1.5.0", 11)], std::slice::from_ref(&other)).len(), 2, "{other:?}");
        }
    }

    #[test]
    fn a_run_that_hosts_and_this_machine_know_of_is_one_and_the_hosts_know_better() {
        let kept =
            vec![run("02", "deploy", (None, "1.5.0"), 20, Running), run("01", "deploy", (None, "1.4.2"), 1, Success)];
        let nameless =
            |id, status| RunRecord { by: "somebody".to_owned(), ..run(id, "deploy", (None, "x"), 30, status) };
        let runs = each_once(kept, vec![nameless("02", Failed), nameless("01", Failed), nameless("03", Running)]);
        let seen: Vec<_> = runs.iter().map(|run| (run.id.as_str(), run.status, run.by.as_str())).collect();
        assert_eq!(seen, [("03", Running, "somebody"), ("02", Failed, "ana"), ("01", Success, "ana")]);
    }

    #[test]
    fn at_an_earlier_time_what_ended_later_was_under_way() {
        let runs =
            vec![run("02", "deploy", (None, "1.5.0"), 20, Failed), run("01", "deploy", (None, "1.4.2"), 1, Success)];
        let seen = |minutes| as_of(runs.clone(), at(minutes)).iter().map(|run| run.status).collect::<Vec<_>>();
        assert_eq!((seen(21), seen(20), seen(5)), (vec![Failed, Success], vec![Running, Success], vec![Success]));
    }

    #[test]
    fn without_runs_nothing_of_a_forges_history_changes() {
        let all = vec![forge("11", "1.4.2", 20), forge("10", "1.4.0", 1)];
        assert_eq!(merged(all.clone(), &[]), all);
    }
}
