//! Host keys that a person accepts while the system's ssh connects.
//!
//! ssh writes a key that is accepted into the first of its known_hosts files. That is one of ours, in the connection's
//! private folder, with the keys that were accepted for this run; whether a key goes on into the person's own file is
//! decided by the answer.

use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::host::LinkError;
use crate::transport::host_key::keep;
use crate::transport::known_hosts::{fingerprint, key_type};
use crate::transport::questions::Questions;
use crate::transport::resolve::Target;

/// The most that is read of the file.
const CAP: u64 = 1 << 20;

/// The file, and what was said of the keys that ssh puts into it.
pub(super) struct Keys {
    file: PathBuf,
    /// Fingerprints that were accepted and are not settled yet, and whether each is to be kept.
    accepted: std::sync::Mutex<Vec<(String, bool)>>,
}

impl Keys {
    /// A file with the keys that were accepted for this run.
    pub fn new(folder: &Path, target: &Target, questions: &Questions) -> std::io::Result<Self> {
        let file = folder.join("accepted");
        let mut open = std::fs::File::create(&file)?;
        for blob in questions.accepted(&target.known_as) {
            if let Some(kind) = key_type(&blob) {
                writeln!(open, "{} {kind} {}", target.known_as, STANDARD.encode(&blob))?;
            }
        }
        Ok(Self { file, accepted: std::sync::Mutex::default() })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A person has accepted a key; `kept` for longer than this run.
    pub fn accept(&self, fingerprint: String, kept: bool) {
        self.accepted.lock().expect("nothing panics under this lock").push((fingerprint, kept));
    }

    /// Does what was said, now that ssh has written the accepted keys down.
    pub fn settle(&self, target: &Target, questions: &Questions) -> Result<(), LinkError> {
        let mut accepted = self.accepted.lock().expect("nothing panics under this lock");
        if accepted.is_empty() {
            return Ok(());
        }
        let blobs = blobs(&self.file);
        for (print, kept) in std::mem::take(&mut *accepted) {
            let Some(blob) = blobs.iter().find(|blob| fingerprint(blob) == print) else { continue };
            questions.accept(&target.known_as, blob);
            if kept {
                keep(target, blob)?;
            }
        }
        Ok(())
    }
}

/// The keys of a file that only our own ssh writes.
fn blobs(file: &Path) -> Vec<Vec<u8>> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(file).and_then(|open| open.take(CAP).read_to_string(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    text.lines().filter_map(|line| STANDARD.decode(line.split_whitespace().nth(2)?).ok()).collect()
}
