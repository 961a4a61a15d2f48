//! One host's page: its link, processors, memory, disks, network, services, units and processes.

use ratatui::layout::Rect;

use super::row;
use crate::app::state::{HostView, State};
use crate::domain::sample::Sample;
use crate::ui::format::{age, bytes, percent, spark};
use crate::ui::paint::Painter;
use crate::ui::theme::Role;

/// A line of the page: pieces of text with their meaning; a rule when it begins a section.
enum Line {
    Rule(String, String),
    Text(Vec<(String, Role)>),
}

pub(in crate::ui) fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let view = state.hosts.iter().find(|view| Some(&view.host.name) == state.machines.open.as_ref());
    let Some(view) = view else { return };
    let lines = page(view, state, usize::from(area.width), painter.look.ascii);
    painter.regions.viewport.page_rows = usize::from(area.height);
    painter.regions.viewport.page_lines = lines.len();
    for (i, line) in
        lines.iter().skip(usize::from(state.machines.page_scroll)).take(usize::from(area.height)).enumerate()
    {
        let y = u16::try_from(i).unwrap_or(0);
        match line {
            Line::Rule(title, figures) => painter.rule(area, y, title, figures, false),
            Line::Text(pieces) => {
                let mut x = 1;
                for (text, role) in pieces {
                    x = painter.text(area, x, y, text, *role);
                }
            }
        }
    }
}

fn page(view: &HostView, state: &State, width: usize, ascii: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let (word, role) = row::state_word(view.state(state.now));
    let text = |text: String| Line::Text(vec![(text, Role::Text)]);
    let mut about: Vec<String> = vec![view.host.environment.clone()];
    about.extend(view.facts.os.clone());
    about.extend(view.sample.as_ref().and_then(|s| s.cores).map(|n| format!("{n} cores")));
    about.extend(
        view.sample
            .as_ref()
            .and_then(|s| s.uptime_s)
            .map(|s| format!("up {}", age(std::time::Duration::from_secs_f64(s.max(0.0))))),
    );
    lines.push(Line::Rule(view.host.name.as_str().to_owned(), about.join(" · ")));
    let mut link = vec![(word.to_owned(), role)];
    if let Some(l) = &view.link {
        let since = (state.now - l.since).to_std().unwrap_or_default();
        link.push((format!(" for {} · {}", age(since), l.transport.as_str()), Role::Dim));
        if !l.via.is_empty() {
            link.push((format!(" via {}", l.via.join(", ")), Role::Dim));
        }
        if !l.transport_reason.is_empty() {
            link.push((format!(" ({})", l.transport_reason), Role::Dim));
        }
    }
    if let Some(skew) = view.sample.as_ref().and_then(|s| s.clock_skew_ms) {
        link.push((format!(" · clock {skew:+.0} ms"), if skew.abs() > 1000.0 { Role::Warn } else { Role::Dim }));
    }
    lines.push(Line::Text(link));
    if let Some(error) = view.link.as_ref().and_then(|l| l.error.as_ref()) {
        lines.push(Line::Text(vec![(error.message.clone(), Role::Bad)]));
        lines.push(Line::Text(vec![(error.remedy.clone(), Role::Text)]));
    }
    match &view.sample {
        Some(sample) => machine(view, sample, width, ascii, &mut lines),
        None => lines.push(Line::Text(vec![("no figures yet".to_owned(), Role::Dim)])),
    }
    let here: Vec<_> =
        state.services.iter().filter_map(|s| Some((&s.service.name, s.on.get(&view.host.name)?))).collect();
    if !here.is_empty() {
        lines.push(Line::Rule("services".to_owned(), String::new()));
        for (name, on) in here {
            let since = on.since.map(|t| age((state.now - t).to_std().unwrap_or_default())).unwrap_or_default();
            let (version, unit) = (on.version.as_deref().unwrap_or("—"), on.unit_state.as_deref().unwrap_or("—"));
            let restarts = on.restarts.map_or(String::new(), |n| format!("{n} restarts"));
            let role = if on.health == crate::domain::service::Health::Failing { Role::Bad } else { Role::Text };
            let detail = on.health_detail.clone().unwrap_or_default();
            lines.push(Line::Text(vec![
                (format!("{name:<16} {unit:<10} {version:<12} "), Role::Text),
                (format!("{:<8}", on.health.as_str()), role),
                (format!("{since:>5}  {restarts}  {detail}"), Role::Dim),
            ]));
        }
    }
    let slow = view.sample.as_ref().and_then(|s| s.slow.as_ref());
    if let Some(slow) =
        slow.filter(|slow| !slow.units.is_empty() || slow.failed_units.as_ref().is_some_and(|f| !f.is_empty()))
    {
        lines.push(Line::Rule("units".to_owned(), String::new()));
        for name in slow.failed_units.iter().flatten() {
            lines.push(Line::Text(vec![(format!("{name:<32} "), Role::Text), ("failed".to_owned(), Role::Bad)]));
        }
        for unit in &slow.units {
            let memory = unit.memory.map_or(String::new(), |m| bytes(m as f64));
            let role = if unit.active == "active" { Role::Text } else { Role::Bad };
            lines.push(Line::Text(vec![
                (format!("{:<32} ", unit.name), Role::Text),
                (format!("{} ({})", unit.active, unit.sub), role),
                (format!("  {memory}"), Role::Dim),
            ]));
        }
    }
    if let Some(processes) = &view.processes {
        let ago = (state.now - processes.at).to_std().unwrap_or_default();
        lines.push(Line::Rule("processes".to_owned(), format!("cpu % of one core · {} ago", age(ago))));
        match &processes.list {
            Err(why) => lines.push(Line::Text(vec![(why.clone(), Role::Bad)])),
            Ok(list) => {
                for p in list.iter().take(20) {
                    let cpu = p.cpu_pct.map_or("—".to_owned(), |c| format!("{c:.1}"));
                    lines.push(text(format!(
                        "{:<24} {:<10} {:>7} {cpu:>6} {:>6}",
                        p.command,
                        p.user,
                        p.pid,
                        bytes(p.rss as f64)
                    )));
                }
            }
        }
    }
    lines
}

fn machine(view: &HostView, s: &Sample, width: usize, ascii: bool, lines: &mut Vec<Line>) {
    let graph = width.saturating_sub(30).clamp(10, 80);
    let text = |text: String| Line::Text(vec![(text, Role::Text)]);
    let cpu = s.cpu.as_ref();
    let psi = |value: Option<f64>| value.map_or("n/a".to_owned(), |v| format!("{v:.0}"));
    lines.push(Line::Rule(
        "cpu".to_owned(),
        format!(
            "{} % · steal {} · psi {}",
            percent(cpu.map(|c| c.pct)),
            percent(cpu.map(|c| c.steal)),
            psi(s.psi.cpu_some)
        ),
    ));
    lines.push(text(spark(&view.cpu.tail(graph), Some(100.0), ascii)));
    let cores: Vec<Option<f64>> = cpu.map(|c| c.per_core.iter().map(|v| Some(*v)).collect()).unwrap_or_default();
    let load = s.load.map_or("—".to_owned(), |[a, b, c]| format!("{a:.2} {b:.2} {c:.2}"));
    lines.push(text(format!("cores {}   load {load}", spark(&cores, Some(100.0), ascii))));
    let total = s.mem.map_or("—".to_owned(), |m| bytes(m.total as f64));
    let swap = s.swap.map_or("—".to_owned(), |w| if w.total == 0 { "none".to_owned() } else { bytes(w.used as f64) });
    lines.push(Line::Rule(
        "memory".to_owned(),
        format!("{} % of {total} · swap {swap} · psi {}", percent(s.mem.map(|m| m.pct())), psi(s.psi.mem_some)),
    ));
    lines.push(text(spark(&view.mem.tail(graph), Some(100.0), ascii)));
    let cache = s.mem.map_or("—".to_owned(), |m| bytes(m.cached as f64));
    lines.push(text(format!("cache {cache}   oom kills {}", s.oom_kills.map_or("—".to_owned(), |n| n.to_string()))));
    if let Some(disks) = s.slow.as_ref().and_then(|slow| slow.disks.as_ref()) {
        lines.push(Line::Rule("disks".to_owned(), format!("psi io {}", psi(s.psi.io_some))));
        for disk in disks {
            let filled = ((disk.pct / 100.0 * 24.0).round() as usize).min(24);
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(24 - filled));
            let role = if disk.read_only {
                Role::Dim
            } else if disk.pct >= 90.0 {
                Role::Bad
            } else if disk.pct >= 80.0 {
                Role::Warn
            } else {
                Role::Text
            };
            let full = disk.hours_to_full.map_or(String::new(), |h| format!("  full in {h:.1} h"));
            lines.push(Line::Text(vec![
                (format!("{:<16} ", crate::ui::format::fit(&disk.mount, 16)), Role::Text),
                (format!("{:>3} %  {bar}", percent(Some(disk.pct))), role),
                (
                    format!("  {} free  inodes {} %{full}", bytes(disk.free_bytes as f64), percent(disk.inodes_pct)),
                    Role::Dim,
                ),
            ]));
        }
    }
    if let Some(net) = s.net {
        let retrans = s.tcp.and_then(|t| t.retrans_pct).map_or("—".to_owned(), |r| format!("{r:.1} %"));
        lines.push(Line::Rule("network".to_owned(), format!("retransmitted {retrans}")));
        let (rx, tx) = (view.rx.tail(graph / 2), view.tx.tail(graph / 2));
        lines.push(text(format!(
            "in {:>6}/s {}  out {:>6}/s {}",
            bytes(net.rx_s),
            spark(&rx, None, ascii),
            bytes(net.tx_s),
            spark(&tx, None, ascii)
        )));
    }
}
