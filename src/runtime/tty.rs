//! The terminal: taken at the start, always given back. `ratatui::restore` would leave mouse and paste modes on.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, queue};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::outlet::Outlet;

/// Whether the terminal is ours now. Global, because a panic has nothing else to ask.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A terminal that takes nothing for so long is left as it is: it must not hold up those who want to leave it.
const PATIENCE: Duration = Duration::from_millis(500);

/// The terminal is ours while this lives.
pub struct Tty {
    outlet: Outlet,
}

impl Tty {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, the mouse when wanted. A panic from now on gives
    /// it back before it prints. What is on its way through `outlet` arrives before it is given back.
    pub fn take(outlet: Outlet, mouse: bool) -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        let tty = Self { outlet };
        tty.enter(mouse)?;
        Ok(tty)
    }

    /// Gives the terminal back for a while.
    pub fn leave(&self) {
        self.outlet.drain(PATIENCE);
        give_back();
    }

    /// Takes it again.
    pub fn enter(&self, mouse: bool) -> io::Result<()> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut out = self.outlet.clone();
        queue!(out, EnterAlternateScreen, EnableBracketedPaste)?;
        if mouse { self.mouse(true) } else { Ok(()) }
    }

    /// Takes or releases the mouse.
    pub fn mouse(&self, on: bool) -> io::Result<()> {
        let mut out = self.outlet.clone();
        if on { queue!(out, EnableMouseCapture) } else { queue!(out, DisableMouseCapture) }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Gives the terminal back, once; does nothing when it is not ours. Errors have nobody to go to.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        if takes() {
            let _ = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
        }
        let _ = disable_raw_mode();
    }
}

/// Whether the terminal takes anything.
fn takes() -> bool {
    let (out, patience) = (io::stdout(), Timespec::try_from(PATIENCE).unwrap_or_default());
    poll(&mut [PollFd::new(&out, PollFlags::OUT)], Some(&patience)).is_ok_and(|ready| ready > 0)
}
