//! A plan of a deploy or a rollback as a page: what is read before it is confirmed.

use super::plan::{Bake, DeployPlan, Kind, PlanGate};
use super::spec::{OnFail, OnLoss, RunnerKind};
use crate::domain::plan::shown;
use crate::domain::text::clean;

/// One line of a page, safe to show.
pub fn line(label: &str, text: &str) -> String {
    format!("{label:<12} {}", clean(text))
}

/// How a run is judged: the gate of each host, and the bake of all of them.
pub fn judged(gate: &PlanGate, bake: Option<&Bake>, kind: Kind) -> Vec<String> {
    let health = match &gate.health {
        Some(check) => format!("{} healthy answers of {}", gate.successes, check.url),
        None => "no health check, so this is a weak gate".to_owned(),
    };
    let version = if gate.version.is_some() { "; the version it reports" } else { "" };
    let (stable, timeout) = (gate.min_stable.as_secs_f64(), gate.timeout.as_secs());
    let gate = line("gate", &format!("active for {stable} s; {health}{version}; within {timeout} s"));
    let bake = match bake {
        Some(bake) => {
            let (time, limits) = (bake.time.as_secs(), &bake.limits);
            let log = bake.access_log.as_deref().unwrap_or("no access log");
            let borne = format!("5xx at most {} % or {} times as many as before ({log})", limits.max_5xx, limits.ratio);
            Some(line("bake", &format!("{time} s; {borne}; no new error {} times", limits.new_errors)))
        }
        None => (kind == Kind::Deploy).then(|| line("bake", "none: it is over when the last gate is passed")),
    };
    std::iter::once(gate).chain(bake).collect()
}

impl DeployPlan {
    /// The plan as a page, safe to show.
    pub fn page(&self) -> Vec<String> {
        let mut page = vec![line("plan", &format!("{} · {}", self.title(), &self.hash()[..12]))];
        page.push(line("environment", &format!("{} · level {}", self.environment, self.level)));
        if let Some(artifact) = &self.artifact {
            page.push(line(
                "artifact",
                &format!("{} · {} bytes · sha256 {}", artifact.path, artifact.bytes, &artifact.sha256[..12]),
            ));
        }
        let sizes: Vec<String> = self.batches.iter().map(ToString::to_string).collect();
        page.push(line("batches", &format!("{} of {} hosts", sizes.join(", then "), self.hosts.len())));
        for part in &self.hosts {
            let from = part.from.as_deref().unwrap_or("nothing");
            let act = if part.act.is_empty() { "no restart".to_owned() } else { shown(&part.act) };
            let put = match &self.script {
                Some(script) if self.kind == Kind::Deploy => shown(&script.install),
                Some(script) => shown(&script.back),
                None => format!("{}/current", self.root),
            };
            page.push(line(&part.host, &format!("{from} → {}  {put}, then {act}", part.to)));
        }
        if let Some(script) = &self.script {
            page.push(line("not atomic", "while its commands run, a host has neither the one version nor the other"));
            if !script.verify.is_empty() {
                page.push(line("verify", &shown(&script.verify)));
            }
        }
        if let Some(user) = &self.run_as {
            page.push(line("as", &format!("sudo -n -u {user}, each step but the restart")));
        }
        if self.runner == RunnerKind::System {
            page.push(line("runner", "sudo -n systemd-run, as the login user"));
        }
        page.extend(self.brings.iter().map(|what| line("brings", what)));
        for (name, hook) in [
            ("before_switch", &self.hooks.before_switch),
            ("drain", &self.hooks.drain),
            ("undrain", &self.hooks.undrain),
            ("after_done", &self.hooks.after_done),
        ] {
            if !hook.is_empty() {
                page.push(line("hook", &format!("{name}: {}", shown(hook))));
            }
        }
        if let Some(migrate) = self.migrate.as_ref().filter(|_| self.kind == Kind::Deploy) {
            let once = if migrate.each { "on each host" } else { "once" };
            let oneway = if migrate.reversible {
                ""
            } else {
                " · one-way; auto-rollback OFF: after it nothing goes back by itself"
            };
            let when = if migrate.when.is_empty() { String::new() } else { format!(", if {} differ", migrate.when) };
            page.push(line("migration", &format!("{once}{when}: {}{oneway}", shown(&migrate.command))));
        }
        page.extend(judged(&self.gate, self.bake.as_ref(), self.kind));
        let on_fail = match self.on_fail {
            OnFail::UndoHost => "the failing host goes back, and the run stops",
            OnFail::UndoAll => "every host goes back",
            OnFail::Hold => "the run waits for a person",
        };
        page.push(line("on failure", on_fail));
        let on_loss = match self.on_loss {
            OnLoss::Hold => "hosts finish what they are at, and wait",
            OnLoss::UndoHost => "hosts finish what they are at, and go back",
            OnLoss::Continue => "hosts finish what they are at, and stay",
        };
        page.push(line("if qd is lost", &format!("{on_loss}, after {} s", self.lease.as_secs())));
        page.extend(self.warnings.iter().map(|warning| line("careful", warning)));
        page
    }
}
