//! Which runs hosts know of. Looking steers nothing.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::host::{Steering, plan_of, poll, runs};
use crate::domain::deploy::known::KnownRun;
use crate::domain::host::HostName;
use crate::transport::SharedTransport;

/// Lines of each host's journal that whoever looks on wants.
pub const TOLD: usize = 60;

/// The ids of the runs of a service that its hosts remember, newest first; so many hosts are asked at once.
pub async fn ids(hosts: &[(HostName, SharedTransport)], state: &str, most: usize, at_once: usize) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for some in hosts.chunks(at_once.max(1)) {
        let said = join_all(some.iter().map(|(_, transport)| runs(transport, state))).await;
        ids.extend(said.into_iter().flat_map(Result::unwrap_or_default));
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    ids.truncate(most);
    ids
}

/// One run, from the first host that has its plan, with so many of each journal's newest lines; none where no host has it.
pub async fn one(hosts: &[(HostName, SharedTransport)], state: &str, id: &str, newest: usize) -> Option<KnownRun> {
    let mut plan = None;
    for (_, transport) in hosts {
        plan = plan_of(transport, state, id).await.unwrap_or_default();
        if plan.is_some() {
            break;
        }
    }
    let plan = plan?;
    let (hosts_of, facts) = (BTreeMap::new(), BTreeMap::new());
    let mut known = KnownRun { id: id.to_owned(), by: String::new(), lease_age: None, hosts: hosts_of, facts, plan };
    let only_looking = Steering { token: "", beat: 0, take: false };
    for part in &known.plan.hosts {
        let Some((_, transport)) = hosts.iter().find(|(name, _)| name.as_str() == part.host) else { continue };
        let Ok(polled) = poll(transport, state, id, 0, only_looking).await else { continue };
        if !polled.known {
            continue;
        }
        let run = known.hosts.entry(part.host.clone()).or_default();
        run.alive = polled.alive;
        polled.facts.iter().for_each(|fact| run.take(fact));
        let skipped = polled.facts.len().saturating_sub(newest);
        known.facts.insert(part.host.clone(), polled.facts.into_iter().skip(skipped).collect());
        known.by = polled.by;
        known.lease_age = polled.age.into_iter().chain(known.lease_age).min();
    }
    Some(known)
}
