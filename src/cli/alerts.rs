//! `qd alerts`: what the hosted sources say is wrong, and what was in the last day.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::args::{Global, SnapshotAt};
use super::exit::{Exit, Outcome};
use super::opened::Opened;
use super::table::Table;
use crate::config::{Selection, secret};
use crate::domain::alert::{Alert, AlertState, sort};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::delivery::Part;
use crate::domain::deployment::{self, Deployment, DeploymentKind};
use crate::domain::hosted::CheckOwner;
use crate::domain::outside::Feed;
use crate::integrations::gitlab;
use crate::integrations::statuscake::alerts::alerts;
use crate::integrations::statuscake::{StatusCake, Watch};

/// What is asked of StatusCake for alerts.
const FEEDS: [Feed; 6] =
    [Feed::Checks, Feed::Events, Feed::Heartbeats, Feed::Windows, Feed::Certificates, Feed::PageSpeeds];

/// How often a long round says how far it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// Runs the command: 1 while a page or a ticket is firing, 3 when no source could be asked.
pub async fn run(global: &Global, args: SnapshotAt) -> Outcome {
    let opened = Opened::load(global).await?;
    opened.print_warnings();
    let mut sources = Sources::open(&opened, args.at);
    if sources.statuscake.is_none() && sources.gitlab.is_none() {
        eprintln!("qd: the config names no source of alerts; add [statuscake] or [gitlab]");
    }
    loop {
        sources.ask().await;
        let now = args.at.unwrap_or_else(|| Utc::now().trunc_subsecs(3));
        let look = sources.look(now);
        let mut out = std::io::stdout().lock();
        match (args.snapshot.json, args.snapshot.watch) {
            (true, true) => writeln!(out, "{}", look.json())?,
            (true, false) => writeln!(out, "{:#}", look.json())?,
            (false, _) => write!(out, "{}", look.text())?,
        }
        out.flush()?;
        drop(out);
        if !args.snapshot.json {
            for error in &look.errors {
                eprintln!("qd: {error}");
            }
        }
        if !args.snapshot.watch {
            return Ok(look.exit());
        }
        tokio::time::sleep(sources.idle()).await;
    }
}

/// Every source of alerts that the config names.
pub(super) struct Sources {
    statuscake: Option<(Watch, Vec<CheckOwner>)>,
    /// Its incidents, where it names projects.
    gitlab: Option<gitlab::Watch>,
    /// Environments that the config names: what is deployed elsewhere, such as for a review, is no change of note.
    named: Vec<String>,
    /// Only alerts of these services and environments, when the call is narrowed.
    only: Option<Vec<(String, String)>>,
}

impl Sources {
    /// Those of a config, as they are asked at this time; none: now.
    pub(super) fn open(opened: &Opened, at: Option<DateTime<Utc>>) -> Self {
        let chosen = opened.settings.services.iter();
        let only = (opened.selection != Selection::default())
            .then(|| chosen.map(|service| (service.name.clone(), service.environment.clone())).collect::<Vec<_>>());
        let statuscake = opened.settings.hosted.statuscake.as_ref().map(|settings| {
            let client = StatusCake::new(settings, secret::source(settings.token.clone(), "[statuscake] token"));
            let watch = Watch::new(client, &FEEDS, at.unwrap_or_else(Utc::now));
            let mut owners = settings.owners.clone();
            let Some(only) = &only else { return (watch, owners) };
            owners.retain(|owner| only.contains(&(owner.service.clone(), owner.environment.clone())));
            (watch.only(owners.clone()), owners)
        });
        let gitlab = opened.settings.hosted.gitlab.clone().and_then(|mut settings| {
            settings.projects.retain(|project| {
                only.as_ref().is_none_or(|only| only.iter().any(|(service, _)| *service == project.service))
            });
            let (client, from) = (super::deploys::client(&settings), at.unwrap_or_else(Utc::now));
            let watch = || gitlab::Watch::new(client, &[Part::Incidents, Part::Deployments], from).newest_only();
            (!settings.projects.is_empty()).then(watch)
        });
        let mapped = opened.settings.hosted.gitlab.iter().flat_map(|gitlab| &gitlab.projects);
        let mapped = mapped.flat_map(|project| project.environments.values().cloned());
        let named = opened.settings.environments.iter().map(|one| one.name.clone()).chain(mapped).collect();
        Self { statuscake, gitlab, named, only }
    }

    /// Asks each until it has said everything.
    pub(super) async fn ask(&mut self) {
        let statuscake = async |source: &mut Option<(Watch, Vec<CheckOwner>)>| {
            let Some((watch, _)) = source else { return };
            let (mut said, loud) = (Instant::now(), std::io::stderr().is_terminal());
            let progress = |known: usize, all: usize| {
                if loud && known < all && said.elapsed() >= PROGRESS {
                    said = Instant::now();
                    eprintln!("qd: asked after {known} of {all} checks; StatusCake takes 60 questions a minute");
                }
            };
            watch.round(progress).await;
        };
        let gitlab = async |source: &mut Option<gitlab::Watch>| {
            if let Some(watch) = source {
                watch.round(|_| ()).await;
            }
        };
        tokio::join!(statuscake(&mut self.statuscake), gitlab(&mut self.gitlab));
    }

    fn idle(&self) -> Duration {
        let statuscake = self.statuscake.as_ref().map(|(watch, _)| watch.idle());
        let gitlab = self.gitlab.as_ref().map(gitlab::Watch::idle);
        let idle = statuscake.into_iter().chain(gitlab).min().unwrap_or(Duration::from_secs(60));
        idle.clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// What they have said so far.
    pub(super) fn look(&self, now: DateTime<Utc>) -> Look {
        let mut look = Look { at: now, alerts: Vec::new(), errors: Vec::new(), last_deploy: None, blind: false };
        let mut heard = Vec::new();
        if let Some((watch, owners)) = &self.statuscake {
            let outside = watch.outside();
            look.alerts.extend(alerts(outside, owners, now));
            look.errors.extend(outside.trouble.values().map(|trouble| trouble.error.clone()));
            heard.push(!outside.as_of.is_empty());
        }
        if let Some(watch) = &self.gitlab {
            let delivery = watch.delivery();
            look.alerts.extend(gitlab::alerts::alerts(delivery, now));
            // Without a history it is only not known what was changed before.
            let troubles = delivery.troubles().filter(|(_, part, _)| *part == Part::Incidents);
            look.errors.extend(troubles.map(|(_, _, trouble)| trouble.error.clone()));
            heard.push(delivery.projects.iter().any(|project| project.as_of.contains_key(&Part::Incidents)));
            let mut deployments = deployment::as_of(delivery.deployments(), now);
            if deployments.iter().any(|one| self.named.contains(&one.environment)) {
                deployments.retain(|one| self.named.contains(&one.environment));
            }
            look.alerts.iter_mut().for_each(|alert| alert.last_change = last_change(alert, &deployments));
            // One that waits was not deployed yet.
            look.last_deploy = deployments.into_iter().find(|one| one.started.is_some());
        }
        look.blind = !heard.is_empty() && !heard.contains(&true);
        sort(&mut look.alerts);
        if let Some(only) = &self.only {
            // What is of a service and of no environment is of all of them.
            let chosen = |alert: &Alert, (service, environment): &(String, String)| {
                let there = alert.environment.as_ref().is_none_or(|there| there == environment);
                alert.service.as_ref() == Some(service) && there
            };
            look.alerts.retain(|alert| only.iter().any(|pair| chosen(alert, pair)));
        }
        look
    }
}

/// What there is to say at one moment.
pub(super) struct Look {
    at: DateTime<Utc>,
    /// What fires, and what did in the last day, in the order in which they are read.
    pub(super) alerts: Vec<Alert>,
    /// What could not be asked.
    pub(super) errors: Vec<ApiError>,
    /// What was deployed last, of anything.
    pub(super) last_deploy: Option<Deployment>,
    /// Nothing could be asked at all.
    blind: bool,
}

impl Look {
    fn exit(&self) -> Exit {
        if self.alerts.iter().any(Alert::is_problem) {
            Exit::Problems
        } else if self.blind {
            Exit::NotConnected
        } else if self
            .errors
            .iter()
            .any(|error| !matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound))
        {
            // Quiet is not the same as not heard.
            Exit::NotConnected
        } else {
            Exit::Fine
        }
    }

    fn json(&self) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(error_json).collect();
        json!({ "at": time(self.at), "alerts": self.alerts.iter().map(json_of).collect::<Vec<_>>(), "errors": errors })
    }

    /// A line for each that is firing; what has ended in the last day in a line for each check.
    fn text(&self) -> String {
        let (firing, ended): (Vec<&Alert>, Vec<&Alert>) =
            self.alerts.iter().partition(|alert| alert.state != AlertState::Resolved);
        let mut table =
            Table::new(&["severity", "alert", "source", "since", ">for", "service", "last change", "marks"]);
        for alert in &firing {
            let severity = alert.severity.as_str().to_uppercase();
            table.row(self.row(severity, alert, alert.since.map(|since| self.at - since)));
        }
        let mut groups: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
        for alert in &ended {
            groups.entry(resource(alert)).or_default().push(alert);
        }
        let mut groups: Vec<(&Alert, usize)> = groups
            .into_values()
            .filter_map(|group| Some((group.iter().copied().max_by_key(|alert| alert.since)?, group.len())))
            .collect();
        groups.sort_by_key(|(last, _)| std::cmp::Reverse(last.since));
        for (last, times) in groups {
            let ended = if times > 1 { format!("ended ×{times}") } else { "ended".to_owned() };
            table.row(self.row(ended, last, last.since.zip(last.ended).map(|(since, ended)| ended - since)));
        }
        let mut out = String::new();
        if firing.is_empty() && !self.blind {
            out.push_str(if self.errors.is_empty() {
                "nothing is firing\n"
            } else {
                "nothing that is known is firing\n"
            });
        }
        if !self.alerts.is_empty() {
            out.push_str(&table.render());
        }
        out
    }

    fn row(&self, state: String, alert: &Alert, lasted: Option<TimeDelta>) -> [String; 8] {
        let service = alert.service.as_ref().zip(alert.environment.as_ref());
        let marks = [("silenced", alert.silenced), ("flapping", alert.flapping)];
        let marks: Vec<&str> = marks.into_iter().filter(|(_, is)| *is).map(|(mark, _)| mark).collect();
        [
            state,
            alert.title.clone(),
            alert.source.clone(),
            alert.since.map_or("—".to_owned(), |since| since.format("%m-%d %H:%MZ").to_string()),
            lasted.map_or("—".to_owned(), age),
            service.map_or(String::new(), |(service, environment)| format!("{service}@{environment}")),
            alert.last_change.clone().unwrap_or_default(),
            marks.join(" "),
        ]
    }
}

/// What an alert is about: its identity up to which of its times it is.
fn resource(alert: &Alert) -> &str {
    let mut colons = alert.id.match_indices(':').map(|(i, _)| i);
    colons.nth(2).map_or(&alert.id, |end| &alert.id[..end])
}

/// What was deployed last before an alert began, in a line.
fn last_change(alert: &Alert, deployments: &[Deployment]) -> Option<String> {
    let (service, since) = (alert.service.as_ref()?, alert.since?);
    let change = deployment::last_change(deployments, service, alert.environment.as_deref(), since)?;
    let kind = change.kind.filter(|kind| *kind != DeploymentKind::Deploy).map(|kind| format!(" {}", kind.as_str()));
    let place = if alert.environment.is_none() { format!(" in {}", change.environment) } else { String::new() };
    let before = age(since - change.started?);
    Some(format!("{service} {}{}{place}, {before} before", change.version, kind.unwrap_or_default()))
}

/// What could not be asked, and why.
pub(super) fn error_json(error: &ApiError) -> Value {
    json!({ "source": error.api.to_lowercase(), "what": error.asked, "message": error.to_string() })
}

/// An alert with every field of the contract.
pub(super) fn json_of(alert: &Alert) -> Value {
    json!({
        "id": alert.id,
        "rule": alert.rule,
        "source": alert.source,
        "severity": alert.severity.as_str(),
        "state": alert.state.as_str(),
        "title": alert.title,
        "host": alert.host,
        "service": alert.service,
        "environment": alert.environment,
        "since": alert.since.map(time),
        "ended": alert.ended.map(time),
        "value": alert.value,
        "acked_by": alert.acked_by,
        "silenced": alert.silenced,
        "flapping": alert.flapping,
        "last_change": alert.last_change,
        "url": alert.url,
    })
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Such as 40s, 23m, 7h, 3d.
pub(super) fn age(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
