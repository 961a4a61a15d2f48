//! Whether what a job of GitLab's has put on the hosts of a service is well there: each host's gate, then the bake of all
//! of them. Looks only: nothing is undone here, for the way back is a job too, and a person's to start.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::bake::{Baker, Watched};
use super::herald::Herald;
use super::told::{Teller, Told};
use crate::actions::execute::Progress;
use crate::actions::gate::{self, Ended};
use crate::domain::deploy::journal::Milestones;
use crate::domain::deploy::plan::Bake;
use crate::domain::gate::{Expect, GateSettings};
use crate::domain::host::HostName;
use crate::domain::service::Service;
use crate::domain::text::one_line;
use crate::transport::SharedTransport;

/// Between two looks.
const PACE: Duration = Duration::from_millis(700);

/// What is to be looked at.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its hosts, as far as they can be reached.
    pub links: &'a BTreeMap<HostName, SharedTransport>,
    /// When a host counts as good.
    pub gate: &'a GateSettings,
    /// How long the fleet is watched then; none: not at all.
    pub bake: Option<&'a Bake>,
    /// The version that must be there.
    pub version: &'a str,
    /// The one before.
    pub from: Option<&'a str>,
}

impl Proof<'_> {
    /// Looks until it is decided; `done` is when the job had done it. What is wrong, if anything is.
    pub async fn look(&self, done: DateTime<Utc>, herald: &Herald, told: &Teller) -> Result<(), Vec<String>> {
        let away = self.service.hosts.iter().filter(|host| !self.links.contains_key(*host));
        let mut faults: Vec<String> =
            away.map(|host| format!("{host}: it is not connected; what it serves is not known")).collect();
        let hosts = self.service.hosts.iter().filter_map(|host| Some((host, self.links.get(host)?)));
        let hosts: Vec<(&HostName, &SharedTransport)> = hosts.collect();
        let looks = hosts.iter().map(|(host, link)| async move { (*host, self.gated(host, link, told).await) });
        for (host, ended) in join_all(looks).await {
            match ended {
                Ended::Good => told.note(host.as_str(), format!("it is well with {}", self.version)).await,
                Ended::Bad(why) => faults.push(format!("{host}: {}", one_line(&why, 200))),
                Ended::Unknown => faults.push(format!("{host}: it is not heard any more; what it serves is not known")),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let (Some(bake), Some(unit)) = (self.bake, self.service.unit.as_deref()) else { return Ok(()) };
        told.run(format!("every host is good; the fleet is watched for {} s", bake.time.as_secs_f64())).await;
        let watched = hosts.into_iter().map(|(host, link)| Watched {
            host: host.to_string(),
            link,
            version: self.version.to_owned(),
            from: self.from.map(str::to_owned),
            milestones: Milestones { good: Some(done), ..Milestones::default() },
        });
        let mut baker = Baker::new(unit, bake, watched.collect());
        loop {
            if let Some((findings, line)) = baker.look(herald).await {
                let breaches = findings.breaches(&bake.limits);
                told.tell(Told::Bake(Box::new(findings.clone()), line)).await;
                if !breaches.is_empty() {
                    return Err(breaches);
                }
            }
            if baker.is_over() {
                told.run(format!("the bake is passed: {}", baker.numbers())).await;
                return Ok(());
            }
            sleep(PACE).await;
        }
    }

    async fn gated(&self, host: &HostName, link: &SharedTransport, told: &Teller) -> Ended {
        let (progress, mut heard) = mpsc::channel(16);
        let version = self.service.version.as_ref().filter(|_| self.gate.version).map(|source| (source, self.version));
        let expect = Expect::Good;
        let unit = self.service.unit.as_deref();
        let watching =
            async move { gate::watch(link, unit, Some(self.service), self.gate, expect, version, &progress).await };
        let telling = async {
            while let Some(news) = heard.recv().await {
                if let Progress::Note(_, text) = news {
                    told.note(host.as_str(), text).await;
                }
            }
        };
        tokio::join!(watching, telling).0
    }
}
