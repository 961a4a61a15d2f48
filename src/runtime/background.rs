//! Whether the terminal's background is light: by what its environment says, or by asking it (OSC 11,
//! <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>).

/// The question, and one that every terminal answers: what it is (DA1). After that no answer comes any more.
pub(super) const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// What the environment says, where it does.
pub(super) fn of_environment() -> Option<bool> {
    std::env::var("COLORFGBG").ok().and_then(|said| named(&said))
}

/// `11;rgb:ffff/ffff/ffff`, one to four digits each: whether it is light, by its relative luminance (ITU-R BT.709).
pub(super) fn color(text: &[u8]) -> Option<bool> {
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
    use super::*;

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
    fn a_colour_is_light_by_its_luminance() {
        for (answer, light) in [
            ("11;rgb:ffff/ffff/ffff", Some(true)),
            ("11;rgb:fd/f6/e3", Some(true)),
            ("11;rgba:0000/2b2b/3636/ffff", Some(false)),
            ("11;rgb:1/2/1", Some(false)),
            ("11;?", None),
            ("10;rgb:ffff/ffff/ffff", None),
            ("11;rgb:fffff/0/0", Some(false)),
            ("11;rgb:ff", None),
            ("11;rgb:99999999999/0/0", None),
        ] {
            assert_eq!(color(answer.as_bytes()), light, "{answer}");
        }
    }
}
