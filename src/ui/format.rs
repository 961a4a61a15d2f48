//! Numbers as people read them.

use std::time::Duration;

/// An age in steps of 5 s, 15 s and 1 m, so that a quiet screen stays still: `5s`, `45s`, `3m`, `2h`, `9d`.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..15 => format!("{}s", seconds / 5 * 5),
        15..60 => format!("{}s", seconds / 15 * 15),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Bytes with a unit of 1024: `512`, `4.1K`, `16G`.
pub fn bytes(bytes: f64) -> String {
    let (mut value, mut unit) = (bytes.max(0.0), 0);
    while value >= 1024.0 && unit < 5 {
        value /= 1024.0;
        unit += 1;
    }
    let suffix = ["", "K", "M", "G", "T", "P"][unit];
    if unit > 0 && value < 10.0 { format!("{value:.1}{suffix}") } else { format!("{value:.0}{suffix}") }
}

/// A whole number with separators: `1,284`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A percentage without decimals; unknown is a dash, never zero.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "—".to_owned(), |value| format!("{value:.0}"))
}

/// A text cut to so many columns, with `…` where something is missing.
pub fn fit(text: &str, columns: usize) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if used + width + 1 > columns {
            break;
        }
        used += width;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// Eight heights of bars for figures, the highest being `top` (or their own greatest); a gap is a blank.
pub fn spark(values: &[Option<f64>], top: Option<f64>, ascii: bool) -> String {
    let bars: [char; 8] = if ascii {
        ['_', '.', '.', '-', '-', '=', '=', '#']
    } else {
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    };
    let top = top.unwrap_or_else(|| values.iter().flatten().copied().fold(0.0, f64::max));
    let bar = |value: &Option<f64>| match value {
        None => ' ',
        Some(value) if top <= 0.0 || *value <= 0.0 => bars[0],
        Some(value) => bars[((value / top * 7.0).round().clamp(0.0, 7.0)) as usize],
    };
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (seconds, expected) in [(4, "0s"), (14, "10s"), (44, "30s"), (119, "1m"), (7200, "2h"), (900_000, "10d")] {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(
            (thousands(1_284).as_str(), thousands(999).as_str(), thousands(1_000_000).as_str()),
            ("1,284", "999", "1,000,000")
        );
        assert_eq!(
            (bytes(512.0).as_str(), bytes(4300.0).as_str(), bytes(17_179_869_184.0).as_str()),
            ("512", "4.2K", "16G")
        );
        assert_eq!(
            (fit("abcdef", 4).as_str(), fit("abc", 4).as_str(), fit("日本語", 4).as_str()),
            ("abc…", "abc", "日…")
        );
        assert_eq!(spark(&[None, Some(0.0), Some(50.0), Some(100.0)], Some(100.0), false), " ▁▅█");
    }
}
