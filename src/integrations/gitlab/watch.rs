//! Keeping what is known of the projects up to date.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::GitLab;
use super::learn::{Answer, HISTORY};
use super::schedule::{Ask, Schedule};
use super::trace::TraceReader;
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::delivery::{Delivery, Part, Project, Seen, Sight};
use crate::domain::hosted::GitLabProject;
use crate::integrations::http::Get;

/// Questions under way at once.
const TOGETHER: usize = 4;
/// What changed last may have been written by several at once: that much is asked for again.
const OVERLAP: TimeDelta = TimeDelta::seconds(60);

/// Keeps a snapshot up to date, within what the installation allows.
pub struct Watch {
    client: GitLab,
    pub(super) schedule: Schedule,
    pub(super) delivery: Delivery,
    /// How far back ended incidents are wanted.
    back: TimeDelta,
    /// Where each project's history goes on.
    pub(super) older: Vec<Option<Get>>,
    /// What reads the log that somebody looks at.
    pub(super) reader: Option<TraceReader>,
    /// Asked and not answered: only something after a step that was given up.
    under_way: Vec<Ask>,
    /// Whether histories are walked to their end.
    pub(super) whole: bool,
    /// What was not answered when it was last asked.
    pub(super) failing: BTreeMap<Ask, ApiErrorKind>,
}

impl Watch {
    /// One of these parts of every project that the client is for. Incidents that ended are wanted for a day before
    /// `from`.
    pub fn new(client: GitLab, parts: &[Part], from: DateTime<Utc>) -> Self {
        let of = |one: &GitLabProject| Project {
            path: super::map::path(&one.path),
            service: super::map::path(&one.service),
            ..Project::default()
        };
        let projects: Vec<Project> = client.projects().iter().map(of).collect();
        Self {
            schedule: Schedule::new(projects.len(), parts),
            back: Utc::now().signed_duration_since(from).max(TimeDelta::zero()) + TimeDelta::hours(24),
            older: vec![None; projects.len()],
            delivery: Delivery { projects, ..Delivery::default() },
            reader: None,
            under_way: Vec::new(),
            whole: true,
            failing: BTreeMap::new(),
            client,
        }
    }

    /// With the newest part of each history only, which saves a request for each hundred deployments.
    #[must_use]
    pub fn newest_only(self) -> Self {
        Self { whole: false, ..self }
    }

    /// What is known.
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The installation, to act or to ask for more.
    pub fn client(&self) -> &GitLab {
        &self.client
    }

    /// Somebody looks at this, or at nothing. What was known of it stays, where it is the same.
    pub fn look_at(&mut self, sight: Option<Sight>) {
        if self.delivery.seen.as_ref().map(|seen| &seen.sight) == sight.as_ref() {
            return;
        }
        self.schedule.look_at(&sight.as_ref().map_or(vec![], parts_of));
        self.failing.retain(|ask, _| !matches!(ask, Ask::Seen(_)));
        for project in &mut self.delivery.projects {
            project.trouble.retain(|part, _| !matches!(part, Part::Jobs | Part::Trace | Part::Comparison));
        }
        let before = self.delivery.seen.take();
        // It goes on where the log that is kept ends; without that it begins anew.
        let reader = self.reader.take();
        self.delivery.seen = sight.map(|sight| {
            let mut seen = Seen { sight, ..Seen::default() };
            if let Some(before) = before.filter(|before| before.sight.project == seen.sight.project) {
                if before.sight.pipeline == seen.sight.pipeline {
                    seen.jobs = before.jobs;
                }
                if before.sight.job == seen.sight.job {
                    (seen.job, seen.log, self.reader) = (before.job, before.log, reader);
                }
                if before.sight.between == seen.sight.between {
                    seen.comparison = before.comparison;
                }
            }
            seen
        });
    }

    /// Something was changed in a project: what that may have touched is asked for at once.
    pub fn touched(&mut self, project: &str) {
        for index in self.delivery.projects.iter().enumerate().filter(|(_, one)| one.path == project).map(|(i, _)| i) {
            for part in [Part::Deployments, Part::Pipelines, Part::Tags, Part::Incidents] {
                self.schedule.ask_now(Ask::Of(index, part));
            }
        }
        if let Some(seen) = &self.delivery.seen {
            // A log that was whole may go on.
            self.schedule.look_at(&parts_of(&seen.sight));
        }
    }

    /// What was deployed, what runs and what is wrong is asked for at once, whenever it was last.
    pub fn refresh(&mut self) {
        for index in 0..self.delivery.projects.len() {
            for part in [Part::Deployments, Part::Pipelines, Part::Incidents] {
                self.schedule.ask_now(Ask::Of(index, part));
            }
        }
    }

    /// How long nothing is due.
    pub fn idle(&self) -> Duration {
        if self.under_way.is_empty() { self.schedule.idle(Instant::now()) } else { Duration::ZERO }
    }

    /// Asks what is due, a few questions at once. False when nothing was. A step that is given up (dropped) is asked
    /// again by the next.
    pub async fn step(&mut self) -> bool {
        for ask in std::mem::take(&mut self.under_way) {
            self.schedule.ask_now(ask);
        }
        let asks = self.schedule.take(TOGETHER, Instant::now());
        self.under_way.clone_from(&asks);
        let answers = join_all(asks.iter().map(|ask| self.ask(*ask))).await;
        self.under_way.clear();
        let some = !asks.is_empty();
        for (ask, answer) in asks.into_iter().zip(answers) {
            self.take_up(ask, answer);
        }
        some
    }

    /// Asks until nothing is due, and once more what failed by chance. Where nothing is answered, it is given up early.
    /// After each few, `tell` hears what is known.
    pub async fn round(&mut self, mut tell: impl FnMut(&Delivery)) {
        for last in [false, true] {
            while !self.is_hopeless() && self.step().await {
                tell(&self.delivery);
            }
            let by_chance = |kind: &ApiErrorKind| matches!(kind, ApiErrorKind::Failing | ApiErrorKind::Garbage);
            let again: Vec<Ask> =
                self.failing.iter().filter(|(_, kind)| by_chance(kind)).map(|(ask, _)| *ask).collect();
            if last || again.is_empty() {
                return;
            }
            for ask in again {
                self.failing.remove(&ask);
                self.schedule.ask_now(ask);
            }
        }
    }

    /// Whether asking on would only bring more failures.
    fn is_hopeless(&self) -> bool {
        let hopeless = |(ask, kind): (&Ask, &ApiErrorKind)| match kind {
            ApiErrorKind::NoSecret | ApiErrorKind::Unauthorized => true,
            ApiErrorKind::Unreachable | ApiErrorKind::Other => matches!(ask, Ask::Token | Ask::Of(_, Part::Project)),
            _ => false,
        };
        let refused = |kind: &&ApiErrorKind| matches!(kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound);
        self.failing.iter().any(hopeless) || self.failing.values().filter(|kind| !refused(kind)).count() >= 2 * TOGETHER
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, ApiError> {
        let client = &self.client;
        match ask {
            Ask::Token => Ok(Answer::Token(client.token().await?)),
            Ask::Of(index, part) => self.ask_of(index, part).await,
            Ask::Older(index) => {
                let (Some(of), Some(Some(older))) = (client.projects().get(index), self.older.get(index)) else {
                    return Ok(Answer::Nothing);
                };
                let url = self.delivery.projects[index].url.as_deref();
                Ok(Answer::Older(client.history(of, older, url).await?))
            }
            Ask::Seen(part) => self.ask_seen(part).await,
        }
    }

    async fn ask_of(&self, index: usize, part: Part) -> Result<Answer, ApiError> {
        let client = &self.client;
        let (Some(of), Some(known)) = (client.projects().get(index), self.delivery.projects.get(index)) else {
            return Ok(Answer::Nothing);
        };
        let url = known.url.as_deref();
        Ok(match part {
            Part::Project => Answer::Project(client.about(&of.path).await?),
            Part::Environments => Answer::Environments(client.environments(of).await?),
            Part::Deployments => match known.deployments.iter().filter_map(|one| one.updated).max() {
                Some(newest) => Answer::Changed(client.changed(of, newest - OVERLAP, url, HISTORY).await?),
                None => Answer::Newest(client.newest(of, url).await?),
            },
            Part::Pipelines => {
                let newest = known.pipelines.iter().filter_map(|one| one.updated).max();
                Answer::Pipelines(client.pipelines(of, newest.map(|newest| newest - OVERLAP)).await?)
            }
            Part::Incidents => Answer::Incidents(client.incidents(of, Utc::now() - self.back).await?),
            Part::Tags => Answer::Tags(client.tags(of).await?),
            Part::MergeRequests => Answer::MergeRequests(client.merge_requests(of, None, 100).await?),
            Part::Releases => Answer::Releases(client.releases(of).await?),
            Part::Token | Part::Jobs | Part::Trace | Part::Comparison => Answer::Nothing,
        })
    }

    async fn ask_seen(&self, part: Part) -> Result<Answer, ApiError> {
        let client = &self.client;
        let Some(seen) = &self.delivery.seen else { return Ok(Answer::Nothing) };
        let project = &seen.sight.project;
        match part {
            Part::Jobs => match seen.sight.pipeline {
                Some(pipeline) => Ok(Answer::Jobs(client.jobs(project, pipeline).await?)),
                None => Ok(Answer::Nothing),
            },
            Part::Trace => {
                let Some(job) = seen.sight.job else { return Ok(Answer::Nothing) };
                let known = self.reader.clone().filter(|reader| reader.is_of(project, job));
                let mut reader = known.unwrap_or_else(|| TraceReader::new(project, job));
                // The state first: a log that is read after its job has ended is whole.
                let state = client.job(project, job).await?;
                let news = reader.next(client).await?;
                Ok(Answer::Trace(Box::new((state, reader, news))))
            }
            Part::Comparison => {
                let of = client.projects().iter().find(|one| one.path == *project);
                let (Some(of), Some((from, to))) = (of, &seen.sight.between) else { return Ok(Answer::Nothing) };
                Ok(Answer::Comparison(client.compare(of, from, to).await?))
            }
            _ => Ok(Answer::Nothing),
        }
    }
}

/// What is asked for of what somebody looks at.
fn parts_of(sight: &Sight) -> Vec<Part> {
    let wanted = [
        (Part::Trace, sight.job.is_some()),
        (Part::Jobs, sight.pipeline.is_some()),
        (Part::Comparison, sight.between.is_some()),
    ];
    wanted.into_iter().filter_map(|(part, is)| is.then_some(part)).collect()
}
