//! What the cockpit knows and how it changes: state, messages, effects, commands. Pure: no IO, no clock.

pub mod acting;
pub mod argument;
pub mod board;
pub mod change;
pub mod command;
pub mod context;
pub mod effect;
pub mod fuzzy;
pub mod hosted;
pub mod input;
mod logs_state;
pub mod message;
pub mod offering;
pub mod overlay;
pub mod picker;
pub mod sort;
mod start;
pub mod state;
pub mod update;
pub mod verb;
pub mod view_state;
pub mod viewport;
