//! The loop of the screen: events become messages, messages change the state, the state is drawn when it changed.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};
use futures_util::{Stream, StreamExt};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rustix::process::{Signal, kill_current_process_group};
use tokio::sync::mpsc;

use super::frame::Frame;
use super::input::{self, Heard};
use super::outlet::Outlet;
use super::pace::{Pace, Wanted};
use super::signals::Signals;
use super::tty::Tty;
use crate::app::context::chain;
use crate::app::effect::Effect;
use crate::app::message::Message;
use crate::app::state::State;
use crate::app::update::update;
use crate::app::viewport::Regions;
use crate::domain::host::{HostName, Link};
use crate::programs;
use crate::ui::keymap::{Meaning, Typing};
use crate::ui::look::Look;

/// The clock of the screen.
const TICK: Duration = Duration::from_secs(1);
/// An answer of the terminal that is still on its way is waited for before somebody else gets the terminal: it may be far
/// away, and a shell would take it for what is typed.
const ANSWER: Duration = Duration::from_millis(1500);
/// Messages, or keys, that are taken before the screen is drawn.
const BATCH: usize = 256;

/// Whoever performs what `update` names.
pub trait Performer {
    /// Performs one effect; the screen itself sees to quitting, suspending, redrawing, the mouse and the bell.
    fn perform(&mut self, effect: Effect, look: &mut Look);

    /// Whether the look depends on the terminal's background.
    fn wants_background(&self) -> bool;

    /// The terminal's background is light, or dark.
    fn background(&mut self, light: bool, look: &mut Look);
}

/// How the cockpit was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// By its own command.
    Quit,
    /// By a signal of this number.
    Signal(i32),
}

/// A cockpit on a terminal.
pub struct Screen<P> {
    state: State,
    look: Look,
    typing: Typing,
    regions: Regions,
    performer: P,
    terminal: Terminal<CrosstermBackend<Frame<Outlet>>>,
    pace: Pace,
    outlet: Outlet,
    signals: Signals,
    /// Given back last. None: there is nothing to give back.
    tty: Option<Tty>,
    /// The terminal has been asked something and has not answered.
    asked: bool,
    /// ctrl-z was pressed.
    suspend: bool,
    /// A program that is to have the terminal, and for what.
    program: Option<(u64, Vec<String>)>,
    left: Option<Left>,
}

impl<P: Performer> Screen<P> {
    /// Takes the terminal. `state` is as it opens.
    pub fn open(outlet: Outlet, state: State, look: Look, performer: P) -> io::Result<Self> {
        let signals = Signals::listen()?;
        let tty = Tty::take(outlet.clone(), state.mouse)?;
        Self::on(outlet, signals, Some(tty), Viewport::Fullscreen, state, look, performer)
    }

    fn on(
        outlet: Outlet,
        signals: Signals,
        tty: Option<Tty>,
        viewport: Viewport,
        state: State,
        look: Look,
        performer: P,
    ) -> io::Result<Self> {
        let backend = CrosstermBackend::new(Frame::new(outlet.clone()));
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport })?;
        let (typing, regions, pace) = (Typing::default(), Regions::default(), Pace::new(Instant::now()));
        Ok(Self {
            state,
            look,
            typing,
            regions,
            performer,
            terminal,
            pace,
            outlet,
            signals,
            tty,
            asked: false,
            suspend: false,
            program: None,
            left: None,
        })
    }

    /// Runs until the cockpit is left.
    pub async fn run(mut self, messages: mpsc::Receiver<Message>) -> io::Result<Left> {
        self.asked = self.performer.wants_background();
        let heard = input::heard(self.asked, &self.outlet)?;
        self.cycle(messages, heard).await
    }

    async fn cycle(
        &mut self,
        mut messages: mpsc::Receiver<Message>,
        mut heard: impl Stream<Item = io::Result<Heard>> + Unpin,
    ) -> io::Result<Left> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // The first picture waits for nothing.
        self.apply(Message::Tick(Utc::now()));
        self.draw()?;
        while self.left.is_none() {
            // Before the next batch is taken, for the inbox may never be empty.
            if self.pace.is_due(Instant::now()) {
                self.draw()?;
            }
            if std::mem::take(&mut self.suspend) {
                self.answered(&mut heard).await;
                self.suspend()?;
            }
            if let Some((ticket, argv)) = self.program.take() {
                self.answered(&mut heard).await;
                let code = self.hand_over(&argv)?;
                self.performer.perform(Effect::TerminalEnded(ticket, code), &mut self.look);
            }
            let next = self.pace.next();
            tokio::select! {
                biased;
                number = self.signals.next() => self.left = Some(Left::Signal(number)),
                first = heard.next() => {
                    let Some(first) = first else { break };
                    if !self.heard(first?, &mut heard).await? {
                        break;
                    }
                }
                () = self.outlet.idle(), if self.pace.is_under_way() => self.pace.written(Instant::now()),
                _ = ticks.tick() => {
                    self.apply(Message::Tick(Utc::now()));
                    self.pace.want(Wanted::InTime);
                }
                message = messages.recv() => {
                    let Some(message) = message else { break };
                    self.news(message);
                    for _ in 0..BATCH {
                        match messages.try_recv() {
                            Ok(message) => self.news(message),
                            Err(_) => break,
                        }
                    }
                }
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now).into()), if next.is_some() => {}
            }
        }
        self.answered(&mut heard).await;
        Ok(self.left.unwrap_or(Left::Quit))
    }

    /// Waits for the answer that is still to come: a shell would take it for what is typed.
    async fn answered(&mut self, heard: &mut (impl Stream<Item = io::Result<Heard>> + Unpin)) {
        let until = tokio::time::Instant::now() + ANSWER;
        while self.asked {
            match tokio::time::timeout_at(until, heard.next()).await {
                Ok(Some(Ok(Heard::Answered))) => self.asked = false,
                Ok(Some(Ok(_))) => {}
                _ => return,
            }
        }
    }

    /// Takes what came, and what is there with it, as of one time: a paste is known by that, and would not be if what each
    /// of its letters does, such as a picture, came between them. Whether there is more to come.
    async fn heard(
        &mut self,
        first: Heard,
        rest: &mut (impl Stream<Item = io::Result<Heard>> + Unpin),
    ) -> io::Result<bool> {
        let now = Utc::now();
        self.pace.want(Wanted::AtOnce);
        self.one(first, now)?;
        for _ in 0..BATCH {
            if self.left.is_some() || self.suspend || self.program.is_some() {
                break;
            }
            // What is not here yet wakes this task.
            match poll_fn(|context| Poll::Ready(rest.poll_next_unpin(context))).await {
                Poll::Ready(Some(next)) => self.one(next?, now)?,
                Poll::Ready(None) => return Ok(false),
                Poll::Pending => break,
            }
        }
        Ok(true)
    }

    fn one(&mut self, heard: Heard, now: DateTime<Utc>) -> io::Result<()> {
        match heard {
            Heard::Event(event) => {
                self.apply(Message::Tick(now));
                self.event(event)?;
            }
            Heard::Background(light) => self.performer.background(light, &mut self.look),
            Heard::Answered => self.asked = false,
        }
        Ok(())
    }

    fn news(&mut self, message: Message) {
        self.pace.want(match &message {
            // The log engine makes no more windows than there are frames.
            Message::Logs(_) => Wanted::Paced,
            Message::Sampled(..) | Message::Heard(..) => Wanted::AtLeisure,
            // Of a connection that lasts only the round trip is new.
            Message::Link(host, link) if self.lasts(host, link) => Wanted::AtLeisure,
            _ => Wanted::InTime,
        });
        self.apply(message);
    }

    /// Whether this is the connection that is known, in the state that is known.
    fn lasts(&self, host: &HostName, link: &Link) -> bool {
        let view = self.state.hosts.iter().find(|view| view.host.name == *host);
        let known = view.and_then(|view| view.link.as_ref());
        known.is_some_and(|known| (known.state, known.generation) == (link.state, link.generation))
    }

    fn apply(&mut self, message: Message) {
        for effect in update(&mut self.state, message) {
            let done = match effect {
                Effect::Quit => {
                    self.left = Some(Left::Quit);
                    Ok(())
                }
                Effect::Suspend => {
                    self.suspend = true;
                    Ok(())
                }
                Effect::Terminal(ticket, argv) => {
                    self.program = Some((ticket, argv));
                    Ok(())
                }
                Effect::Redraw => self.redraw(),
                Effect::Mouse(on) => self.tty.as_ref().map_or(Ok(()), |tty| tty.mouse(on)),
                Effect::Bell => self.outlet.send(b"\x07"),
                effect => {
                    self.performer.perform(effect, &mut self.look);
                    Ok(())
                }
            };
            if let Err(error) = done {
                tracing::warn!(%error, "the terminal");
            }
        }
    }

    fn event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let contexts = chain(&self.state);
                let meaning = self.typing.key(&self.look.keymap, &contexts, &key);
                let pending = self.typing.pending();
                if pending != self.state.pending {
                    self.apply(Message::Pending(pending));
                }
                match meaning {
                    Meaning::Command(command) => self.apply(Message::Command(command)),
                    Meaning::Nothing => self.apply(Message::Key(key)),
                    Meaning::Prefix => {}
                }
            }
            Event::Mouse(mouse) => {
                let target = self.regions.at(mouse.column, mouse.row).cloned();
                match (mouse.kind, target) {
                    (MouseEventKind::Down(MouseButton::Left), Some(target)) => self.apply(Message::Clicked(target)),
                    (MouseEventKind::ScrollUp, target) => self.apply(Message::Wheel(target, -1)),
                    (MouseEventKind::ScrollDown, target) => self.apply(Message::Wheel(target, 1)),
                    _ => {}
                }
            }
            Event::Paste(text) => self.apply(Message::Pasted(text)),
            Event::Resize(columns, rows) => {
                self.apply(Message::Resized(columns, rows));
                self.redraw()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        self.pace.begun(Instant::now());
        let size = if self.tty.is_some() { self.terminal.size()?.into() } else { self.state.size };
        if size != self.state.size {
            self.apply(Message::Resized(size.0, size.1));
        }
        self.picture()?;
        // A new layout may change what is asked for; the picture of the next answer is drawn for it.
        if self.regions.viewport != self.state.viewport {
            self.apply(Message::Viewport(self.regions.viewport));
            self.picture()?;
        }
        Ok(())
    }

    fn picture(&mut self) -> io::Result<()> {
        let (state, look, regions) = (&self.state, &self.look, &mut self.regions);
        self.terminal.draw(|frame| *regions = crate::ui::render(state, look, frame))?;
        Ok(())
    }

    /// Whatever the terminal shows, the next picture is drawn whole. (`Terminal::clear` would ask the terminal where its
    /// cursor is, and wait for the answer.)
    fn redraw(&mut self) -> io::Result<()> {
        let (columns, rows) = self.state.size;
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    /// Gives the terminal to a program until it ends; its exit code, where it has one. Whatever comes meanwhile waits: a
    /// terminal has one reader.
    fn hand_over(&mut self, argv: &[String]) -> io::Result<Option<i32>> {
        let (Some(tty), Some((program, args))) = (&self.tty, argv.split_first()) else { return Ok(None) };
        tty.leave();
        let ended = programs::start(|| std::process::Command::new(program).args(args).status());
        tty.enter(self.state.mouse)?;
        self.redraw()?;
        Ok(ended.ok().and_then(|status| status.code()))
    }

    /// ctrl-z: the shell has the terminal until `fg`.
    fn suspend(&mut self) -> io::Result<()> {
        let Some(tty) = &self.tty else { return Ok(()) };
        tty.leave();
        let stopped = programs::while_none_starts(|| kill_current_process_group(Signal::TSTP));
        tty.enter(self.state.mouse)?;
        self.redraw()?;
        Ok(stopped?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Condvar, Mutex};

    use crossterm::event::{KeyCode, KeyEvent};

    use super::*;
    use crate::domain::settings::Settings;

    /// A terminal that takes writes only while it is open, and keeps them.
    #[derive(Clone, Default)]
    struct Slow(Arc<(Mutex<Taken>, Condvar)>);

    /// Whether it is open, and what it took.
    type Taken = (bool, Vec<Vec<u8>>);

    impl Slow {
        fn open(&self) {
            self.0.0.lock().unwrap().0 = true;
            self.0.1.notify_all();
        }

        fn frames(&self) -> usize {
            self.0.0.lock().unwrap().1.len()
        }

        /// What is on the terminal by now.
        fn shown(&self) -> String {
            let mut terminal = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
            self.0.0.lock().unwrap().1.iter().for_each(|bytes| terminal.process(bytes));
            terminal.screen().contents()
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut held = self.0.1.wait_while(self.0.0.lock().unwrap(), |(open, _)| !*open).unwrap();
            held.1.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Tells of every effect it is to perform.
    struct Tell(mpsc::UnboundedSender<String>);

    impl Performer for Tell {
        fn perform(&mut self, effect: Effect, _: &mut Look) {
            let _ = self.0.send(format!("{effect:?}"));
        }

        fn wants_background(&self) -> bool {
            false
        }

        fn background(&mut self, _: bool, _: &mut Look) {}
    }

    #[tokio::test]
    async fn a_terminal_that_takes_nothing_holds_up_no_key_and_later_gets_only_the_newest_frame() {
        let (slow, size) = (Slow::default(), (80, 24));
        let outlet = Outlet::new(slow.clone()).unwrap();
        let state = State::new(Arc::new(Settings::default()), Utc::now(), size, None);
        let (told, mut tells) = mpsc::unbounded_channel();
        let viewport = Viewport::Fixed(Rect::new(0, 0, size.0, size.1));
        let mut screen =
            Screen::on(outlet, Signals::listen().unwrap(), None, viewport, state, Look::default(), Tell(told)).unwrap();
        let (messages, inbox) = mpsc::channel(64);
        let (keys, typed) = mpsc::unbounded_channel();
        let typed = futures_util::stream::unfold(typed, |mut typed| async {
            let code = match typed.recv().await? {
                '\r' => KeyCode::Enter,
                key => KeyCode::Char(key),
            };
            Some((Ok(Heard::Event(Event::Key(KeyEvent::from(code)))), typed))
        });
        let away = async {
            // The terminal takes nothing. Data comes, and each key does what it means all the same.
            for n in 0..200 {
                messages.send(Message::Notice { bad: false, text: format!("news number {n}") }).await.unwrap();
                keys.send(':').unwrap();
                "reload".chars().for_each(|key| keys.send(key).unwrap());
                keys.send('\r').unwrap();
            }
            for _ in 0..200 {
                while !tells.recv().await.unwrap().contains("Reload") {}
            }
            slow.open();
            while !slow.shown().contains("news number 199") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // The one that was under way, and the newest; a tick of the clock may have come between.
            assert!(slow.frames() <= 4, "{} frames", slow.frames());
            keys.send('q').unwrap();
        };
        let typed = std::pin::pin!(typed);
        let (left, ()) = tokio::join!(screen.cycle(inbox, typed), away);
        assert_eq!(left.unwrap(), Left::Quit);
    }

    #[tokio::test]
    async fn keys_that_come_together_are_of_one_time_however_long_each_takes() {
        let (told, _tells) = mpsc::unbounded_channel();
        let (_messages, inbox) = mpsc::channel(1);
        let state = State::new(Arc::new(Settings::default()), Utc::now(), (80, 24), None);
        let viewport = Viewport::Fixed(Rect::new(0, 0, 80, 24));
        let (outlet, signals) = (Outlet::new(io::sink()).unwrap(), Signals::listen().unwrap());
        let mut screen = Screen::on(outlet, signals, None, viewport, state, Look::default(), Tell(told)).unwrap();
        let mut second = None;
        let keys = futures_util::stream::iter(['j', 'q']).map(|key| {
            if key == 'q' {
                second = Some(Utc::now());
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(Heard::Event(Event::Key(KeyEvent::from(KeyCode::Char(key)))))
        });
        assert_eq!(screen.cycle(inbox, std::pin::pin!(keys)).await.unwrap(), Left::Quit);
        assert!(screen.state.now <= second.unwrap());
    }
}
