//! A made-up machine as its `/proc` tells it, in the words of Linux 6.1.

use std::fmt::Write as _;

use super::machine::{Machine, Pressure, Ticks};

/// The size of a sector in `/proc/diskstats`.
const SECTOR: f64 = 512.0;
/// Bytes of a usual segment and of a usual disk request.
const SEGMENT: f64 = 1_400.0;
const REQUEST: f64 = 16_384.0;

/// Every changing file of `/proc` that is looked at, at this time in seconds since 1970.
pub fn files(machine: &Machine, now: i64) -> Vec<(String, String)> {
    let [cpu, memory, io] = machine.pressure;
    let full = |pressure: Pressure| Pressure {
        averages: pressure.averages.map(|a| a * 0.6),
        total_us: pressure.total_us * 0.6,
    };
    let none = Pressure::default();
    let files = [
        ("stat", stat(machine, now)),
        ("meminfo", meminfo(machine)),
        ("loadavg", loadavg(machine)),
        ("uptime", format!("{:.2} {:.2}\n", machine.uptime, machine.cores.iter().map(|c| c.idle / 100.0).sum::<f64>())),
        ("vmstat", vmstat(machine)),
        ("pressure/cpu", pressure(cpu, none)),
        ("pressure/memory", pressure(memory, full(memory))),
        ("pressure/io", pressure(io, full(io))),
        ("diskstats", diskstats(machine)),
        ("net/dev", net_dev(machine)),
        ("net/snmp", net_snmp(machine)),
        (
            "net/netstat",
            "TcpExt: SyncookiesSent TW ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 0 81211 0 0 913\n".to_owned(),
        ),
        ("net/sockstat", sockstat(machine)),
        ("sys/fs/file-nr", format!("{}\t0\t810520\n", 2_000 + (machine.usage.requests * 6.0) as u64)),
        ("sys/net/netfilter/nf_conntrack_count", format!("{}\n", 90 + (machine.usage.requests * 3.0) as u64)),
        ("sys/net/netfilter/nf_conntrack_max", "65536\n".to_owned()),
    ];
    files.into_iter().map(|(name, text)| (format!("proc/{name}"), text)).collect()
}

fn stat(machine: &Machine, now: i64) -> String {
    let line = |name: &str, t: &Ticks| {
        let whole = [t.user, t.nice, t.system, t.idle, t.iowait, 0.0, t.softirq, t.steal, 0.0, 0.0]
            .map(|n| (n as u64).to_string());
        format!("{name} {}\n", whole.join(" "))
    };
    let all = machine.cores.iter().fold(Ticks::default(), |sum, core| Ticks {
        user: sum.user + core.user,
        nice: sum.nice + core.nice,
        system: sum.system + core.system,
        idle: sum.idle + core.idle,
        iowait: sum.iowait + core.iowait,
        softirq: sum.softirq + core.softirq,
        steal: sum.steal + core.steal,
    });
    let mut text = line("cpu ", &all);
    for (i, core) in machine.cores.iter().enumerate() {
        text += &line(&format!("cpu{i}"), core);
    }
    let running = 1 + (machine.usage.cpu * machine.cores.len() as f64) as u64;
    let switches = machine.counters.switches as u64;
    let processes = 4_000 + (machine.uptime / 20.0) as u64;
    let boot = now - machine.uptime as i64;
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "ctxt {switches}\nbtime {boot}\nprocesses {processes}\nprocs_running {running}\nprocs_blocked 0\n"
    );
    text
}

fn meminfo(machine: &Machine) -> String {
    let total = machine.memory_kb;
    let available = total * (1.0 - machine.usage.memory);
    let cached = available * 0.7;
    let rows = [
        ("MemTotal", total),
        ("MemFree", available * 0.25),
        ("MemAvailable", available),
        ("Buffers", available * 0.04),
        ("Cached", cached),
        ("SwapCached", 0.0),
        ("Shmem", 41_234.0),
        ("SReclaimable", available * 0.05),
        ("SwapTotal", 2_097_148.0),
        ("SwapFree", 2_083_580.0),
        ("Dirty", 1_320.0),
    ];
    rows.iter()
        .fold(String::new(), |text, (name, kb)| format!("{text}{:<16}{:>9} kB\n", format!("{name}:"), *kb as u64))
}

fn loadavg(machine: &Machine) -> String {
    let [one, five, fifteen] = machine.load;
    let running = 1 + (machine.usage.cpu * machine.cores.len() as f64) as u64;
    let last = 4_000 + (machine.uptime / 20.0) as u64 % 28_000;
    format!("{one:.2} {five:.2} {fifteen:.2} {running}/214 {last}\n")
}

fn vmstat(machine: &Machine) -> String {
    let faults = machine.counters.faults;
    format!(
        "pgpgin {}\npgpgout {}\npswpin 0\npswpout 3392\npgfault {}\npgmajfault {}\noom_kill 0\n",
        (machine.counters.disk[0] / 1024.0) as u64,
        (machine.counters.disk[1] / 1024.0) as u64,
        faults as u64,
        (faults / 4_000.0) as u64
    )
}

fn pressure(some: Pressure, full: Pressure) -> String {
    let line = |name: &str, p: Pressure| {
        let [ten, sixty, long] = p.averages;
        format!("{name} avg10={ten:.2} avg60={sixty:.2} avg300={long:.2} total={}\n", p.total_us as u64)
    };
    line("some", some) + &line("full", full)
}

fn diskstats(machine: &Machine) -> String {
    let [read, written] = machine.counters.disk;
    let busy = machine.counters.disk_busy_ms;
    let row = |minor: u8, name: &str, share: f64| {
        let whole = |n: f64| (n * share) as u64;
        format!(
            " 259       {minor} {name} {} 0 {} {} {} 0 {} {} 0 {} {} 0 0 0 0 0 0\n",
            whole(read / REQUEST),
            whole(read / SECTOR),
            whole(read / REQUEST * 0.4),
            whole(written / REQUEST),
            whole(written / SECTOR),
            whole(written / REQUEST * 0.9),
            whole(busy),
            whole(busy * 1.2)
        )
    };
    row(0, "nvme0n1", 1.0) + &row(1, "nvme0n1p1", 0.98)
}

fn net_dev(machine: &Machine) -> String {
    let [received, sent] = machine.counters.net;
    let row = |name: &str, rx: f64, tx: f64| {
        let (rx_packets, tx_packets) = ((rx / SEGMENT) as u64, (tx / SEGMENT) as u64);
        format!("{name:>6}: {} {rx_packets} 0 0 0 0 0 0 {} {tx_packets} 0 0 0 0 0 0\n", rx as u64, tx as u64)
    };
    let head = "Inter-|   Receive                                                |  Transmit\n \
                face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
    head.to_owned() + &row("lo", sent, sent) + &row("eth0", received, sent)
}

fn net_snmp(machine: &Machine) -> String {
    let [received, sent] = machine.counters.net.map(|bytes| bytes / SEGMENT);
    let (connections, retransmitted) = (machine.counters.connections as u64, sent / 2_000.0);
    format!(
        "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs \
         RetransSegs InErrs OutRsts InCsumErrors\n\
         Tcp: 1 200 120000 -1 9120 {connections} 84 310 64 {} {} {} 0 410 0\n",
        received as u64, sent as u64, retransmitted as u64
    )
}

fn sockstat(machine: &Machine) -> String {
    let now = 40 + machine.usage.requests as u64;
    format!(
        "sockets: used {}\nTCP: inuse {now} orphan 0 tw {} alloc {} mem 31\nUDP: inuse 6 mem 2\n",
        now + 160,
        now * 2,
        now + 9
    )
}
