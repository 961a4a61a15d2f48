//! What a person does at the terminal, and what the terminal answers, as it comes.
//!
//! Not through crossterm's `EventStream`: a thread of its own reads the terminal even while another program has it (and
//! takes what is typed there), an escape and what belongs to it are two keys where a slow link cuts between them, and each
//! look at it yields the processor several times over while that thread waits.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossterm::event::Event;
use futures_util::Stream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::background;
use super::decode::{Decoder, Said};
use super::outlet::Outlet;

/// A terminal answers at once, but it may be far away. Nothing waits for it: keys are taken meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);
/// An escape that nothing follows for so long was the key.
const SETTLED: Duration = Duration::from_millis(50);

/// One thing that comes from the terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A person did something.
    Event(Event),
    /// Its background is light, or dark.
    Background(bool),
    /// It has answered everything that it was asked, or will not any more.
    Answered,
}

/// Everything that comes from the terminal on standard input. With `ask` it is asked for its background first, where
/// the environment does not say it, and [`Heard::Answered`] comes once. The terminal must be in raw mode.
///
/// It is read only while this is awaited: whoever else is given the terminal for a while has all that is typed there.
pub fn heard(ask: bool, outlet: &Outlet) -> io::Result<impl Stream<Item = io::Result<Heard>> + Unpin + use<>> {
    let mut input = Input::open()?;
    match background::of_environment().filter(|_| ask) {
        Some(light) => input.ready.extend([Heard::Background(light), Heard::Answered]),
        None if ask => match outlet.send(background::QUESTION) {
            Ok(()) => input.asked = Some(Instant::now() + PATIENCE),
            Err(error) => {
                // A terminal that cannot be asked is taken for a dark one.
                tracing::warn!(%error, "the terminal was not asked for its background");
                input.ready.push_back(Heard::Answered);
            }
        },
        None => {}
    }
    // The future of an item lives on in the stream while other things happen: its timers run on.
    let next = |mut input: Input| async move { Some((input.next().await?, input)) };
    Ok(Box::pin(futures_util::stream::unfold(input, next)))
}

struct Input {
    watch: Watch,
    resized: Signal,
    decoder: Decoder,
    ready: VecDeque<Heard>,
    /// Until when an answer is waited for.
    asked: Option<Instant>,
}

impl Input {
    fn open() -> io::Result<Self> {
        let (watch, resized) = (Watch::keep()?, signal(SignalKind::window_change())?);
        Ok(Self { watch, resized, decoder: Decoder::default(), ready: VecDeque::new(), asked: None })
    }

    /// The next thing; none at the terminal's end.
    async fn next(&mut self) -> Option<io::Result<Heard>> {
        loop {
            if let Some(heard) = self.ready.pop_front() {
                return Some(Ok(heard));
            }
            if self.asked.is_some_and(|until| Instant::now() >= until) {
                self.asked = None;
                return Some(Ok(Heard::Answered));
            }
            match self.more().await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Waits for more, and takes it; whether there can be more still.
    async fn more(&mut self) -> io::Result<bool> {
        let settled = self.decoder.is_open().then(|| Instant::now() + SETTLED);
        let until = settled.into_iter().chain(self.asked).min();
        tokio::select! {
            called = self.watch.called.recv() => called.ok_or_else(|| io::Error::other("standard input cannot be watched"))?,
            _ = self.resized.recv() => {
                let (columns, rows) = crossterm::terminal::size()?;
                self.ready.push_back(Heard::Event(Event::Resize(columns, rows)));
                return Ok(true);
            }
            () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {
                if settled == until {
                    let said = self.decoder.settle();
                    self.take(said);
                }
                return Ok(true);
            }
        }
        // Whoever had the terminal meanwhile may have read it, and reading would block.
        let stdin = io::stdin();
        if poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&Timespec::default()))? > 0 {
            let mut buffer = [0; 4096];
            let n = rustix::io::retry_on_intr(|| rustix::io::read(&stdin, &mut buffer))?;
            if n == 0 {
                return Ok(false);
            }
            let said = self.decoder.feed(&buffer[..n]);
            self.take(said);
        }
        // It waits for this, or is gone, which the next wait tells.
        let _ = self.watch.on.send(());
        Ok(true)
    }

    fn take(&mut self, said: impl IntoIterator<Item = Said>) {
        for said in said {
            match said {
                Said::Event(event) => self.ready.push_back(Heard::Event(event)),
                Said::Background(light) => self.ready.push_back(Heard::Background(light)),
                Said::Terminal if self.asked.take().is_some() => self.ready.push_back(Heard::Answered),
                Said::Terminal => {}
            }
        }
    }
}

/// A thread that waits for something to read and reads nothing: the runtime's own look for it only when they have done what
/// hosts sent, which in a flood is milliseconds later.
struct Watch {
    /// There is something.
    called: mpsc::Receiver<()>,
    /// It was read; it may wait again.
    on: std::sync::mpsc::SyncSender<()>,
}

impl Watch {
    fn keep() -> io::Result<Self> {
        let (call, called) = mpsc::channel(1);
        let (on, go_on) = std::sync::mpsc::sync_channel(1);
        let watch = move || {
            let stdin = io::stdin();
            loop {
                match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None) {
                    Err(rustix::io::Errno::INTR) => continue,
                    Err(_) => return,
                    Ok(_) => {}
                }
                if call.blocking_send(()).is_err() || go_on.recv().is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("qd-keys".to_owned()).stack_size(64 << 10).spawn(watch)?;
        Ok(Self { called, on })
    }
}
