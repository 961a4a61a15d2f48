//! `qd deploy` and `qd rollback` of a service that a job of GitLab's deploys.

use super::watch::{hand_over, telling};
use super::{Asked, not_begun, spec};
use crate::cli::act::confirm::confirmed;
use crate::cli::act::report::signal;
use crate::cli::act::{ActFlags, Acting, Connected, names, unit};
use crate::cli::args::Global;
use crate::cli::deploys::client;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::deploys::alarms::firing;
use crate::deploys::by_job::{Following, JobPlan, Order};
use crate::deploys::job_of::{self, NoJob, Of};
use crate::deploys::job_plan;
use crate::deploys::proof::Proof;
use crate::domain::audit::Ending;
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::deploy::steer;
use crate::domain::run::RunRecord;
use crate::domain::service::Service;
use crate::domain::settings::Environment;
use crate::integrations::gitlab::GitLab;
use crate::runtime::herald::herald;

async fn planned(acting: &Acting, of: Of<'_>) -> Result<(JobPlan, GitLab), Failure> {
    job_of::plan(&acting.opened.whole, of, client).await.map_err(|why| match why {
        NoJob::Config(why) => Failure::new(Exit::Usage, why),
        NoJob::Unheard(why) => Failure::new(Exit::NotConnected, why),
        NoJob::NoPlan(why) => Failure::new(Exit::Problems, format!("there is no plan\n{why}")),
    })
}

/// Plans, asks, starts the job and follows it.
pub(super) async fn begin(
    global: &Global,
    acting: &Acting,
    service: &Service,
    environment: &Environment,
    spec: &DeploySpec,
    asked: &Asked<'_>,
) -> Outcome {
    let Asked { kind, version, run, .. } = *asked;
    let flags = &run.flags;
    let (recorder, herald) = (acting.recorder().await, herald(acting.settings(), service));
    let prepared = interruptible(async {
        let (mut plan, gitlab) = planned(acting, Of { kind, service, environment, spec, version }).await?;
        plan.change.warnings.extend(firing(&recorder, &herald, service).await);
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
        recorder: &recorder,
        herald: &herald,
    };
    let following = telling(async |told| Following::begin(order, &told).await.map_err(not_begun)).await?;
    if run.detach {
        eprintln!("qd: the job goes on at {}", following.url().unwrap_or("GitLab"));
        let folder = acting.opened.options.dirs.state.as_path();
        return hand_over(&environment.name, following.id(), global, folder);
    }
    followed(following, &plan, service, spec, acting, flags.json).await
}

/// Follows a job to its end and sees whether its hosts are well then.
async fn followed(
    following: Following<'_>,
    plan: &JobPlan,
    service: &Service,
    spec: &DeploySpec,
    acting: &Acting,
    json: bool,
) -> Outcome {
    let (id, url) = (following.id().to_owned(), following.url().unwrap_or("GitLab").to_owned());
    let judged = async {
        let connected = Connected::to(&acting.opened.whole, &service.hosts).await;
        connected.faults().iter().for_each(|fault| eprintln!("qd: {fault}"));
        let (links, version, bake) = (&connected.links, plan.version.as_str(), plan.bake.as_ref());
        let from = plan.from.as_deref();
        let proof = Proof { service, links, gate: &spec.gate, bake, version, from };
        telling(async |told| following.follow(&proof, &told).await).await
    };
    tokio::select! {
        (outcome, ending) = judged => print(plan, &id, outcome, &ending, json),
        signal = signal() => {
            eprintln!("qd: the job goes on at {url}; qd run adopt {id} follows it again");
            Ok(Exit::Signal(signal?))
        }
    }
}

/// `qd run adopt` of a run whose job somebody has started.
pub async fn adopt(acting: &Acting, record: &RunRecord, flags: &ActFlags) -> Outcome {
    let missing = || Failure::new(Exit::Usage, format!("run {} is of no service that GitLab deploys here", record.id));
    let named = format!("{}@{}", record.service.as_deref().unwrap_or_default(), record.environment);
    let service = unit::service(&acting.opened.whole, &named)?;
    let environment = acting.environment(&record.environment, flags)?;
    let spec = spec(&acting.opened.whole, service)?;
    let job = record.job.as_ref().ok_or_else(missing)?;
    let plan = job_plan::again(record, spec, service, environment.careful).ok_or_else(missing)?;
    let settings = acting.opened.whole.hosted.gitlab.as_ref().ok_or_else(missing)?;
    eprintln!("{}", plan.page().join("\n"));
    let approval = confirmed(&plan.hash(), &plan.demand(names(&acting.opened.whole)), flags).await?;
    let order = Order {
        plan: &plan,
        approval: &approval,
        environment: &environment,
        standing: &acting.standing,
        gitlab: &client(settings),
        recorder: &acting.recorder().await,
        herald: &herald(acting.settings(), service),
    };
    let following = Following::resume(order, record, job).await.map_err(not_begun)?;
    followed(following, &plan, service, spec, acting, flags.json).await
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
