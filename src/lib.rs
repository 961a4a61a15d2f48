//! quarterdeck: a terminal cockpit for the engineer who is on call.
//!
//! It connects to servers over plain SSH, with nothing installed on them, and shows their merged live logs, their
//! machine stats and their services in tabbed panes; every pane has a headless twin on the command line.
//!
//! # How it hangs together
//!
//! ```text
//! terminal events ─┐                                        ┌─> ui::render(&State)      pure; only when dirty
//! ticks ───────────┼─> Message ─> app::update(&mut State) ──┤
//! workers ─────────┘   (bounded,    pure: no IO, no clock   └─> Vec<Effect> ─> runtime performs
//!                       batched)
//! key ─> keymap(contexts derived from State) ─> Command ─> update;  `:` and the mouse give the same Commands
//! ```
//!
//! One thread owns [`app::state::State`]; the time comes inside messages, so every behaviour is tested without
//! sleeping. Log lines do not travel as messages: [`logs`] parses, merges and stores them on a thread of its own, and
//! the state only ever holds a snapshot of the visible rows.
//!
//! Each host has one [`transport::Transport`], which keeps its connection alive by itself. [`hosts`] samples the
//! machine over it, [`logs::source`] tails over it, and whoever opened a stream opens it again when the link is back.
//!
//! # Which way imports go
//!
//! `domain <- app <- ui` and `domain <- adapters` (`config`, `store`, `transport`, `hosts`, `logs`, `integrations`,
//! `actions`,
//! `deploys`); [`runtime`] joins the two; [`cli`] and `demo` stand on top. `tests/architecture.rs` reads the `use` lines.
//!
//! # Invariants, each a test
//!
//! 1. `domain`, `app` and `ui` do no IO, read no clock and spawn nothing.
//! 2. `ssh2` is named only in `transport/ssh`, `reqwest` only in `integrations/http`, terminal modes only in `runtime`.
//! 3. Text from outside is made safe before it is shown ([`domain::text`]), and is never put unquoted into a command.
//! 4. Channels that carry records are bounded; what is dropped is counted and shown.
//! 5. No secret has `Display` or `Debug`.
//! 6. Parsers never panic on any bytes and never allocate without bound.
//! 7. Programs of this machine are started only through [`programs`].
//! 8. Every command has a doc line; every tab has an empty, a normal and a stale snapshot at three sizes.

pub mod actions;
pub mod app;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod deploys;
pub mod domain;
pub mod hosts;
pub mod integrations;
pub mod logs;
pub mod programs;
pub mod runtime;
pub mod store;
pub mod transport;
pub mod ui;
