//! Log sources against real files, real processes and real hosts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod containers;
mod corpus;
mod cuts;
mod exact;
mod files;
mod journal;
mod look_back;
mod rights;
mod sieve;
mod sudo;
