//! The hosted APIs: the HTTP layer against a server that misbehaves, and each API against its stand-in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod acting;
mod cli;
mod companies;
mod figures;
mod gitlab;
mod http;
mod network;
mod slack;
mod specs;
mod statuscake;
mod stripe;
mod tools;
