//! Asking hosts which releases lie there, for whoever chooses one.

use std::sync::Arc;

use futures_util::future::join_all;

use super::deploy::spec_of;
use super::{Actor, Reachable};
use crate::app::message::Message;
use crate::deploys::lying::lying;
use crate::domain::settings::Settings;
use crate::domain::want::Want;

/// Hosts that are asked at once.
const AT_ONCE: usize = 16;

impl Actor {
    /// Asks the hosts of what is wanted; each answer is a message of its own.
    pub fn offer(&self, ticket: u64, want: Want, settings: &Settings, reachable: Reachable) {
        let Some(spec) = spec_of(settings, &want) else { return };
        let (root, state) = (spec.root.clone().unwrap_or_default(), spec.state.clone().unwrap_or_default());
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let links: Vec<_> = reachable.links.into_iter().collect();
            for some in links.chunks(AT_ONCE) {
                join_all(some.iter().map(async |(host, transport)| {
                    let said = lying(transport, &root, &state).await;
                    let _ = shared.messages.send(Message::Lying(ticket, host.clone(), said)).await;
                }))
                .await;
            }
            // Until then they stay connected, whatever becomes of the config.
            drop(reachable.open);
        });
    }
}
