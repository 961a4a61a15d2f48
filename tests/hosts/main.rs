//! Machines and their services, watched for real: this machine, made-up ones, and the fleet.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[path = "../support/mod.rs"]
mod support;

mod fleet;
mod http;
mod probe;
mod silent;
mod watching;
mod world;
