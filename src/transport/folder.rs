//! A private folder for sockets.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::backoff::jitter;

/// A folder for sockets that nobody else can look into, removed when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    sockets: AtomicUsize,
}

impl Folder {
    /// Makes one below `$XDG_RUNTIME_DIR`, or the folder for temporary files. A socket's path may have about 100 bytes,
    /// so names are short. Fails where neither can be written to.
    pub fn new() -> std::io::Result<Self> {
        let base = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
        let base = base.unwrap_or_else(std::env::temp_dir);
        loop {
            let path = base.join(format!("qd-{:x}-{:08x}", std::process::id(), name()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path, sockets: AtomicUsize::new(0) }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new socket's path.
    pub fn socket(&self) -> PathBuf {
        self.path.join(self.sockets.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn name() -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of 2^32")]
    let name = (jitter() * f64::from(u32::MAX)) as u32;
    name
}
