//! What the screen and `qd status` say of the state, worked out from it and never stored.

pub mod sentence;
pub mod verdict;
