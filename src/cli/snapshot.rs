//! One look at the fleet, or one after the other: what `hosts`, `services` and `status` share.

use std::io::Write;
use std::sync::Arc;

use super::args::{Global, Snapshot};
use super::exit::{Exit, Outcome};
use super::opened::Opened;
use crate::domain::host::{HostState, LinkErrorKind};
use crate::domain::settings::Settings;
use crate::runtime::fleet::Fleet;
use crate::runtime::survey::{Survey, Surveyor};
use crate::runtime::terminal_asker::TerminalAsker;

/// Connects to the hosts of a config and begins to look.
pub(super) fn surveyor(settings: &Settings, services: bool) -> Surveyor {
    let fleet = Fleet::connect(settings.clone(), Arc::new(TerminalAsker::default()));
    Surveyor::new(settings, fleet, services)
}

/// Prints looks at the fleet as text or JSON.
pub(super) async fn print(
    global: &Global,
    args: Snapshot,
    services: bool,
    text: impl Fn(&Survey) -> String,
    json: impl Fn(&Survey) -> serde_json::Value,
) -> Outcome {
    let opened = Opened::load(global).await?;
    opened.print_warnings();
    let mut surveyor = surveyor(&opened.settings, services);
    let mut survey = surveyor.first().await;
    loop {
        let mut out = std::io::stdout().lock();
        match (args.json, args.watch) {
            (true, true) => writeln!(out, "{}", json(&survey))?,
            (true, false) => writeln!(out, "{:#}", json(&survey))?,
            (false, _) => write!(out, "{}", text(&survey))?,
        }
        out.flush()?;
        drop(out);
        if !args.watch {
            return Ok(exit(&survey));
        }
        survey = surveyor.next(opened.settings.stats.every).await;
    }
}

/// 0 when something could be asked; 3 when no host could be reached at all.
fn exit(survey: &Survey) -> Exit {
    let now = chrono::Utc::now();
    let none = !survey.hosts.is_empty() && survey.hosts.iter().all(|host| host.state(now) != HostState::Up);
    let refused = survey
        .hosts
        .iter()
        .filter_map(|h| h.link.as_ref()?.error.as_ref())
        .all(|error| error.kind != LinkErrorKind::Config);
    if none && refused { Exit::NotConnected } else { Exit::Fine }
}
