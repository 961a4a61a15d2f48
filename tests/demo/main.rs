//! The embedded fleet: what its servers do and refuse, and that nothing of it stays.

#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod folder;
mod servers;
mod ssh;
