//! One frame is one write: what ratatui changes is gathered, wrapped in a synchronized update, and written at once. A
//! frame that changes nothing writes nothing.

use std::io::{self, Write};

/// Gathers what is written until it is flushed, then writes all of it with one call.
#[derive(Debug)]
pub struct Frame<W> {
    terminal: W,
    gathered: Vec<u8>,
    /// What the last frame said after its cells: where the cursor is, or that it is hidden.
    cursor: Vec<u8>,
}

/// Begin and end of a synchronized update (DEC private mode 2026): terminals that know it show the frame whole.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// What ratatui's crossterm backend writes after the cells of every frame, changed or not: with colours, and where
/// $NO_COLOR is set.
const RESETS: [&[u8]; 2] = [b"\x1b[39m\x1b[49m\x1b[59m\x1b[0m", b"\x1b[m\x1b[m\x1b[m\x1b[0m"];

impl<W: Write> Frame<W> {
    /// Frames for a terminal.
    pub fn new(terminal: W) -> Self {
        Self { terminal, gathered: Vec::new(), cursor: Vec::new() }
    }
}

impl<W: Write> Write for Frame<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gathered.is_empty() {
            self.gathered.extend_from_slice(BEGIN);
        }
        self.gathered.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let body = self.gathered.get(BEGIN.len()..).unwrap_or_default();
        let unchanged = |reset: &&[u8]| body.strip_prefix(*reset).is_some_and(|cursor| cursor == self.cursor);
        if !RESETS.iter().any(unchanged) {
            let ends = RESETS.iter().filter_map(|reset| Some(memchr::memmem::rfind(body, reset)? + reset.len()));
            self.cursor = ends.max().map_or(Vec::new(), |at| body[at..].to_vec());
            self.gathered.extend_from_slice(END);
            self.terminal.write_all(&self.gathered)?;
            self.terminal.flush()?;
        }
        self.gathered.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ratatui::backend::CrosstermBackend;
    use ratatui::{Terminal, TerminalOptions, Viewport, layout::Rect};

    use super::*;

    #[test]
    fn only_a_frame_that_changes_something_is_written_and_as_one() {
        let mut written = Vec::new();
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 20, 2)) };
        let mut terminal = Terminal::with_options(CrosstermBackend::new(Frame::new(&mut written)), options).unwrap();
        for text in ["one", "one", "one", "two", "two"] {
            terminal.draw(|frame| frame.render_widget(text, frame.area())).unwrap();
        }
        // Which gives the cursor back, in a third.
        drop(terminal);
        let updates = memchr::memmem::find_iter(&written, BEGIN).count();
        assert_eq!(updates, 3, "{:?}", String::from_utf8_lossy(&written));
        assert!(written.ends_with(END));
    }
}
