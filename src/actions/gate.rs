//! Looking at a host until its gate has decided.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::execute::Progress;
use super::reach::again;
use super::unit::{NoReading, read};
use crate::domain::gate::{Expect, Gate, GateSettings, Look, UnitFacts, Verdict};
use crate::domain::service::{Health, Service, VersionSource};
use crate::domain::text::one_line;
use crate::hosts::{ask_health, ask_version};
use crate::integrations::http::HostHttp;
use crate::transport::SharedTransport;

/// The longest word of it, in characters.
const DETAIL: usize = 300;

/// How a gate ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The host is good.
    Good,
    /// It is not, and why.
    Bad(String),
    /// It could not be asked any more.
    Unknown,
}

/// Looks until the gate has decided; each new word of it is told. A service without a unit, which runs in a container, is
/// judged by its health and its version (`version`: where it is asked, and what it must be). (A closure that tells would
/// keep the caller from being spawned.)
pub async fn watch(
    transport: &SharedTransport,
    unit: Option<&str>,
    service: Option<&Service>,
    settings: &GateSettings,
    expect: Expect,
    version: Option<(&VersionSource, &str)>,
    progress: &mpsc::Sender<Progress>,
) -> Ended {
    // What has ended answers nobody.
    let health = service.and_then(|service| service.health.as_ref()).filter(|_| expect != Expect::Stopped);
    let http = HostHttp::new(transport.clone());
    let mut gate = Gate::new(settings.clone(), expect, health.is_some());
    let (began, mut last) = (Instant::now(), String::new());
    // A host that hangs must not hold the gate for longer than it may last.
    let limit = settings.timeout + Duration::from_secs(20);
    loop {
        let mut look = Look::default();
        let mut lost = false;
        match unit {
            None => look.unit = Some(UnitFacts { active: "active".to_owned(), ..UnitFacts::default() }),
            Some(unit) => match timeout(limit, read(transport, unit, "")).await {
                Ok(Ok(reading)) => look.unit = Some(reading.facts),
                Ok(Err(NoReading::Lost)) => lost = true,
                Ok(Err(NoReading::Odd(_))) | Err(_) => {}
            },
        }
        if let (Some(check), false) = (health, lost) {
            look.health = match ask_health(&http, check).await {
                (Health::Ok, _) => Some(Ok(())),
                (Health::Failing, why) => Some(Err(why.unwrap_or_default())),
                // It could not be asked: that is no good answer, and no bad one.
                (Health::Unknown, why) => Some(Err(why.unwrap_or_else(|| "it could not be asked".to_owned()))),
            };
        }
        if let (Some((source, wanted)), false) = (version, lost) {
            let told = ask_version(transport, &http, source).await.flatten();
            if told.as_deref() != Some(wanted) {
                let told = told.unwrap_or_else(|| "nothing".to_owned());
                look.version = Some(format!("it reports version {}, not {wanted}", one_line(&told, 60)));
            }
        }
        match gate.look(&look, began.elapsed()) {
            Verdict::Passed => return Ended::Good,
            Verdict::Failed(_) if lost => return Ended::Unknown,
            Verdict::Failed(why) => return Ended::Bad(why),
            Verdict::Waiting(why) if why != last => {
                let note = Progress::Note(transport.host().clone(), one_line(&why, DETAIL));
                // Whoever stopped listening misses it.
                let _ = progress.send(note).await;
                last = why;
            }
            Verdict::Waiting(_) => {}
        }
        if lost {
            again(transport, settings.timeout.saturating_sub(began.elapsed())).await;
        }
        sleep(settings.every).await;
    }
}
