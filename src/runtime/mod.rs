//! Joins the pure half and the adapters: event loop, effects, workers, terminal.

pub mod background;
pub mod clipboard;
pub mod cockpit;
pub mod fleet;
mod frame;
pub mod limits;
pub mod pace;
pub mod qd_log;
pub mod questions;
pub mod screen;
pub mod survey;
pub mod terminal_asker;
pub mod tty;
pub mod wardrobe;
