//! How services get onto their hosts: what is written, what is planned, what hosts tell, and what follows from it.

pub mod bake;
pub mod batches;
pub mod freeze;
pub mod journal;
pub mod known;
pub mod offer;
pub mod page;
pub mod plan;
pub mod spec;
pub mod state;
pub mod steer;
