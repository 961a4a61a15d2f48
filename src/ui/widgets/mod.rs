//! Parts that several panes are made of.

pub mod bars;
pub mod graph;
pub mod input;
pub mod list;
pub mod page;
pub mod table;
