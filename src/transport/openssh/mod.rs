//! The system's ssh.

use super::error::fail;
use super::remote::{Attempt, Connected, Failed};
use crate::domain::host::LinkErrorKind;

/// Connects by the system's ssh.
pub(super) async fn connect(attempt: Attempt) -> Result<Connected, Failed> {
    Err(fail(LinkErrorKind::Config, format!("{}: not yet", attempt.target.host), "use ssh2").into())
}
