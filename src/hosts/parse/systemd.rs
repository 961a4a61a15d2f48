//! `systemctl show` and `systemctl list-units --state=failed`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::sample::Unit;
use crate::domain::text::one_line;

/// The longest name or state that is kept, in characters.
const WORD: usize = 256;

/// Names of failed units. Some versions put a bullet in front even of plain lists.
pub fn failed(lines: &[String]) -> Vec<String> {
    let name = |line: &String| {
        let name = line.split_whitespace().find(|word| word.contains('.'))?;
        Some(one_line(name, WORD))
    };
    lines.iter().filter_map(name).collect()
}

/// The units asked for, in the order asked; those that systemd said nothing of are left out.
pub fn units(show: &[String], asked: &[String]) -> Vec<Unit> {
    let blocks: Vec<BTreeMap<&str, &str>> = show
        .split(|line| line.is_empty())
        .map(|block| block.iter().filter_map(|line| line.split_once('=')).collect())
        .collect();
    let find = |name: &String| {
        let block = blocks.iter().find(|block| is_called(block, name))?;
        Some(unit(name, block))
    };
    asked.iter().filter_map(find).collect()
}

/// Whether a block is about the unit of this name, by any of its names; `.service` is understood as systemctl does.
fn is_called(block: &BTreeMap<&str, &str>, name: &str) -> bool {
    let names = block.get("Names").or_else(|| block.get("Id")).copied().unwrap_or("");
    let is = |known: &str| known == name || known.strip_suffix(".service") == Some(name);
    names.split_whitespace().any(is)
}

fn unit(name: &str, block: &BTreeMap<&str, &str>) -> Unit {
    let text = |key: &str| one_line(block.get(key).copied().unwrap_or(""), WORD);
    // No accounting is `[not set]` or the greatest number, by version.
    let number = |key: &str| block.get(key).and_then(|value| value.parse().ok()).filter(|number| *number != u64::MAX);
    let loaded = block.get("LoadState").copied().unwrap_or("loaded");
    Unit {
        name: name.to_owned(),
        active: text("ActiveState"),
        // A unit that is not there at all is inactive and dead to systemd; its load state says why.
        sub: if loaded == "loaded" { text("SubState") } else { one_line(loaded, WORD) },
        restarts: number("NRestarts"),
        since: block.get("ExecMainStartTimestamp").and_then(|value| time(value)),
        main_pid: number("MainPID").and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0),
        memory: number("MemoryCurrent"),
        result: text("Result"),
    }
}

/// `Sat 2026-11-21 01:17:40 UTC`; the probe asks in UTC, and any other zone is not guessed at.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let mut words = text.split_whitespace().skip(1);
    let (day, time, zone) = (words.next()?, words.next()?, words.next()?);
    let at = NaiveDateTime::parse_from_str(&format!("{day} {time}"), "%Y-%m-%d %H:%M:%S%.f").ok()?;
    (zone == "UTC").then(|| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    /// systemd 252; a unit that is not there; a timer, which has no process.
    const DEBIAN_12: &str = "MainPID=35\nResult=success\nNRestarts=4\nExecMainStartTimestamp=Sat 2026-11-21 01:17:40 UTC\n\
        MemoryCurrent=4096000\nId=nginx.service\nNames=nginx.service www.service\nLoadState=loaded\nActiveState=active\n\
        SubState=running\n\nMainPID=0\nResult=success\nNRestarts=0\nExecMainStartTimestamp=\nMemoryCurrent=[not set]\n\
        Id=no.service\nNames=no.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n\nResult=success\n\
        Id=app-backup.timer\nNames=app-backup.timer\nLoadState=loaded\nActiveState=active\nSubState=waiting";
    /// CentOS 7: systemd 219 knows no NRestarts, and prints the greatest number without accounting.
    const CENTOS_7: &str = "Id=sshd.service\nNames=sshd.service\nLoadState=loaded\nActiveState=active\nSubState=running\n\
        MainPID=981\nExecMainStartTimestamp=Thu 2026-01-01 10:00:00 CET\nMemoryCurrent=18446744073709551615\nResult=success";

    #[test]
    fn units_in_the_order_asked_by_any_of_their_names() {
        let asked = ["app-backup.timer", "www", "no.service", "unheard.service"].map(str::to_owned);
        let units = units(&lines(DEBIAN_12), &asked);
        let states: Vec<(&str, &str, &str)> =
            units.iter().map(|u| (u.name.as_str(), u.active.as_str(), u.sub.as_str())).collect();
        assert_eq!(
            states,
            [
                ("app-backup.timer", "active", "waiting"),
                ("www", "active", "running"),
                ("no.service", "inactive", "not-found")
            ]
        );
        let nginx = &units[1];
        assert_eq!((nginx.restarts, nginx.main_pid, nginx.memory), (Some(4), Some(35), Some(4_096_000)));
        assert_eq!(nginx.since.map(|at| at.to_rfc3339()), Some("2026-11-21T01:17:40+00:00".to_owned()));
        assert_eq!((units[0].restarts, units[0].main_pid, units[0].since), (None, None, None));
        assert_eq!((units[2].main_pid, units[2].memory), (None, None));
    }

    #[test]
    fn old_versions_leave_out_what_they_do_not_know() {
        let units = units(&lines(CENTOS_7), &["sshd.service".to_owned()]);
        assert_eq!((units[0].restarts, units[0].memory, units[0].main_pid), (None, None, Some(981)));
        assert_eq!(units[0].since, None, "another zone is not guessed at");
    }

    #[test]
    fn failed_units_with_or_without_a_bullet() {
        let list = "app.service loaded failed failed The app\n● b@1.service loaded failed failed x.y\n\n* c.mount not-found failed failed c";
        assert_eq!(failed(&lines(list)), ["app.service", "b@1.service", "c.mount"]);
        assert!(failed(&[]).is_empty());
    }
}
