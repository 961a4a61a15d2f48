//! What hosted APIs say, as the screen knows it.

use std::collections::BTreeMap;

use crate::domain::alert::Alert;
use crate::domain::business::Ledger;
use crate::domain::delivered::merged;
use crate::domain::delivery::Delivery;
use crate::domain::deployment::Deployment;
use crate::domain::outside::Outside;
use crate::domain::run::RunRecord;

/// What hosted APIs say. A part that the config does not name is not there.
#[derive(Debug, Default)]
pub struct Hosted {
    /// What is watched from outside; none before the first answer.
    pub outside: Option<Outside>,
    /// What the projects are delivered as; none before the first answer.
    pub delivery: Option<Delivery>,
    /// The runs that went over the hosts, newest first.
    pub runs: Vec<RunRecord>,
    /// What was deployed, by the projects and by the runs, newest first.
    pub deployments: Vec<Deployment>,
    /// What each source says fires, and what did in the last day.
    pub told: BTreeMap<&'static str, Vec<Alert>>,
    /// All of that, in the order in which it is read.
    pub alerts: Vec<Alert>,
    /// Each account of the business; none before its first answer.
    pub ledgers: Vec<Option<Ledger>>,
}

impl Hosted {
    /// Makes one history of what is known of both.
    pub fn join_deployments(&mut self) {
        let forge = self.delivery.as_ref().map_or_else(Vec::new, Delivery::deployments);
        self.deployments = merged(forge, &self.runs);
    }
}
