//! Stripe: the figures of a business, and what happened to its money.

pub mod discount;
pub mod mrr;
pub mod object;
pub mod price;
pub mod subscription;
pub mod wire;
