//! Which job of GitLab's deploys a service, and what playing it would do.

use std::fmt;

use chrono::Utc;

use super::job_plan::{JobPlan, Wanted, make};
use super::origin::brings;
use super::plan::NoPlan;
use crate::domain::delivery::Part;
use crate::domain::deploy::plan::Kind;
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::hosted::{GitLabProject, GitLabSettings};
use crate::domain::service::Service;
use crate::domain::settings::{Environment, Settings};
use crate::integrations::gitlab::{GitLab, Watch};

/// What is asked of GitLab before: what was live, and what the token may.
const PARTS: [Part; 4] = [Part::Token, Part::Project, Part::Environments, Part::Deployments];

/// A deploy or a rollback that is wanted.
pub struct Of<'a> {
    /// What for.
    pub kind: Kind,
    /// The service.
    pub service: &'a Service,
    /// Its environment.
    pub environment: &'a Environment,
    /// How it is deployed.
    pub spec: &'a DeploySpec,
    /// The version, for a deploy.
    pub version: &'a str,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum NoJob {
    /// The config does not say which job.
    Config(String),
    /// GitLab does not say what must be known.
    Unheard(String),
    /// Something is in the way.
    NoPlan(NoPlan),
}

impl fmt::Display for NoJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(why) | Self::Unheard(why) => f.write_str(why),
            Self::NoPlan(why) => why.fmt(f),
        }
    }
}

/// Looks at the service's project and makes the plan. `client` is the way to GitLab with these settings.
pub async fn plan(
    settings: &Settings,
    of: Of<'_>,
    client: impl Fn(&GitLabSettings) -> GitLab,
) -> Result<(JobPlan, GitLab), NoJob> {
    let Of { kind, service, environment, spec, version } = of;
    let (settings, named) = project(settings, service, spec).map_err(NoJob::Config)?;
    let mut watch = Watch::new(client(&settings), &PARTS, Utc::now()).newest_only();
    watch.round(|_| {}).await;
    let delivery = watch.delivery();
    if let Some((_, part, trouble)) = delivery.troubles().next().filter(|_| kind == Kind::Rollback) {
        return Err(NoJob::Unheard(format!("no {} of {}: {}", part.as_str(), named.path, trouble.error)));
    }
    let Some(project) = delivery.projects.first() else {
        return Err(NoJob::Unheard(format!("nothing is known of {}", named.path)));
    };
    let gitlab = client(&settings);
    let place = place(spec, &named, service);
    let (careful, token) = (environment.careful, delivery.token.as_ref());
    let wanted = Wanted { kind, spec, service, careful, version, project, place: &place, token };
    let mut plan = make(&gitlab, wanted).await.map_err(NoJob::NoPlan)?;
    if let (Kind::Deploy, Some(from)) = (kind, plan.from.as_deref().filter(|from| *from != plan.version)) {
        plan.brings = match gitlab.compare(&named, from, &plan.version).await {
            Ok(between) => brings(from, &between, spec.migrate.as_ref()).0,
            Err(why) => vec![format!("what came since {from} is not known: {why}")],
        };
    }
    Ok((plan, gitlab))
}

/// The project that a service's releases come from, and the settings with it alone.
fn project(
    settings: &Settings,
    service: &Service,
    spec: &DeploySpec,
) -> Result<(GitLabSettings, GitLabProject), String> {
    let Some(gitlab) = &settings.hosted.gitlab else {
        return Err(format!("{} is deployed by a job of GitLab's, and the config has no [gitlab]", service.name));
    };
    let known = gitlab.projects.iter().find(|one| match &spec.gitlab.project {
        Some(path) => one.path == *path,
        None => one.service == service.name,
    });
    let project = match (known, &spec.gitlab.project) {
        (Some(known), _) => known.clone(),
        (None, Some(path)) => {
            GitLabProject { path: path.clone(), service: service.name.clone(), environments: Default::default() }
        }
        (None, None) => {
            return Err(format!("[service.deploy] of {} names no project, and neither does [gitlab]", service.name));
        }
    };
    Ok((GitLabSettings { projects: vec![project.clone()], ..gitlab.clone() }, project))
}

/// The environment's name at GitLab.
fn place(spec: &DeploySpec, project: &GitLabProject, service: &Service) -> String {
    let theirs =
        || project.environments.iter().find(|(_, ours)| **ours == service.environment).map(|(theirs, _)| theirs);
    spec.gitlab.environment.as_ref().or_else(theirs).unwrap_or(&service.environment).clone()
}
