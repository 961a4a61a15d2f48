//! What the cockpit knows and how it changes: state, messages, effects, commands. Pure: no IO, no clock.

pub mod command;
pub mod effect;
pub mod message;
pub mod state;
