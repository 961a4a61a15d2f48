//! A host's part of a plan as its runner reads it: values, and each command as a function of exact words.

use std::fmt::Write;

use super::survey::sudo_as;
use crate::domain::deploy::plan::{DeployPlan, HostPart, Kind, PlanVersion};
use crate::domain::deploy::spec::{AfterSwitch, OnFail, OnLoss};
use crate::transport::loader::quote;

/// How long a command that follows the switch may take, in seconds: a stop and a start, each with systemd's limit of 90.
const ACT: u64 = 190;
/// How long a command of the script strategy may take, in seconds.
const INSTALL: u64 = 900;
/// How long a hook may take, in seconds, where nothing says otherwise.
const HOOK: u64 = 300;

/// The file `plan.sh` of one host.
pub fn plan_sh(plan: &DeployPlan, part: &HostPart, run: &str, who: &str) -> String {
    let mut text = String::from("# shellcheck shell=sh\n");
    let rollback = plan.kind == Kind::Rollback;
    let from = part.from.as_deref();
    let good = if rollback { part.state.after_rollback(from, &part.to) } else { part.state.after_good(from, &part.to) };
    let artifact = plan.artifact.as_ref();
    let course = plan.course();
    for (name, value) in [
        ("run_id", run),
        ("who", who),
        ("host", &part.host),
        ("plan_hash", &plan.hash()),
        ("kind", plan.kind.as_str()),
        ("root", &plan.root),
        ("state", &plan.state),
        ("unit", &plan.unit),
        ("version", &part.to),
        ("previous", from.unwrap_or("")),
        ("link_before", &part.link),
        ("state_sum", &part.state_sum),
        ("state_good", &good.to_json()),
        ("state_kept", &part.state.after_kept(from, &part.to).to_json()),
        ("state_undone", &part.state.after_undone(from, &part.to).to_json()),
        ("pin", &part.pin),
        ("artifact", &artifact.map(|artifact| artifact_path(plan, &artifact.sha256)).unwrap_or_default()),
        ("sha256", artifact.map_or("", |artifact| artifact.sha256.as_str())),
        ("use", if plan.after_switch == AfterSwitch::Restart { "restart" } else { "same" }),
        ("on_fail", if course.on_fail == OnFail::Hold { "hold" } else { "undo" }),
        ("on_loss_staged", if plan.on_loss == OnLoss::UndoHost { "abort" } else { "hold" }),
        (
            "on_loss_done",
            match plan.on_loss {
                OnLoss::Hold => "hold",
                OnLoss::UndoHost => "undo",
                OnLoss::Continue => "keep",
            },
        ),
        ("lease_ttl", &plan.lease.as_secs().to_string()),
        ("as", &sudo_as(plan.run_as.as_deref())),
        ("artifact_name", &artifact.map(|artifact| file_name(&artifact.path)).unwrap_or_default()),
        ("migrate_when", &plan.migrate.as_ref().map(|migrate| find_path(&migrate.when)).unwrap_or_default()),
        ("gate_timeout", &hundredths(plan.gate.timeout)),
        ("gate_stable", &hundredths(plan.gate.min_stable)),
        ("gate_every", &format!("{:.2}", plan.gate.every.as_secs_f64())),
        ("gate_successes", &plan.gate.successes.max(1).to_string()),
        ("gate_version", if plan.gate.version.is_some() { "1" } else { "0" }),
        ("health_url", plan.gate.health.as_ref().map_or("", |check| check.url.as_str())),
        ("health_timeout", &plan.gate.health.as_ref().map_or(0, |check| check.timeout).to_string()),
    ] {
        let _ = writeln!(text, "{name}={}", quote(value));
    }
    functions(&mut text, plan, part);
    text
}

/// The last part of a path.
fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A glob such as `migrations/**` as `find -path` knows it, whose `*` also stands for slashes: more than was meant may
/// fit, and then a migration runs that has nothing to do.
pub(super) fn find_path(glob: &str) -> String {
    glob.replace("/**/", "*/").replace("**", "*")
}

/// Where an uploaded archive lies on a host.
pub fn artifact_path(plan: &DeployPlan, sha256: &str) -> String {
    format!("{}/artifacts/{sha256}", plan.state)
}

fn hundredths(time: std::time::Duration) -> String {
    (time.as_millis() / 10).to_string()
}

/// A command as words of sh, each of which means exactly what it is.
pub(super) fn words(argv: &[String]) -> String {
    argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// Words in which `{version}` and `{artifact}` stand for a function's two parameters; each stays one word.
fn filled(argv: &[String]) -> String {
    // Between single quotes, which are closed around each of the two and opened again.
    let quoted = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
    argv.iter()
        .map(|one| quoted(one).replace("{version}", "'\"$1\"'").replace("{artifact}", "'\"$2\"'"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn functions(text: &mut String, plan: &DeployPlan, part: &HostPart) {
    let mut function = |name: &str, body: &str| {
        let _ = writeln!(text, "{name}() {{ {}; }}", if body.is_empty() { ":" } else { body });
    };
    let hook = |name: &str, seconds: u64, argv: &[String]| match argv {
        [] => String::new(),
        argv => format!("in_release \"$version\" {name} {seconds} {}", words(argv)),
    };
    let act = if part.act.is_empty() { String::new() } else { format!("step act {ACT} {}", words(&part.act)) };
    function("act", &act);
    function("hook_before_switch", &hook("before_switch", HOOK, &plan.hooks.before_switch));
    function("hook_drain", &hook("drain", plan.hooks.drain_timeout.max(1), &plan.hooks.drain));
    function("hook_undrain", &hook("undrain", HOOK, &plan.hooks.undrain));
    function("hook_after_done", &hook("after_done", HOOK, &plan.hooks.after_done));
    let migrate = plan.migrate.as_ref().map(|migrate| hook("migrate", migrate.timeout, &migrate.command));
    let script = |name: &str, argv: Option<&Vec<String>>| match argv {
        Some(argv) if !argv.is_empty() => format!("step {name} {INSTALL} $as {}", filled(argv)),
        _ => String::new(),
    };
    function("install", &script("install", plan.script.as_ref().map(|script| &script.install)));
    function("install_back", &script("install", plan.script.as_ref().map(|script| &script.back)));
    function("verify", &script("verify", plan.script.as_ref().map(|script| &script.verify)));
    function("migrate", &migrate.unwrap_or_default());
    let links: Vec<String> = plan.shared.iter().map(|path| format!("link {}", quote(path))).collect();
    function("links", &links.join(" && "));
    let statuses = plan.gate.health.as_ref().map(|check| check.statuses.as_slice()).unwrap_or_default();
    let ranges: Vec<String> = statuses
        .iter()
        .map(|(from, to)| format!("{{ [ \"${{1:-0}}\" -ge {from} ] && [ \"${{1:-0}}\" -le {to} ]; }}"))
        .collect();
    function("healthy", &ranges.join(" || "));
    let version = match &plan.gate.version {
        Some(PlanVersion::Url(url)) => format!("http {} 5; version_in \"$body\"", quote(url)),
        Some(PlanVersion::Command(argv)) => format!("version_in \"$(timeout 5 {} 2>/dev/null 9>&-)\"", words(argv)),
        None => String::new(),
    };
    function("asked_version", &version);
    let prune = if plan.prune.is_empty() { "prune".to_owned() } else { format!("prune {}", words(&plan.prune)) };
    function("prunes", &prune);
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::domain::deploy::plan::tests::plan;

    #[test]
    fn every_value_is_what_it_was_whatever_is_in_it() {
        let mut plan = plan();
        plan.root = "/var/it's $(touch /tmp/never) `x`".to_owned();
        plan.hooks.drain = vec!["bin/drain".to_owned(), "a b; $HOME".to_owned()];
        let text = plan_sh(&plan, &plan.hosts[0], "01ARYZ6S410000000000000000", "ada\n\"");
        let script = format!(
            "{text}\nin_release() {{ printf '%s|' \"$@\"; }}\nstep() {{ printf '%s|' \"$@\"; }}\nprintf '%s|%s|' \"$root\" \"$who\"\nhook_drain; act; links && healthy 200"
        );
        let out = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&out.stdout),
            "/var/it's $(touch /tmp/never) `x`|ada\n\"|1.5.0|drain|1|bin/drain|a b; $HOME|act|190|sudo|-n|systemctl|restart|api.service|"
        );
        assert_eq!(String::from_utf8_lossy(&out.stderr), "");
    }

    #[test]
    fn what_runs_on_hosts_is_short_enough_to_be_read() {
        for (text, most) in
            [(include_str!("runner.sh"), 300), (include_str!("release_dir.sh"), 80), (include_str!("by_script.sh"), 80)]
        {
            let lines = text.lines().count();
            assert!(lines <= most, "{lines}");
        }
    }
}
