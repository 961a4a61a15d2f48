//! Lines that a person types: plain ones, and secrets.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;
use tui_textarea::{CursorMove, TextArea};

use crate::domain::text;

/// Longest line that may be typed or pasted, in characters.
pub const LONGEST: usize = 1000;

/// A line editor that holds `text`, the cursor at its end.
pub fn line(text: &str) -> TextArea<'static> {
    let mut line = TextArea::new(vec![text::clean(text).into_owned()]);
    line.move_cursor(CursorMove::End);
    line
}

/// What a line editor holds.
pub fn text_of<'a>(line: &'a TextArea<'_>) -> &'a str {
    line.lines().first().map_or("", String::as_str)
}

/// Gives a key to a line editor; whether the text changed. Keys that would make a second line do nothing.
pub fn edit(line: &mut TextArea<'static>, key: KeyEvent) -> bool {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab => false,
        KeyCode::Char('m' | 'j') if ctrl => false,
        // What a shell does, rather than the editor's undo.
        KeyCode::Char('u') if ctrl => line.delete_line_by_head(),
        KeyCode::Char(_) if text_of(line).chars().count() >= LONGEST => false,
        _ => line.input(key),
    }
}

/// Puts pasted text into a line editor: its first line, made safe.
pub fn paste(line: &mut TextArea<'static>, pasted: &str) {
    let room = LONGEST.saturating_sub(text_of(line).chars().count());
    line.insert_str(first_line(pasted, room));
}

fn first_line(pasted: &str, room: usize) -> String {
    let first = pasted.trim_start_matches(['\r', '\n']).split(['\r', '\n']).next().unwrap_or_default();
    text::clean(first).chars().take(room).collect()
}

/// A secret while it is typed. It has no Display, its Debug says nothing, and its memory is wiped.
#[derive(Default)]
pub struct SecretLine(String);

impl SecretLine {
    /// Longest secret in bytes; room for it is taken at once, so that no copy is left behind by growing.
    const ROOM: usize = 4096;

    /// How many characters have been typed, for drawing as many dots.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether nothing has been typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text itself, for a question whose answer may be seen while it is typed.
    pub fn visible(&self) -> &str {
        &self.0
    }

    /// Takes a key.
    pub fn edit(&mut self, key: KeyEvent) {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Backspace => self.pop(),
            KeyCode::Char('h') if ctrl => self.pop(),
            KeyCode::Char('u') if ctrl => self.0.zeroize(),
            KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => self.push(c),
            _ => {}
        }
    }

    /// Takes pasted text: its first line, exactly as it is.
    pub fn paste(&mut self, pasted: &str) {
        for c in pasted.split(['\r', '\n']).next().unwrap_or_default().chars() {
            self.push(c);
        }
    }

    /// Hands the secret over and wipes it here.
    pub fn take(&mut self) -> SecretString {
        let secret = SecretString::from(self.0.as_str());
        self.0.zeroize();
        secret
    }

    fn push(&mut self, c: char) {
        self.0.reserve_exact(Self::ROOM.saturating_sub(self.0.len()));
        if self.0.len() + c.len_utf8() <= Self::ROOM {
            self.0.push(c);
        }
    }

    fn pop(&mut self) {
        if let Some(c) = self.0.pop() {
            // `pop` leaves the bytes behind the end as they were: write over them.
            for _ in 0..c.len_utf8() {
                self.0.push('\0');
            }
            self.0.truncate(self.0.len() - c.len_utf8());
        }
    }
}

impl Drop for SecretLine {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretLine(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_line_stays_one_line() {
        let mut input = line("ab");
        paste(&mut input, "\nc\u{1b}[31md\nrm -rf");
        edit(&mut input, KeyEvent::from(KeyCode::Enter));
        assert_eq!(text_of(&input), "abc␛[31md");
        edit(&mut input, KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert_eq!(text_of(&input), "");
        paste(&mut input, &"x".repeat(3 * LONGEST));
        assert_eq!(text_of(&input).len(), LONGEST);
    }

    #[test]
    fn a_secret_is_handed_over_once_and_never_printed() {
        let mut secret = SecretLine::default();
        for c in "hünter".chars() {
            secret.edit(KeyEvent::from(KeyCode::Char(c)));
        }
        secret.edit(KeyEvent::from(KeyCode::Backspace));
        secret.paste("2\nnever this");
        assert!(!format!("{secret:?}").contains("hünte"));
        assert_eq!(secret.len(), 6);
        assert_eq!(secret.take().expose_secret(), "hünte2");
        assert!(secret.is_empty());
    }
}
