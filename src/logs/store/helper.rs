//! Compression on a thread of its own, so that nothing waits for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::logs::block::{Packed, Press, Rows};
use crate::transport::background::step_back;

/// So many blocks wait to be compressed; what comes beyond that is compressed by who brings it.
const WAITING: usize = 8;

/// One block to be compressed, and which it is: its number and version.
struct Job {
    block: (u64, u64),
    rows: Arc<Rows>,
}

/// A block that has been compressed. None: it could not be done.
pub(super) struct Done {
    pub(super) block: (u64, u64),
    pub(super) packed: Option<Packed>,
}

/// The other side of the thread, which ends when this does.
pub(super) struct Helper {
    jobs: SyncSender<Job>,
    done: Receiver<Done>,
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Helper")
    }
}

impl Helper {
    /// Starts the thread. None: the system has none to give.
    pub(super) fn start() -> Option<Self> {
        let (jobs, todo) = sync_channel::<Job>(WAITING);
        let (ready, done) = sync_channel(2 * WAITING);
        let work = move || {
            step_back();
            let mut press = Press::default();
            for Job { block, rows } in todo {
                let packed = Packed::pack(&rows, &mut press);
                drop(rows);
                if ready.send(Done { block, packed }).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("qd-logs-press".to_owned()).spawn(work);
        thread.ok().map(|_| Self { jobs, done })
    }

    /// Whether the block will be compressed by the thread.
    pub(super) fn takes(&self, block: (u64, u64), rows: &Arc<Rows>) -> bool {
        self.jobs.try_send(Job { block, rows: rows.clone() }).is_ok()
    }

    /// What has been compressed meanwhile.
    pub(super) fn done(&self) -> impl Iterator<Item = Done> + '_ {
        self.done.try_iter()
    }
}
