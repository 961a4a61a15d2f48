//! Durations, sizes and percentages as people write them.

use std::time::Duration;

/// `250ms`, `15m`, `1h30m`, `400d`: whole numbers with units, largest first by habit but in any order. At most a
/// hundred years.
pub fn duration(text: &str) -> Option<Duration> {
    let mut total = 0u64;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(millis)?)?;
        rest = tail;
    }
    (total <= 100 * 366 * 86_400_000).then(|| Duration::from_millis(total))
}

/// `256MiB`, `1MB`, `512`: bytes, with units of 1000 (kB, MB, GB, TB) or 1024 (KiB, MiB, GiB, TiB).
pub fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// `5%`, `0.5%`: the number before the sign.
pub fn percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?;
    let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    number.parse::<f64>().ok().filter(|n| plain && n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [
            ("250ms", Some(250)),
            ("15m", Some(900_000)),
            ("1h30m", Some(5_400_000)),
            ("400d", Some(34_560_000_000)),
            ("0s", Some(0)),
            ("2w", Some(1_209_600_000)),
            ("", None),
            ("15", None),
            ("m", None),
            ("15 m", None),
            ("-5s", None),
            ("1.5h", None),
            ("99999999999999999999s", None),
            ("18446744073709551615s", None),
        ] {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn sizes_and_percentages() {
        for (text, bytes) in [
            ("256MiB", Some(256 << 20)),
            ("1MB", Some(1_000_000)),
            ("512", Some(512)),
            ("10 GiB", Some(10 << 30)),
            ("1mb", None),
            ("", None),
            ("99999999999TiB", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
        for (text, number) in
            [("5%", Some(5.0)), ("0.5%", Some(0.5)), ("5", None), ("%", None), ("-1%", None), ("inf%", None)]
        {
            assert_eq!(percent(text), number, "{text}");
        }
    }
}
