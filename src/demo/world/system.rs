//! What the programs of a made-up host answer (`df`, `ps`, `systemctl`, `uname`, …), as files that the stand-ins of those
//! programs in `../bin/` read; and the few files of `/etc` that are looked at.

use chrono::{DateTime, TimeDelta, Utc};

use super::machine::Machine;
use super::role::{Role, USER};
use super::story::Scene;

/// Where the answers are, below the host's root.
const ANSWERS: &str = "demo";

/// A unit that runs on a host of some role.
struct Unit {
    name: &'static str,
    roles: &'static [Role],
    /// Its main process: id, owner, name, and its shares of one processor and of memory.
    pid: u32,
    user: &'static str,
    command: &'static str,
    cpu: f64,
    memory: f64,
}

const UNITS: [Unit; 5] = [
    unit("myservice.service", &[Role::Web], 1042, "myservice", "myservice", 2.4, 0.22),
    unit("nginx.service", &[Role::Web], 812, "www-data", "nginx", 0.5, 0.02),
    unit("postgresql.service", &[Role::Db], 701, "postgres", "postgres", 3.1, 0.34),
    unit("jobs.service", &[Role::Db, Role::Worker], 930, "jobs", "jobs", 0.9, 0.08),
    unit("ssh.service", &[Role::Web, Role::Db, Role::Worker], 611, "root", "sshd", 0.01, 0.001),
];

const fn unit(
    name: &'static str,
    roles: &'static [Role],
    pid: u32,
    user: &'static str,
    command: &'static str,
    cpu: f64,
    memory: f64,
) -> Unit {
    Unit { name, roles, pid, user, command, cpu, memory }
}

/// The files that never change.
pub fn fixed(name: &str, role: Role) -> Vec<(String, String)> {
    let os =
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n";
    let mounts = disks(role).iter().fold("proc /proc proc rw 0 0\n".to_owned(), |text, disk| {
        text + &format!("{} {} ext4 rw,relatime 0 0\n", disk.device, disk.mount)
    });
    [
        ("etc/hostname", format!("{name}\n")),
        ("etc/os-release", os.to_owned()),
        ("proc/mounts", mounts.clone()),
        ("proc/self/mounts", mounts),
        ("proc/sys/kernel/hostname", format!("{name}\n")),
        ("proc/sys/kernel/osrelease", "6.1.0-26-amd64\n".to_owned()),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text))
    .collect()
}

/// The files that change with the second `at`, in a world that started at `started`.
pub fn changing(
    role: Role,
    machine: &Machine,
    scene: &Scene,
    started: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Vec<(String, String)> {
    let boot = at - TimeDelta::seconds(machine.uptime as i64);
    let mut files = vec![
        ("df".to_owned(), df(role, machine, false)),
        ("df-inodes".to_owned(), df(role, machine, true)),
        ("ps".to_owned(), ps(role, machine)),
    ];
    for unit in UNITS.iter().filter(|unit| unit.roles.contains(&role)) {
        let is_api = unit.name == "myservice.service";
        let restarted = scene.restarted.filter(|_| is_api).map(|second| started + TimeDelta::seconds(second));
        let restarting = is_api && scene.restarting;
        let text = show(unit, machine, restarting, restarted.unwrap_or(boot + TimeDelta::seconds(9)));
        files.push((format!("units/{}", unit.name), text));
    }
    files.into_iter().map(|(name, text)| (format!("{ANSWERS}/{name}"), text)).collect()
}

/// The answer to `systemctl show UNIT`.
fn show(unit: &Unit, machine: &Machine, restarting: bool, since: DateTime<Utc>) -> String {
    let (active, sub) = if restarting { ("activating", "start") } else { ("active", "running") };
    // As systemd writes it in the C locale.
    let stamp = since.format("%a %Y-%m-%d %H:%M:%S UTC");
    let memory = (machine.memory_kb * 1024.0 * unit.memory) as u64;
    format!(
        "Id={0}\nNames={0}\nLoadState=loaded\nActiveState={active}\nSubState={sub}\nNRestarts=0\nResult=success\n\
         MainPID={1}\nExecMainPID={1}\nExecMainStartTimestamp={stamp}\nActiveEnterTimestamp={stamp}\nMemoryCurrent={memory}\n",
        unit.name, unit.pid
    )
}

/// The answer to `ps -eo pid,ppid,user,stat,rss,times,comm`.
fn ps(role: Role, machine: &Machine) -> String {
    let mut text = "    PID    PPID USER     STAT   RSS     TIME COMMAND\n".to_owned();
    let mut row = |pid: u32, ppid: u32, user: &str, stat: &str, rss: f64, time: f64, command: &str| {
        text += &format!("{pid:>7} {ppid:>7} {user:<8} {stat:<4} {:>6} {:>8} {command}\n", rss as u64, time as u64);
    };
    row(1, 0, "root", "Ss", 11_800.0, machine.uptime / 4_000.0, "systemd");
    row(388, 1, "root", "Ss", 21_200.0, machine.uptime / 9_000.0, "systemd-journal");
    for unit in UNITS.iter().filter(|unit| unit.roles.contains(&role)) {
        // The processors' time is that of the whole machine, shared out.
        let spent: f64 = machine.cores.iter().map(|core| (core.user + core.system) / 100.0).sum();
        let share = unit.cpu / 4.0;
        row(unit.pid, 1, unit.user, "Ssl", machine.memory_kb * unit.memory, spent * share, unit.command);
    }
    row(2910, 611, USER, "S", 6_300.0, 1.0, "sshd");
    text
}

/// A made-up disk.
struct Disk {
    device: &'static str,
    mount: &'static str,
    size_kb: f64,
    used: f64,
    inodes: f64,
}

fn disks(role: Role) -> Vec<Disk> {
    let disk = |device, mount, size_gb: f64, used, inodes| Disk { device, mount, size_kb: size_gb * 1e6, used, inodes };
    match role {
        Role::Web => vec![disk("/dev/nvme0n1p1", "/", 40.0, 0.61, 0.12)],
        Role::Worker => vec![disk("/dev/nvme0n1p1", "/", 40.0, 0.48, 0.09)],
        Role::Db => {
            vec![disk("/dev/nvme0n1p1", "/", 40.0, 0.34, 0.08), disk("/dev/nvme1n1", "/var", 200.0, 0.78, 0.03)]
        }
    }
}

/// The answer to `df -Pk`, or to `df -Pi`.
fn df(role: Role, machine: &Machine, inodes: bool) -> String {
    let (unit, free) = if inodes { ("    Inodes", "    IFree") } else { ("1024-blocks", "Available") };
    let mut text = format!("Filesystem     {unit}      Used {free} Capacity Mounted on\n");
    for disk in disks(role) {
        let (size, used) = if inodes {
            (disk.size_kb / 16.0, disk.size_kb / 16.0 * disk.inodes)
        } else {
            // What has been written since the boot stays, in small part.
            (disk.size_kb, disk.size_kb * disk.used + machine.counters.disk[1] / 1024.0 / 200.0)
        };
        // One block in twenty is kept for root.
        let available = (size * if inodes { 1.0 } else { 0.95 } - used).max(0.0);
        let pct = (100.0 * used / (used + available)).ceil();
        text += &format!(
            "{:<14} {:>11} {:>9} {:>9} {pct:>7}% {}\n",
            disk.device, size as u64, used as u64, available as u64, disk.mount
        );
    }
    text
}
