//! The names of fields that lines have: learned from some lines of every source, so that a filter knows a field from a
//! text.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::parse::{self, Format};
use super::record::{BEFORE, Body, Record, SourceState};
use crate::domain::text::is_unsafe;

/// Of every source so many lines at first are looked at, then one of so many.
const FIRST: u64 = 64;
const ONE_OF: u64 = 256;
/// More names than these, or longer ones, are no help to anybody.
const MOST: usize = 1000;
const LONGEST: usize = 64;

/// The names so far; shared, because every window carries them.
#[derive(Debug, Default)]
pub struct Names(Arc<BTreeSet<String>>);

impl Names {
    /// Looks at a line, or passes over it.
    pub fn look(&mut self, record: &Record, state: &SourceState) {
        let Body::Line { bytes, .. } = &record.body else { return };
        if state.format() == Format::Plain && state.shape().part.is_none()
            || record.seq.saturating_sub(BEFORE) > FIRST && !record.seq.is_multiple_of(ONE_OF)
        {
            return;
        }
        for (name, value) in parse::fields(state.shape(), bytes, record.time.nanos) {
            self.add(name, &value, 0);
        }
    }

    fn add(&mut self, name: String, value: &serde_json::Value, depth: usize) {
        if let serde_json::Value::Object(members) = value
            && depth < 4
        {
            for (member, value) in members {
                self.add(format!("{name}.{member}"), value, depth + 1);
            }
        }
        let fits = name.len() <= LONGEST && !name.contains(|c: char| is_unsafe(c) || c.is_whitespace());
        if fits && self.0.len() < MOST && !self.0.contains(&name) {
            Arc::make_mut(&mut self.0).insert(name);
        }
    }

    /// The names.
    pub fn all(&self) -> Arc<BTreeSet<String>> {
        self.0.clone()
    }
}
