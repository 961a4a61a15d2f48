//! The audit of what this `qd` does: a row before, a row after.

use std::time::Instant;

use chrono::Utc;

use crate::domain::audit::{AuditRow, Ending, HostEnding, Intent, Verdict};
use crate::domain::confirm::Approval;
use crate::domain::plan::Plan;
use crate::domain::ulid::ulid;
use crate::store::Store;

/// Writes the audit.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// The store, or why there is none.
    pub store: Result<Store, String>,
    /// The person.
    pub who: String,
    /// The machine that the person sits at.
    pub from: String,
    /// The fleet: `[fleet] name`.
    pub fleet: String,
}

/// What is about to be done.
#[derive(Clone, Debug)]
pub struct Doing {
    /// The environment.
    pub environment: String,
    /// The service, where it is about one.
    pub service: Option<String>,
    /// The hosts, in order.
    pub hosts: Vec<String>,
    /// The action's name.
    pub action: String,
    /// The hash of its plan.
    pub plan: String,
    /// The exact command of each host.
    pub commands: Vec<Vec<String>>,
}

impl Doing {
    /// What a plan of the registry's actions does.
    pub fn of(plan: &Plan) -> Self {
        Self {
            environment: plan.environment.clone(),
            service: plan.service.clone(),
            hosts: plan.targets.iter().map(|target| target.host.to_string()).collect(),
            action: plan.name.clone(),
            plan: plan.hash(),
            commands: plan.targets.iter().map(|target| target.argv.clone()).collect(),
        }
    }
}

/// An action that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its id.
    pub id: String,
    began: Instant,
}

/// An id of its own for each action and run.
pub fn new_id() -> std::io::Result<String> {
    use std::io::Read;
    let mut random = [0; 10];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(ulid(u64::try_from(Utc::now().timestamp_millis()).unwrap_or(0), random))
}

impl Recorder {
    /// Writes the row before. What is begun although it could not be written says so in the error beside it.
    pub async fn begin(&self, doing: Doing, approval: &Approval) -> (Begun, Result<(), String>) {
        let id = new_id();
        let begun = Begun { id: id.as_ref().map(String::clone).unwrap_or_default(), began: Instant::now() };
        if let Err(error) = id {
            return (begun, Err(format!("no id can be made: {error}")));
        }
        let intent = Intent {
            id: begun.id.clone(),
            time: Utc::now(),
            who: self.who.clone(),
            from: self.from.clone(),
            environment: doing.environment,
            service: doing.service,
            hosts: doing.hosts,
            action: doing.action,
            level: approval.level.number(),
            plan: doing.plan,
            commands: doing.commands,
            reason: approval.reason.clone(),
        };
        let written = self.append(AuditRow::Begin(intent)).await;
        (begun, written)
    }

    /// Writes the row after, and says what it says.
    pub async fn end(&self, begun: Begun, hosts: Vec<HostEnding>) -> (Ending, Result<(), String>) {
        let ending = Ending {
            id: begun.id,
            time: Utc::now(),
            result: overall(&hosts),
            rc: hosts.iter().filter_map(|host| host.rc).max(),
            ms: u64::try_from(begun.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            hosts,
        };
        let written = self.append(AuditRow::End(ending.clone())).await;
        (ending, written)
    }

    async fn append(&self, row: AuditRow) -> Result<(), String> {
        let store = self.store.as_ref().map_err(String::clone)?;
        store.append(row).await.map_err(|error| error.to_string())
    }
}

/// What the hosts come to: the worst of them.
fn overall(hosts: &[HostEnding]) -> Verdict {
    let any = |verdict| hosts.iter().any(|host| host.result == verdict);
    let worst = [Verdict::Failed, Verdict::Unknown, Verdict::RolledBack, Verdict::Held, Verdict::NotDone];
    worst.into_iter().find(|verdict| any(*verdict)).unwrap_or(Verdict::Ok)
}
