//! The first line: what is wrong, in one sentence.

use chrono::TimeDelta;
use ratatui::layout::Rect;

use crate::app::state::State;
use crate::app::view_state::verdict::{Gravity, Verdict};
use crate::ui::canvas::Canvas;
use crate::ui::format::fit;
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, line: Rect) {
    let verdict = Verdict::of(state);
    let (mark, role) = match verdict.gravity {
        Gravity::Quiet => (glyph::GOOD, Role::Ok),
        Gravity::Waiting => (glyph::DIALING, Role::Busy),
        Gravity::Worth => (glyph::BAD, Role::Warn),
        Gravity::Grave => (glyph::BAD, Role::Bad),
    };
    let zone = Zone::of(state, c.look);
    // What is older than a day needs its date.
    let when = |time| match state.now - time {
        ago if ago < TimeDelta::hours(20) => zone.minutes(time),
        _ => zone.local(time).format("%Y-%m-%d").to_string(),
    };
    let x = line.x + 1;
    let x = x + c.put_as(x, line.y, 2, mark, role) + 1;
    let room = line.right().saturating_sub(x + 1);
    let words = verdict.sentence(usize::from(room), when);
    let style = if verdict.gravity == Gravity::Grave { Role::Strong } else { Role::Text };
    c.put_as(x, line.y, room, &fit(&words, usize::from(room)), style);
}
