//! Looking for runs: those that somebody else has started, and those that nobody steers any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::app::message::Message;
use crate::deploys::known;
use crate::domain::deploy::known::KnownRun;
use crate::domain::host::HostName;
use crate::domain::service::Service;
use crate::domain::settings::Settings;
use crate::runtime::history::History;
use crate::transport::SharedTransport;

/// Between two looks while somebody looks on: a run takes minutes.
const EVERY: Duration = Duration::from_secs(10);
/// The same while nobody does: hosts tell of runs that begin, and what goes on is looked at often anyway.
const SELDOM: Duration = Duration::from_secs(120);
/// Of the time, at most one part in so many is spent looking, however many hosts there are and however slow their links.
const SHARE: u32 = 4;
/// Before the first, for hosts are still being dialed then.
const FIRST: Duration = Duration::from_secs(2);
/// Hosts that are asked at once while somebody looks on; else one after the other.
const AT_ONCE: usize = 16;
/// Runs of each service that are looked at.
const MOST: usize = 5;

/// The config, and whether somebody looks at the runs.
pub type Sought = (Arc<Settings>, bool);

/// How long nobody is asked after a look that took so long.
fn pause(watched: bool, took: Duration) -> Duration {
    (took * SHARE).max(if watched { EVERY } else { SELDOM })
}

/// The services that are deployed over their hosts: those, and where their runs are kept.
fn deployed(settings: &Settings) -> Vec<(&[HostName], &str)> {
    let state = |service: &'_ Service| settings.deploy_over_hosts(service)?.state.as_deref();
    settings.services.iter().filter_map(|service| Some((service.hosts.as_slice(), state(service)?))).collect()
}

/// Waits until a run has begun that is none of these.
async fn another(begun: &mut mpsc::Receiver<String>, seen: &BTreeSet<String>) {
    while let Some(id) = begun.recv().await {
        if !seen.contains(&id) {
            return;
        }
    }
    std::future::pending().await
}

/// Looks for runs of every service that is deployed, for as long as anybody may want to know. `begun` are the ids of runs
/// that hosts tell of while they are sampled: those are looked at at once.
pub async fn look(
    mut sought: watch::Receiver<Sought>,
    links: BTreeMap<HostName, SharedTransport>,
    mut begun: mpsc::Receiver<String>,
    history: Option<History>,
    messages: mpsc::Sender<Message>,
) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let (mut over, mut told): (BTreeMap<String, KnownRun>, Option<Vec<KnownRun>>) = (BTreeMap::new(), None);
    let mut asked = 0;
    sleep(FIRST).await;
    loop {
        let (settings, watched) = sought.borrow_and_update().clone();
        let began = Instant::now();
        let (mut found, before): (Vec<KnownRun>, usize) = (Vec::new(), std::mem::take(&mut asked));
        let (seen_before, mut unread) = (std::mem::take(&mut seen), false);
        for (hosts, state) in deployed(&settings) {
            let up: Vec<(HostName, SharedTransport)> = hosts
                .iter()
                .filter_map(|host| Some((host.clone(), links.get(host)?.clone())))
                .filter(|(_, transport)| transport.link().borrow().is_up())
                .collect();
            asked += up.len();
            for id in known::ids(&up, state, MOST, if watched { AT_ONCE } else { 1 }).await {
                // What is over does not change any more.
                let run = match over.get(&id) {
                    Some(run) => Some(run.clone()),
                    None => known::one(&up, state, &id, known::TOLD).await,
                };
                seen.insert(id.clone());
                let Some(run) = run else {
                    // One that is only just being made.
                    unread |= !seen_before.contains(&id);
                    continue;
                };
                if run.is_over() {
                    over.insert(id, run.clone());
                }
                found.push(run);
            }
        }
        found.sort_by(|a, b| b.id.cmp(&a.id));
        over.retain(|id, _| found.iter().any(|run| run.id == *id));
        // One that goes on may be left alone, which everybody is to know.
        let open = unread || found.iter().any(|run| !run.is_over());
        if told.as_ref() != Some(&found) {
            if let Some(history) = &history {
                history.saw_runs(&found).await;
            }
            if messages.send(Message::KnownRuns(found.clone())).await.is_err() {
                return;
            }
            told = Some(found);
        }
        tokio::select! {
            // Hosts that were dialed meanwhile have not been asked yet.
            () = sleep(pause(watched || open || asked != before || asked == 0, began.elapsed())) => {}
            () = another(&mut begun, &seen) => {}
            // Somebody comes to look: what is shown is not to be minutes old.
            came = sought.wait_for(|(now, wanted)| *wanted && !watched || !Arc::ptr_eq(now, &settings)) => {
                if came.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_often_only_for_somebody_and_never_takes_more_than_its_share() {
        let (quick, slow) = (Duration::from_millis(300), Duration::from_secs(60));
        for (watched, took, pauses) in [(true, quick, 10), (false, quick, 120), (true, slow, 240), (false, slow, 240)] {
            assert_eq!(pause(watched, took), Duration::from_secs(pauses), "{watched} {took:?}");
        }
    }
}
