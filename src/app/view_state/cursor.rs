//! The time cursor that all tabs share: when the selected line of the logs was written.

use chrono::{DateTime, Utc};

use crate::app::state::State;

/// The time, while a line is selected.
pub fn cursor(state: &State) -> Option<DateTime<Utc>> {
    let selected = state.logs.selected.filter(|_| !state.logs.follow)?;
    DateTime::from_timestamp_micros(selected.micros)
}

/// Which of some times is the newest that the cursor is not before: what had just happened then.
pub fn row_before(state: &State, times: impl IntoIterator<Item = Option<DateTime<Utc>>>) -> Option<usize> {
    let at = cursor(state)?;
    let known =
        times.into_iter().enumerate().filter_map(|(n, time)| time.filter(|time| *time <= at).map(|time| (time, n)));
    // Of several at once the one that stands first.
    known.max_by_key(|(time, n)| (*time, std::cmp::Reverse(*n))).map(|(_, n)| n)
}
