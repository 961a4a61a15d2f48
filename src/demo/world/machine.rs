//! A made-up machine: counters that grow as its kernel's would.

use std::ops::Add;

use super::rng::Rng;
use super::role::Role;

/// What a second asks of a machine; two of them add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Share of all processors, 0 to 1.
    pub cpu: f64,
    /// Share of memory that is taken, 0 to 1.
    pub memory: f64,
    /// Bytes from the network.
    pub received: f64,
    /// Bytes to the network.
    pub sent: f64,
    /// Bytes from the disk.
    pub read: f64,
    /// Bytes to the disk.
    pub written: f64,
    /// Requests, each a connection.
    pub requests: f64,
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            memory: self.memory + other.memory,
            received: self.received + other.received,
            sent: self.sent + other.sent,
            read: self.read + other.read,
            written: self.written + other.written,
            requests: self.requests + other.requests,
        }
    }
}

/// Clock ticks that one processor has spent, by the columns of `/proc/stat` that are not always 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ticks {
    /// In programs.
    pub user: f64,
    /// In programs of low priority.
    pub nice: f64,
    /// In the kernel.
    pub system: f64,
    /// Nowhere.
    pub idle: f64,
    /// Waiting for disks.
    pub iowait: f64,
    /// In soft interrupts.
    pub softirq: f64,
    /// Taken by the hypervisor.
    pub steal: f64,
}

/// One line of `/proc/pressure`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pressure {
    /// Shares of the last 10, 60 and 300 s in percent.
    pub averages: [f64; 3],
    /// Microseconds since the boot.
    pub total_us: f64,
}

impl Pressure {
    fn advance(&mut self, share: f64) {
        for (average, over) in self.averages.iter_mut().zip([10.0, 60.0, 300.0]) {
            *average += (share * 100.0 - *average) / over;
        }
        self.total_us += share * 1e6;
    }
}

/// Counters since the boot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Bytes from and to the network.
    pub net: [f64; 2],
    /// Bytes from and to the disk.
    pub disk: [f64; 2],
    /// Milliseconds in which the disk had something to do.
    pub disk_busy_ms: f64,
    /// TCP connections taken.
    pub connections: f64,
    /// Context switches.
    pub switches: f64,
    /// Page faults.
    pub faults: f64,
}

/// A machine up to some second.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Main memory in kB.
    pub memory_kb: f64,
    /// Seconds since the boot.
    pub uptime: f64,
    /// Every processor.
    pub cores: Vec<Ticks>,
    /// Load averages.
    pub load: [f64; 3],
    /// Waiting for processors, memory and disks.
    pub pressure: [Pressure; 3],
    /// The rest that only grows.
    pub counters: Counters,
    /// What the last second asked.
    pub usage: Usage,
}

/// Clock ticks a second (`USER_HZ`).
const HZ: f64 = 100.0;

impl Machine {
    /// A machine that has been up for some days.
    pub fn new(role: Role, rng: &mut Rng) -> Self {
        let (cores, memory_gib) = match role {
            Role::Web | Role::Worker => (4, 8.0),
            Role::Db => (8, 32.0),
        };
        let uptime = rng.between(6.0, 90.0) * 86_400.0;
        let idle = Ticks { user: uptime * 8.0, system: uptime * 3.0, idle: uptime * 88.0, ..Ticks::default() };
        let busy = uptime * 5e4;
        Self {
            memory_kb: memory_gib * 1024.0 * 1024.0 - 217_088.0,
            uptime,
            cores: vec![idle; cores],
            load: [0.1 * cores as f64; 3],
            pressure: [Pressure::default(); 3],
            counters: Counters {
                net: [busy, busy * 3.0],
                disk: [busy, busy * 2.0],
                disk_busy_ms: uptime * 20.0,
                connections: uptime * 4.0,
                switches: uptime * 3e3,
                faults: uptime * 900.0,
            },
            usage: Usage::default(),
        }
    }

    /// Lives through one second.
    pub fn advance(&mut self, usage: Usage, rng: &mut Rng) {
        self.uptime += 1.0;
        self.usage = Usage { cpu: usage.cpu.clamp(0.0, 0.97), memory: usage.memory.clamp(0.05, 0.97), ..usage };
        let count = self.cores.len() as f64;
        for core in &mut self.cores {
            let busy = (self.usage.cpu * rng.between(0.75, 1.25)).clamp(0.005, 1.0) * HZ;
            let iowait = (rng.unit() * 0.01 * HZ).min(HZ - busy);
            core.user += busy * 0.72;
            core.system += busy * 0.22;
            core.softirq += busy * 0.05;
            core.steal += busy * 0.01;
            core.iowait += iowait;
            core.idle += HZ - busy - iowait;
        }
        let running = self.usage.cpu * count * 1.1;
        for (load, over) in self.load.iter_mut().zip([60.0, 300.0, 900.0]) {
            *load += (running - *load) / over;
        }
        let full = (self.usage.cpu - 0.6).max(0.0);
        let tight = (self.usage.memory - 0.9).max(0.0);
        let disk_busy = (usage.written / 40e6 + rng.unit() * 0.02).min(1.0);
        for (pressure, share) in self.pressure.iter_mut().zip([0.01 + 0.8 * full, tight, 0.2 * disk_busy]) {
            pressure.advance(share * rng.between(0.7, 1.3));
        }
        let jitter = rng.between(0.9, 1.1);
        let counters = &mut self.counters;
        counters.net[0] += usage.received * jitter;
        counters.net[1] += usage.sent * jitter;
        counters.disk[0] += usage.read * jitter;
        counters.disk[1] += usage.written * jitter;
        counters.disk_busy_ms += disk_busy * 1000.0;
        counters.connections += usage.requests;
        counters.switches += 1_500.0 * count * (0.3 + self.usage.cpu);
        counters.faults += 700.0 + usage.requests * 60.0;
    }

    /// The share of the processors that the last second asked for, 0 to 1.
    #[cfg(test)]
    pub fn busy(&self) -> f64 {
        self.usage.cpu
    }
}
