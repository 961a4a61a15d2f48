//! Programs of this machine are started here, and never while qd stops for its shell.
//!
//! A program is started as `vfork` does it: the thread that asks waits in the kernel, and nothing ends this wait, until the
//! new process has become the program. The stop that ctrl-z sends goes to qd's whole process group, so to a process that is
//! not yet a program too: stopped there it would never become one, the thread would never come back to be stopped, and the
//! shell would wait for ever for a qd that is only half stopped.

use std::sync::{PoisonError, RwLock};

/// Held by each thread that starts a program, for as long as that takes; alone by the one that stops qd.
static STARTS: RwLock<()> = RwLock::new(());

/// Starts a program: `start` is one of `Command`'s `spawn`, `output` and `status` (tokio's have started it when they return
/// the future of its end).
pub fn start<T>(start: impl FnOnce() -> T) -> T {
    let _among_others = STARTS.read().unwrap_or_else(PoisonError::into_inner);
    start()
}

/// Does something at a moment at which no program is being started. Short: whoever wants to start one waits.
pub fn while_none_starts<T>(act: impl FnOnce() -> T) -> T {
    let _alone = STARTS.write().unwrap_or_else(PoisonError::into_inner);
    act()
}
