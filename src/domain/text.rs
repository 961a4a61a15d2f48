//! Text from outside, made safe for a terminal.
//!
//! Everything that a host, a log, an API or a config file says may hold escape sequences, control characters,
//! bidirectional overrides or invisible tags. What is shown goes through [`clean`] first.

use std::borrow::Cow;

/// Whether a character could move the cursor, reorder text or hide in it.
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with every unsafe character shown as a visible stand-in: C0 as its control picture (`␛`), a tab as a blank,
/// anything else as `\u{…}`'s replacement character. Never longer than three times the input in bytes.
pub fn clean(text: &str) -> Cow<'_, str> {
    let safe =
        if text.is_ascii() { !text.bytes().any(|byte| byte.is_ascii_control()) } else { !text.chars().any(is_unsafe) };
    if safe {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            c if is_unsafe(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// [`clean`] for bytes: invalid UTF-8 becomes the replacement character.
pub fn clean_bytes(bytes: &[u8]) -> String {
    clean(&String::from_utf8_lossy(bytes)).into_owned()
}

/// One line for an error or a label: cleaned, and cut to `max` characters with an ellipsis.
pub fn one_line(text: &str, max: usize) -> String {
    let line = text.trim().lines().next().unwrap_or("");
    let clean = clean(line);
    if clean.chars().count() <= max {
        return clean.into_owned();
    }
    let mut cut: String = clean.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Bytes as people say them, with units of 1000: `512 B`, `4.1 kB`, `293 MB`.
pub fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < units.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    let decimals = usize::from(unit > 0 && value < 9.95);
    format!("{value:.decimals$} {}", units[unit])
}

/// One of `of` things for a name: the same every day, and others for names that differ in their number only, such as
/// web-1 and web-2. (FNV-1a of what stands before the number, plus the number.)
pub fn spread(name: &str, of: usize) -> usize {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u64 =
        name[stem.len()..].bytes().rev().take(6).rev().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
    let hash =
        stem.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from((hash % (1 << 32) + number) % of.max(1) as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_visible_and_harmless() {
        assert_eq!(clean("\u{1b}]52;c;x\u{7}"), "␛]52;c;x␇");
        assert_eq!(clean("a\u{202e}b\u{9b}31m"), "a\u{fffd}b\u{fffd}31m");
        assert_eq!(clean("plain Ünïcode ✓"), "plain Ünïcode ✓");
    }

    #[test]
    fn one_line_is_one_short_line() {
        assert_eq!(one_line("  first\nsecond", 10), "first");
        assert_eq!(one_line("abcdefghij", 5), "abcd…");
    }

    #[test]
    fn sizes_are_short() {
        let told = [0, 999, 1000, 12_345, 9_960_000, 293_000_000, u64::MAX].map(size);
        assert_eq!(told, ["0 B", "999 B", "1.0 kB", "12 kB", "10 MB", "293 MB", "18 EB"]);
    }

    #[test]
    fn neighbours_are_spread() {
        assert_eq!(spread("web-1", 10), spread("web-1", 10));
        let first: Vec<usize> = (1..=10).map(|n| spread(&format!("web-{n}"), 10)).collect();
        assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), 10, "{first:?}");
        assert_eq!(spread("", 0) + spread("99999999999999999999999999", 1), 0);
    }
}
