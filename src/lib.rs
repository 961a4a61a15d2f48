//! quarterdeck: a terminal cockpit for the engineer who is on call.

pub mod app;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod domain;
pub mod hosts;
pub mod integrations;
pub mod logs;
pub mod runtime;
pub mod transport;
pub mod ui;
