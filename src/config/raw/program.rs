//! `[team]`, `[logs]`, `[stats]`, `[store]`, `[ui]`.

use std::time::Duration;

use crate::config::read::OneOf;
use crate::config::table::{table, words};
use crate::config::values::{Argv, HostId, HostPath, LogFilterText, Name, Pattern, Size};
use crate::domain::settings::Overflow;

table! {
    /// What people share: acks, silences, notes, who notifies; without it they are your own.
    Team {
        /// the one host that keeps it
        host: HostId = "bastion-1";
        /// where
        path: HostPath = "/var/lib/quarterdeck/team";
    }
}

table! {
    /// How lines are gathered.
    Logs {
        /// how long the merge waits for slower sources
        hold: Duration = "250ms";
        /// cap on the memory that holds lines
        memory: Size = "256MiB";
        /// history at the start
        since: Duration = "10m";
        /// drop-oldest | stall
        overflow: Overflow = "drop-oldest";
        /// mask secrets on the screen too
        redact_on_screen: bool = false;
        /// what stands out in every line; `as` is a role of the theme
        highlight: Vec<LogHighlight> = [{ match = "KeyError|out of memory", as = "warn" }];
        /// filters at hand under `&`, off at first
        filter: Vec<LogPreset> = [{ name = "slow", filter = "dur_ms>500" }];
    }
}

table! {
    /// A pattern that stands out.
    LogHighlight {
        /// a regex over the line as it is shown; required
        r#match: Pattern = "KeyError";
        /// a role of the theme; default: a colour of its own
        r#as: Name = "warn";
    }
}

table! {
    /// A filter that has a name.
    LogPreset {
        /// its name; required
        name: String = "slow";
        /// what lines must be like; required
        filter: LogFilterText = "dur_ms>500";
    }
}

words!(for Overflow { DropOldest => "drop-oldest", Stall => "stall" });

table! {
    /// How often machines are measured.
    Stats {
        /// the focused host; others three times that
        every: Duration = "5s";
        /// what changes slowly
        slow: Duration = "30s";
    }
}

table! {
    /// How long history is kept.
    Store {
        /// metrics and counters
        metrics: Duration = "48h";
        /// alerts, audit, incidents
        events: Duration = "400d";
    }
}

table! {
    /// Taken from the person's own file only.
    Ui {
        /// auto | a name | { dark = "…", light = "…" }
        theme: OneOf<Name, ThemePair> = "auto";
        /// default | vim | emacs; then keymap.toml beside config.toml
        keymap: Name = "default";
        /// utc | local | a zone
        time: Name = "utc";
        /// whether the mouse is taken
        mouse: bool = true;
        /// osc52 | off | a command
        clipboard: OneOf<ClipboardWord, Argv> = "osc52";
        /// no line drawing
        ascii: bool = false;
        /// the tab that opens first
        start: Name = "overview";
    }
}

table! {
    /// One theme for each background.
    ThemePair {
        /// on a dark background
        dark: Name = "dark";
        /// on a light background
        light: Name = "light";
    }
}

words!(
    /// Where copies go.
    ClipboardWord {
        /// The terminal's clipboard.
        Osc52 => "osc52",
        /// Nowhere.
        Off => "off",
    }
);
