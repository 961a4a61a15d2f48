//! What the programs of a made-up host answer (`df`, `ps`, `systemctl`, `uname`, …), as files that the stand-ins of those
//! programs in `../bin/` read; and the few files of `/etc` that are looked at.

use chrono::{DateTime, TimeDelta, Utc};

use super::machine::Machine;
use super::role::{Role, USER};
use super::story::Scene;

/// Where the answers are, below the host's root.
const ANSWERS: &str = "demo";

/// The api's unit.
const API: &str = "myservice.service";

/// A unit that runs on a host of some role.
struct Unit {
    name: &'static str,
    roles: &'static [Role],
    /// Its main process: id, owner, name, and its shares of the processors' work and of memory.
    pid: u32,
    user: &'static str,
    command: &'static str,
    cpu: f64,
    memory: f64,
}

const UNITS: [Unit; 5] = [
    unit(API, &[Role::Web], 1042, "myservice", "myservice", 0.62, 0.22),
    unit("nginx.service", &[Role::Web], 812, "www-data", "nginx", 0.13, 0.02),
    unit("postgresql.service", &[Role::Db], 701, "postgres", "postgres", 0.71, 0.34),
    unit("jobs.service", &[Role::Db, Role::Worker], 930, "jobs", "jobs", 0.16, 0.08),
    unit("ssh.service", &[Role::Web, Role::Db, Role::Worker], 611, "root", "sshd", 0.003, 0.001),
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
    let processes = processes(role, machine, scene, started, at);
    let mut files: Vec<_> =
        processes.iter().map(|process| (format!("proc/{}/stat", process.pid), stat(process, machine))).collect();
    let mut answer = |name: &str, text| files.push((format!("{ANSWERS}/{name}"), text));
    answer("df", df(role, machine, false));
    answer("df-inodes", df(role, machine, true));
    answer("ps", ps(&processes));
    for unit in UNITS.iter().filter(|unit| unit.roles.contains(&role)) {
        let age = processes.iter().find(|process| process.pid == unit.pid).map_or(0.0, |process| process.age);
        let since = at - TimeDelta::seconds(age as i64);
        answer(&format!("units/{}", unit.name), show(unit, machine, scene.restarting && unit.name == API, since));
    }
    files
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

/// A running process.
struct Process {
    pid: u32,
    parent: u32,
    user: &'static str,
    state: &'static str,
    command: &'static str,
    rss_kb: f64,
    /// Seconds of processor time.
    spent: f64,
    /// Seconds since it began.
    age: f64,
}

fn processes(role: Role, machine: &Machine, scene: &Scene, started: DateTime<Utc>, at: DateTime<Utc>) -> Vec<Process> {
    // What the processors have spent in all is shared out.
    let spent: f64 = machine.cores.iter().map(|core| (core.user + core.system) / 100.0).sum();
    let process = |pid, parent, user, state, command, rss_kb, share| Process {
        pid,
        parent,
        user,
        state,
        command,
        rss_kb,
        spent: spent * share,
        age: machine.uptime - 9.0,
    };
    let mut all = vec![
        process(1, 0, "root", "Ss", "systemd", 11_800.0, 0.004),
        process(388, 1, "root", "Ss", "systemd-journal", 21_200.0, 0.009),
        process(2910, 611, USER, "S", "sshd", 6_300.0, 0.001),
    ];
    for unit in UNITS.iter().filter(|unit| unit.roles.contains(&role)) {
        let main = process(unit.pid, 1, unit.user, "Ssl", unit.command, machine.memory_kb * unit.memory, unit.cpu);
        match scene.restarted.filter(|_| unit.name == API) {
            None => all.push(main),
            Some(second) => {
                let age = (at - started).as_seconds_f64() - second as f64;
                all.push(Process { age, ..main });
            }
        }
    }
    all
}

/// The answer to `ps -eo pid,user,stat,rss,times,etimes,comm`.
fn ps(processes: &[Process]) -> String {
    let mut text = "    PID USER     STAT   RSS     TIME  ELAPSED COMMAND\n".to_owned();
    for p in processes {
        let (rss, time, age) = (p.rss_kb as u64, p.spent as u64, p.age as u64);
        text += &format!("{:>7} {:<8} {:<4} {rss:>6} {time:>8} {age:>8} {}\n", p.pid, p.user, p.state, p.command);
    }
    text
}

/// `/proc/PID/stat` (proc(5)) of a machine with pages of 4 KiB.
fn stat(p: &Process, machine: &Machine) -> String {
    let (user, system) = ((p.spent * 77.0) as u64, (p.spent * 23.0) as u64);
    let (begun, pages) = (((machine.uptime - p.age) * 100.0).round() as u64, (p.rss_kb / 4.0) as u64);
    let (state, bytes) = (&p.state[..1], (p.rss_kb * 3072.0) as u64);
    format!(
        "{0} ({1}) {state} {2} {0} {0} 0 -1 4194560 9120 0 12 0 {user} {system} 0 0 20 0 4 0 {begun} {bytes} {pages} \
         18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        p.pid, p.command, p.parent
    )
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
