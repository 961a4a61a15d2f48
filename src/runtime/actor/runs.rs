//! Looking for runs: those that somebody else has started, and those that nobody steers any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::app::message::Message;
use crate::deploys::known;
use crate::domain::deploy::known::KnownRun;
use crate::domain::host::HostName;
use crate::domain::settings::Settings;
use crate::runtime::history::History;
use crate::transport::SharedTransport;

/// Between two looks: a run takes minutes.
const EVERY: Duration = Duration::from_secs(10);
/// Before the first, for hosts are still being dialed then.
const FIRST: Duration = Duration::from_secs(2);
/// Runs of each service that are looked at.
const MOST: usize = 5;

/// Looks for runs of every service that is deployed, for as long as somebody wants to know.
pub async fn look(
    settings: Arc<Settings>,
    links: BTreeMap<HostName, SharedTransport>,
    history: Option<History>,
    messages: mpsc::Sender<Message>,
) {
    let deployed: Vec<(&[HostName], &str)> = settings
        .deploys
        .iter()
        .filter_map(|spec| {
            let of = |service: &&crate::domain::service::Service| {
                service.name == spec.service && service.environment == spec.environment
            };
            Some((settings.services.iter().find(of)?.hosts.as_slice(), spec.state.as_deref()?))
        })
        .collect();
    if deployed.is_empty() {
        return;
    }
    let (mut over, mut told): (BTreeMap<String, KnownRun>, Option<Vec<KnownRun>>) = (BTreeMap::new(), None);
    sleep(FIRST).await;
    loop {
        let mut found: Vec<KnownRun> = Vec::new();
        for (hosts, state) in &deployed {
            let up: Vec<(HostName, SharedTransport)> = hosts
                .iter()
                .filter_map(|host| Some((host.clone(), links.get(host)?.clone())))
                .filter(|(_, transport)| transport.link().borrow().is_up())
                .collect();
            for id in known::ids(&up, state, MOST).await {
                // What is over does not change any more.
                let run = match over.get(&id) {
                    Some(run) => Some(run.clone()),
                    None => known::one(&up, state, &id, known::TOLD).await,
                };
                let Some(run) = run else { continue };
                if run.is_over() {
                    over.insert(id, run.clone());
                }
                found.push(run);
            }
        }
        found.sort_by(|a, b| b.id.cmp(&a.id));
        over.retain(|id, _| found.iter().any(|run| run.id == *id));
        if told.as_ref() != Some(&found) {
            if let Some(history) = &history {
                history.saw_runs(&found).await;
            }
            if messages.send(Message::KnownRuns(found.clone())).await.is_err() {
                return;
            }
            told = Some(found);
        }
        sleep(EVERY).await;
    }
}
