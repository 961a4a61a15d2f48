//! `[service.deploy]` for each environment of its service, and `[[freeze]]`.

use std::time::Duration;

use chrono::DateTime;

use super::{copied, text};
use crate::config::raw::Config;
use crate::config::raw::deploy::{self as raw, Deploy, Freeze as RawFreeze, Gate};
use crate::config::read::{At, Reader};
use crate::config::values::HostArgv;
use crate::domain::deploy::batches::{BatchSize, Share};
use crate::domain::deploy::freeze::{Freeze, Window, weekly};
use crate::domain::deploy::spec::{AfterSwitch, DeploySpec, Hooks, Migrate, OnFail, OnLoss, Strategy};
use crate::domain::gate::GateSettings;
use crate::domain::service::Service;

/// How each service is deployed, where that is written.
pub fn deploys(config: &Config, services: &[Service], reader: &mut Reader<'_>) -> Vec<DeploySpec> {
    let mut specs: Vec<DeploySpec> = Vec::new();
    for raw in config.service.iter().flat_map(|all| all.iter()) {
        let (Some(name), Some(deploy)) = (text(&raw.name), raw.deploy.as_ref()) else { continue };
        let template = spec(deploy, reader);
        for service in services.iter().filter(|service| service.name == name) {
            if !specs.iter().any(|known| known.service == name && known.environment == service.environment) {
                let (service, environment) = (service.name.clone(), service.environment.clone());
                specs.push(DeploySpec { service, environment, ..template.clone() });
            }
        }
    }
    specs
}

fn spec(raw: &Deploy, reader: &mut Reader<'_>) -> DeploySpec {
    let strategy = match copied(&raw.strategy) {
        Some(raw::Strategy::Script) => Strategy::Script,
        Some(raw::Strategy::Gitlab) => Strategy::Gitlab,
        Some(raw::Strategy::ReleaseDir) | None => Strategy::ReleaseDir,
    };
    let root = text(&raw.root).map(|root| root.trim_end_matches('/').to_owned());
    if let (Some(root), Some(at)) = (&root, raw.root.as_ref().map(|root| root.at)) {
        let deep = root.split('/').filter(|part| !part.is_empty()).count() >= 2;
        if !deep || root.split('/').any(|part| matches!(part, "." | "..")) {
            reader.conflict(
                at,
                &format!("\"{root}\" is no folder of one service"),
                "write one at least two levels deep",
            );
        }
    }
    let state = text(&raw.state).unwrap_or_else(|| "{root}/.quarterdeck".to_owned());
    let mut unsupported = Vec::new();
    if text(&raw.run_as).is_some_and(|user| !user.is_empty()) {
        unsupported.push("run_as".to_owned());
    }
    if copied(&raw.runner) == Some(raw::Runner::System) {
        unsupported.push("runner = \"system\"".to_owned());
    }
    DeploySpec {
        service: String::new(),
        environment: String::new(),
        strategy,
        state: root.as_ref().map(|root| state.replace("{root}", root)),
        root,
        artifact: raw.artifact.as_ref().map(|path| path.0.clone()),
        unsupported,
        shared: shared(raw, reader),
        restart: match copied(&raw.restart) {
            Some(raw::Restart::Reload) => AfterSwitch::Reload,
            Some(raw::Restart::None) => AfterSwitch::None,
            Some(raw::Restart::Restart) | None => AfterSwitch::Restart,
        },
        batches: batches(raw, reader),
        min_available: min_available(raw, reader),
        max_failures: raw.max_failures.as_ref().map_or(1, |count| usize::try_from(count.0).unwrap_or(usize::MAX)),
        on_fail: match copied(&raw.on_fail) {
            Some(raw::OnFail::UndoAll) => OnFail::UndoAll,
            Some(raw::OnFail::Hold) => OnFail::Hold,
            Some(raw::OnFail::UndoHost) | None => OnFail::UndoHost,
        },
        on_loss: match copied(&raw.on_controller_loss) {
            Some(raw::OnControllerLoss::UndoHost) => OnLoss::UndoHost,
            Some(raw::OnControllerLoss::Continue) => OnLoss::Continue,
            Some(raw::OnControllerLoss::Hold) | None => OnLoss::Hold,
        },
        lease: copied(&raw.lease).unwrap_or(Duration::from_secs(90)).max(Duration::from_secs(5)),
        gate: raw.gate.as_ref().map(|gate| self::gate(gate)).unwrap_or_default(),
        bake: copied(&raw.bake).unwrap_or(Duration::from_secs(300)),
        hooks: hooks(raw),
        migrate: migrate(raw),
        keep: raw.keep.as_ref().map_or(5, |keep| usize::try_from(keep.0).unwrap_or(usize::MAX)).max(2),
        lock_after_rollback: copied(&raw.lock_after_rollback).unwrap_or(false),
    }
}

/// Paths that stay inside of a release.
fn shared(raw: &Deploy, reader: &mut Reader<'_>) -> Vec<String> {
    let Some(paths) = &raw.shared else { return Vec::new() };
    let outside = |path: &&String| path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..");
    for path in paths.iter().filter(outside) {
        reader.conflict(paths.at, &format!("\"{path}\" leads out of the release"), "write it relative to ROOT/shared");
    }
    paths.iter().map(|path| path.trim_end_matches('/').to_owned()).collect()
}

fn batches(raw: &Deploy, reader: &mut Reader<'_>) -> Vec<BatchSize> {
    let Some(written) = &raw.batches else { return vec![BatchSize::Count(1), BatchSize::Percent(25), BatchSize::Rest] };
    let mut sizes = Vec::new();
    for text in written.iter() {
        match BatchSize::parse(text) {
            Some(size) => sizes.push(size),
            None => reader.conflict(written.at, &format!("\"{text}\" is no batch"), "write \"1\", \"25%\" or \"rest\""),
        }
    }
    sizes
}

fn min_available(raw: &Deploy, reader: &mut Reader<'_>) -> Share {
    let Some(written) = &raw.min_available else { return Share::Percent(50) };
    Share::parse(written).unwrap_or_else(|| {
        let message = format!("\"{}\" is no share of the hosts", written.value);
        reader.conflict(written.at, &message, "write \"50%\", or how many");
        Share::Percent(50)
    })
}

fn gate(raw: &Gate) -> GateSettings {
    let default = GateSettings::default();
    GateSettings {
        timeout: copied(&raw.timeout).unwrap_or(default.timeout),
        successes: raw.successes.as_ref().map_or(default.successes, |count| u32::try_from(count.0).unwrap_or(u32::MAX)),
        every: copied(&raw.every).unwrap_or(default.every).max(Duration::from_millis(100)),
        min_stable: copied(&raw.min_stable).unwrap_or(default.min_stable),
        version: copied(&raw.version).unwrap_or(default.version),
    }
}

fn hooks(raw: &Deploy) -> Hooks {
    let words = |hook: &Option<At<HostArgv>>| hook.as_ref().map(|argv| argv.0.clone()).unwrap_or_default();
    let Some(raw) = &raw.hooks else { return Hooks { drain_timeout: 30, ..Hooks::default() } };
    Hooks {
        before_switch: words(&raw.before_switch),
        drain: words(&raw.drain),
        undrain: words(&raw.undrain),
        after_done: words(&raw.after_done),
        drain_timeout: copied(&raw.drain_timeout).unwrap_or(Duration::from_secs(30)).as_secs().max(1),
    }
}

fn migrate(raw: &Deploy) -> Option<Migrate> {
    let raw = raw.migrate.as_ref()?;
    let command = raw.command.as_ref().map(|argv| argv.0.clone()).filter(|argv| !argv.is_empty())?;
    Some(Migrate {
        command,
        each: copied(&raw.on) == Some(raw::MigrateOn::Each),
        reversible: copied(&raw.reversible).unwrap_or(false),
        timeout: copied(&raw.timeout).unwrap_or(Duration::from_secs(600)).as_secs().max(1),
    })
}

/// Every freeze; one whose times cannot be read is an error, for it would let everything through.
pub fn freezes(config: &Config, reader: &mut Reader<'_>) -> Vec<Freeze> {
    let written = config.freeze.iter().flat_map(|all| all.iter());
    written.filter_map(|raw| freeze(raw, reader)).collect()
}

fn freeze(raw: &RawFreeze, reader: &mut Reader<'_>) -> Option<Freeze> {
    let name = raw.name.as_ref().map_or_else(|| "freeze".to_owned(), |name| name.value.clone());
    let (from, to) = (raw.from.as_ref(), raw.to.as_ref());
    let zone = raw.timezone.as_ref().map_or(chrono_tz::UTC, |zone| zone.0);
    let moment = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let window = from.zip(to).and_then(|(from, to)| match (weekly(from), weekly(to), moment(from), moment(to)) {
        (Some(from), Some(to), ..) if from != to => Some(Window::Weekly(from, to, zone)),
        (_, _, Some(from), Some(to)) if from < to => Some(Window::Once(from, to)),
        _ => None,
    });
    let Some(window) = window else {
        let help = "write from and to both as \"Fri 16:00\", or both as RFC 3339, the earlier first";
        reader.conflict(raw.at, &format!("the freeze {name} has no times that can be read"), help);
        return None;
    };
    let environments = raw.environments.iter().flat_map(|all| all.iter()).map(|name| name.0.clone()).collect();
    let reason = raw.reason.as_ref().map(|reason| reason.value.clone()).unwrap_or_default();
    Some(Freeze { name, environments, window, reason })
}
