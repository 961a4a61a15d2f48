//! `/proc/net/{snmp,netstat,sockstat}`: TCP's health.

use super::{growth, numbers};
use crate::domain::sample::Tcp;

/// Counters since boot, and what is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    out_segments: Option<u64>,
    retransmitted: Option<u64>,
    listen_overflows: Option<u64>,
    time_wait: Option<u64>,
}

/// Columns of the `Tcp:` line of numbers, in RFC 2012's order, which the kernel only ever appends to.
const OUT_SEGS: usize = 10;
const RETRANS_SEGS: usize = 11;

/// Reads the three files. Of netstat's `TcpExt:` numbers the probe sends those up to ListenOverflows.
pub fn counters(snmp: &[String], netstat: &[String], sockstat: &[String]) -> Counters {
    let row = |lines: &[String], name: &str| {
        lines.iter().filter_map(|line| line.strip_prefix(name)).map(numbers).find(|numbers| !numbers.is_empty())
    };
    let tcp = row(snmp, "Tcp:").unwrap_or_default();
    let sockets = sockstat.iter().find_map(|line| line.strip_prefix("TCP:"));
    let time_wait = sockets.and_then(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "tw");
        words.nth(1)?.parse().ok()
    });
    Counters {
        out_segments: tcp.get(OUT_SEGS).copied(),
        retransmitted: tcp.get(RETRANS_SEGS).copied(),
        listen_overflows: row(netstat, "TcpExt:").and_then(|numbers| numbers.last().copied()),
        time_wait,
    }
}

/// What happened between two looks; none when the host says nothing of TCP.
pub fn between(before: Option<&Counters>, now: &Counters) -> Option<Tcp> {
    let grown = |counter: fn(&Counters) -> Option<u64>| growth(counter(before?)?, counter(now)?);
    let sent = grown(|c| c.out_segments).filter(|sent| *sent > 0);
    let again = grown(|c| c.retransmitted);
    let tcp = Tcp {
        retrans_pct: sent.zip(again).map(|(sent, again)| (100.0 * again as f64 / sent as f64).min(100.0)),
        listen_overflows: grown(|c| c.listen_overflows),
        time_wait: now.time_wait,
    };
    (*now != Counters::default()).then_some(tcp)
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    fn look(out: u64, again: u64, overflows: u64) -> Counters {
        counters(
            &lines(&format!(
                "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn\nTcp: 1 200 120000 -1 164 68 2 72 0 32948 {out} {again} 0 88 0"
            )),
            &lines(&format!("TcpExt: 0 0 0 0 0 0 0 0 0 0 83 0 0 0 0 0 0 0 0 53 0 9 {overflows}")),
            &lines("sockets: used 20\nTCP: inuse 1 orphan 0 tw 23 alloc 19 mem 28\nTCP6: inuse 0 tw 99"),
        )
    }

    #[test]
    fn shares_and_differences() {
        let tcp = between(Some(&look(1000, 10, 3)), &look(1200, 14, 5)).unwrap();
        assert_eq!(tcp, Tcp { retrans_pct: Some(2.0), listen_overflows: Some(2), time_wait: Some(23) });
        let first = between(None, &look(1000, 10, 3)).unwrap();
        assert_eq!(first, Tcp { retrans_pct: None, listen_overflows: None, time_wait: Some(23) });
        let quiet = between(Some(&look(1000, 10, 3)), &look(1000, 10, 3)).unwrap();
        assert_eq!(quiet.retrans_pct, None, "nothing was sent");
    }

    #[test]
    fn no_files_no_figures() {
        assert_eq!(between(None, &counters(&[], &[], &[])), None);
        let odd = counters(&lines("Tcp: x"), &lines("TcpExt: SyncookiesSent"), &lines("TCP: tw"));
        assert_eq!(odd, Counters::default());
    }
}
