//! Which files make up the config, and whether they may be used.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::LoadOptions;
use super::diagnostic::{Diagnostic, Kind, Severity};

/// The name of a team's file.
pub const FILE_NAME: &str = "quarterdeck.toml";

/// A config is written by hand; anything longer is something else.
const MOST_BYTES: u64 = 4 << 20;

/// How a file came to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Named by `--config` or `$QUARTERDECK_CONFIG`.
    Chosen,
    /// Found in this folder or a parent.
    Found,
    /// The person's own.
    Person,
}

/// The files to use, lowest layer first. A chosen file need not exist: reading it will tell.
pub fn layers(options: &LoadOptions) -> Vec<(PathBuf, Standing)> {
    if !options.explicit.is_empty() {
        return options.explicit.iter().map(|path| (options.cwd.join(path), Standing::Chosen)).collect();
    }
    let team = match &options.env_config {
        Some(path) => Some((options.cwd.join(path), Standing::Chosen)),
        None => found(&options.cwd).map(|path| (path, Standing::Found)),
    };
    let person = options.dirs.config.join("config.toml");
    let person = person.exists().then_some((person, Standing::Person));
    team.into_iter().chain(person).collect()
}

/// The team's file of a folder: in it, or in the nearest parent that has one. No link is left in its path, since trust is kept by it.
pub fn found(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let file = folder.ancestors().map(|folder| folder.join(FILE_NAME)).find(|file| file.is_file())?;
    Some(file.canonicalize().unwrap_or(file))
}

/// A file's text. Files that were not chosen must be the person's own and writable by nobody else: whoever could write
/// them could run commands as the person.
pub fn read(path: &Path, standing: Standing) -> Result<String, Diagnostic> {
    let fault = |kind, message: &str, help: Option<&str>| {
        Diagnostic::of_file(Severity::Error, kind, path, message, help.map(str::to_owned))
    };
    let unreadable = |error: std::io::Error| {
        let help = (error.kind() == std::io::ErrorKind::NotFound).then_some("qd init writes a first config");
        fault(Kind::Unreadable, &format!("this config cannot be read: {error}"), help)
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if standing != Standing::Chosen {
        let me = rustix::process::geteuid().as_raw();
        // root could do anything as the person anyway, and some package managers own everybody's files.
        if meta.uid() != me && meta.uid() != 0 {
            let message =
                format!("this config is refused: it belongs to another user ({}), and you are {me}", meta.uid());
            return Err(fault(
                Kind::Refused,
                &message,
                Some("copy it, take it over with chown, or name it with --config"),
            ));
        }
        if meta.mode() & 0o022 != 0 {
            let message = format!("this config is refused: others may write it (mode {:03o})", meta.mode() & 0o777);
            return Err(fault(Kind::Refused, &message, Some(&format!("chmod go-w '{}'", path.display()))));
        }
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fault(Kind::Unreadable, "this is no config: it is longer than 4 MiB", None));
    }
    String::from_utf8(bytes).map_err(|_| fault(Kind::Unreadable, "this is no config: it is not UTF-8 text", None))
}
