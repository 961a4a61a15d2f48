//! Carrying out runs and locks.

use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::{mpsc, watch};

use super::carry::Doing;
use super::prepare::Prepared;
use crate::actions::record::{Doing as Recorded, Recorder};
use crate::deploys::conduct::{Conduct, Ended, NotBegun, Order};
use crate::deploys::herald::Herald;
use crate::deploys::host::hold;
use crate::deploys::steer::Left;
use crate::deploys::told::{Teller, Told};
use crate::domain::act::News;
use crate::domain::action::ActionKind;
use crate::domain::audit::{HostEnding, Verdict};
use crate::domain::deploy::known::KnownRun;
use crate::domain::deploy::plan::DeployPlan;
use crate::domain::deploy::steer::{Outcome, Wish};
use crate::domain::host::HostName;
use crate::domain::service::Service;
use crate::runtime::herald::herald;

impl Doing {
    /// A deploy or a rollback, from its archive to its last word.
    pub(super) async fn deploy(self, prepared: &Prepared, plan: &DeployPlan, service: &Service) {
        let herald = herald(&prepared.settings, service);
        let recorder = self.recorder(prepared).await;
        let order = self.order(prepared, plan, &herald, &recorder);
        let wished = self.wished.clone();
        self.told(async |teller: Teller| {
            order.stage(&teller).await?;
            let conduct = Conduct::begin(order, &teller).await?.attended();
            self.tell(News::Run(conduct.id().to_owned())).await;
            Ok(self.conducted(conduct, &wished, &teller).await)
        })
        .await;
    }

    /// A run that is taken over, to go on with it or to end it.
    pub(super) async fn run(self, prepared: &Prepared, run: &KnownRun, service: &Service, action: ActionKind) {
        let herald = herald(&prepared.settings, service);
        let recorder = self.recorder(prepared).await;
        let order = self.order(prepared, &run.plan, &herald, &recorder);
        let wished = self.wished.clone();
        self.told(async |teller: Teller| {
            let conduct = Conduct::adopt(order, &run.id, &run.by, action, &teller).await?.attended();
            self.tell(News::Run(run.id.clone())).await;
            Ok(self.conducted(conduct, &wished, &teller).await)
        })
        .await;
    }

    async fn conducted(&self, conduct: Conduct<'_>, wished: &watch::Receiver<Wish>, teller: &Teller) -> Ended {
        let id = conduct.id().to_owned();
        let ended = conduct.conduct(wished, teller).await;
        if ended.left == Left::Over(Outcome::Held) {
            self.shared.left().insert(id, Instant::now());
        }
        ended
    }

    fn order<'a>(
        &'a self,
        prepared: &'a Prepared,
        plan: &'a DeployPlan,
        herald: &'a Herald,
        recorder: &'a Recorder,
    ) -> Order<'a> {
        Order {
            plan,
            approval: &self.approval,
            environment: &prepared.environment,
            standing: &self.standing,
            links: &prepared.reachable.links,
            recorder,
            herald,
        }
    }

    /// Tells what is told meanwhile.
    pub(super) async fn telling<T>(&self, doing: impl AsyncFnOnce(Teller) -> T) -> T {
        let (news, mut events) = mpsc::channel(256);
        let telling = async {
            while let Some(event) = events.recv().await {
                match event {
                    Told::Fact(host, fact) => self.tell(News::Fact(HostName::from(host.as_str()), fact)).await,
                    Told::Note(host, text) => self.tell(News::Note(HostName::from(host.as_str()), text)).await,
                    Told::Output(host, lines) => {
                        for line in lines {
                            self.tell(News::Said(HostName::from(host.as_str()), line)).await;
                        }
                    }
                    Told::Run(text) | Told::Bake(_, text) => self.tell(News::Word(text)).await,
                    Told::Asks { why, patience, back } => self.tell(News::Asks { why, patience, back }).await,
                }
            }
        };
        tokio::join!(doing(Teller::new(news)), telling).0
    }

    /// Tells what is told meanwhile, and how it ended.
    async fn told(&self, doing: impl AsyncFnOnce(Teller) -> Result<Ended, NotBegun>) {
        let last = match self.telling(doing).await {
            Err(why) => News::Left(why.to_string()),
            Ok(Ended { left: Left::TakenOver, .. }) => News::Left("somebody else steers the run now".to_owned()),
            Ok(Ended { left: Left::Unheard, .. }) => {
                News::Left("none of its hosts has been heard for long; it goes on there, unattended".to_owned())
            }
            Ok(Ended { ending: Some(ending), .. }) => News::Over(ending),
            Ok(_) => News::Left("it goes on without this cockpit".to_owned()),
        };
        self.tell(last).await;
    }

    /// Deploys of a service are kept away, or let again.
    pub(super) async fn lock(
        self,
        prepared: &Prepared,
        action: ActionKind,
        service: &str,
        state: &str,
        time: Option<Duration>,
        hash: &str,
    ) {
        let environment = &prepared.environment;
        let allowed = self.approval.covers(hash).and_then(|()| self.standing.permits(environment, Utc::now()));
        if let Err(why) = allowed {
            return self.tell(News::Left(why.to_string())).await;
        }
        let recorder = self.recorder(prepared).await;
        let recorded = Recorded {
            environment: environment.name.clone(),
            service: Some(service.to_owned()),
            hosts: prepared.reachable.links.keys().map(ToString::to_string).collect(),
            action: action.def().name.to_owned(),
            plan: hash.to_owned(),
            commands: Vec::new(),
        };
        let (begun, written) = recorder.begin(recorded, &self.approval).await;
        if let Err(why) = written {
            return self.tell(News::Left(format!("{why}; nothing is done that cannot be recorded"))).await;
        }
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 2);
        let until = time.map_or(0, |time| Utc::now().timestamp() + seconds(time));
        let why = format!("{}: {}", recorder.who, self.approval.reason.as_deref().unwrap_or_default());
        let mut endings = Vec::new();
        for (host, transport) in &prepared.reachable.links {
            self.tell(News::Begun(host.clone())).await;
            let began = Instant::now();
            let done = hold(transport, state, (action == ActionKind::Lock).then_some((until, why.as_str()))).await;
            let ending = HostEnding {
                host: host.to_string(),
                result: if done.is_ok() { Verdict::Ok } else { Verdict::Failed },
                rc: None,
                ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                detail: done.err().map(|why| why.to_string()),
            };
            self.tell(News::Ended(ending.clone())).await;
            endings.push(ending);
        }
        let (ending, written) = recorder.end(begun, endings).await;
        if let Err(why) = written {
            self.tell(News::Warning(format!("the result is not recorded: {why}"))).await;
        }
        self.tell(News::Over(ending)).await;
    }
}
