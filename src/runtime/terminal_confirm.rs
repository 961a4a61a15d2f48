//! Asking on the terminal whether an action is really meant.
//!
//! The prompt is deaf for a moment and throws away what was typed before it, takes no paste, and hands back a line that
//! was typed key by key.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::time::Duration;

use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};

/// A prompt is deaf for at least this long.
pub const DEAF: Duration = Duration::from_millis(300);
/// Nobody types more.
const LONGEST: usize = 200;
/// What terminals put before a paste once they are asked to.
const PASTE: &[u8] = b"\x1b[200~";

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A line was typed.
    Line(String),
    /// Something was pasted, which answers nothing.
    Pasted,
    /// The person went away: Escape, Ctrl-C, Ctrl-D.
    Left,
}

/// Asks on the controlling terminal, and listens after `deaf`. Blocks for as long as the person thinks.
pub fn ask(prompt: &str, deaf: Duration) -> io::Result<Answered> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let raw = Raw::on(&terminal)?;
    terminal.write_all(prompt.as_bytes())?;
    std::thread::sleep(deaf.max(DEAF));
    tcflush(&terminal, QueueSelector::IFlush)?;
    let mut line = Line::default();
    let mut buffer = [0; 256];
    let answered = loop {
        let count = terminal.read(&mut buffer)?;
        if count == 0 {
            break Answered::Left;
        }
        if let Some(answered) = line.take(&buffer[..count]) {
            break answered;
        }
        // Shown as it stands now: the line is short, and this needs no cursor keys.
        write!(terminal, "\r\x1b[K{}{}", prompt.lines().last().unwrap_or_default(), line.shown())?;
    };
    terminal.write_all(b"\r\n")?;
    drop(raw);
    Ok(answered)
}

/// The line so far.
#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
}

impl Line {
    fn shown(&self) -> String {
        crate::domain::text::clean(&String::from_utf8_lossy(&self.bytes)).into_owned()
    }

    /// Takes what one read gave; the answer, when that ends it.
    fn take(&mut self, read: &[u8]) -> Option<Answered> {
        // A terminal that marks pastes says so; from one that does not, several letters and their line end come at once,
        // which no fingers do.
        let letters = read.iter().filter(|byte| !byte.is_ascii_control()).count();
        let ends = read.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
        if read.starts_with(PASTE) || (ends && letters > 1) || letters > 16 {
            return Some(Answered::Pasted);
        }
        if read.first() == Some(&0x1b) {
            // Escape itself; an arrow key means nothing here.
            return (read.len() == 1).then_some(Answered::Left);
        }
        for byte in read {
            match byte {
                b'\r' | b'\n' => return Some(Answered::Line(String::from_utf8_lossy(&self.bytes).trim().to_owned())),
                0x03 | 0x04 => return Some(Answered::Left),
                0x08 | 0x7f => self.rub_out(),
                0x15 => self.bytes.clear(),
                byte if byte.is_ascii_control() => {}
                byte if self.bytes.len() < LONGEST => self.bytes.push(*byte),
                _ => {}
            }
        }
        None
    }

    /// Takes the last letter away, whole.
    fn rub_out(&mut self) {
        while self.bytes.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
    }
}

/// Keys come one by one, unseen and unexplained, while this lives; and pastes are marked.
struct Raw {
    terminal: File,
    before: Termios,
}

impl Raw {
    fn on(terminal: &File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        let mut guard = Self { terminal: terminal.try_clone()?, before };
        tcsetattr(terminal, OptionalActions::Flush, &raw)?;
        guard.terminal.write_all(b"\x1b[?2004h")?;
        Ok(guard)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing better can be done about a terminal that refuses: it is probably gone.
        let _ = self.terminal.write_all(b"\x1b[?2004l");
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(reads: &[&[u8]]) -> Option<Answered> {
        let mut line = Line::default();
        reads.iter().find_map(|read| line.take(read))
    }

    #[test]
    fn a_line_is_typed_and_a_paste_is_not() {
        let line = |text: &str| Some(Answered::Line(text.to_owned()));
        let cases: [(&[&[u8]], Option<Answered>); 11] = [
            (&[b"w", b"e", b"b", b"\r"], line("web")),
            (&[b"w", b"e", b"x", b"\x7f", b"b", b"\n"], line("web")),
            (&[b"a", b"b", b"\x15", b"c", b"\r"], line("c")),
            (&["ü".as_bytes(), b"\x7f", b"y", b"\r"], line("y")),
            (&[b"we", b"b", b"\r"], line("web")),
            (&[b"\r"], line("")),
            (&[b"web\r"], Some(Answered::Pasted)),
            (&[b"\x1b[200~web\x1b[201~"], Some(Answered::Pasted)),
            (&[b"\x1b[A", b"\x1b"], Some(Answered::Left)),
            (&[b"w", b"\x03"], Some(Answered::Left)),
            (&[b"w"], None),
        ];
        for (reads, expected) in cases {
            assert_eq!(typed(reads), expected, "{reads:?}");
        }
    }
}
