//! The merged stream.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{ledger, line, reach, sidebar};
use crate::app::state::{Bookmark, State, TimeColumn};
use crate::app::view_state::ruler::{self, Mark, MarkKind};
use crate::app::viewport::Target;
use crate::domain::log::TimeFrom;
use crate::domain::log_view::{LogRow, Repeats, RowContent, SourceStatus};
use crate::ui::canvas::{Canvas, Piece, below, row, width};
use crate::ui::format::{fit, relative, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::{Zone, day_words};

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
            TimeColumn::Relative | TimeColumn::Elapsed => 8,
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

/// What stands in the stream: a row, or what happened between two.
enum Item<'s> {
    Row(&'s LogRow),
    Mark(Mark),
    /// So many more happened there.
    More(usize),
    /// Another day begins.
    Day(NaiveDate),
    /// Above it lines stand without those around them.
    Alone,
    /// Above it some sources are not looked through.
    Uneven,
}

/// Things that happened between two lines and are told each by itself.
const TOLD: usize = 3;

/// The rows of the window, and between them what happened meanwhile.
fn items(state: &State, zone: Zone) -> Vec<Item<'_>> {
    let window = &state.logs.window;
    let time = |row: &LogRow| DateTime::from_timestamp_micros(row.id.micros).unwrap_or(row.time);
    let (Some(first), Some(last)) = (window.rows.first(), window.rows.last()) else { return Vec::new() };
    // What happened after the newest line stands under it; what is beyond the window stands there.
    let end = if window.below == 0 { DateTime::<Utc>::MAX_UTC } else { time(last) };
    let mut marks = ruler::marks(state, time(first), end).into_iter().peekable();
    let mut out = Vec::with_capacity(window.rows.len());
    let mut day = zone.day(time(first));
    let alone = window.rows.iter().rposition(|row| row.spot.is_some());
    let uneven = reach::uneven(state);
    let uneven = uneven.map(|to| window.rows.iter().take_while(|row| time(row) < to).count());
    for (n, row) in window.rows.iter().enumerate() {
        if uneven == Some(n) && n > 0 {
            out.push(Item::Uneven);
        }
        // The first line is at its window's beginning, not after what happened then.
        if n > 0 && !row.continues {
            between(&mut out, std::iter::from_fn(|| marks.next_if(|mark| mark.at <= time(row))));
            let today = zone.day(time(row));
            if std::mem::replace(&mut day, today) != today && state.logs.times == TimeColumn::Short {
                out.push(Item::Day(today));
            }
        }
        out.push(Item::Row(row));
        if alone == Some(n) && n + 1 < window.rows.len() {
            out.push(Item::Alone);
        }
    }
    between(&mut out, marks);
    out
}

fn between<'s>(out: &mut Vec<Item<'s>>, marks: impl Iterator<Item = Mark>) {
    let mut marks: Vec<Mark> = marks.collect();
    let more = marks.len().saturating_sub(TOLD);
    out.extend(marks.drain(..marks.len() - more).map(Item::Mark));
    if more > 0 {
        out.push(Item::More(more));
    }
}

/// Draws the rows of the window.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let columns = Columns::of(state, c, area);
    let area = titles(state, c, area, &columns);
    let room = area.width.saturating_sub(columns.before());
    c.regions.viewport.log_rows = usize::from(area.height);
    c.regions.viewport.log_columns = usize::from(room);
    c.target(area, Target::Stream);
    let items = items(state, Zone::of(state, c.look));
    let height = |item: &Item| match item {
        Item::Row(row) => {
            let lines = match &row.content {
                RowContent::Line { .. } if state.logs.wrap => {
                    let said = row.repeats.as_ref().map_or(0, |repeats| repeated(repeats, room / 2).width() + 2);
                    line::wrap(&line::pieces(c, state, row), usize::from(room).saturating_sub(said)).len()
                }
                _ => 1,
            };
            lines + usize::from(noted(state, row).is_some())
        }
        Item::Mark(_) | Item::More(_) | Item::Day(_) | Item::Alone | Item::Uneven => 1,
    };
    let start = first(state, &items, usize::from(area.height), height);
    let mut y = 0;
    let mut before: Option<&LogRow> = None;
    for item in &items[start..] {
        if y >= area.height {
            break;
        }
        match item {
            Item::Mark(mark) => {
                ruler_line(state, c, row(area, y), mark);
                y += 1;
            }
            Item::Day(day) => {
                c.rule(row(area, y), &[c.piece(day_words(*day), Role::Dim)], &[], false);
                y += 1;
            }
            Item::Alone => {
                reach::alone_line(state, c, row(area, y));
                y += 1;
            }
            Item::Uneven => {
                reach::uneven_line(state, c, row(area, y));
                y += 1;
            }
            Item::More(more) => {
                let words = format!("and {more} more");
                c.put_as(area.x + 3, area.y + y, area.width.saturating_sub(4), &words, Role::Dim);
                y += 1;
            }
            Item::Row(log_row) => {
                let used = one(state, c, area, y, log_row, before, &columns);
                let place = Rect { height: used.min(area.height - y), ..row(area, y) };
                if state.logs.selected == Some(log_row.id) {
                    c.put_as(place.x, place.y, 1, glyph::CURSOR, Role::Key);
                    c.over(place, Role::Selection);
                }
                c.target(place, Target::Row(log_row.id));
                y += used;
                if let Some(mark) = noted(state, log_row).filter(|_| y < area.height) {
                    let x = area.x + columns.before();
                    let room = area.right().saturating_sub(x);
                    c.put_as(
                        x,
                        area.y + y,
                        room,
                        &fit(&format!("{} {}", glyph::LOCKED, mark.note), usize::from(room)),
                        Role::Ledger,
                    );
                    y += 1;
                }
                before = Some(log_row);
            }
        }
    }
}

/// What happened, as a thin rule with its time.
fn ruler_line(state: &State, c: &mut Canvas, line: Rect, mark: &Mark) {
    let role = match (mark.kind, mark.bad) {
        (_, true) => Role::Bad,
        (MarkKind::Alert, false) => Role::Ok,
        (MarkKind::Change, false) => Role::Key,
    };
    let time = Zone::of(state, c.look).local(mark.at).format("%H:%M:%S").to_string();
    let room = usize::from(line.width.saturating_sub(8 + time.len() as u16));
    c.rule(line, &[c.piece(fit(&mark.text, room), role)], &[c.piece(time, Role::Dim)], false);
}

/// The titles of the columns of fields; the rest of the area.
fn titles(state: &State, c: &mut Canvas, area: Rect, columns: &Columns) -> Rect {
    if state.logs.columns.is_empty() || area.height < 3 {
        return area;
    }
    let title = |(name, width): &(String, usize)| {
        let name = fit(name, *width);
        c.piece(format!("{name}{} ", " ".repeat(width.saturating_sub(name.width()))), Role::Dim)
    };
    let mut pieces: Vec<Piece> = state.logs.columns.iter().map(title).collect();
    pieces.push(c.piece("message", Role::Dim));
    let pieces = if state.logs.wrap { pieces } else { line::skip(pieces, state.logs.column) };
    let x = area.x + columns.before();
    c.pieces(x, area.y, area.right().saturating_sub(x), &pieces);
    below(area, 1)
}

/// The bookmark on a row.
fn bookmark<'s>(state: &'s State, log_row: &LogRow) -> Option<&'s Bookmark> {
    if state.logs.bookmarks.is_empty() {
        return None;
    }
    let source = state.logs.window.sources.iter().find(|source| source.id == log_row.source);
    state.logs.bookmarks.iter().find(|mark| mark.is_on(log_row, source.map(|source| &*source.source)))
}

/// The bookmark on a row, where it has a note.
fn noted<'s>(state: &'s State, log_row: &LogRow) -> Option<&'s Bookmark> {
    bookmark(state, log_row).filter(|mark| !mark.note.is_empty())
}

/// The first item shown. Not all may fit: the newest are wanted while following, else the selected row.
fn first(state: &State, items: &[Item], room: usize, height: impl Fn(&Item) -> usize) -> usize {
    let is_selected = |item: &Item| matches!(item, Item::Row(row) if Some(row.id) == state.logs.selected);
    let last = match items.iter().position(is_selected) {
        Some(at) if !state.logs.follow => at,
        _ if state.logs.follow => items.len().saturating_sub(1),
        _ => return 0,
    };
    let mut used = 0;
    for (i, item) in items.iter().enumerate().take(last + 1).rev() {
        used += height(item);
        if used > room {
            return (i + 1).min(last);
        }
    }
    0
}

/// Draws a row at line `y` of the area; how many lines it took.
fn one(
    state: &State,
    c: &mut Canvas,
    area: Rect,
    y: u16,
    log_row: &LogRow,
    before: Option<&LogRow>,
    columns: &Columns,
) -> u16 {
    let line_at = row(area, y);
    let source = state.logs.window.sources.iter().find(|source| source.id == log_row.source);
    let mut x = line_at.x + 1;
    if columns.time > 0 && !(log_row.continues && log_row.time_from != TimeFrom::Line) {
        let time = time(state, c, log_row, before);
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
            if bookmark(state, log_row).is_some() {
                c.put_as(x, line_at.y, 1, glyph::LOCKED, Role::Key);
            } else if log_row.late {
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
    let pieces = line::pieces(c, state, log_row);
    // How often it was said has its place at the end of the first line.
    let said = log_row.repeats.as_ref().map(|repeats| repeated(repeats, room / 2)).unwrap_or_default();
    if !said.is_empty() {
        let said = [c.piece(format!(" {said}"), Role::Strong)];
        c.pieces_right(x, area.right(), area.y + y, &said);
    }
    let taken = if said.is_empty() { 0 } else { said.width() as u16 + 2 };
    let (room, whole) = (room.saturating_sub(taken), room);
    if state.logs.wrap {
        let lines = line::wrap(&pieces, usize::from(if taken > 0 { room } else { whole }));
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

/// How often something was said and where, in so many columns: `×214 on 9/10 hosts (not web-7)`.
fn repeated(repeats: &Repeats, columns: u16) -> String {
    let (said, of) = (repeats.hosts.len(), repeats.hosts.len() + repeats.missing.len());
    let count = format!("{}{}", glyph::TIMES, thousands(repeats.count));
    if of < 2 {
        return count;
    }
    let not = match &repeats.missing[..] {
        [] => String::new(),
        [one] => format!(" (not {one})"),
        [one, two] => format!(" (not {one}, {two})"),
        [one, rest @ ..] => format!(" (not {one}, +{})", rest.len()),
    };
    let forms = [
        format!("{count} on {said}/{of} hosts{not}"),
        format!("{count} on {said}/{of} hosts"),
        format!("{count} {said}/{of}"),
    ];
    forms.into_iter().find(|form| form.width() <= usize::from(columns)).unwrap_or(count)
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
fn time(state: &State, c: &Canvas, log_row: &LogRow, before: Option<&LogRow>) -> Piece<'static> {
    let zone = Zone::of(state, c.look);
    let words = match state.logs.times {
        TimeColumn::Short => zone.millis(log_row.time),
        TimeColumn::Full => zone.full(log_row.time),
        TimeColumn::Relative => ago(log_row.time, state.now),
        TimeColumn::Elapsed => before.map_or_else(String::new, |before| elapsed(log_row.time - before.time)),
        TimeColumn::Off => String::new(),
    };
    c.piece(words, if log_row.time_from == TimeFrom::Line { Role::Text } else { Role::Dim })
}

fn ago(time: chrono::DateTime<Utc>, now: chrono::DateTime<Utc>) -> String {
    relative((time - now).num_seconds())
}

/// How long after the line before: `+12ms`, `+1.204s`, `+3m07s`.
fn elapsed(gap: TimeDelta) -> String {
    match gap.num_milliseconds() {
        ms @ 0..1000 => format!("+{ms}ms"),
        ms @ 1000..60_000 => format!("+{}.{:03}s", ms / 1000, ms % 1000),
        ms => relative(ms / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_say_on_which_hosts_they_were_and_on_which_not() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<Vec<_>>();
        let of = |missing: &[&str]| Repeats {
            count: 1214,
            hosts: names(&["web-1", "web-2"]),
            missing: names(missing),
            last: DateTime::UNIX_EPOCH,
        };
        for (missing, columns, expected) in [
            (&[] as &[&str], 40, "×1,214 on 2/2 hosts"),
            (&["web-7"], 40, "×1,214 on 2/3 hosts (not web-7)"),
            (&["web-7", "web-8", "web-9"], 40, "×1,214 on 2/5 hosts (not web-7, +2)"),
            (&["web-7"], 22, "×1,214 on 2/3 hosts"),
            (&["web-7"], 12, "×1,214 2/3"),
            (&["web-7"], 4, "×1,214"),
        ] {
            assert_eq!(repeated(&of(missing), columns), expected);
        }
        assert_eq!(repeated(&Repeats { hosts: names(&["web-1"]), ..of(&[]) }, 40), "×1,214", "there is no other host");
    }

    #[test]
    fn the_time_between_two_lines_fits_its_column() {
        for (ms, expected) in [(0, "+0ms"), (999, "+999ms"), (59_999, "+59.999s"), (187_000, "+3m07s"), (-20, "-0s")] {
            let text = elapsed(TimeDelta::milliseconds(ms));
            assert_eq!(text, expected);
            assert!(text.len() <= 8);
        }
    }
}
