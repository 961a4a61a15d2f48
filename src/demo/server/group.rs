//! Process groups of the commands that run on a made-up host: every one ends with its channel, or with the demo.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::programs;

/// The groups that run on one host; none may start once it is closed.
#[derive(Debug)]
pub struct Groups(Mutex<Option<HashSet<Pid>>>);

impl Default for Groups {
    fn default() -> Self {
        Self(Mutex::new(Some(HashSet::new())))
    }
}

impl Groups {
    /// Starts a command in a group of its own.
    pub fn spawn(self: &Arc<Self>, command: &mut Command) -> io::Result<(Child, Group)> {
        self.with(|groups| {
            let groups = groups.as_mut().ok_or_else(|| io::Error::other("the demo is ending"))?;
            let child = programs::start(|| command.process_group(0).spawn())?;
            let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
            let leader = leader.ok_or_else(|| io::Error::other("a new process has no id"))?;
            groups.insert(leader);
            Ok((child, Group { leader, groups: Arc::clone(self) }))
        })
    }

    /// Kills every group and lets no other start.
    pub fn close(&self) {
        for leader in self.with(Option::take).into_iter().flatten() {
            kill(leader);
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<HashSet<Pid>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One running group, killed when dropped. Drop it before its leader is waited for or together with the [`Child`]: as long
/// as the leader has not been waited for, its number cannot mean anybody else.
#[derive(Debug)]
pub struct Group {
    leader: Pid,
    groups: Arc<Groups>,
}

impl Drop for Group {
    fn drop(&mut self) {
        self.groups.with(|groups| {
            if groups.as_mut().is_some_and(|groups| groups.remove(&self.leader)) {
                kill(self.leader);
            }
        });
    }
}

fn kill(leader: Pid) {
    // There may be nobody left.
    let _ = kill_process_group(leader, Signal::KILL);
}
