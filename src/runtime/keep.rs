//! The file that holds what is kept of the logs' view: read at the start, written aside by a thread of its own.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use crate::domain::log_keep::Kept;

/// A larger file is not ours.
const LARGEST: u64 = 4 << 20;

/// Reads what was kept; nothing where there is no file yet. What cannot be read is put aside, so that writing later does
/// not lose it, and said.
pub fn read(path: &Path) -> Result<Kept, String> {
    let why = match load(path) {
        Ok(kept) => return Ok(kept.unwrap_or_default()),
        Err(why) => why,
    };
    let aside = path.with_extension("json.broken");
    let shown = path.display();
    Err(match fs::rename(path, &aside) {
        Ok(()) => format!("what was kept of the logs' view cannot be read ({why}): it is now {}", aside.display()),
        Err(error) => {
            format!("what was kept of the logs' view, {shown}, cannot be read ({why}), nor put aside ({error})")
        }
    })
}

fn load(path: &Path) -> Result<Option<Kept>, String> {
    match fs::metadata(path) {
        Ok(about) if about.len() > LARGEST => return Err("it is too large".to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map(Some).map_err(|error| error.to_string())
}

/// Writes what is to be kept. When it is dropped the last of it has been written.
#[derive(Debug)]
pub struct Keeper {
    sender: Option<mpsc::Sender<Kept>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// One that writes to this file; `base` is what was read from it.
    pub fn new(path: PathBuf, base: Kept) -> Self {
        let (sender, inbox) = mpsc::channel::<Kept>();
        let write = move || {
            let mut base = base;
            while let Ok(mut kept) = inbox.recv() {
                // Only the newest counts.
                while let Ok(newer) = inbox.try_recv() {
                    kept = newer;
                }
                match store(&path, &kept, &base) {
                    Ok(()) => base = kept,
                    Err(error) => tracing::warn!(path = %path.display(), %error, "the logs' view is not kept"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("qd-keep".to_owned()).spawn(write).ok();
        Self { sender: Some(sender), thread }
    }

    /// Has this written.
    pub fn keep(&self, kept: Kept) {
        if let Some(sender) = &self.sender {
            // Without the thread nothing is kept, and nothing else is lost.
            let _ = sender.send(kept);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes a new file and puts it in the place of the old one. Another `qd` may have written meanwhile: what it has added
/// stays.
fn store(path: &Path, kept: &Kept, base: &Kept) -> io::Result<()> {
    let theirs = load(path).ok().flatten();
    let kept = match &theirs {
        Some(theirs) if theirs != base => kept.clone().with(theirs, base),
        _ => kept.clone(),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = path.with_extension(format!("json.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = serde_json::to_string_pretty(&kept).map_err(io::Error::other)?;
    options.open(&new).and_then(|mut file| file.write_all(text.as_bytes())).and_then(|()| fs::rename(&new, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Kept {
        Kept { searches: names.iter().map(|name| (*name).to_owned()).collect(), ..Kept::default() }
    }

    #[test]
    fn what_is_kept_is_there_when_the_keeper_is_gone_and_two_lose_nothing_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("views").join("acme.json");
        assert_eq!(read(&path), Ok(Kept::default()));
        let (a, b) = (Keeper::new(path.clone(), Kept::default()), Keeper::new(path.clone(), Kept::default()));
        a.keep(of(&["a"]));
        drop(a);
        b.keep(of(&["b"]));
        drop(b);
        assert_eq!(read(&path), Ok(of(&["b", "a"])));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_said_and_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.json");
        fs::write(&path, "{\"last\": 7").unwrap();
        let why = read(&path).unwrap_err();
        assert!(why.contains("cannot be read") && why.contains("acme.json.broken"), "{why}");
        assert_eq!(fs::read_to_string(folder.path().join("acme.json.broken")).unwrap(), "{\"last\": 7");
        assert_eq!(read(&path), Ok(Kept::default()), "and the cockpit goes on without it");
    }
}
