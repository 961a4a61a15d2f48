//! Keeping what is known of an account up to date.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::StatusCake;
use super::plan::{Ask, Plan};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::hosted::CheckOwner;
use crate::domain::monitor::{
    Certificate, ContactGroup, Heartbeat, MaintenanceWindow, Monitor, MonitorEvent, MonitorState, PageSpeed, Response,
};
use crate::domain::outside::{Feed, Outside, Trouble};

/// Questions under way at once.
const TOGETHER: usize = 4;
/// Response times that are kept of a check.
const RESPONSES: u32 = 60;

/// Keeps a snapshot up to date, within the account's budget.
pub struct Watch {
    client: StatusCake,
    plan: Plan,
    outside: Outside,
    /// How far back events are wanted.
    back: TimeDelta,
    /// What was not answered when it was last asked.
    failing: BTreeMap<Ask, ApiErrorKind>,
    /// Whose checks are asked after one by one; none: everybody's.
    only: Option<Vec<CheckOwner>>,
}

enum Answer {
    Checks(Vec<Monitor>),
    Events(String, Vec<MonitorEvent>),
    Responses(String, Vec<Response>),
    Certificates(Vec<Certificate>),
    Heartbeats(Vec<Heartbeat>),
    PageSpeeds(Vec<PageSpeed>),
    ContactGroups(Vec<ContactGroup>),
    Windows(Vec<MaintenanceWindow>),
}

impl Watch {
    /// One of an account for these feeds. Events are wanted for a day before `from`.
    pub fn new(client: StatusCake, feeds: &[Feed], from: DateTime<Utc>) -> Self {
        let back = Utc::now().signed_duration_since(from).max(TimeDelta::zero()) + TimeDelta::hours(24);
        Self { client, plan: Plan::new(feeds), outside: Outside::default(), back, failing: BTreeMap::new(), only: None }
    }

    /// Asks after single checks of these services only, which saves a request for each of the others.
    #[must_use]
    pub fn only(self, owners: Vec<CheckOwner>) -> Self {
        Self { only: Some(owners), ..self }
    }

    /// What is known.
    pub fn outside(&self) -> &Outside {
        &self.outside
    }

    /// The account.
    pub fn client(&self) -> &StatusCake {
        &self.client
    }

    /// Somebody looks at this check, or at none.
    pub fn look_at(&mut self, id: Option<String>) {
        self.plan.look_at(id);
    }

    /// States are asked for at once, whenever they were last.
    pub fn refresh(&mut self) {
        self.plan.ask_now(&Ask::All(Feed::Checks));
        self.plan.ask_now(&Ask::All(Feed::Heartbeats));
        self.plan.ask_now(&Ask::All(Feed::Windows));
    }

    /// How long nothing is due.
    pub fn idle(&self) -> Duration {
        self.plan.idle(Instant::now())
    }

    /// Asks what is due, a few questions at once. False when nothing was.
    pub async fn step(&mut self) -> bool {
        let asks = self.plan.take(TOGETHER, Instant::now());
        let answers = join_all(asks.iter().map(|ask| self.ask(ask))).await;
        let some = !asks.is_empty();
        for (ask, answer) in asks.into_iter().zip(answers) {
            self.take_up(&ask, answer);
        }
        some
    }

    /// Asks until nothing is due, and once more what failed by chance. Where everything fails, it is given up early.
    /// After each few, `tell` hears of how many checks the events are known, and how many checks there are.
    pub async fn round(&mut self, mut tell: impl FnMut(usize, usize)) {
        for last in [false, true] {
            while !self.is_hopeless() && self.step().await {
                tell(self.outside.events.len(), self.plan.checks());
            }
            let by_chance = |kind: &ApiErrorKind| matches!(kind, ApiErrorKind::Failing | ApiErrorKind::Garbage);
            let again: Vec<Ask> =
                self.failing.iter().filter(|(_, kind)| by_chance(kind)).map(|(ask, _)| ask.clone()).collect();
            if last || again.is_empty() {
                return;
            }
            for ask in again {
                self.failing.remove(&ask);
                self.plan.ask_now(&ask);
            }
        }
    }

    /// Whether asking on would only bring more failures.
    fn is_hopeless(&self) -> bool {
        let list = self.failing.get(&Ask::All(Feed::Checks)).is_some_and(|kind| *kind != ApiErrorKind::Forbidden);
        let single = |(ask, kind): (&Ask, &ApiErrorKind)| matches!(ask, Ask::Of(..)) && *kind != ApiErrorKind::NotFound;
        list || self.failing.iter().filter(|one| single(*one)).count() >= 2 * TOGETHER
    }

    async fn ask(&self, ask: &Ask) -> Result<Answer, ApiError> {
        let client = &self.client;
        Ok(match ask {
            Ask::Of(Feed::Responses, id) => Answer::Responses(id.clone(), client.history(id, RESPONSES).await?),
            Ask::Of(_, id) => Answer::Events(id.clone(), client.events(id, Utc::now() - self.back).await?),
            Ask::All(Feed::Certificates) => Answer::Certificates(client.certificates().await?),
            Ask::All(Feed::Heartbeats) => Answer::Heartbeats(self.heartbeats().await?),
            Ask::All(Feed::PageSpeeds) => Answer::PageSpeeds(client.page_speeds().await?),
            Ask::All(Feed::ContactGroups) => Answer::ContactGroups(client.contact_groups().await?),
            Ask::All(Feed::Windows) => Answer::Windows(client.maintenance_windows().await?),
            Ask::All(_) => Answer::Checks(client.checks().await?),
        })
    }

    /// Heartbeats, and when those that are down were last heard.
    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, ApiError> {
        let mut all = self.client.heartbeats().await?;
        for one in all.iter_mut().filter(|one| one.state == MonitorState::Down && one.last_seen.is_none()) {
            // Without it, it is only not known since when.
            if let Ok(detail) = self.client.heartbeat(&one.id).await {
                one.last_seen = detail.last_seen;
            }
        }
        Ok(all)
    }

    fn take_up(&mut self, ask: &Ask, answer: Result<Answer, ApiError>) {
        let (feed, now) = (ask.feed(), Utc::now());
        let known = &mut self.outside;
        match answer {
            Err(error) => {
                // A check that is gone since the list was had is no trouble.
                if matches!((ask, error.kind), (Ask::Of(..), ApiErrorKind::NotFound)) {
                    return;
                }
                let refused = matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound);
                self.plan.failed(ask, refused, Instant::now());
                self.failing.insert(ask.clone(), error.kind);
                let since = known.trouble.get(&feed).map_or(now, |trouble| trouble.since);
                known.trouble.insert(feed, Trouble { error, since });
                return;
            }
            Ok(Answer::Checks(checks)) => {
                let wanted = |check: &&Monitor| {
                    let owns = |owner: &CheckOwner| owner.owns(&check.id, &check.name, &check.tags);
                    self.only.as_ref().is_none_or(|owners| owners.iter().any(owns))
                };
                self.plan.learn(&checks.iter().filter(wanted).cloned().collect::<Vec<_>>());
                let there = |id: &String| checks.iter().any(|check| check.id == *id);
                known.events.retain(|id, _| there(id));
                known.responses.retain(|id, _| there(id));
                known.checks = checks;
            }
            Ok(Answer::Events(id, events)) => drop(known.events.insert(id, events)),
            Ok(Answer::Responses(id, responses)) => drop(known.responses.insert(id, responses)),
            Ok(Answer::Certificates(all)) => known.certificates = all,
            Ok(Answer::Heartbeats(all)) => known.heartbeats = all,
            Ok(Answer::PageSpeeds(all)) => known.page_speeds = all,
            Ok(Answer::ContactGroups(all)) => known.contact_groups = all,
            Ok(Answer::Windows(all)) => known.windows = all,
        }
        self.failing.remove(ask);
        self.failing.retain(|ask, _| !matches!(ask, Ask::Of(_, id) if !known.checks.iter().any(|one| one.id == *id)));
        // A feed of single checks is whole again when each of them is.
        if !self.failing.keys().any(|ask| ask.feed() == feed) {
            known.trouble.remove(&feed);
        }
        known.as_of.insert(feed, now);
    }
}
