//! The merged stream.

use chrono::Utc;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{ledger, line, sidebar};
use crate::app::state::{State, TimeColumn};
use crate::app::viewport::Target;
use crate::domain::log::TimeFrom;
use crate::domain::log_view::{LogRow, RowContent, SourceStatus};
use crate::ui::canvas::{Canvas, Piece, row, width};
use crate::ui::format::{fit, relative};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;

/// From so many columns on, each line says its source too.
const WITH_SOURCE: u16 = 110;

/// Where the columns of the stream stand.
struct Columns {
    time: u16,
    host: u16,
    source: u16,
}

impl Columns {
    fn of(state: &State, c: &Canvas, area: Rect) -> Self {
        let zone = Zone::of(state, c.look);
        let time = match state.logs.times {
            TimeColumn::Short => 12,
            TimeColumn::Full => zone.full(state.now).width() as u16,
            TimeColumn::Relative => 8,
            TimeColumn::Off => 0,
        };
        let hosts = state.logs.window.sources.iter().map(|source| source.source.host.as_str().width());
        let host = hosts.max().unwrap_or(0).clamp(5, 14) as u16;
        Self { time, host, source: if area.width >= WITH_SOURCE { 12 } else { 0 } }
    }

    /// Columns before the text: cursor, time, mark, host, source, level.
    fn before(&self) -> u16 {
        let gap = |columns: u16| if columns > 0 { columns + 1 } else { 0 };
        1 + gap(self.time) + 1 + gap(self.host) + gap(self.source) + 6
    }
}

/// Draws the rows of the window.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let columns = Columns::of(state, c, area);
    let room = area.width.saturating_sub(columns.before());
    c.regions.viewport.log_rows = usize::from(area.height);
    c.regions.viewport.log_columns = usize::from(room);
    c.target(area, Target::Stream);
    let rows = &state.logs.window.rows;
    let height = |row: &LogRow| match &row.content {
        RowContent::Line { .. } if state.logs.wrap => line::wrap(&line::pieces(c, row), usize::from(room)).len(),
        _ => 1,
    };
    let start = first(state, rows, usize::from(area.height), height);
    let mut y = 0;
    for log_row in &rows[start..] {
        if y >= area.height {
            break;
        }
        let used = one(state, c, area, y, log_row, &columns);
        let place = Rect { height: used.min(area.height - y), ..row(area, y) };
        if state.logs.selected == Some(log_row.id) {
            c.put_as(place.x, place.y, 1, glyph::CURSOR, Role::Key);
            c.over(place, Role::Selection);
        }
        c.target(place, Target::Row(log_row.id));
        y += used;
    }
}

/// The first row shown. Rows that wrap may not all fit: the newest are wanted while following, else the selected one.
fn first(state: &State, rows: &[LogRow], room: usize, height: impl Fn(&LogRow) -> usize) -> usize {
    let last = match state.logs.selected.and_then(|id| rows.iter().position(|row| row.id == id)) {
        Some(at) if !state.logs.follow => at,
        _ if state.logs.follow => rows.len().saturating_sub(1),
        _ => return 0,
    };
    let mut used = 0;
    for (i, row) in rows.iter().enumerate().take(last + 1).rev() {
        used += height(row);
        if used > room {
            return (i + 1).min(last);
        }
    }
    0
}

/// Draws a row at line `y` of the area; how many lines it took.
fn one(state: &State, c: &mut Canvas, area: Rect, y: u16, log_row: &LogRow, columns: &Columns) -> u16 {
    let line_at = row(area, y);
    let source = state.logs.window.sources.iter().find(|source| source.id == log_row.source);
    let mut x = line_at.x + 1;
    if columns.time > 0 && !(log_row.continues && log_row.time_from != TimeFrom::Line) {
        let time = time(state, c, log_row);
        c.pieces_right(x, x + columns.time, line_at.y, &[time]);
    }
    x += if columns.time > 0 { columns.time + 1 } else { 0 };
    match &log_row.content {
        RowContent::Ledger(event) => {
            let name = source.map(|source| sidebar::short(&source.source)).unwrap_or_default();
            let (words, role) = ledger::words(event, &name);
            c.put_as(x.saturating_sub(1), line_at.y, 1, ledger::shape(event.kind), role);
            let host = host(c, source, 24);
            let end = line_at.right();
            x += 1 + c.pieces(x + 1, line_at.y, end.saturating_sub(x), &[host]) + 1;
            c.put_as(x, line_at.y, end.saturating_sub(x), &fit(&words, usize::from(end.saturating_sub(x))), role);
            1
        }
        RowContent::Line { .. } => {
            if log_row.late {
                c.put_as(x, line_at.y, 1, glyph::BACK, Role::Warn);
            }
            x += 1;
            if !log_row.continues {
                c.pieces(x, line_at.y, columns.host, &[host(c, source, usize::from(columns.host))]);
                if columns.source > 0 {
                    let name = source.map(|source| sidebar::short(&source.source)).unwrap_or_default();
                    c.put_as(
                        x + columns.host + 1,
                        line_at.y,
                        columns.source,
                        &fit(&name, usize::from(columns.source)),
                        Role::Dim,
                    );
                }
                let (word, role) = line::level(log_row.level);
                let at = x + columns.host + 1 + if columns.source > 0 { columns.source + 1 } else { 0 };
                c.put_as(at, line_at.y, 5, word, role);
            }
            text(state, c, area, y, log_row, columns)
        }
    }
}

fn text(state: &State, c: &mut Canvas, area: Rect, y: u16, log_row: &LogRow, columns: &Columns) -> u16 {
    let x = area.x + columns.before();
    let room = area.right().saturating_sub(x);
    let pieces = line::pieces(c, log_row);
    if state.logs.wrap {
        let lines = line::wrap(&pieces, usize::from(room));
        for (n, pieces) in lines.iter().enumerate().take(usize::from(area.height - y)) {
            c.pieces(x, area.y + y + n as u16, room, pieces);
        }
        return lines.len() as u16;
    }
    let pieces = line::skip(pieces, state.logs.column);
    let cut = width(&pieces) > room;
    c.pieces(x, area.y + y, room, &pieces);
    if cut && room > 0 {
        c.put_as(x + room - 1, area.y + y, 1, glyph::MORE, Role::Dim);
    }
    1
}

fn host<'r>(c: &Canvas, source: Option<&'r SourceStatus>, columns: usize) -> Piece<'r> {
    match source {
        Some(source) => {
            let name = source.source.host.as_str();
            (fit(name, columns).into(), c.look.theme().host(name))
        }
        None => c.piece(glyph::UNKNOWN, Role::Dim),
    }
}

/// The time; dim where it is not the line's own.
fn time(state: &State, c: &Canvas, log_row: &LogRow) -> Piece<'static> {
    let zone = Zone::of(state, c.look);
    let words = match state.logs.times {
        TimeColumn::Short => zone.millis(log_row.time),
        TimeColumn::Full => zone.full(log_row.time),
        TimeColumn::Relative => ago(log_row.time, state.now),
        TimeColumn::Off => String::new(),
    };
    c.piece(words, if log_row.time_from == TimeFrom::Line { Role::Text } else { Role::Dim })
}

fn ago(time: chrono::DateTime<Utc>, now: chrono::DateTime<Utc>) -> String {
    relative((time - now).num_seconds())
}
