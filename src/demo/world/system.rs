//! What the programs of a made-up host answer (`df`, `ps`, `systemctl`, `uname`, …), as files that the stand-ins of those
//! programs in `../bin/` read; and the few files of `/etc` that are looked at.

use chrono::{DateTime, TimeDelta, Utc};

use super::machine::Machine;
use super::role::{Role, USER};
use super::storefront;
use super::units::{State, Units};

/// Where the answers are, below the host's root.
const ANSWERS: &str = "demo";

/// Where the jobs say which version they are.
pub const JOBS_VERSION: &str = "srv/jobs/VERSION";

/// The files that never change.
pub fn fixed(name: &str, role: Role) -> Vec<(String, String)> {
    let os =
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n";
    let mounts = disks(role).iter().fold("proc /proc proc rw 0 0\n".to_owned(), |text, disk| {
        text + &format!("{} {} ext4 rw,relatime 0 0\n", disk.device, disk.mount)
    });
    let id: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    let storefront = if role == Role::Web { storefront::releases() } else { Vec::new() };
    [
        ("etc/hostname", format!("{name}\n")),
        ("etc/machine-id", format!("{id:0>32}\n")),
        ("proc/sys/kernel/random/boot_id", format!("00000000-0000-4000-8000-{id:0>12}\n")),
        ("etc/os-release", os.to_owned()),
        ("proc/mounts", mounts.clone()),
        ("proc/self/mounts", mounts),
        ("proc/sys/kernel/hostname", format!("{name}\n")),
        ("proc/sys/kernel/osrelease", "6.1.0-26-amd64\n".to_owned()),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text))
    .chain(storefront)
    .collect()
}

/// The files that change with the second `now` of the world, which is at this time.
pub fn changing(role: Role, machine: &Machine, units: &Units, now: i64, at: DateTime<Utc>) -> Vec<(String, String)> {
    let processes = processes(machine, units, now);
    let mut files: Vec<_> =
        processes.iter().map(|process| (format!("proc/{}/stat", process.pid), stat(process, machine))).collect();
    let mut answer = |name: &str, text| files.push((format!("{ANSWERS}/{name}"), text));
    answer("df", df(role, machine, false));
    answer("df-inodes", df(role, machine, true));
    answer("ps", ps(&processes));
    for state in &units.all {
        answer(&format!("units/{}", state.unit.name), show(state, machine, now, at));
    }
    if role != Role::Web {
        files.push((JOBS_VERSION.to_owned(), format!("{}\n", units.version)));
    }
    files
}

/// The answer to `systemctl show UNIT`.
fn show(state: &State, machine: &Machine, now: i64, at: DateTime<Utc>) -> String {
    let (active, sub) = match (state.stopped, state.is_starting(now)) {
        (true, _) => ("inactive", "dead"),
        (false, true) => ("activating", "start"),
        (false, false) => ("active", "running"),
    };
    // As systemd writes it in the C locale.
    let stamp = (at - TimeDelta::seconds(age(state, machine, now) as i64)).format("%a %Y-%m-%d %H:%M:%S UTC");
    let memory = if state.stopped { 0 } else { (machine.memory_kb * 1024.0 * state.unit.memory) as u64 };
    let pid = if state.stopped { 0 } else { state.pid };
    // Another at each start.
    let invocation = format!("{:016x}{:016x}", state.pid, state.starts);
    format!(
        "Id={0}\nNames={0}\nDescription={1}\nLoadState=loaded\nActiveState={active}\nSubState={sub}\nType=notify\n\
         NRestarts=0\nResult=success\nMainPID={pid}\nExecMainPID={2}\nInvocationID={invocation}\n\
         ExecMainStartTimestamp={stamp}\nActiveEnterTimestamp={stamp}\nMemoryCurrent={memory}\n",
        state.unit.name, state.unit.title, state.pid
    )
}

/// Seconds since a unit was started or stopped.
fn age(state: &State, machine: &Machine, now: i64) -> f64 {
    state.since.map_or(machine.uptime - 9.0, |since| (now - since) as f64)
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

fn processes(machine: &Machine, units: &Units, now: i64) -> Vec<Process> {
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
    for state in units.all.iter().filter(|state| !state.stopped) {
        let unit = state.unit;
        let main = process(state.pid, 1, unit.user, "Ssl", unit.command, machine.memory_kb * unit.memory, unit.cpu);
        all.push(Process { age: age(state, machine, now), ..main });
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
