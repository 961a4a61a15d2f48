//! `/proc/diskstats`: traffic of whole disks.

use std::collections::BTreeMap;

use super::{growth, numbers};
use crate::domain::sample::DiskIo;

/// The kernel counts sectors of this size whatever the disk's own is.
const SECTOR: f64 = 512.0;

/// Counters of one disk, as Documentation/admin-guide/iostats.rst numbers them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    reads: u64,
    read_sectors: u64,
    read_ms: u64,
    writes: u64,
    write_sectors: u64,
    write_ms: u64,
    busy_ms: u64,
    weighted_ms: u64,
}

/// Whole disks by name. Partitions would count twice, and so would device mapper, md, loop and zram above the disks.
pub fn disks(lines: &[String]) -> BTreeMap<String, Counters> {
    let all: BTreeMap<&str, Counters> = lines.iter().filter_map(|line| disk(line)).collect();
    let whole = |name: &str| {
        let above = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "drbd"];
        !above.iter().any(|prefix| name.starts_with(prefix)) && !parent(name).is_some_and(|p| all.contains_key(p))
    };
    all.iter().filter(|(name, _)| whole(name)).map(|(name, counters)| ((*name).to_owned(), *counters)).collect()
}

/// The disk that a name would be a partition of: `sda` of `sda1`, `nvme0n1` of `nvme0n1p2`.
fn parent(name: &str) -> Option<&str> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == name.len() {
        return None;
    }
    match stem.strip_suffix('p') {
        Some(disk) if disk.ends_with(|c: char| c.is_ascii_digit()) => Some(disk),
        _ => Some(stem),
    }
}

fn disk(line: &str) -> Option<(&str, Counters)> {
    let name = line.split_whitespace().nth(2)?;
    let columns = numbers(line.split_once(name)?.1);
    let [reads, _, read_sectors, read_ms, writes, _, write_sectors, write_ms, _, busy_ms, weighted_ms, ..] =
        *columns.as_slice()
    else {
        return None;
    };
    let counters = Counters { reads, read_sectors, read_ms, writes, write_sectors, write_ms, busy_ms, weighted_ms };
    Some((name, counters))
}

/// Traffic between two looks; a disk that is new or whose counters were reset is left out for once.
pub fn traffic(before: &BTreeMap<String, Counters>, now: &BTreeMap<String, Counters>, seconds: f64) -> Vec<DiskIo> {
    now.iter().filter_map(|(name, counters)| between(name, before.get(name)?, counters, seconds)).collect()
}

fn between(name: &str, before: &Counters, now: &Counters, seconds: f64) -> Option<DiskIo> {
    let grown = |counter: fn(&Counters) -> u64| growth(counter(before), counter(now)).map(|growth| growth as f64);
    let requests = grown(|c| c.reads)? + grown(|c| c.writes)?;
    let waited = grown(|c| c.read_ms)? + grown(|c| c.write_ms)?;
    Some(DiskIo {
        name: name.to_owned(),
        read_s: grown(|c| c.read_sectors)? * SECTOR / seconds,
        write_s: grown(|c| c.write_sectors)? * SECTOR / seconds,
        util_pct: (grown(|c| c.busy_ms)? / seconds / 10.0).min(100.0),
        queue: grown(|c| c.weighted_ms)? / seconds / 1000.0,
        await_ms: (requests > 0.0).then(|| waited / requests),
    })
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    /// CentOS 7's 3.10 has 14 columns, 4.18 four more (discards), 5.5 two more (flushes).
    const MIXED: &str = "   8       0 sda 100 0 2000 50 200 0 4000 150 0 1000 200\n   8       1 sda1 100 0 2000 50 200 0 4000 150 0 1000 200\n \
        259       0 nvme0n1 10 0 20 5 0 0 0 0 0 5 5 1 2 3 4 5 6\n 259       1 nvme0n1p1 10 0 20 5 0 0 0 0 0 5 5 0 0 0 0 0 0\n \
        253       0 dm-0 1 1 1 1 1 1 1 1 1 1 1\n   7       0 loop0 1 1 1 1 1 1 1 1 1 1 1\n   9       0 md0 1 1 1 1 1 1 1 1 1 1 1\n \
        202       1 xvda1 7 0 0 0 0 0 0 0 0 0 0\n 8 5 short 1 2 3";

    #[test]
    fn whole_disks_once() {
        let names: Vec<String> = disks(&lines(MIXED)).into_keys().collect();
        // xvda1 has no xvda beside it (an old Xen guest): it is the disk.
        assert_eq!(names, ["nvme0n1", "sda", "xvda1"]);
    }

    #[test]
    fn rates_utilisation_queue_and_wait() {
        let before = disks(&lines(" 8 0 sda 100 0 2000 50 200 0 4000 150 0 1000 200"));
        let now = disks(&lines(" 8 0 sda 110 0 2200 70 230 0 4400 210 0 2000 2200"));
        assert_eq!(
            traffic(&before, &now, 2.0),
            [DiskIo {
                name: "sda".into(),
                read_s: 51_200.0,
                write_s: 102_400.0,
                util_pct: 50.0,
                queue: 1.0,
                await_ms: Some(2.0)
            }]
        );
        let idle = traffic(&now, &now, 2.0);
        assert_eq!((idle[0].await_ms, idle[0].util_pct), (None, 0.0));
    }

    #[test]
    fn the_times_wrap_at_32_bits_on_every_machine() {
        let before = disks(&lines(" 8 0 sda 1 0 0 0 0 0 0 0 0 4294967290 4294967290"));
        let now = disks(&lines(" 8 0 sda 1 0 0 0 0 0 0 0 0 994 994"));
        assert_eq!(traffic(&before, &now, 1.0)[0].util_pct, 100.0);
        let replaced = disks(&lines(" 8 0 sda 0 0 0 0 0 0 0 0 0 994 994"));
        assert!(traffic(&before, &replaced, 1.0).is_empty(), "its counters began anew");
    }
}
