//! Hosted APIs and everything else that speaks HTTP.

pub mod gitlab;
pub mod http;
pub mod slack;
pub mod statuscake;
pub mod stripe;
