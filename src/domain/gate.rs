//! When a host counts as good after something was done to it; deploys.md §5.6.

use std::time::Duration;

/// How a gate judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSettings {
    /// How long it may take.
    pub timeout: Duration,
    /// Healthy answers in a row.
    pub successes: u32,
    /// How often it asks.
    pub every: Duration,
    /// How long all of it must stay so.
    pub min_stable: Duration,
    /// Whether the reported version must be the one that was meant.
    pub version: bool,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            successes: 3,
            every: Duration::from_secs(2),
            min_stable: Duration::from_secs(10),
            version: true,
        }
    }
}

/// What systemd says of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct UnitFacts {
    /// LoadState, such as `loaded` or `not-found`.
    pub load: String,
    /// ActiveState, such as `active`.
    pub active: String,
    /// SubState, such as `running`.
    pub sub: String,
    /// Type, such as `notify` or `oneshot`; empty for what is no service.
    pub kind: String,
    /// InvocationID: another one for each start.
    pub invocation: String,
    /// NRestarts: how often systemd itself has restarted it; unknown before systemd 235.
    pub restarts: Option<u64>,
}

/// What the unit must have become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Started anew since it had this InvocationID.
    Started {
        /// The one before.
        before: String,
    },
    /// Running as it was, under the same InvocationID.
    Kept {
        /// The one before.
        before: String,
    },
    /// Running and well, whoever started it: what somebody else has done is looked at.
    Good,
    /// Not running.
    Stopped,
}

/// One look at a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The unit; none when it could not be asked.
    pub unit: Option<UnitFacts>,
    /// What its health check said; none where there is none.
    pub health: Option<Result<(), String>>,
    /// What is wrong with its version; none where that is not asked or right.
    pub version: Option<String>,
}

/// What a gate says after a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet, and what it waits for.
    Waiting(String),
    /// The host is good.
    Passed,
    /// It will not become good.
    Failed(String),
}

/// A gate at work.
#[derive(Clone, Debug)]
pub struct Gate {
    settings: GateSettings,
    expect: Expect,
    has_health: bool,
    /// The start that counts: its InvocationID, and NRestarts right after it.
    made: Option<(String, Option<u64>)>,
    healthy: u32,
    good_since: Option<Duration>,
}

impl Gate {
    /// A gate that has seen nothing. `has_health`: there is a health check to pass.
    pub fn new(settings: GateSettings, expect: Expect, has_health: bool) -> Self {
        Self { settings, expect, has_health, made: None, healthy: 0, good_since: None }
    }

    /// Judges a look that was taken this long after the beginning.
    pub fn look(&mut self, look: &Look, elapsed: Duration) -> Verdict {
        match self.judge(look) {
            Err(Verdict::Waiting(why)) => {
                self.good_since = None;
                if elapsed < self.settings.timeout {
                    return Verdict::Waiting(why);
                }
                Verdict::Failed(format!("after {} s: {why}", self.settings.timeout.as_secs()))
            }
            Err(verdict) => verdict,
            Ok(()) => {
                let since = *self.good_since.get_or_insert(elapsed);
                let left = self.settings.min_stable.saturating_sub(elapsed - since);
                if left.is_zero() && (!self.has_health || self.healthy >= self.settings.successes) {
                    return Verdict::Passed;
                }
                Verdict::Waiting(format!(
                    "good so far; it must stay so for {} s",
                    self.settings.min_stable.as_secs_f64()
                ))
            }
        }
    }

    fn judge(&mut self, look: &Look) -> Result<(), Verdict> {
        let waiting = |why: &str| Err(Verdict::Waiting(why.to_owned()));
        let Some(unit) = &look.unit else {
            self.healthy = 0;
            return waiting("the unit could not be asked");
        };
        if self.expect == Expect::Stopped {
            return if matches!(unit.active.as_str(), "inactive" | "failed") {
                Ok(())
            } else {
                waiting(&format!("the unit is {}", unit.active))
            };
        }
        let before = match &self.expect {
            Expect::Started { before } => Some((before, false)),
            Expect::Kept { before } => Some((before, true)),
            Expect::Good | Expect::Stopped => None,
        };
        match (&self.made, before) {
            (Some((invocation, restarts)), _) if *invocation != unit.invocation || *restarts != unit.restarts => {
                return Err(Verdict::Failed("it ended and systemd started it again".to_owned()));
            }
            (None, Some((before, kept))) if (unit.invocation == *before) != kept && !unit.invocation.is_empty() => {
                self.healthy = 0;
                let why = if kept { "it was started anew" } else { "it has not been started anew" };
                return if kept { Err(Verdict::Failed(why.to_owned())) } else { waiting(why) };
            }
            _ => {}
        }
        if unit.active != "active" {
            self.healthy = 0;
            let what = format!("the unit is {} ({})", unit.active, unit.sub);
            return if unit.active == "failed" { Err(Verdict::Failed(what)) } else { Err(Verdict::Waiting(what)) };
        }
        self.made.get_or_insert_with(|| (unit.invocation.clone(), unit.restarts));
        match &look.health {
            Some(Err(why)) => {
                self.healthy = 0;
                return Err(Verdict::Waiting(format!("its health check says: {why}")));
            }
            Some(Ok(())) => self.healthy += 1,
            None => {}
        }
        match &look.version {
            Some(wrong) => Err(Verdict::Waiting(wrong.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(invocation: &str, active: &str, restarts: u64) -> Option<UnitFacts> {
        Some(UnitFacts {
            load: "loaded".to_owned(),
            active: active.to_owned(),
            sub: "running".to_owned(),
            kind: "notify".to_owned(),
            invocation: invocation.to_owned(),
            restarts: Some(restarts),
        })
    }

    fn look(unit: Option<UnitFacts>, health: Option<bool>) -> Look {
        Look { unit, health: health.map(|ok| if ok { Ok(()) } else { Err("HTTP 500".to_owned()) }), version: None }
    }

    /// The verdict that ends a series of looks, one every two seconds, and how many it took.
    fn run(expect: Expect, looks: impl IntoIterator<Item = Look>) -> (Verdict, usize) {
        let has_health = true;
        let mut gate = Gate::new(GateSettings::default(), expect, has_health);
        let mut last = (Verdict::Waiting(String::new()), 0);
        for (n, look) in looks.into_iter().enumerate() {
            last = (gate.look(&look, Duration::from_secs(2 * n as u64)), n + 1);
            if !matches!(last.0, Verdict::Waiting(_)) {
                break;
            }
        }
        last
    }

    fn restarted() -> Expect {
        Expect::Started { before: "a".to_owned() }
    }

    fn failed(verdict: &Verdict) -> &str {
        match verdict {
            Verdict::Failed(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_passes_once_all_has_been_good_for_long_enough() {
        let good = || look(unit("b", "active", 0), Some(true));
        assert_eq!(run(restarted(), std::iter::repeat_with(good).take(30)), (Verdict::Passed, 6), "ten seconds");
        // One bad answer, and the time begins anew.
        let looks = (0..30).map(|n| if n == 3 { look(unit("b", "active", 0), Some(false)) } else { good() });
        assert_eq!(run(restarted(), looks), (Verdict::Passed, 10));
    }

    #[test]
    fn an_old_process_that_still_answers_passes_nothing() {
        let old = || look(unit("a", "active", 0), Some(true));
        let (verdict, looks) = run(restarted(), std::iter::repeat_with(old).take(40));
        assert_eq!((failed(&verdict), looks), ("after 60 s: it has not been started anew", 31));
    }

    #[test]
    fn a_sick_a_crashing_and_a_failed_unit_do_not_pass() {
        let sick = std::iter::repeat_with(|| look(unit("b", "active", 0), Some(false))).take(40);
        assert!(failed(&run(restarted(), sick).0).contains("HTTP 500"));
        let crashing = (0..40).map(|n| look(unit(&n.to_string(), "active", n), Some(true)));
        assert_eq!(run(restarted(), crashing).1, 2, "at the second start it is known");
        let counted = (0..40).map(|n| look(unit("b", "active", u64::from(n > 2)), Some(true)));
        assert_eq!(failed(&run(restarted(), counted).0), "it ended and systemd started it again");
        let (verdict, looks) = run(restarted(), [look(unit("b", "failed", 0), None)]);
        assert_eq!((failed(&verdict), looks), ("the unit is failed (running)", 1));
    }

    #[test]
    fn a_reload_keeps_the_process_and_a_stop_ends_it() {
        let kept = Expect::Kept { before: "a".to_owned() };
        let same = std::iter::repeat_with(|| look(unit("a", "active", 0), Some(true))).take(40);
        assert_eq!(run(kept.clone(), same).0, Verdict::Passed);
        assert!(failed(&run(kept, [look(unit("b", "active", 0), Some(true))]).0).contains("started anew"));
        let mut gate =
            Gate::new(GateSettings { min_stable: Duration::ZERO, ..Default::default() }, Expect::Stopped, false);
        let waiting = gate.look(&look(unit("a", "deactivating", 0), None), Duration::ZERO);
        assert_eq!(waiting, Verdict::Waiting("the unit is deactivating".to_owned()));
        assert_eq!(gate.look(&look(unit("a", "inactive", 0), None), Duration::from_secs(1)), Verdict::Passed);
    }

    #[test]
    fn a_wrong_version_is_waited_for_and_told() {
        let wrong =
            || Look { version: Some("it reports 1.4.2, not 1.5.0".to_owned()), ..look(unit("b", "active", 0), None) };
        let mut gate = Gate::new(GateSettings::default(), restarted(), false);
        assert!(matches!(gate.look(&wrong(), Duration::ZERO), Verdict::Waiting(_)));
        assert!(failed(&gate.look(&wrong(), Duration::from_secs(60))).contains("it reports 1.4.2"));
    }
}
