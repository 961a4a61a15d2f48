//! What is told while a run goes on, to a person at a terminal, to the cockpit and to the store alike.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::domain::deploy::bake::Findings;
use crate::domain::deploy::journal::Fact;

/// One piece of news. Texts are safe to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A host's journal has another line.
    Fact(String, Fact),
    /// A word about a host.
    Note(String, String),
    /// What a host's steps and its service said last, before it failed.
    Output(String, Vec<String>),
    /// A word about the whole run.
    Run(String),
    /// How the bake stands, and in a line.
    Bake(Box<Findings>, String),
    /// The bake is over its limits: to keep the release, or to take it back? Silence for so long does as the plan says.
    Asks {
        /// What is over its limits.
        why: Vec<String>,
        /// How long an answer is waited for.
        patience: Duration,
        /// Whether silence takes every host back; else the run is held.
        back: bool,
    },
}

/// Where news goes. Whoever stopped listening misses it; the run goes on.
#[derive(Clone, Debug)]
pub struct Teller(mpsc::Sender<Told>);

impl Teller {
    /// One that tells into this channel.
    pub fn new(news: mpsc::Sender<Told>) -> Self {
        Self(news)
    }

    /// Tells a piece of news.
    pub async fn tell(&self, told: Told) {
        let _ = self.0.send(told).await;
    }

    /// A word about a host.
    pub async fn note(&self, host: &str, text: impl Into<String>) {
        self.tell(Told::Note(host.to_owned(), text.into())).await;
    }

    /// A word about the whole run.
    pub async fn run(&self, text: impl Into<String>) {
        self.tell(Told::Run(text.into())).await;
    }
}
