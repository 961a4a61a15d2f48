//! One look at `/proc`, and the figures that two looks give.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::frame::Block;
use super::parse::{cpu, disk_io, growth, memory, net, numbers, pressure, tcp, value};
use crate::domain::sample::{Memory, Procs, Psi, Sample, Swap};

/// Counters and levels of one fast tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    at: DateTime<Utc>,
    uptime: Option<f64>,
    load: Option<[f64; 3]>,
    processors: cpu::Processors,
    procs: Option<Procs>,
    memory: Option<Memory>,
    swap: Option<Swap>,
    swapped_pages: Option<u64>,
    oom_kills: Option<u64>,
    pressure: Pressure,
    net: BTreeMap<String, net::Counters>,
    disks: BTreeMap<String, disk_io::Counters>,
    tcp: tcp::Counters,
    files_pct: Option<f64>,
    conntrack_pct: Option<f64>,
}

/// The five lines of pressure that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pressure {
    cpu_some: Option<pressure::Stall>,
    mem_some: Option<pressure::Stall>,
    mem_full: Option<pressure::Stall>,
    io_some: Option<pressure::Stall>,
    io_full: Option<pressure::Stall>,
}

impl Tick {
    /// Reads an answer that came at this time by our clock.
    pub fn read(block: &Block, at: DateTime<Utc>) -> Self {
        let (stat, meminfo, vmstat) = (block.lines("stat"), block.lines("meminfo"), block.lines("vmstat"));
        let stall = |file, kind| pressure::stall(block.lines(file), kind);
        let pages = |key| value(vmstat, key);
        Self {
            at,
            uptime: floats(block.lines("uptime")).first().copied(),
            load: floats(block.lines("loadavg")).first_chunk().copied(),
            processors: cpu::processors(stat),
            procs: cpu::procs(stat),
            memory: memory::memory(meminfo, block.lines("spl/kstat/zfs/arcstats")),
            swap: memory::swap(meminfo),
            swapped_pages: pages("pswpin ").zip(pages("pswpout ")).map(|(a, b)| a.saturating_add(b)),
            oom_kills: value(vmstat, "oom_kill "),
            pressure: Pressure {
                cpu_some: stall("pressure/cpu", "some"),
                mem_some: stall("pressure/memory", "some"),
                mem_full: stall("pressure/memory", "full"),
                io_some: stall("pressure/io", "some"),
                io_full: stall("pressure/io", "full"),
            },
            net: net::interfaces(block.lines("net/dev")),
            disks: disk_io::disks(block.lines("diskstats")),
            tcp: tcp::counters(block.lines("net/snmp"), block.lines("net/netstat"), block.lines("net/sockstat")),
            files_pct: files(block.lines("sys/fs/file-nr")),
            conntrack_pct: conntrack(
                block.lines("sys/net/netfilter/nf_conntrack_count"),
                block.lines("sys/net/netfilter/nf_conntrack_max"),
            ),
        }
    }

    /// Whether the host has run on since an earlier look; after a reboot every counter began anew.
    pub fn continues(&self, earlier: &Self) -> bool {
        match (earlier.uptime, self.uptime) {
            (Some(before), Some(now)) => now >= before,
            _ => true,
        }
    }

    /// The figures of this look, with those that need one before it where there is one that this look
    /// [continues](Self::continues).
    pub fn sample(&self, before: Option<&Self>) -> Sample {
        let before = before.filter(|before| self.continues(before));
        // By the host's own uptime, which no delay on the way stretches.
        let seconds = before.map(|before| match (before.uptime, self.uptime) {
            (Some(before), Some(now)) => now - before,
            _ => (self.at - before.at).as_seconds_f64(),
        });
        let interval = before.zip(seconds).filter(|(_, seconds)| *seconds > 0.0);
        let grown = |counter: fn(&Self) -> Option<u64>| growth(counter(before?)?, counter(self)?);
        Sample {
            at: self.at,
            uptime_s: self.uptime,
            cpu: before.and_then(|before| cpu::usage(&before.processors, &self.processors)),
            load: self.load,
            cores: u32::try_from(self.processors.each.len()).ok().filter(|cores| *cores > 0),
            mem: self.memory,
            swap: self.swap.map(|swap| Swap {
                pages_s: interval.and_then(|(_, seconds)| Some(grown(|t| t.swapped_pages)? as f64 / seconds)),
                ..swap
            }),
            psi: self.psi(interval),
            net: interval.and_then(|(before, seconds)| net::traffic(&before.net, &self.net, seconds)),
            io: interval.map(|(before, s)| disk_io::traffic(&before.disks, &self.disks, s)).unwrap_or_default(),
            tcp: tcp::between(before.map(|before| &before.tcp), &self.tcp),
            files_pct: self.files_pct,
            conntrack_pct: self.conntrack_pct,
            procs: self.procs,
            oom_kills: self.oom_kills,
            oom_kills_new: grown(|t| t.oom_kills),
            clock_skew_ms: None,
            clock_error_ms: None,
            slow: None,
        }
    }

    fn psi(&self, interval: Option<(&Self, f64)>) -> Psi {
        let share = |stall: fn(&Pressure) -> Option<pressure::Stall>| {
            let before = interval.map(|(before, _)| stall(&before.pressure));
            pressure::share(before, stall(&self.pressure), interval.map_or(0.0, |(_, seconds)| seconds))
        };
        Psi {
            cpu_some: share(|p| p.cpu_some),
            mem_some: share(|p| p.mem_some),
            mem_full: share(|p| p.mem_full),
            io_some: share(|p| p.io_some),
            io_full: share(|p| p.io_full),
        }
    }
}

/// The finite numbers at the start of a file's first line.
fn floats(lines: &[String]) -> Vec<f64> {
    let line = lines.first().map_or("", String::as_str);
    let number = |word: &str| word.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
    line.split_whitespace().map_while(number).collect()
}

fn pct(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

/// `/proc/sys/fs/file-nr`: handles allocated, free ones among them (always 0 since 2.6), the limit.
fn files(lines: &[String]) -> Option<f64> {
    match *numbers(lines.first()?).as_slice() {
        [allocated, free, limit] => pct(allocated.saturating_sub(free), limit),
        _ => None,
    }
}

fn conntrack(count: &[String], limit: &[String]) -> Option<f64> {
    pct(*numbers(count.first()?).first()?, *numbers(limit.first()?).first()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::frame::{Frame, Reader};
    use super::*;

    /// What the probe's grep leaves of several systems' files.
    const DEBIAN_12: &str = include_str!("fixtures/debian12-6.1.txt");
    const CENTOS_7: &str = include_str!("fixtures/centos7-3.10.txt");
    const ALPINE: &str = include_str!("fixtures/alpine-6.6.txt");
    const PROXMOX: &str = include_str!("fixtures/proxmox-zfs-6.8.txt");

    fn tick(text: &str, second: i64) -> Tick {
        let frames = Reader::new().feed(format!("begin:fast\n{text}\nend:fast\n").as_bytes());
        let [Frame::Fast(block)] = frames.as_slice() else { panic!("{frames:?}") };
        Tick::read(block, DateTime::from_timestamp(second, 0).unwrap())
    }

    #[test]
    fn the_first_look_has_levels_and_no_rates() {
        let sample = tick(DEBIAN_12, 100).sample(None);
        assert_eq!(sample.uptime_s, Some(86_400.25));
        assert_eq!((sample.cores, sample.load), (Some(2), Some([0.52, 0.58, 0.59])));
        assert_eq!(sample.mem.map(|m| m.pct()), Some(50.0));
        assert_eq!(sample.psi.cpu_some, Some(1.25), "the kernel's own average, for a start");
        assert_eq!(sample.oom_kills, Some(3));
        assert_eq!(sample.tcp.and_then(|t| t.time_wait), Some(23));
        assert_eq!((sample.files_pct, sample.conntrack_pct), (Some(1.0), Some(25.0)));
        assert_eq!((sample.cpu, sample.net, sample.oom_kills_new), (None, None, None));
        assert!(sample.io.is_empty());
        assert_eq!(sample.swap.map(|s| s.pages_s), Some(None));
    }

    #[test]
    fn the_second_look_has_rates_by_the_hosts_own_time() {
        let later = DEBIAN_12
            .replace("uptime:86400.25", "uptime:86405.25")
            .replace("cpu  1000 0 500 8000 100", "cpu  1400 0 600 8400 200")
            .replace("oom_kill 3", "oom_kill 5")
            .replace("pswpin 10", "pswpin 60")
            .replace("total=2000000", "total=2500000")
            .replace("eth0: 1000000", "eth0: 6000000");
        // It took twelve seconds on the way, by our clock.
        let sample = tick(&later, 112).sample(Some(&tick(DEBIAN_12, 100)));
        let cpu = sample.cpu.unwrap();
        assert_eq!((cpu.pct, cpu.iowait), (50.0, 10.0));
        assert_eq!(sample.net.map(|n| n.rx_s), Some(1_000_000.0));
        assert_eq!(sample.swap.and_then(|s| s.pages_s), Some(10.0));
        assert_eq!(sample.psi.cpu_some, Some(10.0));
        assert_eq!(sample.oom_kills_new, Some(2));
    }

    #[test]
    fn a_reboot_is_a_gap() {
        let rebooted = DEBIAN_12.replace("uptime:86400.25", "uptime:12.5").replace("oom_kill 3", "oom_kill 0");
        let (before, after) = (tick(DEBIAN_12, 100), tick(&rebooted, 160));
        assert!(!after.continues(&before));
        let sample = after.sample(Some(&before));
        assert_eq!((sample.cpu, sample.net, sample.oom_kills_new), (None, None, None));
        assert_eq!((sample.oom_kills, sample.psi.cpu_some), (Some(0), Some(1.25)));
    }

    #[test]
    fn old_kernels_have_less() {
        let sample = tick(CENTOS_7, 100).sample(Some(&tick(CENTOS_7, 95)));
        assert_eq!(sample.psi, Psi::default());
        assert_eq!((sample.oom_kills, sample.oom_kills_new), (None, None));
        assert_eq!(sample.mem.map(|m| m.available), Some(440_000 * 1024));
        assert_eq!(sample.cores, Some(1));
    }

    #[test]
    fn busybox_and_zfs() {
        let sample = tick(ALPINE, 100).sample(None);
        assert_eq!((sample.cores, sample.conntrack_pct, sample.psi.io_full), (Some(1), None, Some(0.0)));
        let zfs = tick(PROXMOX, 100).sample(None);
        assert_eq!(zfs.mem.map(|m| m.available), Some((2_000_000 << 10) + (3 << 30)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut reader = Reader::new();
            reader.feed(b"begin:fast\n");
            reader.feed(&bytes);
            for frame in reader.feed(b"\nend:fast\n") {
                if let Frame::Fast(block) = frame {
                    Tick::read(&block, DateTime::UNIX_EPOCH).sample(None);
                }
            }
        }

        #[test]
        fn a_damaged_answer_is_survived(at in 0usize..2000, with in proptest::collection::vec(any::<u8>(), 0..30)) {
            let mut text = DEBIAN_12.as_bytes().to_vec();
            let at = at.min(text.len());
            text.splice(at..at, with);
            let (one, two) = (tick(&String::from_utf8_lossy(&text), 1), tick(DEBIAN_12, 2));
            for sample in [one.sample(Some(&two)), two.sample(Some(&one)), one.sample(None)] {
                prop_assert!(sample.cpu.is_none_or(|cpu| (0.0..=100.0).contains(&cpu.pct)));
                prop_assert!(sample.mem.is_none_or(|mem| (0.0..=100.0).contains(&mem.pct())));
            }
        }
    }
}
