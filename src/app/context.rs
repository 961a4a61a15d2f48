//! Where a key binding holds. The chain of contexts is worked out from the state, never stored.

use super::acting::Asking;
use super::state::{Overlay, State, Tab};
use crate::domain::question::Question;

/// A place where bindings hold. Names are the section names of a keymap file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Everywhere, also over overlays and while text is typed.
    Always,
    /// Every tab, while nothing is over it.
    Global,
    /// The Overview.
    Overview,
    /// The Logs tab.
    Logs,
    /// The sidebar of the Logs tab, while it has the keys.
    Sources,
    /// The table of the Hosts tab.
    Hosts,
    /// The page of one host.
    HostPage,
    /// The tabs that are made of lists: Deploys, Alerts and Business.
    Lists,
    /// The page of one row of those.
    Page,
    /// Wherever a line is typed.
    Text,
    /// The command line and the palette.
    CommandLine,
    /// The help.
    Help,
    /// A list to pick from.
    Picker,
    /// A dialog that asks yes or no.
    Confirm,
    /// The plan of an action, while something is typed to confirm it.
    Plan,
    /// The dialog about an unknown host key.
    HostKey,
}

impl Context {
    /// Every context, outermost first.
    pub const ALL: [Self; 16] = [
        Self::Always,
        Self::Global,
        Self::Overview,
        Self::Logs,
        Self::Sources,
        Self::Hosts,
        Self::HostPage,
        Self::Lists,
        Self::Page,
        Self::Text,
        Self::CommandLine,
        Self::Help,
        Self::Picker,
        Self::Confirm,
        Self::Plan,
        Self::HostKey,
    ];

    /// Its name in a keymap file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Global => "global",
            Self::Overview => "overview",
            Self::Logs => "logs",
            Self::Sources => "sources",
            Self::Hosts => "hosts",
            Self::HostPage => "host-page",
            Self::Lists => "lists",
            Self::Page => "page",
            Self::Text => "text",
            Self::CommandLine => "command-line",
            Self::Help => "help",
            Self::Picker => "picker",
            Self::Confirm => "confirm",
            Self::Plan => "plan",
            Self::HostKey => "host-key",
        }
    }

    /// Whether what is typed here is text, so that a plain letter must not be bound.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Text | Self::CommandLine | Self::Help | Self::Plan)
    }
}

/// The contexts that hold now, innermost first. An overlay hides the tab under it altogether.
pub fn chain(state: &State) -> Vec<Context> {
    use Context::{Always, CommandLine, Confirm, Help, HostKey, Picker, Plan, Text};
    match state.overlays.last() {
        Some(Overlay::Help { .. }) => vec![Help, Text, Always],
        Some(Overlay::CommandLine(_)) => vec![CommandLine, Text, Always],
        Some(Overlay::Prompt(_)) => vec![Text, Always],
        Some(Overlay::Picker(_)) => vec![Picker, Always],
        Some(Overlay::Confirm(_)) => vec![Confirm, Always],
        // What cannot be confirmed now takes no text, but the key that arms.
        Some(Overlay::Asking(asking)) if asking.wants_text() && may_confirm(state, asking) => vec![Plan, Text, Always],
        Some(Overlay::Asking(_)) => vec![Confirm, Always],
        Some(Overlay::Menu(_) | Overlay::Blanks(_)) => vec![Plan, Text, Always],
        Some(Overlay::Question { question: Question::HostKey { .. }, .. }) => vec![HostKey, Always],
        Some(Overlay::Question { .. }) => vec![Text, Always],
        None => of_tab(state),
    }
}

fn may_confirm(state: &State, asking: &Asking) -> bool {
    super::update::refusal(state, asking.want.subject.environment()).is_none()
}

/// The contexts of the tab in front, innermost first, whatever lies over it: what its help is about.
pub fn of_tab(state: &State) -> Vec<Context> {
    use Context::{Always, Global, HostPage, Hosts, Lists, Logs, Overview, Page, Sources};
    match state.tab {
        Tab::Overview => vec![Overview, Global, Always],
        Tab::Logs if state.logs.sidebar => vec![Sources, Logs, Global, Always],
        Tab::Logs => vec![Logs, Global, Always],
        Tab::Hosts if state.machines.open.is_some() => vec![HostPage, Hosts, Global, Always],
        Tab::Hosts => vec![Hosts, Global, Always],
        Tab::Deploys | Tab::Alerts | Tab::Business => match state.board(state.tab) {
            Some(board) if board.open.is_some() => vec![Page, Lists, Global, Always],
            _ => vec![Lists, Global, Always],
        },
    }
}
