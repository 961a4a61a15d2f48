//! One frame is one write: what ratatui changes is gathered, wrapped in a synchronized update, and written at once.

use std::io::{self, Write};

/// Gathers what is written until it is flushed, then writes all of it with one call.
#[derive(Debug, Default)]
pub struct Frame {
    gathered: Vec<u8>,
}

/// Begin and end of a synchronized update (DEC private mode 2026): terminals that know it show the frame whole.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

impl Write for Frame {
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
        self.gathered.extend_from_slice(END);
        let mut out = io::stdout().lock();
        let written = out.write_all(&self.gathered).and_then(|()| out.flush());
        self.gathered.clear();
        written
    }
}
