//! Wakes a driver thread that sleeps in `poll`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

/// A descriptor that becomes readable when the driver is wanted: an eventfd on Linux, a pipe elsewhere. As a [`Waker`]
/// it lets the driver poll tokio's channels.
pub(super) struct WakeFd {
    #[cfg(target_os = "linux")]
    event: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    pipe: (OwnedFd, OwnedFd),
    /// Whether it is readable already, so that a burst costs one write.
    rung: AtomicBool,
}

impl WakeFd {
    /// A new one.
    #[cfg(target_os = "linux")]
    pub fn new() -> std::io::Result<Arc<Self>> {
        use rustix::event::{EventfdFlags, eventfd};
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Arc::new(Self { event, rung: AtomicBool::new(false) }))
    }

    /// A new one.
    #[cfg(not(target_os = "linux"))]
    pub fn new() -> std::io::Result<Arc<Self>> {
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
            rustix::fs::fcntl_setfl(end, rustix::fs::OFlags::NONBLOCK)?;
        }
        Ok(Arc::new(Self { pipe: (read, write), rung: AtomicBool::new(false) }))
    }

    /// What to poll for reading.
    pub fn fd(&self) -> BorrowedFd<'_> {
        #[cfg(target_os = "linux")]
        return self.event.as_fd();
        #[cfg(not(target_os = "linux"))]
        return self.pipe.0.as_fd();
    }

    /// Makes the driver's `poll` return.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // Eight bytes are what an eventfd takes; a pipe takes them too. A full one is readable, which is enough.
            let one = 1_u64.to_ne_bytes();
            #[cfg(target_os = "linux")]
            let _ = rustix::io::write(&self.event, &one);
            #[cfg(not(target_os = "linux"))]
            let _ = rustix::io::write(&self.pipe.1, &one);
        }
    }

    /// Makes it unreadable again; what rings after this is not lost.
    pub fn quiet(&self) {
        let mut bytes = [0; 64];
        let _ = rustix::io::read(self.fd(), &mut bytes);
        self.rung.store(false, Ordering::Release);
    }

    /// The waker that rings it.
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for WakeFd {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
