//! What a host tells of its part of a run: the journal of its runner, read to what it means.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::domain::text::clean;

/// One line of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Fact {
    /// When, by the host's clock.
    pub time: String,
    /// What: `begin` and `end` of a step, or a phase of the run.
    pub event: String,
    /// The step, for those two.
    pub step: String,
    /// Its exit code.
    pub rc: Option<i32>,
    /// How long it took, in milliseconds.
    pub ms: Option<u64>,
    /// More words; may hold anything that a host said.
    pub text: String,
}

impl Fact {
    /// Reads a line; one that is cut off or odd is none.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The fact in a line safe to show.
    pub fn told(&self) -> String {
        let what = match (self.event.as_str(), self.rc) {
            ("begin", _) => format!("{} …", self.step),
            ("end", Some(0)) => format!("{} done", self.step),
            ("end", rc) => format!("{} failed ({})", self.step, rc.unwrap_or(-1)),
            (event, _) => event.to_owned(),
        };
        let took = self.ms.map(|ms| format!(" in {:.1} s", ms as f64 / 1000.0)).unwrap_or_default();
        let more = if self.text.is_empty() { String::new() } else { format!(": {}", self.text) };
        clean(&format!("{what}{took}{more}")).into_owned()
    }
}

/// Where a host is in its part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been heard of it.
    #[default]
    Unknown,
    /// Another run has the lock there.
    Denied(String),
    /// It has the lock, and stages.
    Staging,
    /// It is ready for the switch.
    Staged,
    /// It is between drain and gate.
    Going,
    /// The new release is live there, and well.
    Done,
    /// It failed, and goes back or waits.
    Failed(String),
    /// It could not go back either.
    Stuck(String),
    /// It is over there, with this result: done, kept, undone, stuck, held or canceled.
    Ended(String),
}

/// A host's part of a run, as its journal tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostRun {
    /// Where it is.
    pub phase: Phase,
    /// Nobody steers it.
    pub unattended: bool,
    /// The migration is done with there: it has run, or had nothing to do.
    pub migrated: bool,
    /// A migration has begun there.
    pub has_migrated: bool,
    /// The step that has begun and not ended.
    pub step: Option<String>,
    /// Why it failed, also after it has gone back.
    pub why: Option<String>,
    /// How many lines have been read.
    pub lines: usize,
    /// Whether its runner is alive, as far as is known.
    pub alive: bool,
    /// When it was over there, by the host's clock.
    pub ended: Option<DateTime<Utc>>,
}

impl HostRun {
    /// Takes the next line.
    pub fn take(&mut self, fact: &Fact) {
        let text = || clean(&fact.text).into_owned();
        let because = |why: &Option<String>| why.clone().unwrap_or_else(text);
        match fact.event.as_str() {
            "begin" => {
                self.has_migrated |= fact.step == "migrate";
                self.step = Some(clean(&fact.step).into_owned());
            }
            "end" => self.step = None,
            "denied" => self.phase = Phase::Denied(text()),
            // A runner that was started again goes on where its journal ends.
            "locked" if self.phase == Phase::Unknown => self.phase = Phase::Staging,
            "staged" => self.phase = Phase::Staged,
            "migrated" => self.migrated = true,
            "going" => self.phase = Phase::Going,
            "done" => self.phase = Phase::Done,
            "failed" => {
                self.why = Some(text());
                self.phase = Phase::Failed(text());
            }
            "undone" => self.phase = Phase::Failed(because(&self.why)),
            "stuck" => self.phase = Phase::Stuck(text()),
            "unattended" => self.unattended = true,
            "attended" => self.unattended = false,
            "ended" => {
                self.ended = fact.time.parse().ok();
                self.phase = Phase::Ended(text());
            }
            _ => {}
        }
    }

    /// Whether nothing more will happen there.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_) | Phase::Denied(_))
    }

    /// Whether its runner was cut off: a reboot, or a kill.
    pub fn is_interrupted(&self) -> bool {
        !self.alive && !self.is_over() && self.phase != Phase::Unknown
    }

    /// The word for where it is.
    pub fn word(&self) -> &str {
        match &self.phase {
            Phase::Unknown => "unknown",
            Phase::Denied(_) => "denied",
            Phase::Staging => "staging",
            Phase::Staged => "staged",
            Phase::Going => "going",
            Phase::Done => "done",
            Phase::Failed(_) => "failed",
            Phase::Stuck(_) => "stuck",
            Phase::Ended(result) => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(events: &[&str]) -> HostRun {
        let mut run = HostRun::default();
        for event in events {
            let (event, text) = event.split_once(' ').unwrap_or((event, ""));
            run.take(&Fact { event: event.to_owned(), text: text.to_owned(), ..Fact::default() });
        }
        run
    }

    #[test]
    fn a_journal_is_read_to_where_the_host_is() {
        for (events, word) in [
            (&[][..], "unknown"),
            (&["locked"], "staging"),
            (&["locked", "staged", "going", "switched"], "going"),
            (&["locked", "staged", "going", "locked"], "going"),
            (&["locked", "staged", "going", "done", "unattended"], "done"),
            (&["locked", "staged", "going", "failed x", "undoing", "undone"], "failed"),
            (&["locked", "staged", "going", "failed x", "undoing", "undone", "ended undone"], "undone"),
            (&["denied ana"], "denied"),
        ] {
            assert_eq!(read(events).word(), word, "{events:?}");
        }
        let failed = read(&["going", "failed HTTP 500", "undone 1.4.2"]);
        assert_eq!(failed.why.as_deref(), Some("HTTP 500"));
        assert!(read(&["unattended", "attended"]).phase == Phase::Unknown);
    }

    #[test]
    fn facts_are_told_without_what_moves_a_cursor() {
        let line = r#"{"time":"t","event":"end","step":"gate","rc":1,"ms":1500,"text":"HTTP \u001b[2J"}"#;
        assert_eq!(Fact::parse(line).unwrap().told(), "gate failed (1) in 1.5 s: HTTP ␛[2J");
        assert_eq!(Fact::parse("{\"event\":"), None);
    }

    proptest! {
        #[test]
        fn no_line_breaks_it(line in ".{0,60}") {
            if let Some(fact) = Fact::parse(&line) {
                HostRun::default().take(&fact);
            }
        }
    }
}
