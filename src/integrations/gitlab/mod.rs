//! GitLab, REST v4: what is delivered, by whom, and what happened to it. On gitlab.com or anywhere else, sub-paths
//! included.
//!
//! gitlab.com takes 2000 requests a minute of a token, and an installation of one's own 7200 an hour where its limits are
//! on and not changed. Far less than either is asked, and what the answers say is left is believed. [`schedule`] says what
//! to ask next. A token that only reads switches the keys that act off ([`plan`](crate::domain::ci_plan)); what it may not
//! read costs only that part.

mod actions;
pub mod alerts;
mod check;
mod learn;
mod map;
pub mod schedule;
mod trace;
mod watch;
mod wire;

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;

pub use actions::CiDone;
pub use trace::{TraceNews, TraceReader};
pub use watch::Watch;

use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::ci::{CiEnvironment, Comparison, Incident, Job, MergeRequest, Pipeline, Release, Tag, Token};
use crate::domain::deployment::Deployment;
use crate::domain::hosted::{GitLabProject, GitLabSettings};
use crate::integrations::http::{ApiClient, ApiOptions, Auth, Get, Limit, Listed, RawReply, Reply, SecretSource};

/// Items a page: the most that it gives.
const PAGE: usize = 100;
/// The most environments of a project that are taken; there is one for each branch in some.
const MOST_ENVIRONMENTS: usize = 5_000;
/// The most tags, and so on: the newest.
const NEWEST: usize = 100;
/// Tags that the latest version is looked for among.
const TAGS: usize = 500;

/// One installation, as one token sees it.
pub struct GitLab {
    api: ApiClient,
    projects: Vec<GitLabProject>,
}

/// What is told of a project itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its number.
    pub id: u64,
    /// Group and name.
    pub path: String,
    /// The branch that work begins from.
    pub default_branch: Option<String>,
    /// Where to look at it.
    pub url: Option<String>,
}

/// A page of a project's history.
pub struct HistoryPage {
    /// Newest first; kinds are not worked out.
    pub deployments: Vec<Deployment>,
    /// Where the older ones are.
    pub older: Option<Get>,
}

impl GitLab {
    /// The installation of these settings. Nothing is sent yet.
    pub fn new(settings: &GitLabSettings, secret: SecretSource) -> Self {
        Self::with(settings, Self::options(settings, secret))
    }

    /// How it is asked, unless something else is wanted.
    pub fn options(settings: &GitLabSettings, secret: SecretSource) -> ApiOptions {
        ApiOptions {
            auth: Auth::Header("private-token"),
            ca_file: settings.ca_file.clone(),
            limits: vec![Limit::new(10, 1), Limit::new(300, 60)],
            parallel: 4,
            ..ApiOptions::new("GitLab", settings.base.clone(), secret)
        }
    }

    /// The same with a client that is set up otherwise, such as with less patience.
    pub fn with(settings: &GitLabSettings, options: ApiOptions) -> Self {
        Self { api: ApiClient::new(options), projects: settings.projects.clone() }
    }

    /// What the config says is looked at.
    pub fn projects(&self) -> &[GitLabProject] {
        &self.projects
    }

    /// How long nothing can be asked, if that is known.
    pub fn waits(&self) -> Option<Duration> {
        self.api.waits()
    }

    /// What the token may, and until when. None for a sort of token that cannot be asked after, such as OAuth's.
    pub async fn token(&self) -> Result<Option<Token>, ApiError> {
        let get = Get::new(&["personal_access_tokens", "self"]);
        match self.api.get::<wire::Token>(&get).await {
            Ok(reply) => Ok(Some(map::token(&reply.value))),
            Err(error) if matches!(error.kind, ApiErrorKind::NotFound | ApiErrorKind::Rejected) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Projects that the token's owner is a member of, by name, at most so many.
    pub async fn memberships(&self, most: usize) -> Result<Vec<String>, ApiError> {
        let get =
            Get::new(&["projects"]).query("membership", "true").query("archived", "false").query("simple", "true");
        let get = get.query("pagination", "keyset").query("order_by", "id");
        let all = self.list::<wire::Project>(get, most).await?;
        Ok(all.items.iter().map(|one| map::path(&one.path_with_namespace)).collect())
    }

    /// A project itself.
    pub async fn about(&self, project: &str) -> Result<About, ApiError> {
        let raw = self.api.get::<wire::Project>(&Get::new(&["projects", project])).await?.value;
        Ok(About {
            id: raw.id,
            path: map::path(&raw.path_with_namespace),
            default_branch: raw.default_branch.as_deref().map(map::path),
            url: map::link(raw.web_url.as_deref()),
        })
    }

    /// Every environment of a project, stopped ones included.
    pub async fn environments(&self, of: &GitLabProject) -> Result<Vec<CiEnvironment>, ApiError> {
        let all = self.list::<wire::Environment>(within(of, &["environments"]), MOST_ENVIRONMENTS).await?;
        Ok(all.items.iter().map(|one| map::environment(one, of)).collect())
    }

    /// The newest part of a project's history.
    pub async fn newest(&self, of: &GitLabProject, url: Option<&str>) -> Result<HistoryPage, ApiError> {
        let get = within(of, &["deployments"]).query("order_by", "id").query("sort", "desc");
        self.history(of, &get.query("per_page", PAGE), url).await
    }

    /// The part of a project's history that an earlier part names as older.
    pub async fn history(&self, of: &GitLabProject, older: &Get, url: Option<&str>) -> Result<HistoryPage, ApiError> {
        let page = self.page::<wire::Deployment>(older).await?;
        let deployments = page.value.iter().filter_map(|one| map::deployment(one, of, url)).collect();
        Ok(HistoryPage { deployments, older: page.next.filter(|_| !page.value.is_empty()) })
    }

    /// Deployments of a project that have changed since, at most so many.
    pub async fn changed(
        &self,
        of: &GitLabProject,
        since: DateTime<Utc>,
        url: Option<&str>,
        most: usize,
    ) -> Result<Vec<Deployment>, ApiError> {
        // The filter is refused without this order.
        let get = within(of, &["deployments"]).query("order_by", "updated_at").query("sort", "desc");
        let all = self.list::<wire::Deployment>(get.query("updated_after", iso(since)), most).await?;
        Ok(all.items.iter().filter_map(|one| map::deployment(one, of, url)).collect())
    }

    /// What a deployment brought, where GitLab tells.
    pub async fn brought(&self, of: &GitLabProject, deployment: &str) -> Result<Vec<MergeRequest>, ApiError> {
        let get = within(of, &["deployments", deployment, "merge_requests"]);
        Ok(self.list::<wire::MergeRequest>(get, NEWEST).await?.items.iter().map(map::merge_request).collect())
    }

    /// The newest pipelines of a project, or those that have changed since.
    pub async fn pipelines(&self, of: &GitLabProject, since: Option<DateTime<Utc>>) -> Result<Vec<Pipeline>, ApiError> {
        let mut get = within(of, &["pipelines"]).query("order_by", "updated_at").query("sort", "desc");
        if let Some(since) = since {
            get = get.query("updated_after", iso(since));
        }
        Ok(self.list::<wire::Pipeline>(get, NEWEST).await?.items.iter().map(map::pipeline).collect())
    }

    /// The newest pipeline of a tag or branch.
    pub async fn pipeline_of(&self, project: &str, git_ref: &str) -> Result<Option<Pipeline>, ApiError> {
        let get = Get::new(&["projects", project, "pipelines"]).query("ref", git_ref);
        let newest = self.list::<wire::Pipeline>(get.query("order_by", "id").query("sort", "desc"), 1).await?;
        Ok(newest.items.first().map(map::pipeline))
    }

    /// Every job of a pipeline, attempts that were repeated and pipelines that it starts included, oldest first.
    pub async fn jobs(&self, project: &str, pipeline: u64) -> Result<Vec<Job>, ApiError> {
        let id = pipeline.to_string();
        let of = |what: &str| Get::new(&["projects", project, "pipelines", &id, what]);
        let jobs = self.list::<wire::Job>(of("jobs").query("include_retried", "true"), 1000);
        let (jobs, bridges) = tokio::join!(jobs, self.list::<wire::Job>(of("bridges"), NEWEST));
        // Without those that start others it is still a list of jobs.
        let bridges = bridges.map_or_else(|_| Vec::new(), |bridges| bridges.items);
        let mut all: Vec<Job> = jobs?.items.iter().chain(&bridges).map(map::job).collect();
        all.sort_by_key(|job| job.id);
        Ok(all)
    }

    /// A job.
    pub async fn job(&self, project: &str, job: u64) -> Result<Job, ApiError> {
        let raw = self.api.get::<wire::Job>(&Get::new(&["projects", project, "jobs", &job.to_string()])).await?;
        Ok(map::job(&raw.value))
    }

    /// The newest tags of a project.
    pub async fn tags(&self, of: &GitLabProject) -> Result<Vec<Tag>, ApiError> {
        let get = within(of, &["repository", "tags"]).query("order_by", "updated").query("sort", "desc");
        Ok(self.list::<wire::Tag>(get, TAGS).await?.items.iter().map(map::tag).collect())
    }

    /// The newest releases of a project.
    pub async fn releases(&self, of: &GitLabProject) -> Result<Vec<Release>, ApiError> {
        Ok(self
            .list::<wire::Release>(within(of, &["releases"]), NEWEST)
            .await?
            .items
            .iter()
            .map(map::release)
            .collect())
    }

    /// What was merged of late.
    pub async fn merge_requests(
        &self,
        of: &GitLabProject,
        since: Option<DateTime<Utc>>,
        most: usize,
    ) -> Result<Vec<MergeRequest>, ApiError> {
        let get = within(of, &["merge_requests"]).query("state", "merged");
        let mut get = get.query("order_by", "updated_at").query("sort", "desc");
        if let Some(since) = since {
            get = get.query("updated_after", iso(since));
        }
        Ok(self.list::<wire::MergeRequest>(get, most).await?.items.iter().map(map::merge_request).collect())
    }

    /// What a newer version has and an older has not.
    pub async fn compare(&self, of: &GitLabProject, from: &str, to: &str) -> Result<Comparison, ApiError> {
        let get = within(of, &["repository", "compare"]).query("from", from).query("to", to);
        let raw = self.api.get::<wire::Compare>(&get).await?.value;
        let commits: Vec<_> = raw.commits.iter().map(map::commit).collect();
        let oldest = commits.iter().filter_map(|commit| commit.time).min();
        // No request was merged before its commits were made.
        let mut merged = match oldest {
            Some(oldest) => self.merge_requests(of, Some(oldest), 5 * NEWEST).await.unwrap_or_default(),
            None => Vec::new(),
        };
        merged.retain(|request| commits.iter().any(|commit| request.commits.contains(&commit.sha)));
        Ok(Comparison {
            from: map::path(from),
            to: map::path(to),
            merge_requests: merged,
            files: raw.diffs.iter().map(|diff| map::path(&diff.new_path)).collect(),
            complete: !raw.compare_timeout,
            commits,
        })
    }

    /// The open incidents of a project, and those that were closed since.
    pub async fn incidents(&self, of: &GitLabProject, since: DateTime<Utc>) -> Result<Vec<Incident>, ApiError> {
        let get = within(of, &["issues"]).query("issue_type", "incident");
        let open = self.list::<wire::Incident>(get.clone().query("state", "opened"), NEWEST);
        let closed = get.query("state", "closed").query("updated_after", iso(since));
        let (open, closed) = tokio::join!(open, self.list::<wire::Incident>(closed, NEWEST));
        let mut all: Vec<Incident> = open?.items.iter().chain(&closed?.items).map(map::incident).collect();
        all.sort_by_key(|incident| (std::cmp::Reverse(incident.opened), incident.id));
        all.dedup_by_key(|incident| incident.id);
        Ok(all)
    }

    /// Items of a list that is paged by `Link` headers, whichever way GitLab pages it; at most so many.
    async fn list<T: DeserializeOwned>(&self, first: Get, most: usize) -> Result<Listed<T>, ApiError> {
        let mut items: Vec<T> = Vec::new();
        let mut next = Some(first.query("per_page", PAGE.min(most.max(1))));
        while let Some(get) = next {
            let page = self.page::<T>(&get).await?;
            // An empty page leads nowhere, whatever it says.
            next = page.next.filter(|_| !page.value.is_empty());
            items.extend(page.value);
            if items.len() >= most {
                let complete = items.len() == most && next.is_none();
                items.truncate(most);
                return Ok(Listed { items, complete });
            }
        }
        Ok(Listed { items, complete: true })
    }

    async fn page<T: DeserializeOwned>(&self, get: &Get) -> Result<Reply<Vec<T>>, ApiError> {
        let read = |reply: &RawReply| {
            let items: Vec<T> = serde_json::from_slice(&reply.value).map_err(|error| error.to_string())?;
            // A list that says that it has something and gives nothing is no whole answer.
            let missing = items.is_empty() && is_more_than_nothing(reply);
            if missing { Err("its list is empty and says it is not".to_owned()) } else { Ok(items) }
        };
        self.api.read(get, read).await
    }
}

/// Whether an answer's headers say that its page holds something.
fn is_more_than_nothing(reply: &RawReply) -> bool {
    let number = |name: &str| reply.header(name)?.trim().parse::<u64>().ok();
    let before = number("x-page").unwrap_or(1).saturating_sub(1) * number("x-per-page").unwrap_or(0);
    reply.next.is_some() || number("x-total").is_some_and(|total| total > before)
}

/// A question for something within a project.
fn within(of: &GitLabProject, segments: &[&str]) -> Get {
    Get::new(&[&["projects", of.path.as_str()][..], segments].concat())
}

/// A time as GitLab's filters take it.
fn iso(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
