//! Whether the terminal's background is light: by what its environment says, or by asking it (OSC 11,
//! <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>). What is typed meanwhile is kept.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A terminal answers at once, but it may be far away. One that does not know of colours says what it is all the same.
const PATIENCE: Duration = Duration::from_secs(2);
/// The question, and one that every terminal answers: what it is (DA1). After that no answer comes any more.
const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
/// More than this is no answer.
const LONGEST: usize = 4096;

/// What came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Light or dark, where that was said.
    pub light: Option<bool>,
    /// Keys that were pressed meanwhile.
    pub typed: Vec<KeyEvent>,
}

/// Asks. Blocks until the answer is here; nothing else may read the terminal meanwhile. It must be in raw mode.
pub fn ask() -> io::Result<Said> {
    if let Some(light) = std::env::var("COLORFGBG").ok().and_then(|said| named(&said)) {
        return Ok(Said { light: Some(light), typed: Vec::new() });
    }
    let mut out = io::stdout();
    out.write_all(QUESTION)?;
    out.flush()?;
    let (began, stdin) = (Instant::now(), io::stdin());
    let mut bytes = Vec::new();
    loop {
        let (said, complete) = understand(&bytes);
        let left = PATIENCE.saturating_sub(began.elapsed());
        if complete || left.is_zero() || bytes.len() > LONGEST {
            return Ok(said);
        }
        let timeout = Timespec::try_from(left).unwrap_or_default();
        if poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout))? > 0 {
            let mut buffer = [0; 1024];
            let n = rustix::io::read(&stdin, &mut buffer)?;
            bytes.extend_from_slice(&buffer[..n]);
            if n == 0 {
                return Ok(said);
            }
        }
    }
}

/// What the bytes say so far, and whether that is all that will be answered.
fn understand(bytes: &[u8]) -> (Said, bool) {
    let (mut said, mut complete, mut rest) = (Said::default(), false, bytes);
    while let Some(first) = rest.first() {
        let (one, len) = if *first == 0x1b { sequence(rest) } else { character(rest) };
        match one {
            One::Background(light) => said.light = Some(light),
            One::Terminal => complete = true,
            One::Key(key) => said.typed.push(key),
            One::Other => {}
        }
        rest = rest.get(len.max(1)..).unwrap_or_default();
    }
    (said, complete)
}

/// One thing that a terminal sends.
enum One {
    Background(bool),
    Terminal,
    Key(KeyEvent),
    Other,
}

/// What stands at the beginning, which is an escape, and how many bytes it takes.
fn sequence(bytes: &[u8]) -> (One, usize) {
    let plain = |code| One::Key(KeyEvent::new(code, KeyModifiers::NONE));
    match bytes.get(1) {
        None => (plain(KeyCode::Esc), 1),
        Some(b']') => {
            let bell = memchr::memchr(0x07, bytes).map(|at| (at, at + 1));
            let end = memchr::memmem::find(bytes, b"\x1b\\").map(|at| (at, at + 2));
            let Some((end, len)) = bell.into_iter().chain(end).min() else { return (One::Other, bytes.len()) };
            (color(&bytes[2..end]).map_or(One::Other, One::Background), len)
        }
        Some(b'[') => {
            let Some(end) = bytes[2..].iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
                return (One::Other, bytes.len());
            };
            let one = match (&bytes[2..2 + end], bytes[2 + end]) {
                (about, b'c') if about.starts_with(b"?") => One::Terminal,
                (b"", b'A') => plain(KeyCode::Up),
                (b"", b'B') => plain(KeyCode::Down),
                (b"", b'C') => plain(KeyCode::Right),
                (b"", b'D') => plain(KeyCode::Left),
                _ => One::Other,
            };
            (one, end + 3)
        }
        Some(_) => (plain(KeyCode::Esc), 1),
    }
}

/// A key that is a character, and how many bytes it takes.
fn character(bytes: &[u8]) -> (One, usize) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4)]);
    let Some(c) = text.chars().next() else { return (One::Other, 1) };
    let key = match c {
        '\r' | '\n' => KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE),
        '\t' => KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE),
        '\u{7f}' => KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE),
        '\u{1}'..='\u{1a}' => KeyEvent::new(KeyCode::Char((c as u8 - 1 + b'a') as char), KeyModifiers::CONTROL),
        c if c.is_control() || c == char::REPLACEMENT_CHARACTER => return (One::Other, 1),
        c => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
    };
    (One::Key(key), c.len_utf8())
}

/// `11;rgb:ffff/ffff/ffff`, one to four digits each: whether it is light, by its relative luminance (ITU-R BT.709).
fn color(text: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix("11;")?;
    let parts = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
    let mut parts = parts.split('/').map(|part| {
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1).filter(|most| *most > 0)?;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / f64::from(most))
    });
    let [red, green, blue] = [parts.next()??, parts.next()??, parts.next()??];
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5)
}

/// `COLORFGBG` (rxvt, konsole: `15;0`, `0;default;15`): of the 16 colours white and those from 9 on are light; black, the
/// dark six and dark grey are not.
fn named(said: &str) -> Option<bool> {
    let background: u8 = said.rsplit(';').next()?.parse().ok()?;
    (background <= 15).then_some(matches!(background, 7 | 9..=15))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(said: &Said) -> Vec<KeyCode> {
        said.typed.iter().map(|key| key.code).collect()
    }

    #[test]
    fn the_environments_word_on_the_background() {
        for (said, light) in [
            ("15;0", Some(false)),
            ("0;15", Some(true)),
            ("0;default;15", Some(true)),
            ("12;8", Some(false)),
            ("0;7", Some(true)),
            ("15;default", None),
            ("", None),
            ("0;231", None),
        ] {
            assert_eq!(named(said), light, "{said:?}");
        }
    }

    #[test]
    fn answers_are_understood_and_keys_between_them_are_kept() {
        let (said, complete) = understand(b"2\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\/er\x1b[?62;22cr\x1b[B\r\x1a");
        assert!(complete);
        assert_eq!(said.light, Some(true));
        let keys = "2/err".chars().map(KeyCode::Char).chain([KeyCode::Down, KeyCode::Enter, KeyCode::Char('z')]);
        assert_eq!(typed(&said), keys.collect::<Vec<_>>());
        assert_eq!(understand(b"\x1b]11;rgb:1/2/1\x07").0.light, Some(false));
        assert_eq!(understand(b"\x1b[?1;2c"), (Said::default(), true));
        assert_eq!(understand(b"\x1b]11;rgb:ffff/ff"), (Said::default(), false));
        assert_eq!(typed(&understand(b"\x1b").0), [KeyCode::Esc]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = understand(&bytes);
        }
    }
}
