//! The words of the program: plain types and pure functions. No IO, no clock, nothing spawned.

pub mod age;
pub mod alert;
pub mod api_error;
pub mod audit;
pub mod business;
pub mod counter;
pub mod glob;
pub mod host;
pub mod hosted;
pub mod log;
pub mod log_view;
pub mod money;
pub mod monitor;
pub mod nearest;
pub mod outside;
pub mod query;
pub mod question;
pub mod ratio;
pub mod redact;
pub mod sample;
pub mod series;
pub mod service;
pub mod settings;
pub mod text;
pub mod ulid;
