//! Ages of figures: how old, and whether still to be believed.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// How far a figure can be trusted, by its age in its own intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Younger than two intervals.
    Fresh,
    /// Two to three intervals: shown dim.
    Aging,
    /// Past three intervals: shown with `?`, and no data for rules and actions.
    Stale,
}

/// The freshness of a figure taken at `at` and due every `every`.
pub fn freshness(at: DateTime<Utc>, every: Duration, now: DateTime<Utc>) -> Freshness {
    let age = (now - at).to_std().unwrap_or_default();
    if age <= every * 2 {
        Freshness::Fresh
    } else if age <= every * 3 {
        Freshness::Aging
    } else {
        Freshness::Stale
    }
}
