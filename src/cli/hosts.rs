//! `qd hosts`: what the machines say, as JSON and as a table.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::{Global, Snapshot};
use super::exit::Outcome;
use super::snapshot::{self, Look};
use super::table::Table;
use crate::domain::age::{Freshness, freshness};
use crate::domain::host::HostState;
use crate::domain::sample::{Disk, Psi, Sample, Slow};
use crate::hosts::watch::UNFOCUSED;
use crate::runtime::survey::HostReport;
use crate::ui::format::{age, percent};

/// Runs the command.
pub async fn run(global: &Global, args: Snapshot) -> Outcome {
    snapshot::print(global, args, false, text, json).await
}

/// Since when the host is what it is: the link's own change, or the last word of a host that is stale.
pub(super) fn since(report: &HostReport, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let link = report.link.as_ref()?;
    let stale = report.state(now) == HostState::Stale;
    Some(if stale { report.heard.map_or(link.since, |heard| heard.max(link.since)) } else { link.since })
}

/// The sample, unless (at the pace of a host that nobody looks at) it is too old to be believed.
fn fresh<'a>(report: &'a HostReport, look: &Look<'_>) -> Option<&'a Sample> {
    report.sample.as_ref().filter(|sample| believed(sample.at, look.stats.every * UNFOCUSED, look.now))
}

/// The slow tier, unless it is too old to be believed.
pub(super) fn slow<'a>(report: &'a HostReport, look: &Look<'_>) -> Option<&'a Slow> {
    report.sample.as_ref()?.slow.as_ref().filter(|slow| believed(slow.at, look.stats.slow, look.now))
}

/// What stopped the link, or the figures over it, in one line.
pub(super) fn error(report: &HostReport) -> Option<String> {
    let error = report.link.as_ref()?.error.as_ref().map(ToString::to_string);
    error.or_else(|| report.unmeasured.clone())
}

/// Past three of its intervals a figure is no data.
fn believed(at: DateTime<Utc>, every: Duration, now: DateTime<Utc>) -> bool {
    freshness(at, every, now) != Freshness::Stale
}

/// The document of `qd hosts --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostsJson {
    at: DateTime<Utc>,
    hosts: Vec<HostJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct HostJson {
    name: String,
    environment: String,
    tags: Vec<String>,
    state: &'static str,
    since: Option<DateTime<Utc>>,
    error: Option<String>,
    age_ms: Option<i64>,
    transport: Option<&'static str>,
    uptime_s: Option<f64>,
    cpu_pct: Option<f64>,
    load: Option<[f64; 3]>,
    cores: Option<u32>,
    mem_pct: Option<f64>,
    swap_pct: Option<f64>,
    disks: Option<Vec<DiskJson>>,
    psi: PsiJson,
    failed_units: Option<Vec<String>>,
    oom_kills: Option<u64>,
    clock_skew_ms: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct DiskJson {
    mount: String,
    pct: f64,
    inodes_pct: Option<f64>,
    free_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct PsiJson {
    cpu: Some1,
    memory: SomeFull,
    io: SomeFull,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Some1 {
    some: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct SomeFull {
    some: Option<f64>,
    full: Option<f64>,
}

/// The JSON document. Figures too old to be believed are null.
pub fn json(look: Look<'_>) -> HostsJson {
    HostsJson { at: look.now, hosts: look.survey.hosts.iter().map(|report| host_json(report, &look)).collect() }
}

fn host_json(report: &HostReport, look: &Look<'_>) -> HostJson {
    let now = look.now;
    let sample = fresh(report, look);
    let slow = slow(report, look);
    let psi = sample.map(|sample| sample.psi).unwrap_or_default();
    HostJson {
        name: report.host.name.to_string(),
        environment: report.host.environment.clone(),
        tags: report.host.tags.clone(),
        state: report.state(now).as_str(),
        since: since(report, now),
        error: error(report),
        age_ms: report.heard.map(|heard| (now - heard).num_milliseconds().max(0)),
        transport: report.link.as_ref().map(|link| link.transport.as_str()),
        uptime_s: sample.and_then(|sample| sample.uptime_s),
        cpu_pct: sample.and_then(|sample| sample.cpu.as_ref()).map(|cpu| rounded(cpu.pct)),
        load: sample.and_then(|sample| sample.load),
        cores: sample.and_then(|sample| sample.cores),
        mem_pct: sample.and_then(|sample| sample.mem).map(|mem| rounded(mem.pct())),
        // No swap at all is no share of it.
        swap_pct: sample
            .and_then(|sample| sample.swap)
            .filter(|swap| swap.total > 0)
            .map(|swap| rounded(100.0 * swap.used as f64 / swap.total as f64)),
        disks: slow.and_then(|slow| slow.disks.as_ref()).map(|disks| disks.iter().map(disk_json).collect()),
        psi: psi_json(psi),
        failed_units: slow.and_then(|slow| slow.failed_units.clone()),
        oom_kills: sample.and_then(|sample| sample.oom_kills),
        clock_skew_ms: sample.and_then(|sample| sample.clock_skew_ms).map(rounded),
    }
}

fn disk_json(disk: &Disk) -> DiskJson {
    DiskJson {
        mount: disk.mount.clone(),
        pct: rounded(disk.pct),
        inodes_pct: disk.inodes_pct.map(rounded),
        free_bytes: disk.free_bytes,
    }
}

fn psi_json(psi: Psi) -> PsiJson {
    PsiJson {
        cpu: Some1 { some: psi.cpu_some.map(rounded) },
        memory: SomeFull { some: psi.mem_some.map(rounded), full: psi.mem_full.map(rounded) },
        io: SomeFull { some: psi.io_some.map(rounded), full: psi.io_full.map(rounded) },
    }
}

/// To two decimals, as the contract has percentages.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The table for people: unknown is a dash, and what is wrong stands in words.
pub fn text(look: Look<'_>) -> String {
    let now = look.now;
    let mut table = Table::new(&[
        "host",
        "environment",
        "state",
        ">cpu %",
        ">mem %",
        "disk %",
        ">load",
        ">cores",
        "units",
        ">age",
        "",
    ])
    .colored(look.colored);
    for report in &look.survey.hosts {
        let sample = fresh(report, &look);
        let slow = slow(report, &look);
        let fullest = slow.and_then(|slow| fullest(slow.disks.as_deref()?));
        let state = report.state(now);
        let dash = || "—".to_owned();
        table.row([
            report.host.name.to_string(),
            report.host.environment.clone(),
            state.as_str().replace('_', " "),
            percent(sample.and_then(|sample| sample.cpu.as_ref()).map(|cpu| cpu.pct)),
            percent(sample.and_then(|sample| sample.mem).map(|mem| mem.pct())),
            fullest.map_or_else(dash, |disk| format!("{} {:.0}", disk.mount, disk.pct)),
            sample.and_then(|sample| sample.load).map_or_else(dash, |load| format!("{:.2}", load[0])),
            sample.and_then(|sample| sample.cores).map_or_else(dash, |cores| cores.to_string()),
            slow.and_then(|slow| slow.failed_units.as_ref()).map_or_else(dash, |failed| units(failed)),
            report.heard.map_or_else(dash, |heard| age((now - heard).to_std().unwrap_or_default())),
            error(report).unwrap_or_default(),
        ]);
    }
    table.render_or("no hosts")
}

fn units(failed: &[String]) -> String {
    match failed {
        [] => "ok".to_owned(),
        [one] => format!("{one} failed"),
        several => format!("{} failed", several.len()),
    }
}

/// The fullest file system that can fill further.
pub(super) fn fullest(disks: &[Disk]) -> Option<&Disk> {
    disks.iter().filter(|disk| !disk.read_only).max_by(|a, b| a.pct.total_cmp(&b.pct))
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::domain::host::{Host, Link, LinkError, LinkErrorKind, LinkState, TransportKind};
    use crate::domain::sample::{Cpu, Memory, Swap};
    use crate::domain::settings::StatSettings;
    use crate::runtime::survey::Survey;

    pub(in crate::cli) fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_230_000, 250_000_000).unwrap()
    }

    pub(in crate::cli) fn link(state: LinkState) -> Link {
        let mut link = Link::connecting(TransportKind::Ssh2, now() - TimeDelta::seconds(600));
        link.state = state;
        link
    }

    pub(in crate::cli) fn refused() -> Link {
        Link {
            error: Some(LinkError {
                kind: LinkErrorKind::Refused,
                message: "nobody listens on 10.0.0.2:22".to_owned(),
                remedy: "start sshd there".to_owned(),
            }),
            ..link(LinkState::Retrying)
        }
    }

    pub(in crate::cli) fn sample() -> Sample {
        let at = now() - TimeDelta::seconds(2);
        let disk = |mount: &str, pct, read_only| Disk {
            mount: mount.to_owned(),
            pct,
            free_bytes: 1024,
            read_only,
            ..Disk::default()
        };
        Sample {
            at,
            uptime_s: Some(6586.66),
            cpu: Some(Cpu { pct: 12.345_678, ..Cpu::default() }),
            load: Some([0.5, 0.25, 0.1]),
            cores: Some(2),
            mem: Some(Memory { total: 3000, available: 1000, cached: 0 }),
            swap: Some(Swap::default()),
            psi: Psi { io_full: Some(0.126), ..Psi::default() },
            oom_kills: Some(0),
            clock_skew_ms: Some(-1.234_5),
            slow: Some(Slow {
                at,
                disks: Some(vec![disk("/", 71.0, false), disk("/cd", 100.0, true)]),
                failed_units: Some(vec!["a.service".to_owned()]),
                ..Slow::default()
            }),
            ..Sample::default()
        }
    }

    pub(in crate::cli) fn report(name: &str, link: Option<Link>, heard_ms: Option<i64>) -> HostReport {
        HostReport {
            host: Host { tags: vec!["web".to_owned()], ..Host::named(name, "production") },
            link,
            heard: heard_ms.map(|ms| now() - TimeDelta::milliseconds(ms)),
            sample: heard_ms.map(|_| sample()),
            unmeasured: None,
        }
    }

    /// Shows a survey by the default intervals.
    pub(in crate::cli) fn shown<T>(survey: &Survey, show: impl Fn(Look<'_>) -> T) -> T {
        show(Look { survey, deployments: &[], stats: &StatSettings::default(), now: now(), colored: false })
    }

    fn of(hosts: Vec<HostReport>) -> Survey {
        Survey { hosts, services: vec![] }
    }

    #[test]
    fn the_document_has_every_key_and_unknown_is_null() {
        let survey = of(vec![
            report("web-1", Some(link(LinkState::Up)), Some(1500)),
            report("web-2", Some(refused()), None),
            report("web-3", None, None),
        ]);
        let since = "2026-11-21T02:50:00.250Z";
        let psi = |io_full: Option<f64>| json!({"cpu": {"some": null}, "memory": {"some": null, "full": null}, "io": {"some": null, "full": io_full}});
        let unknown = json!({
            "environment": "production", "tags": ["web"], "since": null, "error": null, "age_ms": null,
            "transport": null, "uptime_s": null, "cpu_pct": null, "load": null, "cores": null, "mem_pct": null,
            "swap_pct": null, "disks": null, "psi": psi(None), "failed_units": null, "oom_kills": null,
            "clock_skew_ms": null
        });
        let with = |known: serde_json::Value| {
            let mut host = unknown.clone();
            host.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
            host
        };
        assert_eq!(
            serde_json::to_value(shown(&survey, json)).unwrap(),
            json!({"at": "2026-11-21T03:00:00.250Z", "hosts": [
                with(json!({
                    "name": "web-1", "state": "up", "since": since, "age_ms": 1500, "transport": "ssh2",
                    "uptime_s": 6586.66, "cpu_pct": 12.35, "load": [0.5, 0.25, 0.1], "cores": 2, "mem_pct": 66.67,
                    "disks": [
                        {"mount": "/", "pct": 71.0, "inodes_pct": null, "free_bytes": 1024},
                        {"mount": "/cd", "pct": 100.0, "inodes_pct": null, "free_bytes": 1024}
                    ],
                    "psi": psi(Some(0.13)), "failed_units": ["a.service"], "oom_kills": 0, "clock_skew_ms": -1.23
                })),
                with(json!({
                    "name": "web-2", "state": "retrying", "since": since, "transport": "ssh2",
                    "error": "nobody listens on 10.0.0.2:22; start sshd there"
                })),
                with(json!({"name": "web-3", "state": "connecting"})),
            ]})
        );
    }

    #[test]
    fn old_figures_are_no_figures() {
        let mut old = report("web-1", Some(link(LinkState::Up)), Some(46_000));
        old.sample.as_mut().unwrap().at = now() - TimeDelta::seconds(46);
        let heard = old.heard;
        let document = shown(&of(vec![old]), json).hosts.remove(0);
        assert_eq!((document.state, document.cpu_pct, document.since), ("stale", None, heard));
        assert!(document.disks.is_some(), "the slow tier is younger than three of its intervals");
    }

    #[test]
    fn the_table_lines_up_and_names_what_is_wrong() {
        let survey =
            of(vec![report("web-1", Some(link(LinkState::Up)), Some(0)), report("web-2", Some(refused()), None)]);
        assert_eq!(
            shown(&survey, text),
            "host   environment  state     cpu %  mem %  disk %  load  cores  units             age\n\
             web-1  production   up           12     67  / 71    0.50      2  a.service failed   0s\n\
             web-2  production   retrying      —      —  —          —      —  —                   —  nobody listens on 10.0.0.2:22; start sshd there\n"
        );
    }
}
