//! What is made ready on this machine before a plan: the archive of a version, built where the config says how.

use std::process::Stdio;

use tokio::process::Command;

use super::upload::measure;
use crate::domain::deploy::plan::Artifact;
use crate::domain::deploy::spec::{DeploySpec, Strategy};
use crate::domain::plan::shown;
use crate::domain::text::one_line;
use crate::programs;

/// How many of a failed build's last lines are told.
const LAST_LINES: usize = 20;

/// The archive of a version, measured; none where the config names none. With `build`, what the config says makes it is
/// run first.
pub async fn artifact(spec: &DeploySpec, version: &str, build: bool) -> Result<Option<Artifact>, String> {
    let script = &spec.script;
    if build && spec.strategy == Strategy::Script && !script.build.is_empty() {
        let argv: Vec<String> = script.build.iter().map(|word| word.replace("{version}", version)).collect();
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).current_dir(&script.folder).stdin(Stdio::null()).kill_on_drop(true);
        let done = programs::start(|| command.output())
            .await
            .map_err(|error| format!("{} cannot be run: {error}", shown(&argv)))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
            let lines: Vec<String> = said.lines().map(|line| format!("    {}", one_line(line, 300))).collect();
            let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
            return Err(format!("{} failed here ({}); nothing was done\n{last}", shown(&argv), done.status));
        }
    }
    match &spec.artifact {
        Some(path) => measure(path.to_string_lossy().replace("{version}", version).as_ref()).await.map(Some),
        None => Ok(None),
    }
}
