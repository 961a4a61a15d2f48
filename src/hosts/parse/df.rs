//! `df -Pk`, `df -Pi` and `/proc/mounts`: file systems that can fill.

use std::collections::BTreeMap;

use crate::domain::sample::Disk;

/// One row of `df -P`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row<'a> {
    source: &'a str,
    total: u64,
    used: u64,
    available: u64,
    mount: &'a str,
}

/// What `/proc/mounts` says of a mount point.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    kind: String,
    read_only: bool,
}

/// The file systems, each device once, in `df`'s order. `df` and `inodes` are the rows of `df -Pk` and `df -Pi`.
pub fn disks(df: &[String], inodes: &[String], mounts: &[String]) -> Vec<Disk> {
    let mounts = mount_points(mounts);
    let inodes: BTreeMap<&str, Row> = inodes.iter().filter_map(|line| row(line)).map(|row| (row.mount, row)).collect();
    let mut rows: Vec<Row> = Vec::new();
    for row in df.iter().filter_map(|line| row(line)) {
        if row.total == 0 || !can_fill(&row, mounts.get(row.mount)) {
            continue;
        }
        // A device that is mounted again elsewhere (a bind mount, a btrfs subvolume) is shown by its shortest path.
        match rows.iter_mut().find(|other| is_device(other.source) && other.source == row.source) {
            Some(other) if row.mount.len() < other.mount.len() => *other = row,
            Some(_) => {}
            None => match rows.iter_mut().find(|other| other.mount == row.mount) {
                Some(hidden) => *hidden = row,
                None => rows.push(row),
            },
        }
    }
    rows.into_iter()
        .map(|row| Disk {
            mount: row.mount.to_owned(),
            pct: capacity(row.used, row.available).unwrap_or(0.0),
            inodes_pct: inodes.get(row.mount).and_then(|row| capacity(row.used, row.available)),
            free_bytes: row.available.saturating_mul(1024),
            total_bytes: row.total.saturating_mul(1024),
            read_only: mounts.get(row.mount).is_some_and(|mount| mount.read_only),
            hours_to_full: None,
        })
        .collect()
}

/// used / (used + available), rounded up to whole percents as `df` does; none of nothing (no fixed number of inodes).
/// Blocks kept for root are in neither figure, so that (total − available) / total would be wrong.
fn capacity(used: u64, available: u64) -> Option<f64> {
    let (used, available) = (u128::from(used), u128::from(available));
    let all = used + available;
    (all > 0).then(|| (used * 100).div_ceil(all) as f64)
}

/// Cuts a row at its numbers: both the source and the mount point may hold blanks. Sizes may be `-` (unknown) for
/// inodes, and available may be negative where root has eaten into its reserve.
fn row(line: &str) -> Option<Row<'_>> {
    let words: Vec<(usize, &str)> = line
        .split(' ')
        .scan(0, |at, word| Some((std::mem::replace(at, *at + word.len() + 1), word)))
        .filter(|(_, w)| !w.is_empty())
        .collect();
    let number =
        |word: &str| word.parse::<i64>().ok().map(|n| u64::try_from(n).unwrap_or(0)).or((word == "-").then_some(0));
    words.windows(5).skip(1).find_map(|window| {
        let [(start, total), (_, used), (_, available), (at, capacity), (mount, _)] = *window else { return None };
        if !(capacity == "-" || capacity.strip_suffix('%').is_some_and(|pct| pct.parse::<u32>().is_ok())) {
            return None;
        }
        let mount = line.get(mount.max(at + capacity.len())..)?;
        Some(Row {
            source: line.get(..start)?.trim_end(),
            total: number(total)?,
            used: number(used)?,
            available: number(available)?,
            mount,
        })
    })
}

/// Mount points by path; what is mounted over another comes later and wins.
fn mount_points(lines: &[String]) -> BTreeMap<String, Mount> {
    let mut out = BTreeMap::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, at, kind, options, ..] = words.as_slice() else { continue };
        let read_only = options.split(',').next() == Some("ro");
        out.insert(unescape(at), Mount { kind: (*kind).to_owned(), read_only });
    }
    out
}

/// `\040` is a blank, and so on, in octal.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        let octal = rest.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                out.push(byte);
                bytes = &rest[3..];
            }
            None => {
                out.push(*first);
                bytes = rest;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn is_device(source: &str) -> bool {
    source.starts_with('/')
}

/// Whether it is a person's file system: not the kernel's, an image that is always full, a container's layers, or
/// another machine's. A tmpfs counts where somebody mounted one of his own; the system's places are left out.
fn can_fill(row: &Row, mount: Option<&Mount>) -> bool {
    const SYSTEM: [&str; 14] = [
        "/dev",
        "/proc",
        "/sys",
        "/run",
        "/tmp",
        "/var/run",
        "/var/lock",
        "/snap",
        "/boot/efi",
        "/var/lib/docker",
        "/var/lib/containers",
        "/var/lib/containerd",
        "/var/lib/kubelet",
        "/var/lib/lxcfs",
    ];
    const NEVER: [&str; 26] = [
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fusectl",
        "hugetlbfs",
        "iso9660",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "ramfs",
        "rpc_pipefs",
        "securityfs",
        "squashfs",
        "erofs",
        "sysfs",
        "tracefs",
        "udf",
        "cramfs",
    ];
    const REMOTE: [&str; 8] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "9p", "afs"];
    let kind = mount.map_or(row.source, |mount| mount.kind.as_str());
    let below =
        |place: &str| row.mount.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let in_system = SYSTEM.iter().any(|place| below(place));
    // /tmp on a disk of its own is a disk; removable media are mounted below /run/media.
    let own_disk = is_device(row.source) && (row.mount == "/tmp" || below("/run/media"));
    match kind {
        "overlay" | "aufs" | "overlayfs" => row.mount == "/",
        kind if NEVER.contains(&kind) || REMOTE.contains(&kind) || kind.starts_with("fuse.") => false,
        _ => own_disk || !in_system,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lines;
    use super::*;

    /// An ext4 with 5 % kept for root, a bind mount of it, an nfs, a snap, the fleet's own tmpfs.
    const DF: &str = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
        udev               1977940        0   1977940       0% /dev\n\
        tmpfs               399884     1024    398860       1% /run\n\
        /dev/vda         264212084 28291588  66994300      30% /\n\
        /dev/vda         264212084 28291588  66994300      30% /srv/bind mount\n\
        /dev/sdb1          1000000   999000         0     100% /var\n\
        /dev/loop3           56832    56832         0     100% /snap/core18/2829\n\
        /dev/sr0            600000   600000         0     100% /media/cd\n\
        overlay          264212084 28291588  66994300      30% /var/lib/docker/overlay2/abc/merged\n\
        nas:/export     1000000000 10000000 990000000       1% /mnt/nas\n\
        tmpfs                65536     6554     58982      11% /srv/data\n\
        /dev/sdc1          1000000   500000    500000      50% /mnt/my backup disk";
    const INODES: &str = "Filesystem       Inodes  IUsed    IFree IUse% Mounted on\n\
        /dev/vda       16777216 485805 16291411    3% /\n\
        /dev/sdb1             0      0        0     - /var\n\
        /dev/sdc1           100    100        0  100% /mnt/my backup disk";
    const MOUNTS: &str = "udev /dev devtmpfs rw,nosuid 0 0\ntmpfs /run tmpfs rw\nrootfs / rootfs rw 0 0\n\
        /dev/vda / ext4 rw,relatime 0 0\n/dev/vda /srv/bind\\040mount ext4 rw 0 0\n/dev/sdb1 /var btrfs rw 0 0\n\
        /dev/loop3 /snap/core18/2829 squashfs ro 0 0\n/dev/sr0 /media/cd iso9660 ro 0 0\n\
        overlay /var/lib/docker/overlay2/abc/merged overlay rw 0 0\nnas:/export /mnt/nas nfs4 rw 0 0\n\
        tmpfs /srv/data tmpfs rw 0 0\n/dev/sdc1 /mnt/my\\040backup\\040disk xfs ro,noatime 0 0";

    #[test]
    fn what_can_fill_each_once_with_df_s_own_percentage() {
        let disks = disks(&lines(DF), &lines(INODES), &lines(MOUNTS));
        let summary: Vec<(&str, f64, Option<f64>, bool)> =
            disks.iter().map(|d| (d.mount.as_str(), d.pct, d.inodes_pct, d.read_only)).collect();
        assert_eq!(
            summary,
            [
                ("/", 30.0, Some(3.0), false),
                ("/var", 100.0, None, false),
                ("/srv/data", 11.0, None, false),
                ("/mnt/my backup disk", 50.0, Some(100.0), true),
            ]
        );
        assert_eq!((disks[0].free_bytes, disks[0].total_bytes), (66_994_300 * 1024, 264_212_084 * 1024));
    }

    #[test]
    fn a_container_root_on_overlay_is_its_disk() {
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 100 30 70 30% /\n\
            /dev/vda 100 30 70 30% /run/host/os-release\ntmpfs 10 0 10 0% /tmp";
        let mounts = "overlay / overlay rw\n/dev/vda /run/host/os-release ext4 ro\ntmpfs /tmp tmpfs rw";
        let found = disks(&lines(df), &[], &lines(mounts));
        assert_eq!(found.iter().map(|d| d.mount.as_str()).collect::<Vec<_>>(), ["/"]);
    }

    #[test]
    fn without_mounts_the_source_tells() {
        let df = "tmpfs 10 0 10 0% /run\nudev 10 0 10 0% /dev\n/dev/sda1 10 5 5 50% /\nrpool/data 10 5 5 50% /data";
        assert_eq!(disks(&lines(df), &[], &[]).len(), 2);
    }

    #[test]
    fn a_reserve_that_root_has_eaten_into_is_full() {
        let found = disks(&lines("/dev/sda1 1000 990 -20 102% /"), &[], &[]);
        assert_eq!((found[0].pct, found[0].free_bytes), (100.0, 0));
    }

    #[test]
    fn percentages_round_up_as_df_does() {
        assert_eq!(capacity(1, 999_999), Some(1.0));
        assert_eq!(capacity(0, 10), Some(0.0));
        assert_eq!(capacity(70, 30), Some(70.0));
        assert_eq!(capacity(7001, 2999), Some(71.0));
        assert_eq!(capacity(0, 0), None);
        assert_eq!(capacity(u64::MAX, u64::MAX), Some(50.0));
    }

    proptest! {
        #[test]
        fn any_rows_are_survived(text in "[ -~\\n]{0,200}", odd in ".{0,80}") {
            let all = lines(&(text + "\n" + &odd));
            disks(&all, &all, &all);
        }

        #[test]
        fn blanks_in_names_are_kept(source in "[a-z/]{1,8}( [a-z]{1,5})?", mount in "/[a-z]{0,8}( {1,2}[a-z]{1,5})?") {
            let line = format!("{source}   1000  10   990   1% {mount}");
            let row = row(&line).unwrap();
            prop_assert_eq!((row.source, row.mount, row.used), (source.as_str(), mount.as_str(), 10));
        }
    }
}
