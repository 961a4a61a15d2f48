//! What every transport promises, and what only real sshds can show.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
mod contract;
mod local;
mod openssh;
mod ssh2;
mod sshd;
