//! `/proc/meminfo`, and ZFS' cache beside it.

use super::value;
use crate::domain::sample::{Memory, Swap};

const KB: u64 = 1024;

/// Main memory. Kernels before 3.14 have no MemAvailable: free + buffers + cached + reclaimable slab − shared memory
/// stands for it. ZFS' ARC is no page cache to the kernel; what it would give back (its size above `c_min`) is added.
pub fn memory(meminfo: &[String], arcstats: &[String]) -> Option<Memory> {
    let kb = |key| value(meminfo, key).map(|kb| kb.saturating_mul(KB));
    let total = kb("MemTotal:")?;
    let cached = kb("Cached:").unwrap_or(0);
    let estimate = || {
        let given = kb("MemFree:")? + kb("Buffers:").unwrap_or(0) + cached + kb("SReclaimable:").unwrap_or(0);
        Some(given.saturating_sub(kb("Shmem:").unwrap_or(0)))
    };
    let available = kb("MemAvailable:").or_else(estimate)?.saturating_add(reclaimable_arc(arcstats)).min(total);
    Some(Memory { total, available, cached })
}

/// Lines of arcstats are `NAME TYPE VALUE`.
fn reclaimable_arc(arcstats: &[String]) -> u64 {
    let field = |name: &str| {
        arcstats.iter().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == name).then(|| words.nth(1)?.parse::<u64>().ok())?
        })
    };
    match (field("size"), field("c_min")) {
        (Some(size), Some(least)) => size.saturating_sub(least),
        _ => 0,
    }
}

/// Swap space; its traffic is worked out from two looks.
pub fn swap(meminfo: &[String]) -> Option<Swap> {
    let total = value(meminfo, "SwapTotal:")?.saturating_mul(KB);
    let free = value(meminfo, "SwapFree:")?.saturating_mul(KB);
    Some(Swap { total, used: total.saturating_sub(free), pages_s: None })
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    const DEBIAN_12: &str = "MemTotal:        3998820 kB\nMemFree:          210404 kB\nMemAvailable:    1999410 kB\n\
        Buffers:          120040 kB\nCached:          1700100 kB\nSwapCached:            4 kB\n\
        SwapTotal:        998396 kB\nSwapFree:         748796 kB\nShmem:             20480 kB\nSReclaimable:     90000 kB";
    /// CentOS 6 and early 7: no MemAvailable.
    const OLD: &str = "MemTotal:        1000000 kB\nMemFree:          100000 kB\nBuffers:           50000 kB\n\
        Cached:           300000 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n\
        Shmem:             40000 kB\nSReclaimable:     30000 kB";

    #[test]
    fn available_is_what_the_kernel_says() {
        let memory = memory(&lines(DEBIAN_12), &[]).unwrap();
        assert_eq!(memory.pct(), 50.0);
        assert_eq!(memory.cached, 1_700_100 * 1024);
        let swap = swap(&lines(DEBIAN_12)).unwrap();
        assert_eq!((swap.total, swap.used), (998_396 * 1024, 249_600 * 1024));
    }

    #[test]
    fn old_kernels_are_estimated() {
        let memory = memory(&lines(OLD), &[]).unwrap();
        assert_eq!(memory.available, 440_000 * 1024);
        assert!((memory.pct() - 56.0).abs() < 1e-9);
        assert_eq!(swap(&lines(OLD)), Some(Swap::default()), "no swap at all is known");
    }

    #[test]
    fn what_zfs_would_give_back_is_available() {
        let arc =
            lines("size                            4    1073741824\nc_min                           4    73741824");
        let with = memory(&lines(DEBIAN_12), &arc).unwrap();
        assert_eq!(with.available, 1_999_410 * 1024 + 1_000_000_000);
        let huge = lines("size 4 99999999999999\nc_min 4 1");
        let with = memory(&lines(DEBIAN_12), &huge).unwrap();
        assert_eq!(with.available, with.total);
    }

    #[test]
    fn missing_is_none() {
        assert_eq!(memory(&lines("MemTotal: 5 kB"), &[]), None);
        assert_eq!(memory(&lines("MemFree: 5 kB"), &[]), None);
        assert_eq!(swap(&lines("SwapTotal: 5 kB")), None);
        assert_eq!(memory(&lines("MemTotal: 18446744073709551615 kB\nMemAvailable: x"), &[]), None);
    }
}
