//! The health and the version of services, asked from their own host.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio::time::sleep;

use super::parse::version;
use super::watch::Shared;
use crate::domain::host::Link;
use crate::domain::service::{Health, HealthCheck, VersionSource};
use crate::domain::text::one_line;
use crate::integrations::http::{Answer, HostHttp, HttpError};
use crate::transport::{Backlog, ExecSpec, Exit, RemoteCommand, SharedTransport, jitter};

/// How often a version is asked where no health check sets the pace.
pub(super) const VERSION_EVERY: Duration = Duration::from_secs(30);
/// How long a version may take to be told.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a version command's output is read.
const VERSION_BYTES: usize = 64 << 10;
/// How much of an unhealthy answer is shown, in characters.
const DETAIL: usize = 200;
/// The share of the pace by which questions are spread, so that many hosts do not ask in step.
const SPREAD: f64 = 0.1;

/// Asks for a service's health again and again.
pub(super) async fn health(shared: Arc<Shared>, http: Arc<HostHttp>, index: usize, check: HealthCheck) {
    let mut pace = Pace::new(&shared, check.every);
    while pace.turn().await {
        let (health, detail) = ask_health(&http, &check).await;
        // Not asked is not heard: a host that was lost on the way says nothing of its service.
        let heard = (health != Health::Unknown).then(Utc::now);
        shared.board.health(index, health, detail, heard);
        shared.services_changed(vec![index]);
    }
}

/// Asks for a service's version again and again.
pub(super) async fn version(
    shared: Arc<Shared>,
    http: Arc<HostHttp>,
    index: usize,
    source: VersionSource,
    every: Duration,
) {
    let mut pace = Pace::new(&shared, every);
    while pace.turn().await {
        if let Some(found) = ask_version(&shared.transport, &http, &source).await {
            shared.board.version(index, found, Utc::now());
            shared.services_changed(vec![index]);
        }
    }
}

/// When to ask: at once whenever the link comes up and whenever it is lost, then at a pace, and when a person wants it.
struct Pace {
    link: watch::Receiver<Link>,
    refresh: watch::Receiver<u64>,
    every: Duration,
    /// The generation that was asked under; none when the link was not up.
    asked: Option<u64>,
}

impl Pace {
    fn new(shared: &Shared, every: Duration) -> Self {
        Self { link: shared.transport.link(), refresh: shared.controls.refresh.subscribe(), every, asked: None }
    }

    /// Waits for the next turn; false when there will be none.
    async fn turn(&mut self) -> bool {
        let asked = self.asked;
        let other = move |link: &Link| link.is_up().then_some(link.generation) != asked;
        let pause = if asked.is_some() { self.every.mul_f64(1.0 + SPREAD * (jitter() - 0.5)) } else { Duration::MAX };
        tokio::select! {
            () = sleep(pause) => {}
            Ok(()) = self.refresh.changed(), if asked.is_some() => {}
            changed = self.link.wait_for(other) => match changed {
                Ok(link) => self.asked = link.is_up().then_some(link.generation),
                Err(_) => return false,
            },
        }
        true
    }
}

/// Asks once how a service is, and why in one line.
pub async fn ask_health(http: &HostHttp, check: &HealthCheck) -> (Health, Option<String>) {
    judge(check, http.get(&check.url, check.timeout).await)
}

/// What an answer says of a service's health, and why in one line.
fn judge(check: &HealthCheck, answer: Result<Answer, HttpError>) -> (Health, Option<String>) {
    match answer {
        Ok(answer) if check.status.iter().any(|(from, to)| (*from..=*to).contains(&answer.status)) => {
            (Health::Ok, None)
        }
        Ok(answer) => {
            let body = String::from_utf8_lossy(&answer.body);
            let line = one_line(&body, DETAIL);
            let colon = if line.is_empty() { "" } else { ": " };
            (Health::Failing, Some(format!("HTTP {}{colon}{line}", answer.status)))
        }
        Err(HttpError::LinkLost) => (Health::Unknown, None),
        Err(error @ HttpError::Forbidden(_)) => (Health::Unknown, Some(one_line(&error.to_string(), DETAIL))),
        Err(error) => (Health::Failing, Some(one_line(&error.to_string(), DETAIL))),
    }
}

/// The version, `Some(None)` when the service does not say, `None` when the host was lost.
pub async fn ask_version(
    transport: &SharedTransport,
    http: &HostHttp,
    source: &VersionSource,
) -> Option<Option<String>> {
    match source {
        VersionSource::Url(url) => match http.get(url, VERSION_TIMEOUT).await {
            Ok(answer) if (200..300).contains(&answer.status) => Some(version::version(&answer.body)),
            Err(HttpError::LinkLost) => None,
            Ok(_) | Err(_) => Some(None),
        },
        VersionSource::Command(argv) => {
            let spec = ExecSpec {
                command: RemoteCommand::Argv(argv.clone()),
                stdin: false,
                timeout: Some(VERSION_TIMEOUT),
                backlog: Backlog::Stall,
            };
            let output = transport.exec(spec).collect(VERSION_BYTES).await;
            match output.exit {
                Exit::Code(0) => Some(version::version(&output.out)),
                Exit::ConnectionLost => None,
                _ => Some(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_what_the_status_says() {
        let check = HealthCheck {
            url: "http://127.0.0.1:8000/healthz".to_owned(),
            status: vec![(200, 299), (401, 401)],
            timeout: Duration::from_secs(1),
            every: Duration::from_secs(1),
        };
        let answer = |status, body: &str| Ok(Answer { status, body: body.as_bytes().to_vec() });
        assert_eq!(judge(&check, answer(204, "")), (Health::Ok, None));
        assert_eq!(judge(&check, answer(401, "who?")), (Health::Ok, None));
        let cases = [
            (answer(500, "database\ngone"), Health::Failing, Some("HTTP 500: database")),
            (answer(302, ""), Health::Failing, Some("HTTP 302")),
            (Err(HttpError::LinkLost), Health::Unknown, None),
            (
                Err(HttpError::Refused("127.0.0.1:8000".to_owned())),
                Health::Failing,
                Some("connection refused on 127.0.0.1:8000"),
            ),
        ];
        for (answer, health, detail) in cases {
            assert_eq!(judge(&check, answer), (health, detail.map(str::to_owned)));
        }
    }
}
