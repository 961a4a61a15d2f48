//! The config from the outside: files in folders, and what `qd` makes of them.
#![allow(clippy::unwrap_used, reason = "a test whose world cannot be built should fail")]

mod corpus;
mod hosted;
mod init;
mod layers;
mod meaning;
mod reload;
mod selection;
mod trust;
mod world;
