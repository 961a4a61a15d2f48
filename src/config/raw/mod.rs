//! The config as it is typed: one file a table. Each key stands here once, with its documentation, an example or its
//! default, and its type; the reader, the template of `qd init`, the JSON schema and what is asked before a found file
//! is trusted are all derived from it.

pub mod action;
pub mod alert;
pub mod api;
pub mod deploy;
pub mod fleet;
pub mod program;
pub mod service;

use super::read::{Entries, OneOf, Table};
use super::schema::Schema;
use super::table::table;

table! {
    /// The whole config.
    /// Durations "15m", sizes "256MiB", percentages "5%". Commands are arrays (argv): no shell, each {…} stays one
    /// argument. Every secret is one of { env = "NAME" }, { command = [...] }, { file = "…" } (yours, 0600),
    /// { keyring = "…" }; never written inline.
    Config {
        /// what all hosts have in common
        fleet: fleet::Fleet = {};
        /// "production", "prod" and "live" are careful by themselves, and so is a fleet that names none
        environment: Entries<fleet::Environment> = [];
        /// what is written here wins over ~/.ssh/config; a host's own key wins over both
        ssh: fleet::Ssh = {};
        /// one machine
        host: Entries<fleet::Host> = [];
        /// one per environment of its hosts: api@production, api@staging
        service: Entries<service::Service> = [];
        /// blocks deploys; never rollbacks or restarts
        freeze: Entries<deploy::Freeze> = [];
        /// a command of one's own
        action: Entries<action::Action> = [];
        /// the checks of StatusCake
        statuscake: api::Statuscake = {};
        /// Stripe's figures; or [[stripe]] with name, for several accounts
        stripe: OneOf<api::Stripe, Entries<api::Stripe>> = {};
        /// GitLab's pipelines and deployments
        gitlab: api::Gitlab = {};
        /// messages to Slack
        slack: api::Slack = {};
        /// expected events: the Jobs board and the absence rules
        job: Entries<alert::Job> = [];
        /// anything else becomes alerts, a metric or a counter
        probe: Entries<alert::Probe> = [];
        /// on top of the shipped ones (same name overrides); exactly one kind
        rule: Entries<alert::Rule> = [];
        /// business counters of one's own, beside Stripe's
        counter: Entries<alert::Counter> = [];
        /// who is told, and how loudly
        notify: alert::Notify = {};
        /// what people share: acks, silences, notes, who notifies; without it they are your own
        team: program::Team = {};
        /// how lines are gathered
        logs: program::Logs = {};
        /// how often machines are measured
        stats: program::Stats = {};
        /// how long history is kept
        store: program::Store = {};
        /// taken from the person's own file only
        ui: program::Ui = {};
    }
}

/// The schema of the whole config.
pub fn schema() -> Schema {
    Config::schema()
}
