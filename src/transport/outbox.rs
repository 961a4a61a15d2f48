//! The sending end of a stream: bounded, and honest about what it drops.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::loader::READY;
use super::{Backlog, Chunk, Exit};
use crate::domain::text::one_line;

/// Chunks that wait in the stream's own channel.
pub(super) const CHANNEL_CHUNKS: usize = 16;
/// Bytes that wait before the channel when the oldest may be dropped.
const BACKLOG_BYTES: usize = 4 << 20;
/// The most that is kept of what a host says before a command begins.
const LEAD_BYTES: usize = 4 << 10;

type Reservation = Pin<Box<dyn Future<Output = Result<mpsc::OwnedPermit<Chunk>, mpsc::error::SendError<()>>> + Send>>;

/// The sending end of a stream's output.
pub struct Outbox {
    tx: mpsc::Sender<Chunk>,
    room: Option<Reservation>,
    waiting: VecDeque<Chunk>,
    waiting_bytes: usize,
    dropped: (u64, u64),
    backlog: Backlog,
    /// What was said before the command began, while it has not begun.
    lead: Option<Vec<u8>>,
    /// Whether it has; for those who wait for that.
    begun: watch::Sender<bool>,
}

impl Outbox {
    /// An empty one.
    pub(super) fn new(tx: mpsc::Sender<Chunk>, backlog: Backlog) -> Self {
        Self {
            tx,
            room: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            dropped: (0, 0),
            backlog,
            lead: None,
            begun: watch::Sender::new(true),
        }
    }

    /// What comes before [`READY`] on standard output is not the command's: a login shell's files greet people there.
    /// Nobody is shown it, unless the command never begins; then it is the reason, on standard error.
    pub(super) fn skip_to_ready(&mut self) {
        self.lead = Some(Vec::new());
        self.begun.send_replace(false);
    }

    /// Whether the command has not begun yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.lead.is_some()
    }

    /// Over when the command has begun.
    pub(super) fn begun(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut begun = self.begun.subscribe();
        async move { drop(begun.wait_for(|begun| *begun).await) }
    }

    /// Takes standard output.
    pub fn out(&mut self, bytes: Bytes) {
        let Some(lead) = &mut self.lead else { return self.push(Chunk::Out(bytes)) };
        lead.extend_from_slice(&bytes);
        if let Some(at) = memchr::memmem::find(lead, READY) {
            let begun = lead.split_off(at + READY.len());
            self.lead = None;
            self.begun.send_replace(true);
            if !begun.is_empty() {
                self.push(Chunk::Out(begun.into()));
            }
        } else if lead.len() > LEAD_BYTES {
            // Its beginning says most, and at its end the mark may have begun.
            lead.drain(LEAD_BYTES / 2..lead.len() - READY.len());
        }
    }

    /// Takes standard error.
    pub fn err(&mut self, bytes: Bytes) {
        self.push(Chunk::Err(bytes));
    }

    /// Whether the source should be read on: always when the oldest may be dropped, else only with nothing waiting.
    pub fn wants_more(&self) -> bool {
        self.backlog == Backlog::DropOldest || self.waiting.is_empty()
    }

    /// Whether everything has been handed on.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.dropped.0 == 0
    }

    /// Hands on what fits now. Ready when nothing waits, or with an error when nobody listens any more.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        while self.dropped.0 > 0 || !self.waiting.is_empty() {
            let room = self.room.get_or_insert_with(|| Box::pin(self.tx.clone().reserve_owned()));
            let permit = match room.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => {
                    // Whoever asks again must not find a future that has ended.
                    self.room = None;
                    return Poll::Ready(Err(()));
                }
                Poll::Ready(Ok(permit)) => permit,
            };
            self.room = None;
            if self.dropped.0 > 0 {
                let (bytes, lines) = std::mem::take(&mut self.dropped);
                permit.send(Chunk::Dropped { bytes, lines });
            } else if let Some(chunk) = self.waiting.pop_front() {
                self.waiting_bytes -= content(&chunk).len();
                permit.send(chunk);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// [`Self::poll_flush`] as a future.
    pub async fn flush(&mut self) -> Result<(), ()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Hands on all that waits and then the end; returns when it is taken or nobody listens.
    /// What never began has not succeeded, whatever the login shell's own code says.
    pub async fn finish(mut self, mut exit: Exit) {
        if let Some(lead) = self.lead.take() {
            if exit == Exit::Code(0) {
                exit = never_begun(&lead);
            }
            if !lead.is_empty() {
                self.err(lead.into());
            }
        }
        if self.flush().await.is_ok() {
            let _ = self.tx.send(Chunk::End(exit)).await;
        }
    }

    fn push(&mut self, chunk: Chunk) {
        self.waiting_bytes += content(&chunk).len();
        self.waiting.push_back(chunk);
        while self.backlog == Backlog::DropOldest && self.waiting_bytes > BACKLOG_BYTES {
            let Some(oldest) = self.waiting.pop_front() else { break };
            let bytes = content(&oldest);
            self.waiting_bytes -= bytes.len();
            self.dropped.0 += bytes.len() as u64;
            self.dropped.1 += memchr::memchr_iter(b'\n', bytes).count() as u64;
        }
    }
}

fn never_begun(said: &[u8]) -> Exit {
    let said = one_line(&String::from_utf8_lossy(said), 100);
    let said =
        if said.is_empty() { "see what its .bashrc or the like does".to_owned() } else { format!("it said: {said}") };
    Exit::Refused(format!("the login shell there ended without running the command; {said}"))
}

fn content(chunk: &Chunk) -> &[u8] {
    match chunk {
        Chunk::Out(bytes) | Chunk::Err(bytes) => bytes,
        Chunk::Dropped { .. } | Chunk::End(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize) -> Bytes {
        Bytes::from(format!("{n:0>1023}\n"))
    }

    #[tokio::test]
    async fn what_is_dropped_is_counted_where_it_was_dropped() {
        let (tx, mut rx) = mpsc::channel(CHANNEL_CHUNKS);
        let mut outbox = Outbox::new(tx, Backlog::DropOldest);
        let total = 3 * BACKLOG_BYTES / 1024;
        for n in 0..total {
            assert!(outbox.wants_more());
            outbox.out(line(n));
            let _ = futures_util::poll!(std::pin::pin!(outbox.flush()));
        }
        tokio::spawn(outbox.finish(Exit::Code(0)));
        let (mut lines, mut lost, mut next, mut gaps) = (0, 0, 0, 0);
        while let Some(chunk) = rx.recv().await {
            match chunk {
                Chunk::Out(bytes) => {
                    assert_eq!(bytes, line(next));
                    next += 1;
                    lines += 1;
                }
                Chunk::Dropped { bytes, lines } => {
                    assert_eq!(bytes, lines * 1024);
                    gaps += 1;
                    next += usize::try_from(lines).unwrap();
                    lost += usize::try_from(lines).unwrap();
                }
                Chunk::Err(_) => panic!("nothing was said on standard error"),
                Chunk::End(exit) => assert_eq!(exit, Exit::Code(0)),
            }
        }
        assert_eq!((lines + lost, gaps), (total, 1));
        assert!(lost > 0);
    }

    #[tokio::test]
    async fn a_stalled_stream_loses_nothing_and_takes_no_more() {
        let (tx, mut rx) = mpsc::channel(2);
        let mut outbox = Outbox::new(tx, Backlog::Stall);
        let mut pushed = 0;
        while outbox.wants_more() {
            outbox.out(line(pushed));
            pushed += 1;
            let _ = futures_util::poll!(std::pin::pin!(outbox.flush()));
        }
        assert_eq!(pushed, 3);
        tokio::spawn(outbox.finish(Exit::Cancelled));
        for n in 0..pushed {
            assert_eq!(rx.recv().await, Some(Chunk::Out(line(n))));
        }
        assert_eq!(rx.recv().await, Some(Chunk::End(Exit::Cancelled)));
        assert_eq!(rx.recv().await, None);
    }

    /// What a stream hands on of these pieces of standard output.
    async fn said(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let (tx, mut rx) = mpsc::channel(CHANNEL_CHUNKS);
        let mut outbox = Outbox::new(tx, Backlog::Stall);
        outbox.skip_to_ready();
        for piece in pieces {
            outbox.out(Bytes::copy_from_slice(piece));
        }
        tokio::spawn(outbox.finish(Exit::Code(0)));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(chunk) = rx.recv().await {
            match chunk {
                Chunk::Out(bytes) => out.extend_from_slice(&bytes),
                Chunk::Err(bytes) => err.extend_from_slice(&bytes),
                _ => {}
            }
        }
        (out, err)
    }

    #[tokio::test]
    async fn a_greeting_is_not_the_commands() {
        let whole = [b"Welcome!\nno line end", READY, b"a\nb\n", READY].concat();
        let expected = [b"a\nb\n", READY].concat();
        for cut in 0..whole.len() {
            let (one, two) = whole.split_at(cut);
            assert_eq!(said(&[one, two]).await, (expected.clone(), vec![]), "cut at {cut}");
        }
        let long = vec![b'x'; 10 * LEAD_BYTES];
        assert_eq!(said(&[&long, &long, &whole]).await, (expected, vec![]));
    }

    #[tokio::test]
    async fn where_the_command_never_began_the_greeting_says_why() {
        let account = b"This account is currently not available.\n";
        assert_eq!(said(&[account]).await, (vec![], account.to_vec()));
        assert_eq!(said(&[]).await, (vec![], vec![]));
        let long = vec![b'x'; 1000];
        let (out, err) = said(&[long.as_slice(); 100]).await;
        assert!(out.is_empty() && err.len() <= LEAD_BYTES && err.len() > LEAD_BYTES / 4, "{}", err.len());
    }

    #[tokio::test]
    async fn what_never_began_has_not_succeeded() {
        let end = |said: &'static [u8], exit: Exit| async move {
            let (tx, mut rx) = mpsc::channel(CHANNEL_CHUNKS);
            let mut outbox = Outbox::new(tx, Backlog::Stall);
            outbox.skip_to_ready();
            outbox.out(said.into());
            outbox.finish(exit).await;
            loop {
                if let Some(Chunk::End(exit)) = rx.recv().await {
                    return exit;
                }
            }
        };
        assert!(matches!(end(b"bye\n", Exit::Code(0)).await, Exit::Refused(why) if why.ends_with("it said: bye")));
        assert!(matches!(end(b"", Exit::Code(0)).await, Exit::Refused(why) if why.contains(".bashrc")));
        assert_eq!(end(b"bye\n", Exit::Code(1)).await, Exit::Code(1));
        assert_eq!(end(READY, Exit::Code(0)).await, Exit::Code(0));
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_may_be_flushed_again() {
        let (tx, rx) = mpsc::channel(1);
        let mut outbox = Outbox::new(tx, Backlog::Stall);
        drop(rx);
        outbox.out(line(1));
        for _ in 0..3 {
            assert_eq!(outbox.flush().await, Err(()));
        }
    }
}
