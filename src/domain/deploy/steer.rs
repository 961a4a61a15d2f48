//! What the controller of a run does next, from nothing but what the hosts tell: so that anybody can take it over.

use std::collections::{BTreeMap, BTreeSet};

use super::journal::{HostRun, Phase};
use super::spec::OnFail;
use crate::domain::deployment::DeploymentStatus;

/// An order to a host's runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Run the migration.
    Migrate,
    /// Switch, restart, and see whether it is well.
    Go,
    /// The release has proven itself: end.
    Finish,
    /// End as it is.
    Keep,
    /// Go back, and end.
    Undo,
    /// End without having switched.
    Abort,
    /// Its runner is dead: start it again.
    Revive,
}

impl Order {
    /// The name of its file in `ctl`; none for what is no order to a living runner.
    pub fn file(self) -> Option<&'static str> {
        match self {
            Self::Migrate => Some("migrate"),
            Self::Go => Some("go"),
            Self::Finish => Some("finish"),
            Self::Keep => Some("keep"),
            Self::Undo => Some("undo"),
            Self::Abort => Some("abort"),
            Self::Revive => None,
        }
    }
}

/// How a run came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every host has the new release.
    Succeeded,
    /// A host failed; what was to go back went back.
    RolledBack,
    /// A host failed and could not go back.
    Failed,
    /// It waits for a person.
    Held,
    /// Nothing was switched.
    Canceled,
    /// Another run has the lock.
    Denied,
}

impl Outcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Canceled => "canceled",
            Self::Denied => "denied",
        }
    }
}

impl From<Outcome> for DeploymentStatus {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Success,
            Outcome::RolledBack => Self::RolledBack,
            Outcome::Failed => Self::Failed,
            Outcome::Held => Self::Held,
            Outcome::Canceled | Outcome::Denied => Self::Canceled,
        }
    }
}

/// What somebody wants besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// That it goes on.
    #[default]
    On,
    /// That it stops at the hosts' next boundary.
    Stop,
    /// That every host goes back.
    Undo,
    /// That it goes on in spite of what the bake found.
    Keep,
    /// That it stays as it is, and waits for a person.
    Hold,
}

/// A run, as far as steering is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The hosts of each batch, in order.
    pub batches: Vec<Vec<String>>,
    /// What a failure leads to.
    pub on_fail: OnFail,
    /// Whether its migration, once it has run, makes going back a person's decision.
    pub oneway: bool,
    /// So many hosts that fail, or are not heard any more, stop it.
    pub max_failures: usize,
    /// Whether there is a migration, and whether it runs on each host.
    pub migrate: Option<bool>,
}

/// What follows from what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Give these orders, and look again; none: wait.
    Give(Vec<(String, Order)>),
    /// Every host is well: the fleet may be watched, and then each is told to finish.
    Proven,
    /// It is over.
    Over(Outcome),
}

impl Course {
    /// Every host, in order.
    pub fn hosts(&self) -> impl Iterator<Item = &String> {
        self.batches.iter().flatten()
    }

    /// What a failure leads to now: what has been migrated and cannot go back does not go back by itself.
    pub fn on_fail(&self, runs: &BTreeMap<String, HostRun>) -> OnFail {
        let migrated = self.oneway && runs.values().any(|run| run.has_migrated);
        if migrated { OnFail::Hold } else { self.on_fail }
    }

    /// What to do now.
    pub fn next(&self, runs: &BTreeMap<String, HostRun>, wish: Wish) -> Next {
        let run = |host: &String| runs.get(host).cloned().unwrap_or_default();
        let all: Vec<(&String, HostRun)> = self.hosts().map(|host| (host, run(host))).collect();
        let any = |test: &dyn Fn(&HostRun) -> bool| all.iter().any(|(_, run)| test(run));
        let results: BTreeSet<&str> = all
            .iter()
            .filter_map(|(_, run)| if let Phase::Ended(result) = &run.phase { Some(result.as_str()) } else { None })
            .collect();
        let dead: Vec<(String, Order)> = all
            .iter()
            .filter(|(_, run)| run.is_interrupted())
            .map(|(host, _)| ((*host).clone(), Order::Revive))
            .collect();
        if !dead.is_empty() {
            return Next::Give(dead);
        }
        let denied = any(&|run| matches!(run.phase, Phase::Denied(_)));
        if all.iter().all(|(_, run)| run.is_through()) {
            // One that is away may come back to somebody who is still to tell it how it ends.
            let lacking = all.iter().any(|(_, run)| !run.is_over());
            return Next::Over(if lacking { Outcome::Held } else { outcome(&results, denied) });
        }
        let (on_fail, on) = (self.on_fail(runs), matches!(wish, Wish::On | Wish::Keep));
        let failures = all.iter().filter(|(_, run)| has_failed(run)).count();
        // Nothing goes live without the migration that one host was to run for all.
        let first = all.first().is_some_and(|(_, run)| run.away && !run.migrated);
        let unmigrated = self.migrate == Some(false) && first;
        let stopped =
            denied || failures >= self.max_failures.max(1) || !on || unmigrated || any(&|run| ended(run, "canceled"));
        if stopped {
            let undo = wish == Wish::Undo || (failures > 0 && on_fail == OnFail::UndoAll);
            if wish == Wish::Hold || (failures > 0 && on_fail == OnFail::Hold && on) {
                let moving = any(&|run| !run.away && matches!(run.phase, Phase::Going | Phase::Staging));
                return if moving { Next::Give(Vec::new()) } else { Next::Over(Outcome::Held) };
            }
            return Next::Give(stop(&all, undo, on_fail));
        }
        if any(&|run| !run.away && matches!(run.phase, Phase::Unknown | Phase::Staging)) {
            return Next::Give(Vec::new());
        }
        if let Some(each) = self.migrate {
            let wanted: Vec<&(&String, HostRun)> =
                if each { all.iter().filter(|(_, run)| !run.away).collect() } else { all.iter().take(1).collect() };
            let orders: Vec<(String, Order)> = wanted
                .iter()
                .filter(|(_, run)| !run.migrated && run.phase == Phase::Staged)
                .map(|(host, _)| ((*host).clone(), Order::Migrate))
                .collect();
            if !orders.is_empty() {
                return Next::Give(orders);
            }
        }
        let open =
            |host: &&String| !matches!(run(host).phase, Phase::Done | Phase::Ended(_)) && !has_failed(&run(host));
        match self.batches.iter().find(|batch| batch.iter().any(|host| open(&host))) {
            Some(batch) => Next::Give(
                batch
                    .iter()
                    .filter(|host| run(host).phase == Phase::Staged)
                    .map(|host| (host.clone(), Order::Go))
                    .collect(),
            ),
            None => Next::Proven,
        }
    }

    /// The orders that end a proven run.
    pub fn finish(&self, runs: &BTreeMap<String, HostRun>) -> Vec<(String, Order)> {
        let done = |host: &&String| runs.get(*host).is_some_and(|run| run.phase == Phase::Done);
        self.hosts().filter(done).map(|host| (host.clone(), Order::Finish)).collect()
    }
}

/// The orders that bring a run to its end before its time.
fn stop(all: &[(&String, HostRun)], undo: bool, on_fail: OnFail) -> Vec<(String, Order)> {
    all.iter()
        .filter_map(|(host, run)| {
            let order = match &run.phase {
                Phase::Staged | Phase::Staging | Phase::Unknown => Order::Abort,
                Phase::Done | Phase::Failed(_) if undo => Order::Undo,
                Phase::Done => Order::Keep,
                Phase::Stuck(_) => Order::Abort,
                Phase::Failed(_) if on_fail == OnFail::Hold => Order::Abort,
                Phase::Going | Phase::Failed(_) | Phase::Denied(_) | Phase::Ended(_) => return None,
            };
            Some(((*host).clone(), order))
        })
        .collect()
}

fn ended(run: &HostRun, result: &str) -> bool {
    matches!(&run.phase, Phase::Ended(known) if known == result)
}

fn has_failed(run: &HostRun) -> bool {
    (run.away && !run.is_over())
        || matches!(run.phase, Phase::Failed(_) | Phase::Stuck(_))
        || ["undone", "stuck", "held"].iter().any(|result| ended(run, result))
}

fn outcome(results: &BTreeSet<&str>, denied: bool) -> Outcome {
    let any = |result| results.contains(result);
    if any("stuck") {
        Outcome::Failed
    } else if any("held") {
        Outcome::Held
    } else if any("undone") {
        Outcome::RolledBack
    } else if denied && !any("done") && !any("kept") {
        Outcome::Denied
    } else if any("kept") {
        Outcome::Held
    } else if any("canceled") {
        Outcome::Canceled
    } else {
        Outcome::Succeeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(on_fail: OnFail, migrate: Option<bool>) -> Course {
        let batches = vec![vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]];
        Course { batches, on_fail, oneway: migrate.is_some(), max_failures: 1, migrate }
    }

    fn runs(phases: [Phase; 3]) -> BTreeMap<String, HostRun> {
        let run = |phase| HostRun { phase, alive: true, ..HostRun::default() };
        ["a", "b", "c"].into_iter().map(str::to_owned).zip(phases.map(run)).collect()
    }

    fn give(orders: &[(&str, Order)]) -> Next {
        Next::Give(orders.iter().map(|(host, order)| ((*host).to_owned(), *order)).collect())
    }

    #[test]
    fn nothing_is_switched_before_all_are_staged_and_no_batch_before_the_last_is_good() {
        use Phase::{Done, Going, Staged, Staging};
        let course = course(OnFail::UndoHost, None);
        for (phases, next) in [
            ([Staged, Staged, Staging], give(&[])),
            ([Staged, Staged, Staged], give(&[("a", Order::Go)])),
            ([Going, Staged, Staged], give(&[])),
            ([Done, Staged, Staged], give(&[("b", Order::Go), ("c", Order::Go)])),
            ([Done, Done, Going], give(&[])),
            ([Done, Done, Done], Next::Proven),
        ] {
            assert_eq!(course.next(&runs(phases.clone()), Wish::On), next, "{phases:?}");
        }
        assert_eq!(course.finish(&runs([Done, Done, Done])).len(), 3);
    }

    #[test]
    fn a_failure_stops_the_run_as_it_is_told_to() {
        use Phase::{Done, Ended, Going, Staged};
        let failed = || Phase::Failed("HTTP 500".to_owned());
        let over = |result: &str| Ended(result.to_owned());
        for (on_fail, phases, next) in [
            (OnFail::UndoHost, [failed(), Staged, Staged], give(&[("b", Order::Abort), ("c", Order::Abort)])),
            (OnFail::UndoHost, [Done, failed(), Staged], give(&[("a", Order::Keep), ("c", Order::Abort)])),
            (OnFail::UndoHost, [Done, failed(), Going], give(&[("a", Order::Keep)])),
            (
                OnFail::UndoAll,
                [Done, failed(), Staged],
                give(&[("a", Order::Undo), ("b", Order::Undo), ("c", Order::Abort)]),
            ),
            (OnFail::Hold, [failed(), Staged, Going], give(&[])),
            (OnFail::Hold, [failed(), Staged, Staged], Next::Over(Outcome::Held)),
            (OnFail::UndoHost, [over("undone"), over("canceled"), over("canceled")], Next::Over(Outcome::RolledBack)),
            (OnFail::UndoHost, [over("stuck"), over("canceled"), over("canceled")], Next::Over(Outcome::Failed)),
            (OnFail::UndoHost, [over("canceled"), Staged, Staged], give(&[("b", Order::Abort), ("c", Order::Abort)])),
            (OnFail::UndoHost, [over("canceled"), over("canceled"), over("canceled")], Next::Over(Outcome::Canceled)),
        ] {
            assert_eq!(course(on_fail, None).next(&runs(phases.clone()), Wish::On), next, "{on_fail:?} {phases:?}");
        }
    }

    #[test]
    fn another_runs_lock_a_wish_and_a_dead_runner() {
        use Phase::{Denied, Done, Going, Staged};
        let plain = course(OnFail::UndoHost, None);
        let denied = runs([Denied("ana".to_owned()), Staged, Staged]);
        assert_eq!(plain.next(&denied, Wish::On), give(&[("b", Order::Abort), ("c", Order::Abort)]));
        let middle = runs([Done, Going, Staged]);
        assert_eq!(plain.next(&middle, Wish::Stop), give(&[("a", Order::Keep), ("c", Order::Abort)]));
        assert_eq!(plain.next(&middle, Wish::Undo), give(&[("a", Order::Undo), ("c", Order::Abort)]));
        let mut dead = middle;
        dead.get_mut("b").unwrap().alive = false;
        assert_eq!(plain.next(&dead, Wish::On), give(&[("b", Order::Revive)]));
    }

    #[test]
    fn a_host_that_stays_away_counts_as_failed_and_nobody_waits_for_it() {
        use Phase::{Done, Ended, Going, Staged};
        let over = |result: &str| Ended(result.to_owned());
        let away = |phases: [Phase; 3], host: &str| {
            let mut runs = runs(phases);
            runs.get_mut(host).unwrap().away = true;
            runs
        };
        let one = course(OnFail::UndoHost, None);
        let two = Course { max_failures: 2, ..one.clone() };
        let gone = away([Going, Staged, Staged], "a");
        assert_eq!(one.next(&gone, Wish::On), give(&[("b", Order::Abort), ("c", Order::Abort)]));
        assert_eq!(two.next(&gone, Wish::On), give(&[("b", Order::Go), ("c", Order::Go)]));
        let last = away([Done, Done, Going], "c");
        assert_eq!(one.next(&last, Wish::On), give(&[("a", Order::Keep), ("b", Order::Keep)]));
        assert_eq!(two.next(&last, Wish::On), Next::Proven);
        let rest = away([over("canceled"), over("canceled"), Staged], "c");
        assert_eq!(one.next(&rest, Wish::On), Next::Over(Outcome::Held), "it still has the lock, and waits for a word");
        assert_eq!(rest["c"].word(), "unknown");
        // Another goes on only where what one was to migrate for all is migrated.
        let migrating = Course { max_failures: 2, ..course(OnFail::UndoHost, Some(false)) };
        let first = away([Staged, Staged, Staged], "a");
        assert_eq!(
            migrating.next(&first, Wish::On),
            give(&[("a", Order::Abort), ("b", Order::Abort), ("c", Order::Abort)])
        );
    }

    #[test]
    fn a_migration_runs_once_before_any_switch() {
        let staged = || [Phase::Staged, Phase::Staged, Phase::Staged];
        let once = course(OnFail::UndoHost, Some(false));
        assert_eq!(once.next(&runs(staged()), Wish::On), give(&[("a", Order::Migrate)]));
        let mut after = runs(staged());
        after.get_mut("a").unwrap().migrated = true;
        assert_eq!(once.next(&after, Wish::On), give(&[("a", Order::Go)]));
        let each = course(OnFail::UndoHost, Some(true));
        assert_eq!(each.next(&after, Wish::On), give(&[("b", Order::Migrate), ("c", Order::Migrate)]));
        // One that had nothing to do stands in nobody's way back.
        assert_eq!(once.on_fail(&after), OnFail::UndoHost);
        after.get_mut("a").unwrap().has_migrated = true;
        assert_eq!(once.on_fail(&after), OnFail::Hold);
    }
}
