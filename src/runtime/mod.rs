//! Joins the pure half and the adapters: event loop, effects, workers, terminal.

pub mod clipboard;
mod frame;
pub mod qd_log;
pub mod questions;
pub mod screen;
pub mod terminal_asker;
pub mod tty;
