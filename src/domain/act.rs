//! What the screen is told of actions: the plan that is put to a person, and what happens while it is carried out. The
//! plan itself stays with whoever carries it out; this is what it says.

use std::time::Duration;

use super::audit::{Ending, HostEnding};
use super::confirm::Demand;
use super::deploy::journal::Fact;
use super::host::HostName;

/// A plan, as it is put to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The plan's hash: what is confirmed.
    pub hash: String,
    /// What is done to what.
    pub title: String,
    /// Where.
    pub environment: String,
    /// The service, where it is about one.
    pub service: Option<String>,
    /// The hosts, in order.
    pub hosts: Vec<String>,
    /// What does it or what it is done to where that is no host, such as a job of the forge's or a check: it has a row of
    /// its own, and is never counted among the hosts.
    pub other: Option<String>,
    /// The plan as a page: a label and a text a line.
    pub page: Vec<String>,
    /// What must be done to confirm it.
    pub demand: Demand,
}

/// What happens while a plan is carried out. All texts are safe to show.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A host's turn has come.
    Begun(HostName),
    /// A line that its command said.
    Said(HostName, String),
    /// A word about how it is going there.
    Note(HostName, String),
    /// A line of its part of a run's journal.
    Fact(HostName, Fact),
    /// Something about the whole that is not as it should be.
    Warning(String),
    /// A word about the whole.
    Word(String),
    /// Its bake is over its limits: is the release to be kept?
    Asks {
        /// What is over its limits.
        why: Vec<String>,
        /// How long an answer is waited for.
        patience: Duration,
        /// Whether silence takes every host back; else the run is held.
        back: bool,
    },
    /// A run was given this id.
    Run(String),
    /// A host is done.
    Ended(HostEnding),
    /// All of it is over.
    Over(Ending),
    /// It did not begin, or nobody here sees to it any more; why.
    Left(String),
}
