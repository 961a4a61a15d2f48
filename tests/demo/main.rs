//! The embedded fleet: what its servers do and refuse, that the program's own transport, tails and sampler work on it
//! as on real hosts, and that nothing of it stays.

#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
#[allow(dead_code, reason = "one clause is about a network that made-up hosts have not")]
#[path = "../transport/contract.rs"]
mod contract;
mod apis;
mod cockpit;
mod folder;
mod library;
mod servers;
mod ssh;
mod storefront;
#[allow(dead_code, reason = "what programs cost is measured elsewhere")]
#[path = "../measure/tty.rs"]
mod tty;
