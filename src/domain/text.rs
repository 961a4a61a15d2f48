//! Text from outside, made safe for a terminal.
//!
//! Everything that a host, a log, an API or a config file says may hold escape sequences, control characters,
//! bidirectional overrides or invisible tags. What is shown goes through [`clean`] first.

use std::borrow::Cow;

/// Zero width non-joiner, and joiner.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
/// So many emoji at most are one: a family. A longer chain could hide under one picture.
const FAMILY: usize = 4;

/// Whether a character could move the cursor, reorder text or hide in it.
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with every unsafe character shown as a visible stand-in: C0 as its control picture (`␛`), a tab as a blank,
/// anything else as `\u{…}`'s replacement character. Never longer than three times the input in bytes. A joiner stays
/// where people write it: between letters of a script that is joined (Persian, Hindi), and between few emoji.
pub fn clean(text: &str) -> Cow<'_, str> {
    let safe =
        if text.is_ascii() { !text.bytes().any(|byte| byte.is_ascii_control()) } else { !text.chars().any(is_unsafe) };
    if safe {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut before, mut joined) = (' ', 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_picture(c) {
            joined = if before == JOINERS[1] { joined + 1 } else { 1 };
        }
        let stays = JOINERS.contains(&c) && chars.peek().is_some_and(|after| joins(c, before, *after, joined));
        before = c;
        match c {
            c if stays => out.push(c),
            '\t' => out.push(' '),
            '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            c if is_unsafe(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a joiner belongs between two characters; `joined` emoji are one so far.
fn joins(joiner: char, before: char, after: char, joined: usize) -> bool {
    let pictured = is_picture(before) || matches!(before, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    is_joined(before) && is_joined(after) || joiner == JOINERS[1] && pictured && is_picture(after) && joined < FAMILY
}

/// Whether a character is a letter, or a sign between letters, of a script that is written joined: those from Arabic to
/// N'Ko, of India, Tibet, Burma and Cambodia, and Mongolian.
fn is_joined(c: char) -> bool {
    let virama = matches!(
        c,
        '\u{94d}'
            | '\u{9cd}'
            | '\u{a4d}'
            | '\u{acd}'
            | '\u{b4d}'
            | '\u{bcd}'
            | '\u{c4d}'
            | '\u{ccd}'
            | '\u{d4d}'
            | '\u{dca}'
            | '\u{1039}'
            | '\u{17d2}'
    );
    let script = matches!(c,
        '\u{620}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{18af}'
        | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    virama || script && c.is_alphabetic()
}

/// Whether a character is a picture that may be a part of an emoji: those of Unicode that are, but for the oldest.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
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
    use proptest::prelude::*;
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

    use super::*;

    #[test]
    fn escapes_become_visible_and_harmless() {
        assert_eq!(clean("\u{1b}]52;c;x\u{7}"), "␛]52;c;x␇");
        assert_eq!(clean("a\u{202e}b\u{9b}31m"), "a\u{fffd}b\u{fffd}31m");
        assert_eq!(clean("plain Ünïcode ✓"), "plain Ünïcode ✓");
    }

    #[test]
    fn joiners_stay_where_people_write_them_and_nowhere_else() {
        for shown in [
            "می\u{200c}خواهم کتاب\u{200c}ها",
            "क्\u{200d}ष र्\u{200d}य",
            "\u{1f469}\u{200d}\u{1f4bb} deployed",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}",
            "\u{1f9d1}\u{1f3fd}\u{200d}\u{1f680}",
            "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
        ] {
            assert_eq!(clean(shown), shown);
        }
        for hidden in [
            "ad\u{200c}min",
            "ad\u{200d}min",
            "\u{200c}",
            "می\u{200c}",
            "می\u{200c} خ",
            "می\u{200c}\u{200c}خ",
            "م\u{200c}a",
            "1\u{200d}2",
            "\u{1f469}\u{200c}\u{1f4bb}",
            "\u{1f469}\u{200d}x",
            "\u{1f469}\u{200d}\u{200d}\u{1f4bb}",
            "می\u{200f}خ",
            "می\u{202e}خ",
            "می\u{2066}خ",
            "می\u{200b}خ",
        ] {
            assert!(!clean(hidden).chars().any(is_unsafe), "{hidden:?}");
        }
        // What is joined without end is not one picture.
        let chain = ["\u{1f469}"; 50].join("\u{200d}");
        let joiners = clean(&chain).chars().filter(|c| JOINERS.contains(c)).count();
        assert!(clean(&chain).contains('\u{fffd}') && joiners <= 50 * 3 / 4, "{joiners}");
        assert!(clean(&chain).split('\u{fffd}').all(|one| one.chars().count() < 2 * FAMILY));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_as_wide_as_it_is_counted_and_hides_nothing(
            parts in proptest::collection::vec(prop_oneof![
                Just("\u{200c}"), Just("\u{200d}"), Just("م"), Just("ک"), Just("\u{94d}"), Just("क"), Just("\u{1f469}"),
                Just("\u{1f3fd}"), Just("\u{fe0f}"), Just("\u{202e}"), Just("\u{200b}"), Just("a"), Just(" "), Just("\u{1b}"),
            ], 0..24),
        ) {
            let text = parts.concat();
            let shown = clean(&text);
            prop_assert!(shown.len() <= 3 * text.len());
            for c in shown.chars() {
                prop_assert!(!is_unsafe(c) || JOINERS.contains(&c), "{:?}", shown);
            }
            let all: Vec<char> = shown.chars().collect();
            for (at, c) in all.iter().enumerate().filter(|(_, c)| JOINERS.contains(c)) {
                let (before, after) = (all[at - 1], all[at + 1]);
                prop_assert!(before.width() != Some(0) || is_joined(before) || before == '\u{fe0f}', "{:?}", shown);
                prop_assert!(is_joined(after) || is_picture(after), "{:?} {c:?}", shown);
            }
            // Every picture is seen, or is one of few that are one.
            let pictures = all.iter().filter(|c| is_picture(**c)).count();
            prop_assert!(shown.width() * FAMILY >= pictures, "{:?}", shown);
            prop_assert_eq!(clean(&shown).into_owned(), shown.clone().into_owned());
        }
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
