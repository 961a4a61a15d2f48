//! The sending end of a stream: bounded, and honest about what it drops.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Backlog, Chunk, Exit};

/// Chunks that wait in the stream's own channel.
pub(super) const CHANNEL_CHUNKS: usize = 16;
/// Bytes that wait before the channel when the oldest may be dropped.
const BACKLOG_BYTES: usize = 4 << 20;

type Reservation = Pin<Box<dyn Future<Output = Result<mpsc::OwnedPermit<Chunk>, mpsc::error::SendError<()>>> + Send>>;

/// The sending end of a stream's output.
pub struct Outbox {
    tx: mpsc::Sender<Chunk>,
    room: Option<Reservation>,
    waiting: VecDeque<Chunk>,
    waiting_bytes: usize,
    dropped: (u64, u64),
    backlog: Backlog,
}

impl Outbox {
    /// An empty one.
    pub(super) fn new(tx: mpsc::Sender<Chunk>, backlog: Backlog) -> Self {
        Self { tx, room: None, waiting: VecDeque::new(), waiting_bytes: 0, dropped: (0, 0), backlog }
    }

    /// Takes standard output.
    pub fn out(&mut self, bytes: Bytes) {
        self.push(Chunk::Out(bytes));
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
                Poll::Ready(Err(_)) => return Poll::Ready(Err(())),
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
    pub async fn finish(mut self, exit: Exit) {
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
}
