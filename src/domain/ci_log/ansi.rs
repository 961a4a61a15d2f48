//! Escape sequences (ECMA-48): colours are taken up, everything else is left out.

use crate::domain::text::clean;

/// Pieces of one look in a line; what is behind them looks like the last.
const MOST_SPANS: usize = 200;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tone {
    /// One of the terminal's sixteen colours; none: its own.
    pub color: Option<u8>,
    /// Whether it is bold.
    pub bold: bool,
}

/// A piece of a line. Its text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// How it looks.
    pub tone: Tone,
}

/// An escape sequence at the beginning of a text: its SGR parameters if it is one of those, and what is behind it.
fn escape(text: &str) -> Option<(Option<&str>, &str)> {
    let rest = text.strip_prefix('\u{1b}')?;
    match rest.bytes().next()? {
        b'[' => {
            let end = rest[1..].find(|c: char| !matches!(c, ' '..='?'))? + 1;
            let last = rest[end..].chars().next()?;
            let known = matches!(last, '@'..='~');
            let behind = &rest[end + if known { last.len_utf8() } else { 0 }..];
            Some(((last == 'm').then(|| &rest[1..end]), behind))
        }
        // Strings for the terminal: titles, links, the clipboard.
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = rest.find(['\u{7}', '\u{1b}', '\u{9c}'])?;
            let behind = &rest[end..];
            Some((
                None,
                behind.strip_prefix("\u{1b}\\").or_else(|| behind.strip_prefix(['\u{7}', '\u{9c}'])).unwrap_or(behind),
            ))
        }
        b' '..=b'/' => Some((None, rest.get(2..)?)),
        b'0'..=b'~' => Some((None, &rest[1..])),
        _ => None,
    }
}

/// A text in pieces of one look each.
pub(super) fn spans(text: &str, tone: &mut Tone) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some((sgr, behind)) = escape(rest) {
            sgr.into_iter().for_each(|parameters| apply(parameters, tone));
            rest = behind;
            continue;
        }
        // An escape that is none is shown as what it is.
        let skip = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[skip..].find('\u{1b}').map_or(rest.len(), |end| skip + end);
        let shown = clean(&rest[..end]);
        let full = spans.len() >= MOST_SPANS;
        match spans.last_mut() {
            Some(last) if last.tone == *tone || full => last.text.push_str(&shown),
            _ => spans.push(Span { text: shown.into_owned(), tone: *tone }),
        }
        rest = &rest[end..];
    }
    spans
}

/// Takes up the parameters of an SGR sequence.
fn apply(parameters: &str, tone: &mut Tone) {
    let mut numbers = parameters.split([';', ':']).map(|number| number.parse::<u16>().unwrap_or(0));
    while let Some(number) = numbers.next() {
        match number {
            0 => *tone = Tone::default(),
            1 => tone.bold = true,
            22 => tone.bold = false,
            30..=37 => tone.color = u8::try_from(number - 30).ok(),
            90..=97 => tone.color = u8::try_from(number - 82).ok(),
            39 => tone.color = None,
            // Of more colours only the first sixteen have a meaning in every theme.
            38 | 48 => {
                let color = match numbers.next() {
                    Some(5) => numbers.next().filter(|color| *color < 16).and_then(|color| u8::try_from(color).ok()),
                    Some(2) => numbers.by_ref().take(3).map(|_| None).last().flatten(),
                    _ => None,
                };
                if number == 38 {
                    tone.color = color;
                }
            }
            _ => {}
        }
    }
}
