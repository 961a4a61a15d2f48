//! Log sources, parsing, merging, the store and its views.

pub mod source;
