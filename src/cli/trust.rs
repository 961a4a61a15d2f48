//! `qd trust`: what a found config would start, contact and read, and the agreement to it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::trust::Extract;
use crate::config::{Dirs, Trust, TrustStore, find};

/// The file that is meant: the one that is named, the one in a folder that is named, or the one that would be found
/// from `cwd`.
pub fn meant(path: Option<&Path>, cwd: &Path) -> Option<PathBuf> {
    match path.map(|path| cwd.join(path)) {
        Some(path) if path.is_dir() => find::found(&path),
        Some(path) => Some(path),
        None => find::found(cwd),
    }
}

/// Shows what the file would do and keeps the agreement. Typing the command is the agreement: nothing more is asked.
pub fn agree(extract: &Extract, dirs: &Dirs, out: &mut impl Write) -> io::Result<()> {
    let store = TrustStore::new(&dirs.state);
    match store.check(extract.clone()) {
        Trust::Trusted => {
            writeln!(out, "{}\nThis was trusted before; nothing of it has changed.", extract.describe(None))
        }
        Trust::Untrusted(untrusted) => {
            write!(out, "{}", untrusted.describe())?;
            store.trust(extract)?;
            writeln!(out, "\nTrusted. It will be asked about again when any of this changes.")
        }
    }
}

/// Runs the command.
pub fn run(args: &super::args::TrustArgs) -> super::exit::Outcome {
    use super::exit::{Exit, Failure};
    let cwd = std::env::current_dir()?;
    let dirs = Dirs::of_process().ok_or_else(|| Failure::new(Exit::Usage, "there is no home folder; set $HOME"))?;
    let file = meant(args.path.as_deref(), &cwd)
        .ok_or_else(|| Failure::new(Exit::Usage, "there is no quarterdeck.toml here or in a parent folder"))?;
    let extract = crate::config::extract(&file, &dirs).map_err(|error| {
        let exit = if error.is_refusal() { Exit::Refused } else { Exit::Usage };
        Failure::new(exit, format!("{} cannot be trusted\n{error}", file.display()))
    })?;
    agree(&extract, &dirs, &mut io::stdout().lock())?;
    Ok(Exit::Fine)
}
