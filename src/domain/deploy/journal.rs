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
        // What is noted for a bake is nothing to read.
        let quiet = self.text.is_empty() || matches!(self.event.as_str(), "done" | "vitals");
        let more = if quiet { String::new() } else { format!(": {}", self.text) };
        clean(&format!("{what}{took}{more}")).into_owned()
    }
}

/// What a host's journal says of when its release went live, and how the host was then: with it a bake is the same for
/// whoever watches it, from its beginning or from the middle of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    /// When it took the lock, by the host's clock.
    pub began: Option<DateTime<Utc>>,
    /// When the new release had been started, by the host's clock.
    pub live: Option<DateTime<Utc>>,
    /// When its gate was passed, by the host's clock.
    pub good: Option<DateTime<Utc>>,
    /// The same as its uptime, in hundredths of a second.
    pub good_up: Option<u64>,
    /// The unit as it was then: its InvocationID, a slash, and how often systemd had started it again.
    pub unit: Option<String>,
    /// What the kernel said before the switch, as `oom=3 cpu=0.50 memory=0.00 io=1.20`: kills for want of memory since it
    /// booted, and the shares of a minute that were waited, in percent.
    pub vitals: String,
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
    /// What a bake wants to know of it.
    pub milestones: Milestones,
    /// Whether its runner is alive, as far as is known.
    pub alive: bool,
    /// When it was over there, by the host's clock.
    pub ended: Option<DateTime<Utc>>,
    /// It has not been heard for so long that it counts as failed. What it told before may be so no longer.
    pub away: bool,
}

impl HostRun {
    /// Takes the next line.
    pub fn take(&mut self, fact: &Fact) {
        let text = || clean(&fact.text).into_owned();
        let time = DateTime::parse_from_rfc3339(&fact.time).ok().map(|time| time.to_utc());
        let because = |why: &Option<String>| why.clone().unwrap_or_else(text);
        match fact.event.as_str() {
            "begin" => {
                self.has_migrated |= fact.step == "migrate";
                self.step = Some(clean(&fact.step).into_owned());
            }
            "end" => self.step = None,
            "denied" => self.phase = Phase::Denied(text()),
            // A runner that was started again goes on where its journal ends.
            "locked" if self.phase == Phase::Unknown => {
                self.phase = Phase::Staging;
                self.milestones.began = time;
            }
            "vitals" => self.milestones.vitals = text(),
            "restarted" => self.milestones.live = time,
            "staged" => self.phase = Phase::Staged,
            "migrated" => self.migrated = true,
            "going" => self.phase = Phase::Going,
            "done" => {
                self.phase = Phase::Done;
                let (unit, up) = fact.text.split_once(' ').unwrap_or_default();
                self.milestones.good = time;
                self.milestones.unit = Some(clean(unit).into_owned()).filter(|unit| !unit.is_empty());
                self.milestones.good_up = up.parse().ok();
            }
            "failed" => {
                self.why = Some(text());
                self.phase = Phase::Failed(text());
            }
            "undone" => self.phase = Phase::Failed(because(&self.why)),
            "stuck" => self.phase = Phase::Stuck(text()),
            "unattended" => self.unattended = true,
            "attended" => self.unattended = false,
            "ended" => {
                self.ended = time;
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

    /// Whether there is nothing more to wait for there.
    pub fn is_through(&self) -> bool {
        self.is_over() || self.away
    }

    /// What is wrong there, where something is.
    pub fn trouble(&self) -> Option<&str> {
        if self.away && !self.is_over() {
            return Some("it is not heard any more; what it serves is not known");
        }
        self.why.as_deref()
    }

    /// The word for where it is.
    pub fn word(&self) -> &str {
        match &self.phase {
            _ if self.away && !self.is_over() => "unknown",
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
        let done = read(&["locked", "vitals oom=0 cpu=1.50", "going", "restarted", "done 4b1d/0 123456"]).milestones;
        assert_eq!(
            (done.unit.as_deref(), done.good_up, done.vitals.as_str()),
            (Some("4b1d/0"), Some(123_456), "oom=0 cpu=1.50")
        );
        assert_eq!(read(&["done"]).milestones, Milestones::default(), "as an older runner wrote it");
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
