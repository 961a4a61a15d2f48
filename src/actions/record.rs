//! The audit of what this `qd` does: a row before, a row after.

use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::domain::action::ActionKind;
use crate::domain::audit::{AuditRow, Ending, HostEnding, Intent, Verdict};
use crate::domain::confirm::Approval;
use crate::domain::event::{Event, EventKind, TEXT};
use crate::domain::plan::Plan;
use crate::domain::text::one_line;
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
    /// What the timeline shows of it; none of runs, which have their own events.
    event: Option<Event>,
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
        let mut begun =
            Begun { id: id.as_ref().map(String::clone).unwrap_or_default(), began: Instant::now(), event: None };
        if let Err(error) = id {
            return (begun, Err(format!("no id can be made: {error}")));
        }
        let time = Utc::now();
        begun.event = self.event(&begun.id, &doing, time);
        let intent = Intent {
            id: begun.id.clone(),
            time,
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
        if let Some(event) = &begun.event {
            self.keep(event.clone()).await;
        }
        (begun, written)
    }

    /// What a timeline shows of it.
    fn event(&self, id: &str, doing: &Doing, time: DateTime<Utc>) -> Option<Event> {
        if [ActionKind::Deploy, ActionKind::Rollback].iter().any(|kind| kind.def().name == doing.action) {
            return None;
        }
        let on = doing.hosts.join(", ");
        let what = match &doing.service {
            Some(service) => format!("{} {service} on {on}", doing.action),
            None => format!("{} on {on}", doing.action),
        };
        Some(Event {
            fleet: self.fleet.clone(),
            key: format!("action:{id}"),
            time,
            kind: EventKind::Action,
            service: doing.service.clone(),
            environment: Some(doing.environment.clone()),
            host: if let [host] = doing.hosts.as_slice() { Some(host.clone()) } else { None },
            text: one_line(&format!("{what} · {}", self.who), TEXT),
        })
    }

    /// The audit says what happened; this is only for those who look on.
    async fn keep(&self, event: Event) {
        if let Ok(store) = &self.store {
            let _ = store.record(event).await;
        }
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
        if let Some(event) = begun.event.filter(|_| ending.result != Verdict::Ok) {
            let text = one_line(&format!("{}: {}", event.text, ending.result.as_str().replace('_', " ")), TEXT);
            self.keep(Event { key: format!("{}:end", event.key), time: ending.time, text, ..event }).await;
        }
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
