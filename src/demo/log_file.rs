//! A log file of a made-up host, rotated by renaming as logrotate does.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A log file is rotated when it has grown to this many bytes …
const ROTATE_BYTES: usize = 16 << 20;
/// … or when it is this many milliseconds old.
const ROTATE_MS: i64 = 240_000;
/// How many rotated files are kept.
const KEPT: u32 = 2;

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    bytes: usize,
    /// When it was begun, in milliseconds of the world.
    begun_ms: i64,
}

impl LogFile {
    /// Begins a new file, with its folder.
    pub fn create(path: PathBuf, now_ms: i64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(Self { file: open(&path)?, path, bytes: 0, begun_ms: now_ms })
    }

    /// Appends whole lines; before that, rotates the file when it is its time.
    pub fn append(&mut self, text: &str, now_ms: i64) -> io::Result<()> {
        if self.bytes >= ROTATE_BYTES || now_ms - self.begun_ms >= ROTATE_MS {
            for number in (1..KEPT).rev() {
                // The first times there is none yet.
                let _ = fs::rename(self.rotated(number), self.rotated(number + 1));
            }
            fs::rename(&self.path, self.rotated(1))?;
            *self = Self::create(std::mem::take(&mut self.path), now_ms)?;
        }
        self.bytes += text.len();
        self.file.write_all(text.as_bytes())
    }

    /// The name of a rotated file, 1 being the newest.
    fn rotated(&self, number: u32) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_or_a_big_file_is_renamed_and_a_new_one_begun() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log/app.log");
        let mut log = LogFile::create(path.clone(), 0).unwrap();
        log.append("one\n", 0).unwrap();
        log.append("two\n", ROTATE_MS).unwrap();
        log.append(&"x".repeat(ROTATE_BYTES), ROTATE_MS + 1).unwrap();
        log.append("three\n", ROTATE_MS + 2).unwrap();
        log.append("four\n", 2 * ROTATE_MS + 2).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join("log").join(name)).unwrap();
        assert_eq!((read("app.log"), read("app.log.1")), ("four\n".to_owned(), "three\n".to_owned()));
        assert!(read("app.log.2").starts_with("two\nxxx"));
        assert_eq!(fs::read_dir(folder.path().join("log")).unwrap().count(), 3, "the oldest is gone");
    }
}
