//! Which row becomes the selected one when an answer comes.

use super::{log_around, log_back, logs, toast};
use crate::app::effect::Effect;
use crate::app::state::{Landing, Onward, State};
use crate::domain::log_view::{LogRow, RowContent, Seek};

/// Selects the row that was asked for, once its window is there.
pub(super) fn land(state: &mut State, effects: &mut Vec<Effect>) {
    let logs = &mut state.logs;
    let Some(landing) = logs.landing.take() else { return };
    let (first, last) = (logs.window.rows.first().map(|row| row.id), logs.window.rows.last().map(|row| row.id));
    match landing {
        Landing::Top => logs.selected = first,
        Landing::Bottom => logs.selected = last,
        Landing::At(id) => {
            let at = logs.window.rows.iter().map(|row| row.id).find(|row| *row >= id);
            logs.selected = at.or(last);
        }
        Landing::Ruler(time) => {
            let micros = time.timestamp_micros();
            let older = logs.window.above == 0 && first.is_some_and(|row| row.micros > micros);
            let at = logs.window.rows.iter().map(|row| row.id).find(|row| row.micros >= micros);
            logs.selected = at.or(last);
            logs.landed = logs.selected.map(|id| (id, time));
            if older {
                toast(state, false, "no line from before that is held");
            }
        }
        Landing::Found(from) | Landing::FoundBack(from) => {
            let is = |row: &&LogRow| match logs.query.seek {
                Some((Seek::Match, _)) => matches!(&row.content, RowContent::Line { hits, .. } if !hits.is_empty()),
                Some((Seek::Level(least), _)) => row.level.is_some_and(|level| level >= least) && !row.continues,
                None => false,
            };
            let forward = logs.query.seek.is_none_or(|(_, forward)| forward);
            let beyond = |row: &&LogRow| if forward { row.id > from } else { row.id < from };
            let mut found = logs.window.rows.iter().filter(is).filter(beyond);
            let found = if forward { found.next() } else { found.next_back() };
            match found.map(|row| row.id) {
                Some(id) => logs.selected = Some(id),
                None => {
                    logs.selected = Some(from);
                    let sought = logs.query.seek.is_some_and(|(what, _)| what == Seek::Match);
                    let searched = sought && logs.window.error.is_none();
                    let excerpt = logs.query.excerpt.is_some();
                    match landing {
                        // What came of that has been told.
                        Landing::FoundBack(_) => {}
                        _ if searched && excerpt => log_around::read_on(state, !forward, Onward::Search, effects),
                        _ if searched && !forward => log_back::search(state, from, effects),
                        _ => toast(state, false, if forward { "nothing further down" } else { "nothing further up" }),
                    }
                }
            }
        }
    }
    // From now on the window stays where it is, whatever comes.
    logs::stay(state, effects);
}
