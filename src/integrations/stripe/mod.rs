//! Stripe: the figures of a business, and what happened to its money.

pub mod account;
pub mod books;
mod changes;
mod check;
pub mod discount;
pub mod feed;
pub mod figures;
mod intake;
pub mod mrr;
pub mod object;
pub mod price;
pub mod rows;
pub mod span;
pub mod subscription;
mod walk;
pub mod wire;
