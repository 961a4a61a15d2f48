//! What answers come to: where each goes in the snapshot, and what failed since when.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::schedule::Ask;
use super::trace::{TraceNews, TraceReader};
use super::watch::Watch;
use super::{About, HistoryPage};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::ci::{CiEnvironment, Comparison, Incident, Job, MergeRequest, Pipeline, Release, Tag, Token};
use crate::domain::ci_log::CiLog;
use crate::domain::delivery::Part;
use crate::domain::deployment::{self, Deployment};
use crate::domain::outside::Trouble;

/// Deployments of a project that are kept: the newest.
pub(super) const HISTORY: usize = 10_000;
/// Pipelines of a project that are kept: the newest.
const PIPELINES: usize = 100;

/// What was answered.
pub(super) enum Answer {
    Token(Option<Token>),
    Project(About),
    Environments(Vec<CiEnvironment>),
    Newest(HistoryPage),
    Older(HistoryPage),
    Changed(Vec<Deployment>),
    Pipelines(Vec<Pipeline>),
    Incidents(Vec<Incident>),
    Tags(Vec<Tag>),
    MergeRequests(Vec<MergeRequest>),
    Releases(Vec<Release>),
    Jobs(Vec<Job>),
    Trace(Box<(Job, TraceReader, TraceNews)>),
    Comparison(Comparison),
    Nothing,
}

impl Watch {
    /// Takes up what was answered.
    pub(super) fn take_up(&mut self, ask: Ask, answer: Result<Answer, ApiError>) {
        let now = Utc::now();
        match answer {
            Err(error) => self.fail(ask, error, now),
            Ok(answer) => {
                self.failing.remove(&ask);
                if let Ask::Of(index, _) | Ask::Older(index) = ask {
                    self.learn_of(index, answer);
                    self.is_well(index, ask.part(), now);
                } else {
                    self.learn(answer);
                    if ask == Ask::Token {
                        self.delivery.token_trouble = None;
                    }
                    if let (Ask::Seen(part), Some(index)) = (ask, self.seen_project()) {
                        self.is_well(index, part, now);
                    }
                }
            }
        }
    }

    fn fail(&mut self, ask: Ask, error: ApiError, now: DateTime<Utc>) {
        let refused = matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound);
        self.schedule.failed(ask, refused, Instant::now());
        self.failing.insert(ask, error.kind);
        let index = match ask {
            Ask::Of(index, _) | Ask::Older(index) => Some(index),
            Ask::Seen(_) => self.seen_project(),
            Ask::Token => {
                let since = self.delivery.token_trouble.as_ref().map_or(now, |trouble| trouble.since);
                self.delivery.token_trouble = Some(Trouble { error, since });
                return;
            }
        };
        let Some(project) = index.and_then(|index| self.delivery.projects.get_mut(index)) else { return };
        let since = project.trouble.get(&ask.part()).map_or(now, |trouble| trouble.since);
        project.trouble.insert(ask.part(), Trouble { error, since });
        if let Ask::Of(index, Part::Project) = ask
            && refused
        {
            self.schedule.is_there(index, false);
        }
    }

    fn is_well(&mut self, index: usize, part: Part, now: DateTime<Utc>) {
        let Some(project) = self.delivery.projects.get_mut(index) else { return };
        let of_it = |ask: &Ask| matches!(ask, Ask::Of(i, _) | Ask::Older(i) if *i == index) && ask.part() == part;
        if !self.failing.keys().any(of_it) {
            project.trouble.remove(&part);
        }
        project.as_of.insert(part, now);
    }

    fn seen_project(&self) -> Option<usize> {
        let path = &self.delivery.seen.as_ref()?.sight.project;
        self.delivery.projects.iter().position(|one| one.path == *path)
    }

    /// Takes up what is of one project.
    fn learn_of(&mut self, index: usize, answer: Answer) {
        let Some(project) = self.delivery.projects.get_mut(index) else { return };
        match answer {
            Answer::Project(about) => {
                (project.url, project.default_branch) = (about.url, about.default_branch);
                self.schedule.is_there(index, true);
            }
            Answer::Environments(all) => project.environments = all,
            Answer::Newest(page) | Answer::Older(page) => {
                merge(&mut project.deployments, page.deployments);
                project.whole_history = page.older.is_none() && project.deployments.len() < HISTORY;
                let older = page.older.filter(|_| self.whole && project.deployments.len() < HISTORY);
                self.schedule.has_older(index, older.is_some());
                self.older[index] = older;
            }
            Answer::Changed(changed) => merge(&mut project.deployments, changed),
            Answer::Pipelines(changed) => {
                project.pipelines.retain(|known| changed.iter().all(|one| one.id != known.id));
                project.pipelines.extend(changed);
                project.pipelines.sort_by_key(|one| std::cmp::Reverse(one.id));
                project.pipelines.truncate(PIPELINES);
            }
            Answer::Incidents(all) => project.incidents = all,
            Answer::Tags(all) => project.tags = all,
            Answer::MergeRequests(all) => project.merge_requests = all,
            Answer::Releases(all) => project.releases = all,
            _ => {}
        }
    }

    /// Takes up what is of no project, or of what somebody looks at.
    fn learn(&mut self, answer: Answer) {
        if let Answer::Token(token) = answer {
            self.delivery.token = token;
            return;
        }
        let Some(seen) = &mut self.delivery.seen else { return };
        match answer {
            Answer::Jobs(jobs) => seen.jobs = jobs,
            Answer::Comparison(comparison) => {
                seen.comparison = Some(comparison);
                self.schedule.is_settled(Part::Comparison);
            }
            Answer::Trace(trace) => {
                let (job, reader, news) = *trace;
                if seen.sight.job != Some(job.id) {
                    return;
                }
                if news.restarted || self.reader.as_ref().is_none_or(|known| !known.is_of(&seen.sight.project, job.id))
                {
                    seen.log = CiLog::default();
                }
                seen.log.feed(&news.bytes);
                self.reader = Some(reader);
                if news.more {
                    self.schedule.ask_now(Ask::Seen(Part::Trace));
                } else if job.status.is_active() {
                    self.schedule.ask_in(Ask::Seen(Part::Trace), news.pause(), Instant::now());
                } else {
                    // One that ended writes no more.
                    seen.log.finish();
                    self.schedule.is_settled(Part::Trace);
                }
                seen.job = Some(job);
            }
            _ => {}
        }
    }
}

/// Takes up deployments, by their ids, and works out anew what each was.
fn merge(known: &mut Vec<Deployment>, news: Vec<Deployment>) {
    let by_id: BTreeMap<&str, &Deployment> = news.iter().map(|one| (one.id.as_str(), one)).collect();
    // What is worked out here is not in the news.
    let raw = |one: &Deployment| Deployment { kind: None, previous_version: None, ..one.clone() };
    let is_same = |one: &&Deployment| by_id.get(one.id.as_str()).is_some_and(|new| **new == raw(one));
    if known.iter().filter(is_same).count() == by_id.len() {
        return;
    }
    known.retain(|one| !by_id.contains_key(one.id.as_str()));
    let mut news = news;
    news.sort_by(|a, b| a.id.cmp(&b.id));
    news.dedup_by(|a, b| a.id == b.id);
    known.extend(news);
    deployment::classify(known);
    known.truncate(HISTORY);
}
