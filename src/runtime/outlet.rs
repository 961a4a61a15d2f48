//! What is written to the terminal, by a thread of its own: a terminal that takes nothing (a stalled link, a stopped
//! multiplexer) holds up neither keys nor signals.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The way to the terminal. Writing never blocks; whoever draws waits until it [is idle](Self::is_idle), so that no more
/// than one frame is ever under way.
#[derive(Clone)]
pub struct Outlet {
    shared: Arc<Shared>,
    /// The thread ends with the last of these.
    _open: Arc<Open>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    more: Condvar,
    written: Condvar,
    idle: Notify,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    writing: bool,
    closed: bool,
    failed: Option<io::ErrorKind>,
}

struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes until there is nobody left to send anything.
    fn write(&self, mut terminal: impl Write) {
        let mut bytes = Vec::new();
        loop {
            {
                let mut waiting = self.lock();
                while waiting.bytes.is_empty() && !waiting.closed {
                    waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
                if waiting.bytes.is_empty() {
                    return;
                }
                bytes.clear();
                std::mem::swap(&mut bytes, &mut waiting.bytes);
                waiting.writing = true;
            }
            let done = terminal.write_all(&bytes).and_then(|()| terminal.flush());
            let mut waiting = self.lock();
            waiting.writing = false;
            if let Err(error) = done {
                waiting.failed = Some(error.kind());
                waiting.bytes.clear();
            }
            self.written.notify_all();
            self.idle.notify_waiters();
        }
    }
}

impl Outlet {
    /// Starts the thread that writes to `terminal`.
    pub fn new(terminal: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            more: Condvar::new(),
            written: Condvar::new(),
            idle: Notify::new(),
        });
        let writer = shared.clone();
        std::thread::Builder::new().name("qd-terminal".to_owned()).spawn(move || writer.write(terminal))?;
        Ok(Self { _open: Arc::new(Open(shared.clone())), shared })
    }

    /// The terminal on standard output, without the standard library's own lock and buffer on it: whoever gives the
    /// terminal back must not wait for a frame that nobody takes.
    pub fn stdout() -> io::Result<Self> {
        Self::new(std::fs::File::from(rustix::io::dup(io::stdout())?))
    }

    /// Sends bytes on their way. An error is that of an earlier write: the terminal is gone.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let mut waiting = self.shared.lock();
        if let Some(kind) = waiting.failed {
            return Err(kind.into());
        }
        waiting.bytes.extend_from_slice(bytes);
        self.shared.more.notify_one();
        Ok(())
    }

    /// Whether everything has been written.
    pub fn is_idle(&self) -> bool {
        let waiting = self.shared.lock();
        waiting.bytes.is_empty() && !waiting.writing
    }

    /// Waits until everything has been written.
    pub async fn idle(&self) {
        loop {
            let written = self.shared.idle.notified();
            tokio::pin!(written);
            // From here on no notice is missed.
            written.as_mut().enable();
            if self.is_idle() {
                return;
            }
            written.await;
        }
    }

    /// Waits for that without leaving the thread, but not longer than so; whether it has been.
    pub fn drain(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut waiting = self.shared.lock();
        while waiting.writing || !waiting.bytes.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.written.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A terminal that takes a write only when it is told to, and tells what it took.
    struct Slow {
        go: mpsc::Receiver<()>,
        took: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.go.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            let _ = self.took.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_terminal_that_takes_nothing() {
        let ((go, gate), (took, taken)) = (mpsc::channel(), mpsc::channel());
        let outlet = Outlet::new(Slow { go: gate, took }).unwrap();
        outlet.send(b"one").unwrap();
        assert!(!outlet.is_idle());
        assert!(!outlet.drain(Duration::from_millis(20)), "it gives up");
        let early = tokio::time::timeout(Duration::from_millis(20), outlet.idle()).await;
        assert!(early.is_err(), "it waits");
        go.send(()).unwrap();
        outlet.idle().await;
        assert_eq!(taken.recv().unwrap(), b"one");
        outlet.send(b"two").unwrap();
        go.send(()).unwrap();
        assert!(outlet.drain(Duration::from_secs(30)));
        assert_eq!(taken.recv().unwrap(), b"two");
    }

    #[test]
    fn a_terminal_that_is_gone_is_told_and_the_thread_ends_with_its_last_user() {
        let ((go, gate), (took, taken)) = (mpsc::channel::<()>(), mpsc::channel());
        let outlet = Outlet::new(Slow { go: gate, took }).unwrap();
        drop(go);
        outlet.send(b"one").unwrap();
        assert!(outlet.drain(Duration::from_secs(30)));
        assert_eq!(outlet.send(b"two").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        drop(outlet);
        assert!(taken.recv().is_err(), "the writer has been dropped");
    }
}
