//! What must be so on a host before a run: pure, of what the host has said.

use chrono::Utc;

use super::survey::Survey;
use crate::domain::deploy::plan::Artifact;
use crate::domain::deploy::spec::{DeploySpec, RunnerKind, Strategy};

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
        fault(format!("another run has the lock: {owner}"));
    }
    if let Some(hold) = &survey.hold {
        fault(format!("it is locked by hand: {hold}; qd unlock lets it again"));
    }
    if survey.unit.facts.load != "loaded" {
        fault(format!("{} is {} there", unit, survey.unit.facts.load));
    }
    faults
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
