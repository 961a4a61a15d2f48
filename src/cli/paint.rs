//! Colours on standard output: what is wrong stands out, for those who look at a terminal.

/// How a word is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// All is well: green.
    Good,
    /// Somebody should look: yellow.
    Warn,
    /// It is wrong: red.
    Bad,
}

impl Paint {
    /// The text in its colour, as ECMA-48 has it (SGR); as it is where nothing is coloured.
    pub fn on(self, text: &str, colored: bool) -> String {
        let color = match self {
            Self::Good => 32,
            Self::Warn => 33,
            Self::Bad => 31,
        };
        if colored && !text.is_empty() { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What a word for how something is means: of hosts, units, health and units that failed.
    pub fn of_state(word: &str) -> Option<Self> {
        match word {
            "up" | "ok" => Some(Self::Good),
            "connecting" | "stale" | "retrying" => Some(Self::Warn),
            "down" | "auth failed" | "host key unknown" | "host key changed" | "failing" => Some(Self::Bad),
            word if word.starts_with("active") => Some(Self::Good),
            word if word.starts_with("activating") || word.starts_with("deactivating") => Some(Self::Warn),
            word if word.ends_with("failed") || word.starts_with("failed") || word.starts_with("inactive") => {
                Some(Self::Bad)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_painted_only_where_colours_are_wanted() {
        assert_eq!(Paint::Bad.on("down", true), "\x1b[31mdown\x1b[0m");
        assert_eq!(Paint::Bad.on("down", false), "down");
        assert_eq!(Paint::Bad.on("", true), "");
    }

    #[test]
    fn every_state_of_a_host_has_its_colour() {
        use crate::domain::host::HostState::*;
        for state in [Connecting, Up, Stale, Retrying, AuthFailed, HostKeyUnknown, HostKeyChanged, Down] {
            assert!(Paint::of_state(&state.as_str().replace('_', " ")).is_some(), "{state:?}");
        }
        assert_eq!(Paint::of_state("active (running)"), Some(Paint::Good));
        assert_eq!(Paint::of_state("nginx.service failed"), Some(Paint::Bad));
        assert_eq!(Paint::of_state("—"), None);
    }
}
