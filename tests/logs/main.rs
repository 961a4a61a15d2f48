//! Log sources against real files, real processes and real hosts.

#[path = "../support/mod.rs"]
mod support;

mod exact;
mod files;
