//! What to ask next: pure, so that a day of it can be tried in a moment.
//!
//! The list of checks every minute is what states come from. When a check's state has changed, its events are asked at
//! once; so are those of the check that somebody looks at. Everything else takes turns, the longest unasked first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::domain::monitor::{Monitor, MonitorState};
use crate::domain::outside::Feed;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// For all of a feed.
    All(Feed),
    /// For a feed of the check of this id.
    Of(Feed, String),
}

impl Ask {
    /// Which feed it is about.
    pub fn feed(&self) -> Feed {
        match self {
            Self::All(feed) | Self::Of(feed, _) => *feed,
        }
    }
}

/// How often a feed is asked; those of single checks, at most.
fn every(feed: Feed) -> Duration {
    Duration::from_secs(match feed {
        Feed::Checks => 60,
        Feed::Heartbeats => 120,
        Feed::Windows => 300,
        Feed::Certificates | Feed::PageSpeeds | Feed::Responses => 600,
        Feed::Events => 1800,
        Feed::ContactGroups => 3600,
    })
}

/// Rounds over single checks take at least this long for each, so that they stay a small part of 60 a minute.
const SPACING: Duration = Duration::from_secs(4);
/// What the token may not ask is asked again after this.
const REFUSED: Duration = Duration::from_secs(3600);
/// What has failed otherwise is asked again after this.
const FAILED: Duration = Duration::from_secs(30);

/// What is asked when.
#[derive(Clone, Debug)]
pub struct Plan {
    feeds: Vec<Feed>,
    /// When each is asked next; not there: at once.
    due: BTreeMap<Ask, Instant>,
    checks: BTreeMap<String, MonitorState>,
    /// Checks in the order in which their first round goes: down ones, then the worst.
    order: Vec<String>,
    changed: BTreeSet<String>,
    visible: Option<String>,
}

impl Plan {
    /// A plan for these feeds.
    pub fn new(feeds: &[Feed]) -> Self {
        Self {
            feeds: feeds.to_vec(),
            due: BTreeMap::new(),
            checks: BTreeMap::new(),
            order: Vec::new(),
            changed: BTreeSet::new(),
            visible: None,
        }
    }

    /// Somebody looks at this check, or at none.
    pub fn look_at(&mut self, id: Option<String>) {
        if self.visible != id
            && let Some(id) = &id
        {
            self.due.remove(&Ask::Of(Feed::Events, id.clone()));
            self.due.remove(&Ask::Of(Feed::Responses, id.clone()));
        }
        self.visible = id;
    }

    /// Takes up a list of checks.
    pub fn learn(&mut self, checks: &[Monitor]) {
        for check in checks {
            if self.checks.get(&check.id).is_some_and(|known| *known != check.state) {
                self.changed.insert(check.id.clone());
            }
        }
        self.checks = checks.iter().map(|check| (check.id.clone(), check.state)).collect();
        let known = &self.checks;
        self.due.retain(|ask, _| !matches!(ask, Ask::Of(_, id) if !known.contains_key(id)));
        self.changed.retain(|id| known.contains_key(id));
        let mut order: Vec<&Monitor> = checks.iter().collect();
        order.sort_by(|a, b| {
            let rank = |check: &Monitor| (check.state != MonitorState::Down, check.state == MonitorState::Paused);
            let uptime = |check: &Monitor| check.uptime_pct.unwrap_or(100.0);
            rank(a).cmp(&rank(b)).then_with(|| uptime(a).total_cmp(&uptime(b)))
        });
        self.order = order.into_iter().map(|check| check.id.clone()).collect();
    }

    /// How many checks are asked after one by one.
    pub fn checks(&self) -> usize {
        self.checks.len()
    }

    /// Questions that are due, the most pressing first, at most so many. They count as asked.
    pub fn take(&mut self, most: usize, now: Instant) -> Vec<Ask> {
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some(ask) = self.next(now) else { break };
            let again = now + self.every(&ask);
            if let Ask::Of(Feed::Events, id) = &ask {
                self.changed.remove(id);
            }
            self.due.insert(ask.clone(), again);
            // Nothing of single checks is asked before it is known which there are.
            let first = ask == Ask::All(Feed::Checks) && self.checks.is_empty();
            taken.push(ask);
            if first {
                break;
            }
        }
        taken
    }

    /// A question failed: when it is asked again.
    pub fn failed(&mut self, ask: &Ask, refused: bool, now: Instant) {
        self.due.insert(ask.clone(), now + if refused { REFUSED } else { FAILED.min(self.every(ask)) });
    }

    /// A question is due now, whenever it was asked.
    pub fn ask_now(&mut self, ask: &Ask) {
        self.due.remove(ask);
    }

    /// How long nothing is due.
    pub fn idle(&self, now: Instant) -> Duration {
        if self.next(now).is_some() {
            return Duration::ZERO;
        }
        self.due.values().min().map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }

    fn next(&self, now: Instant) -> Option<Ask> {
        let due = |ask: &Ask| self.due.get(ask).is_none_or(|due| *due <= now);
        let list = Ask::All(Feed::Checks);
        if due(&list) {
            return Some(list);
        }
        if self.feeds.contains(&Feed::Events)
            && let Some(id) = self.changed.first()
        {
            return Some(Ask::Of(Feed::Events, id.clone()));
        }
        let singles = [Feed::Events, Feed::Responses].into_iter().filter(|feed| self.feeds.contains(feed));
        if let Some(id) = self.visible.as_ref().filter(|id| self.checks.contains_key(*id)) {
            let seen = singles.clone().map(|feed| Ask::Of(feed, id.clone())).find(|ask| due(ask));
            if seen.is_some() {
                return seen;
            }
        }
        let whole = self.feeds.iter().map(|feed| Ask::All(*feed));
        let whole = whole.filter(|ask| !matches!(ask.feed(), Feed::Checks | Feed::Events | Feed::Responses));
        whole.into_iter().find(|ask| due(ask)).or_else(|| {
            singles.flat_map(|feed| self.order.iter().map(move |id| Ask::Of(feed, id.clone()))).find(|ask| due(ask))
        })
    }

    fn every(&self, ask: &Ask) -> Duration {
        match ask {
            Ask::All(feed) => every(*feed),
            Ask::Of(_, id) if self.visible.as_ref() == Some(id) => every(Feed::Checks),
            Ask::Of(feed, _) => {
                every(*feed).max(SPACING * u32::try_from(self.checks.len()).unwrap_or(u32::MAX).min(100_000))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Feed; 8] = [
        Feed::Checks,
        Feed::Events,
        Feed::Heartbeats,
        Feed::Windows,
        Feed::Certificates,
        Feed::PageSpeeds,
        Feed::ContactGroups,
        Feed::Responses,
    ];

    fn check(id: &str, state: MonitorState) -> Monitor {
        Monitor {
            id: id.to_owned(),
            name: id.to_owned(),
            url: String::new(),
            kind: "HTTP".to_owned(),
            state,
            uptime_pct: None,
            every: Duration::from_secs(60),
            tags: vec![],
            contact_groups: vec![],
        }
    }

    fn events(id: &str) -> Ask {
        Ask::Of(Feed::Events, id.to_owned())
    }

    #[test]
    fn the_list_comes_first_and_a_change_right_after_it() {
        let now = Instant::now();
        let mut plan = Plan::new(&[Feed::Checks, Feed::Events]);
        assert_eq!(plan.take(9, now), [Ask::All(Feed::Checks)]);
        let mut checks =
            vec![check("a", MonitorState::Up), check("b", MonitorState::Up), check("c", MonitorState::Down)];
        plan.learn(&checks);
        assert_eq!(plan.take(9, now), [events("c"), events("a"), events("b")]);
        assert_eq!(plan.take(9, now), []);
        assert_eq!(plan.idle(now), Duration::from_secs(60));
        let now = now + Duration::from_secs(60);
        assert_eq!(plan.take(9, now), [Ask::All(Feed::Checks)]);
        checks[1].state = MonitorState::Down;
        plan.learn(&checks);
        assert_eq!(plan.take(9, now), [events("b")]);
        plan.look_at(Some("a".to_owned()));
        assert_eq!(plan.take(9, now), [events("a")]);
        assert_eq!(plan.take(9, now + Duration::from_secs(61)), [Ask::All(Feed::Checks), events("a")]);
    }

    #[test]
    fn an_hour_of_it_keeps_far_within_sixty_a_minute_after_the_first_round() {
        for count in [0, 1, 33, 400] {
            let start = Instant::now();
            let mut plan = Plan::new(&ALL);
            let checks: Vec<_> = (0..count).map(|i| check(&i.to_string(), MonitorState::Up)).collect();
            let mut asked: Vec<Duration> = Vec::new();
            let mut seen = BTreeSet::new();
            let mut clock = Duration::ZERO;
            while clock < Duration::from_secs(3600) {
                // One a second is what sixty a minute leaves.
                for ask in plan.take(1, start + clock) {
                    if ask == Ask::All(Feed::Checks) {
                        plan.learn(&checks);
                    }
                    asked.push(clock);
                    seen.insert(ask);
                }
                clock += Duration::from_secs(1);
            }
            assert_eq!(seen.len(), 6 + 2 * count, "everything had its turn");
            let late = asked.iter().filter(|at| **at >= Duration::from_secs(1800)).count();
            assert!(late <= 30 * 35, "{count} checks: {late} in half an hour");
        }
    }

    #[test]
    fn what_is_refused_is_left_alone_for_an_hour() {
        let now = Instant::now();
        let mut plan = Plan::new(&[Feed::Checks, Feed::Windows]);
        plan.take(1, now);
        plan.learn(&[]);
        let windows = Ask::All(Feed::Windows);
        assert_eq!(plan.take(9, now), std::slice::from_ref(&windows));
        plan.failed(&windows, true, now);
        assert!(!plan.take(9, now + Duration::from_secs(3599)).contains(&windows));
        plan.failed(&windows, false, now);
        assert!(plan.take(9, now + Duration::from_secs(31)).contains(&windows));
    }
}
