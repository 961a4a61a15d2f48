//! GitLab's answers as they come (REST v4). What its own schemas do not require may be missing; times that cannot be read
//! are no times.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer};

/// A time, or nothing where there is none or it cannot be read.
fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| DateTime::parse_from_rfc3339(text.trim()).ok()).map(|time| time.to_utc()))
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    #[serde(default)]
    pub username: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub name: String,
    pub scopes: Vec<String>,
    #[serde(default)]
    pub expires_at: Option<NaiveDate>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Project {
    pub id: u64,
    pub path_with_namespace: String,
    #[serde(default)]
    pub default_branch: Option<String>,
    #[serde(default)]
    pub web_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    pub id: u64,
    pub name: String,
    pub state: String,
    #[serde(default)]
    pub tier: Option<String>,
    #[serde(default)]
    pub external_url: Option<String>,
}

/// The environment in a deployment.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub id: u64,
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub id: u64,
    #[serde(rename = "ref")]
    pub git_ref: String,
    pub sha: String,
    pub status: String,
    #[serde(deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "time")]
    pub updated_at: Option<DateTime<Utc>>,
    /// Not of every version.
    #[serde(default, deserialize_with = "time")]
    pub finished_at: Option<DateTime<Utc>>,
    pub user: Option<User>,
    #[serde(default)]
    pub environment: Option<Place>,
    pub deployable: Option<Deployable>,
}

/// The job of a deployment. Bridges have less than jobs.
#[derive(Debug, Deserialize)]
pub(super) struct Deployable {
    pub id: u64,
    #[serde(default)]
    pub tag: Option<bool>,
    /// Who has played it, which the deployment does not tell.
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "time")]
    pub started_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    pub finished_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub web_url: Option<String>,
    #[serde(default)]
    pub pipeline: Option<Id>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Id {
    pub id: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pipeline {
    pub id: u64,
    #[serde(rename = "ref")]
    pub git_ref: String,
    pub sha: String,
    pub status: String,
    #[serde(default)]
    pub source: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub web_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Job {
    pub id: u64,
    pub name: String,
    pub stage: String,
    pub status: String,
    #[serde(rename = "ref")]
    pub git_ref: String,
    #[serde(default)]
    pub pipeline: Option<Id>,
    #[serde(default)]
    pub allow_failure: bool,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    pub started_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    pub finished_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub web_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub author_name: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub web_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub name: String,
    pub commit: Commit,
    #[serde(default)]
    pub protected: bool,
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Release {
    pub tag_name: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub released_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct MergeRequest {
    pub iid: u64,
    pub title: String,
    #[serde(default)]
    pub author: Option<User>,
    #[serde(default, deserialize_with = "time")]
    pub merged_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub merge_commit_sha: Option<String>,
    #[serde(default)]
    pub squash_commit_sha: Option<String>,
    #[serde(default)]
    pub sha: Option<String>,
    #[serde(default)]
    pub web_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Compare {
    pub commits: Vec<Commit>,
    #[serde(default)]
    pub diffs: Vec<Diff>,
    #[serde(default)]
    pub compare_timeout: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Diff {
    pub new_path: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Incident {
    pub id: u64,
    pub iid: u64,
    pub title: String,
    pub state: String,
    #[serde(default)]
    pub severity: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    pub closed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub web_url: Option<String>,
}
