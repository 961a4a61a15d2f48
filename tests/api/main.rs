//! The hosted APIs: the HTTP layer against a server that misbehaves, and each API against its stand-in.

#[path = "../support/mod.rs"]
mod support;

mod http;
mod stripe;
