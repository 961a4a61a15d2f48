//! Pure parsers of what hosts say, one small file for each kind of text. None panics on any text, and what is missing
//! or malformed is `None`, never zero.

pub mod containers;
pub mod cpu;
pub mod df;
pub mod disk_io;
pub mod memory;
pub mod net;
pub mod pressure;
pub mod processes;
pub mod systemd;
pub mod tcp;
pub mod version;

/// The number after a key in lines such as `MemTotal:  24684084 kB` or `oom_kill 0`; the key is given whole.
pub fn value(lines: &[String], key: &str) -> Option<u64> {
    lines.iter().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok())
}

/// The whitespace-separated numbers of a line, up to the first that is none. Negative ones (`MaxConn -1`) are zero.
pub fn numbers(line: &str) -> Vec<u64> {
    let number = |word: &str| word.parse().ok().or_else(|| word.parse::<i64>().ok().map(|_| 0));
    line.split_whitespace().map_while(number).collect()
}

/// The growth of a counter. `None` when it was reset. A counter that the kernel keeps in 32 bits (all on 32-bit
/// machines, the times of `/proc/diskstats` everywhere) may have wrapped: from the upper half round to the lower.
pub fn growth(before: u64, now: u64) -> Option<u64> {
    const WRAP: u64 = 1 << 32;
    match now.checked_sub(before) {
        Some(growth) => Some(growth),
        None if before < WRAP => Some(now + WRAP - before).filter(|growth| *growth < WRAP / 2),
        None => None,
    }
}

#[cfg(test)]
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_wrap_or_are_reset() {
        assert_eq!(growth(5, 7), Some(2));
        assert_eq!(growth(u64::from(u32::MAX) - 1, 3), Some(5));
        assert_eq!(growth(1000, 3), None, "reset");
        assert_eq!(growth(1 << 40, 3), None, "reset of a 64-bit counter");
    }

    #[test]
    fn keys_are_whole_and_missing_is_none() {
        let text = lines("SwapCached: 9 kB\nCached:  7 kB\nBroken: x");
        assert_eq!(value(&text, "Cached:"), Some(7));
        assert_eq!(value(&text, "Broken:"), None);
        assert_eq!(value(&text, "MemAvailable:"), None);
        assert_eq!(numbers("1 200 120000 -1 5 x 6"), [1, 200, 120_000, 0, 5]);
    }
}
