//! What may be meant by what is typed on the command line so far.

use crate::app::command::{COMMANDS, Entry};
use crate::app::fuzzy;

/// Completions that are offered at once.
const OFFERED: usize = 12;

/// A command that a typed text may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Its row in the table.
    pub entry: &'static Entry,
    /// Which characters of its name were typed.
    pub in_name: Vec<usize>,
    /// Which characters of what it does were typed, where the name does not hold them.
    pub in_doc: Vec<usize>,
}

/// Commands that a typed text may mean, the best first. The palette looks for its words in what they do, too.
pub fn completions(typed: &str, palette: bool) -> Vec<Completion> {
    let typed = typed.trim();
    let mut found: Vec<(i32, Completion)> = Vec::new();
    for entry in COMMANDS {
        if let Some((score, in_name)) = fuzzy::fit(typed, entry.name) {
            found.push((score, Completion { entry, in_name, in_doc: Vec::new() }));
        } else if let Some(in_doc) = fuzzy::words(typed, entry.doc).filter(|_| palette) {
            found.push((i32::MIN, Completion { entry, in_name: Vec::new(), in_doc }));
        }
    }
    // Among equals the order of the table stays.
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, completion)| completion).take(OFFERED).collect()
}
