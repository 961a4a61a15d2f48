//! GitLab against its stand-in: the figures that somebody else worked out, under faults, within the budget.

mod actions;
mod cli;

mod elsewhere;
mod figures;
mod trace;
mod watching;

use std::time::Duration;

use chrono::{DateTime, Utc};
use quarterdeck::domain::delivery::{Delivery, Part};
use quarterdeck::domain::hosted::{GitLabProject, GitLabSettings};
use quarterdeck::integrations::gitlab::{GitLab, Watch};
use quarterdeck::integrations::http::ApiOptions;
use serde_json::Value;

use crate::http::token;
use crate::support::fake_apis::FakeApis;

pub const TOKEN: &str = "glpat-qd";
/// Every part of a project.
pub const ALL: [Part; 9] = [
    Part::Token,
    Part::Project,
    Part::Environments,
    Part::Deployments,
    Part::Pipelines,
    Part::Incidents,
    Part::Tags,
    Part::MergeRequests,
    Part::Releases,
];

pub fn project(path: &str) -> GitLabProject {
    let service = path.rsplit('/').next().unwrap().to_owned();
    GitLabProject { path: path.to_owned(), service, environments: std::collections::BTreeMap::new() }
}

pub fn settings(base: &str) -> GitLabSettings {
    let base = format!("{base}/api/v4");
    GitLabSettings { base, token: None, ca_file: None, projects: vec![project("acme/shop")] }
}

/// A client in a hurry: the budget's rules are tried where they are the matter.
pub fn hasty(settings: &GitLabSettings) -> GitLab {
    let pause = Duration::from_millis(5);
    let options = ApiOptions { pause, tries: 14, limits: vec![], ..GitLab::options(settings, token(TOKEN)) };
    GitLab::with(settings, options)
}

pub fn expected() -> (Value, DateTime<Utc>) {
    let text = include_str!("../fixtures/public/gitlab/expected.json");
    let expected: Value = serde_json::from_str(text).unwrap();
    let now = expected["now"].as_str().unwrap().parse().unwrap();
    (expected, now)
}

/// Everything, asked until nothing is due; what failed is asked again.
pub async fn everything(fake: &FakeApis) -> Delivery {
    let mut watch = Watch::new(hasty(&settings(&fake.url("gitlab"))), &ALL, expected().1);
    watch.round(|_| ()).await;
    let delivery = watch.delivery().clone();
    assert_eq!(delivery.troubles().count(), 0, "{:?}", delivery.troubles().collect::<Vec<_>>());
    delivery
}
