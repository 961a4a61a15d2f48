//! Machines: what they say of themselves, and how their services are.
//!
//! One shell loop runs on each host (`probe.sh`, started and restarted by [`watch`]); its answers are put together by
//! [`frame`], read by the pure parsers of [`parse`], and become figures in [`tick`] (the differences of two looks) and
//! [`slow`] (disks and units).

pub mod clock;
pub mod fill;
pub mod frame;
pub mod parse;
pub mod probe;
pub mod slow;
pub mod tick;
