//! The bottom line: at most six keys that matter here, always `help`.

use super::look::Look;
use crate::app::state::{Overlay, State, Tab};

/// Key and word of each hint.
pub(super) fn hints(state: &State, look: &Look) -> Vec<(String, &'static str)> {
    let wanted: &[(&str, &str)] = match (state.overlays.last(), state.tab) {
        (Some(Overlay::Help { .. }), _) => &[("back", "close")],
        (Some(Overlay::CommandLine(_)), _) => &[("accept", "run"), ("complete", "complete"), ("back", "close")],
        (Some(Overlay::Prompt(_)), _) => &[("accept", "take"), ("back", "close")],
        (Some(_), _) => &[("back", "no")],
        (None, Tab::Overview) => &[
            ("open", "open"),
            ("logs-here", "logs"),
            ("reconnect", "dial again"),
            ("next-pane", "pane"),
            ("command-line", "command"),
        ],
        (None, Tab::Logs) if state.logs.sidebar => &[
            ("toggle-source", "show/hide"),
            ("only-source", "only this"),
            ("sources", "back"),
            ("command-line", "command"),
        ],
        (None, Tab::Logs) => &[
            ("follow", "follow/pause"),
            ("search", "search"),
            ("filter", "filter"),
            ("next-error", "error"),
            ("sources", "sources"),
        ],
        (None, Tab::Hosts) if state.machines.open.is_some() => {
            &[("logs-here", "logs"), ("processes", "processes"), ("reconnect", "dial again"), ("back", "back")]
        }
        (None, Tab::Hosts) => &[
            ("open", "open"),
            ("logs-here", "logs"),
            ("sort", "sort"),
            ("hosts", "filter"),
            ("reconnect", "dial again"),
        ],
    };
    wanted.iter().filter_map(|(command, word)| Some((look.keys.of(command)?.to_owned(), *word))).collect()
}
