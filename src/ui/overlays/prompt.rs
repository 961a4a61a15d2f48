//! A line that is asked for: search, filter, time, hosts. What it does is seen at once above it. What its title has in
//! parentheses is how it is written: that stands where nothing is typed yet.

use ratatui::layout::Rect;

use crate::app::input::text_of;
use crate::app::state::{Prompt, PromptPurpose, State};
use crate::ui::canvas::{Canvas, Piece, row};
use crate::ui::format::{fit, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// Draws it on the last row of the body.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, prompt: &Prompt) {
    let at = row(area, area.height.saturating_sub(2));
    c.clear(at);
    let mut x = at.x + 1;
    let end = at.right().saturating_sub(1);
    let (title, form) = prompt.title.split_once(" (").unwrap_or((&prompt.title, ""));
    x += match prompt.purpose {
        PromptPurpose::LogSearch => c.put_as(x, at.y, 1, "/", Role::Key),
        _ => c.put_as(x, at.y, at.width / 3, &format!("{}: ", fit(title, usize::from(at.width / 3 - 2))), Role::Dim),
    };
    let right = c.pieces_right(x, end, at.y, &[right(state, c, prompt, usize::from(at.width * 3 / 5))]);
    let room = right.saturating_sub(x + 1);
    input::draw(c, x, at.y, room, &prompt.input);
    if text_of(&prompt.input).is_empty() {
        let form = fit(form.trim_end_matches(')'), usize::from(room.saturating_sub(2)));
        c.put_as(x + 2, at.y, room.saturating_sub(2), &form, Role::Dim);
    }
}

/// What is wrong with it; else what it finds.
fn right(state: &State, c: &Canvas, prompt: &Prompt, most: usize) -> Piece<'static> {
    if let Some(error) = &prompt.error {
        return c.piece(fit(error, most), Role::Bad);
    }
    let window = &state.logs.window;
    let words = match prompt.purpose {
        PromptPurpose::LogSearch => match window.hits {
            Some((hits, _)) => format!("regex {} {} of {}", glyph::DOT, thousands(hits), thousands(window.matching)),
            None => "regex".to_owned(),
        },
        PromptPurpose::LogFilter => format!("{} of {} pass", thousands(window.matching), thousands(window.total)),
        PromptPurpose::LogTime
        | PromptPurpose::LogSave
        | PromptPurpose::LogNote
        | PromptPurpose::LogHighlight
        | PromptPurpose::FilterName
        | PromptPurpose::ViewName
        | PromptPurpose::PickerFind
        | PromptPurpose::HostFilter
        | PromptPurpose::ListFilter => String::new(),
    };
    c.piece(words, Role::Dim)
}
