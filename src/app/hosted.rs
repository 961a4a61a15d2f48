//! What hosted APIs say, as the screen knows it.

use std::collections::BTreeMap;

use crate::domain::alert::Alert;
use crate::domain::business::Ledger;
use crate::domain::delivery::Delivery;
use crate::domain::outside::Outside;

/// What hosted APIs say. A part that the config does not name is not there.
#[derive(Debug, Default)]
pub struct Hosted {
    /// What is watched from outside; none before the first answer.
    pub outside: Option<Outside>,
    /// What the projects are delivered as; none before the first answer.
    pub delivery: Option<Delivery>,
    /// What each source says fires, and what did in the last day.
    pub told: BTreeMap<&'static str, Vec<Alert>>,
    /// All of that, in the order in which it is read.
    pub alerts: Vec<Alert>,
    /// Each account of the business; none before its first answer.
    pub ledgers: Vec<Option<Ledger>>,
}
