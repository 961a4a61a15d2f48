//! `/proc/stat`: processor times.

use super::numbers;
use crate::domain::sample::{Cpu, Procs};

/// Ticks that one processor (or all together) spent, by column: user, nice, system, idle, iowait, irq, softirq, steal.
/// The columns after those (guest, guest_nice) are already inside user and nice, and are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times([u64; 8]);

const IDLE: usize = 3;
const IOWAIT: usize = 4;
const STEAL: usize = 7;

/// The processors of one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processors {
    /// All together; none when the file said nothing of them.
    pub all: Option<Times>,
    /// Each that is online, by its number.
    pub each: Vec<(u32, Times)>,
}

/// Reads the `cpu` lines.
pub fn processors(lines: &[String]) -> Processors {
    let mut out = Processors::default();
    for line in lines {
        let Some(rest) = line.strip_prefix("cpu") else { continue };
        let Some((name, columns)) = rest.split_once(' ') else { continue };
        let columns = numbers(columns);
        // Kernels before 2.6 have four columns; fewer is no processor.
        if columns.len() < 4 {
            continue;
        }
        let times = Times(std::array::from_fn(|i| columns.get(i).copied().unwrap_or(0)));
        match name.parse() {
            Ok(number) => out.each.push((number, times)),
            Err(_) if name.is_empty() => out.all = Some(times),
            Err(_) => {}
        }
    }
    out
}

/// Processes running and blocked.
pub fn procs(lines: &[String]) -> Option<Procs> {
    let running = super::value(lines, "procs_running ")?;
    let blocked = super::value(lines, "procs_blocked ")?;
    Some(Procs { running, blocked })
}

/// Use between two looks: Δ(total − idle − iowait) / Δtotal. iowait, steal and (on tickless kernels) idle may go
/// backwards, so that each column's growth is at least zero; a total that shrank was reset and gives nothing.
pub fn usage(before: &Processors, now: &Processors) -> Option<Cpu> {
    let all = shares(before.all.as_ref()?, now.all.as_ref()?)?;
    let busy = |(number, times): &(u32, Times)| {
        let (_, earlier) = before.each.iter().find(|(other, _)| other == number)?;
        shares(earlier, times).map(|shares| shares.busy)
    };
    Some(Cpu {
        pct: all.busy,
        iowait: all.iowait,
        steal: all.steal,
        per_core: now.each.iter().filter_map(busy).collect(),
    })
}

struct Shares {
    busy: f64,
    iowait: f64,
    steal: f64,
}

fn shares(before: &Times, now: &Times) -> Option<Shares> {
    let sum = |times: &Times| times.0.iter().fold(0u64, |sum, column| sum.saturating_add(*column));
    if sum(now) < sum(before) {
        return None;
    }
    let growth: [u64; 8] = std::array::from_fn(|i| now.0[i].saturating_sub(before.0[i]));
    let total = sum(&Times(growth));
    if total == 0 {
        return None;
    }
    let pct = |ticks: u64| 100.0 * ticks as f64 / total as f64;
    Some(Shares {
        busy: pct(total - growth[IDLE] - growth[IOWAIT]),
        iowait: pct(growth[IOWAIT]),
        steal: pct(growth[STEAL]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    fn used(before: &str, now: &str) -> Option<Cpu> {
        usage(&processors(&lines(before)), &processors(&lines(now)))
    }

    #[test]
    fn guest_time_is_not_added_again() {
        // A KVM host: all of user is guest.
        let cpu = used("cpu  0 0 0 0 0 0 0 0 0 0", "cpu  50 0 0 50 0 0 0 0 50 0").unwrap();
        assert_eq!(cpu.pct, 50.0);
    }

    #[test]
    fn waiting_for_disks_is_idle_and_steal_is_busy() {
        let cpu = used("cpu  100 0 100 1000 10 0 0 5", "cpu  120 5 110 1040 30 2 3 5").unwrap();
        assert_eq!((cpu.pct, cpu.iowait, cpu.steal), (40.0, 20.0, 0.0));
        let stolen = used("cpu  0 0 0 0 0 0 0 0 0 0", "cpu  10 0 0 80 0 0 0 10 0 0").unwrap();
        assert_eq!((stolen.pct, stolen.steal), (20.0, 10.0));
    }

    #[test]
    fn columns_that_go_backwards_count_as_nothing() {
        let cpu = used("cpu  100 0 0 100 50 0 0 0", "cpu  150 0 0 150 40 0 0 0").unwrap();
        assert_eq!((cpu.pct, cpu.iowait), (50.0, 0.0));
    }

    #[test]
    fn a_reset_or_no_time_at_all_is_no_figure() {
        assert_eq!(used("cpu  100 0 0 100 0 0 0 0", "cpu  1 0 0 1 0 0 0 0"), None);
        assert_eq!(used("cpu  100 0 0 100 0 0 0 0", "cpu  100 0 0 100 0 0 0 0"), None);
        assert_eq!(used("", "cpu  1 0 0 1 0 0 0 0"), None);
    }

    #[test]
    fn each_processor_is_compared_with_itself() {
        // cpu1 went offline, cpu2 came online.
        let cpu = used(
            "cpu  0 0 0 0\ncpu0 0 0 0 0\ncpu1 0 0 0 0",
            "cpu  100 0 0 100\ncpu0 100 0 0 0\ncpu2 5 0 0 5\nintr 5\nctxt 8",
        )
        .unwrap();
        assert_eq!(cpu.per_core, [100.0]);
    }

    #[test]
    fn running_and_blocked_processes() {
        let text = lines("cpu 1\nprocs_running 6\nprocs_blocked 2");
        assert_eq!(procs(&text), Some(Procs { running: 6, blocked: 2 }));
        assert_eq!(procs(&lines("procs_running 6")), None);
    }
}
