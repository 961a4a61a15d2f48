//! Who is told of a run from outside of it: people in Slack, and the service's checks at StatusCake, which are left alone
//! while a run touches what they watch. Neither ever holds a run up, or fails it.

use std::fmt::Display;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::time::timeout;

use super::told::Teller;
use crate::domain::api_error::ApiError;
use crate::domain::deploy::plan::{DeployPlan, Kind};
use crate::domain::deploy::steer::Outcome;
use crate::domain::hosted::CheckOwner;
use crate::domain::monitor::{Monitor, MonitorState};
use crate::integrations::slack::{Slack, escape};
use crate::integrations::statuscake::{NewWindow, StatusCake};

/// How long an API may hold a run up.
const PATIENCE: Duration = Duration::from_secs(15);
/// A window ends by itself, for whoever opened it may be gone: so long after all of the run's own limits.
const SPARE: Duration = Duration::from_secs(600);

/// What people are told of, whichever way it is done.
#[derive(Clone, Debug)]
pub struct Affair {
    /// What for.
    pub kind: Kind,
    /// The service.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// The version that becomes live.
    pub version: String,
    /// Where it happens, in a few words.
    pub place: String,
    /// Whether people are told.
    pub announce: bool,
    /// Whether the service's checks are left alone meanwhile.
    pub maintenance: bool,
    /// As long as it may take.
    pub longest: Duration,
}

impl From<&DeployPlan> for Affair {
    fn from(plan: &DeployPlan) -> Self {
        Self {
            kind: plan.kind,
            service: plan.service.clone(),
            environment: plan.environment.clone(),
            version: plan.version.clone(),
            place: format!("on {} hosts", plan.hosts.len()),
            announce: plan.announce,
            maintenance: plan.maintenance,
            longest: plan.longest(),
        }
    }
}

/// Who is told.
#[derive(Default)]
pub struct Herald {
    /// The channel.
    pub slack: Option<Slack>,
    /// The account, and which of its checks are the service's.
    pub checks: Option<(StatusCake, CheckOwner)>,
}

impl Herald {
    /// A run has begun: people are told, and a maintenance window is opened, where the plan says so.
    pub async fn began(&self, affair: &Affair, run: &str, who: &str, told: &Teller) {
        self.post(affair, &began(affair, run, who), told).await;
        if let Some((account, owner)) = self.checks.as_ref().filter(|_| affair.maintenance) {
            match bounded(open(account, owner, affair, run)).await {
                Ok(Some(count)) => {
                    told.run(format!("StatusCake: a maintenance window over {count} checks is open")).await
                }
                Ok(None) => {
                    told.run(format!("StatusCake: no check is {}'s, so there is no window", affair.service)).await
                }
                Err(why) => told.run(format!("no maintenance window: {why}")).await,
            }
        }
    }

    /// It is over: people are told, and its window is closed, whoever opened it.
    pub async fn ended(&self, affair: &Affair, run: &str, outcome: Outcome, why: &[String], told: &Teller) {
        self.post(affair, &ended(affair, run, outcome, why), told).await;
        if let Some((account, _)) = self.checks.as_ref().filter(|_| affair.maintenance) {
            match bounded(close(account, run)).await {
                Ok(()) => {}
                Err(why) => told.run(format!("the maintenance window stays open until its end: {why}")).await,
            }
        }
    }

    /// Those of the service's checks that are down, by name; none where nobody knows.
    pub async fn down(&self) -> Option<Vec<String>> {
        let (account, owner) = self.checks.as_ref()?;
        let checks = bounded(account.checks()).await.ok()?;
        let down = owned(owner, &checks).filter(|check| check.state == MonitorState::Down);
        Some(down.map(|check| check.name.clone()).collect())
    }

    async fn post(&self, affair: &Affair, text: &str, told: &Teller) {
        let Some(slack) = self.slack.as_ref().filter(|slack| affair.announce && slack.tells_deploys()) else { return };
        if let Err(why) = bounded(slack.post(text)).await {
            told.run(format!("Slack was not told: {why}")).await;
        }
    }
}

async fn bounded<T, E: Display>(asked: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match timeout(PATIENCE, asked).await {
        Ok(done) => done.map_err(|why| why.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn owned<'c>(owner: &'c CheckOwner, checks: &'c [Monitor]) -> impl Iterator<Item = &'c Monitor> {
    checks.iter().filter(|check| owner.owns(&check.id, &check.name, &check.tags))
}

/// What a window is called: by it whoever ends the run finds it.
fn window_name(run: &str) -> String {
    format!("qd run {run}")
}

async fn open(account: &StatusCake, owner: &CheckOwner, affair: &Affair, run: &str) -> Result<Option<usize>, ApiError> {
    let known = account.checks().await?;
    let checks: Vec<String> = owned(owner, &known).map(|check| check.id.clone()).collect();
    if checks.is_empty() {
        return Ok(None);
    }
    let (start, count) = (Utc::now(), checks.len());
    let longest = affair.longest + SPARE;
    let end = start + TimeDelta::from_std(longest).unwrap_or(TimeDelta::hours(2));
    account.open_window(&NewWindow { name: window_name(run), start, end, checks, tags: Vec::new() }).await?;
    Ok(Some(count))
}

async fn close(account: &StatusCake, run: &str) -> Result<(), ApiError> {
    let name = window_name(run);
    for window in account.maintenance_windows().await?.iter().filter(|window| window.name == name) {
        account.close_window(&window.id).await?;
    }
    Ok(())
}

/// What is done to what, for Slack.
fn what(affair: &Affair) -> String {
    let service = escape(&affair.service);
    match affair.kind {
        Kind::Deploy => format!("{service} {}", escape(&affair.version)),
        Kind::Rollback => format!("{service} back to {}", escape(&affair.version)),
    }
}

fn began(affair: &Affair, run: &str, who: &str) -> String {
    let verb = if affair.kind == Kind::Deploy { "deploys" } else { "rolls back" };
    let (who, environment) = (escape(who), escape(&affair.environment));
    format!("{who} {verb} *{}* in {environment} {} · run {run}", what(affair), escape(&affair.place))
}

fn ended(affair: &Affair, run: &str, outcome: Outcome, why: &[String]) -> String {
    let word = match (outcome, affair.kind) {
        (Outcome::Succeeded, Kind::Deploy) => "is live",
        (Outcome::Succeeded, Kind::Rollback) => "is rolled back",
        (Outcome::RolledBack, _) => "*failed and was undone*",
        (Outcome::Failed, _) => "*failed, and a host could not go back: a person is needed*",
        (Outcome::Held, _) => "*is held and waits for a person*",
        (Outcome::Canceled, _) => "was canceled; nothing was switched",
        (Outcome::Denied, _) => "was not begun: another run has the lock",
    };
    let mut text = format!("{} {word} in {} · run {run}", what(affair), escape(&affair.environment));
    for line in why.iter().take(3) {
        text += &format!("\n> {}", escape(line));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deploy::plan::tests::plan;

    #[test]
    fn people_are_told_who_does_what_where_and_what_came_of_it() {
        let plan = Affair::from(&plan());
        assert_eq!(
            began(&plan, "01A", "ada <!channel>"),
            "ada &lt;!channel&gt; deploys *api 1.5.0* in production on 3 hosts · run 01A"
        );
        let why = ["web-1: HTTP 500: <b>".to_owned()];
        assert_eq!(
            ended(&plan, "01A", Outcome::RolledBack, &why),
            "api 1.5.0 *failed and was undone* in production · run 01A\n> web-1: HTTP 500: &lt;b&gt;"
        );
        let back = Affair { kind: Kind::Rollback, version: "1.4.2".to_owned(), ..plan };
        assert_eq!(
            ended(&back, "01A", Outcome::Succeeded, &[]),
            "api back to 1.4.2 is rolled back in production · run 01A"
        );
    }
}
