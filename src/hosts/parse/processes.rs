//! `ps`, and `/proc/PID/stat` beside it.

use std::collections::BTreeMap;

use crate::domain::sample::Process;
use crate::domain::text::one_line;

/// More processes than this are not looked at.
const MOST: usize = 20_000;

/// One look at the processes, with what the share of a processor is worked out from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The host's uptime in seconds.
    pub uptime: Option<f64>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    process: Process,
    /// Seconds of processor time.
    spent: Option<f64>,
    /// When it started, in clock ticks since boot: tells a process from a later one with its id.
    started: Option<u64>,
}

/// What `/proc/PID/stat` says.
#[derive(Clone, Debug, PartialEq)]
struct Stat {
    command: String,
    state: String,
    ticks: u64,
    started: u64,
    pages: u64,
}

/// Puts a look together: `ps` with any columns of PID, USER, STAT, RSS (kB), TIME, ELAPSED and COMMAND; the lines of
/// `/proc/*/stat`, which have finer times and stand in where `ps` cannot do it; clock ticks a second and bytes a page.
pub fn look(uptime: Option<f64>, ps: &[String], stats: &[String], ticks_s: u64, page: u64) -> Look {
    let stats: BTreeMap<u32, Stat> = stats.iter().take(MOST).filter_map(|line| stat(line)).collect();
    let ticks_s = ticks_s.max(1) as f64;
    let seconds = |ticks: u64| ticks as f64 / ticks_s;
    let mut rows: Vec<Row> = table(ps);
    if rows.is_empty() {
        let row = |(pid, stat): (&u32, &Stat)| Row {
            process: Process {
                pid: *pid,
                user: String::new(),
                stat: stat.state.clone(),
                rss: stat.pages.saturating_mul(page),
                cpu_pct: None,
                command: stat.command.clone(),
                age_s: uptime.map(|uptime| (uptime - seconds(stat.started)).max(0.0) as u64),
            },
            spent: None,
            started: None,
        };
        rows = stats.iter().map(row).collect();
    }
    for row in &mut rows {
        if let Some(stat) = stats.get(&row.process.pid) {
            row.spent = Some(seconds(stat.ticks));
            row.started = Some(stat.started);
        }
    }
    Look { uptime, rows }
}

impl Look {
    /// The processes with their share of one processor since an earlier look (`ps`' own %CPU is the average of a
    /// lifetime), greatest first, then by memory. Kernel threads, which hold no memory, only where they do something.
    pub fn since(&self, earlier: Option<&Look>) -> Vec<Process> {
        let before: BTreeMap<u32, &Row> =
            earlier.into_iter().flat_map(|look| &look.rows).map(|row| (row.process.pid, row)).collect();
        let seconds = earlier.and_then(|look| Some(self.uptime? - look.uptime?)).filter(|seconds| *seconds > 0.0);
        let share = |row: &Row| {
            let earlier = before.get(&row.process.pid).filter(|earlier| earlier.started == row.started)?;
            Some((100.0 * (row.spent? - earlier.spent?) / seconds?).max(0.0))
        };
        let mut out: Vec<Process> =
            self.rows.iter().map(|row| Process { cpu_pct: share(row), ..row.process.clone() }).collect();
        out.retain(|process| process.rss > 0 || process.cpu_pct.is_some_and(|pct| pct > 0.0));
        out.sort_by(|a, b| {
            let cpu = |p: &Process| p.cpu_pct.unwrap_or(0.0);
            cpu(b).total_cmp(&cpu(a)).then(b.rss.cmp(&a.rss)).then(a.pid.cmp(&b.pid))
        });
        out
    }
}

/// The rows of `ps` by the names in its header; COMMAND is the last column and takes the rest of the line.
fn table(ps: &[String]) -> Vec<Row> {
    let Some((header, lines)) = ps.split_first() else { return Vec::new() };
    let columns: Vec<&str> = header.split_whitespace().collect();
    let row = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let field = |name: &str| {
            let at = columns.iter().position(|column| *column == name)?;
            words.get(at).copied()
        };
        let text = |name: &str| one_line(field(name).unwrap_or(""), 64);
        Some(Row {
            process: Process {
                pid: field("PID")?.parse().ok()?,
                user: text("USER"),
                stat: text("STAT"),
                rss: field("RSS").and_then(kilobytes).unwrap_or(0),
                cpu_pct: None,
                command: one_line(words.get(columns.len().checked_sub(1)?..)?.join(" ").as_str(), 64),
                age_s: field("ELAPSED").and_then(duration),
            },
            spent: field("TIME").and_then(duration).map(|seconds| seconds as f64),
            started: None,
        })
    };
    lines.iter().take(MOST).filter_map(row).collect()
}

/// Kilobytes, or busybox' `12m` and `1.2g`.
fn kilobytes(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(|c: char| c.is_ascii_alphabetic()) {
        Some(number) => (number, text.as_bytes().last().map_or(b'k', u8::to_ascii_lowercase)),
        None => (text, b'k'),
    };
    let scale = match unit {
        b'k' => 1024.0,
        b'm' => 1024.0 * 1024.0,
        b'g' => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    number.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).map(|n| (n * scale) as u64)
}

/// Seconds, or `[[DD-]HH:]MM:SS`.
fn duration(text: &str) -> Option<u64> {
    let (days, rest) = text.split_once('-').unwrap_or(("0", text));
    let days: u64 = days.parse().ok()?;
    let seconds = rest.split(':').try_fold(0u64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))?;
    days.checked_mul(86_400)?.checked_add(seconds)
}

/// `PID (COMMAND) STATE PPID …`: the command may hold blanks and brackets, so that the last bracket ends it.
fn stat(line: &str) -> Option<(u32, Stat)> {
    let (pid, rest) = line.split_once(" (")?;
    let (command, rest) = rest.rsplit_once(") ")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    // proc(5) counts from one with the pid: utime 14, stime 15, starttime 22, rss 24.
    let stat = Stat {
        command: one_line(command, 64),
        state: one_line(words.first()?, 8),
        ticks: number(11)?.saturating_add(number(12)?),
        started: number(19)?,
        pages: number(21)?,
    };
    Some((pid.parse().ok()?, stat))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lines;
    use super::*;

    const PS: &str = "    PID USER     STAT   RSS     TIME ELAPSED COMMAND\n      1 root     Ss   11800       12    5000 systemd\n\
        1042 www-data Sl   40000      100    3000 (my app) x\n    300 root     I        0        0    5000 kworker/0:1\n";

    fn stat_line(pid: u32, name: &str, ticks: u64) -> String {
        format!(
            "{pid} ({name}) S 1 1 1 0 -1 4194560 1 2 3 4 {ticks} 10 0 0 20 0 1 0 777 1000000 256 18446744073709551615 1"
        )
    }

    #[test]
    fn shares_come_from_two_looks() {
        let one =
            look(Some(100.0), &lines(PS), &[stat_line(1, "systemd", 90), stat_line(1042, "my) app", 500)], 100, 4096);
        let two =
            look(Some(102.0), &lines(PS), &[stat_line(1, "systemd", 90), stat_line(1042, "my) app", 650)], 100, 4096);
        let first = one.since(None);
        assert_eq!(first.iter().map(|p| (p.pid, p.cpu_pct)).collect::<Vec<_>>(), [(1042, None), (1, None)]);
        let then = two.since(Some(&one));
        assert_eq!(then.iter().map(|p| (p.pid, p.cpu_pct)).collect::<Vec<_>>(), [(1042, Some(75.0)), (1, Some(0.0))]);
        assert_eq!((then[0].command.as_str(), then[0].rss, then[0].age_s), ("(my app) x", 40_960_000, Some(3000)));
    }

    #[test]
    fn without_proc_the_seconds_of_ps_do() {
        let later = PS.replace("     100    3000", "     103    3003");
        let two = look(Some(105.0), &lines(&later), &[], 100, 4096);
        let shares = two.since(Some(&look(Some(100.0), &lines(PS), &[], 100, 4096)));
        assert_eq!((shares[0].pid, shares[0].cpu_pct), (1042, Some(60.0)));
    }

    #[test]
    fn without_ps_proc_does() {
        let found = look(Some(100.0), &[], &[stat_line(7, "a b", 5)], 100, 4096).since(None);
        assert_eq!((found[0].command.as_str(), found[0].rss, found[0].age_s), ("a b", 1_048_576, Some(92)));
    }

    #[test]
    fn a_new_process_with_an_old_id_has_no_share() {
        let one = look(Some(1.0), &[], &[stat_line(7, "a", 5)], 100, 4096);
        let reused = stat_line(7, "b", 900).replace(" 777 ", " 999 ");
        let two = look(Some(2.0), &[], &[reused], 100, 4096);
        assert_eq!(two.since(Some(&one))[0].cpu_pct, None);
    }

    #[test]
    fn busybox_columns() {
        let ps = lines("PID   USER     STAT RSS  TIME  COMMAND\n    1 root     S     12m  1:05 {init} /bin/sh -c x");
        let found = look(None, &ps, &[], 100, 4096);
        assert_eq!(found.rows[0].spent, Some(65.0));
        assert_eq!(
            (found.rows[0].process.rss, found.rows[0].process.command.as_str()),
            (12 << 20, "{init} /bin/sh -c x")
        );
        assert_eq!((duration("1-02:03:04"), duration("x"), duration("::")), (Some(93_784), None, None));
    }

    proptest! {
        #[test]
        fn anything_is_survived(text in "(?s).{0,300}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let all: Vec<String> = text.lines().map(str::to_owned).chain([String::from_utf8_lossy(&bytes).into_owned()]).collect();
            look(None, &all, &all, 0, u64::MAX).since(None);
        }
    }
}
