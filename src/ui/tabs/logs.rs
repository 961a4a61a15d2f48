//! The Logs tab: sources, a histogram, the stream.

use ratatui::layout::Rect;

use crate::app::log_words;
use crate::app::state::{State, TimeColumn};
use crate::app::viewport::Target;
use crate::domain::log::{Level, SourceEvent, SourceEventKind};
use crate::domain::log_view::{LogRow, RowContent, SourceStatus};
use crate::ui::format::{age, fit, spark, thousands};
use crate::ui::paint::Painter;
use crate::ui::theme::Role;

/// Columns of the sidebar.
const SIDEBAR: u16 = 30;

pub(in crate::ui) fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let with_sidebar = area.width >= 100 || state.logs.sidebar;
    let left = if with_sidebar { SIDEBAR.min(area.width / 2) } else { 0 };
    let gap = u16::from(with_sidebar);
    let stream = Rect::new(area.x + left + gap, area.y, area.width - left - gap, area.height);
    if with_sidebar {
        sidebar(state, Rect::new(area.x, area.y, left, area.height), painter);
    }
    stream_pane(state, stream, painter);
}

fn sidebar(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let sources = &state.logs.window.sources;
    let live = sources.iter().filter(|source| source.live).count();
    painter.rule(area, 0, "Sources", &format!("{live} of {}", sources.len()), state.logs.sidebar);
    painter.regions.targets.push((area, Target::Sidebar));
    let rows = usize::from(area.height.saturating_sub(1) / 2);
    if state.logs.sidebar {
        painter.regions.viewport.list_rows = rows;
    }
    let selected = sources.iter().position(|source| Some(source.id) == state.logs.source).unwrap_or(0);
    let first = selected.saturating_sub(rows.saturating_sub(1));
    for (i, source) in sources.iter().skip(first).take(rows).enumerate() {
        let y = 1 + 2 * u16::try_from(i).unwrap_or(0);
        source_rows(source, state, area, y, painter);
        for y in [y, y + 1] {
            painter.target(area, y, Target::Source(source.id));
        }
        if state.logs.sidebar && Some(source.id) == state.logs.source {
            painter.select(area, y);
        }
    }
}

fn source_rows(source: &SourceStatus, state: &State, area: Rect, y: u16, painter: &mut Painter<'_>) {
    let hidden = state.logs.query.filter.hidden.contains(&source.id);
    let (mark, role) = match (hidden, source.live, &source.error) {
        (true, ..) => ("-", Role::Dim),
        (_, true, _) => ("●", Role::Ok),
        (_, _, Some(_)) => ("x", Role::Bad),
        _ => ("○", Role::Dim),
    };
    painter.text(area, 0, y, mark, role);
    let style = if hidden { painter.style(Role::Dim) } else { painter.look.theme.host(source.source.host.as_str()) };
    let name = source.source.name.split_once(':').map_or(&*source.source.name, |(_, name)| name);
    let name = name.rsplit('/').next().unwrap_or(name);
    painter.styled(
        area,
        2,
        y,
        &fit(&format!("{} {name}", source.source.host), usize::from(area.width.saturating_sub(3))),
        style,
    );
    let below = match &source.error {
        Some(error) => error.clone(),
        None => {
            let quiet = source.newest.map_or(String::new(), |t| age((state.now - t).to_std().unwrap_or_default()));
            let errors: Vec<Option<f64>> = source.errors.iter().map(|n| Some(*n as f64)).collect();
            format!(
                "{:>4.0}/s {quiet:>4} {} {}",
                source.rate,
                spark(&errors, None, painter.look.ascii),
                err(source.errors_min)
            )
        }
    };
    let role = if source.error.is_some() || source.errors_min > 0 { Role::Bad } else { Role::Dim };
    painter.text(area, 2, y + 1, &fit(&below, usize::from(area.width.saturating_sub(3))), role);
}

fn err(errors: u64) -> String {
    if errors == 0 { String::new() } else { format!("{errors} err/m") }
}

fn stream_pane(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let logs = &state.logs;
    let filter = log_words::text(&logs.query.filter);
    let hidden = logs.query.filter.hidden.len();
    let mut title = if filter.is_empty() { "Logs".to_owned() } else { format!("Logs  {filter}") };
    if hidden > 0 {
        title = format!("{title}  ({hidden} hidden)");
    }
    let mut figures = format!("{:.0}/s · {}", logs.window.rate, thousands(logs.window.matching));
    if logs.window.matching != logs.window.total {
        figures = format!("{figures} of {}", thousands(logs.window.total));
    }
    if logs.window.evicted > 0 {
        figures = format!("{figures} · {} dropped for memory", thousands(logs.window.evicted));
    }
    painter.rule(area, 0, &title, &figures, !logs.sidebar);
    painter.regions.targets.push((area, Target::Stream));
    let detail_rows = if logs.detail { (area.height / 3).max(3) } else { 0 };
    let rows = area.height.saturating_sub(3 + detail_rows);
    let viewport = &mut painter.regions.viewport;
    viewport.log_rows = usize::from(rows);
    viewport.log_columns = usize::from(area.width);
    viewport.histogram = usize::from(area.width.saturating_sub(16));
    histogram(state, area, painter);

    if let Some(error) = &logs.window.error {
        painter.text(area, 1, 2, &fit(error, usize::from(area.width - 1)), Role::Bad);
    } else if logs.window.rows.is_empty() {
        let text = if logs.window.total > 0 {
            "no line passes the filter"
        } else if logs.window.sources.is_empty() {
            "no log sources: give a service `logs = [{ file = \"/var/log/…\" }]` in the config"
        } else {
            "no lines yet"
        };
        painter.text(area, 1, 2, text, Role::Dim);
    }
    let mut y = 2;
    for row in &logs.window.rows {
        if y >= 2 + rows {
            break;
        }
        painter.target(area, y, Target::Row(row.id));
        let used = draw_row(row, state, area, y, 2 + rows - y, painter);
        if logs.selected == Some(row.id) {
            painter.select(area, y);
        }
        y += used;
    }
    if logs.detail {
        detail(state, Rect::new(area.x, area.y + 2 + rows, area.width, detail_rows), painter);
    }
    status(state, area, painter);
}

fn histogram(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let buckets = &state.logs.window.histogram;
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return };
    let time =
        |at: i64| chrono::DateTime::from_timestamp(at, 0).map_or(String::new(), |t| t.format("%H:%M").to_string());
    let mut x = painter.text(area, 1, 1, &format!("{} ", time(first.start)), Role::Dim);
    let most = buckets.iter().map(|b| b.errors + b.warnings + b.others).max().unwrap_or(1).max(1);
    for bucket in buckets {
        let all = bucket.errors + bucket.warnings + bucket.others;
        let role = if bucket.errors > 0 {
            Role::Bad
        } else if bucket.warnings > 0 {
            Role::Warn
        } else {
            Role::Dim
        };
        let value = (all > 0).then_some(f64::from(all));
        x = painter.text(area, x, 1, &spark(&[value], Some(f64::from(most)), painter.look.ascii), role);
    }
    painter.text(area, x, 1, &format!(" {}", time(last.start)), Role::Dim);
}

fn level(level: Option<Level>) -> (&'static str, Role) {
    match level {
        Some(Level::Fatal) => ("FATAL", Role::Bad),
        Some(Level::Error) => ("ERROR", Role::Bad),
        Some(Level::Warn) => ("warn", Role::Warn),
        Some(Level::Notice) => ("note", Role::Text),
        Some(Level::Info) => ("info", Role::Dim),
        Some(Level::Debug) => ("debug", Role::Dim),
        Some(Level::Trace) => ("trace", Role::Dim),
        None => ("", Role::Dim),
    }
}

fn time_text(row: &LogRow, state: &State) -> String {
    use crate::domain::settings::TimeZoneChoice;
    let form = |short: &str, full: &str| {
        let format = if state.logs.times == TimeColumn::Full { full } else { short };
        match (state.utc, state.settings.ui.time) {
            (false, TimeZoneChoice::Zone(zone)) => row.time.with_timezone(&zone).format(format).to_string(),
            (false, _) => row.time.with_timezone(&chrono::Local).format(format).to_string(),
            (true, _) => row.time.format(format).to_string(),
        }
    };
    match state.logs.times {
        TimeColumn::Off => String::new(),
        TimeColumn::Relative => format!("-{} ", age((state.now - row.time).to_std().unwrap_or_default())),
        _ => format!("{} ", form("%H:%M:%S%.3f", "%Y-%m-%d %H:%M:%S%.3f %z")),
    }
}

/// Draws a row; how many lines it took.
fn draw_row(row: &LogRow, state: &State, area: Rect, y: u16, room: u16, painter: &mut Painter<'_>) -> u16 {
    let source = state.logs.window.sources.iter().find(|source| source.id == row.source);
    let host = source.map_or("?", |source| source.source.host.as_str());
    let (text, hits) = match &row.content {
        RowContent::Ledger(event) => {
            let style = painter.look.theme.host(host);
            let x = painter.styled(area, 1, y, &format!("⇄ {host} "), style);
            let bad = matches!(event.kind, SourceEventKind::Gap | SourceEventKind::Disconnected);
            painter.text(area, x, y, &ledger(event), if bad { Role::Warn } else { Role::Dim });
            return 1;
        }
        RowContent::Line { text, hits, .. } => (text, hits),
    };
    let mut x = painter.text(area, 1, y, &time_text(row, state), Role::Dim);
    let width = super::hosts::name_width(state).min(10);
    let style = painter.look.theme.host(host);
    painter.styled(area, x, y, &fit(host, usize::from(width)), style);
    x += width + 1;
    let (word, role) = if row.continues { ("", Role::Dim) } else { level(row.level) };
    painter.text(area, x, y, word, role);
    x += 6;
    if row.late {
        // It came after its place had been passed.
        painter.text(area, x - 1, y, "~", Role::Dim);
    }
    let room_for = usize::from(area.width.saturating_sub(x)).max(1);
    let role = if matches!(role, Role::Bad) { Role::Strong } else { Role::Text };
    let mut used = 0;
    let mut from = if state.logs.wrap { 0 } else { nth(text, state.logs.column) };
    loop {
        let to = nth_from(text, from, room_for);
        painter.text(area, x, y + used, &text[from..to], role);
        for hit in hits.iter().filter(|hit| hit.start < to && hit.end > from) {
            let (a, b) = (hit.start.max(from), hit.end.min(to));
            if let (Some(before), Some(found)) = (text.get(from..a), text.get(a..b)) {
                let column = u16::try_from(unicode_width::UnicodeWidthStr::width(before)).unwrap_or(0);
                painter.text(area, x + column, y + used, found, Role::Hit);
            }
        }
        used += 1;
        from = to;
        if !state.logs.wrap || from >= text.len() || used >= room {
            return used;
        }
    }
}

/// The byte at which the n-th character begins.
fn nth(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// The byte up to which text from `from` fills so many columns.
fn nth_from(text: &str, from: usize, columns: usize) -> usize {
    let mut used = 0;
    for (at, c) in text[from..].char_indices() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > columns {
            return from + at.max(1);
        }
    }
    text.len()
}

/// A row of the ledger in words.
fn ledger(event: &SourceEvent) -> String {
    let seconds = event.seconds.map_or("some time".to_owned(), |s| format!("{s:.0} s"));
    match event.kind {
        SourceEventKind::Recovered => format!(
            "was away {seconds}: {} lines recovered, {} lost",
            thousands(event.lines.unwrap_or(0)),
            event.lost.map_or("an unknown number".to_owned(), thousands)
        ),
        kind => {
            let bytes = event.bytes.map_or(String::new(), |n| format!(" ({} bytes)", thousands(n)));
            format!("{}: {}{bytes}", kind.as_str(), event.detail)
        }
    }
}

fn detail(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let row = state.logs.window.rows.iter().find(|row| Some(row.id) == state.logs.selected);
    let Some(row) = row else {
        painter.rule(area, 0, "no line is selected", "", true);
        return;
    };
    let source = state.logs.window.sources.iter().find(|source| source.id == row.source);
    let title = source.map_or(String::new(), |source| source.source.to_string());
    painter.rule(area, 0, &title, &row.time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true), true);
    let RowContent::Line { text, fields, .. } = &row.content else { return };
    let width = usize::from(area.width.saturating_sub(2)).max(1);
    let (mut y, mut from) = (1, 0);
    while from < text.len() && y < area.height {
        let to = nth_from(text, from, width);
        painter.text(area, 1, y, &text[from..to], Role::Text);
        (from, y) = (to, y + 1);
    }
    for (name, value) in fields {
        if y >= area.height {
            break;
        }
        let x = painter.text(area, 1, y, &format!("{} ", fit(name, 24)), Role::Dim);
        painter.text(area, x, y, &fit(value, usize::from(area.width.saturating_sub(x + 1))), Role::Text);
        y += 1;
    }
}

fn status(state: &State, area: Rect, painter: &mut Painter<'_>) {
    let logs = &state.logs;
    let y = area.height - 1;
    let mut text = if logs.follow {
        "▼ following".to_owned()
    } else {
        let new = logs.window.matching.saturating_sub(logs.paused_at.unwrap_or(logs.window.matching));
        let key = painter.look.keys.of("follow").unwrap_or(":follow");
        format!("paused · {} new · {} below · {key} follows", thousands(new), thousands(logs.window.below))
    };
    if let (Some(search), Some((hits, at))) = (&logs.query.search, logs.window.hits) {
        let at = at.map_or(String::new(), |n| format!("{} of ", thousands(n)));
        text = format!("{text} · {at}{} match /{search}/", thousands(hits));
    }
    painter.text(
        area,
        1,
        y,
        &fit(&text, usize::from(area.width - 1)),
        if logs.follow { Role::Dim } else { Role::Accent },
    );
}
