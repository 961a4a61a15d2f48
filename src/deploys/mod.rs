//! Deploys: a run's plan, its half on the hosts (`runner.sh`, started detached), and the steering of it from here.
//!
//! Facts are written by the hosts' runners alone; this half reads them, gives orders between steps, and can be replaced
//! by another at any time ([`steer`]). [`conduct`] is all of it, from the approval to the last word. [`survey`] looks before a plan is made, [`plan`] makes it, [`script`] writes it
//! down for a runner, and [`host`] is how a host is talked to. [`bake`] watches the fleet afterwards; [`proof`] judges what a job of GitLab's has put there.

pub mod alarms;
pub mod bake;
pub mod by_job;
pub mod conduct;
pub mod herald;
pub mod host;
pub mod job_of;
pub mod job_plan;
pub mod known;
mod listen;
pub mod lying;
pub mod origin;
pub mod plan;
mod preflight;
pub mod prepare;
pub mod proof;
pub mod script;
pub mod steer;
pub mod survey;
pub mod told;
pub mod upload;
