//! Deploys and rollbacks that a job of GitLab's does: the hosts need not be connected.

use super::carry::Doing;
use super::prepare::{Prepared, What};
use crate::config::secret;
use crate::deploys::by_job::{Following, JobPlan, Order};
use crate::deploys::job_of::{self, Of};
use crate::deploys::job_plan;
use crate::deploys::proof::Proof;
use crate::domain::act::{News, Proposal};
use crate::domain::audit::{HostEnding, Verdict};
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
use crate::domain::hosted::GitLabSettings;
use crate::domain::run::RunRecord;
use crate::domain::service::Service;
use crate::domain::settings::{Environment, Settings};
use crate::integrations::gitlab::GitLab;
use crate::runtime::herald::herald;

/// The plan of a job, put to the person, with what fires on its service.
pub(super) async fn propose(settings: &Settings, of: Of<'_>, fires: Vec<String>) -> Result<(What, Proposal), String> {
    let client = |gitlab: &GitLabSettings| GitLab::new(gitlab, secret::source(gitlab.token.clone(), "[gitlab] token"));
    let service = of.service;
    let (mut plan, gitlab) = job_of::plan(settings, of, client).await.map_err(|why| why.to_string())?;
    plan.change.warnings.extend(fires);
    let title = format!("{} {} {} by {}", plan.kind.as_str(), plan.service, plan.version, plan.job);
    Ok(put(settings, title, plan, gitlab, service, None))
}

/// The plan of following a run's job again, which somebody has started.
pub(super) fn again(
    settings: &Settings,
    service: &Service,
    environment: &Environment,
    record: RunRecord,
) -> Result<(What, Proposal), String> {
    let missing = || format!("the run {} is of no service that GitLab deploys here", record.id);
    let spec = settings.deploy(&service.name, &service.environment).ok_or_else(missing)?;
    let gitlab = settings.hosted.gitlab.as_ref().ok_or_else(missing)?;
    let plan = job_plan::again(&record, spec, service, environment.careful).ok_or_else(missing)?;
    let gitlab = GitLab::new(gitlab, secret::source(gitlab.token.clone(), "[gitlab] token"));
    let title = format!("follow {} {} {} by {}", plan.kind.as_str(), plan.service, plan.version, plan.job);
    Ok(put(settings, title, plan, gitlab, service, Some(Box::new(record))))
}

fn put(
    settings: &Settings,
    title: String,
    plan: JobPlan,
    gitlab: GitLab,
    service: &Service,
    again: Option<Box<RunRecord>>,
) -> (What, Proposal) {
    let proposal = Proposal {
        hash: plan.hash(),
        title,
        environment: plan.environment.clone(),
        service: Some(plan.service.clone()),
        hosts: plan.hosts.clone(),
        other: Some(plan.job.clone()),
        page: plan.page(),
        demand: plan.demand(settings.names()),
    };
    (What::Job { plan: Box::new(plan), gitlab: Box::new(gitlab), service: Box::new(service.clone()), again }, proposal)
}

impl Doing {
    /// Starts the job, unless it is only followed `again`, and follows it to its end. It cannot be stopped from here: it is
    /// GitLab's.
    pub(super) async fn job(
        self,
        prepared: &Prepared,
        plan: &JobPlan,
        gitlab: &GitLab,
        service: &Service,
        again: Option<&RunRecord>,
    ) {
        let herald = herald(&prepared.settings, service);
        let recorder = self.recorder(prepared).await;
        let order = Order {
            plan,
            approval: &self.approval,
            environment: &prepared.environment,
            standing: &self.standing,
            gitlab,
            recorder: &recorder,
            herald: &herald,
        };
        let (links, bake) = (&prepared.reachable.links, plan.bake.as_ref());
        let gate = prepared.settings.gate(service);
        let from = plan.from.as_deref();
        let proof = Proof { service, links, gate: &gate, bake, version: &plan.version, from };
        let mut wished = self.wished.clone();
        let told_to_stop = async {
            if wished.wait_for(|wish| *wish != Wish::On).await.is_ok() {
                let word = "the job goes on at GitLab; x on its pipeline cancels it there";
                self.tell(News::Word(word.to_owned())).await;
            }
            std::future::pending::<()>().await;
        };
        let done = self.telling(async |teller| {
            let following = match again.and_then(|record| Some((record, record.job.as_ref()?))) {
                Some((record, job)) => Following::resume(order, record, job).await?,
                None => Following::begin(order, &teller).await?,
            };
            self.tell(News::Run(following.id().to_owned())).await;
            self.tell(News::Begun(HostName::from(plan.job.as_str()))).await;
            Ok(following.follow(&proof, &teller).await.1)
        });
        let ended: Result<_, crate::deploys::conduct::NotBegun> = tokio::select! {
            ended = done => ended,
            () = told_to_stop => return,
        };
        let last = match ended {
            Err(why) => News::Left(why.to_string()),
            Ok(ending) => {
                // What is held has a job that did its work: its hosts are not well after it.
                if let Some(host) = ending.hosts.first() {
                    let result = if host.result == Verdict::Held { Verdict::Ok } else { host.result };
                    self.tell(News::Ended(HostEnding { host: plan.job.clone(), result, ..host.clone() })).await;
                }
                News::Over(ending)
            }
        };
        self.tell(last).await;
    }
}
