//! The demo's temporary folder: made for this process alone, and gone with it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, getuid, test_kill_process};

/// What every demo's folder is called, before its process id and a random part.
const PREFIX: &str = "qd-demo-";

/// A folder in the system's temporary folder that nobody else can read. [`Folder::remove`] or a drop removes it; one that
/// a killed process left behind is removed by the next [`Folder::create`].
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes a new one, after removing those of dead processes.
    pub fn create() -> io::Result<Self> {
        let parent = fs::canonicalize(std::env::temp_dir())?;
        remove_stale(&parent);
        let path = parent.join(format!("{PREFIX}{}-{:08x}", std::process::id(), super::keys::random_u32()));
        // Never an existing one: somebody else could own it.
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }

    /// Where it is; absolute, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it and all in it. A file that appears in the middle of it is no reason to leave the rest: it tries again.
    pub fn remove(&self) {
        for _ in 0..5 {
            match fs::remove_dir_all(&self.path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => continue,
                _ => return,
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Removes this user's demo folders whose process is gone (it was killed, or the machine went down).
fn remove_stale(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let Ok(meta) = entry.path().symlink_metadata() else { continue };
        let ours = meta.is_dir() && meta.uid() == getuid().as_raw();
        if ours && entry.file_name().to_str().and_then(owner).is_some_and(is_dead) {
            // Another demo may be at it too; whoever is first wins.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The process id in a folder's name.
fn owner(name: &str) -> Option<Pid> {
    let (pid, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    Pid::from_raw(pid.parse().ok()?)
}

fn is_dead(pid: Pid) -> bool {
    test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_and_goes_with_its_owner() {
        let folder = Folder::create().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        fs::write(path.join("file"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn only_folders_of_dead_processes_are_stale() {
        let parent = tempfile::tempdir().unwrap();
        let mut dead = std::process::Command::new("true").spawn().unwrap();
        let dead_pid = dead.id();
        dead.wait().unwrap();
        let names = [
            (format!("{PREFIX}{dead_pid}-00000001"), false),
            (format!("{PREFIX}{}-00000002", std::process::id()), true),
            (format!("{PREFIX}x-00000003"), true),
            (format!("{PREFIX}-1-00000004"), true),
            ("other-1-1".to_owned(), true),
        ];
        for (name, _) in &names {
            fs::create_dir_all(parent.path().join(name).join("inside")).unwrap();
        }
        remove_stale(parent.path());
        for (name, stays) in &names {
            assert_eq!(parent.path().join(name).exists(), *stays, "{name}");
        }
    }
}
