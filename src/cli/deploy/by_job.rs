//! `qd deploy` and `qd rollback` of a service that a job of GitLab's deploys.

use chrono::Utc;

use super::watch::telling;
use super::{RunFlags, herald, not_begun};
use crate::cli::act::confirm::confirmed;
use crate::cli::act::report::signal;
use crate::cli::act::{Acting, names};
use crate::cli::deploys::client;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::deploys::by_job::{Following, JobPlan, Order, Wanted, make};
use crate::domain::audit::Ending;
use crate::domain::delivery::Part;
use crate::domain::deploy::plan::Kind;
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::deploy::steer;
use crate::domain::hosted::{GitLabProject, GitLabSettings};
use crate::domain::service::Service;
use crate::domain::settings::{Environment, Settings};
use crate::integrations::gitlab::{GitLab, Watch};

/// What is asked of GitLab before: what was live, and what the token may.
const PARTS: [Part; 4] = [Part::Token, Part::Project, Part::Environments, Part::Deployments];

/// The project that a service's releases come from, and the settings with it alone.
fn project(
    settings: &Settings,
    service: &Service,
    spec: &DeploySpec,
) -> Result<(GitLabSettings, GitLabProject), Failure> {
    let Some(gitlab) = &settings.hosted.gitlab else {
        let message = format!("{} is deployed by a job of GitLab's, and the config has no [gitlab]", service.name);
        return Err(Failure::new(Exit::Usage, message));
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
            let message = format!("[service.deploy] of {} names no project, and neither does [gitlab]", service.name);
            return Err(Failure::new(Exit::Usage, message));
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

async fn planned(
    kind: Kind,
    acting: &Acting,
    service: &Service,
    environment: &Environment,
    spec: &DeploySpec,
    version: &str,
) -> Result<(JobPlan, GitLab), Failure> {
    let (settings, named) = project(&acting.opened.whole, service, spec)?;
    let mut watch = Watch::new(client(&settings), &PARTS, Utc::now()).newest_only();
    watch.round(|_| {}).await;
    let delivery = watch.delivery();
    if let Some((_, part, trouble)) = delivery.troubles().next().filter(|_| kind == Kind::Rollback) {
        let message = format!("no {} of {}: {}", part.as_str(), named.path, trouble.error);
        return Err(Failure::new(Exit::NotConnected, message));
    }
    let Some(project) = delivery.projects.first() else {
        return Err(Failure::new(Exit::NotConnected, format!("nothing is known of {}", named.path)));
    };
    let gitlab = client(&settings);
    let place = place(spec, &named, service);
    let (careful, token) = (environment.careful, delivery.token.as_ref());
    let wanted = Wanted { kind, spec, service, careful, version, project, place: &place, token };
    let plan = make(&gitlab, wanted).await;
    let plan = plan.map_err(|error| Failure::new(Exit::Problems, format!("there is no plan\n{error}")))?;
    Ok((plan, gitlab))
}

/// Plans, asks, starts the job and follows it.
pub async fn begin(
    kind: Kind,
    acting: &Acting,
    service: &Service,
    environment: &Environment,
    spec: &DeploySpec,
    version: &str,
    run: &RunFlags,
) -> Outcome {
    let flags = &run.flags;
    let prepared = interruptible(async {
        let (plan, gitlab) = planned(kind, acting, service, environment, spec, version).await?;
        let page = plan.page().join("\n");
        match (flags.dry_run, flags.json) {
            (true, true) => println!("{:#}", serde_json::json!({ "hash": plan.hash(), "plan": plan })),
            (true, false) => println!("{page}"),
            (false, _) => eprintln!("{page}"),
        }
        if flags.dry_run {
            return Err(Failure::new(Exit::Fine, ""));
        }
        let approval = confirmed(&plan.hash(), &plan.demand(names(&acting.opened.whole)), flags).await?;
        Ok((plan, gitlab, approval))
    });
    let (plan, gitlab, approval) = prepared.await?;
    let order = Order {
        plan: &plan,
        approval: &approval,
        environment,
        standing: &acting.standing,
        gitlab: &gitlab,
        recorder: &acting.recorder().await,
        herald: &herald(acting.settings(), service),
    };
    let following = telling(async |told| Following::begin(order, &told).await.map_err(not_begun)).await?;
    let (id, url) = (following.id().to_owned(), following.url().unwrap_or("GitLab").to_owned());
    if run.detach {
        eprintln!("qd: the job goes on at {url}");
        println!("{id}");
        return Ok(Exit::Fine);
    }
    tokio::select! {
        (outcome, ending) = telling(async |told| following.follow(&told).await) => print(&plan, &id, outcome, &ending, flags.json),
        signal = signal() => {
            eprintln!("qd: the job goes on at {url}");
            Ok(Exit::Signal(signal?))
        }
    }
}

fn print(plan: &JobPlan, id: &str, outcome: steer::Outcome, ending: &Ending, json: bool) -> Outcome {
    if json {
        let hosts = ending.hosts.iter();
        let document = serde_json::json!({
            "id": id,
            "service": plan.service,
            "environment": plan.environment,
            "kind": plan.kind.as_str(),
            "version": plan.version,
            "plan": plan.hash(),
            "result": outcome.as_str(),
            "why": hosts.clone().find_map(|host| host.detail.as_ref()).into_iter().collect::<Vec<_>>(),
            "hosts": hosts.map(|host| serde_json::json!({ "host": host.host, "state": host.result.as_str() })).collect::<Vec<_>>(),
        });
        println!("{document:#}");
    } else {
        println!("{}", outcome.as_str());
    }
    Ok(super::watch::exit(outcome))
}
