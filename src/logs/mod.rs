//! Log sources, parsing, merging, the store and its views.
//!
//! [`source`] brings raw lines as [`Feed`](crate::domain::log::Feed); [`record`] gives each its time, level and place
//! through [`parse`]; [`merge`] puts the sources into one order; [`store`] keeps what fits into the memory cap;
//! [`engine`] does all that on a thread of its own and answers queries with windows of rows.

pub mod engine;
pub mod filter;
pub mod merge;
pub mod parse;
pub mod record;
pub mod source;
pub mod status;
pub mod store;
pub mod view;
