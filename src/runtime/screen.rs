//! The loop of the screen: events become messages, messages change the state, the state is drawn when it changed.

use std::io;
use std::time::{Duration, Instant};

use chrono::Utc;
use crossterm::event::{Event, EventStream, KeyEventKind, MouseButton, MouseEventKind};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::background;
use super::frame::Frame;
use super::pace::Pace;
use super::tty::Tty;
use crate::app::context::chain;
use crate::app::effect::Effect;
use crate::app::message::Message;
use crate::app::state::State;
use crate::app::update::update;
use crate::app::viewport::Regions;
use crate::ui::keymap::{Meaning, Typing};
use crate::ui::look::Look;

/// The clock of the screen.
const TICK: Duration = Duration::from_secs(1);
/// Messages that are taken before the screen is drawn.
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
    terminal: Terminal<CrosstermBackend<Frame>>,
    tty: Tty,
    left: Option<Left>,
}

impl<P: Performer> Screen<P> {
    /// Takes the terminal. `state` is as it opens.
    pub fn open(state: State, look: Look, performer: P) -> io::Result<Self> {
        let tty = Tty::take(state.mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(Frame::new(io::stdout())))?;
        let (typing, regions) = (Typing::default(), Regions::default());
        Ok(Self { state, look, typing, regions, performer, terminal, tty, left: None })
    }

    /// Runs until the cockpit is left.
    pub async fn run(mut self, mut messages: mpsc::Receiver<Message>) -> io::Result<Left> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // In raw mode no key sends these; other programs may.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut quit = signal(SignalKind::quit())?;
        let mut pace = Pace::new(Instant::now());
        let mut dirty = false;
        self.apply(Message::Tick(Utc::now()));
        self.draw()?;
        // The first picture does not wait for the answer; keys do, for it comes where they come.
        if self.performer.wants_background()
            && let Ok(said) = tokio::task::spawn_blocking(background::ask).await
        {
            let said = said?;
            if let Some(light) = said.light {
                self.performer.background(light, &mut self.look);
            }
            said.typed.into_iter().try_for_each(|key| self.event(Event::Key(key)))?;
            dirty = true;
        }
        let mut events = EventStream::new();
        while self.left.is_none() {
            // Before the next batch is taken, for the inbox may never be empty.
            if dirty && pace.is_due(Instant::now()) {
                let began = Instant::now();
                self.draw()?;
                pace.drawn(began, Instant::now());
                dirty = false;
            }
            tokio::select! {
                biased;
                _ = terminate.recv() => self.left = Some(Left::Signal(15)),
                _ = hangup.recv() => self.left = Some(Left::Signal(1)),
                _ = interrupt.recv() => self.left = Some(Left::Signal(2)),
                _ = quit.recv() => self.left = Some(Left::Signal(3)),
                event = events.next() => {
                    let Some(event) = event else { break };
                    self.apply(Message::Tick(Utc::now()));
                    self.event(event?)?;
                    let began = Instant::now();
                    self.draw()?;
                    pace.drawn(began, Instant::now());
                    dirty = false;
                }
                _ = ticks.tick() => {
                    self.apply(Message::Tick(Utc::now()));
                    dirty = true;
                }
                message = messages.recv() => {
                    let Some(message) = message else { break };
                    self.apply(message);
                    for _ in 0..BATCH {
                        match messages.try_recv() {
                            Ok(message) => self.apply(message),
                            Err(_) => break,
                        }
                    }
                    dirty = true;
                }
                () = tokio::time::sleep_until(pace.next().into()), if dirty => {}
            }
        }
        Ok(self.left.unwrap_or(Left::Quit))
    }

    fn apply(&mut self, message: Message) {
        for effect in update(&mut self.state, message) {
            let done = match effect {
                Effect::Quit => {
                    self.left = Some(Left::Quit);
                    Ok(())
                }
                Effect::Suspend => self.suspend(),
                Effect::Redraw => self.terminal.clear(),
                Effect::Mouse(on) => self.tty.mouse(on),
                Effect::Bell => io::Write::write_all(&mut io::stdout(), b"\x07"),
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
                self.terminal.clear()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        if (size.width, size.height) != self.state.size {
            self.apply(Message::Resized(size.width, size.height));
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

    /// ctrl-z: the shell has the terminal until `fg`.
    fn suspend(&mut self) -> io::Result<()> {
        self.tty.leave();
        let stopped = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        self.tty.enter(self.state.mouse)?;
        self.terminal.clear()?;
        Ok(stopped?)
    }
}
