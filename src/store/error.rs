//! What can go wrong with the store, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the store did not do what it was asked to. Nothing of that request is in it then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("the store {path} cannot be opened: {why}; see whether its folder is yours and may be written")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A newer `qd` has made it.
    #[error("the store {path} was made by a newer qd (its layout is {found}, this one knows {known}); update qd")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: u32,
        /// The newest layout known here.
        known: u32,
    },
    /// There is no room.
    #[error("the store {path} cannot be written: the disk is full; make room there")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another `qd` writes for longer than anyone should.
    #[error("the store {path} is held by another process; see which qd hangs")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Anything else.
    #[error("the store {path} failed: {why}")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
}

impl StoreError {
    /// What an error of SQLite's means.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::CannotOpen) => Self::Open { path, why: error.to_string() },
            _ => Self::Failed { path, why: error.to_string() },
        }
    }
}
