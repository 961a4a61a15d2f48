//! `qd deploy` and `qd rollback` of a service that a job of GitLab's deploys.

use super::watch::telling;
use super::{RunFlags, herald, not_begun};
use crate::cli::act::confirm::confirmed;
use crate::cli::act::report::signal;
use crate::cli::act::{Acting, names};
use crate::cli::deploys::client;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::deploys::by_job::{Following, JobPlan, Order};
use crate::deploys::job_of::{self, NoJob, Of};
use crate::domain::audit::Ending;
use crate::domain::deploy::plan::Kind;
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::deploy::steer;
use crate::domain::service::Service;
use crate::domain::settings::Environment;
use crate::integrations::gitlab::GitLab;

async fn planned(acting: &Acting, of: Of<'_>) -> Result<(JobPlan, GitLab), Failure> {
    job_of::plan(&acting.opened.whole, of, client).await.map_err(|why| match why {
        NoJob::Config(why) => Failure::new(Exit::Usage, why),
        NoJob::Unheard(why) => Failure::new(Exit::NotConnected, why),
        NoJob::NoPlan(why) => Failure::new(Exit::Problems, format!("there is no plan\n{why}")),
    })
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
        let (plan, gitlab) = planned(acting, Of { kind, service, environment, spec, version }).await?;
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
