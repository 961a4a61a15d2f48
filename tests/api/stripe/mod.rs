//! Stripe: every figure of a company that somebody else has worked out, pure and over HTTP.

mod business;
mod cli;
mod company;
mod elsewhere;
mod figures;
mod following;
mod history;
mod http;
pub mod large;
mod ledger;
mod specs;
