//! Draws the state. Pure.

pub mod keymap;
