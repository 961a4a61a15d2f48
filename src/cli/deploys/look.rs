//! What `qd deploys` shows at one moment, as JSON and as tables.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::alerts::age;
use super::super::table::Table;
use super::narrow::Narrow;
use super::runs::Runs;
use crate::domain::delivered::{HOSTS, as_of, merged};
use crate::domain::delivery::{Delivery, Part, Project};
use crate::domain::deployment::{self, Deployment, DeploymentKind, DeploymentStatus, Live};
use crate::domain::outside::Trouble;

/// What there is to say at one moment.
pub struct Look<'d> {
    at: DateTime<Utc>,
    deployments: Vec<Deployment>,
    live: Live,
    /// What could not be had.
    pub errors: Vec<(String, &'d Trouble)>,
    /// Why a host's part of the history is not known.
    faults: &'d [String],
    /// No history could be had at all.
    pub blind: bool,
}

impl<'d> Look<'d> {
    /// What there is to say, as of a time or now.
    pub fn new(narrow: &Narrow, delivery: &'d Delivery, runs: &'d Runs, at: Option<DateTime<Utc>>) -> Self {
        let mut deployments = delivery.deployments();
        let mut known = runs.known.clone();
        if let Some(at) = at {
            deployments = deployment::as_of(deployments, at);
            known = as_of(known, at);
        }
        let mut deployments = merged(deployments, &known);
        let mut live = delivery.live(&deployments);
        deployments.retain(|one| narrow.wants(&one.service, &one.environment));
        live.retain(|environment, services| {
            services.retain(|service, _| narrow.wants(service, environment));
            !services.is_empty()
        });
        let name = |project: Option<&Project>, part: Part| {
            let of = project.map_or(String::new(), |project| format!(" of {}", project.path));
            format!("{}{of}", part.as_str())
        };
        let blind = !delivery.projects.is_empty()
            && delivery.projects.iter().all(|project| !project.as_of.contains_key(&Part::Deployments))
            && deployments.is_empty();
        Self {
            at: at.unwrap_or_else(|| Utc::now().trunc_subsecs(3)),
            deployments,
            live,
            errors: delivery.troubles().map(|(project, part, trouble)| (name(project, part), trouble)).collect(),
            faults: &runs.faults,
            blind,
        }
    }

    /// As JSON, the newest so many.
    pub fn json(&self, limit: Option<usize>) -> Value {
        let errors = self.errors.iter().map(|(what, trouble)| {
            json!({
                "source": "gitlab",
                "what": what,
                "message": trouble.error.to_string(),
                "since": deployment::rfc3339(trouble.since),
            })
        });
        let faults = self.faults.iter();
        let faults = faults.map(|fault| json!({ "source": HOSTS, "what": "runs", "message": fault, "since": null }));
        let shown = limit.unwrap_or(usize::MAX).min(self.deployments.len());
        deployment::document(self.at, &self.deployments[..shown], &self.live, errors.chain(faults).collect())
    }

    /// What is live, then the newest rows.
    pub fn text(&self, limit: usize) -> String {
        let mut out = String::new();
        if self.live.is_empty() && self.deployments.is_empty() && !self.blind {
            return "nothing was deployed\n".to_owned();
        }
        let mut live = Table::new(&["live", "service", "version"]);
        for (environment, services) in &self.live {
            for (service, version) in services {
                let version = version.clone().unwrap_or_else(|| "—".to_owned());
                live.row([environment.clone(), service.clone(), version]);
            }
        }
        if !self.live.is_empty() {
            out += &live.render();
        }
        if self.deployments.is_empty() {
            return out;
        }
        let titles = ["service", "version", "status", "kind", "environment", "by", "source", "at", ">took", "was"];
        let mut table = Table::new(&titles);
        self.deployments.iter().take(limit).for_each(|one| table.row(self.row(one)));
        out.push('\n');
        out += &table.render();
        if self.deployments.len() > limit {
            out += &format!("and {} older; --limit shows more\n", self.deployments.len() - limit);
        }
        out
    }

    fn row(&self, one: &Deployment) -> [String; 10] {
        let unknown = || "—".to_owned();
        let began = one.started.or(one.created);
        let until = one.finished.or((one.status == Some(DeploymentStatus::Running)).then_some(self.at));
        let took = one.started.zip(until).map(|(start, end)| end - start).filter(|took| *took >= TimeDelta::zero());
        [
            one.service.clone(),
            Some(one.version.clone()).filter(|version| !version.is_empty()).unwrap_or_else(unknown),
            one.status.map_or_else(unknown, |status| status.as_str().to_owned()),
            one.kind.map_or_else(unknown, |kind: DeploymentKind| kind.as_str().to_owned()),
            one.environment.clone(),
            one.by.clone().unwrap_or_else(unknown),
            one.source.to_owned(),
            began.map_or_else(unknown, |began| began.format("%Y-%m-%d %H:%MZ").to_string()),
            took.map_or_else(unknown, age),
            one.previous_version.clone().unwrap_or_else(unknown),
        ]
    }
}
