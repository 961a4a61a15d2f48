//! What has changed since a moment, kind by kind.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Kind, Service, Templates};
use crate::domain::log::{Level, SourceId};

/// So many changes are told of.
const TOLD: usize = 200;
/// A kind of which this many would have been expected since, and none came, is gone: one time in a hundred by chance
/// alone (the chance of none is e^-expected).
const MISSED: f64 = 4.6;
/// A kind is more frequent when it comes at least this many times as often,
const TIMES: f64 = 2.0;
/// by this many standard deviations of what chance would give (the counts before and after, given their sum, are
/// binomial when nothing has changed),
const DEVIATIONS: f64 = 4.0;
/// and at least so many times.
const LEAST: u64 = 5;
/// Rates before are taken over a day at most.
const DAY: i64 = 86_400_000_000;

/// What has changed since a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The moment.
    pub since: DateTime<Utc>,
    /// Of each change one: new ones first, then those more frequent, then those gone; the worst and most of each first.
    pub changes: Vec<Change>,
    /// Services (none: sources without one) of which nothing from before that moment is known: nothing is said of them.
    pub unknown: Vec<Option<Arc<str>>>,
}

/// What has changed with one kind of message.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// Of which service.
    pub service: Option<Arc<str>>,
    /// The message: `<n>` stands for a number, `<id>` for an id, `<*>` for a word that varies. Safe to show. A regex
    /// that finds its lines is [`pattern`](super::pattern)'s.
    pub text: String,
    /// Its level.
    pub level: Option<Level>,
    /// How often since that moment, to ten seconds.
    pub after: u64,
    /// How often before it, at most a day back.
    pub before: u64,
    /// Since when anything is known of what its service says.
    pub known: DateTime<Utc>,
    /// Sources that have said it since that moment; of what is gone, those that had.
    pub sources: Vec<SourceId>,
    /// When it was said first and last.
    pub first: DateTime<Utc>,
    /// When it was said last.
    pub last: DateTime<Utc>,
}

/// Kinds of change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChangeKind {
    /// Never before.
    New,
    /// So many times as often as before.
    More(f64),
    /// No more, though it would have been expected.
    Gone,
    /// As before, as far as can be told.
    Same,
}

impl Change {
    /// How it has changed, in a word or figure: `NEW`, `×7`, `GONE`; empty when it has not.
    pub fn word(&self) -> String {
        match self.kind {
            ChangeKind::New => "NEW".to_owned(),
            ChangeKind::More(times) => format!("×{times:.0}"),
            ChangeKind::Gone => "GONE".to_owned(),
            ChangeKind::Same => String::new(),
        }
    }

    fn order(&self) -> (u8, std::cmp::Reverse<Option<Level>>, std::cmp::Reverse<u64>) {
        let kind = match self.kind {
            ChangeKind::New => 0,
            ChangeKind::More(_) => 1,
            ChangeKind::Gone => 2,
            ChangeKind::Same => 3,
        };
        (kind, std::cmp::Reverse(self.level), std::cmp::Reverse(self.after.max(self.before)))
    }
}

impl Templates {
    /// What has changed since a moment, as seen `now` (in microseconds since the epoch).
    pub fn since(&self, moment: DateTime<Utc>, now: i64) -> Comparison {
        let since = moment.timestamp_micros();
        let known = |service: &Service| service.first < since;
        let mut changes: Vec<Change> = (self.kinds.iter().flatten())
            .filter(|kind| known(&self.services[kind.group.service as usize]))
            .map(|kind| self.change(kind, since, now))
            .filter(|change| change.kind != ChangeKind::Same)
            .collect();
        sort(&mut changes);
        let unknown = self.services.iter().filter(|service| !known(service)).map(|service| service.name.clone());
        let mut unknown: Vec<_> = unknown.collect();
        unknown.sort();
        Comparison { since: moment, changes, unknown }
    }

    /// Every kind that was said at this level or worse since a moment, and how that compares with before; the worst and
    /// most frequent first.
    pub fn troubles(&self, least: Level, since: i64, now: i64) -> Vec<Change> {
        let bad = |kind: &&Kind| kind.group.level >= Some(least) && kind.counts.last() >= since;
        let mut changes: Vec<Change> =
            self.kinds.iter().flatten().filter(bad).map(|kind| self.change(kind, since, now)).collect();
        for change in &mut changes {
            let unknown = self.services.iter().any(|it| it.name == change.service && it.first >= since);
            if unknown {
                change.kind = ChangeKind::Same;
            }
        }
        changes.sort_by(|a, b| (b.after, b.level, &a.text).cmp(&(a.after, a.level, &b.text)));
        changes.truncate(TOLD);
        changes
    }

    fn change(&self, kind: &Kind, since: i64, now: i64) -> Change {
        let service = &self.services[kind.group.service as usize];
        let from = service.first.max(since.saturating_sub(DAY));
        let counts = &kind.counts;
        let gone = counts.last() < since;
        // Slots are coarse; what is exact are the first and last times.
        let after = if gone { 0 } else { counts.between(since, i64::MAX).max(1) };
        let before = if counts.first() >= since { 0 } else { counts.between(from, since) };
        let (long, short) = (seconds(from, since), seconds(since, now));
        let change = if counts.first() >= since {
            ChangeKind::New
        } else if gone && before as f64 * short / long >= MISSED {
            ChangeKind::Gone
        } else if let Some(times) = more(before, after, long, short) {
            ChangeKind::More(times)
        } else {
            ChangeKind::Same
        };
        let said = |source: &&(SourceId, i64)| gone || source.1 >= since;
        let mut sources: Vec<SourceId> = kind.sources.iter().filter(said).map(|(source, _)| *source).collect();
        sources.sort();
        Change {
            kind: change,
            service: service.name.clone(),
            text: kind.words.text(),
            level: kind.group.level,
            after,
            before,
            known: time(service.first),
            sources,
            first: time(counts.first()),
            last: time(counts.last()),
        }
    }
}

/// How many times as often it comes, when that is more than chance.
fn more(before: u64, after: u64, long: f64, short: f64) -> Option<f64> {
    let (sum, share) = ((before + after) as f64, short / (long + short));
    let (expected, deviation) = (sum * share, (sum * share * (1.0 - share)).sqrt());
    let times = (after as f64 / short) / (before.max(1) as f64 / long);
    let surely = after as f64 - expected >= DEVIATIONS * deviation;
    (after >= LEAST && times >= TIMES && surely).then_some(times)
}

fn seconds(from: i64, to: i64) -> f64 {
    (to.saturating_sub(from) as f64 / 1e6).max(1.0)
}

fn sort(changes: &mut Vec<Change>) {
    changes.sort_by(|a, b| (a.order(), &a.service, &a.text).cmp(&(b.order(), &b.service, &b.text)));
    changes.truncate(TOLD);
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
