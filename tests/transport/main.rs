//! What every transport promises, and what only real sshds can show.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
mod contract;
mod answers;
mod askpass;
mod authentication;
mod faults;
mod figures;
mod fleet;
mod host_keys;
mod jumps;
mod local;
mod negotiation;
mod openssh;
#[cfg(feature = "demo")]
mod prompts;
mod rtt;
mod ssh2;
mod sshd;
mod sudo;
mod traps;

#[path = "../support/mod.rs"]
mod support;
