//! What the audit says of the last time: a second restart within ten minutes wants a reason.

use chrono::{DateTime, Utc};

use crate::domain::action::ActionKind;
use crate::domain::audit::{Audited, join, last_time};
use crate::domain::plan::Plan;
use crate::store::Store;

/// Why a plan wants a reason: it was done a few minutes ago.
pub async fn again(store: Option<&Store>, plan: &Plan) -> Option<String> {
    if !matches!(plan.action, ActionKind::Restart | ActionKind::RestartAtOnce) {
        return None;
    }
    let (now, actions) = (Utc::now(), join(store?.audit().await.ok()?.rows));
    let hosts: Vec<String> = plan.targets.iter().map(|target| target.host.to_string()).collect();
    let last = [ActionKind::Restart, ActionKind::RestartAtOnce]
        .map(|kind| kind.def().name)
        .into_iter()
        .filter_map(|name| last_time(&actions, name, plan.service.as_deref(), &plan.environment, &hosts, now));
    let last = last.max_by_key(|past| past.intent.time)?;
    Some(format!("{} restarted it {} ago", last.intent.who, ago(last, now)))
}

fn ago(past: &Audited, now: DateTime<Utc>) -> String {
    match (now - past.intent.time).num_seconds() {
        seconds @ ..60 => format!("{}s", seconds.max(0)),
        seconds => format!("{}m", seconds / 60),
    }
}
