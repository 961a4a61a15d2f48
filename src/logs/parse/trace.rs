//! Which lines continue the event before them: indented ones, and stack traces of Python, Java, Go and Rust.

use crate::domain::log::Level;

/// What kind of trace the lines so far are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trace {
    /// None.
    #[default]
    None,
    /// A Python traceback, whose last line is not indented.
    Python,
    /// A Go panic and its goroutines.
    Go,
    /// A Rust panic, whose message is the next line.
    Rust,
}

impl Trace {
    /// Whether a line that has not the shape of its source's records continues the event before it.
    pub fn continues(&mut self, raw: &[u8]) -> bool {
        let Some(first) = raw.first() else { return *self != Self::None };
        if matches!(first, b' ' | b'\t') {
            return true;
        }
        if let Some(trace) = heading(raw) {
            *self = trace;
            return true;
        }
        let inside = *self;
        *self = Self::None;
        match inside {
            Self::Python => true,
            Self::Rust => true,
            Self::Go if goroutine(raw) => {
                *self = Self::Go;
                true
            }
            Self::Go | Self::None => {
                *self = death(raw).map_or(Self::None, |(trace, _)| trace);
                is_exception(raw)
            }
        }
    }

    /// A line of its source's own shape ends every trace.
    pub fn end(&mut self) {
        *self = Self::None;
    }
}

/// Lines that only ever stand inside a trace, and the trace they are of.
fn heading(raw: &[u8]) -> Option<Trace> {
    const HEADINGS: [(&[u8], Trace); 11] = [
        (b"Traceback (most recent call last)", Trace::Python),
        (b"During handling of the above exception", Trace::Python),
        (b"The above exception was the direct cause", Trace::Python),
        (b"goroutine ", Trace::Go),
        (b"[signal ", Trace::Go),
        (b"created by ", Trace::Go),
        (b"Caused by:", Trace::None),
        (b"Suppressed:", Trace::None),
        (b"... ", Trace::None),
        (b"stack backtrace:", Trace::None),
        (b"note: run with `RUST_BACKTRACE", Trace::None),
    ];
    HEADINGS.iter().find(|(start, _)| raw.starts_with(start)).map(|(_, trace)| *trace)
}

/// Whether a line that continues an event is the one that names the error: `KeyError: 'cart'` after a traceback,
/// `java.lang.IllegalStateException: …` before its frames. Not the frames, nor the headings between them.
pub fn names_error(raw: &[u8]) -> bool {
    let blank = matches!(raw.first(), None | Some(b' ' | b'\t' | b'\r'));
    !blank && heading(raw).is_none() && !goroutine(raw)
}

/// A line that begins the death of a program: an event of its own, whose trace follows.
pub fn death(raw: &[u8]) -> Option<(Trace, Level)> {
    if raw.starts_with(b"panic: ") || raw.starts_with(b"fatal error: ") {
        return Some((Trace::Go, Level::Fatal));
    }
    let rust =
        raw.starts_with(b"thread '") && memchr::memmem::find(&raw[..raw.len().min(200)], b"' panicked at ").is_some();
    // Before Rust 1.73 the message stood on the same line; then nothing unindented follows.
    rust.then_some((if raw.ends_with(b":") { Trace::Rust } else { Trace::None }, Level::Error))
}

/// A line of a goroutine's stack: a call, the end of the program, or a register.
fn goroutine(raw: &[u8]) -> bool {
    raw.ends_with(b")") && raw.contains(&b'(') || raw.starts_with(b"exit status ") || raw.starts_with(b"runtime")
}

/// `java.lang.IllegalStateException: text` alone on its line: the head of a Java stack trace.
fn is_exception(raw: &[u8]) -> bool {
    let name = &raw[..memchr::memchr2(b':', b' ', raw).unwrap_or(raw.len())];
    let class = name.rsplit(|c| *c == b'.').next().unwrap_or(name);
    let packaged =
        class.len() < name.len() && name.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'$'));
    packaged
        && class.first().is_some_and(u8::is_ascii_uppercase)
        && [b"Exception".as_slice(), b"Error", b"Throwable"].iter().any(|end| class.ends_with(end))
}
