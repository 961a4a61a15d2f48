//! What must be so on a host before a run: pure, of what the host has said.

use chrono::Utc;

use super::survey::Survey;
use crate::domain::deploy::plan::Artifact;
use crate::domain::deploy::spec::{DeploySpec, RunnerKind, Strategy};
use crate::domain::plan::shown;

/// File systems on which a lock means nothing, or not on every machine.
const NETWORK: [&str; 9] = ["nfs", "nfs4", "cifs", "smb", "smb2", "smbfs", "afs", "ceph", "fuseblk"];
/// A clock that is further off is told of, in seconds.
const SKEW: u64 = 5;

/// What is in the way, whatever is to be deployed, and what would mend it.
pub(super) fn faults(spec: &DeploySpec, root: &str, unit: &str, survey: &Survey) -> Vec<String> {
    let (mut faults, user) = (Vec::new(), &survey.unit.user);
    let mut fault = |text: String| faults.push(text);
    let by_script = spec.strategy == Strategy::Script;
    if !survey.missing.is_empty() {
        fault(format!("a run needs {}, which is not there", survey.missing.join(", ")));
    }
    if !survey.has_root && !by_script {
        fault(format!("there is no {root}/releases"));
    } else if !survey.writable {
        let who = spec.run_as.as_deref().filter(|_| !by_script).unwrap_or(user);
        fault(format!("{who} may not write {root} and {root}/releases"));
    }
    if let Some(state) = spec.state.as_deref().filter(|_| !survey.keeps) {
        fault(format!("{user} may not write {state}; made once it may: sudo install -d -m 2770 -o {user} {state}"));
    }
    if let Some(other) = spec.run_as.as_deref().filter(|_| !survey.may_as) {
        fault(format!(
            "sudo does not let {user} run commands as {other} without a password; in sudoers that is\n    \
             {user} ALL=({other}) NOPASSWD: ALL"
        ));
    }
    if spec.runner == RunnerKind::System && !survey.may_system {
        let state = spec.state.as_deref().unwrap_or_default();
        fault(format!(
            "sudo does not let {user} start the runner by systemd; in sudoers that is\n    {user} ALL=(root) NOPASSWD: \
             /usr/bin/systemd-run --uid={user} --collect --quiet --unit=qd-* sh {state}/runs/*"
        ));
    }
    if NETWORK.contains(&survey.fs.as_str()) {
        fault(format!("{root} is on a network file system ({}), where a lock means nothing", survey.fs));
    }
    if let Some(owner) = &survey.owner {
        let steered = survey.lease_age.filter(|age| *age > spec.lease.as_secs());
        let since = steered.map(|age| format!("; nobody has steered it for {age} s, and {}", adopts(owner)));
        fault(format!("another run has the lock: {owner}{}", since.unwrap_or_default()));
    }
    if let Some(hold) = &survey.hold {
        fault(format!("it is locked by hand: {hold}; qd unlock lets it again"));
    }
    if let Some((code, said)) = survey.asked.as_ref().filter(|(code, _)| *code != 0) {
        fault(format!("`{}` ends with exit code {code}: {said}", shown(&spec.preflight)));
    }
    if survey.unit.facts.load != "loaded" {
        fault(format!("{} is {} there", unit, survey.unit.facts.load));
    }
    faults
}

/// The commands of a deploy that begin with sudo, as they will be run: sudoers matches arguments exactly.
pub(super) fn privileged(
    spec: &DeploySpec,
    root: &str,
    version: &str,
    artifact: Option<&Artifact>,
) -> Vec<Vec<String>> {
    let name = artifact.and_then(|artifact| artifact.path.rsplit('/').next()).unwrap_or_default();
    let kept = format!("{root}/releases/{version}/{name}");
    let filled = |argv: &Vec<String>| {
        argv.iter().map(|word| word.replace("{version}", version).replace("{artifact}", &kept)).collect()
    };
    let (script, hooks) = (&spec.script, &spec.hooks);
    let migrate = spec.migrate.as_ref().map(|migrate| &migrate.command);
    let hooks = [&hooks.before_switch, &hooks.drain, &hooks.undrain, &hooks.after_done];
    let all = [&script.install, &script.verify].into_iter().chain(hooks).chain(migrate);
    all.filter(|argv| argv.first().is_some_and(|word| word == "sudo")).map(filled).collect()
}

/// Those of them that sudo does not let, each with the line that is missing in sudoers.
pub(super) fn refused(privileged: &[Vec<String>], survey: &Survey) -> Vec<String> {
    let user = &survey.unit.user;
    let fault = |argv: &Vec<String>| {
        let mut words = argv.iter().skip(1).map(String::as_str).peekable();
        let mut other = "root";
        // Those options of sudo's own that a command in a config has.
        while let Some(option) = words.next_if(|word| word.starts_with('-')) {
            if matches!(option, "-u" | "--user") {
                other = words.next().unwrap_or(other);
            }
        }
        let command = words.collect::<Vec<_>>().join(" ");
        format!(
            "sudo does not let {user} run `{command}` as {other} without a password; in sudoers that is\n    \
             {user} ALL=({other}) NOPASSWD: {command}"
        )
    };
    survey.refused.iter().filter_map(|index| privileged.get(*index)).map(fault).collect()
}

/// Why this host could not go back by itself from what is to be deployed now.
pub(super) fn no_way_back(spec: &DeploySpec, live: Option<&str>, survey: &Survey) -> Option<String> {
    let Some(live) = live else {
        let what =
            if spec.strategy == Strategy::Script { "qd has not deployed here yet" } else { "nothing is live here yet" };
        return Some(format!("{what}, so there is no way back: if it fails, a person is needed"));
    };
    let there = survey.releases.iter().any(|(name, _)| name == live);
    let needed = spec.strategy != Strategy::Script || spec.script.rollback.is_none();
    (needed && !there).then(|| format!("what is live, {live}, is not among its releases: there is no way back"))
}

/// What takes the run of this owner up again.
fn adopts(owner: &str) -> String {
    let run = owner.split(" run ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    format!("qd run adopt {run} takes it up")
}

/// What was left behind by a run that was cut off here; to deploy in spite of it breaks its lock.
pub(super) fn cut_off(survey: &Survey) -> Option<String> {
    let owner = survey.cut.as_deref()?;
    let at = if survey.step.is_empty() { String::new() } else { format!(" at {}", survey.step) };
    Some(format!("a run was cut off here{at}, and its runner is dead: {owner}; {}", adopts(owner)))
}

/// What people should know, although it is in nobody's way.
pub(super) fn warnings(survey: &Survey) -> impl Iterator<Item = String> {
    let user = &survey.unit.user;
    let kills = survey.kills.then(|| {
        format!(
            "logind ends what a login leaves behind; `sudo loginctl enable-linger {user}` there, or runner = \"system\""
        )
    });
    let skew = survey.now.map(|now| now.abs_diff(Utc::now().timestamp())).filter(|skew| *skew > SKEW);
    kills.into_iter().chain(skew.map(|skew| format!("its clock is {skew} s off")))
}

/// Three times what is uploaded, and a tenth of the disk and its inodes.
pub(super) fn room(artifact: Option<&Artifact>, survey: &Survey) -> Vec<String> {
    let mut faults = Vec::new();
    let needs = artifact.map_or(0, |artifact| 3 * artifact.bytes / 1024);
    if let Some((free, used)) = survey.disk
        && (free < needs || used >= 90)
    {
        faults.push(format!("the disk is {used} % full, with {free} kB free; {needs} kB are needed"));
    }
    if let Some(used) = survey.inodes.filter(|used| *used >= 90) {
        faults.push(format!("{used} % of the disk's inodes are used"));
    }
    faults
}

/// The exact command that follows the switch, in its plainest form: sudoers matches arguments exactly.
pub(super) fn act(verb: &str, unit: &str, survey: &Survey) -> Result<Vec<String>, String> {
    let words = |words: &[&str]| Ok(words.iter().map(|word| (*word).to_owned()).collect());
    match &survey.unit {
        _ if verb.is_empty() => Ok(Vec::new()),
        reading if reading.root => words(&["systemctl", verb, unit]),
        reading => match &reading.sudo {
            Some(name) => words(&["sudo", "-n", "systemctl", verb, name]),
            None => {
                let user = &reading.user;
                Err(format!(
                    "sudo does not let {user} run `systemctl {verb} {unit}` without a password; in sudoers that is\n    \
                     {user} ALL=(root) NOPASSWD: /usr/bin/systemctl {verb} {unit}"
                ))
            }
        },
    }
}
