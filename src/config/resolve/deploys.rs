//! `[service.deploy]` for each environment of its service, and `[[freeze]]`.

use std::time::Duration;

use chrono::DateTime;

use super::{copied, text};
use crate::config::raw::Config;
use crate::config::raw::deploy::{self as raw, Deploy, Freeze as RawFreeze, Gate};
use crate::config::read::{At, OneOf, Reader};
use crate::config::units;
use crate::config::values::HostArgv;
use crate::domain::deploy::bake::{BakeLimits, OnBreach};
use crate::domain::deploy::batches::{BatchSize, Share};
use crate::domain::deploy::freeze::{Freeze, Window, weekly};
use crate::domain::deploy::spec::{
    AfterSwitch, DeploySpec, GitlabSpec, Hooks, Migrate, OnFail, OnLoss, RunnerKind, ScriptSpec, Strategy,
};
use crate::domain::gate::GateSettings;
use crate::domain::service::Service;

/// How each service is deployed, where that is written.
pub fn deploys(config: &Config, services: &[Service], reader: &mut Reader<'_>) -> Vec<DeploySpec> {
    let mut specs: Vec<DeploySpec> = Vec::new();
    for raw in config.service.iter().flat_map(|all| all.iter()) {
        let (Some(name), Some(deploy)) = (text(&raw.name), raw.deploy.as_ref()) else { continue };
        let template = spec(deploy, name.as_str(), reader);
        for service in services.iter().filter(|service| service.name == name) {
            if !specs.iter().any(|known| known.service == name && known.environment == service.environment) {
                let (service, environment) = (service.name.clone(), service.environment.clone());
                specs.push(DeploySpec { service, environment, ..template.clone() });
            }
        }
    }
    specs
}

fn spec(raw: &Deploy, service: &str, reader: &mut Reader<'_>) -> DeploySpec {
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
    let state = match (text(&raw.state), &root) {
        (Some(state), Some(root)) => Some(state.replace("{root}", root)),
        (Some(state), None) => Some(state),
        (None, Some(root)) => Some(format!("{root}/.quarterdeck")),
        (None, None) if strategy == Strategy::Script => Some(format!("/var/lib/quarterdeck/{service}")),
        (None, None) => None,
    };
    // What is kept of a script's versions lies beside its runs.
    let root = root.or_else(|| state.clone().filter(|_| strategy == Strategy::Script));
    DeploySpec {
        service: String::new(),
        environment: String::new(),
        strategy,
        state,
        root,
        artifact: raw.artifact.as_ref().map(|path| path.0.clone()),
        run_as: text(&raw.run_as).filter(|user| !user.is_empty()),
        runner: match copied(&raw.runner) {
            Some(raw::Runner::System) => RunnerKind::System,
            Some(raw::Runner::Auto) | None => RunnerKind::Auto,
        },
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
        bake_limits: bake_limits(raw, reader),
        hooks: hooks(raw),
        preflight: raw.preflight.as_ref().map(|argv| argv.0.clone()).unwrap_or_default(),
        migrate: migrate(raw),
        keep: raw.keep.as_ref().map_or(5, |keep| usize::try_from(keep.0).unwrap_or(usize::MAX)).max(2),
        lock_after_rollback: copied(&raw.lock_after_rollback).unwrap_or(false),
        maintenance: copied(&raw.maintenance) == Some(raw::Maintenance::Statuscake),
        announce: copied(&raw.announce).unwrap_or(true),
        script: script(raw, strategy, reader),
        gitlab: gitlab(raw, strategy, reader),
    }
}

/// What a strategy cannot do without.
fn required(raw: &Deploy, reader: &mut Reader<'_>, wanted: bool, there: bool, key: &str, help: &str) {
    if let (true, false, Some(at)) = (wanted, there, raw.strategy.as_ref().map(|strategy| strategy.at)) {
        reader.conflict(at, &format!("this strategy needs {key}"), help);
    }
}

fn script(raw: &Deploy, strategy: Strategy, reader: &mut Reader<'_>) -> ScriptSpec {
    let words = |argv: &Option<At<HostArgv>>| argv.as_ref().map(|argv| argv.0.clone()).unwrap_or_default();
    let install = words(&raw.install);
    let help = "write install = [\"program\", \"argument\", \"{artifact}\"]";
    required(raw, reader, strategy == Strategy::Script, !install.is_empty(), "install", help);
    ScriptSpec {
        build: raw.build.as_ref().map(|build| build.argv.clone()).unwrap_or_default(),
        folder: raw.build.as_ref().map(|build| build.folder.clone()).unwrap_or_default(),
        install,
        verify: words(&raw.verify),
        rollback: raw.rollback.as_ref().and_then(|rollback| match &rollback.value {
            OneOf::One(raw::ScriptRollback::Reinstall) => None,
            OneOf::Other(argv) => Some(argv.0.clone()),
        }),
    }
}

fn gitlab(raw: &Deploy, strategy: Strategy, reader: &mut Reader<'_>) -> GitlabSpec {
    let job = text(&raw.job);
    required(raw, reader, strategy == Strategy::Gitlab, job.is_some(), "job", "write job = \"deploy-production\"");
    let pipeline = raw.pipeline.as_ref();
    let variables = pipeline.and_then(|pipeline| pipeline.variables.as_ref());
    GitlabSpec {
        project: text(&raw.project),
        job,
        environment: text(&raw.gitlab_environment),
        git_ref: pipeline.and_then(|pipeline| text(&pipeline.r#ref)),
        variables: variables
            .iter()
            .flat_map(|all| all.iter())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    }
}

fn bake_limits(raw: &Deploy, reader: &mut Reader<'_>) -> BakeLimits {
    let default = BakeLimits::default();
    let Some(raw) = &raw.bake_limits else { return default };
    let on_breach = raw.on_breach.as_ref().map(|written| (written.at, OnBreach::parse(written, units::duration)));
    if let Some((at, None)) = on_breach {
        reader.conflict(at, "this is nothing that a breach can lead to", "write \"ask 20s\", \"on_fail\" or \"hold\"");
    }
    BakeLimits {
        min_requests: raw.min_requests.as_ref().map_or(default.min_requests, |count| count.0),
        max_5xx: raw.max_5xx.as_ref().map_or(default.max_5xx, |percent| percent.0),
        ratio: copied(&raw.ratio).unwrap_or(default.ratio),
        new_errors: raw.new_errors.as_ref().map_or(default.new_errors, |count| count.0),
        statuscake: copied(&raw.statuscake).unwrap_or(default.statuscake),
        on_breach: on_breach.and_then(|(_, parsed)| parsed).unwrap_or(default.on_breach),
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
        when: text(&raw.when).unwrap_or_default(),
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
