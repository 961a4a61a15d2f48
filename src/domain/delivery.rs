//! What is known of how each project is delivered, how old each part of it is, and what of it cannot be had.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::ci::{CiEnvironment, Comparison, Incident, Job, MergeRequest, Pipeline, Release, Tag, Token};
use super::ci_log::CiLog;
use super::deployment::{self, Deployment, DeploymentStatus, Live};
use super::outside::Trouble;
use super::version;

/// A part of what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// What the token may, and until when.
    Token,
    /// The project itself.
    Project,
    /// Where it is deployed to.
    Environments,
    /// What was deployed.
    Deployments,
    /// Its newest pipelines.
    Pipelines,
    /// Its open incidents, and those that ended of late.
    Incidents,
    /// Its tags.
    Tags,
    /// What was merged of late.
    MergeRequests,
    /// Its releases.
    Releases,
    /// The jobs of the pipeline that somebody looks at.
    Jobs,
    /// The log of the job that somebody looks at.
    Trace,
    /// What lies between the two versions that somebody looks at.
    Comparison,
}

impl Part {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Project => "project",
            Self::Environments => "environments",
            Self::Deployments => "deployments",
            Self::Pipelines => "pipelines",
            Self::Incidents => "incidents",
            Self::Tags => "tags",
            Self::MergeRequests => "merge requests",
            Self::Releases => "releases",
            Self::Jobs => "jobs",
            Self::Trace => "job log",
            Self::Comparison => "comparison",
        }
    }
}

/// What is known of one project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// Group and name, such as `acme/shop`; or its number.
    pub path: String,
    /// Our service.
    pub service: String,
    /// Where to look at it.
    pub url: Option<String>,
    /// The branch that work begins from.
    pub default_branch: Option<String>,
    /// Where it is deployed to.
    pub environments: Vec<CiEnvironment>,
    /// What was deployed, newest first, kinds worked out.
    pub deployments: Vec<Deployment>,
    /// Whether that is the whole history, or its newest part so far.
    pub whole_history: bool,
    /// Its newest pipelines, newest first.
    pub pipelines: Vec<Pipeline>,
    /// Open incidents, and those that ended of late.
    pub incidents: Vec<Incident>,
    /// Its tags, newest first.
    pub tags: Vec<Tag>,
    /// What was merged of late, newest first.
    pub merge_requests: Vec<MergeRequest>,
    /// Its releases, newest first.
    pub releases: Vec<Release>,
    /// When each part was last had.
    pub as_of: BTreeMap<Part, DateTime<Utc>>,
    /// What cannot be had now; the rest goes on.
    pub trouble: BTreeMap<Part, Trouble>,
}

impl Project {
    /// The version after its latest tag.
    pub fn next_version(&self) -> Option<String> {
        version::next(self.tags.iter().map(|tag| tag.name.as_str()))
    }

    /// Pipelines that run now.
    pub fn running(&self) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.iter().filter(|pipeline| pipeline.status.is_active())
    }

    /// Pipelines that wait for a person.
    pub fn waiting(&self) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.iter().filter(|pipeline| pipeline.status.is_manual())
    }

    /// What is being deployed now.
    pub fn deploying(&self) -> impl Iterator<Item = &Deployment> {
        self.deployments.iter().filter(|one| one.status == Some(DeploymentStatus::Running))
    }

    /// What was deployed to one place, by the source's name of it, newest first.
    pub fn history<'s>(&'s self, place: &'s str) -> impl DoubleEndedIterator<Item = &'s Deployment> {
        self.deployments.iter().filter(move |deployment| deployment.place == place)
    }
}

/// What somebody looks at: it is asked for more often, and only while it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The project's path.
    pub project: String,
    /// A pipeline, for its jobs.
    pub pipeline: Option<u64>,
    /// A job, for its log.
    pub job: Option<u64>,
    /// Two versions, older and newer, for what lies between.
    pub between: Option<(String, String)>,
}

/// What is known of what somebody looks at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// What that is.
    pub sight: Sight,
    /// The pipeline's jobs, attempts that were repeated included, oldest first.
    pub jobs: Vec<Job>,
    /// The job, once it is known.
    pub job: Option<Job>,
    /// Its log so far.
    pub log: CiLog,
    /// What lies between the versions.
    pub comparison: Option<Comparison>,
}

/// What is known of every project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// What the token may; none before it is known, and for tokens that cannot be asked after.
    pub token: Option<Token>,
    /// Why that is not known.
    pub token_trouble: Option<Trouble>,
    /// Each project, in config order.
    pub projects: Vec<Project>,
    /// What somebody looks at.
    pub seen: Option<Seen>,
}

impl Delivery {
    /// Every deployment, newest first.
    pub fn deployments(&self) -> Vec<Deployment> {
        let mut all: Vec<Deployment> = self.projects.iter().flat_map(|one| one.deployments.iter().cloned()).collect();
        deployment::sort(&mut all);
        all
    }

    /// What is live where, by deployments (newest first): those that are known now, or those of an earlier time.
    pub fn live(&self, deployments: &[Deployment]) -> Live {
        let known = self.projects.iter().flat_map(|project| {
            let of = |environment: &'_ CiEnvironment| (environment.environment.clone(), project.service.clone());
            project.environments.iter().map(of)
        });
        let known: Vec<(String, String)> = known.collect();
        deployment::live(
            deployments,
            known.iter().map(|(environment, service)| (environment.as_str(), service.as_str())),
        )
    }

    /// Everything that cannot be had, and whose part it is.
    pub fn troubles(&self) -> impl Iterator<Item = (Option<&Project>, Part, &Trouble)> {
        let token = self.token_trouble.iter().map(|trouble| (None, Part::Token, trouble));
        token.chain(
            self.projects
                .iter()
                .flat_map(|project| project.trouble.iter().map(move |(part, trouble)| (Some(project), *part, trouble))),
        )
    }

    /// Why the keys that change something are off, if they are.
    pub fn read_only(&self) -> Option<String> {
        let token = self.token.as_ref().filter(|token| !token.may_act())?;
        Some(format!("the token of [gitlab] only has {}; give it the scope api to act", token.scopes.join(", ")))
    }
}
