//! Actions, from the command line to real hosts and back: what happens, what must not, and what is remembered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../transport/sshd.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod sshd;

#[path = "../measure/tty.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod tty;

mod archives;
mod away;
mod bakes;
mod chaos;
mod cockpit;
mod cockpit_apis;
mod cockpit_runs;
mod cockpit_taken_up;
mod cockpit_versions;
mod deploy;
mod exec;
mod fleet;
mod history;
mod hosted;
mod matrix;
mod policy;
mod preflight;
mod releases;
mod restart;
mod scripts;
mod shells;
mod steered;
mod terminal;
mod world;
