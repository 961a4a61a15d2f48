//! Deployments: what was put where, when and by whom; what each of them was; what is live now.
//!
//! A deployment is a **rollback** when its version is lower than the one that was live there at that moment; else a
//! **redeploy** when that version was tried there before; else a **deploy**. Live is what the newest success put there, the
//! newest by when it was made and then by its id: never by its pipeline, for a rollback runs in an old one. Names that are
//! no versions (branches) cannot be lower: one that goes back to a commit that was live before is a rollback too, and only
//! the same commit again is a redeploy.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::version;

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentStatus {
    /// It waits for its turn, or for a person.
    Created,
    /// It is under way.
    Running,
    /// It is done.
    Success,
    /// It went wrong.
    Failed,
    /// Somebody stopped it.
    Canceled,
    /// It was left out.
    Skipped,
    /// It waits for an approval.
    Blocked,
    /// It was done and undone.
    RolledBack,
    /// It waits in the middle, for a person.
    Held,
    /// It goes on, and nobody watches it.
    Unattended,
}

impl DeploymentStatus {
    /// Its word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
            Self::Blocked => "blocked",
            Self::RolledBack => "rolled_back",
            Self::Held => "held",
            Self::Unattended => "unattended",
        }
    }

    /// Whether something is being changed now.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Held | Self::Unattended)
    }
}

/// What a deployment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentKind {
    /// Something new.
    Deploy,
    /// The same once more.
    Redeploy,
    /// Something older than what was live.
    Rollback,
}

impl DeploymentKind {
    /// Its word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Redeploy => "redeploy",
            Self::Rollback => "rollback",
        }
    }
}

/// One deployment. All text in it is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What its source calls it; decimal at GitLab.
    pub id: String,
    /// Who says so: `gitlab` or `hosts`.
    pub source: &'static str,
    /// The source's project, such as `acme/shop`.
    pub project: String,
    /// The source's own name of the environment, by which it is asked for.
    pub place: String,
    /// Our service.
    pub service: String,
    /// Our environment.
    pub environment: String,
    /// What was deployed: the tag's or branch's name; empty where each host went back to a version of its own.
    pub version: String,
    /// Whether that is a tag's name, where it is known.
    pub is_tag: Option<bool>,
    /// The commit.
    pub sha: Option<String>,
    /// Where it stands; none for a word that is not known.
    pub status: Option<DeploymentStatus>,
    /// What it was; none before [`classify`].
    pub kind: Option<DeploymentKind>,
    /// Who started it.
    pub by: Option<String>,
    /// When it was made, which may be long before it started.
    pub created: Option<DateTime<Utc>>,
    /// When it started; none while it waits.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// When anything of it changed last.
    pub updated: Option<DateTime<Utc>>,
    /// The version that was live there when it was made; none for the first, and before [`classify`].
    pub previous_version: Option<String>,
    /// The job that did it; none for one that was only reported.
    pub job: Option<u64>,
    /// The pipeline of that job.
    pub pipeline: Option<u64>,
    /// Where to look at it.
    pub url: Option<String>,
}

impl Deployment {
    /// What tells older from newer.
    fn age_key(&self) -> (Option<DateTime<Utc>>, usize, &str) {
        // Numbers of different lengths, as text.
        (self.created, self.id.len(), &self.id)
    }

    /// What is live once it has succeeded, as far as trying the same again goes: the version, or a branch's commit.
    fn identity(&self) -> String {
        let version = if self.is_tag == Some(false) { None } else { version::key(&self.version) };
        version.unwrap_or_else(|| format!("{}@{}", self.version, self.sha.as_deref().unwrap_or("")))
    }

    /// As the contract has it.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "source": self.source,
            "service": self.service,
            "environment": self.environment,
            "version": Some(&self.version).filter(|version| !version.is_empty()),
            "sha": self.sha,
            "status": self.status.map(DeploymentStatus::as_str),
            "kind": self.kind.map(DeploymentKind::as_str),
            "by": self.by,
            "created": self.created.map(rfc3339),
            "started": self.started.map(rfc3339),
            "finished": self.finished.map(rfc3339),
            "previous_version": self.previous_version,
            "url": self.url,
        })
    }
}

impl Serialize for Deployment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(to)
    }
}

/// Puts deployments in the order in which they are read: the newest first.
pub fn sort(deployments: &mut [Deployment]) {
    deployments.sort_by(|a, b| b.age_key().cmp(&a.age_key()));
}

/// Sorts deployments and works out what each of them was, and what was live before it.
pub fn classify(deployments: &mut [Deployment]) {
    sort(deployments);
    let mut places: HashMap<(String, String), Place> = HashMap::new();
    for deployment in deployments.iter_mut().rev() {
        let key = (deployment.project.clone(), deployment.place.clone());
        places.entry(key).or_default().take_up(deployment);
    }
}

/// What has happened in one place so far.
#[derive(Default)]
struct Place {
    /// The version and identity that are live.
    live: Option<(String, String)>,
    /// What was live once, in the order in which it first was.
    succeeded: HashMap<String, usize>,
    tried: HashSet<String>,
}

impl Place {
    fn take_up(&mut self, deployment: &mut Deployment) {
        let identity = deployment.identity();
        deployment.previous_version = self.live.as_ref().map(|(version, _)| version.clone());
        deployment.kind = Some(if self.goes_back(deployment, &identity) {
            DeploymentKind::Rollback
        } else if self.tried.contains(&identity) {
            DeploymentKind::Redeploy
        } else {
            DeploymentKind::Deploy
        });
        if deployment.status == Some(DeploymentStatus::Success) {
            self.live = Some((deployment.version.clone(), identity.clone()));
            let next = self.succeeded.len();
            self.succeeded.entry(identity.clone()).or_insert(next);
        }
        self.tried.insert(identity);
    }

    fn goes_back(&self, deployment: &Deployment, identity: &str) -> bool {
        let Some((live, live_identity)) = &self.live else { return false };
        match version::compare(&deployment.version, live) {
            Some(order) if order.is_ne() => order.is_lt(),
            // The same branch, or names that have no order: what was live first is the older.
            _ => match (self.succeeded.get(identity), self.succeeded.get(live_identity)) {
                (Some(first), Some(live)) => first < live,
                _ => false,
            },
        }
    }
}

/// Deployments as they stood at an earlier time: what was made later is not there, and what ended later was under way.
pub fn as_of(mut deployments: Vec<Deployment>, at: DateTime<Utc>) -> Vec<Deployment> {
    deployments.retain(|deployment| deployment.created.is_none_or(|created| created <= at));
    let later = |time: Option<DateTime<Utc>>| time.is_some_and(|time| time > at);
    for deployment in deployments.iter_mut().filter(|one| later(one.started) || later(one.finished)) {
        let started = deployment.started.filter(|started| *started <= at);
        let status = if started.is_some() { DeploymentStatus::Running } else { DeploymentStatus::Created };
        (deployment.status, deployment.started, deployment.finished) = (Some(status), started, None);
    }
    classify(&mut deployments);
    deployments
}

/// What is live: environment, service, version. A version is none where nothing was ever deployed with success.
pub type Live = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// What is live in each place, by deployments (newest first) and by the environments and services that are known.
pub fn live<'a>(deployments: &[Deployment], known: impl IntoIterator<Item = (&'a str, &'a str)>) -> Live {
    let mut live = Live::new();
    for (environment, service) in known {
        live.entry(environment.to_owned()).or_default().entry(service.to_owned()).or_default();
    }
    for one in deployments {
        let version = live.entry(one.environment.clone()).or_default().entry(one.service.clone()).or_default();
        if one.status == Some(DeploymentStatus::Success) && version.is_none() {
            *version = Some(one.version.clone());
        }
    }
    live
}

/// The deployment that rolling a place back goes to, of its history (newest first): the one that was live before what is
/// live now, where what was rolled back from is not a way back. While another version is on its way, or stopped half way,
/// it is what is live.
pub fn way_back<'d>(history: impl DoubleEndedIterator<Item = &'d Deployment>) -> Option<&'d Deployment> {
    let history: Vec<&Deployment> = history.collect();
    if half_way(history.iter().copied()).is_some() {
        return history.into_iter().find(|one| one.status == Some(DeploymentStatus::Success));
    }
    let mut stack: Vec<&Deployment> = Vec::new();
    for one in history.into_iter().rev().filter(|one| one.status == Some(DeploymentStatus::Success)) {
        let is_newer_than = |known: &Deployment| match version::compare(&known.version, &one.version) {
            Some(order) => order.is_ge(),
            None => known.identity() == one.identity(),
        };
        match one.kind {
            // What lies above what it went back to was found bad.
            Some(DeploymentKind::Rollback) => {
                let known = stack.iter().rposition(|known| known.identity() == one.identity());
                match known {
                    Some(known) => stack.truncate(known),
                    None => {
                        while stack.last().is_some_and(|known| is_newer_than(known)) {
                            stack.pop();
                        }
                    }
                }
            }
            _ => stack.retain(|known| known.identity() != one.identity()),
        }
        stack.push(one);
    }
    let before = stack.len().checked_sub(2)?;
    stack.get(before).copied()
}

/// What is being deployed over another version that is live, or was until it failed or was stopped, of a place's history
/// (newest first): some hosts may have it. What never began is on no host; and whoever was going back has not changed their
/// mind because that failed.
pub fn half_way<'d>(history: impl Iterator<Item = &'d Deployment>) -> Option<&'d Deployment> {
    use DeploymentStatus::{Canceled, Failed, Running, Success};
    let mut begun = history.filter(|one| match one.status {
        Some(Running | Success) => true,
        Some(Failed | Canceled) => one.started.is_some(),
        _ => false,
    });
    let newest = begun.next().filter(|one| one.status != Some(Success))?;
    let live = begun.find(|one| one.status == Some(Success))?;
    let goes_on = newest.kind != Some(DeploymentKind::Rollback) && live.identity() != newest.identity();
    goes_on.then_some(newest)
}

/// Deployments per status.
pub fn by_status(deployments: &[Deployment]) -> BTreeMap<DeploymentStatus, usize> {
    let mut counts = BTreeMap::new();
    for status in deployments.iter().filter_map(|deployment| deployment.status) {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

/// The whole document of `qd deploys --json`. `deployments` come newest first.
pub fn document(at: DateTime<Utc>, deployments: &[Deployment], live: &Live, errors: Vec<Value>) -> Value {
    json!({
        "at": rfc3339(at),
        "deploys": deployments.iter().map(Deployment::json).collect::<Vec<_>>(),
        "live": live,
        "errors": errors,
    })
}

/// What was changed last before something began: the deployment of a service that started last before then, in one
/// environment or, where it is not known which, in any.
pub fn last_change<'d>(
    deployments: &'d [Deployment],
    service: &str,
    environment: Option<&str>,
    before: DateTime<Utc>,
) -> Option<&'d Deployment> {
    let of_it = |one: &&Deployment| {
        one.service == service && environment.is_none_or(|environment| one.environment == environment)
    };
    let by_then = |one: &&Deployment| one.started.is_some_and(|started| started <= before);
    deployments.iter().filter(of_it).filter(by_then).max_by_key(|one| one.started)
}

/// A time as the contract writes it, with the precision it has.
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A deployment a minute, oldest first, to one place: version, sha, status, and what it was.
    fn history(rows: &[(&str, &str, &str)]) -> Vec<Deployment> {
        let status = |word: &str| match word {
            "ok" => DeploymentStatus::Success,
            "run" => DeploymentStatus::Running,
            "never" => DeploymentStatus::Canceled,
            _ => DeploymentStatus::Failed,
        };
        let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
        let one = |(i, (version, sha, word)): (usize, &(&str, &str, &str))| {
            let created = start + chrono::TimeDelta::minutes(i64::try_from(i).unwrap());
            Deployment {
                id: (i + 95).to_string(),
                source: "gitlab",
                project: "acme/shop".to_owned(),
                place: "production".to_owned(),
                service: "shop".to_owned(),
                environment: "live".to_owned(),
                version: (*version).to_owned(),
                is_tag: None,
                sha: Some((*sha).to_owned()),
                status: Some(status(word)),
                kind: None,
                by: None,
                created: Some(created),
                started: (*word != "never").then_some(created),
                finished: (*word != "run").then(|| created + chrono::TimeDelta::seconds(30)),
                updated: Some(created),
                previous_version: None,
                job: Some(5000 + i as u64),
                pipeline: None,
                url: None,
            }
        };
        rows.iter().enumerate().map(one).collect()
    }

    fn kinds(mut all: Vec<Deployment>) -> Vec<&'static str> {
        classify(&mut all);
        all.iter().rev().map(|one| one.kind.unwrap().as_str()).collect()
    }

    #[test]
    fn rollbacks_are_told_from_deploys_by_what_was_live() {
        for (rows, expected) in [
            // A failed try is no version that was live; the next is a redeploy; back is back, by numbers.
            (
                &[
                    ("1.0.9", "a", "ok"),
                    ("1.0.10", "b", "bad"),
                    ("1.0.10", "b", "ok"),
                    ("1.0.9", "a", "ok"),
                    ("1.0.10", "b", "ok"),
                    ("1.0.11", "c", "run"),
                    ("1.0.10", "b", "ok"),
                ][..],
                &["deploy", "deploy", "redeploy", "rollback", "redeploy", "deploy", "redeploy"][..],
            ),
            // Back to what was never live there is back too; a rollback that fails was one all the same.
            (
                &[
                    ("2.0", "a", "ok"),
                    ("1.5", "b", "bad"),
                    ("1.4", "c", "ok"),
                    ("v1.4.0", "c", "ok"),
                    ("2.0", "a", "ok"),
                ],
                &["deploy", "rollback", "rollback", "redeploy", "redeploy"],
            ),
            // Before anything was live, nothing can be gone back from.
            (&[("2.0", "a", "bad"), ("1.0", "b", "ok")], &["deploy", "deploy"]),
            // A branch has no order: another commit is new, the same is the same, and one that was live before is back.
            (
                &[
                    ("main", "a", "ok"),
                    ("main", "b", "ok"),
                    ("main", "b", "ok"),
                    ("main", "a", "ok"),
                    ("main", "b", "ok"),
                    ("fix", "c", "ok"),
                    ("main", "b", "ok"),
                ],
                &["deploy", "deploy", "redeploy", "rollback", "redeploy", "deploy", "rollback"],
            ),
            (
                &[("2.0.0", "a", "ok"), ("2.0.0-rc.1", "b", "ok"), ("feature-x", "c", "ok")],
                &["deploy", "rollback", "deploy"],
            ),
        ] {
            assert_eq!(kinds(history(rows)), expected, "{rows:?}");
        }
    }

    #[test]
    fn places_are_apart_and_the_newest_success_is_live() {
        let mut all = history(&[("1.1", "b", "ok"), ("1.0", "a", "ok"), ("1.2", "c", "bad"), ("1.3", "d", "run")]);
        all[1].place = "staging".to_owned();
        all[1].environment = "test".to_owned();
        classify(&mut all);
        let newest: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(newest, ["98", "97", "96", "95"]);
        assert_eq!(all[2].kind, Some(DeploymentKind::Deploy), "what is live elsewhere does not count");
        assert_eq!((all[0].previous_version.as_deref(), all[3].previous_version.as_deref()), (Some("1.1"), None));
        let known = [("test", "shop"), ("review/ä", "shop"), ("live", "api")];
        let live = serde_json::to_value(live(&all, known)).unwrap();
        assert_eq!(
            live,
            json!({ "live": { "shop": "1.1", "api": null }, "test": { "shop": "1.0" }, "review/ä": { "shop": null } })
        );
    }

    #[test]
    fn of_the_same_moment_the_greater_number_is_the_newer() {
        let mut all = history(&[
            ("1.0", "a", "ok"),
            ("1.1", "b", "ok"),
            ("1.2", "c", "ok"),
            ("1.3", "d", "ok"),
            ("1.4", "e", "ok"),
            ("1.5", "f", "ok"),
        ]);
        let same = all[0].created;
        all.iter_mut().for_each(|one| one.created = same);
        classify(&mut all);
        // 99 is before 100, which text would have the other way round.
        assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["100", "99", "98", "97", "96", "95"]);
        assert!(all.iter().all(|one| one.kind == Some(DeploymentKind::Deploy)));
    }

    #[test]
    fn at_an_earlier_time_what_came_later_is_not_there_and_what_ended_later_was_under_way() {
        let all = history(&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "ok")]);
        let then = as_of(all, "2026-03-01T00:01:10Z".parse().unwrap());
        let seen: Vec<_> = then.iter().map(|one| (one.version.as_str(), one.status.unwrap().as_str())).collect();
        assert_eq!(seen, [("1.1", "running"), ("1.0", "success")]);
        assert_eq!(live(&then, [])["live"]["shop"].as_deref(), Some("1.0"));
    }

    #[test]
    fn the_last_change_is_the_one_that_started_last_before() {
        let mut all = history(&[("1.0", "a", "ok"), ("1.1", "b", "bad"), ("1.2", "c", "ok"), ("1.3", "d", "ok")]);
        all[2].environment = "test".to_owned();
        all[3].started = None;
        let before = |service, environment, time: &str| {
            last_change(&all, service, environment, time.parse().unwrap()).map(|one| one.version.as_str())
        };
        assert_eq!(
            before("shop", Some("live"), "2026-03-01T00:09:00Z"),
            Some("1.1"),
            "failed, and a change all the same"
        );
        assert_eq!(before("shop", None, "2026-03-01T00:09:00Z"), Some("1.2"));
        assert_eq!(before("shop", None, "2026-03-01T00:00:59Z"), Some("1.0"));
        assert_eq!(before("shop", None, "2026-02-28T00:00:00Z"), None);
        assert_eq!(before("api", None, "2026-03-01T00:09:00Z"), None);
    }

    #[test]
    fn the_way_back_is_what_was_live_before_and_never_what_was_rolled_back_from() {
        for (rows, expected) in [
            (&[("1.0", "a", "ok")][..], None),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok")], Some("1.0")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.1", "b", "ok")], Some("1.0")),
            // One that failed half way may be on hosts too: what was live before it is the way back, and once that is there
            // again, the one before.
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "bad")], Some("1.1")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "bad"), ("1.3", "d", "bad")], Some("1.1")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "bad"), ("1.1", "b", "ok")], Some("1.0")),
            // A way back that was cut off is still the way back.
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.0", "a", "bad")], Some("1.0")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.0", "a", "run")], Some("1.0")),
            // The same version once more changes nothing, and what never began is nowhere.
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.1", "b", "bad")], Some("1.0")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "never")], Some("1.0")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "bad"), ("1.3", "d", "never")], Some("1.1")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "ok"), ("1.1", "b", "ok")], Some("1.0")),
            // While a version is on its way, hosts may have it: what is live is the way back.
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.2", "c", "run")], Some("1.1")),
            (&[("1.0", "a", "ok"), ("1.1", "b", "ok"), ("1.1", "b", "run")], Some("1.0")),
            (&[("1.0", "a", "run")], None),
            // Back to a version that had never been live there.
            (&[("1.0", "a", "ok"), ("1.1", "b", "bad"), ("1.2", "c", "ok"), ("1.1", "b", "ok")], Some("1.0")),
            (&[("main", "a", "ok"), ("main", "b", "ok"), ("main", "c", "ok"), ("main", "b", "ok")], Some("a")),
        ] {
            let mut all = history(rows);
            classify(&mut all);
            let back = way_back(all.iter())
                .map(|one| if one.version == "main" { one.sha.as_deref() } else { Some(one.version.as_str()) });
            assert_eq!(back.flatten(), expected, "{rows:?}");
        }
    }
}
