//! Log sources, parsing, merging, the store and its views.
//!
//! [`source`] brings raw lines as [`Feed`](crate::domain::log::Feed); [`record`] gives each its time, level and place
//! through [`parse`]; [`merge`] puts the sources into one order; [`store`] keeps [`block`]s of what fits into the memory
//! cap; [`scan`] knows which rows pass the [`filter`] and match the search, and [`view`] makes windows of them;
//! [`engine`] does all that on a thread of its own. [`output`] is for the command line, which needs no store.

pub mod block;
pub mod engine;
pub mod excerpt;
pub mod export;
pub mod filter;
pub mod insight;
pub mod lone;
pub mod merge;
pub mod meter;
pub mod names;
pub mod output;
pub mod parse;
pub mod record;
pub mod row;
pub mod rowset;
pub mod scan;
pub mod sieve;
pub mod skew;
pub mod source;
pub mod status;
pub mod store;
pub mod survey;
pub mod view;
