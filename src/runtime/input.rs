//! What a person does at the terminal, as it comes: through crossterm, and in the first moments, while the terminal is
//! asked for its background, through a reader of our own that can tell its answer from keys.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout};

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
pub fn heard(ask: bool, outlet: &Outlet) -> impl Stream<Item = io::Result<Heard>> + Unpin + use<> {
    let mut input = Input { asked: None, ready: VecDeque::new(), events: None };
    match background::of_environment().filter(|_| ask) {
        Some(light) => input.ready.extend([Heard::Background(light), Heard::Answered]),
        None if ask => match Asked::ask(outlet) {
            Ok(asked) => input.asked = Some(asked),
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
    Box::pin(futures_util::stream::unfold(input, next))
}

struct Input {
    asked: Option<Asked>,
    ready: VecDeque<Heard>,
    events: Option<EventStream>,
}

impl Input {
    async fn next(&mut self) -> Option<io::Result<Heard>> {
        loop {
            if let Some(heard) = self.ready.pop_front() {
                return Some(Ok(heard));
            }
            let Some(asked) = &mut self.asked else { break };
            if asked.is_done() {
                self.asked = None;
                return Some(Ok(Heard::Answered));
            }
            match asked.more().await {
                Ok(Some(said)) => self.ready.extend(said),
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
        let event = self.events.get_or_insert_with(EventStream::new).next().await?;
        Some(event.map(Heard::Event))
    }
}

/// A terminal that has been asked and has not answered everything yet.
struct Asked {
    terminal: AsyncFd<io::Stdin>,
    decoder: Decoder,
    answered: bool,
    until: Instant,
}

impl Asked {
    fn ask(outlet: &Outlet) -> io::Result<Self> {
        // Its successor is an unsafe function, which this crate has none of; nobody closes standard input meanwhile.
        #[expect(deprecated, reason = "`register_with_interest` is unsafe to call")]
        let terminal = AsyncFd::with_interest(io::stdin(), Interest::READABLE)?;
        outlet.send(background::QUESTION)?;
        Ok(Self { terminal, decoder: Decoder::default(), answered: false, until: Instant::now() + PATIENCE })
    }

    /// Whether everything that is left can be read by crossterm: nothing has begun, least of all a paste.
    fn is_done(&self) -> bool {
        let over = self.answered || Instant::now() >= self.until;
        over && !self.decoder.in_paste() && (self.decoder.is_idle() || Instant::now() >= self.until)
    }

    /// What comes next; none at the terminal's end.
    async fn more(&mut self) -> io::Result<Option<Vec<Heard>>> {
        let wait = if self.decoder.is_idle() { self.until.saturating_duration_since(Instant::now()) } else { SETTLED };
        let Ok(ready) = timeout(wait, self.terminal.readable()).await else {
            return Ok(Some(self.take(|decoder| decoder.settle().into_iter().collect())));
        };
        let mut ready = ready?;
        // Reading would block when there is nothing after all.
        let stdin = io::stdin();
        if poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&Timespec::default()))? == 0 {
            ready.clear_ready();
            return Ok(Some(Vec::new()));
        }
        drop(ready);
        let mut buffer = [0; 4096];
        let n = rustix::io::read(&stdin, &mut buffer)?;
        if n == 0 {
            return Ok(None);
        }
        Ok(Some(self.take(|decoder| decoder.feed(&buffer[..n]))))
    }

    fn take(&mut self, said: impl FnOnce(&mut Decoder) -> Vec<Said>) -> Vec<Heard> {
        let mut heard = Vec::new();
        for said in said(&mut self.decoder) {
            match said {
                Said::Event(event) => heard.push(Heard::Event(event)),
                Said::Background(light) => heard.push(Heard::Background(light)),
                Said::Terminal => self.answered = true,
            }
        }
        heard
    }
}
