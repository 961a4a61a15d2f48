//! What the screen and `qd status` say of the state, worked out from it and never stored.

pub mod cause;
pub mod cursor;
pub mod figures;
pub mod glance;
pub mod rows;
pub mod ruler;
pub mod sentence;
pub mod verdict;
pub mod watched;
