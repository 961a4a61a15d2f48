//! Draws the state. Pure.
