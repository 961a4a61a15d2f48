//! One look at the fleet, or one after the other: what `hosts`, `services` and `status` share.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::{Global, Snapshot};
use super::exit::{Exit, Outcome};
use super::opened::Opened;
use crate::domain::delivery::Part;
use crate::domain::deployment::Deployment;
use crate::domain::host::{HostState, LinkErrorKind};
use crate::domain::settings::{Settings, StatSettings};
use crate::integrations::gitlab::Watch;
use crate::runtime::fleet::Fleet;
use crate::runtime::survey::{Survey, Surveyor};
use crate::runtime::terminal_asker::TerminalAsker;

/// How long hosts that have answered wait for what GitLab knows of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects to the hosts of a config and begins to look.
pub(super) fn surveyor(settings: &Settings, services: bool) -> Surveyor {
    let fleet = Fleet::connect(settings.clone(), Arc::new(TerminalAsker::default()));
    Surveyor::new(settings, fleet, services)
}

/// One look at the fleet, and what it is shown by.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What is known.
    pub survey: &'a Survey,
    /// What was deployed of late, newest first; none where GitLab is not asked.
    pub deployments: &'a [Deployment],
    /// The intervals of figures, by which their age is judged.
    pub stats: &'a StatSettings,
    /// The time of the look.
    pub now: DateTime<Utc>,
    /// Whether text is to be coloured.
    pub colored: bool,
}

/// Prints looks at the fleet as text or JSON.
pub(super) async fn print<J: Serialize>(
    global: &Global,
    args: Snapshot,
    services: bool,
    text: impl Fn(Look<'_>) -> String,
    json: impl Fn(Look<'_>) -> J,
) -> Outcome {
    let opened = Opened::load(global).await?;
    opened.print_warnings();
    let mut surveyor = surveyor(&opened.settings, services);
    let mut gitlab =
        opened.settings.hosted.gitlab.as_ref().filter(|_| services).map(|settings| {
            Watch::new(super::deploys::client(settings), &[Part::Deployments], Utc::now()).newest_only()
        });
    let (mut survey, ()) = tokio::join!(surveyor.first(), ask(&mut gitlab));
    loop {
        let deployments = gitlab.as_ref().map_or(vec![], |watch| watch.delivery().deployments());
        let stats = &opened.settings.stats;
        let look =
            Look { survey: &survey, deployments: &deployments, stats, now: Utc::now(), colored: global.colored() };
        let text = match (args.json, args.watch) {
            (true, true) => serde_json::to_string(&json(look)).map_err(std::io::Error::from)? + "\n",
            (true, false) => serde_json::to_string_pretty(&json(look)).map_err(std::io::Error::from)? + "\n",
            (false, _) => text(look),
        };
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        drop(out);
        if !args.watch {
            return Ok(exit(&survey));
        }
        (survey, ()) = tokio::join!(surveyor.next(opened.settings.stats.every), ask(&mut gitlab));
    }
}

/// Asks GitLab what is due, for as long as there is patience.
async fn ask(gitlab: &mut Option<Watch>) {
    let Some(watch) = gitlab else { return };
    if tokio::time::timeout(PATIENCE, watch.round(|_| ())).await.is_err() {
        tracing::info!("GitLab has not answered in time: what was deployed last is not known");
    }
}

/// 0 when something could be asked; 3 when no host could be reached at all.
fn exit(survey: &Survey) -> Exit {
    let now = Utc::now();
    let none = !survey.hosts.is_empty() && survey.hosts.iter().all(|host| host.state(now) != HostState::Up);
    let refused = survey
        .hosts
        .iter()
        .filter_map(|h| h.link.as_ref()?.error.as_ref())
        .all(|error| error.kind != LinkErrorKind::Config);
    if none && refused { Exit::NotConnected } else { Exit::Fine }
}
