//! Which files `ssh -G` has read, and whether it would read the same again.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files that changed so shortly before they were read may change again without a new time.
const COARSE: Duration = Duration::from_millis(50);

/// What was read, each file and folder as it was.
#[derive(Debug)]
pub(super) struct Read {
    seen: Vec<(PathBuf, Option<Stamp>)>,
    /// Whether their times tell at all.
    settled: bool,
}

/// What tells a file from its next version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let meta = path.metadata().ok()?;
        Some(Self { modified: meta.modified().ok()?, length: meta.len(), inode: meta.ino() })
    }
}

impl Read {
    /// These files, read at some time after `begun`.
    pub fn of(files: impl IntoIterator<Item = PathBuf>, begun: SystemTime) -> Self {
        let mut seen: Vec<(PathBuf, Option<Stamp>)> = Vec::new();
        for file in files {
            if !seen.iter().any(|(known, _)| *known == file) {
                let stamp = Stamp::of(&file);
                seen.push((file, stamp));
            }
        }
        let coarse = begun.checked_sub(COARSE).unwrap_or(begun);
        let settled = seen.iter().flat_map(|(_, stamp)| stamp).all(|stamp| stamp.modified < coarse);
        Self { seen, settled }
    }

    /// Whether ssh would find the same.
    pub fn is_unchanged(&self) -> bool {
        self.settled && self.seen.iter().all(|(file, stamp)| Stamp::of(file) == *stamp)
    }
}

/// The files that `ssh -v` says it has read or looked for, and the folders in which a pattern might find more.
pub(super) fn named(said: &str, home: &Path) -> Vec<PathBuf> {
    let mut named = Vec::new();
    for line in said.lines() {
        if let Some(file) = line.strip_prefix("debug1: Reading configuration data ") {
            let file = PathBuf::from(file.trim());
            // What comes or goes beside it may match an Include.
            named.extend(file.parent().map(Path::to_owned));
            named.push(file);
        } else if let Some((_, rest)) = line.split_once(": include ")
            && let Some(pattern) = rest.strip_suffix(" matched no files")
        {
            let pattern = pattern.strip_prefix("~/").map_or_else(|| PathBuf::from(pattern), |rest| home.join(rest));
            named.extend(folders(&pattern));
        }
    }
    named
}

/// The folders that change when something comes to match a pattern: from its first plain one up to one that is there.
fn folders(pattern: &Path) -> Vec<PathBuf> {
    let plain = |path: &&Path| !path.to_string_lossy().contains(['*', '?', '[']);
    let mut folders = Vec::new();
    for folder in pattern.ancestors().skip(1).filter(plain).filter(|path| path.is_absolute()) {
        folders.push(folder.to_owned());
        if folder.is_dir() {
            break;
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_says_it_has_read() {
        let said = "OpenSSH_9.2p1\ndebug1: Reading configuration data /home/me/.ssh/config\n\
                    debug1: /home/me/.ssh/config line 1: include ~/.ssh/conf.d/*/x matched no files\n\
                    debug1: /home/me/.ssh/config line 3: Applying options for *\n";
        let named = named(said, Path::new("/home/me"));
        for file in ["/home/me/.ssh/config", "/home/me/.ssh", "/home/me/.ssh/conf.d"] {
            assert!(named.contains(&PathBuf::from(file)), "{file}: {named:?}");
        }
        assert!(!named.iter().any(|file| file.to_string_lossy().contains('*')), "{named:?}");
    }
}
