//! What can be counted among the lines that are held: the values of a field, the lines that each of some filters passes.

use super::log_view::LogFilter;
use super::query::Query;

/// A question, and its number: an answer to an older one is ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Counts questions.
    pub number: u64,
    /// What is counted.
    pub what: Counted,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Counted {
    /// The values of this field among the lines that pass the filter. Lines that continue another have no fields.
    Values(LogFilter, String),
    /// The lines that each of these passes by itself.
    Filters(Vec<Query>),
}

/// An answer, whole or so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The question's number.
    pub number: u64,
    /// What was counted, made safe, and how many lines: values with the most frequent first, or filters in their order.
    pub rows: Vec<(String, u64)>,
    /// Lines that have the field.
    pub having: u64,
    /// Lines looked at.
    pub looked: u64,
    /// Lines whose value is none of those kept: there are too many different ones.
    pub others: u64,
    /// Every line has been looked at.
    pub whole: bool,
}
