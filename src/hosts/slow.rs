//! The slow tier put together: file systems with their trend, units and containers.

use chrono::{DateTime, Utc};

use super::fill::Fill;
use super::frame::Block;
use super::parse::containers::{self, Container};
use super::parse::{df, systemd};
use crate::domain::sample::{Disk, Slow};
use crate::domain::text::clean;

/// The file systems of an answer, with hours to full; none when `df` hung or failed.
pub fn disks(block: &Block, fill: &mut Fill, at: DateTime<Utc>) -> Option<Vec<Disk>> {
    let inodes = block.answer("inodes").unwrap_or_default();
    let mut disks = df::disks(block.answer("df")?, inodes, block.lines("mounts"));
    fill.push(at, disks.iter().map(|disk| (disk.mount.as_str(), disk.free_bytes)));
    for disk in &mut disks {
        if !disk.read_only {
            disk.hours_to_full = fill.hours_to_full(&disk.mount, disk.free_bytes);
        }
        disk.mount = clean(&disk.mount).into_owned();
    }
    Some(disks)
}

/// Units and the reboot mark of an answer, with `disks` still to be filled in.
pub fn units(block: &Block, asked: &[String], at: DateTime<Utc>) -> Slow {
    let reboot = block.answer("reboot").and_then(|lines| lines.first());
    Slow {
        at,
        disks: None,
        failed_units: block.answer("failed").map(systemd::failed),
        units: block.answer("show").map(|lines| systemd::units(lines, asked)).unwrap_or_default(),
        reboot_required: reboot.map(|answer| answer == "yes"),
    }
}

/// The containers of an answer. One that is missing makes the engine fail, but it still tells of the others.
pub fn containers(block: &Block) -> Vec<Container> {
    containers::containers(block.lines("containers"))
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Frame, Reader};
    use super::*;

    fn block(text: &str) -> Block {
        match Reader::new().feed(text.as_bytes()).pop() {
            Some(Frame::Disks(block) | Frame::Units(block)) => block,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_df_that_failed_is_unknown_not_empty() {
        let mut fill = Fill::default();
        let hung = block("\nmounts:/dev/vda / ext4 rw\nrc:mounts 0\n\nrc:df 124\n\nend:disks\n");
        assert_eq!(disks(&hung, &mut fill, DateTime::UNIX_EPOCH), None);
        let fine = block("\ndf:/dev/vda 100 30 70 30% /\nrc:df 0\n\nrc:inodes 1\n\nend:disks\n");
        let found = disks(&fine, &mut fill, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!((found.len(), found[0].inodes_pct), (1, None));
    }

    #[test]
    fn no_systemd_is_unknown_and_no_failure_is_none_failed() {
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(units(&block("\nend:units\n"), &[], at), Slow { at, ..Slow::default() });
        let none = units(&block("\nrc:failed 0\n\nreboot:yes\nrc:reboot 0\n\nend:units\n"), &[], at);
        assert_eq!((none.failed_units, none.reboot_required), (Some(vec![]), Some(true)));
        let refused = units(&block("\nrc:failed 1\n\nend:units\n"), &[], at);
        assert_eq!(refused.failed_units, None);
    }
}
