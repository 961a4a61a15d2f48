//! A snapshot of what a service looks like before it is restarted: what a restart wipes out.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::transport::loader::quote;
use crate::transport::{ExecSpec, SharedTransport};

const SCRIPT: &str = include_str!("evidence.sh");
/// How long a host may take; what it has said by then is kept.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much of it is kept.
const MOST: usize = 4 << 20;

/// Asks a host for its processes, sockets and journal, and keeps them in a file of a folder, for its owner alone.
pub async fn collect(transport: &SharedTransport, unit: &str, folder: &Path) -> std::io::Result<PathBuf> {
    let script = format!("unit={}\n{SCRIPT}", quote(unit));
    let said = transport.exec(ExecSpec::script(script, PATIENCE)).collect(MOST).await;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // A host's name holds no blanks; what else it might hold leads nowhere.
    let name: String = transport.host().as_str().chars().map(|c| if c == '/' { '_' } else { c }).collect();
    let path = folder.join(format!("{name}.txt"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(&said.out)?;
    file.write_all(&said.err)?;
    Ok(path)
}
