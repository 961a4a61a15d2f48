//! What a terminal sends, as events. Crossterm's own reader would take its answers for keys. The sequences are xterm's and
//! the Linux console's (<https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>), made into the events that crossterm
//! makes of them.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::background;

/// A sequence that is longer than this is none: what began it is let go.
const LONGEST: usize = 4096;
/// The most of a paste that is kept; nothing takes more.
const PASTED: usize = 1 << 16;
/// What stands before and after a paste.
const PASTE: (&[u8], &[u8]) = (b"\x1b[200~", b"\x1b[201~");

/// One thing that a terminal said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A person did something.
    Event(Event),
    /// Its background is light, or dark.
    Background(bool),
    /// What it is (DA1). After that nothing more is answered.
    Terminal,
}

/// Bytes become events; what is not whole yet waits for the rest.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// What has come of a paste, until its end does.
    paste: Option<Vec<u8>>,
}

impl Decoder {
    /// Takes what came; what is whole by now.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Said> {
        self.bytes.extend_from_slice(bytes);
        let mut all = Vec::new();
        loop {
            if self.paste.is_some() {
                match self.pasted() {
                    Some(text) => all.push(Said::Event(Event::Paste(text))),
                    None => return all,
                }
            } else if self.bytes.starts_with(PASTE.0) {
                self.bytes.drain(..PASTE.0.len());
                self.paste = Some(Vec::new());
            } else {
                match one(&self.bytes) {
                    Some((said, len)) => {
                        self.bytes.drain(..len);
                        all.extend(said);
                    }
                    None if self.bytes.len() > LONGEST => self.bytes.clear(),
                    None => return all,
                }
            }
        }
    }

    /// Whether what has come could be a key if nothing follows it.
    pub fn is_open(&self) -> bool {
        self.paste.is_none() && matches!(self.bytes.as_slice(), [0x1b] | [0x1b, b'[' | b']' | b'O'])
    }

    /// Nothing more came for a while: what might have begun a sequence was a key.
    pub fn settle(&mut self) -> Option<Said> {
        let key = match self.bytes.as_slice() {
            [0x1b] => KeyEvent::from(KeyCode::Esc),
            [0x1b, c @ (b'[' | b']' | b'O')] => KeyEvent::new(KeyCode::Char(char::from(*c)), KeyModifiers::ALT),
            _ => return None,
        };
        self.bytes.clear();
        Some(Said::Event(Event::Key(key)))
    }

    /// The whole paste, once its end is here. Until then only what could be the beginning of that end is held back.
    fn pasted(&mut self) -> Option<String> {
        let paste = self.paste.as_mut()?;
        let end = memchr::memmem::find(&self.bytes, PASTE.1);
        let text = end.unwrap_or_else(|| self.bytes.len().saturating_sub(PASTE.1.len() - 1));
        paste.extend(self.bytes[..text].iter().take(PASTED.saturating_sub(paste.len())));
        self.bytes.drain(..end.map_or(text, |end| end + PASTE.1.len()));
        end?;
        self.paste.take().map(|paste| String::from_utf8_lossy(&paste).into_owned())
    }
}

/// What stands at the beginning, if it means anything, and how many bytes it takes; none while it is not whole.
fn one(bytes: &[u8]) -> Option<(Option<Said>, usize)> {
    match bytes {
        [] | [0x1b] | [0x1b, b'O'] => None,
        [0x1b, b'[', ..] => control(bytes),
        [0x1b, b']'] => None,
        // A colour that was asked for begins with its number; anything else is a key with Alt.
        [0x1b, b']', b'0'..=b'9', ..] => answer(bytes),
        [0x1b, b'O', c, ..] if *c != 0x1b => {
            let code = match c {
                b'A'..=b'D' | b'H' | b'F' | b'P'..=b'S' => letter(*c),
                _ => None,
            };
            Some((code.map(|code| key(code, KeyModifiers::NONE)), 3))
        }
        [0x1b, 0x1b, ..] => Some((Some(key(KeyCode::Esc, KeyModifiers::NONE)), 1)),
        [0x1b, rest @ ..] => {
            let (pressed, len) = character(rest)?;
            Some((pressed.map(|(code, modifiers)| key(code, modifiers | KeyModifiers::ALT)), len + 1))
        }
        _ => {
            let (pressed, len) = character(bytes)?;
            Some((pressed.map(|(code, modifiers)| key(code, modifiers)), len))
        }
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Said {
    Said::Event(Event::Key(KeyEvent::new(code, modifiers)))
}

/// An answer (OSC), up to BEL or ST.
fn answer(bytes: &[u8]) -> Option<(Option<Said>, usize)> {
    let bell = memchr::memchr(0x07, bytes).map(|at| (at, at + 1));
    let string = memchr::memmem::find(bytes, b"\x1b\\").map(|at| (at, at + 2));
    let (end, len) = bell.into_iter().chain(string).min()?;
    Some((background::color(&bytes[2..end]).map(Said::Background), len))
}

/// A control sequence (CSI): parameters, then one letter.
fn control(bytes: &[u8]) -> Option<(Option<Said>, usize)> {
    match bytes[2..] {
        // The Linux console's F1 to F5.
        [b'[', c, ..] => {
            let code = matches!(c, b'A'..=b'E').then(|| KeyCode::F(1 + c - b'A'));
            return Some((code.map(|code| key(code, KeyModifiers::NONE)), 4));
        }
        [b'['] => return None,
        // A click as X10 tells it: three bytes that may be anything.
        [b'M', ..] => return (bytes.len() >= 6).then_some((None, 6)),
        _ => {}
    }
    let parameters = bytes[2..].iter().take_while(|byte| (0x20..=0x3f).contains(*byte)).count();
    let last = *bytes.get(2 + parameters)?;
    if !(0x40..=0x7e).contains(&last) {
        // Something else came between: this was none.
        return Some((None, 2 + parameters));
    }
    let about = std::str::from_utf8(&bytes[2..2 + parameters]).unwrap_or_default();
    Some((meaning(about, last), 3 + parameters))
}

fn meaning(about: &str, last: u8) -> Option<Said> {
    if about.starts_with('?') {
        return (last == b'c').then_some(Said::Terminal);
    }
    if let Some(about) = about.strip_prefix('<') {
        return mouse(about, last).map(|event| Said::Event(Event::Mouse(event)));
    }
    let mut numbers = about.split(';').map(|number| number.parse::<u8>().ok());
    let (first, mask) = (numbers.next().flatten(), numbers.next().flatten());
    let modifiers = mask.map_or(KeyModifiers::NONE, modifiers);
    let code = match (last, first) {
        (b'~', Some(1 | 7)) => KeyCode::Home,
        (b'~', Some(2)) => KeyCode::Insert,
        (b'~', Some(3)) => KeyCode::Delete,
        (b'~', Some(4 | 8)) => KeyCode::End,
        (b'~', Some(5)) => KeyCode::PageUp,
        (b'~', Some(6)) => KeyCode::PageDown,
        (b'~', Some(n @ 11..=15)) => KeyCode::F(n - 10),
        (b'~', Some(n @ 17..=21)) => KeyCode::F(n - 11),
        (b'~', Some(n @ 23..=26)) => KeyCode::F(n - 12),
        (b'~', Some(n @ 28..=29)) => KeyCode::F(n - 15),
        (b'~', Some(n @ 31..=34)) => KeyCode::F(n - 17),
        (b'Z', _) => return Some(key(KeyCode::BackTab, modifiers | KeyModifiers::SHIFT)),
        (letter_of, None | Some(1)) => letter(letter_of)?,
        _ => return None,
    };
    Some(key(code, modifiers))
}

/// What the mouse did (SGR, mode 1006): the button with its modifiers, column and row from 1; `m` lets it go. Where it
/// merely is, nobody asks.
fn mouse(about: &str, last: u8) -> Option<MouseEvent> {
    let mut numbers = about.split(';').map(|number| number.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let pressed = [MouseButton::Left, MouseButton::Middle, MouseButton::Right].get(usize::from(button & 3)).copied();
    let kind = match (button & !0b1_1100, last) {
        (0..=2, b'M') => MouseEventKind::Down(pressed?),
        (0..=2, b'm') => MouseEventKind::Up(pressed?),
        (32..=34, b'M') => MouseEventKind::Drag(pressed?),
        (64, b'M') => MouseEventKind::ScrollUp,
        (65, b'M') => MouseEventKind::ScrollDown,
        _ => return None,
    };
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)] {
        if button & bit != 0 {
            modifiers |= modifier;
        }
    }
    Some(MouseEvent { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)?, modifiers })
}

/// The keys that end in a letter of their own.
fn letter(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P'..=b'S' => KeyCode::F(1 + last - b'P'),
        _ => return None,
    })
}

/// xterm's modifiers: one more than the sum of shift 1, alt 2, ctrl 4.
fn modifiers(mask: u8) -> KeyModifiers {
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)] {
        if mask.saturating_sub(1) & bit != 0 {
            modifiers |= modifier;
        }
    }
    modifiers
}

/// A key that is a character, and how many bytes it takes; none while they are not all here.
fn character(bytes: &[u8]) -> Option<(Option<(KeyCode, KeyModifiers)>, usize)> {
    let first = *bytes.first()?;
    let control = |c: u8| Some((KeyCode::Char(char::from(c)), KeyModifiers::CONTROL));
    let plain = |code| Some((code, KeyModifiers::NONE));
    let pressed = match first {
        b'\r' => plain(KeyCode::Enter),
        b'\t' => plain(KeyCode::Tab),
        0x7f => plain(KeyCode::Backspace),
        0 => control(b' '),
        0x01..=0x1a => control(first - 1 + b'a'),
        0x1b => None,
        0x1c..=0x1f => control(first - 0x1c + b'4'),
        _ => {
            let len = match first {
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                _ => 1,
            };
            let text = match std::str::from_utf8(bytes.get(..len.min(bytes.len()))?) {
                Ok(text) => text,
                Err(error) if error.error_len().is_none() => return None,
                Err(_) => return Some((None, 1)),
            };
            let c = text.chars().next().filter(|c| !c.is_control());
            let shift = |c: char| if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
            return Some((c.map(|c| (KeyCode::Char(c), shift(c))), len));
        }
    };
    Some((pressed, 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(bytes: &[u8]) -> Vec<Said> {
        let mut decoder = Decoder::default();
        let mut all = decoder.feed(bytes);
        all.extend(decoder.settle());
        all
    }

    fn keys(text: &str) -> Vec<Said> {
        text.chars().map(|c| key(KeyCode::Char(c), KeyModifiers::NONE)).collect()
    }

    #[test]
    fn keys_are_what_crossterm_makes_of_them() {
        use KeyCode::{
            BackTab, Backspace, Char, Delete, Down, End, Enter, Esc, F, Home, Insert, Left, PageDown, PageUp,
        };
        const NONE: KeyModifiers = KeyModifiers::NONE;
        const CTRL: KeyModifiers = KeyModifiers::CONTROL;
        const ALT: KeyModifiers = KeyModifiers::ALT;
        for (bytes, code, modifiers) in [
            (&b"q"[..], Char('q'), NONE),
            (b"G", Char('G'), KeyModifiers::SHIFT),
            ("ü".as_bytes(), Char('ü'), NONE),
            (b"\r", Enter, NONE),
            (b"\n", Char('j'), CTRL),
            (b"\x7f", Backspace, NONE),
            (b"\x1a", Char('z'), CTRL),
            (b"\x00", Char(' '), CTRL),
            (b"\x1f", Char('7'), CTRL),
            (b"\x1b", Esc, NONE),
            (b"\x1bx", Char('x'), ALT),
            (b"\x1b<", Char('<'), ALT),
            (b"\x1b\r", Enter, ALT),
            (b"\x1b[", Char('['), ALT),
            (b"\x1b]", Char(']'), ALT),
            (b"\x1bO", Char('O'), ALT),
            (b"\x1b[B", Down, NONE),
            (b"\x1bOB", Down, NONE),
            (b"\x1b[H", Home, NONE),
            (b"\x1bOF", End, NONE),
            (b"\x1b[1~", Home, NONE),
            (b"\x1b[4~", End, NONE),
            (b"\x1b[8~", End, NONE),
            (b"\x1b[2~", Insert, NONE),
            (b"\x1b[3~", Delete, NONE),
            (b"\x1b[5~", PageUp, NONE),
            (b"\x1b[6~", PageDown, NONE),
            (b"\x1b[6;5~", PageDown, CTRL),
            (b"\x1b[1;5D", Left, CTRL),
            (b"\x1b[1;4D", Left, ALT.union(KeyModifiers::SHIFT)),
            (b"\x1b[Z", BackTab, KeyModifiers::SHIFT),
            (b"\x1bOP", F(1), NONE),
            (b"\x1b[[C", F(3), NONE),
            (b"\x1b[15~", F(5), NONE),
            (b"\x1b[24;2~", F(12), KeyModifiers::SHIFT),
        ] {
            assert_eq!(said(bytes), [key(code, modifiers)], "{:?}", String::from_utf8_lossy(bytes));
        }
        // Focus, clicks and whatever else is not a key is not taken for one.
        for bytes in [
            &b"\x1b[I"[..],
            b"\x1b[M #!",
            b"\x1b[<35;1;1M",
            b"\x1b[<0;0;1M",
            b"\x1b[<0;1M",
            b"\x1b[200;1R",
            b"\x1b[?1u",
            b"\x1bOz",
            b"\xff\x80",
        ] {
            assert_eq!(said(bytes), [], "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_the_mouse_did() {
        let at = |kind, modifiers| Said::Event(Event::Mouse(MouseEvent { kind, column: 4, row: 299, modifiers }));
        let (none, left) = (KeyModifiers::NONE, MouseButton::Left);
        for (bytes, expected) in [
            ("\x1b[<0;5;300M", at(MouseEventKind::Down(left), none)),
            ("\x1b[<2;5;300M", at(MouseEventKind::Down(MouseButton::Right), none)),
            ("\x1b[<0;5;300m", at(MouseEventKind::Up(left), none)),
            ("\x1b[<32;5;300M", at(MouseEventKind::Drag(left), none)),
            ("\x1b[<64;5;300M", at(MouseEventKind::ScrollUp, none)),
            ("\x1b[<81;5;300M", at(MouseEventKind::ScrollDown, KeyModifiers::CONTROL)),
        ] {
            assert_eq!(said(bytes.as_bytes()), [expected], "{bytes}");
        }
    }

    #[test]
    fn a_paste_is_a_paste_whole_or_in_parts_and_never_keys() {
        let bytes = b"a\x1b[200~q\r:quit\r\x1b[201~b";
        let mut expected = keys("a");
        expected.push(Said::Event(Event::Paste("q\r:quit\r".to_owned())));
        expected.extend(keys("b"));
        assert_eq!(said(bytes), expected);
        for cut in 0..bytes.len() {
            let mut decoder = Decoder::default();
            let mut all = decoder.feed(&bytes[..cut]);
            assert_eq!(decoder.paste.is_some(), (7..bytes.len() - 1).contains(&cut), "cut at {cut}");
            all.extend(decoder.feed(&bytes[cut..]));
            assert_eq!(all, expected, "cut at {cut}");
            assert!(decoder.bytes.is_empty() && decoder.paste.is_none());
        }
        // However long it is, it stays a paste, of which no more than the first part is kept.
        let mut decoder = Decoder::default();
        decoder.feed(PASTE.0);
        for _ in 0..100 {
            assert!(decoder.feed(&[b'y'; 4096]).is_empty());
        }
        assert!(
            decoder.settle().is_none() && !decoder.is_open() && decoder.paste.is_some() && decoder.bytes.len() < 4096
        );
        let [Said::Event(Event::Paste(text))] = &decoder.feed(PASTE.1)[..] else { panic!("a paste") };
        assert_eq!(text.len(), PASTED);
    }

    #[test]
    fn answers_are_understood_and_keys_between_them_are_kept() {
        let mut expected = keys("2");
        expected.push(Said::Background(true));
        expected.extend(keys("/er"));
        expected.push(Said::Terminal);
        expected.extend(keys("r"));
        assert_eq!(said(b"2\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\/er\x1b[?62;22cr"), expected);
        assert_eq!(said(b"\x1b]11;rgb:1/2/1\x07"), [Said::Background(false)]);
        assert_eq!(said(b"\x1b[?1;2c"), [Said::Terminal]);
        // What is not whole waits, however long.
        assert_eq!(said(b"\x1b]11;rgb:ffff/ff"), []);
        assert_eq!(said(b"\x1b]4;1;rgb:0/0/0\x07x"), keys("x"), "an answer to another question is no key");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_it_does_not_matter_how_they_are_cut(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x1b), Just(b'['), Just(b'~'), Just(b'2')], 0..200),
            cut in 0_usize..200,
        ) {
            let whole = Decoder::default().feed(&bytes);
            let (mut decoder, cut) = (Decoder::default(), cut.min(bytes.len()));
            let mut parts = decoder.feed(&bytes[..cut]);
            parts.extend(decoder.feed(&bytes[cut..]));
            prop_assert_eq!(whole, parts);
        }
    }
}
