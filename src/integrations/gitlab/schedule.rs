//! What to ask next: pure, so that a day of it can be tried in a moment.
//!
//! What somebody looks at comes first, then what changes often. Of a project nothing is asked before the project itself
//! was there, and of one that is not there nothing else. The history is walked back a page at a time, after everything
//! else. Many projects are each asked less often: an installation of one's own may allow 120 requests a minute, and half of
//! them are for others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::domain::delivery::Part;

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// What the token may.
    Token,
    /// A part of the project of this place in the config.
    Of(usize, Part),
    /// The next older page of that project's history.
    Older(usize),
    /// A part of what somebody looks at.
    Seen(Part),
}

impl Ask {
    /// Which part it is about.
    pub fn part(self) -> Part {
        match self {
            Self::Token => Part::Token,
            Self::Of(_, part) | Self::Seen(part) => part,
            Self::Older(_) => Part::Deployments,
        }
    }
}

/// The parts of a project, the most pressing first.
const ORDER: [Part; 8] = [
    Part::Project,
    Part::Deployments,
    Part::Environments,
    Part::Pipelines,
    Part::Incidents,
    Part::Tags,
    Part::MergeRequests,
    Part::Releases,
];
/// Parts of what somebody looks at.
const SEEN: [Part; 3] = [Part::Trace, Part::Jobs, Part::Comparison];
/// Requests that a project costs in a minute, about.
const COST: usize = 11;
/// What all of them may cost in a minute.
const BUDGET: usize = 60;
/// What the token may not ask is asked again after this.
const REFUSED: Duration = Duration::from_secs(3600);
/// What has failed otherwise is asked again after this.
const FAILED: Duration = Duration::from_secs(30);

/// How often a part is asked.
fn every(part: Part) -> Duration {
    Duration::from_secs(match part {
        Part::Trace => 3,
        Part::Jobs => 10,
        Part::Deployments | Part::Pipelines => 15,
        Part::Incidents => 60,
        Part::Environments | Part::Tags => 120,
        Part::MergeRequests => 300,
        Part::Releases | Part::Comparison => 600,
        Part::Token | Part::Project => 3600,
    })
}

/// What is asked when.
#[derive(Clone, Debug)]
pub struct Schedule {
    parts: Vec<Part>,
    projects: usize,
    /// When each is asked next; not there: at once.
    due: BTreeMap<Ask, Instant>,
    /// Projects that are there.
    there: BTreeSet<usize>,
    /// Projects whose history goes further back than is known.
    older: BTreeSet<usize>,
    seen: Vec<Part>,
}

impl Schedule {
    /// One for so many projects and these parts.
    pub fn new(projects: usize, parts: &[Part]) -> Self {
        let (parts, seen) = (parts.to_vec(), Vec::new());
        Self { parts, projects, due: BTreeMap::new(), there: BTreeSet::new(), older: BTreeSet::new(), seen }
    }

    /// Somebody looks at something else: these parts of it.
    pub fn look_at(&mut self, parts: &[Part]) {
        self.due.retain(|ask, _| !matches!(ask, Ask::Seen(_)));
        self.seen = SEEN.into_iter().filter(|part| parts.contains(part)).collect();
    }

    /// A part of what somebody looks at is known for good.
    pub fn is_settled(&mut self, part: Part) {
        self.seen.retain(|seen| *seen != part);
    }

    /// A project is there, or not.
    pub fn is_there(&mut self, project: usize, there: bool) {
        if there {
            self.there.insert(project)
        } else {
            self.there.remove(&project)
        };
    }

    /// Whether a project's history goes further back than is known.
    pub fn has_older(&mut self, project: usize, older: bool) {
        if older {
            self.older.insert(project)
        } else {
            self.older.remove(&project)
        };
        self.due.remove(&Ask::Older(project));
    }

    /// Questions that are due, the most pressing first, at most so many. They count as asked.
    pub fn take(&mut self, most: usize, now: Instant) -> Vec<Ask> {
        let taken: Vec<Ask> = self.asks().into_iter().filter(|ask| self.is_due(ask, now)).take(most).collect();
        for ask in &taken {
            let again = now + self.every(*ask);
            self.due.insert(*ask, again);
        }
        taken
    }

    /// A question failed: when it is asked again.
    pub fn failed(&mut self, ask: Ask, refused: bool, now: Instant) {
        self.due.insert(ask, now + if refused { REFUSED } else { FAILED });
    }

    /// A question is due now, whenever it was asked.
    pub fn ask_now(&mut self, ask: Ask) {
        self.due.remove(&ask);
    }

    /// A question is due after this time, whenever it was asked.
    pub fn ask_in(&mut self, ask: Ask, wait: Duration, now: Instant) {
        self.due.insert(ask, now + wait);
    }

    /// How long nothing is due.
    pub fn idle(&self, now: Instant) -> Duration {
        let due = |ask: &Ask| self.due.get(ask).map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        self.asks().iter().map(due).min().unwrap_or(every(Part::Project))
    }

    fn is_due(&self, ask: &Ask, now: Instant) -> bool {
        self.due.get(ask).is_none_or(|due| *due <= now)
    }

    /// Everything that is asked at all now.
    fn asks(&self) -> Vec<Ask> {
        let mut asks: Vec<Ask> = self.seen.iter().map(|part| Ask::Seen(*part)).collect();
        if self.parts.contains(&Part::Token) {
            asks.push(Ask::Token);
        }
        let waits = self.parts.contains(&Part::Project);
        for part in ORDER.into_iter().filter(|part| self.parts.contains(part)) {
            let projects = (0..self.projects).filter(|one| !waits || part == Part::Project || self.there.contains(one));
            asks.extend(projects.map(|project| Ask::Of(project, part)));
        }
        asks.extend(self.older.iter().map(|project| Ask::Older(*project)));
        asks
    }

    fn every(&self, ask: Ask) -> Duration {
        match ask {
            Ask::Of(_, part) => {
                let stretch = (self.projects * COST).div_ceil(BUDGET).clamp(1, 1000);
                every(part) * u32::try_from(stretch).unwrap_or(1)
            }
            // It says itself when there is more.
            Ask::Older(_) => FAILED,
            Ask::Token | Ask::Seen(_) => every(ask.part()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Part; 9] = [
        Part::Token,
        Part::Project,
        Part::Deployments,
        Part::Environments,
        Part::Pipelines,
        Part::Incidents,
        Part::Tags,
        Part::MergeRequests,
        Part::Releases,
    ];

    #[test]
    fn a_project_is_asked_for_before_what_is_in_it_and_alone_when_it_is_not_there() {
        let now = Instant::now();
        let mut schedule = Schedule::new(2, &ALL);
        assert_eq!(schedule.take(9, now), [Ask::Token, Ask::Of(0, Part::Project), Ask::Of(1, Part::Project)]);
        assert_eq!(schedule.take(9, now), []);
        schedule.is_there(1, true);
        schedule.failed(Ask::Of(0, Part::Project), true, now);
        let asked = schedule.take(9, now);
        assert_eq!((asked.len(), asked[0]), (7, Ask::Of(1, Part::Deployments)));
        assert_eq!(schedule.take(9, now + Duration::from_secs(14)), []);
        let soon = now + Duration::from_secs(15);
        assert_eq!(schedule.take(9, soon), [Ask::Of(1, Part::Deployments), Ask::Of(1, Part::Pipelines)]);
    }

    #[test]
    fn a_history_is_walked_after_everything_else_and_what_is_looked_at_comes_first() {
        let now = Instant::now();
        let mut schedule = Schedule::new(1, &[Part::Deployments]);
        assert_eq!(schedule.take(1, now), [Ask::Of(0, Part::Deployments)]);
        schedule.has_older(0, true);
        schedule.look_at(&[Part::Jobs, Part::Trace]);
        assert_eq!(schedule.take(9, now), [Ask::Seen(Part::Trace), Ask::Seen(Part::Jobs), Ask::Older(0)]);
        assert_eq!(schedule.take(9, now), []);
        schedule.has_older(0, true);
        assert_eq!(schedule.take(9, now), [Ask::Older(0)]);
        schedule.has_older(0, false);
        schedule.is_settled(Part::Trace);
        schedule.look_at(&[]);
        assert_eq!(schedule.idle(now), Duration::from_secs(15));
        assert_eq!(schedule.take(9, now + Duration::from_secs(10)), []);
    }

    #[test]
    fn an_hour_of_it_stays_within_half_of_what_an_installation_allows() {
        for projects in [1, 6, 40] {
            let start = Instant::now();
            let mut schedule = Schedule::new(projects, &ALL);
            (0..projects).for_each(|project| schedule.is_there(project, true));
            let asked: usize =
                (0..3600).map(|second| schedule.take(100, start + Duration::from_secs(second)).len()).sum();
            assert!(asked <= 60 * BUDGET + 9 * projects, "{projects} projects: {asked} in an hour");
            assert!(asked >= 500, "{projects} projects: {asked} in an hour");
        }
    }

    #[test]
    fn what_is_refused_is_left_alone_for_an_hour() {
        let now = Instant::now();
        let mut schedule = Schedule::new(1, &[Part::Incidents, Part::Tags]);
        schedule.take(9, now);
        let ask = Ask::Of(0, Part::Incidents);
        schedule.failed(ask, true, now);
        assert!(!schedule.take(9, now + Duration::from_secs(3599)).contains(&ask));
        schedule.failed(ask, false, now);
        assert!(schedule.take(9, now + Duration::from_secs(31)).contains(&ask));
        schedule.failed(ask, false, now);
        schedule.ask_now(ask);
        assert_eq!(schedule.take(1, now), [ask]);
    }
}
