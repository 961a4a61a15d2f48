//! What changes the outside world: plans are made from what hosts say ([`plan`]), carried out once they are approved
//! ([`execute`]), and recorded before and after ([`record`]).
//!
//! Commands are argv from the plan to the host; nothing is interpolated by a shell, and no password is ever sent.

pub mod again;
pub mod announce;
pub mod evidence;
pub mod execute;
pub mod gate;
pub mod hosted;
pub mod plan;
pub mod reach;
pub mod record;
pub mod scribe;
pub mod unit;
