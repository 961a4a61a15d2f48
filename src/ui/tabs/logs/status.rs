//! The line under the stream: whether it follows, what the search found, what is not shown.

use ratatui::layout::Rect;

use crate::app::command::Command;
use crate::app::state::{LogsState, Onward, ReadingOn, State};
use crate::ui::canvas::{Canvas, Piece, width};
use crate::ui::figures::since;
use crate::ui::footer::key_in_tabs;
use crate::ui::format::{age, fit, plural, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, line: Rect) {
    if line.height == 0 {
        return;
    }
    let end = line.right().saturating_sub(1);
    let right = c.pieces_right(line.x + 1, end, line.y, &modes(state, c));
    let mut parts: Vec<Piece> = following(state, c);
    if let Some(looking) = looking(state, c) {
        parts = looking;
    } else if let Some(error) = &state.logs.window.error {
        // What is wrong with it says more than how many lines there are.
        parts.truncate(1);
        parts.push(c.piece(format!(" {} {error}", glyph::DOT), Role::Bad));
    } else {
        parts.extend(found(state, c));
    }
    let room = right.saturating_sub(line.x + 2);
    // Cut, it would say nothing.
    let fitting = silent(state, c).map(|[long, short]| {
        if width(&parts).saturating_add(width(std::slice::from_ref(&long))) > room { short } else { long }
    });
    parts.extend(fitting);
    for (n, what) in
        [(state.logs.window.dropped, "dropped: they came too fast"), (state.logs.window.evicted, "older lines let go")]
    {
        if n > 0 {
            let role = if what.starts_with("dropped") { Role::Bad } else { Role::Dim };
            parts.push(c.piece(format!(" {} {} {what}", glyph::DOT, thousands(n)), role));
        }
    }
    c.pieces(line.x + 1, line.y, room, &parts);
    if width(&parts) > room && room > 0 {
        c.put_as(line.x + room, line.y, 1, glyph::MORE, Role::Dim);
    }
}

fn following(state: &State, c: &Canvas) -> Vec<Piece<'static>> {
    let logs = &state.logs;
    if logs.follow {
        let lines = plural(usize::try_from(logs.window.matching).unwrap_or(usize::MAX), "line");
        let all = logs.window.sources.iter().all(|source| state.is_silent(source));
        return vec![
            // What nobody hears is not well because nothing new comes.
            c.piece(format!("{} following", glyph::DOWN), if all { Role::Warn } else { Role::Ok }),
            c.piece(format!(" {} {lines}", glyph::DOT), Role::Dim),
        ];
    }
    if logs.query.excerpt.is_some() {
        let [up, down] = [Command::Up, Command::Down].map(|command| key_in_tabs(state, c, &command));
        let words = format!(" {} {up} {down} read on at its ends", glyph::DOT);
        return vec![c.piece("= paused", Role::Warn), c.piece(words, Role::Dim)];
    }
    let new = logs.window.newer;
    let follow = key_in_tabs(state, c, &Command::Follow);
    vec![
        c.piece("= paused", Role::Warn),
        c.piece(format!(" {} {} new", glyph::DOT, thousands(new)), if new > 0 { Role::Strong } else { Role::Dim }),
        c.piece(format!(" {} {follow} follows", glyph::DOT), Role::Dim),
    ]
}

/// What is being read around a line.
fn reading(logs: &LogsState) -> Option<&'static str> {
    let excerpt = logs.around.as_ref().and_then(|around| around.excerpt.as_ref());
    match excerpt.and_then(|excerpt| excerpt.reading) {
        Some(ReadingOn { older, then: Onward::Move(_), .. }) if older => Some("reading what was written before it"),
        Some(ReadingOn { then: Onward::Move(_), .. }) => Some("reading what was written after it"),
        Some(ReadingOn { older, then: Onward::Search, .. }) if older => Some("searching what was written before it"),
        Some(ReadingOn { then: Onward::Search, .. }) => Some("searching what was written after it"),
        None => logs.around_asked.as_ref().map(|_| "reading what is around it"),
    }
}

/// What older lines are being looked for, and how far that has come.
fn looking(state: &State, c: &Canvas) -> Option<Vec<Piece<'static>>> {
    let (logs, esc) = (&state.logs, key_in_tabs(state, c, &Command::Back));
    let stops = format!(" {} {esc} stops", glyph::DOT);
    if let Some(words) = reading(logs) {
        let read = plural(usize::try_from(logs.window.total).unwrap_or(usize::MAX), "line");
        let read = if logs.around.is_some() { format!(": {read} read") } else { String::new() };
        return Some(vec![c.piece(format!("{words}{read}"), Role::Strong), c.piece(stops, Role::Dim)]);
    }
    let through = &logs.looking_back.as_ref()?.through;
    let sought = &logs.looked_back.as_ref()?.sought;
    let what = match (&sought.search, sought.query.is_everything()) {
        (Some(_), _) => "looking for older matches",
        (None, true) => "reading what was written before",
        (None, false) => "looking for older lines that pass",
    };
    let found = plural(usize::try_from(through.lines).unwrap_or(usize::MAX), "line");
    let far = match through.is_nothing() {
        true => String::new(),
        false => format!(": {} sent, {found}", through.words()),
    };
    Some(vec![c.piece(format!("{what}{far}"), Role::Strong), c.piece(stops, Role::Dim)])
}

/// Sources that cannot be read; else those whose host is not heard, and for how long the newest has said nothing. With
/// fewer words for little room.
fn silent(state: &State, c: &Canvas) -> Option<[Piece<'static>; 2]> {
    let sources = &state.logs.window.sources;
    let of = plural(sources.len(), "source");
    let barred = sources.iter().filter(|source| !source.live && source.error.is_some()).count();
    if barred > 0 {
        let key = key_in_tabs(state, c, &Command::Sources);
        let say = |words: String| c.piece(format!(" {} {} {words}", glyph::DOT, glyph::BAD), Role::Bad);
        return Some([
            say(format!("{barred} of {of} not read: {key} says why")),
            say(format!("{barred} not read ({key})")),
        ]);
    }
    let silent: Vec<_> = sources.iter().filter(|source| state.is_silent(source)).collect();
    let newest = silent.iter().filter_map(|source| source.newest).max();
    let age = newest.map(|at| format!(" {}", age(since(state.now, at)))).unwrap_or_default();
    let (say, count) =
        (|words: String| c.piece(format!(" {} {} {words}", glyph::DOT, glyph::STALE), Role::Warn), silent.len());
    (count > 0).then(|| [say(format!("{count} of {of} silent{age}")), say(format!("{count} silent"))])
}

fn found(state: &State, c: &Canvas) -> Vec<Piece<'static>> {
    let (Some(search), Some((hits, at))) = (&state.logs.query.search, state.logs.window.hits) else {
        return Vec::new();
    };
    let matching = thousands(state.logs.window.matching);
    let which = at.filter(|_| !state.logs.follow).map(|at| format!("{} of ", thousands(at))).unwrap_or_default();
    let words = format!(" {} /{}/ {which}{} in {matching} lines", glyph::DOT, fit(search, 30), thousands(hits));
    vec![c.piece(words, if hits > 0 { Role::Text } else { Role::Warn })]
}

fn modes(state: &State, c: &Canvas) -> Vec<Piece<'static>> {
    let logs = &state.logs;
    let mut words = Vec::new();
    if logs.query.raw_time {
        words.push("the hosts' own clocks".to_owned());
    }
    if logs.query.fold {
        words.push("repeats folded".to_owned());
    }
    if logs.wrap {
        words.push("wrapped".to_owned());
    } else if logs.column > 0 {
        words.push(format!("from column {}", logs.column));
    }
    vec![c.piece(words.join(&format!(" {} ", glyph::DOT)), Role::Dim)]
}
