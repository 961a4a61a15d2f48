//! Stripe: the figures of a business, and what happened to its money.

pub mod books;
pub mod discount;
pub mod figures;
pub mod mrr;
pub mod object;
pub mod price;
pub mod span;
pub mod subscription;
pub mod wire;
