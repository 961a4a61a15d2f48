//! One host as a row: the columns of Overview and Hosts, dropped from the right as the screen narrows.

use ratatui::layout::Rect;

use crate::app::state::{HostView, State};
use crate::domain::age::{Freshness, freshness};
use crate::domain::host::HostState;
use crate::ui::format::{age, percent, spark};
use crate::ui::paint::Painter;
use crate::ui::theme::Role;

/// The word and the meaning of a host's state.
pub(super) fn state_word(state: HostState) -> (&'static str, Role) {
    match state {
        HostState::Connecting => ("DIALING", Role::Dim),
        HostState::Up => ("UP", Role::Ok),
        HostState::Stale => ("STALE", Role::Warn),
        HostState::Retrying => ("RETRY", Role::Bad),
        HostState::AuthFailed => ("NO AUTH", Role::Bad),
        HostState::HostKeyUnknown => ("NEW KEY", Role::Warn),
        HostState::HostKeyChanged => ("BAD KEY", Role::Bad),
        HostState::Down => ("DOWN", Role::Bad),
    }
}

/// How figures of a host are to be shown: what comes after them, and the meaning of their style.
pub(super) fn figures(view: &HostView, state: &State) -> (&'static str, Role) {
    let Some(sample) = &view.sample else { return ("", Role::Dim) };
    // Hosts that nobody looks at are sampled three times slower.
    let every = if state.focused.as_ref() == Some(&view.host.name) { 1 } else { 3 };
    match freshness(sample.at, state.settings.stats.every * every, state.now) {
        Freshness::Fresh => ("", Role::Text),
        Freshness::Aging => ("", Role::Dim),
        Freshness::Stale => ("?", Role::Dim),
    }
}

/// The header of the columns.
pub(super) fn head(area: Rect, y: u16, name: u16, painter: &mut Painter<'_>) {
    let mut x = painter.cell(area, (1, y), "host", name, false, Role::Dim);
    for (title, width, right) in columns(area.width, name) {
        x = painter.cell(area, (x, y), title, width, right, Role::Dim);
    }
}

/// The columns that there is room for: title, width, right aligned.
fn columns(width: u16, name: u16) -> Vec<(&'static str, u16, bool)> {
    let all: [(&str, u16, bool); 9] = [
        ("state", 7, false),
        ("age", 4, true),
        ("disk", 9, true),
        ("cpu", 4, true),
        ("mem", 4, true),
        ("version", 9, false),
        ("err/m", 5, true),
        ("", 10, false),
        ("units", 12, false),
    ];
    let mut used = name + 2;
    all.into_iter()
        .take_while(|(_, w, _)| {
            used += w + 1;
            used <= width
        })
        .collect()
}

/// Draws a host's row.
pub(super) fn draw(view: &HostView, state: &State, area: Rect, y: u16, name: u16, painter: &mut Painter<'_>) {
    let style = painter.look.theme.host(view.host.name.as_str());
    painter.styled(area, 1, y, &crate::ui::format::fit(view.host.name.as_str(), usize::from(name)), style);
    let mut x = 1 + name + 1;
    let now = view.state(state.now);
    let (word, role) = state_word(now);
    let (mark, figure) = figures(view, state);
    let sample = view.sample.as_ref();
    for (title, width, right) in columns(area.width, name) {
        let (text, role) = match title {
            "state" => (word.to_owned(), role),
            "age" => (heard_age(view, state), Role::Dim),
            "disk" => disk(view, mark, figure),
            "cpu" => graded(sample.and_then(|s| s.cpu.as_ref()).map(|cpu| cpu.pct), mark, figure, 90.0, 97.0),
            "mem" => graded(sample.and_then(|s| s.mem).map(|mem| mem.pct()), mark, figure, 85.0, 90.0),
            "version" => (versions(view, state), Role::Text),
            "err/m" => {
                let errors = view.errors.iter().rev().take(2).max();
                (errors.map_or("—".to_owned(), u64::to_string), if errors > Some(&0) { Role::Bad } else { Role::Dim })
            }
            "units" => units(view),
            _ => {
                let values: Vec<Option<f64>> =
                    view.errors.iter().rev().take(10).rev().map(|n| Some(*n as f64)).collect();
                (spark(&values, None, painter.look.ascii), Role::Dim)
            }
        };
        x = painter.cell(area, (x, y), &text, width, right, role);
    }
    // Why it is not up stands where its figures would.
    if let (Some(link), false) = (&view.link, matches!(now, HostState::Up | HostState::Stale))
        && let Some(error) = &link.error
    {
        let from = name + 2 + 8;
        let room = usize::from(area.width.saturating_sub(from + 1));
        let text = format!("{:<room$}", crate::ui::format::fit(&error.to_string(), room));
        painter.text(area, from, y, &text, Role::Dim);
    }
}

/// How long ago it was heard, once that is past its interval.
fn heard_age(view: &HostView, state: &State) -> String {
    let Some(heard) = view.heard else { return String::new() };
    let silent = (state.now - heard).to_std().unwrap_or_default();
    if silent.as_secs() < 6 { String::new() } else { age(silent) }
}

fn graded(value: Option<f64>, mark: &str, fresh: Role, warn: f64, bad: f64) -> (String, Role) {
    let role = match value {
        Some(value) if value >= bad && fresh == Role::Text => Role::Bad,
        Some(value) if value >= warn && fresh == Role::Text => Role::Warn,
        _ => fresh,
    };
    (format!("{}{}", percent(value), if value.is_some() { mark } else { "" }), role)
}

/// The fullest disk that can fill.
fn disk(view: &HostView, mark: &str, fresh: Role) -> (String, Role) {
    let disks = view.sample.as_ref().and_then(|s| s.slow.as_ref()).and_then(|slow| slow.disks.as_ref());
    let fullest = disks.into_iter().flatten().filter(|d| !d.read_only).max_by(|a, b| a.pct.total_cmp(&b.pct));
    let Some(disk) = fullest else { return ("—".to_owned(), Role::Dim) };
    let (figure, role) = graded(Some(disk.pct), mark, fresh, 80.0, 90.0);
    let mount = disk.mount.rsplit('/').next().unwrap_or("");
    (format!("/{} {figure}", crate::ui::format::fit(mount, 4)), role)
}

fn versions(view: &HostView, state: &State) -> String {
    let mut versions: Vec<&str> =
        state.services.iter().filter_map(|service| service.on.get(&view.host.name)?.version.as_deref()).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.is_empty() { "—".to_owned() } else { versions.join(" ") }
}

fn units(view: &HostView) -> (String, Role) {
    let failed = view.sample.as_ref().and_then(|s| s.slow.as_ref()).and_then(|slow| slow.failed_units.as_ref());
    match failed.map(Vec::len) {
        None => ("—".to_owned(), Role::Dim),
        Some(0) => ("ok".to_owned(), Role::Dim),
        Some(n) => (format!("{n} failed"), Role::Bad),
    }
}
