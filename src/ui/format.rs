//! Numbers as people read them. Every function gives text of a bounded width, so that columns hold still.

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::glyph::{MORE, UNKNOWN};

/// An age in steps of 5 s, 15 s and 1 m, so that a quiet screen stays still: `5s`, `45s`, `3m`, `2h`, `9d`. At most 4
/// columns below 1000 days.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..15 => format!("{}s", seconds / 5 * 5),
        15..60 => format!("{}s", seconds / 15 * 15),
        _ => long(seconds),
    }
}

/// A length of time to the second: `8s`, `3m`, `2h`, `41d`.
pub fn duration(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => long(seconds),
    }
}

fn long(seconds: u64) -> String {
    match seconds {
        0..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long ago or how long until, with two units: `-1m12s`, `-2h04m`, `-3d11h`.
pub fn relative(seconds: i64) -> String {
    let (sign, s) = (if seconds > 0 { "+" } else { "-" }, seconds.unsigned_abs());
    match s {
        0..60 => format!("{sign}{s}s"),
        60..3600 => format!("{sign}{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{sign}{}h{:02}m", s / 3600, s / 60 % 60),
        _ => format!("{sign}{}d{:02}h", s / 86_400, s / 3600 % 24),
    }
}

/// Bytes with a unit of 1024: `512`, `4.1K`, `16G`. At most 4 columns.
pub fn bytes(bytes: f64) -> String {
    let units = ["", "K", "M", "G", "T", "P", "E"];
    let (mut value, mut unit) = (bytes.max(0.0), 0);
    // 999.5 would be shown as 1000: one column too many.
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    // 9.95 would be shown as 10.0.
    if unit > 0 && value < 9.95 { format!("{value:.1}{}", units[unit]) } else { format!("{value:.0}{}", units[unit]) }
}

/// A rate with one decimal below ten: `0`, `0.4`, `612`, `12k`. At most 4 columns.
pub fn rate(per_second: f64) -> String {
    let value = per_second.max(0.0);
    match value {
        v if v < 0.05 => "0".to_owned(),
        v if v < 9.95 => format!("{v:.1}"),
        v if v < 9_999.5 => format!("{v:.0}"),
        v if v < 999_500.0 => format!("{:.0}k", v / 1e3),
        v => format!("{:.0}M", (v / 1e6).min(999.0)),
    }
}

/// How long something took: `0.4ms`, `180ms`, `2.1s`, `38s`, `3m`. At most 5 columns.
pub fn took(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 0.009_95 => format!("{:.1}ms", s * 1e3),
        s if s < 0.999_5 => format!("{:.0}ms", s * 1e3),
        s if s < 9.95 => format!("{s:.1}s"),
        s if s < 59.5 => format!("{s:.0}s"),
        s => format!("{:.0}m", (s / 60.0).min(9999.0)),
    }
}

/// A whole number with separators: `1,284`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count that must fit 4 columns: `214`, `3118`, `31k`, `3M`.
pub fn count(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}k", number / 1_000),
        _ => format!("{}M", (number / 1_000_000).min(999)),
    }
}

/// A percentage without decimals; unknown is a dash, never zero.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| format!("{value:.0}"))
}

/// A figure with one decimal below ten.
pub fn figure(value: f64) -> String {
    if value.abs() < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// `1 host`, `3 hosts`.
pub fn plural(number: usize, word: &str) -> String {
    format!("{} {word}{}", thousands(number as u64), if number == 1 { "" } else { "s" })
}

/// A text cut to so many columns, with `…` where something is missing. Wide characters are never halved.
pub fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 1);
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > columns {
            break;
        }
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push_str(MORE);
    }
    out
}

/// A text in lines of at most so many columns, broken between words where that is possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let needed = line.width() + usize::from(!line.is_empty()) + word.width();
        if needed > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for grapheme in word.graphemes(true) {
            if line.width() + grapheme.width() > columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(grapheme);
        }
    }
    lines.push(line);
    lines
}

/// The last parts of a path or name in so many columns: `…log/nginx/access.log`.
pub fn fit_end(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut used = 1;
    for grapheme in text.graphemes(true).rev() {
        used += grapheme.width();
        if used > columns {
            break;
        }
        kept.push(grapheme);
    }
    if columns > 0 {
        kept.push(MORE);
    }
    kept.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table<T: Copy>(of: impl Fn(T) -> String, rows: &[(T, &str)]) {
        for (value, expected) in rows {
            assert_eq!(of(*value), *expected);
        }
    }

    #[test]
    fn what_something_took_fits_five_columns() {
        let rows =
            [(0.0004, "0.4ms"), (0.0123, "12ms"), (0.9996, "1.0s"), (2.14, "2.1s"), (38.4, "38s"), (200.0, "3m")];
        table(took, &rows);
    }

    #[test]
    fn sentences_are_broken_between_words() {
        for (text, columns, expected) in [
            ("", 4, &[""][..]),
            ("one two three", 7, &["one two", "three"]),
            ("one two three", 80, &["one two three"]),
            ("a verylongword b", 6, &["a", "verylo", "ngword", "b"]),
            ("日本 語", 4, &["日本", "語"]),
            ("日本", 1, &["日", "本"]),
        ] {
            assert_eq!(wrap(text, columns), expected, "{text}");
        }
    }

    #[test]
    fn ages_go_in_steps() {
        let ages = [(0, "0s"), (4, "0s"), (14, "10s"), (15, "15s"), (44, "30s"), (59, "45s"), (60, "1m"), (119, "1m")];
        table(|s| age(Duration::from_secs(s)), &ages);
        table(|s| age(Duration::from_secs(s)), &[(3600, "1h"), (7200, "2h"), (172_800, "2d"), (900_000, "10d")]);
        table(|s| duration(Duration::from_secs(s)), &[(0, "0s"), (41, "41s"), (75, "1m"), (200_000, "2d")]);
    }

    #[test]
    fn relative_times_have_two_units() {
        table(
            relative,
            &[(0, "-0s"), (-5, "-5s"), (-72, "-1m12s"), (-7440, "-2h04m"), (-300_000, "-3d11h"), (5, "+5s")],
        );
    }

    #[test]
    fn sizes_rates_and_counts() {
        let sizes = [
            (0.0, "0"),
            (512.0, "512"),
            (1000.0, "1.0K"),
            (4300.0, "4.2K"),
            (10_189.0, "10K"),
            (17_179_869_184.0, "16G"),
        ];
        table(bytes, &sizes);
        table(
            rate,
            &[(0.0, "0"), (0.04, "0"), (0.44, "0.4"), (9.96, "10"), (612.4, "612"), (12_345.0, "12k"), (5e9, "999M")],
        );
        table(thousands, &[(0, "0"), (999, "999"), (1_284, "1,284"), (1_000_000, "1,000,000")]);
        table(count, &[(0, "0"), (9_999, "9999"), (31_180, "31k"), (3_118_000, "3M")]);
        table(percent, &[(None, "—"), (Some(0.0), "0"), (Some(99.6), "100")]);
        table(figure, &[(0.0, "0.0"), (2.14, "2.1"), (9.97, "10"), (48.2, "48"), (-3.2, "-3.2")]);
        table(|n| plural(n, "host"), &[(0, "0 hosts"), (1, "1 host"), (1200, "1,200 hosts")]);
    }

    #[test]
    fn texts_are_cut_where_it_shows() {
        for (text, columns, front, end) in [
            ("abcdef", 4, "abc…", "…def"),
            ("abc", 4, "abc", "abc"),
            ("日本語", 4, "日…", "…語"),
            ("abc", 1, "…", "…"),
            ("abc", 0, "", ""),
        ] {
            assert_eq!((fit(text, columns).as_str(), fit_end(text, columns).as_str()), (front, end));
        }
    }

    proptest! {
        #[test]
        fn no_figure_outgrows_its_column(value in 0.0..1e21_f64, whole: u64) {
            prop_assert!(bytes(value).len() <= 4 || value > 9e20);
            prop_assert!(rate(value).len() <= 4 && count(whole).len() <= 4);
        }

        #[test]
        fn a_cut_text_fits(text in "\\PC{0,40}", columns in 0usize..30) {
            prop_assert!(fit(&text, columns).width() <= columns);
            prop_assert!(fit_end(&text, columns).width() <= columns);
        }
    }
}
