//! The Logs tab: sources, histogram, the merged stream, one line in detail.

mod detail;
mod histogram;
mod ledger;
mod line;
mod reach;
mod sidebar;
mod status;
mod stream;

use chrono::DateTime;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{NARROW, nothing};
use crate::app::command::Command;
use crate::app::state::{State, TimeColumn};
use crate::domain::log_view::{LogRow, SourceStatus};
use crate::domain::nearest::nearest;
use crate::domain::query::BUILT_IN;
use crate::domain::text::clean;
use crate::ui::canvas::{Canvas, Piece, below, row, split, top};
use crate::ui::footer::key_in_tabs;
use crate::ui::format::{plural, rate};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::{Zone, day_words};

/// What is shown in detail under the stream.
enum Detail<'s> {
    Row(&'s LogRow),
    Source(&'s SourceStatus),
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    // The sidebar has its place where there is room, and where it has the keys.
    let wide = area.width >= NARROW;
    let main = if wide || state.logs.sidebar {
        let (left, right) = split(area, if area.width >= 150 { 36 } else { 28 });
        sidebar::draw(state, c, left);
        right
    } else {
        area
    };
    rule(state, c, row(main, 0));
    let rest = below(main, 1);
    let bars = match rest.height {
        0..10 => 0,
        10..30 => 1,
        _ => 3,
    };
    histogram::draw(state, c, top(rest, bars));
    let rest = below(rest, bars);
    let status = row(rest, rest.height.saturating_sub(1));
    let rest = top(rest, rest.height.saturating_sub(1));
    let selected = state.logs.window.rows.iter().find(|row| Some(row.id) == state.logs.selected);
    let source = state.logs.window.sources.iter().find(|source| Some(source.id) == state.logs.source);
    let detail = match (state.logs.detail, state.logs.sidebar) {
        (true, true) => source.map(Detail::Source),
        (true, false) => selected.map(Detail::Row),
        (false, _) => None,
    };
    // Half of the room, and more for an event that needs more: what stands around it is a key away.
    let half = (rest.height / 2).min(16);
    let rows = match detail {
        Some(Detail::Row(row)) => detail::height(state, rest, row).clamp(half, (rest.height * 3 / 4).max(half)),
        Some(Detail::Source(_)) => half,
        None => 0,
    };
    let (lines, at) = (top(rest, rest.height - rows), below(rest, rest.height - rows));
    if state.logs.window.rows.is_empty() {
        c.regions.viewport.log_rows = usize::from(lines.height);
        empty(state, c, lines);
    } else {
        stream::draw(state, c, lines);
    }
    match detail {
        Some(Detail::Row(row)) => detail::draw(state, c, at, row),
        Some(Detail::Source(source)) => detail::source(state, c, at, source),
        None => {}
    }
    status::draw(state, c, status);
}

/// The rule over the stream: what is shown on the left, how much of it on the right.
fn rule(state: &State, c: &mut Canvas, line: Rect) {
    let query = &state.logs.query;
    let mut title = vec![c.piece("Logs", Role::Title)];
    if state.logs.around.is_some() {
        let alone = query.excerpt.and_then(|line| {
            let of = state.logs.window.sources.iter().find(|source| source.id == line.source)?;
            Some(format!(", of {} {} alone", of.source.host, sidebar::short(&of.source)))
        });
        title.push(c.piece(format!("  around the line{}", clean(&alone.unwrap_or_default())), Role::Warn));
    }
    let chips = state.logs.chips();
    let filters = chips.len();
    for chip in chips {
        let chip = clean(&chip);
        title.push(c.piece(format!("  {chip}"), Role::Key));
    }
    let window = &state.logs.window;
    let mut figures = Vec::new();
    figures.extend(other_day(state, c));
    if filters > 0 {
        figures.push(plural(filters, "filter"));
    }
    let excerpt = state.logs.around.as_ref().and_then(|around| around.excerpt.as_ref());
    if excerpt.is_none() {
        figures.extend(reach::words(state, c));
    }
    if !query.filter.hidden.is_empty() {
        figures.push(format!("{} hidden", plural(query.filter.hidden.len(), "source")));
    }
    if let Some(excerpt) = excerpt {
        let lines = plural(usize::try_from(window.total).unwrap_or(usize::MAX), "line");
        let first = if excerpt.ends.before.is_none() { " from the first" } else { "" };
        figures.push(format!("{lines}{first}"));
    }
    let all_silent = !window.sources.is_empty() && window.sources.iter().all(|source| state.is_silent(source));
    figures.push(format!("{}/s{}", rate(window.rate), if all_silent { "?" } else { "" }));
    match state.logs.looked_back.as_ref().filter(|back| !back.through.is_nothing()) {
        // Above what had been brought there is more than is shown.
        Some(back) if excerpt.is_none() => figures.push(format!("older: hosts sent {}", back.through.words())),
        _ => figures.push(format!("hold {} ms", state.settings.logs.hold.as_millis())),
    }
    // The first say most, so the last give way to a long title.
    let words = |figures: &[String]| figures.join(&format!(" {} ", glyph::DOT));
    while figures.len() > 1 && !Canvas::rule_fits(line, &title, words(&figures).width()) {
        figures.pop();
    }
    let figures: Vec<Piece> = vec![c.piece(words(&figures), Role::Dim)];
    c.rule(line, &title, &figures, !state.logs.sidebar);
}

/// The day of what is looked at, where its times do not say it and it is not today.
fn other_day(state: &State, c: &Canvas) -> Option<String> {
    let zone = Zone::of(state, c.look);
    let rows = &state.logs.window.rows;
    let row = rows.iter().find(|row| Some(row.id) == state.logs.selected).or(if state.logs.follow {
        rows.last()
    } else {
        rows.first()
    })?;
    let day = zone.day(DateTime::from_timestamp_micros(row.id.micros)?);
    (state.logs.times == TimeColumn::Short && day != zone.day(state.now)).then(|| day_words(day))
}

/// That a name in the filter is no field's, and which field may have been meant.
fn taken_for_text(state: &State) -> String {
    let known = &state.logs.window.fields;
    let tests = state.logs.query.filter.query.fields_taken_for_text();
    let Some(test) = tests.iter().find(|test| !known.contains(&test.name)) else { return String::new() };
    let meant = nearest(&test.name, known.iter().map(String::as_str).chain(BUILT_IN));
    let meant = meant.map(|name| format!("; is {} meant?", clean(name))).unwrap_or_default();
    format!("no line has a field {}, so its name is looked for as text{meant}", clean(&test.name))
}

fn empty(state: &State, c: &mut Canvas, area: Rect) {
    let window = &state.logs.window;
    let live = window.sources.iter().filter(|source| !state.is_silent(source)).count();
    let key = key_in_tabs(state, c, &Command::ClearFilters);
    let up = key_in_tabs(state, c, &Command::Up);
    match (window.sources.len(), window.total) {
        (0, _) => nothing(
            c,
            area,
            &["no logs are read yet", "logs = [...] of a [[service]] in the config names files, journals and commands"],
        ),
        (n, 0) => {
            let waiting = format!("waiting for the first line of {} ({live} being read)", plural(n, "source"));
            let refused = window.sources.iter().filter(|source| source.error.is_some()).count();
            let list = key_in_tabs(state, c, &Command::Sources);
            let why = format!("{refused} cannot be read: {list}, then Enter on one, says why and what to do");
            let lines = [waiting.as_str(), &why];
            nothing(c, area, &lines[..1 + usize::from(refused > 0)])
        }
        _ if state.logs.is_filtered() => {
            nothing(
                c,
                area,
                &[
                    "no line passes the filter",
                    &format!("{up} looks further back on the hosts {} {key} drops every filter", glyph::DOT),
                    &taken_for_text(state),
                ],
            );
        }
        _ => nothing(c, area, &["no line is here", "Esc goes back to the newest"]),
    }
}
