//! `/proc/net/dev`: traffic of interfaces.

use std::collections::BTreeMap;

use super::{growth, numbers};
use crate::domain::sample::Net;

/// Counters of one interface since it came up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    rx: u64,
    tx: u64,
    bad: u64,
}

/// Interfaces whose traffic is another's too (bridges, bonds, tunnels, VLANs), or never leaves the machine.
fn is_virtual(name: &str) -> bool {
    const PREFIXES: [&str; 24] = [
        "bond",
        "br-",
        "bridge",
        "cali",
        "cilium",
        "cni",
        "docker",
        "dummy",
        "erspan",
        "flannel",
        "gre",
        "ifb",
        "ip6tnl",
        "kube-",
        "lxc",
        "lxdbr",
        "sit",
        "tailscale",
        "tap",
        "team",
        "tun",
        "veth",
        "virbr",
        "wg",
    ];
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    name == "lo"
        || name.contains(['.', '@'])
        || ["br", "vmbr", "vnet"].into_iter().any(numbered)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The interfaces that count: real ones, or all but `lo` where there is no real one (in a container).
pub fn interfaces(lines: &[String]) -> BTreeMap<String, Counters> {
    let all: Vec<(&str, Counters)> = lines.iter().filter_map(|line| interface(line)).collect();
    let real = all.iter().any(|(name, _)| !is_virtual(name));
    let counts = |name: &str| if real { !is_virtual(name) } else { name != "lo" };
    all.into_iter().filter(|(name, _)| counts(name)).map(|(name, counters)| (name.to_owned(), counters)).collect()
}

fn interface(line: &str) -> Option<(&str, Counters)> {
    // From the right: an alias may hold a colon of its own, and old kernels put no blank after the name's.
    let (name, columns) = line.rsplit_once(':')?;
    let columns = numbers(columns);
    // Receive: bytes packets errs drop fifo frame compressed multicast. Transmit: bytes packets errs drop …
    let [rx, _, rx_errs, rx_drop, _, _, _, _, tx, _, tx_errs, tx_drop, ..] = columns.as_slice() else { return None };
    let bad = [rx_errs, rx_drop, tx_errs, tx_drop].into_iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
    Some((name.trim(), Counters { rx: *rx, tx: *tx, bad }))
}

/// Traffic between two looks. An interface that is new counts from the next look; a counter that was reset makes the
/// whole figure unknown for once.
pub fn traffic(before: &BTreeMap<String, Counters>, now: &BTreeMap<String, Counters>, seconds: f64) -> Option<Net> {
    let mut net = Net::default();
    let mut any = false;
    for (name, counters) in now {
        let Some(earlier) = before.get(name) else { continue };
        any = true;
        net.rx_s += growth(earlier.rx, counters.rx)? as f64 / seconds;
        net.tx_s += growth(earlier.tx, counters.tx)? as f64 / seconds;
        net.bad_s += growth(earlier.bad, counters.bad)? as f64 / seconds;
    }
    any.then_some(net)
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    const HEADER: &str = "Inter-|   Receive                    |  Transmit\n face |bytes    packets errs drop\n";

    fn dev(rows: &[(&str, u64, u64)]) -> BTreeMap<String, Counters> {
        let rows: Vec<String> =
            rows.iter().map(|(name, rx, tx)| format!("  {name}: {rx} 10 1 2 0 0 0 0 {tx} 10 3 4 0 0 0 0")).collect();
        interfaces(&lines(&(HEADER.to_owned() + &rows.join("\n"))))
    }

    #[test]
    fn real_interfaces_only() {
        let names: Vec<String> = dev(&[
            ("lo", 1, 1),
            ("eth0", 1, 1),
            ("eth0.100", 1, 1),
            ("veth1a2b", 1, 1),
            ("docker0", 1, 1),
            ("br-3f", 1, 1),
            ("br0", 1, 1),
            ("bond0", 1, 1),
            ("wlp2s0", 1, 1),
            ("brand", 1, 1),
            ("enp3s0f1np1", 1, 1),
            ("host0", 1, 1),
        ])
        .into_keys()
        .collect();
        assert_eq!(names, ["brand", "enp3s0f1np1", "eth0", "host0", "wlp2s0"]);
        assert_eq!(dev(&[("lo", 1, 1), ("tun0", 1, 1)]).into_keys().collect::<Vec<_>>(), ["tun0"]);
    }

    #[test]
    fn rates_over_all_interfaces() {
        let before = dev(&[("eth0", 1000, 500), ("eth1", 0, 0)]);
        let now = dev(&[("eth0", 3000, 600), ("eth1", 1000, 0), ("eth2", 9_999_999, 0)]);
        assert_eq!(traffic(&before, &now, 2.0), Some(Net { rx_s: 1500.0, tx_s: 50.0, bad_s: 0.0 }));
    }

    #[test]
    fn counters_of_32_bit_machines_wrap_and_others_are_reset() {
        let wrapped = traffic(&dev(&[("eth0", 4_294_967_000, 0)]), &dev(&[("eth0", 704, 0)]), 1.0);
        assert_eq!(wrapped.map(|net| net.rx_s), Some(1000.0));
        assert_eq!(traffic(&dev(&[("eth0", 90_000_000_000, 0)]), &dev(&[("eth0", 704, 0)]), 1.0), None);
    }

    #[test]
    fn no_blank_after_the_name_and_aliases() {
        let old =
            interfaces(&lines("  eth0:1234 1 0 0 0 0 0 0 99 1 0 0 0 0 0 0\neth0:1:5 1 0 0 0 0 0 0 6 0 0 0 0 0 0 0"));
        assert_eq!(old["eth0"], Counters { rx: 1234, tx: 99, bad: 0 });
    }
}
