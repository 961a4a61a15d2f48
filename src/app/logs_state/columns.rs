//! Fields in columns: which have one, and how wide it is.

use super::{FieldsView, LogsState};
use crate::domain::log_view::RowContent;

/// Names of fields that columns of every line tell.
pub const TOLD: &[&str] = &[
    "ts",
    "time",
    "timestamp",
    "@timestamp",
    "t",
    "date",
    "level",
    "lvl",
    "severity",
    "loglevel",
    "priority",
    "PRIORITY",
    "msg",
    "message",
    "event",
    "MESSAGE",
];

/// Columns that are shown, and the widest of them.
const MOST: usize = 6;
const WIDEST: usize = 24;

impl LogsState {
    /// Measures the columns by the lines on the screen. They only ever grow, so that nothing jumps while lines come.
    /// Those that are in most lines come first, and message and other fields have a good part of the `room`.
    pub fn measure(&mut self, room: usize) {
        if self.fields != FieldsView::Columns {
            return self.columns.clear();
        }
        let hidden = &self.hidden_fields;
        let has_place = |name: &str| !TOLD.contains(&name) && hidden.iter().all(|hidden| hidden != name);
        self.columns.retain(|(name, _)| has_place(name));
        let mut found: Vec<(&str, usize, usize)> = Vec::new();
        for row in &self.window.rows {
            let RowContent::Line { fields, .. } = &row.content else { continue };
            for (name, value) in fields.iter().filter(|(name, _)| has_place(name)) {
                let wide = value.chars().count().max(name.chars().count()).min(WIDEST);
                match found.iter_mut().find(|(known, ..)| known == name) {
                    Some((_, lines, width)) => (*lines, *width) = (*lines + 1, wide.max(*width)),
                    None => found.push((name, 1, wide)),
                }
            }
        }
        // Among equals the order of the line stays.
        found.sort_by_key(|(_, lines, _)| std::cmp::Reverse(*lines));
        for (name, _, wide) in found {
            let used: usize = self.columns.iter().map(|(_, width)| width + 1).sum();
            if let Some((_, width)) = self.columns.iter_mut().find(|(known, _)| known == name) {
                *width = wide.max(*width);
            } else if self.columns.len() < MOST && used + wide < room * 3 / 5 {
                self.columns.push((name.to_owned(), wide));
            }
        }
    }
}
