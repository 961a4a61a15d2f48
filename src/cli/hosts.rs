//! `qd hosts`: every host with its state and figures.

use serde_json::{Value, json};

use super::args::{Global, Snapshot};
use super::exit::Outcome;
use super::snapshot;
use crate::runtime::survey::{HostReport, Survey};
use crate::ui::format::percent;

/// Runs the command.
pub async fn run(global: &Global, args: Snapshot) -> Outcome {
    snapshot::print(global, args, false, text, json_of).await
}

/// A percentage with two decimals.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn pct(value: Option<f64>) -> Value {
    value.map_or(Value::Null, |value| json!(rounded(value)))
}

fn json_of(survey: &Survey) -> Value {
    let now = chrono::Utc::now();
    json!({ "at": rfc3339(now), "hosts": survey.hosts.iter().map(|report| host(report, now)).collect::<Vec<_>>() })
}

/// A time as the contract writes it.
pub(super) fn rfc3339(time: chrono::DateTime<chrono::Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn host(report: &HostReport, now: chrono::DateTime<chrono::Utc>) -> Value {
    let link = report.link.as_ref();
    let sample = report.sample.as_ref();
    let slow = sample.and_then(|s| s.slow.as_ref());
    let disks = slow.and_then(|slow| slow.disks.as_ref()).map(|disks| {
        let disk = |d: &crate::domain::sample::Disk| {
            json!({ "mount": d.mount, "pct": rounded(d.pct), "inodes_pct": pct(d.inodes_pct), "free_bytes": d.free_bytes })
        };
        disks.iter().map(disk).collect::<Vec<_>>()
    });
    let psi = sample.map(|s| s.psi).unwrap_or_default();
    let swap = sample.and_then(|s| s.swap);
    json!({
        "name": report.host.name.as_str(),
        "environment": report.host.environment,
        "tags": report.host.tags,
        "state": report.state(now).as_str(),
        "since": link.map(|link| rfc3339(link.since)),
        "error": link.and_then(|link| link.error.as_ref()).map(ToString::to_string),
        "age_ms": report.heard.map(|heard| (now - heard).num_milliseconds().max(0)),
        "transport": link.map(|link| link.transport.as_str()),
        "uptime_s": sample.and_then(|s| s.uptime_s),
        "cpu_pct": pct(sample.and_then(|s| s.cpu.as_ref()).map(|cpu| cpu.pct)),
        "load": sample.and_then(|s| s.load),
        "cores": sample.and_then(|s| s.cores),
        "mem_pct": pct(sample.and_then(|s| s.mem).map(|mem| mem.pct())),
        "swap_pct": pct(swap.filter(|s| s.total > 0).map(|s| 100.0 * s.used as f64 / s.total as f64)),
        "disks": disks,
        "psi": {
            "cpu": { "some": pct(psi.cpu_some) },
            "memory": { "some": pct(psi.mem_some), "full": pct(psi.mem_full) },
            "io": { "some": pct(psi.io_some), "full": pct(psi.io_full) },
        },
        "failed_units": slow.and_then(|slow| slow.failed_units.clone()),
        "oom_kills": sample.and_then(|s| s.oom_kills),
        "clock_skew_ms": pct(sample.and_then(|s| s.clock_skew_ms)),
    })
}

fn text(survey: &Survey) -> String {
    let now = chrono::Utc::now();
    let name = survey.hosts.iter().map(|r| r.host.name.as_str().chars().count()).max().unwrap_or(4).max(4);
    let mut out = format!(
        "{:<name$}  {:<16} {:>4} {:>4}  {:<16} {:<8} error\n",
        "host", "state", "cpu", "mem", "fullest disk", "units"
    );
    for report in &survey.hosts {
        let sample = report.sample.as_ref();
        let slow = sample.and_then(|s| s.slow.as_ref());
        let disks = slow.and_then(|slow| slow.disks.as_ref()).into_iter().flatten();
        let fullest = disks.filter(|d| !d.read_only).max_by(|a, b| a.pct.total_cmp(&b.pct));
        let disk = fullest.map_or("—".to_owned(), |d| format!("{} {:.0} %", d.mount, d.pct));
        let units =
            slow.and_then(|slow| slow.failed_units.as_ref()).map_or("—".to_owned(), |failed| match failed.len() {
                0 => "ok".to_owned(),
                n => format!("{n} failed"),
            });
        let error =
            report.link.as_ref().and_then(|link| link.error.as_ref()).map_or(String::new(), ToString::to_string);
        let line = format!(
            "{:<name$}  {:<16} {:>4} {:>4}  {disk:<16} {units:<8} {error}",
            report.host.name,
            report.state(now).as_str(),
            percent(sample.and_then(|s| s.cpu.as_ref()).map(|cpu| cpu.pct)),
            percent(sample.and_then(|s| s.mem).map(|mem| mem.pct())),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
