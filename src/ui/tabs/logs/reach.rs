//! How far back sources were read or looked through, and what is missing above that.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use crate::app::command::Command;
use crate::app::state::{LookedBack, State};
use crate::domain::log_reach::Span;
use crate::ui::canvas::Canvas;
use crate::ui::footer::key_in_tabs;
use crate::ui::format::fit;
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::{Zone, day_words};

/// How far back the shown sources are looked through for what is sought; none: nothing is.
pub fn span(state: &State) -> Option<Span> {
    let reached = &state.logs.looked_back.as_ref()?.reached;
    let hidden = &state.logs.query.filter.hidden;
    let shown = state.logs.window.sources.iter().filter(|source| !hidden.contains(&source.id));
    (!reached.is_empty()).then(|| reached.of(shown.map(|source| &*source.source)))
}

/// The same in few words.
pub fn words(state: &State, c: &Canvas) -> Option<String> {
    Some(span(state)?.words(done(state), |time| minutes(state, c, time)))
}

/// What was done with the sources.
fn done(state: &State) -> &'static str {
    let all = |back: &LookedBack| back.sought.search.is_none() && back.sought.query.is_everything();
    if state.logs.looked_back.as_ref().is_some_and(all) { "read" } else { "searched" }
}

/// A time, with its day when that is not today.
fn minutes(state: &State, c: &Canvas, time: DateTime<Utc>) -> String {
    let zone = Zone::of(state, c.look);
    let day = zone.day(time);
    let day = if day == zone.day(state.now) { String::new() } else { format!("{} ", day_words(day)) };
    format!("{day}{}", zone.minutes(time))
}

/// Above which time some sources are not looked through, though others are.
pub fn uneven(state: &State) -> Option<DateTime<Utc>> {
    let span = span(state)?;
    // Of what was read around a line nothing is missing.
    span.to.filter(|_| span.further > 0 && state.logs.query.excerpt.is_none())
}

/// That some sources are missing above, as a thin rule.
pub fn uneven_line(state: &State, c: &mut Canvas, line: Rect) {
    let Some(span) = span(state) else { return };
    let searches = state.logs.looked_back.as_ref().is_some_and(|back| back.sought.search.is_some());
    let key = key_in_tabs(state, c, if searches { &Command::PreviousMatch } else { &Command::Up });
    let words = format!(
        "above: only {} of {} sources are {} {} {key} goes further",
        span.further,
        span.sources,
        done(state),
        glyph::DOT
    );
    rule(c, line, &words);
}

/// That lines stand above without those around them, as a thin rule.
pub fn alone_line(state: &State, c: &mut Canvas, line: Rect) {
    let searched = state.logs.looked_back.as_ref().and_then(|back| back.sought.search.as_deref());
    let only = searched.map_or_else(|| "passes".to_owned(), |search| format!("matches /{}/", fit(search, 20)));
    let key = key_in_tabs(state, c, &Command::Around);
    rule(c, line, &format!("above: only what {only} {} {key} what is around it", glyph::DOT));
}

fn rule(c: &mut Canvas, line: Rect, words: &str) {
    c.rule(line, &[c.piece(fit(words, usize::from(line.width.saturating_sub(8))), Role::Ledger)], &[], false);
}
