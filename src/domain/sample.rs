//! What one look at a machine said. Every figure that can be missing is an `Option`: unknown is never zero.

use chrono::{DateTime, Utc};

/// One look at a host. The slow part (disks, units) is carried forward from its own, older look, with its time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// When it was taken, by this machine's clock.
    pub at: DateTime<Utc>,
    /// Seconds since the host booted.
    pub uptime_s: Option<f64>,
    /// Processor use since the sample before; none at the first tick and after a counter reset.
    pub cpu: Option<Cpu>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Processors online.
    pub cores: Option<u32>,
    /// Main memory.
    pub mem: Option<Memory>,
    /// Swap space.
    pub swap: Option<Swap>,
    /// Pressure stall information; none where the kernel has none.
    pub psi: Psi,
    /// Network use since the sample before.
    pub net: Option<Net>,
    /// Disk traffic since the sample before, whole disks only.
    pub io: Vec<DiskIo>,
    /// TCP health since the sample before.
    pub tcp: Option<Tcp>,
    /// Open file handles, as a percentage of the kernel's limit.
    pub files_pct: Option<f64>,
    /// Connection tracking entries, as a percentage of the limit; none without conntrack.
    pub conntrack_pct: Option<f64>,
    /// Processes running and blocked now.
    pub procs: Option<Procs>,
    /// Kernel OOM kills since boot.
    pub oom_kills: Option<u64>,
    /// OOM kills since the sample before.
    pub oom_kills_new: Option<u64>,
    /// The host's clock minus ours, corrected by half the round trip, in milliseconds.
    pub clock_skew_ms: Option<f64>,
    /// How far that may be off in either direction, in milliseconds: half the quickest round trip, and more where the
    /// host's clock is read in whole seconds.
    pub clock_error_ms: Option<f64>,
    /// The slow tier, as of its own time.
    pub slow: Option<Slow>,
}

/// The slow tier: what costs more to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slow {
    /// When it was taken, by this machine's clock.
    pub at: DateTime<Utc>,
    /// Real file systems, each device once; none when `df` hung or failed.
    pub disks: Option<Vec<Disk>>,
    /// Failed units; none where there is no systemd.
    pub failed_units: Option<Vec<String>>,
    /// The units that the config names, in the order asked.
    pub units: Vec<Unit>,
    /// Whether the distribution asks for a reboot; none where it cannot be told.
    pub reboot_required: Option<bool>,
}

/// Processor use in percent of all processors together, 0 to 100.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cpu {
    /// Busy time (total − idle − iowait).
    pub pct: f64,
    /// Waiting for disks.
    pub iowait: f64,
    /// Taken by the hypervisor.
    pub steal: f64,
    /// Busy time of each processor.
    pub per_core: Vec<f64>,
}

/// Main memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// MemTotal.
    pub total: u64,
    /// MemAvailable, or its estimate on kernels before 3.14.
    pub available: u64,
    /// Page cache.
    pub cached: u64,
}

impl Memory {
    /// 100 · (1 − available / total).
    pub fn pct(&self) -> f64 {
        if self.total == 0 { 0.0 } else { 100.0 * (1.0 - self.available as f64 / self.total as f64) }
    }
}

/// Swap space in bytes, and its traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Swap {
    /// SwapTotal.
    pub total: u64,
    /// SwapTotal − SwapFree.
    pub used: u64,
    /// Pages in plus pages out per second since the sample before.
    pub pages_s: Option<f64>,
}

/// Pressure stall shares in percent of the time since the sample before (avg10 at the first).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Psi {
    /// Some task waited for a processor.
    pub cpu_some: Option<f64>,
    /// Some task waited for memory.
    pub mem_some: Option<f64>,
    /// All tasks waited for memory.
    pub mem_full: Option<f64>,
    /// Some task waited for disks.
    pub io_some: Option<f64>,
    /// All tasks waited for disks.
    pub io_full: Option<f64>,
}

/// Network traffic of real interfaces together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Net {
    /// Bytes received per second.
    pub rx_s: f64,
    /// Bytes sent per second.
    pub tx_s: f64,
    /// Errors and drops per second.
    pub bad_s: f64,
}

/// Traffic of one whole disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiskIo {
    /// Kernel name, such as `nvme0n1`.
    pub name: String,
    /// Bytes read per second.
    pub read_s: f64,
    /// Bytes written per second.
    pub write_s: f64,
    /// Share of the time with requests in flight, 0 to 100.
    pub util_pct: f64,
    /// Average queue length.
    pub queue: f64,
    /// Average wait of a request in milliseconds; none when there were none.
    pub await_ms: Option<f64>,
}

/// TCP counters since the sample before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tcp {
    /// Segments sent again, in percent of segments sent.
    pub retrans_pct: Option<f64>,
    /// Connections refused because the application did not accept.
    pub listen_overflows: Option<u64>,
    /// Sockets in TIME_WAIT now.
    pub time_wait: Option<u64>,
}

/// Processes by state, now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Procs {
    /// On a processor or waiting for one.
    pub running: u64,
    /// In uninterruptible sleep.
    pub blocked: u64,
}

/// One mounted file system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disk {
    /// Where it is mounted.
    pub mount: String,
    /// Used / (used + available), rounded up, as `df` prints it.
    pub pct: f64,
    /// Inodes used in percent; none where the file system has no fixed number.
    pub inodes_pct: Option<f64>,
    /// Bytes that a user can still write.
    pub free_bytes: u64,
    /// Size in bytes.
    pub total_bytes: u64,
    /// Mounted read-only: it fills no further.
    pub read_only: bool,
    /// Hours until full at the present rate; none when it does not fill or too little is known.
    pub hours_to_full: Option<f64>,
}

/// One systemd unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    /// Such as `nginx.service`.
    pub name: String,
    /// ActiveState.
    pub active: String,
    /// SubState.
    pub sub: String,
    /// NRestarts.
    pub restarts: Option<u64>,
    /// When the main process started.
    pub since: Option<DateTime<Utc>>,
    /// MainPID; none when there is none.
    pub main_pid: Option<u32>,
    /// Memory of its cgroup in bytes, where systemd accounts it.
    pub memory: Option<u64>,
    /// Result of the last run, such as `exit-code`.
    pub result: String,
}

/// One process of the list asked for on demand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Owner.
    pub user: String,
    /// State letter(s) of `ps`.
    pub stat: String,
    /// Resident memory in bytes.
    pub rss: u64,
    /// Processor use in percent of one processor, between two looks; none at the first.
    pub cpu_pct: Option<f64>,
    /// Command name.
    pub command: String,
    /// Seconds since it started.
    pub age_s: Option<u64>,
}

/// What a host is, asked once per connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostFacts {
    /// PRETTY_NAME of os-release.
    pub os: Option<String>,
    /// `uname -sr`.
    pub kernel: Option<String>,
    /// `uname -m`.
    pub arch: Option<String>,
    /// The host's own name.
    pub hostname: Option<String>,
}
