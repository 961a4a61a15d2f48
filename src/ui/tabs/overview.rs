//! The Overview: the verdict, the hosts, the services.

use ratatui::layout::Rect;

use super::{hosts, row};
use crate::app::change::ChangeKind;
use crate::app::state::{OverviewPane, ServiceView, State};
use crate::app::viewport::Target;
use crate::domain::host::HostState;
use crate::domain::service::Health;
use crate::ui::format::{age, fit};
use crate::ui::paint::Painter;
use crate::ui::theme::Role;

pub(in crate::ui) fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let (verdict, role) = verdict(state);
    painter.text(area, 1, 0, &fit(&verdict, usize::from(area.width.saturating_sub(2))), role);
    let services = u16::try_from(state.services.len()).unwrap_or(u16::MAX);
    let room = area.height.saturating_sub(5);
    // The hosts have the room that the services leave, and at least half.
    let for_services = if services == 0 { 0 } else { (services + 1).min(room / 2) };
    let for_hosts = room.saturating_sub(for_services);
    let focused = state.overview.pane == OverviewPane::Hosts;

    painter.rule(area, 2, "Hosts", &hosts::counts(state), focused);
    let name = hosts::name_width(state);
    row::head(area, 3, name, painter);
    painter.regions.viewport.list_rows = usize::from(if focused { for_hosts } else { for_services.saturating_sub(1) });
    if state.hosts.is_empty() {
        painter.text(
            area,
            1,
            4,
            "no hosts: write them in quarterdeck.toml, or begin with `qd init --from-ssh-config`",
            Role::Dim,
        );
    }
    for (i, view) in state.hosts.iter().skip(state.overview.scroll).take(usize::from(for_hosts)).enumerate() {
        let y = 4 + u16::try_from(i).unwrap_or(0);
        row::draw(view, state, area, y, name, painter);
        painter.target(area, y, Target::Host(view.host.name.clone()));
        if focused && state.overview.selected.as_ref() == Some(&view.host.name) {
            painter.select(area, y);
        }
    }
    if for_services == 0 {
        return;
    }
    let shown = u16::try_from(state.hosts.len()).unwrap_or(u16::MAX).min(for_hosts);
    let top = 4 + shown + u16::from(shown < for_hosts);
    painter.rule(area, top, "Services", &unwell_count(state), !focused);
    let rows = usize::from(area.height.saturating_sub(top + 1));
    for (i, view) in state.services.iter().skip(state.overview.service_scroll).take(rows).enumerate() {
        let y = top + 1 + u16::try_from(i).unwrap_or(0);
        service(view, state, area, y, painter);
        let (service, environment) = view.id();
        painter.target(area, y, Target::Service(service, environment));
        if !focused && state.overview.service == Some(view.id()) {
            painter.select(area, y);
        }
    }
}

fn unwell_count(state: &State) -> String {
    let unwell = state.services.iter().filter(|view| !view.unwell.is_empty()).count();
    if unwell == 0 { format!("{} asked from their hosts", state.services.len()) } else { format!("{unwell} not well") }
}

fn service(view: &ServiceView, state: &State, area: Rect, y: u16, painter: &mut Painter<'_>) {
    let ok = view.on.values().filter(|on| on.health == Health::Ok).count();
    let asked = view.service.health.is_some();
    let (word, role) = if !view.unwell.is_empty() {
        ("FAILING", Role::Bad)
    } else if view.on.is_empty() {
        ("—", Role::Dim)
    } else if asked && ok < view.on.len() {
        ("UNKNOWN", Role::Dim)
    } else {
        ("OK", Role::Ok)
    };
    let mut x = painter.cell(area, (1, y), &view.service.name, 14, false, Role::Text);
    x = painter.cell(area, (x, y), word, 7, false, role);
    let mut versions: Vec<(&str, usize)> = Vec::new();
    for version in view.on.values().filter_map(|on| on.version.as_deref()) {
        match versions.iter_mut().find(|(other, _)| *other == version) {
            Some((_, n)) => *n += 1,
            None => versions.push((version, 1)),
        }
    }
    let mix = match versions.as_slice() {
        [] => "—".to_owned(),
        [(one, _)] => (*one).to_owned(),
        several => several.iter().map(|(v, n)| format!("{v} on {n}")).collect::<Vec<_>>().join(", "),
    };
    x = painter.cell(area, (x, y), &mix, 24, false, if versions.len() > 1 { Role::Warn } else { Role::Text });
    let hosts = view.service.hosts.len();
    let text = match view.unwell.iter().next() {
        None if asked => format!("{ok}/{hosts} healthy"),
        None => format!("on {hosts} host{}", if hosts == 1 { "" } else { "s" }),
        Some((host, since)) => {
            let why = view
                .on
                .get(host)
                .and_then(|on| on.health_detail.clone().or_else(|| on.unit_state.clone()))
                .unwrap_or_default();
            let more =
                if view.unwell.len() > 1 { format!(" and {} more", view.unwell.len() - 1) } else { String::new() };
            format!("{host}{more} since {}: {why}", since.format("%H:%M"))
        }
    };
    let room = usize::from(area.width.saturating_sub(x + 1));
    painter.text(area, x, y, &fit(&text, room), if view.unwell.is_empty() { Role::Dim } else { role });
    let _ = state;
}

/// The first line: what is unhealthy, how widespread, since when, what changed.
fn verdict(state: &State) -> (String, Role) {
    let now = state.now;
    let mut bad: Vec<String> = Vec::new();
    for view in state.services.iter().filter(|view| !view.unwell.is_empty()) {
        let since = view.unwell.values().min().map(|t| t.format("%H:%M").to_string()).unwrap_or_default();
        bad.push(format!(
            "{} failing on {}/{} hosts since {since}",
            view.service.name,
            view.unwell.len(),
            view.service.hosts.len()
        ));
    }
    let away: Vec<&str> = state
        .hosts
        .iter()
        .filter(|view| !matches!(view.state(now), HostState::Up | HostState::Connecting))
        .map(|view| view.host.name.as_str())
        .collect();
    match away.as_slice() {
        [] => {}
        all if all.len() == state.hosts.len() && all.len() > 1 => {
            bad.push("no host can be reached: is it your link?".to_owned())
        }
        [one] => bad.push(format!("{one} cannot be reached")),
        several => bad.push(format!("{} hosts cannot be reached ({}…)", several.len(), several[0])),
    }
    let change = state.changes.back().map(|change| {
        let what = match &change.what {
            ChangeKind::Version { service, to, .. } => format!("{service} {to}"),
            ChangeKind::Restarted { service, by_itself: true } => format!("{service} restarted by itself"),
            ChangeKind::Restarted { service, by_itself: false } => format!("{service} restarted"),
            ChangeKind::Rebooted => "rebooted".to_owned(),
            ChangeKind::OomKill(n) => format!("{n} killed for memory"),
        };
        format!("last change {what} on {} at {}", change.host, change.at.format("%H:%M"))
    });
    if bad.is_empty() {
        let dialing = state.hosts.iter().filter(|view| view.state(now) == HostState::Connecting).count();
        let mut text = if dialing > 0 { format!("dialing {dialing} hosts") } else { "all quiet".to_owned() };
        let watching = (now - state.started).to_std().unwrap_or_default();
        text = format!("{text}, watching since {} ({})", state.started.format("%H:%M"), age(watching));
        if let Some(change) = change {
            text = format!("{text} · {change}");
        }
        return (text, Role::Text);
    }
    bad.extend(change);
    (format!("▲ {}", bad.join(" · ")), Role::Bad)
}
