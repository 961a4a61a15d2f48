//! The table of hosts, as the Overview and the Hosts tab draw it.

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::app::state::{HostView, SortBy, State};
use crate::app::view_state::cursor::cursor;
use crate::app::viewport::Target;
use crate::domain::age::Freshness;
use crate::domain::host::{HostName, HostState};
use crate::ui::canvas::{Canvas, Piece, row};
use crate::ui::figures::{self, figure};
use crate::ui::format::{bytes, count, duration, figure as decimal, fit, fit_end, percent, took};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::bars;
use crate::ui::widgets::table::{Column, cell, place};

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Host,
    State,
    Environment,
    Version,
    Cpu,
    CpuGraph,
    Mem,
    Disk,
    Failed,
    P95,
    Errors,
    ErrorGraph,
    Units,
    Load,
    Received,
    Sent,
    Uptime,
    Age,
}

/// Columns of the two graphs.
const GRAPH: u16 = 8;

/// THE columns, in their order on the screen; their rank says which stay when it is narrow.
#[rustfmt::skip]
const COLUMNS: &[(Shows, Column, Option<SortBy>)] = &[
    (Shows::Host, Column::text("host", 8, 0), Some(SortBy::Name)),
    (Shows::State, Column::text("state", 9, 1), Some(SortBy::State)),
    (Shows::Environment, Column::text("env", 10, 14), None),
    (Shows::Version, Column::text("version", 8, 6), None),
    (Shows::Cpu, Column::figure("cpu%", 4, 4), Some(SortBy::Cpu)),
    (Shows::CpuGraph, Column::text("", GRAPH, 12), None),
    (Shows::Mem, Column::figure("mem%", 4, 5), Some(SortBy::Mem)),
    (Shows::Disk, Column::figure("disk%", 10, 3), Some(SortBy::Disk)),
    (Shows::Failed, Column::figure("5xx%", 5, 7), None),
    (Shows::P95, Column::figure("p95", 5, 9), None),
    (Shows::Errors, Column::figure("err/m", 5, 8), Some(SortBy::Errors)),
    (Shows::ErrorGraph, Column::text("", GRAPH, 11), None),
    (Shows::Units, Column::text("units", 9, 10), None),
    (Shows::Load, Column::figure("load", 5, 13), None),
    (Shows::Received, Column::figure("in B/s", 6, 15), None),
    (Shows::Sent, Column::figure("out B/s", 7, 16), None),
    (Shows::Uptime, Column::figure("up", 4, 17), None),
    (Shows::Age, Column::figure("age", 4, 2), None),
];

/// What is to be drawn.
pub struct Table<'s> {
    /// The rows, in their order.
    pub rows: &'s [&'s HostView],
    /// The selected host.
    pub selected: Option<&'s HostName>,
    /// First row shown.
    pub scroll: usize,
    /// What the rows are sorted by, and whether the greatest comes first.
    pub sort: Option<(SortBy, bool)>,
}

/// Draws the titles and the rows; how many rows fit.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, table: &Table) -> usize {
    let columns = columns(state);
    let specs: Vec<Column> = columns.iter().map(|(_, column, _)| *column).collect();
    let places = place(&specs, area.width.saturating_sub(2));
    titles(c, row(area, 0), &columns, &places, table.sort);
    let fit = usize::from(area.height.saturating_sub(1));
    let scroll = table.scroll.min(table.rows.len().saturating_sub(fit));
    for (n, view) in table.rows.iter().skip(scroll).take(fit).enumerate() {
        let line = row(area, 1 + n as u16);
        let selected = table.selected == Some(&view.host.name);
        one(state, c, line, view, &columns, &places);
        c.chosen(line, selected);
        c.target(line, Target::Host(view.host.name.clone()));
    }
    fit
}

/// The columns that have something to say in this fleet, the name's as wide as the longest name.
fn columns(state: &State) -> Vec<(Shows, Column, Option<SortBy>)> {
    let longest = state.hosts.iter().map(|view| view.host.name.as_str().width()).max().unwrap_or(0);
    let several = state.hosts.windows(2).any(|pair| pair[0].host.environment != pair[1].host.environment);
    let keep = |shows: Shows| match shows {
        Shows::Environment => several,
        Shows::Version => state.services.iter().any(|view| view.service.version.is_some()),
        // Where no log tells of requests there is nothing to say.
        Shows::Failed => !state.logs.window.traffic.parts.is_empty(),
        Shows::P95 => state.logs.window.traffic.parts.iter().any(|part| part.tally.durations.count() > 0),
        _ => true,
    };
    let wide = |(shows, mut column, sort): (Shows, Column, Option<SortBy>)| {
        if shows == Shows::Host {
            column.width = (longest as u16).clamp(8, 24);
        }
        (shows, column, sort)
    };
    COLUMNS.iter().copied().filter(|(shows, ..)| keep(*shows)).map(wide).collect()
}

fn titles(
    c: &mut Canvas,
    line: Rect,
    columns: &[(Shows, Column, Option<SortBy>)],
    places: &[Option<u16>],
    sort: Option<(SortBy, bool)>,
) {
    for ((_, column, by), place) in columns.iter().zip(places) {
        let Some(place) = place else { continue };
        let x = line.x + 1 + place;
        let sorted = sort.filter(|(sort, _)| Some(*sort) == *by);
        let role = if sorted.is_some() { Role::Strong } else { Role::Dim };
        cell(c, *column, x, line.y, &[c.piece(column.title, role)]);
        if let Some((_, down)) = sorted {
            // The mark stands in the gap, so that no title moves.
            let at = if column.right { x + column.width } else { x + column.title.len() as u16 };
            c.put_as(at, line.y, 1, if down { glyph::DOWN } else { glyph::UP }, Role::Strong);
        }
        if let Some(by) = by {
            c.target(Rect { x, width: column.width, ..line }, Target::Column(*by));
        }
    }
}

fn one(
    state: &State,
    c: &mut Canvas,
    line: Rect,
    view: &HostView,
    columns: &[(Shows, Column, Option<SortBy>)],
    places: &[Option<u16>],
) {
    let age = columns.iter().zip(places).find(|((shows, ..), _)| *shows == Shows::Age);
    let end = age.and_then(|(_, place)| place.map(|place| line.x + place)).unwrap_or(line.right().saturating_sub(2));
    let figures = |shows: Shows| !matches!(shows, Shows::Host | Shows::State | Shows::Age);
    let first = columns.iter().zip(places).find_map(|((shows, ..), place)| place.filter(|_| figures(*shows)));
    let room = first.map_or(0, |place| end.saturating_sub(line.x + 1 + place));
    let reason = reason(state, view, room);
    let mut said = false;
    for ((shows, column, _), place) in columns.iter().zip(places) {
        let Some(place) = place else { continue };
        let x = line.x + 1 + place;
        match (&reason, figures(*shows)) {
            // A host that cannot be reached says why, in place of figures that would be old.
            (Some(reason), true) => {
                if !said {
                    c.put_as(x, line.y, room, reason, Role::Dim);
                    said = true;
                }
            }
            _ => {
                let pieces = pieces(state, c, view, *shows, *column);
                cell(c, *column, x, line.y, &pieces);
            }
        }
    }
}

/// Why a host is not up, or up and not measured, and, where there is room for all of it, what would mend it: half a remedy is none, and the
/// host's page has the whole.
fn reason(state: &State, view: &HostView, room: u16) -> Option<String> {
    let host = view.state(state.now);
    if matches!(host, HostState::Up | HostState::Stale) {
        return view.unmeasured.as_ref().map(|why| fit(why, usize::from(room)));
    }
    let link = view.link.as_ref()?;
    let error = link.error.as_ref()?;
    let wait = link.retry_at.filter(|_| host == HostState::Retrying).map(|at| (at - state.now).num_seconds().max(0));
    let again = wait.map(|s| format!("again in {s}s: ")).unwrap_or_default();
    let whole = format!("{again}{error}");
    let room = usize::from(room);
    Some(if whole.width() <= room { whole } else { fit(&format!("{again}{}", error.message), room) })
}

fn pieces(state: &State, c: &Canvas, view: &HostView, shows: Shows, column: Column) -> Vec<Piece<'static>> {
    let fast = figures::fast(state, view);
    let sample = view.sample.as_ref();
    let slow = figures::slow_of(state, view);
    let known = |text: Option<String>, role| vec![figure(c.look, text, fast, role)];
    match shows {
        Shows::Host => {
            let style = c.look.theme().host(view.host.name.as_str());
            vec![(fit(view.host.name.as_str(), usize::from(column.width)).into(), style)]
        }
        Shows::State => {
            let (shape, word, role) = figures::state_of(view.state(state.now));
            vec![c.piece(format!("{shape} {word}"), role)]
        }
        Shows::Environment => vec![c.piece(fit(&view.host.environment, usize::from(column.width)), Role::Text)],
        Shows::Version => {
            let room = usize::from(column.width) - 1;
            let version = figures::version(state, view).map(|version| fit(version, room));
            let fresh = if view.state(state.now) == HostState::Up { Freshness::Fresh } else { Freshness::Stale };
            vec![figure(c.look, version, fresh, Role::Text)]
        }
        Shows::Cpu => {
            let pct = sample.and_then(|s| s.cpu.as_ref()).map(|cpu| cpu.pct);
            known(pct.map(|p| percent(Some(p))), figures::by_limits(pct.unwrap_or(0.0), figures::CPU, Role::Text))
        }
        Shows::CpuGraph => {
            let role = if fast == Freshness::Fresh { Role::Graph } else { Role::Dim };
            let graph = usize::from(GRAPH);
            let at = cursor(state).and_then(|at| view.cpu.column_of(at, graph));
            bars::marked(&bars::spark(&view.cpu.tail(graph), Some(100.0)), c.style(role), at)
        }
        Shows::Mem => {
            let pct = sample.and_then(|s| s.mem).map(|mem| mem.pct());
            known(pct.map(|p| percent(Some(p))), figures::by_limits(pct.unwrap_or(0.0), figures::MEMORY, Role::Text))
        }
        Shows::Disk => match (sample.and_then(figures::worst_disk), slow) {
            (Some(disk), Some((_, fresh))) => {
                let (style, room) = (figures::of_disk(disk), usize::from(column.width).saturating_sub(5));
                let mut pieces = vec![c.piece(format!("{} ", fit_end(&disk.mount, room)), Role::Dim)];
                pieces.push(figure(c.look, Some(format!("{:>3}", percent(Some(disk.pct)))), fresh, style));
                pieces
            }
            _ => vec![figure(c.look, None, Freshness::Fresh, Role::Dim)],
        },
        Shows::Failed => {
            let pct = state.logs.window.traffic.of_host(&view.host.name).map(|figures| figures.error_pct);
            let role = figures::by_limits(pct.unwrap_or(0.0), figures::FAILED, Role::Text);
            vec![figure(c.look, pct.map(decimal), figures::errors(state, view), role)]
        }
        Shows::P95 => {
            let seconds = state.logs.window.traffic.of_host(&view.host.name).and_then(|figures| figures.p95);
            vec![figure(c.look, seconds.map(took), figures::errors(state, view), Role::Text)]
        }
        Shows::Errors => {
            let errors = figures::errors_now(&view.errors);
            let role = if errors.unwrap_or(0) > 0 { Role::Bad } else { Role::Dim };
            vec![figure(c.look, errors.map(count), figures::errors(state, view), role)]
        }
        Shows::ErrorGraph => {
            let fresh = figures::errors(state, view) == Freshness::Fresh;
            let role = if fresh && view.errors.iter().any(|n| *n > 0) { Role::Bad } else { Role::Dim };
            let style = c.style(role).remove_modifier(Modifier::BOLD);
            let graph = usize::from(GRAPH);
            // A column a minute, the last of them this one.
            let ago = cursor(state).and_then(|at| usize::try_from((state.now - at).num_minutes()).ok());
            let at = ago.filter(|ago| *ago < view.errors.len()).and_then(|ago| (graph - 1).checked_sub(ago));
            bars::marked(&bars::spark_counts(&view.errors, graph), style, at)
        }
        Shows::Units => {
            let failed = slow.and_then(|(slow, fresh)| Some((slow.failed_units.as_ref()?.len(), fresh)));
            let (text, fresh, role) = match failed {
                None => (None, Freshness::Fresh, Role::Dim),
                Some((0, fresh)) => (Some("ok".to_owned()), fresh, Role::Dim),
                Some((n, fresh)) => (Some(format!("{n} failed")), fresh, Role::Bad),
            };
            vec![figure(c.look, text, fresh, role)]
        }
        Shows::Load => known(sample.and_then(|s| s.load).map(|load| decimal(load[0])), Role::Text),
        Shows::Received => known(sample.and_then(|s| s.net).map(|net| bytes(net.rx_s)), Role::Text),
        Shows::Sent => known(sample.and_then(|s| s.net).map(|net| bytes(net.tx_s)), Role::Text),
        Shows::Uptime => {
            let up = sample.and_then(|s| s.uptime_s).and_then(|s| std::time::Duration::try_from_secs_f64(s).ok());
            known(up.map(duration), Role::Dim)
        }
        Shows::Age => figures::heard_age(state, view).map(|age| vec![c.piece(age, Role::Warn)]).unwrap_or_default(),
    }
}

/// `5 up · 1 stale · 2 down`, for the rule over the table.
pub fn tally(state: &State) -> String {
    let count =
        |wanted: &dyn Fn(HostState) -> bool| state.hosts.iter().filter(|view| wanted(view.state(state.now))).count();
    let parts = [
        (count(&|s| s == HostState::Up), "up"),
        (count(&|s| s == HostState::Connecting), "dialing"),
        (count(&|s| s == HostState::Stale), "stale"),
        (count(&|s| s > HostState::Stale), "not reached"),
    ];
    let said = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    said.collect::<Vec<_>>().join(&format!(" {} ", glyph::DOT))
}
