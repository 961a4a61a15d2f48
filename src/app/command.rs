//! Every verb of the cockpit: one table, from which `:` completion, the palette, help, the keymap check and the
//! README's key block are derived.

use super::state::Tab;

/// A named UI verb. A command never changes the outside world; that is an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Leave.
    Quit,
    /// Show a tab.
    Show(Tab),
}
