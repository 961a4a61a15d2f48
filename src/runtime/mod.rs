//! Joins the pure half and the adapters: event loop, effects, workers, terminal.

pub mod actor;
mod background;
mod browser;
pub mod clipboard;
pub mod cockpit;
pub mod crier;
mod decode;
mod export;
pub mod fleet;
mod frame;
pub mod herald;
pub mod history;
pub mod hosted;
mod input;
pub mod keep;
pub mod limits;
pub mod outlet;
mod pace;
pub mod qd_log;
pub mod questions;
pub mod screen;
mod signals;
pub mod survey;
pub mod terminal_asker;
pub mod terminal_confirm;
pub mod tty;
pub mod wardrobe;
