//! Machines: what they say of themselves, and how their services are.
//!
//! [`watch`] is the way in. One shell loop runs on each host (`probe.sh`), kept running by the sampler of `session` and
//! asked at the times of [`schedule`]; its answers are put together by [`frame`], read by the pure parsers of [`parse`],
//! and become figures in [`tick`] (what two looks give) and [`slow`] (disks and units). Services gather on the [`board`]:
//! systemd's word for them, their health and their version.

pub mod board;
mod checks;
pub mod clock;
mod complaint;
pub mod fill;
pub mod frame;
pub mod parse;
pub mod probe;
mod processes;
pub mod schedule;
mod session;
pub mod slots;
pub mod slow;
pub mod tick;
pub mod watch;

pub use checks::{ask_health, ask_version};
pub use watch::{HostEvent, HostPlan, HostWatch, watch};
